"""Groups of values that are spelling variants of each other, by a key or by distance, as OpenRefine finds them.

Key collision: values with the same key are a group. Nearest neighbours: values whose Levenshtein distance is at most `radius`,
among those that share a group of letters (a block), are tied; what is tied directly or over others is a group. OpenRefine
documents both under "Clustering methods in depth"; distances are rapidfuzz's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from automl_core.cleaning.keys import KEYERS, ngram_fingerprint
from automl_core.errors import InputError

NEAREST = "levenshtein"
METHODS: tuple[tuple[str, str, str], ...] = (
    *((keyer.name, keyer.label, keyer.help) for keyer in KEYERS.values()),
    (NEAREST, "Nearest neighbours (Levenshtein)", "A few letters are added, missing or wrong: Londn and London."),
)
"""Name, label and help of each way to find variants."""
BLOCK = 6
"""Letters that two values share at least before their distance is computed, as in OpenRefine."""
MOST_PAIRS = 100_000_000
"""Pairs whose distance is computed at most."""


@dataclass(frozen=True)
class Cluster:
    """Values that are taken for variants of one.

    Parameters
    ----------
    values : tuple of str
        Most frequent first.
    counts : tuple of int
        Rows of each.
    proposed : str
        The most frequent value, the first by alphabet among equals.
    """

    values: tuple[str, ...]
    counts: tuple[int, ...]
    proposed: str

    @property
    def rows(self) -> int:
        """Rows of all of them."""
        return sum(self.counts)

    def mapping(self, into: str = "") -> dict[str, str]:
        """Return what becomes what when the group is merged into `into`, or into the proposed value."""
        chosen = into or self.proposed
        return {value: chosen for value in self.values if value != chosen}


@dataclass(frozen=True)
class Clusters:
    """The groups of a column.

    Parameters
    ----------
    method : str
    clusters : tuple of Cluster
        Those with most values first.
    distinct : int
        Values that were looked at.
    sentence : str
    """

    method: str
    clusters: tuple[Cluster, ...]
    distinct: int
    sentence: str = field(default="")

    def mapping(self) -> dict[str, str]:
        """Return what becomes what when all groups are merged."""
        return {old: new for cluster in self.clusters for old, new in cluster.mapping().items()}


def count_values(values: pd.Series) -> dict[str, int]:
    """Return how many rows each word of a column has, missing left out."""
    counts = values.dropna().value_counts()
    return {str(value): int(number) for value, number in counts.items() if isinstance(value, str)}


def cluster(
    counts: Mapping[str, int], method: str = "fingerprint", *, radius: int = 1, block: int = BLOCK, size: int = 2
) -> Clusters:
    """Find groups of spelling variants.

    Parameters
    ----------
    counts : mapping of str to int
        Rows of each distinct value, see `count_values`.
    method : str
        A key of `KEYERS`, or ``levenshtein``.
    radius : int
        Largest distance of nearest neighbours, in letters.
    block : int
        Letters that neighbours share in a row, case, marks and spaces aside.
    size : int
        Letters of an n-gram.

    Returns
    -------
    Clusters

    Raises
    ------
    InputError
        For an unknown method, or when nearest neighbours would need too many comparisons.
    """
    if method == NEAREST:
        groups = _neighbours(list(counts), radius, block)
    elif method in KEYERS:
        compute = KEYERS[method].compute
        keyed: defaultdict[str, list[str]] = defaultdict(list)
        for value in counts:
            keyed[ngram_fingerprint(value, size) if method == "ngram" else compute(value)].append(value)
        keyed.pop("", None)  # a value without a letter that counts is like no other
        groups = list(keyed.values())
    else:
        raise InputError(
            f"There is no way {method!r} to find variants.", f"The ways are {', '.join(name for name, _, _ in METHODS)}."
        )
    found = [_cluster(group, counts) for group in groups if len(group) > 1]
    found.sort(key=lambda one: (-len(one.values), -one.rows, one.proposed))
    variants = sum(len(one.values) for one in found)
    sentence = (
        f"{variants:,} of {len(counts):,} values are variants, in {len(found):,} {'group' if len(found) == 1 else 'groups'}."
    )
    return Clusters(
        method, tuple(found), len(counts), sentence if found else f"None of {len(counts):,} values is a variant of another."
    )


def _cluster(group: Iterable[str], counts: Mapping[str, int]) -> Cluster:
    values = sorted(group, key=lambda value: (-counts[value], value))
    return Cluster(tuple(values), tuple(counts[value] for value in values), values[0])


def _neighbours(values: list[str], radius: int, block: int) -> list[list[str]]:
    """Return values tied by distances of at most `radius`, within blocks of shared groups of letters."""
    from rapidfuzz import process
    from rapidfuzz.distance import Levenshtein

    plain = ["".join(value.split()).lower() for value in values]
    blocks: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(plain):
        grams = {text[start : start + block] for start in range(len(text) - block + 1)} or {text}
        for gram in grams:
            blocks[gram].append(place)
    pairs = sum(len(places) * (len(places) - 1) // 2 for places in blocks.values())
    if pairs > MOST_PAIRS:
        raise InputError(
            f"{pairs:,} pairs of values would have to be compared.",
            f"At most {MOST_PAIRS:,} are.",
            "Let neighbours share more letters, or find variants by a key first.",
        )
    parent = list(range(len(values)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for places in blocks.values():
        if len(places) < 2:
            continue
        texts = [values[place] for place in places]
        near = process.cdist(texts, texts, scorer=Levenshtein.distance, score_cutoff=radius, dtype=np.uint8) <= radius
        for one, other in np.argwhere(np.triu(near, 1)):
            parent[root(places[int(other)])] = root(places[int(one)])
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for place, value in enumerate(values):
        groups[root(place)].append(value)
    return list(groups.values())

"""Rows that are exact copies of one another, and whether they stay on the same side of a random split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import Decision

Ints = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
CHANCE = 0.02
"""Share of a row's copies that chance may explain; more, and being equal is no sign of a case that was entered twice."""
HEAVY = 0.1
"""Share of the table that one set of equal rows may have, so that it fits into a fold beside others."""
COMMON = 0.2
"""Share of rows with a copy from which on being copied is how the table is made: new rows will repeat known ones as often."""
ENOUGH = 100
"""Rows from which on such a share says something."""
EXPORTED = 0.75
"""Share from which on the whole table was most likely exported twice."""
SAMPLE = 50_000
"""Rows by which chance is judged."""
_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Copies:
    """Which rows are alike in every cell a model sees, and in the target.

    Parameters
    ----------
    leader : ndarray, shape (n,)
        Position of the first row that is like this one; its own where that is the first or the only one.
    """

    leader: Ints

    @property
    def sizes(self) -> Ints:
        """Number of rows in each set of equal rows, largest first; rows without a copy are in none."""
        counts = np.bincount(self.leader)
        return np.sort(counts[counts > 1])[::-1]

    @property
    def rows(self) -> int:
        """Number of rows that have a copy."""
        return int(self.sizes.sum())


def find_copies(features: pd.DataFrame, y: npt.NDArray[np.float64]) -> Copies:
    """Find equal rows.

    Parameters
    ----------
    features : DataFrame, shape (n, n_columns)
        What the models see; missing cells equal one another.
    y : ndarray, shape (n,)

    Returns
    -------
    Copies
        By 64-bit hashes of the cells, two of which are the same by accident once in 10^7 tables of a million rows. Only
        rows that still have a twin are looked at in the next columns, so that one column of many values settles most.
    """
    n = len(y)
    left = np.arange(n)
    hashes = _hash(pd.Series(y))
    kinds = [kind.kind for kind in features.dtypes]
    names = sorted(range(features.shape[1]), key=lambda place: kinds[place] not in "fiuM")  # quick and telling ones first
    look = 1
    for done, place in enumerate(names, start=1):
        hashes = hashes * _PRIME + _hash(features.iloc[:, place].iloc[left] if len(left) < n else features.iloc[:, place])
        if done == look or done == len(names):
            look *= 2
            twins = pd.Series(hashes).duplicated(keep=False).to_numpy()
            left, hashes = left[twins], hashes[twins]
            if not len(left):
                break
    leader = np.arange(n)
    if len(left):
        _, first, which = np.unique(hashes, return_index=True, return_inverse=True)
        leader[left] = left[first[which]]
    return Copies(leader)


def _hash(values: pd.Series) -> Hashes:
    if values.dtype.kind == "f":
        values = values + 0.0  # one zero, not two
    hashed: Hashes = pd.util.hash_pandas_object(values, index=False).to_numpy()
    return hashed


def keep_together(copies: Copies, features: pd.DataFrame, y: npt.NDArray[np.float64]) -> Decision[Copies]:
    """Say which equal rows stay on one side of a random split.

    A case that was entered twice would be learned from and judged at once, and scores would be too good. Where rows take
    few values, however, different cases are equal by chance. New ones will be too, and keeping them together would hide
    from every fold what it is going to meet. The same holds where a share between `COMMON` and `EXPORTED` of the rows has a copy.

    Parameters
    ----------
    copies : Copies
        All of the table.
    features : DataFrame, shape (n, n_columns)
    y : ndarray, shape (n,)

    Returns
    -------
    Decision of Copies
        The sets that stay together: those that chance does not explain and that fit into a fold. The reason is empty where
        no rows are equal.
    """
    n, rows = len(y), copies.rows
    if not rows:
        return Decision(copies, "")
    sizes = np.bincount(copies.leader, minlength=n)
    firsts = np.flatnonzero(sizes > 1)
    usual = (_by_chance(copies, firsts, features, y) > CHANCE * (sizes[firsts] - 1)) | (sizes[firsts] > max(HEAVY * n, 2))
    apart = np.zeros(n, dtype=bool)
    apart[firsts[usual]] = True
    kept = Copies(np.where(apart[copies.leader], np.arange(n), copies.leader))
    said = f"{rows:,} of {n:,} rows have an exact copy in the table."
    same = "on the same side, so that no model is judged on a row that it has learned"
    if n >= ENOUGH and COMMON * n < kept.rows < EXPORTED * n:
        return Decision(
            Copies(np.arange(n)),
            f"{said} Where so many are copies, new rows will repeat known ones as often, so they are divided like all others. "
            "If they are cases entered twice, switch on 'Leave duplicate rows out' on the Clean page.",
        )
    if kept.rows == rows:
        return Decision(kept, f"{said} Copies stay {same}.")
    ordinary = "of such usual values that new rows will be equal to them too, and are divided like all others"
    if not kept.rows:
        return Decision(kept, f"{said} They are {ordinary}.")
    return Decision(kept, f"{said} {kept.rows:,} of them stay {same}; the other {rows - kept.rows:,} are {ordinary}.")


def _by_chance(copies: Copies, firsts: Ints, features: pd.DataFrame, y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return how many other rows would be equal to each of `firsts` by chance.

    The columns are dealt into two halves. Were the halves independent, the share of rows that are equal in both would be
    the product of the shares that are equal in each. A row's own copies are not counted, so that cases entered twice do not
    speak for chance. Columns that depend on each other make equal rows more likely, and mostly fall into the same half
    once: neighbours in one dealing, every other column in the second; the larger number counts.
    """
    n, width = len(y), features.shape[1]
    sample = np.linspace(0, n - 1, min(n, SAMPLE)).astype(int)
    both = np.concatenate([firsts, sample])
    hashed = [_hash(features.iloc[:, place].iloc[both]) for place in range(width)] + [_hash(pd.Series(y[both]))]
    own = np.bincount(copies.leader[sample], minlength=n)[firsts]
    expected = np.zeros(len(firsts))
    middle = len(hashed) // 2
    for one, other in ((hashed[:middle], hashed[middle:]), (hashed[::2], hashed[1::2])):
        alike = [_alike(half, len(firsts)) - own for half in (one, other)]
        expected = np.maximum(expected, alike[0] * alike[1] * n / len(sample) ** 2)
    return expected


def _alike(half: Sequence[Hashes], firsts: int) -> npt.NDArray[np.float64]:
    """Return for each of the first rows how many of the others are equal to it in some columns."""
    together = np.zeros(len(half[0]) if half else 0, dtype=np.uint64)
    for one in half:
        together = together * _PRIME + one
    counts = pd.Series(together[firsts:]).value_counts()
    alike: npt.NDArray[np.float64] = pd.Series(together[:firsts]).map(counts).fillna(0).to_numpy(dtype=np.float64)
    return alike

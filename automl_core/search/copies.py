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
MOSTLY = 0.5
"""Share of rows with a copy from which equal rows are what the table is made of."""
CHANCE = 0.1
"""Share of the equal pairs that chance may explain; more, and equal rows are no sign of a case that was entered twice."""
HEAVY = 0.1
"""Share of the table that one set of equal rows may have, so that it fits into a fold beside others."""
SAMPLE = 50_000
"""Rows from which chance is estimated."""
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
    names = list(range(features.shape[1]))
    names.sort(key=lambda place: features.dtypes.iloc[place].kind not in "fiuM")  # quick and telling ones first
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


def propose_together(copies: Copies, features: pd.DataFrame, y: npt.NDArray[np.float64]) -> Decision[bool]:
    """Say whether equal rows stay on one side of a random split.

    A case that was entered twice would be learned from and judged at once, and scores would be too good. Where a table
    has few columns of few values, however, different cases are equal by chance, new ones will be too, and keeping them
    together would hide from every fold what it is going to meet.

    Returns
    -------
    Decision of bool
        With an empty reason where no rows are equal.
    """
    n, rows, sizes = len(y), copies.rows, copies.sizes
    if not rows:
        return Decision(True, "")
    said = f"{rows:,} of {n:,} rows have an exact copy in the table"
    apart = "so rows are divided as if they all differed, and new rows will have copies among the learned ones too."
    if rows > MOSTLY * n:
        return Decision(False, f"{said}. That is more than half, {apart}")
    if sizes[0] > HEAVY * n:
        return Decision(False, f"{said}, one of them {sizes[0]:,} times. Such a row is usual in this table, {apart}")
    if _by_chance(features, y) > CHANCE * float((sizes * (sizes - 1.0) / 2).sum()):
        return Decision(False, f"{said}. The columns take so few values that rows are equal by chance, {apart}")
    return Decision(True, f"{said}. Copies stay on the same side, so that no model is judged on a row that it has learned.")


def _by_chance(features: pd.DataFrame, y: npt.NDArray[np.float64]) -> float:
    """Return how many pairs of rows would be equal by chance.

    The columns are dealt into two halves. Were the halves independent, the share of pairs that are equal in all columns
    would be the product of the halves' shares. Columns that depend on each other make equal rows more likely, and fall
    into the same half at least once: neighbours in one dealing, every other column in the second.
    """
    n, width = len(y), features.shape[1]
    pick = np.linspace(0, n - 1, min(n, SAMPLE)).astype(int)
    hashed = [_hash(features.iloc[:, place].iloc[pick]) for place in range(width)] + [_hash(pd.Series(y[pick]))]
    pairs = n * (n - 1) / 2
    dealt = (hashed[: width // 2 + 1], hashed[width // 2 + 1 :]), (hashed[::2], hashed[1::2])
    return pairs * max(_share_of_pairs(one, len(pick)) * _share_of_pairs(other, len(pick)) for one, other in dealt)


def _share_of_pairs(hashed: Sequence[Hashes], n: int) -> float:
    """Return the share of pairs of rows that are equal in some columns; one pair at least is taken as equal."""
    together = np.zeros(n, dtype=np.uint64)
    for one in hashed:
        together = together * _PRIME + one
    counts = pd.Series(together).value_counts().to_numpy().astype(float)
    return max(float((counts * (counts - 1) / 2).sum()), 1.0) / (n * (n - 1) / 2)

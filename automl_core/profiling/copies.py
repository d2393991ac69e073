"""Rows that are copies, that nearly are, and that contradict each other, from the sums of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_core.profiling.scan import Hashes, Rows

HELD_OUT = 0.2
"""Share of the rows that is held out unless a person chooses otherwise."""


@dataclass(frozen=True)
class Copies:
    """Rows that say the same as others.

    Parameters
    ----------
    exact : int
        Rows that equal an earlier one in every cell.
    near : int
        Further rows that equal an earlier one when keys, case and spaces are left out.
    contradicting : int
        Rows whose other cells equal those of a row with another value of the target; 0 without a target.
    across : float
        Rows, of those held out at random, that are expected to have an exact copy among those learned from.
    near_across : float
        Further such rows whose copy differs by keys, case or spaces only.
    """

    exact: int = 0
    near: int = 0
    contradicting: int = 0
    across: float = 0.0
    near_across: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(vars(self))


def find_copies(rows: Rows, columns: int, *, target: bool) -> Copies:
    """Count copies among rows of so many columns that are compared without keys, the target among them."""
    count = len(rows.whole)
    if not count:
        return Copies()
    sizes = _sizes(rows.whole)
    exact = count - len(sizes)
    across = _across(sizes)
    tidy = rows.tidy
    # Rows of a single column that is no key repeat by nature: only their exact copies say something.
    alike_sizes = _sizes(tidy) if columns > 1 else sizes
    near = count - len(alike_sizes) - exact
    contradicting = 0
    alike = tidy - rows.target
    if target and columns > 1 and len(_sizes(alike)) < count:
        order = np.argsort(alike)
        ends = np.flatnonzero(alike[order][1:] != alike[order][:-1]) + 1
        starts = np.concatenate([[0], ends])
        lengths = np.diff(starts, append=count)
        outcomes = rows.target[order]
        mixed = np.maximum.reduceat(outcomes, starts) != np.minimum.reduceat(outcomes, starts)
        contradicting = int(lengths[mixed].sum())
    return Copies(exact, max(near, 0), contradicting, across, max(_across(alike_sizes) - across, 0.0))


def _across(sizes: Hashes) -> float:
    """Return how many held-out rows are expected to have one of their group, of which there are so many, among the others."""
    many = sizes[sizes > 1].astype(np.float64)
    return float((many * HELD_OUT * (1 - HELD_OUT ** (many - 1))).sum())


def _sizes(hashes: Hashes) -> Hashes:
    """Return how often each value is there."""
    ordered = np.sort(hashes)
    starts = np.concatenate([[0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1])
    return np.diff(starts, append=len(ordered))

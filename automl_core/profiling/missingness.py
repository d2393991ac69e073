"""Which columns are missing together: in exactly the same rows, and in which combinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.profiling.scan import Rows, Scan

PATTERNS = 12
"""Most combinations that are kept, the most frequent ones."""
NAMED = 50
"""Most columns that one combination names."""


@dataclass(frozen=True)
class Pattern:
    """Rows in which the same columns, and no others, are missing.

    Parameters
    ----------
    columns : tuple of str
        Empty for rows that are complete; at most `NAMED` of them.
    count : int
        Columns.
    rows : int
    """

    columns: tuple[str, ...]
    count: int
    rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**vars(self), "columns": list(self.columns)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Pattern:
        """Rebuild a pattern from `to_dict`'s output."""
        return cls(**{**data, "columns": tuple(data["columns"])})


@dataclass(frozen=True)
class Missingness:
    """How the missing cells of a table lie.

    Parameters
    ----------
    patterns : tuple of Pattern
        The most frequent ones first, at most `PATTERNS`.
    others : int
        Rows of all other patterns.
    together : tuple of tuple of str
        Columns that are missing in exactly the same rows; at least two each.
    """

    patterns: tuple[Pattern, ...] = ()
    others: int = 0
    together: tuple[tuple[str, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        together = [list(names) for names in self.together]
        return {"patterns": [pattern.to_dict() for pattern in self.patterns], "others": self.others, "together": together}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Missingness:
        """Rebuild it from `to_dict`'s output."""
        patterns = tuple(Pattern.from_dict(entry) for entry in data["patterns"])
        return cls(patterns, data["others"], tuple(tuple(names) for names in data["together"]))


def find_missingness(frame: pd.DataFrame, scans: Sequence[Scan], rows: Rows) -> Missingness:
    """Return the patterns of a table's missing cells; nothing where none is missing."""
    if not len(frame) or not any(scan.profile.missing for scan in scans):
        return Missingness()
    values, counts = np.unique(rows.missing, return_counts=True)
    order = np.lexsort((values, -counts))[:PATTERNS]
    patterns = []
    for place in order:
        row = int(np.argmax(rows.missing == values[place]))
        gone = [scan.profile.name for scan in scans if scan.profile.missing and pd.isna(frame[scan.profile.name].iloc[row])]
        patterns.append(Pattern(tuple(gone[:NAMED]), len(gone), int(counts[place])))
    groups: dict[int, list[str]] = {}
    for scan in scans:
        if 0 < scan.profile.missing < scan.profile.rows:
            groups.setdefault(scan.gaps, []).append(scan.profile.name)
    together = tuple(tuple(names) for names in groups.values() if len(names) > 1)
    return Missingness(tuple(patterns), len(frame) - sum(pattern.rows for pattern in patterns), together)

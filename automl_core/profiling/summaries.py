"""What one column holds: counts, range and distribution, by its kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from automl_core.schema import Kind

BINS = 20
SHOWN_VALUES = 10


@dataclass(frozen=True)
class ColumnProfile:
    """One column.

    Parameters
    ----------
    name : str
    kind : Kind
    rows : int
    missing : int
        Cells.
    distinct : int
        Different values, missing ones left out.
    numbers : dict of str to float
        Numbers: ``mean, sd, min, q25, median, q75, max, zeros, negative, skew``; text: ``shortest, longest, mean``
        length in characters. Empty where there is none.
    first, last : str
        Dates: the earliest and the latest, ISO 8601.
    edges : tuple of float
        Of the histogram; for dates in seconds since the epoch.
    counts : tuple of int
        Rows in each bin.
    values : tuple of (str, int)
        Most frequent values with their rows.
    rest : int
        Rows with any other value.
    infinite : int
        Cells that are infinite; they take part in nothing else.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    numbers: dict[str, float] = field(default_factory=dict)
    first: str = ""
    last: str = ""
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    rest: int = 0
    infinite: int = 0

    @property
    def missing_share(self) -> float:
        """Share of the rows without a value, 0 for a table without rows."""
        return self.missing / self.rows if self.rows else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            **vars(self),
            "edges": list(self.edges),
            "counts": list(self.counts),
            "values": [list(entry) for entry in self.values],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ColumnProfile:
        """Rebuild a column from `to_dict`'s output."""
        values = tuple((str(value), int(count)) for value, count in data["values"])
        return cls(**{**data, "edges": tuple(data["edges"]), "counts": tuple(data["counts"]), "values": values})


def summarise(values: pd.Series, kind: Kind) -> ColumnProfile:
    """Describe one typed column of the kind `kind`."""
    name, rows = str(values.name), len(values)
    known = values.dropna()
    common: dict[str, Any] = {"name": name, "kind": kind, "rows": rows, "missing": rows - len(known)}
    if kind == "number":
        return _number(known.to_numpy(dtype=np.float64), common)
    if kind == "date":
        return _date(known, common)
    counts = known.value_counts()
    common |= {"distinct": len(counts)}
    if kind == "id":
        return ColumnProfile(**common)
    shown = () if kind == "text" else tuple((str(value), int(count)) for value, count in counts.iloc[:SHOWN_VALUES].items())
    numbers: dict[str, float] = {}
    if kind == "text" and len(known):
        lengths = known.astype(str).str.len()
        numbers = {"shortest": float(lengths.min()), "longest": float(lengths.max()), "mean": float(lengths.mean())}
    return ColumnProfile(**common, numbers=numbers, values=shown, rest=len(known) - sum(count for _, count in shown))


def _number(known: np.ndarray[Any, np.dtype[np.float64]], common: dict[str, Any]) -> ColumnProfile:
    finite = known[np.isfinite(known)]
    common |= {"distinct": len(np.unique(known)), "infinite": len(known) - len(finite)}
    if not len(finite):
        return ColumnProfile(**common)
    low, q25, median, q75, high = (float(value) for value in np.quantile(finite, [0, 0.25, 0.5, 0.75, 1]))
    sd = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    mean = float(finite.mean())
    skew = float(((finite - mean) ** 3).mean() / finite.std() ** 3) if finite.std() > 0 else 0.0
    counts, edges = np.histogram(finite, bins=BINS) if high > low else (np.array([len(finite)]), np.array([low, high]))
    numbers = {
        "mean": mean,
        "sd": sd,
        "min": low,
        "q25": q25,
        "median": median,
        "q75": q75,
        "max": high,
        "zeros": float((finite == 0).sum()),
        "negative": float((finite < 0).sum()),
        "skew": skew,
    }
    return ColumnProfile(
        **common, numbers=numbers, edges=tuple(float(edge) for edge in edges), counts=tuple(int(count) for count in counts)
    )


def _date(known: pd.Series, common: dict[str, Any]) -> ColumnProfile:
    common |= {"distinct": int(known.nunique())}
    if not len(known):
        return ColumnProfile(**common)
    seconds = known.astype("int64").to_numpy() / 1e9
    counts, edges = np.histogram(seconds, bins=BINS) if len(known.unique()) > 1 else (np.array([len(known)]), seconds[[0, 0]])
    return ColumnProfile(
        **common,
        first=known.min().isoformat(),
        last=known.max().isoformat(),
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
    )

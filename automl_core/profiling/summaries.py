"""What one column holds: counts, range and distribution, by its kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.schema import Kind

Array = npt.NDArray[np.float64]
BINS = 20
SHOWN_VALUES = 10
LENGTH = 200
"""Most characters of a cell that a profile keeps."""
EXAMPLES = 3
HUGE = 1e100
"""Numbers beyond this are scaled down while they are summed, since their cubes are no floats."""


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
        Of the histogram; for dates in seconds since the epoch. Whole numbers get bins of whole width, the last of which
        ends above the largest number; else it ends there.
    counts : tuple of int
        Rows in each bin.
    values : tuple of (str, int)
        Most frequent values with their rows, each cut to `LENGTH` characters.
    rest : int
        Rows with any other value.
    infinite : int
        Cells that are infinite; they take part in nothing else.
    examples : tuple of str
        Texts: the first different ones, each cut to `LENGTH` characters.
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
    examples: tuple[str, ...] = ()

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
            "examples": list(self.examples),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ColumnProfile:
        """Rebuild a column from `to_dict`'s output."""
        values = tuple((str(value), int(count)) for value, count in data["values"])
        tuples = {name: tuple(data[name]) for name in ("edges", "counts", "examples")}
        return cls(**{**data, **tuples, "values": values})


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
    if kind == "text":
        return _text(known.astype(str), common)
    shown = tuple((_cut(str(value)), int(count)) for value, count in counts.iloc[:SHOWN_VALUES].items())
    return ColumnProfile(**common, values=shown, rest=len(known) - sum(count for _, count in shown))


def _text(known: pd.Series, common: dict[str, Any]) -> ColumnProfile:
    if not len(known):
        return ColumnProfile(**common)
    lengths = known.str.len()
    numbers = {"shortest": float(lengths.min()), "longest": float(lengths.max()), "mean": float(lengths.mean())}
    examples = tuple(_cut(text) for text in known.drop_duplicates().iloc[:EXAMPLES])
    return ColumnProfile(**common, numbers=numbers, rest=len(known), examples=examples)


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else text[: LENGTH - 1] + "…"


def _number(known: Array, common: dict[str, Any]) -> ColumnProfile:
    finite = known[np.isfinite(known)]
    common |= {"distinct": len(np.unique(known)), "infinite": len(known) - len(finite)}
    if not len(finite):
        return ColumnProfile(**common)
    zeros, negative = float((finite == 0).sum()), float((finite < 0).sum())
    largest = float(np.abs(finite).max())
    unit = largest if largest > HUGE else 1.0
    finite = finite / unit
    low, q25, median, q75, high = (float(value) for value in np.quantile(finite, [0, 0.25, 0.5, 0.75, 1]))
    sd = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    mean = float(finite.mean())
    z = (finite - mean) / sd if sd > 0 else finite * 0
    skew = float((z**3).mean() / (z**2).mean() ** 1.5) if sd > 0 else 0.0
    counts, edges = _histogram(finite, low, high, whole=unit == 1 and bool((finite == np.floor(finite)).all()))
    sized = {"mean": mean, "sd": sd, "min": low, "q25": q25, "median": median, "q75": q75, "max": high}
    numbers = {name: _limited(value * unit) for name, value in sized.items()}
    numbers |= {"zeros": zeros, "negative": negative, "skew": skew}
    return ColumnProfile(
        **common,
        numbers=numbers,
        edges=tuple(_limited(float(edge) * unit) for edge in edges),
        counts=tuple(int(count) for count in counts),
    )


def _histogram(finite: Array, low: float, high: float, *, whole: bool) -> tuple[npt.NDArray[np.int64], Array]:
    """Count numbers in `BINS` bins or fewer; each bin has room for as many whole numbers as the next: no false peaks."""
    if high == low:
        return np.array([len(finite)]), np.array([low, high])
    if whole and high - low < 1e9:
        width = -(-(int(high - low) + 1) // BINS)
        bins = -(-(int(high - low) + 1) // width)
        return np.histogram(finite, bins=low + width * np.arange(bins + 1.0))
    return np.histogram(finite, bins=BINS)


def _limited(value: float) -> float:
    """Return `value`, or the largest float of its sign: infinity is no JSON."""
    largest = float(np.finfo(np.float64).max)
    return min(max(value, -largest), largest)


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

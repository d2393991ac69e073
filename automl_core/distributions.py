"""The distribution of one column, from its values or from what a model keeps of them: the same questions to both.

Numbers and dates are kept as atoms: every distinct value with its count where there are few, otherwise one atom for each of
`ATOMS` equal slices of the rows, at the slice's middle row. Between atoms nothing is interpolated, so that the share of rows up
to any value is wrong by at most half a slice, `ERROR`, and a row; so are Kolmogorov-Smirnov distances to a kept distribution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import FormatError
from automl_core.schema import Kind

Array = npt.NDArray[np.float64]
ATOMS = 400
ERROR = 1 / (2 * ATOMS)
"""Most by which the rank of a kept quantile is wrong; 0 for columns of up to `ATOMS` distinct numbers."""
WORDS = 1000
"""Most words of a column that are counted one by one; the others are counted together."""
THREADS = 2
AT_ONCE = 8
"""Columns that are held at a time, so that a wide table needs no second one's memory."""
ORDERED: tuple[Kind, ...] = ("number", "date")
COUNTED: tuple[Kind, ...] = ("category", "boolean")
NEIGHBOURS = 100_000
"""Values that are compared with their neighbours all at once; of more, one distinct value is looked for after the other."""


@dataclass(frozen=True)
class Numbers:
    """An ordered column.

    Parameters
    ----------
    rows, filled : int
        All rows, and those with a value.
    points : ndarray, shape (n,)
        Sorted: every value, or the atoms.
    counts : ndarray, shape (n,), or None
        Rows at each point; None for one each.
    low, high : float
        Smallest and largest value; NaN where there is none.
    mean, std : float
        Standard deviation with n in the denominator.
    """

    rows: int
    filled: int
    points: Array
    counts: Array | None
    low: float
    high: float
    mean: float
    std: float

    @property
    def missing(self) -> float:
        """Share of the rows without a value."""
        return 1 - self.filled / self.rows if self.rows else 0.0

    @property
    def ordered(self) -> Array:
        """Cumulated rows at each point."""
        return np.arange(1, len(self.points) + 1, dtype=np.float64) if self.counts is None else np.cumsum(self.counts)

    def share_up_to(self, values: Array) -> Array:
        """Return the share of the filled rows at or below each of `values`."""
        places = np.searchsorted(self.points, values, side="right")
        if self.counts is None:
            return np.asarray(places / len(self.points))
        return np.asarray(np.concatenate([[0.0], np.cumsum(self.counts)])[places] / self.filled)

    def between(self, edges: Array) -> Array:
        """Return the rows in each bin of `edges`, the last bin with its right end, as NumPy's histogram counts."""
        below = np.searchsorted(self.points, edges, side="left")
        below[-1] = np.searchsorted(self.points, edges[-1], side="right")
        cumulated = below.astype(np.float64) if self.counts is None else np.concatenate([[0.0], np.cumsum(self.counts)])[below]
        return np.diff(cumulated)

    def distinct(self, most: int) -> Array:
        """Return the distinct values, in order; at most `most` of them."""
        if self.counts is not None or not len(self.points):
            return self.points[:most]
        if len(self.points) <= NEIGHBOURS:
            first: npt.NDArray[np.bool_] = np.concatenate([[True], self.points[1:] != self.points[:-1]])
            return np.asarray(self.points[first][:most])
        found: list[float] = []
        place = 0
        while place < len(self.points) and len(found) < most:
            found.append(float(self.points[place]))
            place = int(np.searchsorted(self.points, self.points[place], side="right"))
        return np.array(found)

    def kept(self) -> dict[str, Any]:
        """Return what a model keeps of it, as plain JSON types."""
        facts: dict[str, Any] = {"rows": self.rows, "filled": self.filled}
        if not self.filled:
            return facts
        few = self.distinct(ATOMS + 1)
        if len(few) <= ATOMS:
            counts = np.diff(np.concatenate([[0.0], np.round(self.share_up_to(few) * self.filled)]))
            facts |= {"points": _plain(few), "counts": [int(count) for count in counts]}
        else:
            places = np.ceil((np.arange(ATOMS) + 0.5) / ATOMS * self.filled).astype(int) - 1
            facts["atoms"] = _plain(self.points[np.searchsorted(self.ordered, places + 1)])
        return facts | {"low": self.low, "high": self.high, "mean": self.mean, "std": self.std}


@dataclass(frozen=True)
class Words:
    """A column of words.

    Parameters
    ----------
    rows, filled : int
    counts : dict of str to int
        Most frequent first.
    rest : int
        Rows with words that are not in `counts`; only of a kept column.
    distinct : int
    """

    rows: int
    filled: int
    counts: dict[str, int]
    rest: int = 0
    distinct: int = 0

    @property
    def missing(self) -> float:
        """Share of the rows without a value."""
        return 1 - self.filled / self.rows if self.rows else 0.0

    def kept(self) -> dict[str, Any]:
        """Return what a model keeps of it, as plain JSON types."""
        most = dict(list(self.counts.items())[:WORDS])
        rest = self.filled - sum(most.values())
        return {"rows": self.rows, "filled": self.filled, "counts": most, "rest": rest, "distinct": self.distinct}


@dataclass(frozen=True)
class Filled:
    """A column of which only the share of missing cells is known: keys, and personal data in a model."""

    rows: int
    filled: int

    @property
    def missing(self) -> float:
        """Share of the rows without a value."""
        return 1 - self.filled / self.rows if self.rows else 0.0

    def kept(self) -> dict[str, Any]:
        """Return what a model keeps of it, as plain JSON types."""
        return {"rows": self.rows, "filled": self.filled, "only": "filled"}


Distribution = Numbers | Words | Filled


def numbers_of(values: Array, rows: int) -> Numbers:
    """Return the distribution of finite numbers among `rows` rows; the others are missing."""
    points = np.sort(values)
    if not len(points):
        return Numbers(rows, 0, points, None, np.nan, np.nan, np.nan, np.nan)
    return Numbers(
        rows, len(points), points, None, float(points[0]), float(points[-1]), float(values.mean()), float(values.std())
    )


def distribution_of(values: pd.Series, kind: Kind) -> Distribution:
    """Return the distribution of a typed column.

    Parameters
    ----------
    values : Series, shape (n_rows,)
    kind : Kind
        Dates become seconds since 1970; of texts the number of characters is looked at, of keys only whether there is one.
    """
    if kind == "id":
        return Filled(len(values), int(values.notna().sum()))
    if kind == "text":
        present = values.dropna()
        return numbers_of(present.map(len).to_numpy(dtype=np.float64), len(values))
    if kind in ORDERED:
        return numbers_of(as_numbers(values), len(values))
    counts = values.value_counts()
    found = {str(name): int(count) for name, count in zip(counts.index, counts.to_numpy(), strict=True)}
    return Words(len(values), int(counts.sum()), found, 0, len(found))


def distributions(frame: pd.DataFrame, kinds: Mapping[str, Kind]) -> Iterator[tuple[str, Distribution]]:
    """Yield the distribution of each column, a few at a time; sorting, which takes longest, runs on two threads.

    Parameters
    ----------
    frame : DataFrame
        Typed.
    kinds : mapping of str to Kind
        The columns that are wanted, in their order.
    """
    names = list(kinds)
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            yield from zip(part, pool.map(lambda name: distribution_of(frame[name], kinds[name]), part), strict=True)


def as_numbers(values: pd.Series) -> Array:
    """Return the finite numbers of a column; dates as seconds since 1970."""
    if values.dtype.kind == "M":
        cells = values.to_numpy().astype("datetime64[ns]")
        return np.asarray(cells[~np.isnat(cells)].astype(np.int64) / 1e9)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    finite = np.isfinite(numbers)
    return np.asarray(numbers if finite.all() else numbers[finite])


def from_kept(facts: dict[str, Any]) -> Distribution:
    """Rebuild what `kept` gave; raises FormatError for facts of another form."""
    try:
        rows, filled = int(facts["rows"]), int(facts["filled"])
        if facts.get("only"):
            return Filled(rows, filled)
        if "distinct" in facts:
            return Words(rows, filled, dict(facts["counts"]), int(facts["rest"]), int(facts["distinct"]))
        if not filled:
            return Numbers(rows, 0, np.empty(0), None, np.nan, np.nan, np.nan, np.nan)
        if "atoms" in facts:
            points = np.array(facts["atoms"], dtype=np.float64)
            counts = np.full(len(points), filled / len(points))
        else:
            points, counts = np.array(facts["points"], dtype=np.float64), np.array(facts["counts"], dtype=np.float64)
        return Numbers(rows, filled, points, counts, facts["low"], facts["high"], facts["mean"], facts["std"])
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"The model's reference is damaged: {error!r}.", action="Export the model again.") from error


def _plain(values: Sequence[float] | Array) -> list[float]:
    """Return numbers that JSON writes shortly: ten digits are more than their rank tells."""
    return [float(value) if float(value).is_integer() else float(f"{value:.10g}") for value in values]

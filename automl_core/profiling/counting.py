"""Numbers counted from one sorted copy, words from their codes: every figure of a column in one pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
BINS = 20
HUGE = 1e100
"""Numbers beyond this are scaled down while they are summed, since their cubes are no floats."""
FREQUENT, FREQUENT_SHARE = 5, 0.005
"""Most frequent numbers that are kept, and the share of the cells from which on none is overlooked."""
CHUNK = 1 << 16
"""Cells that are worked on at a time: what fits the processor's cache is several times as fast."""


@dataclass(frozen=True)
class Spots:
    """Places of a sorted column of numbers, or of dates in nanoseconds, that tell trouble.

    Parameters
    ----------
    low, high : float
        The smallest and the largest finite value.
    low_count, high_count : int
        Cells that hold them.
    second_low, second_high : float
        Their neighbours; the same as `low` and `high` where there is no other value.
    frequent : tuple of (float, int)
        The most frequent values with their cells, at most `FREQUENT`; those with less than `FREQUENT_SHARE` of the cells may
        be missing.
    lowest_positive, positive_median : float
        NaN where there is no positive value.
    far : int
        Cells beyond Tukey's outer fences, three times the distance of the quartiles; -1 where the quartiles are equal.
    """

    low: float
    high: float
    low_count: int
    high_count: int
    second_low: float
    second_high: float
    frequent: tuple[tuple[float, int], ...] = ()
    lowest_positive: float = float("nan")
    positive_median: float = float("nan")
    far: int = -1


@dataclass(frozen=True)
class Numbers:
    """What a column of numbers holds; see `ColumnProfile` for the figures."""

    missing: int
    distinct: int
    infinite: int
    figures: dict[str, float]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    spots: Spots | None


def count_numbers(values: npt.NDArray[Any]) -> Numbers:
    """Describe numbers.

    Parameters
    ----------
    values : array, shape (n,), of floats or integers
        NaN is missing. Integers are compared as they are, so that long keys stay apart.
    """
    ordered = np.sort(values)
    missing = int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    ordered = ordered[: len(ordered) - missing]
    distinct = _runs(ordered)
    low, high = 0, len(ordered)
    if ordered.dtype.kind == "f":
        low = int(np.searchsorted(ordered, -np.inf, "right"))
        high = int(np.searchsorted(ordered, np.inf, "left"))
    finite = ordered[low:high]
    infinite = len(ordered) - len(finite)
    if not len(finite):
        return Numbers(missing, distinct, infinite, {}, (), (), None)
    spots = _spots(finite)
    zeros = int(np.searchsorted(finite, 0, "right") - np.searchsorted(finite, 0, "left"))
    negative = int(np.searchsorted(finite, 0, "left"))
    floats = finite.astype(np.float64, copy=False)
    largest = max(abs(float(floats[0])), abs(float(floats[-1])))
    unit = largest if largest > HUGE else 1.0
    scaled = floats / unit if unit != 1.0 else floats
    q25, median, q75 = (quantile(scaled, share) for share in (0.25, 0.5, 0.75))
    mean, sd, skew = moments(scaled) if scaled[0] != scaled[-1] else (float(scaled[0]), 0.0, 0.0)
    sized = {"mean": mean, "sd": sd, "min": scaled[0], "q25": q25, "median": median, "q75": q75, "max": scaled[-1]}
    figures = {name: limited(float(value) * unit) for name, value in sized.items()}
    figures |= {"zeros": float(zeros), "negative": float(negative), "skew": skew}
    whole = unit == 1 and (finite.dtype.kind in "iu" or bool((floats == np.floor(floats)).all()))
    counts, edges = _histogram(scaled, whole=whole)
    width = 3 * (q75 - q25)
    far = -1
    if width > 0:
        far = int(np.searchsorted(scaled, q25 - width, "left") + len(scaled) - np.searchsorted(scaled, q75 + width, "right"))
    first = int(np.searchsorted(floats, 0, "right"))
    if first < len(floats):
        positive = floats[first:]
        spots = _with(spots, lowest_positive=float(positive[0]), positive_median=quantile(positive, 0.5), far=far)
    else:
        spots = _with(spots, far=far)
    return Numbers(
        missing, distinct, infinite, figures, tuple(limited(float(edge) * unit) for edge in edges), tuple(map(int, counts)), spots
    )


def count_dates(values: npt.NDArray[np.int64]) -> tuple[int, int, Spots | None, tuple[float, ...], tuple[int, ...]]:
    """Return missing and different cells, spots, edges in seconds and counts of dates in nanoseconds since the epoch."""
    ordered = np.sort(values)
    missing = int(np.searchsorted(ordered, np.iinfo(np.int64).min, "right"))
    known = ordered[missing:]
    if not len(known):
        return missing, 0, None, (), ()
    seconds = known / 1e9
    edges = np.linspace(seconds[0], seconds[-1], BINS + 1) if known[0] != known[-1] else seconds[[0, 0]]
    counts = _between(seconds, edges) if known[0] != known[-1] else np.array([len(known)])
    return missing, _runs(known), _spots(known), tuple(float(edge) for edge in edges), tuple(map(int, counts))


def moments(values: Array) -> tuple[float, float, float]:
    """Return mean, standard deviation (of a sample) and skewness (of moments) of two numbers or more, not all alike."""
    count = len(values)
    mean = float(values.mean())
    second = third = 0.0
    for start in range(0, count, CHUNK):
        around = values[start : start + CHUNK] - mean
        squares = around * around
        second += float(squares.sum())
        third += float(np.dot(squares, around))
    sd = float(np.sqrt(second / (count - 1)))
    spread = (second / count) ** 1.5
    return mean, sd, third / count / spread if spread > 0 else 0.0


def quantile(ordered: Array, share: float) -> float:
    """Return a quantile of sorted numbers, linear between neighbours as NumPy's default is."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    part = place - below
    return float(ordered[below] * (1 - part) + ordered[above] * part) if part else float(ordered[below])


def limited(value: float) -> float:
    """Return `value`, or the largest float of its sign: infinity is no JSON."""
    largest = float(np.finfo(np.float64).max)
    return min(max(value, -largest), largest)


def _runs(ordered: npt.NDArray[Any]) -> int:
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + 1 if len(ordered) else 0


def _with(spots: Spots, **changes: Any) -> Spots:
    return Spots(**{**vars(spots), **changes})


def _spots(ordered: npt.NDArray[Any]) -> Spots:
    count = len(ordered)
    after = int(np.searchsorted(ordered, ordered[0], "right"))
    before = int(np.searchsorted(ordered, ordered[-1], "left"))
    second_low, second_high = ordered[min(after, count - 1)], ordered[max(before - 1, 0)]
    # A value with so large a share of the cells covers one of the places that are looked at.
    places = ordered[:: max(int(count * FREQUENT_SHARE), 1)] if count > 1 / FREQUENT_SHARE else ordered
    candidates = np.unique(places)
    cells = np.searchsorted(ordered, candidates, "right") - np.searchsorted(ordered, candidates, "left")
    top = np.lexsort((candidates, -cells))[:FREQUENT]
    frequent = tuple((candidates[place].item(), int(cells[place])) for place in top)
    return Spots(
        ordered[0].item(),
        ordered[-1].item(),
        after,
        count - before,
        second_low.item(),
        second_high.item(),
        frequent,
    )


def _between(ordered: npt.NDArray[Any], edges: Array) -> Codes:
    """Return how many sorted numbers lie between edges; the last bin has its upper edge in it."""
    places = np.searchsorted(ordered, edges, "left")
    places[-1] = np.searchsorted(ordered, edges[-1], "right")
    return np.diff(places)


def _histogram(ordered: Array, *, whole: bool) -> tuple[Codes, Array]:
    """Count numbers in `BINS` bins or fewer; each bin has room for as many whole numbers as the next: no false peaks."""
    low, high = float(ordered[0]), float(ordered[-1])
    if high == low:
        return np.array([len(ordered)]), np.array([low, high])
    if whole and high - low < 1e9:
        width = -(-(int(high - low) + 1) // BINS)
        bins = -(-(int(high - low) + 1) // width)
        edges = low + width * np.arange(bins + 1.0)
    else:
        edges = np.linspace(low, high, BINS + 1)
    return _between(ordered, edges), edges


@dataclass(frozen=True)
class Words:
    """The different words of a column.

    Parameters
    ----------
    codes : array of int, shape (n_rows,)
        Number of each cell's word in the order of first appearance, -1 for missing.
    counts : array of int, shape (n_words,)
    part : callable
        Returns the words of these numbers.
    lengths : array of int, shape (n_words,)
        Characters of each.
    """

    codes: npt.NDArray[np.signedinteger[Any]]
    counts: Codes
    part: Callable[[npt.NDArray[np.signedinteger[Any]]], list[str]]
    lengths: Callable[[], Codes]

    def frequent(self, most: int) -> list[tuple[str, int]]:
        """Return the most frequent words with their cells; of equally frequent ones those that appear first."""
        places = np.arange(len(self.counts))
        if len(places) > 4 * most:
            least = np.partition(self.counts, len(places) - most)[len(places) - most]
            places = np.flatnonzero(self.counts >= least)
            if len(places) > 4 * most:  # ties: all that are more frequent, then the first of the others
                more = np.flatnonzero(self.counts > least)
                places = np.concatenate([more, np.flatnonzero(self.counts == least)[: most - len(more)]])
        places = places[np.lexsort((places, -self.counts[places]))][:most]
        return list(zip(self.part(places), self.counts[places].tolist(), strict=True))


def count_words(values: pd.Series) -> Words:
    """Give each word of a column a number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        cells = pa.array(values.to_numpy(), type=pa.large_string(), from_pandas=True) if values.dtype == object else None
    except (pa.ArrowException, UnicodeEncodeError, TypeError):
        cells = None  # cells of another type, or signs that are no text in any encoding
    if cells is not None:
        coded = cells.dictionary_encode()
        words = coded.dictionary
        codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes + 1, minlength=len(words) + 1)[1:]
        return Words(
            codes,
            counts,
            lambda places: words.take(pa.array(places)).to_pylist(),
            lambda: pc.utf8_length(words).to_numpy(),
        )
    codes, different = pd.factorize(values)
    texts = [str(word) for word in different]
    counts = np.bincount(codes + 1, minlength=len(texts) + 1)[1:]
    return Words(
        codes, counts, lambda places: [texts[int(place)] for place in places], lambda: np.array([len(text) for text in texts])
    )

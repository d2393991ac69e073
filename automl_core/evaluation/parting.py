"""A column's values in few parts: ranges of numbers and dates, frequent words; for tables that compare groups of rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import date_text
from automl_core.profiling.wording import number

Array = npt.NDArray[np.float64]
BINS, CELLS = 6, 12
MISSING, REST = "(missing)", "(others)"


def parted(values: pd.Series, kind: str, *, most: int = CELLS) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Return for each row the place of its value, and the names of the places: ranges of numbers and dates, frequent words.

    Returns
    -------
    ndarray of int, shape (n,)
    tuple of str
        Missing values and rarer words come last.
    """
    if kind in ("number", "date"):
        numbers = numbers_of(values)
        known = np.isfinite(numbers)
        write = day_of if kind == "date" else number
        distinct = np.unique(numbers[known])
        if len(distinct) <= BINS:
            places = np.searchsorted(distinct, numbers)
            names = [write(float(value)) for value in distinct]
        else:
            edges = np.unique(np.quantile(numbers[known], np.arange(1, BINS) / BINS))
            edges = edges[edges < distinct[-1]]
            places = np.searchsorted(edges, numbers, side="left")
            names = [f"up to {write(float(edges[0]))}"]
            names += [f"{write(float(low))} to {write(float(high))}" for low, high in pairwise(edges)]
            names += [f"above {write(float(edges[-1]))}"]
        if not known.all():
            places = np.where(known, places, len(names))
            names.append(MISSING)
        return places.astype(np.int64), tuple(names)
    text = texts_of(values)
    counts = pd.Series(text).value_counts()
    names = [str(name) for name in counts.index if name != MISSING][:most]
    rest = len(counts) - len(names) - int(MISSING in counts.index)
    places_of = {name: place for place, name in enumerate(names)}
    if rest:
        names.append(REST)
    if MISSING in counts.index:
        places_of[MISSING] = len(names)
        names.append(MISSING)
    other = len(names) - 1 - int(MISSING in counts.index)
    return np.array([places_of.get(word, other) for word in text], dtype=np.int64), tuple(names)


def numbers_of(values: pd.Series) -> Array:
    """Return numbers, and dates as seconds since 1970; NaN where missing."""
    if values.dtype.kind == "M":
        seconds = (values - pd.Timestamp("1970-01-01")).dt.total_seconds()
        return np.asarray(seconds, dtype=np.float64)
    return np.asarray(values, dtype=np.float64)


def texts_of(values: pd.Series) -> npt.NDArray[Any]:
    """Return values as words, `MISSING` where there is none."""
    if values.dtype == object:
        text = values.map(str, na_action="ignore")
    elif values.dtype.kind == "M":
        text = date_text(values)
    else:
        text = values.map(lambda cell: f"{cell:.12g}", na_action="ignore").astype(object)
    return np.asarray(text.fillna(MISSING), dtype=object)


def day_of(seconds: float) -> str:
    """Return the day of seconds since 1970."""
    return pd.Timestamp(seconds, unit="s").date().isoformat()

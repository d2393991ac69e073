"""What a formula counts with: numbers, conditions and words, row by row or one for all rows."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DAY = 86_400 * 10**9


@dataclass(frozen=True)
class Condition:
    """Whether something holds: 1, 0, or missing where one of its parts is missing.

    Parameters
    ----------
    values : ndarray, shape (n,) or ()
    """

    values: Array


@dataclass(frozen=True)
class Words:
    """A column of words.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Positions in `words`, -1 for missing.
    words : tuple of str
    labels : bool
        Whether they are the target's labels, of which there are no others.
    """

    codes: Ints
    words: tuple[str, ...]
    labels: bool = False

    def take(self, rows: Any) -> Words:
        """Return some rows."""
        return Words(self.codes[rows], self.words, self.labels)

    def numbers(self) -> Array | None:
        """Return the words as numbers, or None where one of them is not a number."""
        known = _numbers_of(self.words)
        return None if known is None else known[self.codes]  # the code -1 takes the last one

    def equal(self, other: Words | str) -> Array:
        """Return 1 where the words are the same, 0 where not, missing where one is missing."""
        if isinstance(other, str):
            code = self.words.index(other) if other in self.words else -2
            return np.where(self.codes < 0, np.nan, (self.codes == code).astype(np.float64))
        missing = (self.codes < 0) | (other.codes < 0)
        if self.words is other.words:
            return np.where(missing, np.nan, (self.codes == other.codes).astype(np.float64))
        places = {word: place for place, word in enumerate(self.words)}
        mapped = np.array([*(places.get(word, -2) for word in other.words), -1], dtype=np.int64)[other.codes]
        return np.where(missing, np.nan, (self.codes == mapped).astype(np.float64))


@functools.lru_cache(maxsize=32)
def _numbers_of(words: tuple[str, ...]) -> Array | None:
    """Return words as numbers with a missing one behind them, or None where one is no finite number."""
    try:
        known = np.array([*(float(word) for word in words), 0.0], dtype=np.float64)
    except ValueError:
        return None
    if not np.isfinite(known).all():
        return None
    known[-1] = np.nan
    return known


Values = Array | Words
"""One column, as a formula sees it."""


def column_values(values: pd.Series) -> Values:
    """Return a typed column as a formula sees it: numbers, days since 1970 for dates, words for the rest."""
    if values.dtype.kind in "biuf":
        found = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(found), found, np.nan)
    if values.dtype.kind == "M":
        days = values.astype("datetime64[ns]").to_numpy().astype(np.int64) / DAY
        return np.where(values.isna().to_numpy(), np.nan, days)
    codes, words = pd.factorize(values.map(str, na_action="ignore"), use_na_sentinel=True)
    return Words(np.asarray(codes, dtype=np.int64), tuple(str(word) for word in words))

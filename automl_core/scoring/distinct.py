"""Columns of words prepared one distinct word at a time: of a hundred thousand rows most say the same few things.

scikit-learn's encoders look every cell up, once for each fold and view of a model. What a group of columns gives for a word does
not depend on its row, so the words are prepared once and handed out to the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
FEWEST = 1_000
"""Rows from which on it pays."""
SHARE = 0.2
"""Largest share of distinct words among the rows with which it pays."""
CHECKED = 200
"""Rows on which both ways are compared before the quick one is trusted."""


class DistinctWords:
    """Prepares many rows as a fitted `ColumnTransformer` does, and faster.

    Parameters
    ----------
    columns : ColumnTransformer
        Fitted.
    """

    def __init__(self, columns: Any) -> None:
        self.columns = columns
        self.trusted: bool | None = None

    def transform(self, frame: pd.DataFrame, words: dict[str, tuple[Any, Any]]) -> Array:
        """Return the prepared rows, shape (n, n_features).

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
        words : dict
            Codes and distinct words of columns of the same frame; filled as needed, and shared by folds and views.
        """
        if len(frame) < FEWEST or self.trusted is False:
            return np.asarray(self.columns.transform(frame), dtype=np.float64)
        if self.trusted is None:
            head = frame.iloc[:CHECKED]
            own = np.asarray(self.columns.transform(head), dtype=np.float64)
            self.trusted = bool(np.array_equal(own, self._made(head, {}), equal_nan=True))
            if not self.trusted:
                return np.asarray(self.columns.transform(frame), dtype=np.float64)
        return self._made(frame, words)

    def _made(self, frame: pd.DataFrame, words: dict[str, tuple[Any, Any]]) -> Array:
        parts = []
        for _, part, names in self.columns.transformers_:
            if isinstance(part, str):
                if part != "drop":
                    parts.append(np.asarray(frame[list(names)], dtype=np.float64))
                continue
            if isinstance(names, str):  # a text is described by itself
                parts.append(np.asarray(part.transform(frame[str(names)]), dtype=np.float64))
                continue
            chosen = [str(name) for name in names]
            found = self._by_word(part, frame, chosen, words) if frame[chosen[0]].dtype == object else None
            parts.append(np.asarray(part.transform(frame[chosen]), dtype=np.float64) if found is None else found)
        return np.hstack(parts) if parts else np.zeros((len(frame), 0))

    def _by_word(self, part: Any, frame: pd.DataFrame, names: list[str], words: dict[str, tuple[Any, Any]]) -> Array | None:
        """Return what a group of columns of words gives, None where its outputs cannot be told apart by column."""
        for name in names:
            if name not in words:
                codes, uniques = pd.factorize(frame[name], use_na_sentinel=True)
                words[name] = codes, uniques
        length = max(len(words[name][1]) for name in names) + 1  # the last place is a missing word
        if len(frame) >= FEWEST and length > SHARE * len(frame):
            return None
        cells = {}
        for name in names:
            codes, known = words[name][0], np.asarray(words[name][1], dtype=object)
            column = np.full(length, known[0] if len(known) else np.nan, dtype=object)
            column[: len(known)] = known
            if (codes < 0).any():
                column[-1] = np.nan
            cells[name] = column
        given = pd.DataFrame(cells)
        made = np.asarray(part.transform(given), dtype=np.float64)
        widths = _widths(part, len(names), made.shape[1])
        if widths is None:
            return None
        result = np.empty((len(frame), made.shape[1]))
        start = 0
        for name, width in zip(names, widths, strict=True):
            result[:, start : start + width] = made[:, start : start + width][words[name][0]]  # the code -1 takes the last one
            start += width
        return result


def _widths(part: Any, columns: int, outputs: int) -> list[int] | None:
    """Return how many outputs each column of a group has, None where that cannot be told."""
    if outputs == columns:
        return [1] * columns
    last = part.steps[-1][1] if hasattr(part, "steps") else part
    if type(last).__name__ == "OneHotEncoder":
        widths = [int(width) for width in last._n_features_outs]
        return widths if sum(widths) == outputs and len(widths) == columns else None
    return None

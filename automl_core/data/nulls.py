"""Which words of a table were taken as missing, how often, and where."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.report import NullWord
from automl_core.errors import InputError
from automl_core.schema import Schema

FEW = 2_000
"""Cells up to which a list of them is quicker than pandas."""
MOST_WORDS = 200
MOST_LETTERS = 100


def check_null_words(words: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return words for missing, trimmed and each once; empty cells are always missing.

    Raises
    ------
    InputError
        For too many words, or one that is too long.
    """
    kept = tuple(dict.fromkeys(["", *(word.strip() for word in words)]))
    if len(kept) > MOST_WORDS:
        raise InputError(f"{len(kept) - 1:,} words mean missing.", f"Up to {MOST_WORDS} can.", "Keep the usual ones.")
    long = next((word for word in kept if len(word) > MOST_LETTERS), "")
    if long:
        raise InputError(
            f"{long[:40] + '…'!r} has {len(long):,} letters.", f"A word for missing has up to {MOST_LETTERS}.", "Shorten it."
        )
    return kept


def count_nulls(frame: pd.DataFrame, schema: Schema) -> tuple[NullWord, ...]:
    """Count the cells that a schema takes as missing, by their word.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        As it was read: text cells, or typed columns.
    schema : Schema
        Of the same columns in the same order.

    Returns
    -------
    tuple of NullWord
        The most frequent first; words that do not occur are left out.
    """
    counts: Counter[str] = Counter()
    columns: dict[str, list[str]] = {}
    for column, (_, values) in zip(schema, frame.items(), strict=True):
        for word, count in _words(values, {*column.parsing.null_words, ""}).items():
            counts[word] += count
            columns.setdefault(word, []).append(column.name)
    return tuple(NullWord(word, count, tuple(columns[word])) for word, count in counts.most_common())


def _words(values: pd.Series[Any], words: set[str]) -> dict[str, int]:
    if values.dtype != object:
        missing = int(values.isna().sum())
        return {"": missing} if missing else {}
    if len(values) <= FEW and _none_among(values.tolist(), words):
        return {}
    codes, cells = pd.factorize(values, use_na_sentinel=True)
    times = np.bincount(codes[codes >= 0], minlength=len(cells))
    found: Counter[str] = Counter()
    found[""] += int((codes < 0).sum())
    for cell, count in zip(cells, times, strict=True):
        if isinstance(cell, str) and (bare := cell.strip()) in words:
            found[bare] += int(count)
    return {word: count for word, count in found.items() if count}


def _none_among(cells: list[Any], words: set[str]) -> bool:
    """Return whether all cells are text and none of it is one of the words: most columns, told without pandas."""
    try:
        return words.isdisjoint(map(str.strip, cells))
    except TypeError:  # a missing cell, or another type
        return False

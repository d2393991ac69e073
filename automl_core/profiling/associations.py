"""How strongly two columns say the same: one measure from 0 to 1 for each pair of kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
ROWS = 20_000
"""Most rows that are looked at."""
COLUMNS = 100
"""Most columns that are compared with each other; with the target every column is compared."""
PAIRED = 10
"""Rows that two columns must both have a value in; with fewer, chance alone makes them look alike."""
LEVELS = 50
"""Words beyond the most frequent are one when two columns are compared."""
METHODS = {
    "spearman": "Spearman's rank correlation, its size",
    "cramers_v": "Cramér's V, corrected for chance",
    "correlation_ratio": "correlation ratio (share of the spread that the groups explain, its root)",
}


@dataclass(frozen=True)
class Association:
    """One pair of columns. `strength` is 0 (nothing in common) to 1 (one tells the other)."""

    first: str
    second: str
    method: str
    strength: float
    sign: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(vars(self))


def associate(frame: pd.DataFrame, schema: Schema, target: str = "", *, seed: int = 0) -> tuple[list[Association], list[str]]:
    """Compare the columns of a table pair by pair.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed.
    schema : Schema
    target : str
        Its pairs come first, with the target as `first`; every column is compared with it.
    seed : int
        Of the sample.

    Returns
    -------
    list of Association
        Strongest first, those with the target before all others. Keys and texts take no part, nor do columns with
        fewer than two values, nor pairs with fewer than `PAIRED` rows in common.
    list of str
        What was sampled or left out.
    """
    notes = []
    if len(frame) > ROWS:
        notes.append(f"Associations are those of {ROWS:,} of {len(frame):,} rows, drawn at random.")
        frame = frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), ROWS, replace=False))]
    comparable = [column for column in schema if column.kind in ("number", "date", "category", "boolean")]
    prepared: dict[str, tuple[bool, Array]] = {}
    for column in sorted(comparable, key=lambda column: column.name != target):
        if len(prepared) > COLUMNS and target not in prepared:
            break  # the others would not be compared with anything
        entry = _prepare(frame[column.name], column.kind in ("number", "date"))
        if entry is not None:
            prepared[column.name] = (column.kind in ("number", "date"), entry)
    names = [name for name in prepared if name != target]
    if len(names) > COLUMNS:
        others = len(comparable) - (target in prepared)
        known = f" Every column is compared with the target {target!r}." if target in prepared else ""
        notes.append(f"Only the first {COLUMNS} of {others:,} columns are compared with each other.{known}")
    found = []
    if target in prepared:
        found = [pair for name in names if (pair := _pair(target, name, prepared)) is not None]
    found += _all_pairs({name: prepared[name] for name in names[:COLUMNS]})
    found.sort(key=lambda entry: (entry.first != target, -entry.strength))
    return found, notes


def _all_pairs(prepared: dict[str, tuple[bool, Array]]) -> list[Association]:
    """Compare all columns with each other, those of numbers by products of whole tables."""
    names = list(prepared)
    place = {name: number for number, name in enumerate(names)}
    numbers = [name for name in names if prepared[name][0]]
    words = [name for name in names if not prepared[name][0]]
    found: list[Association] = []

    def keep(one: str, other: str, method: str, strength: float, sign: int = 0) -> None:
        first, second = (one, other) if place[one] < place[other] else (other, one)
        found.append(Association(first, second, method, strength, sign))

    if numbers:
        ranks = np.column_stack([prepared[name][1] for name in numbers])
        known = ~np.isnan(ranks)
        ranks = np.where(known, ranks - np.nanmean(ranks, axis=0), 0.0)
        mask = known.astype(np.float64)
        for left, right, rows, value in _correlations(ranks, mask):
            if rows >= PAIRED:
                keep(numbers[left], numbers[right], "spearman", abs(value), int(np.sign(value)))
        for name in words:
            common, ratios = _ratios(prepared[name][1], ranks, mask)
            for column, other in enumerate(numbers):
                if common[column] >= PAIRED:
                    keep(name, other, "correlation_ratio", float(ratios[column]))
    codes = {name: np.where(np.isnan(prepared[name][1]), 0, prepared[name][1] + 1).astype(np.int64) for name in words}
    for first, second in combinations(words, 2):
        table = _table(codes[first], codes[second])[1:, 1:]
        if table.sum() >= PAIRED:
            keep(first, second, "cramers_v", _cramers_v(table))
    found.sort(key=lambda pair: (place[pair.first], place[pair.second]))
    return found


def _correlations(ranks: Array, mask: Array) -> Iterator[tuple[int, int, int, float]]:
    """Yield the places of two columns, their rows in common and their correlation there; `ranks` is 0 where missing."""
    rows, products = mask.T @ mask, ranks.T @ ranks
    sums, squares = ranks.T @ mask, (ranks * ranks).T @ mask
    rows_or_one = np.maximum(rows, 1)
    spread = np.maximum(squares - sums * sums / rows_or_one, 0)
    together = products - sums * sums.T / rows_or_one
    size = np.sqrt(spread * spread.T)
    none = size <= 1e-9 * np.maximum(squares, 1)
    values = np.clip(np.where(none, 0, together / np.where(none, 1, size)), -1, 1)
    for one in range(len(rows)):
        for other in range(one + 1, len(rows)):
            yield one, other, int(rows[one, other]), float(values[one, other])


def _ratios(codes: Array, ranks: Array, mask: Array) -> tuple[Array, Array]:
    """Return rows in common and correlation ratio of one column of words with each column of numbers."""
    levels = int(np.nanmax(codes)) + 1
    member = (codes[:, None] == np.arange(levels)).astype(np.float64)
    counts, sums = member.T @ mask, member.T @ ranks
    squares = (~np.isnan(codes)).astype(np.float64) @ (ranks * ranks)
    rows, whole = counts.sum(axis=0), sums.sum(axis=0)
    groups = (counts > 0).sum(axis=0)
    middle = whole * whole / np.maximum(rows, 1)
    between = (sums * sums / np.maximum(counts, 1)).sum(axis=0) - middle
    total = squares - middle
    usable = (rows - groups >= 1) & (groups >= 2) & (total > 1e-9 * np.maximum(squares, 1))
    share = 1 - (1 - between / np.where(usable, total, 1)) * (rows - 1) / np.maximum(rows - groups, 1)
    return rows, np.where(usable, np.sqrt(np.clip(share, 0, 1)), 0.0)


def _table(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> Array:
    columns = int(y.max(initial=0)) + 1
    rows = int(x.max(initial=0)) + 1
    return np.bincount(x * columns + y, minlength=rows * columns).reshape(rows, columns).astype(float)


def _prepare(values: pd.Series, number: bool) -> Array | None:
    """Return ranks or codes, NaN for missing; None for a column with fewer than two values."""
    if number:
        plain = values.astype("int64").where(values.notna()) if values.dtype.kind == "M" else values
        cells = plain.to_numpy(dtype=np.float64)
        known = np.isfinite(cells)
        finite = cells if known.all() else np.where(known, cells, np.nan)
        some = cells[known]
        return pd.Series(finite).rank().to_numpy() if len(some) and some.min() != some.max() else None
    frequent = values.value_counts().index[: LEVELS - 1]
    if len(frequent) < 2:
        return None
    codes = pd.Categorical(values, categories=frequent).codes.astype(np.float64)
    rare = (codes < 0) & values.notna().to_numpy()
    codes[rare] = len(frequent)
    codes[values.isna().to_numpy()] = np.nan
    return codes


def _pair(one: str, other: str, prepared: dict[str, tuple[bool, Array]]) -> Association | None:
    (number, x), (second_number, y) = prepared[one], prepared[other]
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if len(x) < PAIRED:
        return None
    if number and second_number:
        value = _correlation(x, y)
        return Association(one, other, "spearman", abs(value), int(np.sign(value)))
    if not number and not second_number:
        return Association(one, other, "cramers_v", cramers_v(x.astype(int), y.astype(int)))
    groups, values = (y.astype(int), x) if number else (x.astype(int), y)
    return Association(one, other, "correlation_ratio", correlation_ratio(groups, values))


def _correlation(x: Array, y: Array) -> float:
    if x.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def cramers_v(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> float:
    """Return Cramér's V of two lists of codes, corrected for chance (Bergsma, 2013); 0 where it is not defined."""
    return _cramers_v(_table(x, y)) if len(x) > 1 else 0.0


def _cramers_v(table: Array) -> float:
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    (rows, columns), n = table.shape, table.sum()
    if rows < 2 or columns < 2:
        return 0.0
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi2 = float(((table - expected) ** 2 / expected).sum()) / n
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    rows_corrected = rows - (rows - 1) ** 2 / (n - 1)
    columns_corrected = columns - (columns - 1) ** 2 / (n - 1)
    limit = min(rows_corrected, columns_corrected) - 1
    return float(min(np.sqrt(phi2 / limit), 1.0)) if limit > 0 else 0.0


def correlation_ratio(groups: npt.NDArray[np.int64], values: Array) -> float:
    """Return the root of the share of the spread of `values` that their groups explain (Pearson, 1905), less chance.

    The share is corrected as an adjusted R squared is, so that many small groups explain nothing by chance.
    """
    n = len(values)
    _, codes = np.unique(groups, return_inverse=True)
    k = int(codes.max()) + 1 if n else 0
    total = float(((values - values.mean()) ** 2).sum()) if n else 0.0
    if n - k < 1 or k < 2 or total == 0:
        return 0.0
    counts, sums = np.bincount(codes), np.bincount(codes, weights=values)
    between = float((counts * (sums / counts - values.mean()) ** 2).sum())
    share = 1 - (1 - between / total) * (n - 1) / (n - k)
    return float(np.sqrt(min(max(share, 0.0), 1.0)))

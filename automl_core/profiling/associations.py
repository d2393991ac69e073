"""How strongly two columns say the same: one measure from 0 to 1 for each pair of kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
ROWS = 20_000
"""Most rows that are looked at."""
COLUMNS = 60
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
        frame = frame.sample(ROWS, random_state=seed)
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
    pairs = [(target, name) for name in names] if target in prepared else []
    close = names[:COLUMNS]
    pairs += [(one, other) for place, one in enumerate(close) for other in close[place + 1 :]]
    found = [pair for one, other in pairs if (pair := _pair(one, other, prepared)) is not None]
    found.sort(key=lambda entry: (entry.first != target, -entry.strength))
    return found, notes


def _prepare(values: pd.Series, number: bool) -> Array | None:
    """Return ranks or codes, NaN for missing; None for a column with fewer than two values."""
    if number:
        plain = values.astype("int64").where(values.notna()) if values.dtype.kind == "M" else values
        finite = plain.astype("float64").replace([np.inf, -np.inf], np.nan)
        return finite.rank().to_numpy() if finite.nunique() > 1 else None
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
    if len(x) < 2:
        return 0.0
    _, x = np.unique(x, return_inverse=True)
    _, y = np.unique(y, return_inverse=True)
    rows, columns, n = int(x.max()) + 1, int(y.max()) + 1, len(x)
    if rows < 2 or columns < 2:
        return 0.0
    table = np.bincount(x * columns + y, minlength=rows * columns).reshape(rows, columns).astype(float)
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

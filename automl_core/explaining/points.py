"""Single rows' contributions with the rows' own values: what a summary and a dependence chart are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.explaining.curves import label_of, places_of
from automl_core.explaining.explainer import Shares

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
COLUMNS = 12
"""Most columns whose single rows are kept."""
ROWS = 400
OUTPUTS = 10
BINS = 8
"""Parts that the rows are divided into by a number, to look for what two columns do together."""
WEAK = 0.1
"""Share of a column's spread at the same value that another must explain to be named."""


@dataclass(frozen=True)
class Points:
    """Contributions of single rows for the columns that matter most.

    Parameters
    ----------
    columns : tuple of str
        Most important first.
    outputs : tuple of str
        The first `OUTPUTS` of the model's.
    kinds : tuple of str
        Of each column, ``number``, ``date`` or ``word``.
    values : tuple, shape (n_outputs, n_columns, n_rows)
    numbers : tuple, shape (n_columns, n_rows)
        Numbers as they are, dates in seconds since 1970; None for words and missing values.
    cells : tuple, shape (n_columns, n_rows)
        The same as text.
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    kinds: tuple[str, ...]
    values: tuple[tuple[tuple[float, ...], ...], ...]
    numbers: tuple[tuple[float | None, ...], ...]
    cells: tuple[tuple[str, ...], ...]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Points:
        """Rebuild from its plain form."""
        return cls(**{name: _tuples(value) for name, value in data.items()})


@dataclass(frozen=True)
class Together:
    """Which column changes most what another column adds.

    Parameters
    ----------
    column : str
    partner : str
        Empty where none does.
    strength : float
        Share of the spread of the column's contributions at about the same value of the column that the partner explains.
    """

    column: str
    partner: str
    strength: float


def points_of(shares: Shares, typed: pd.DataFrame, columns: list[str]) -> Points:
    """Return the points of some columns; `typed` holds the rows of `shares`."""
    names = columns[:COLUMNS]
    rows = typed.iloc[:ROWS]
    places = [shares.columns.index(name) for name in names]
    kinds, numbers, cells = [], [], []
    for name in names:
        values = rows[name]
        kind = "word" if values.dtype == object else "date" if values.dtype.kind == "M" else "number"
        kinds.append(kind)
        cells.append(tuple(label_of(value)[:60] for value in values))
        numbers.append(tuple(None if kind == "word" or pd.isna(value) else places_of([value], kind)[0] for value in values))
    kept = shares.values[: len(rows), places, :OUTPUTS].round(6)
    return Points(
        tuple(names),
        shares.outputs[:OUTPUTS],
        tuple(kinds),
        _tuples(kept.transpose(2, 1, 0).tolist()),
        tuple(numbers),
        tuple(cells),
    )


def together(shares: Shares, typed: pd.DataFrame, columns: list[str]) -> tuple[Together, ...]:
    """Find for each column the one that changes most what it adds.

    What a column adds at about the same value of its own still differs from row to row where columns work together. The
    partner is the column that explains most of what is left (adjusted for its number of parts), as in SHAP's dependence
    plots, but measured.

    Parameters
    ----------
    shares : Shares
    typed : DataFrame
        The rows of `shares`.
    columns : list of str
    """
    parts = {name: parts_of(typed[name]) for name in columns}
    output = int(np.abs(shares.values).mean(axis=(0, 1)).argmax())
    found = []
    for name in columns:
        values = shares.values[:, shares.columns.index(name), output]
        left = values - _means(values, parts[name])
        best = Together(name, "", 0.0)
        if left.var() > 1e-3 * values.var() > 0:
            for other in columns:
                # Within each part of the column the partner may act in another direction.
                both = parts[name] * (parts[other].max() + 1) + parts[other]
                codes = np.unique(both, return_inverse=True)[1].astype(np.int64)
                used = len(np.unique(codes)) - len(np.unique(parts[name]))
                if other == name or used < 1 or len(left) - used < 20:
                    continue
                rest = ((left - _means(left, codes)) ** 2).sum() / (len(left) - used)
                strength = float(1 - rest / left.var())
                if strength > max(best.strength, WEAK):
                    best = Together(name, other, strength)
        found.append(best)
    return tuple(found)


def parts_of(values: pd.Series) -> Ints:
    """Return the number of the part of each row: by eighths of a number or a date, by the seven most frequent words."""
    if values.dtype == object:
        cells = values.map(str, na_action="ignore")
        words = {word: place for place, word in enumerate(cells.value_counts().index[: BINS - 1])}
        return np.asarray([BINS if pd.isna(cell) else words.get(cell, BINS - 1) for cell in cells], dtype=np.int64)
    ranks = values.rank(pct=True, method="average")
    return np.asarray((ranks * BINS).clip(upper=BINS - 1e-9).fillna(BINS), dtype=np.int64)


def _means(values: Array, codes: Ints) -> Array:
    counts = np.bincount(codes)
    return np.asarray((np.bincount(codes, values) / np.maximum(counts, 1))[codes])


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value

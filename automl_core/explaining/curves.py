"""Partial dependence and individual curves: what a model predicts when one column is set to one value after the other.

Friedman (2001) for the mean, Goldstein and others (2015) for single rows. The person's own column is set, in its own unit,
before any cleaning, so that what is made of it follows.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.profiling.wording import number
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
GRID = 16
"""Most values that a column is set to."""
SINGLE = 25
"""Most rows whose own curve is kept."""
ROWS = (30, 300)
"""Fewest and most rows that a mean is taken over; between them the time decides."""
MISSING = "missing"


@dataclass(frozen=True)
class Curve:
    """What is predicted when one column is set to each of some values.

    Parameters
    ----------
    column : str
        As uploaded.
    kind : str
        ``number``, ``date`` or ``word``.
    labels : tuple of str
        The values, as text.
    at : tuple of float
        Numbers as they are, dates in seconds since 1970, places for words.
    share : tuple of float
        Of the rows, how many have this word, or are nearest to this number.
    mean : tuple of tuple of float, shape (n_outputs, n_values)
    single : tuple of tuple of tuple of float, shape (n_outputs, n_rows, n_values)
    rows : int
        That the mean is over.
    """

    column: str
    kind: Literal["number", "date", "word"]
    labels: tuple[str, ...]
    at: tuple[float, ...]
    share: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    single: tuple[tuple[tuple[float, ...], ...], ...]
    rows: int

    def span(self, output: int = 0) -> tuple[int, int]:
        """Return the places of the lowest and the highest mean."""
        return int(np.argmin(self.mean[output])), int(np.argmax(self.mean[output]))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Curve:
        """Rebuild from its plain form."""
        return cls(**{name: _tuples(value) for name, value in data.items()})


def curves(
    model: Model, typed: pd.DataFrame, columns: Sequence[str], *, seed: int = 0, seconds: float = 10.0
) -> tuple[Curve, ...]:
    """Return the curves of some columns.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
        As `Model.checked` gives it.
    columns : sequence of str
    seed : int
    seconds : float
        About how long it may take.
    """
    order = np.random.default_rng(seed).permutation(len(typed))
    grids = {name: grid_of(typed[name]) for name in columns}
    cells = sum(len(values) for values, _ in grids.values())
    start = time.perf_counter()
    probe = typed.iloc[order[: ROWS[0]]]
    model.values_of(pd.concat([probe] * 4, ignore_index=True))
    a_row = (time.perf_counter() - start) / (4 * len(probe))
    rows = typed.iloc[order[: int(np.clip(seconds / max(a_row * max(cells, 1), 1e-9), *ROWS))]].reset_index(drop=True)
    return tuple(_curve(model, rows, name, *grids[name]) for name in columns)


def grid_of(values: pd.Series) -> tuple[list[Any], str]:
    """Return the values that a column is set to, and its kind: quantiles of numbers and dates, the most frequent words."""
    present = values.dropna()
    if values.dtype == object:
        words: list[Any] = [str(word) for word in present.map(str).value_counts().index[: GRID - 1]]
        return ([*words, np.nan] if values.isna().any() else words), "word"
    kind = "date" if values.dtype.kind == "M" else "number"
    distinct = np.unique(present.to_numpy())
    if len(distinct) > GRID:
        places = np.linspace(0.01, 0.99, GRID)
        ordered = np.sort(present.to_numpy())
        distinct = np.unique(ordered[(places * (len(ordered) - 1)).round().astype(int)])
    return list(distinct), kind


def _curve(model: Model, rows: pd.DataFrame, name: str, grid: list[Any], kind: Any) -> Curve:
    parts = []
    for value in grid:
        column = pd.Series([value] * len(rows), index=rows.index, dtype="float64" if kind == "number" else rows[name].dtype)
        parts.append(rows.copy())
        parts[-1][name] = column
    values = model.values_of(pd.concat(parts, ignore_index=True)) if parts else np.zeros(0)
    values = values[:, 1:] if len(model.classes) == 2 else values.reshape(len(values), -1)
    found = values.reshape(len(grid), len(rows), -1).transpose(2, 1, 0)
    return Curve(
        name,
        kind,
        tuple(label_of(value) for value in grid),
        tuple(places_of(grid, kind)),
        tuple(_shares(rows[name], grid, kind)),
        _tuples(found.mean(axis=1).round(6).tolist()),
        _tuples(found[:, :SINGLE].round(6).tolist()),
        len(rows),
    )


def label_of(value: Any) -> str:
    """Return a value as text."""
    if pd.isna(value):
        return MISSING
    if isinstance(value, np.datetime64 | pd.Timestamp):
        return pd.Timestamp(value).date().isoformat()
    return str(value) if isinstance(value, str) else number(float(value))


def places_of(grid: Sequence[Any], kind: str) -> list[float]:
    """Return where values stand on an axis: numbers as they are, dates in seconds since 1970, words in their order."""
    if kind == "number":
        return [float(value) for value in grid]
    if kind == "date":
        return [float((pd.Timestamp(value) - pd.Timestamp("1970-01-01")).total_seconds()) for value in grid]
    return [float(place) for place in range(len(grid))]


def _shares(values: pd.Series, grid: list[Any], kind: str) -> list[float]:
    if kind == "word":
        cells = values.map(str, na_action="ignore")
        return [float(cells.isna().mean() if pd.isna(value) else (cells == value).mean()) for value in grid]
    if not grid:
        return []
    numbers = np.asarray(places_of(list(values.dropna()), kind))
    at = np.asarray(places_of(grid, kind))
    nearest = np.abs(numbers[:, None] - at[None]).argmin(axis=1)
    return [float(share) for share in np.bincount(nearest, minlength=len(grid)) / max(len(values), 1)]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value

"""What each column adds to single predictions: SHAP values in the person's own columns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import as_text
from automl_core.engines.shap import contributions, cost
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BACKGROUND = 10
"""Rows that stand for "not known"."""
EXPLAINED = (20, 200)
"""Fewest and most rows whose predictions are shared out; between them the time decides."""
APART = 40
"""Most columns with a share of their own; all others get one together."""
MEMORY = 8_000_000
"""Row numbers that are held at once while predictions are shared out, 8 bytes each."""
CELLS = 4_000_000
"""Cells that are predicted at once."""


@dataclass(frozen=True)
class Contributions:
    """What each column added to single predictions.

    Parameters
    ----------
    columns : tuple of str
        As uploaded; of a wide table the last one stands for all columns without a share of their own.
    outputs : tuple of str
        Label of the event alone for two classes, every label for more, the target's name for numbers.
    base : tuple of float
        Mean prediction by output.
    mean : tuple of tuple of float, shape (n_outputs, n_columns)
        Mean size of a column's contribution.
    values : tuple of tuple of float, shape (n_rows, n_columns)
        Contributions to the first output.
    cells : tuple of tuple of str, shape (n_rows, n_columns)
        The rows' values.
    ranks : tuple of tuple of (float or None), shape (n_rows, n_columns)
        Where a number or date stands among the rows, 0 lowest to 1 highest; None for words and missing values.
    """

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    base: tuple[float, ...]
    mean: tuple[tuple[float, ...], ...]
    values: tuple[tuple[float, ...], ...]
    cells: tuple[tuple[str, ...], ...]
    ranks: tuple[tuple[float | None, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Contributions:
        """Rebuild from `to_dict`'s output."""
        return cls(**{name: _tuples(value) for name, value in data.items()})


def share_out(
    model: Model, typed: pd.DataFrame, ranked: Sequence[str], *, seed: int, seconds: float
) -> tuple[Contributions, tuple[str, ...]]:
    """Share out the predictions of some rows among the columns.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
        The columns that the model uses, as `Model.checked` gives them.
    ranked : sequence of str
        Columns, most important first: in a wide table the first `APART` get a share of their own.
    seed : int
    seconds : float
        About how long it may take.

    Returns
    -------
    Contributions
    tuple of str
        Notes, where columns share one share.
    """
    names = [str(name) for name in typed.columns]
    apart = set(ranked[:APART]) if len(names) > APART + 1 else set(names)
    single = [name for name in names if name in apart]
    together = len(names) - len(single)
    # A player is one column, or all the others as one: Shapley values stay exact for players of any make.
    player = {name: place for place, name in enumerate(single)}
    players = len(single) + (together > 0)
    places = [player.get(name, len(single)) for name in names]

    def predict(rows: Ints) -> Array:
        at_once = max(CELLS // len(names), 1)
        found = []
        for first in range(0, len(rows), at_once):
            part = rows[first : first + at_once]
            mixed = {name: typed[name].array.take(part[:, place]) for name, place in zip(names, places, strict=True)}
            values = model.values_of(pd.DataFrame(mixed))
            found.append(values[:, [1]] if len(model.classes) == 2 else values.reshape(len(values), -1))
        return np.concatenate(found)

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(typed))
    background = order[:BACKGROUND]
    probe = np.repeat(rng.integers(0, len(typed), (2000, 1)), players, axis=1)
    start = time.perf_counter()
    predict(probe)
    a_row = cost(players, len(background))
    affordable = 2000 * seconds / max(time.perf_counter() - start, 1e-6) // a_row
    count = int(np.clip(min(affordable, MEMORY // (a_row * players)), *EXPLAINED))
    explained = np.sort(order[::-1][:count])
    values, base = contributions(predict, explained, background, players, seed=seed)
    shown, count = typed.iloc[explained], len(explained)
    others = [f"{together:,} other columns"] if together else []
    found = Contributions(
        columns=(*single, *others),
        outputs=(model.classes[1],) if len(model.classes) == 2 else model.classes or (model.target,),
        base=tuple(float(value) for value in base),
        mean=_tuples(np.abs(values).mean(axis=0).T.tolist()),
        values=_tuples(values[:, :, 0].tolist()),
        cells=tuple(zip(*(_texts(shown[name]) for name in single), *([["several"] * count] if others else []), strict=True)),
        ranks=tuple(zip(*(_ranks(shown[name]) for name in single), *([[None] * count] if others else []), strict=True)),
    )
    notes = (f"The {len(single)} columns that matter most have a contribution each, all others one together.",) if others else ()
    return found, notes


def _texts(values: pd.Series) -> list[str]:
    text = values.map(str, na_action="ignore") if values.dtype == object else as_text(values)
    return ["" if missing else str(cell)[:60] for cell, missing in zip(text, values.isna(), strict=True)]


def _ranks(values: pd.Series) -> list[float | None]:
    if values.dtype == object:
        return [None] * len(values)
    places = values.rank(pct=True)
    return [None if np.isnan(place) else float(place) for place in places]


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value

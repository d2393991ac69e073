"""Which columns matter to a model: by shuffling them, and by what they add to single predictions."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import as_text
from automl_core.errors import FormatError
from automl_core.evaluation.evaluate import read_target
from automl_core.metrics import METRICS, score
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
ROWS = 2000
"""Most rows that are shuffled."""
REPEATS = 5
BACKGROUND = 10
EXPLAINED = (20, 200)
"""Fewest and most rows whose predictions are shared out; between them the time decides."""


@dataclass(frozen=True)
class ColumnImportance:
    """What a model loses when one column is shuffled.

    Parameters
    ----------
    column : str
        As uploaded.
    mean, spread : float
        Mean and standard deviation over the repeats of how much worse the metric gets; negative where it gets better.
    """

    column: str
    mean: float
    spread: float


@dataclass(frozen=True)
class Contributions:
    """What each column added to single predictions.

    Parameters
    ----------
    columns : tuple of str
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


@dataclass(frozen=True)
class Explanation:
    """Which columns a model looks at.

    Parameters
    ----------
    metric : str
    rows : int
        Rows that were shuffled.
    permutation : tuple of ColumnImportance
        Most important first.
    contributions : Contributions
    notes : tuple of str
    """

    metric: str
    rows: int
    permutation: tuple[ColumnImportance, ...]
    contributions: Contributions
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "metric": self.metric,
            "rows": self.rows,
            "permutation": [dict(vars(entry)) for entry in self.permutation],
            "contributions": dict(vars(self.contributions)),
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Explanation:
        """Rebuild an explanation; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This explanation has format {data.get('format')!r}.", "This version reads format 1.")
        return cls(
            data["metric"],
            data["rows"],
            tuple(ColumnImportance(**entry) for entry in data["permutation"]),
            Contributions(**{name: _tuples(value) for name, value in data["contributions"].items()}),
            tuple(data["notes"]),
        )


def explain(model: Model, frame: pd.DataFrame, *, seed: int = 0, seconds: float = 8.0, source: str = "held-out") -> Explanation:
    """Find out which of the person's own columns a model looks at.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        Labelled raw rows, best such as the model never saw.
    seed : int
    seconds : float
        About how long the sharing out of predictions may take.
    source : str
        What the rows are, for the notes.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        When the rows cannot be judged, see `evaluation.evaluate.read_target`.
    """
    truth, known = read_target(model, frame)
    typed = model.checked(frame[known])[list(model.used)].reset_index(drop=True)
    notes = []
    if len(typed) > ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(typed))[:ROWS])
        notes.append(f"{ROWS:,} of {len(typed):,} {source} rows, drawn at random, were used.")
        typed, truth = typed.iloc[chosen].reset_index(drop=True), truth[chosen]
    permutation = _permutation(model, typed, truth, seed)
    contributions, count = _contributions(model, typed, seed, seconds)
    notes.append(f"Contributions are those of {count:,} {source} rows; missing knowledge is stood for by {BACKGROUND} other rows.")
    if len(model.used) > 1:
        notes.append("Columns that say the same share their importance: each may look small although both matter together.")
    return Explanation(model.metric, len(typed), permutation, contributions, tuple(notes))


class _Fitted:
    """What scikit-learn's inspection takes for an estimator: a model that has been fitted long ago."""

    def fit(self) -> None:
        """Never called."""
        raise NotImplementedError("This model is fitted.")


def _permutation(model: Model, typed: pd.DataFrame, truth: Array, seed: int) -> tuple[ColumnImportance, ...]:
    """Shuffle one column after the other (Breiman, 2001; Fisher, Rudin and Dominici, 2019)."""
    from sklearn.inspection import permutation_importance

    metric = METRICS[model.metric]
    sign = 1.0 if metric.greater_is_better else -1.0
    y = truth.astype(int) if model.classes else truth

    def judge(_: _Fitted, X: pd.DataFrame, y: Array) -> float:
        values = model.values_of(X)
        if metric.needs == "label" and len(model.classes) == 2:
            event = model.codes(values).astype(float)
            values = np.column_stack([1 - event, event])
        return sign * score(metric.name, y, values)

    repeats = REPEATS if len(model.used) <= 60 else 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare categories of a shuffled column are no news
        found = permutation_importance(_Fitted(), typed, y, scoring=judge, n_repeats=repeats, random_state=seed)
    order = np.argsort(-found.importances_mean, kind="stable")
    return tuple(
        ColumnImportance(model.used[place], float(found.importances_mean[place]), float(found.importances_std[place]))
        for place in order
    )


def _contributions(model: Model, typed: pd.DataFrame, seed: int, seconds: float) -> tuple[Contributions, int]:
    from automl_core.engines.shap import contributions, cost

    columns = list(typed.columns)

    def predict(rows: npt.NDArray[np.int64]) -> Array:
        mixed = pd.DataFrame({name: typed[name].array.take(rows[:, place]) for place, name in enumerate(columns)})
        values = model.values_of(mixed)
        return values[:, [1]] if len(model.classes) == 2 else values.reshape(len(values), -1)

    rng = np.random.default_rng(seed)
    order = rng.permutation(len(typed))
    background = order[:BACKGROUND]
    probe = np.repeat(rng.integers(0, len(typed), (2000, 1)), len(columns), axis=1)
    start = time.perf_counter()
    predict(probe)
    affordable = 2000 * seconds / max(time.perf_counter() - start, 1e-6)
    count = int(np.clip(affordable // cost(len(columns), len(background)), *EXPLAINED))
    explained = np.sort(order[::-1][:count])
    values, base = contributions(predict, explained, background, len(columns), seed=seed)
    outputs = (model.classes[1],) if len(model.classes) == 2 else model.classes or (model.target,)
    shown = typed.iloc[explained]
    found = Contributions(
        columns=tuple(columns),
        outputs=outputs,
        base=tuple(float(value) for value in base),
        mean=_tuples(np.abs(values).mean(axis=0).T.tolist()),
        values=_tuples(values[:, :, 0].tolist()),
        cells=tuple(zip(*(_texts(shown[name]) for name in columns), strict=True)),
        ranks=tuple(zip(*(_ranks(shown[name]) for name in columns), strict=True)),
    )
    return found, len(explained)


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

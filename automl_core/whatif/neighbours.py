"""Training rows like a row, and whether a row is like any of them at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import AutoMLError
from automl_core.explaining.curves import label_of, places_of
from automl_core.profiling.wording import counted, number, percent, quoted
from automl_core.reference import made_up_rows
from automl_core.run_parts import train_rows
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
ROWS = 5000
"""Most training rows that are looked through."""
OWN = 300
"""Training rows whose own nearest neighbour says what is usual."""
FAR = 0.99
SHOWN = 5


@dataclass(frozen=True)
class SimilarRow:
    """A training row like the one asked about.

    Parameters
    ----------
    cells : dict of str to str
        Columns with personal data are not among them.
    outcome : str
    alike : float
        1 for the same in every column that matters, 0 for as different as can be.
    value : float or None
        The outcome where it is a number.
    """

    cells: dict[str, str]
    outcome: str
    alike: float
    value: float | None = None


@dataclass(frozen=True)
class Position:
    """Where a cell stands among the training rows.

    Parameters
    ----------
    column, cell : str
    below : float or None
        For numbers and dates: share of the rows with a lower value, half of the equal ones included.
    same : float or None
        For words and missing values: share of the rows that have the same.
    sentence : str
    """

    column: str
    cell: str
    below: float | None
    same: float | None
    sentence: str


class Neighbours:
    """Training rows, placed so that distances between them mean something (Gower, 1971).

    Numbers and dates are as far apart as their ranks are, words differ or not. A column counts as much as it moves
    predictions. Columns with personal data are left out.

    Parameters
    ----------
    model : Model
    frame : DataFrame
        Training rows as uploaded, typed, with the target.
    weights : mapping of str to float
        How much each column matters; equal where none is known.
    seed : int
    """

    def __init__(self, model: Model, frame: pd.DataFrame, weights: Mapping[str, float] | None = None, *, seed: int = 0) -> None:
        personal = model.reference.get("personal", {})
        self.columns = [name for name in model.used if name not in personal]
        self.total = len(frame)
        if len(frame) > ROWS:
            frame = frame.iloc[np.sort(np.random.default_rng(seed).permutation(len(frame))[:ROWS])]
        self.frame = frame.reset_index(drop=True)
        self.target = model.target
        given = np.array([max((weights or {}).get(name, 0.0), 0.0) for name in self.columns])
        if given.sum() <= 0:
            given = np.ones(len(self.columns))
        self.weights = given / max(given.sum(), 1e-12)
        self._sorted: dict[str, Array] = {}
        self._words: dict[str, dict[str, float]] = {}
        for name in self.columns:
            values = self.frame[name]
            if values.dtype == object:
                self._words[name] = {word: float(code) for code, word in enumerate(values.dropna().map(str).unique())}
            else:
                self._sorted[name] = np.sort(_numbers(values.dropna()))
        self.places = self._place(self.frame)
        own = np.sort(np.random.default_rng(seed).permutation(len(self.frame))[:OWN])
        nearest = [np.partition(self._distances(self.places[row]), 1)[1] if len(self.frame) > 1 else 0.0 for row in own]
        self.far = float(np.quantile(nearest, FAR)) if nearest else np.inf

    def _place(self, frame: pd.DataFrame) -> Array:
        columns = []
        for name in self.columns:
            values = frame[name]
            if name in self._words:
                known = self._words[name]
                columns.append(np.array([np.nan if pd.isna(cell) else known.get(str(cell), -1.0) for cell in values]))
            else:
                ordered, numbers = self._sorted[name], np.full(len(values), np.nan)
                there = values.notna().to_numpy()
                numbers[there] = _numbers(values[there])
                below = np.searchsorted(ordered, numbers, "left") + np.searchsorted(ordered, numbers, "right")
                columns.append(np.where(there, below / max(2 * len(ordered), 1), np.nan))
        return np.column_stack(columns) if columns else np.zeros((len(frame), 0))

    def _distances(self, place: Array) -> Array:
        away = np.empty_like(self.places)
        for at, name in enumerate(self.columns):
            column, own = self.places[:, at], place[at]
            both = np.isnan(column) & np.isnan(own)
            one = np.isnan(column) ^ np.isnan(own)
            apart = (column != own).astype(float) if name in self._words else np.abs(column - own)
            away[:, at] = np.where(both, 0.0, np.where(one, 1.0, apart))
        return np.asarray(away @ self.weights)

    def similar(self, typed: pd.DataFrame, shown: int = SHOWN) -> tuple[SimilarRow, ...]:
        """Return the training rows most like a row, nearest first."""
        if not self.columns or not len(self.frame):
            return ()
        distances = self._distances(self._place(typed)[0])
        found = []
        for row in np.argsort(distances, kind="stable")[:shown]:
            cells = {name: _text(self.frame[name].iloc[row]) for name in self.columns}
            outcome: Any = self.frame[self.target].iloc[row] if self.target in self.frame else None
            is_number = isinstance(outcome, int | float | np.number) and np.isfinite(outcome)
            value = float(outcome) if is_number else None
            found.append(SimilarRow(cells, _text(outcome), float(1 - distances[row]), value))
        return tuple(found)

    def warning(self, typed: pd.DataFrame) -> str:
        """Say whether no training row is like a row; an empty text where one is."""
        if not self.columns or not len(self.frame):
            return ""
        nearest = float(self._distances(self._place(typed)[0]).min())
        if nearest <= max(self.far, 1e-9):
            return ""
        return (
            "This row is unlike those that the model learned from, so rely less on what it says: the nearest one is "
            f"{percent(1 - nearest)} alike, while {percent(FAR)} of them have another that is at least "
            f"{percent(1 - self.far)} alike."
        )


def training_neighbours(run: Run, model: Model, weights: Mapping[str, float] | None = None) -> Neighbours | None:
    """Return a run's learned rows to compare with.

    Returns
    -------
    Neighbours or None
        None where the table was deleted or read anew since, or the model was packed without real rows.
    """
    if model.manifest.get("real_rows") == 0:
        return None
    try:
        rows = train_rows(run.path).learned
        frame = run.dataset().frame()
    except AutoMLError:
        return None
    return Neighbours(model, frame.loc[frame.index.intersection(pd.Index(rows))], weights, seed=run.config.seed)


def made_up(model: Model) -> pd.DataFrame:
    """Return rows that nobody entered, typed, from the model's statistics: where the table is gone."""
    schema = Schema(tuple(column for column in model.inputs if column.name in model.used))
    return made_up_rows(model.reference["columns"], schema, 10)


def positions(model: Model, typed: pd.DataFrame) -> tuple[Position, ...]:
    """Return where each cell of a row stands among the training rows, by the model's own statistics of them."""
    return tuple(_position(name, typed[name].iloc[0], model.reference.get("columns", {}).get(name, {})) for name in model.used)


def outside(model: Model, typed: pd.DataFrame) -> tuple[str, ...]:
    """Return a sentence for each cell of a row that the training rows have nothing like."""
    found = []
    for name in model.used:
        value, facts = typed[name].iloc[0], model.reference.get("columns", {}).get(name, {})
        if pd.isna(value):
            if facts and facts.get("missing", 1.0) == 0:
                found.append(f"{quoted(name)} is missing, and was never missing in the training rows.")
        elif quantiles := facts.get("quantiles"):
            kind = facts.get("kind", "number")
            place = places_of([value], kind)[0]
            for edge, word in ((quantiles[0], "lowest"), (quantiles[-1], "highest")):
                if (place < edge) if word == "lowest" else (place > edge):
                    shown = label_of(pd.Timestamp(edge, unit="s")) if kind == "date" else label_of(edge)
                    found.append(f"{quoted(name)} is {label_of(value)}; the {word} in the training rows is {shown}.")
        elif facts.get("complete") and facts.get("values") and str(value) not in facts["values"]:
            found.append(f"{quoted(name)} is {quoted(str(value))}, which no training row has.")
    return tuple(found)


def _position(name: str, value: Any, facts: dict[str, Any]) -> Position:
    cell = label_of(value)
    if pd.isna(value):
        share = facts.get("missing")
        said = f"{percent(share)} of the training rows lack it, too." if share is not None else ""
        return Position(name, cell, None, share, said)
    if quantiles := facts.get("quantiles"):
        place = places_of([value], facts.get("kind", "number"))[0]
        ends = np.searchsorted(quantiles, place, "left") + np.searchsorted(quantiles, place, "right")
        below = float(ends / (2 * len(quantiles)))
        side = f"higher than {percent(below)}" if below >= 0.5 else f"lower than {percent(1 - below)}"
        return Position(name, cell, below, None, f"{side[0].upper()}{side[1:]} of the training rows.")
    counts = facts.get("values")
    if counts and facts.get("complete"):
        share = counts.get(str(value), 0) / max(sum(counts.values()), 1)
        said = f"{percent(share)} of the training rows have the same." if share else "No training row has this."
        return Position(name, cell, None, share, said)
    return Position(name, cell, None, None, "")


def _numbers(values: pd.Series) -> Array:
    return np.asarray(places_of(list(values), "date" if values.dtype.kind == "M" else "number"), dtype=np.float64)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else label_of(value)


def outcomes_sentence(model: Model, found: Sequence[SimilarRow]) -> str:
    """Say what became of the training rows most like a row; empty where none of their outcomes is known."""
    known = [row for row in found if row.outcome]
    if not known:
        return ""
    target, one = quoted(model.target), len(known) == 1
    rows = "training row most like this one" if one else f"{len(known):,} training rows most like this one"
    if model.classes:
        told = ", ".join(f"{quoted(label)} in {count:,}" for label, count in Counter(row.outcome for row in known).most_common())
        return f"In the {rows} {target} is {quoted(known[0].outcome)}." if one else f"Among the {rows} {target} is {told}."
    values = [row.value for row in known if row.value is not None]
    if not values:
        return ""
    mean = number(sum(values) / len(values))
    if one:
        return f"In the {rows} {target} is {mean}."
    return f"Among the {rows} {target} is {mean} on average, from {number(min(values))} to {number(max(values))}."


def looked_through(neighbours: Neighbours) -> str:
    """Say how many rows were looked through."""
    if neighbours.total > len(neighbours.frame):
        return f"{len(neighbours.frame):,} of {neighbours.total:,} training rows, drawn at random, were looked through."
    return f"All {counted(neighbours.total, 'training row was', 'training rows were')} looked through."

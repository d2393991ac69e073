"""What can be tuned of a model: PyCaret's distributions, set right where the class would refuse them, and ours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from automl_core.cleaning.variants import AS_IS, CHOICES, offered
from automl_core.engines.optuna import Choice, Range
from automl_core.errors import InputError
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate
from automl_core.schema import Schema
from automl_core.search.candidates import Spec, entries, make_estimator
from automl_core.search.tuner import KINDS, kind_of
from automl_core.tuning.meanings import meaning

CLEANING = "clean_"
"""How the name of a parameter begins that is a cleaning choice and none of the model."""
MOST_POINTS = 2_000
"""Of a grid; beyond it a sampler finds better points in less time."""
STEPS = 3
"""Points of a grid along each range, unless said otherwise."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model.

    Parameters
    ----------
    name : str
    entry : Range or Choice
        What is tried; a range whose ends are equal and a choice of one value fix it.
    start : object
        The value of the model that is tuned, which may lie outside, such as None for no limit.
    """

    name: str
    entry: Range | Choice
    start: Any = None

    @property
    def meaning(self) -> str:
        """What it does, one sentence."""
        return meaning(self.name)

    @property
    def fixed(self) -> bool:
        """Whether there is only one value."""
        return len(self.entry.values) == 1 if isinstance(self.entry, Choice) else self.entry.low == self.entry.high

    def points(self, steps: int) -> list[Any]:
        """Return the values of a grid along this parameter."""
        if isinstance(self.entry, Choice):
            return list(self.entry.values)
        low, high = self.entry.low, self.entry.high
        if self.fixed:
            return [int(low) if self.entry.whole else low]
        shares = [place / (steps - 1) for place in range(steps)] if steps > 1 else [0.5]
        if self.entry.log:
            values = [math.exp(math.log(low) + share * (math.log(high) - math.log(low))) for share in shares]
        else:
            values = [low + share * (high - low) for share in shares]
        found = [min(max(value, low), high) for value in values]
        return list(dict.fromkeys(round(value) for value in found)) if self.entry.whole else found

    def nearest(self, value: Any) -> Any:
        """Return the value of the space that stands for `value`: where the search begins; the fit uses the value itself."""
        if isinstance(self.entry, Choice):
            return value if value in self.entry.values else self.entry.values[0]
        low, high = self.entry.low, self.entry.high
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return self.points(1)[0] if isinstance(value, str) else (int(high) if self.entry.whole else high)
        inside = min(max(value, low), high)
        return round(inside) if self.entry.whole else float(inside)


@dataclass(frozen=True)
class Space:
    """The parameters of one model."""

    parameters: tuple[Parameter, ...]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def open(self) -> tuple[Parameter, ...]:
        """The parameters that have more than one value."""
        return tuple(one for one in self.parameters if not one.fixed)

    @property
    def entries(self) -> dict[str, Range | Choice]:
        """What the sampler draws from."""
        return {one.name: one.entry for one in self.parameters}

    def grid_size(self, steps: int = STEPS) -> int:
        """Return how many points a grid has."""
        return math.prod(len(one.points(steps)) for one in self.parameters)

    def grid(self, steps: int = STEPS) -> list[dict[str, Any]]:
        """Return every point of a grid; raises InputError with its size and a proposal when there are too many."""
        size = self.grid_size(steps)
        if size > MOST_POINTS:
            raise InputError(
                f"The grid has {size:,} points.",
                f"At most {MOST_POINTS:,} are tried one after another.",
                self._smaller(steps),
            )
        names = [one.name for one in self.parameters]
        return [dict(zip(names, values, strict=True)) for values in product(*(one.points(steps) for one in self.parameters))]

    def _smaller(self, steps: int) -> str:
        """Return how the grid would become small enough: fewer steps, otherwise fewer parameters."""
        if steps > 2 and (size := self.grid_size(2)) <= MOST_POINTS:
            return f"Take 2 steps for each range ({size:,} points), or choose another method."
        kept: list[Parameter] = []
        for one in sorted(self.open, key=lambda one: len(one.points(steps))):
            if math.prod(len(other.points(steps)) for other in [*kept, one]) > MOST_POINTS:
                break
            kept.append(one)
        size = math.prod(len(one.points(steps)) for one in kept)
        return f"Fix all but {len(kept)} of the parameters ({size:,} points), or choose another method."

    def changed(self, name: str, entry: Range | Choice) -> Space:
        """Return a space in which one parameter is narrowed, widened or fixed.

        Raises
        ------
        InputError
            When the model has no such parameter, or the range is empty.
        """
        known = [one.name for one in self.parameters]
        if name not in known:
            raise InputError(
                f"This model has no parameter {name!r} that is tuned.", f"There are {', '.join(known)}.", "Choose one of them."
            )
        if isinstance(entry, Choice):
            if not entry.values:
                raise InputError(f"{name} has no value left.", "At least one is needed.", "Choose one or more.")
        elif not (math.isfinite(entry.low) and math.isfinite(entry.high)):
            raise InputError(f"{name} goes from {entry.low} to {entry.high}.", "Both must be numbers.", "Fill both in.")
        elif entry.low > entry.high:
            raise InputError(
                f"{name} goes from {entry.low:g} to {entry.high:g}.", "The low end must not be above the high end.", "Swap them."
            )
        elif entry.log and entry.low <= 0:
            raise InputError(
                f"{name} goes from {entry.low:g} on a logarithmic scale.",
                "Such a scale begins above 0.",
                "Use a small number instead, such as 0.001.",
            )
        return Space(tuple(replace(one, entry=entry) if one.name == name else one for one in self.parameters))

    def start(self) -> dict[str, Any]:
        """Return the point of the space that stands for the model as it is."""
        return {one.name: one.nearest(one.start) for one in self.parameters}

    def __add__(self, other: Space) -> Space:
        return Space((*self.parameters, *other.parameters))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return plain JSON types."""
        rows: list[dict[str, Any]] = []
        for one in self.parameters:
            if isinstance(one.entry, Choice):
                rows.append({"name": one.name, "values": list(one.entry.values), "start": one.start})
            else:
                rows.append({"name": one.name, **vars(one.entry), "start": one.start})
        return rows

    @classmethod
    def from_dict(cls, rows: list[dict[str, Any]]) -> Space:
        """Rebuild a space from `to_dict`'s output."""
        made = []
        for row in rows:
            entry: Range | Choice
            if "values" in row:
                entry = Choice(tuple(row["values"]))
            else:
                entry = Range(row["low"], row["high"], row["log"], row["whole"])
            made.append(Parameter(row["name"], entry, row["start"]))
        return cls(tuple(made))


RENAMED = {"catboost": {"eta": "learning_rate", "n_estimators": "iterations"}}
"""One name for one thing: CatBoost refuses two names of the same parameter."""
CORRECTED: dict[tuple[str, str], Range | Choice] = {
    # The class refuses the end that PyCaret names, or does nothing there.
    ("rbfsvm", "C"): Range(0.01, 100, log=True),
    ("svm", "C"): Range(0.01, 100, log=True),
    ("svm", "epsilon"): Range(0.001, 2, log=True),
    ("par", "C"): Range(0.001, 10, log=True),
    ("en", "alpha"): Range(1e-4, 10, log=True),
    ("lasso", "alpha"): Range(1e-4, 10, log=True),
    ("ridge", "alpha"): Range(0.001, 1000, log=True),
    ("lr", "C"): Range(0.001, 100, log=True),
    ("ransac", "min_samples"): Range(0.05, 0.95),
    ("ransac", "stop_probability"): Range(0.5, 0.999),
    ("catboost", "random_strength"): Range(0.1, 5, log=True),
    ("catboost", "depth"): Range(2, 10, whole=True),
    # Far from where anything is learned in 300 rounds.
    ("xgboost", "learning_rate"): Range(0.005, 0.5, log=True),
    ("lightgbm", "learning_rate"): Range(0.005, 0.5, log=True),
    ("catboost", "learning_rate"): Range(0.005, 0.5, log=True),
    ("gbc", "learning_rate"): Range(0.005, 0.5, log=True),
    ("gbr", "learning_rate"): Range(0.005, 0.5, log=True),
    ("ada", "learning_rate"): Range(0.01, 2, log=True),
    ("lightgbm", "num_leaves"): Range(4, 256, log=True, whole=True),
}
ADDED: dict[str, dict[str, Range | Choice]] = {
    # What PyCaret names in a way that the class does not know.
    "lightgbm": {"subsample": Range(0.5, 1.0), "colsample_bytree": Range(0.3, 1.0)},
    "mlp": {"hidden_layer_sizes": Choice(([64], [128], [256], [64, 64], [128, 64]))},
}
OWN: dict[str, dict[str, Range | Choice]] = {
    "ExplainableBoosting": {
        "learning_rate": Range(0.01, 0.2, log=True), "interactions": Range(0, 20, whole=True),
        "min_samples_leaf": Range(2, 20, log=True, whole=True), "max_leaves": Range(2, 5, whole=True),
    },
    "HistGradientBoosting": {
        "learning_rate": Range(0.02, 0.3, log=True), "max_leaf_nodes": Range(6, 128, log=True, whole=True),
        "min_samples_leaf": Range(2, 80, log=True, whole=True), "l2_regularization": Range(1e-3, 20, log=True),
    },
}  # fmt: skip
"""By the beginning of a class's name, for what PyCaret does not list."""
LEFT_OUT = {"compute_score", "shrinking", "shuffle"}
"""These change the way to the model and not the model."""


def space_of(task: Task, spec: Spec) -> Space:
    """Return what can be tuned of a candidate, around and beside what it has now.

    Models that stop early have our own space, since their number of rounds is found by the fit.

    Raises
    ------
    InputError
        When nothing of it can be tuned.
    """
    kind = kind_of(spec.class_path)
    listed = next((row for row in entries(task) if row["class"] == spec.class_path), None)
    short = spec.class_path.rpartition(".")[2]
    if kind and (spec.early_stopping or listed is None):
        found: Mapping[str, Range | Choice] = KINDS[kind].space
    elif listed is not None:
        found = _listed(listed)
    else:
        found = next((space for start, space in OWN.items() if short.startswith(start)), {})
    if task != "binary":
        found = {name: entry for name, entry in found.items() if name != "scale_pos_weight"}
    if not found:
        raise InputError(f"{spec.name} has nothing that could be tuned.", action="Choose another model.")
    now = _present(spec)
    return Space(tuple(Parameter(name, entry, _plain(now.get(name))) for name, entry in found.items()))


def cleaning_space(view: str, schema: Schema) -> Space:
    """Return the cleaning choices that can be tuned beside a model's parameters.

    Parameters
    ----------
    view : str
        The model's.
    schema : Schema
        Of the table.

    Raises
    ------
    InputError
        When no choice would change what the model gets.
    """
    names = offered(view, schema)
    if not names:
        raise InputError(
            "This model reads words and gaps by itself.",
            "The imputer, the encoder and the scaler of the recipe do not reach it.",
            "Leave the cleaning choices out, or choose another model.",
        )
    return Space(tuple(Parameter(f"{CLEANING}{name}", Choice(CHOICES[name]), AS_IS) for name in names))


def check_tunable(row: Candidate) -> None:
    """Raise InputError for a row of the leaderboard that cannot be tuned."""
    if row.role != "model" or not row.spec:
        raise InputError(
            f"{row.name} is {'an ensemble' if row.role == 'ensemble' else 'not a model of its own'}.",
            "One model is tuned at a time.",
            "Choose one of the models it is made of." if row.role == "ensemble" else "Choose another row.",
        )
    if row.state != "scored":
        raise InputError(f"{row.name} has no score: {row.reason or row.state}.", action="Choose a row with a score.")


def _listed(row: dict[str, Any]) -> dict[str, Range | Choice]:
    names = RENAMED.get(row["id"], {})
    found: dict[str, Range | Choice] = {}
    for given, entry in row["space"].items():
        name = names.get(given, given)
        if name in LEFT_OUT:
            continue
        if (row["id"], name) in CORRECTED:
            found[name] = CORRECTED[row["id"], name]
        elif entry["kind"] == "categorical":
            # An empty dictionary of weights is how PyCaret says that all labels count the same.
            found[name] = Choice(tuple(None if value == {} else value for value in entry["values"]))
        else:
            found[name] = Range(entry["lower"], entry["upper"], entry["log"], entry["kind"] == "intuniform")
    return {**found, **ADDED.get(row["id"], {})}


def _present(spec: Spec) -> dict[str, Any]:
    """Return what a candidate's parameters are now, the class's own defaults among them."""
    estimator = make_estimator(spec, seed=0, threads=1)
    return {**estimator.get_params(), **spec.params}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, str | int | float | bool | list | type(None)) else str(value)

"""Where a model fails: the groups of rows in which it errs most, and the worst rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import FormatError
from automl_core.evaluation.intervals import mean_interval, wilson
from automl_core.evaluation.judged import Judged
from automl_core.evaluation.parting import MISSING, REST, day_of, numbers_of, texts_of
from automl_core.metrics import labels_of
from automl_core.profiling.wording import number, percent, quoted
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
ROWS = 100_000
"""Most rows that the tree looks at."""
DEPTH, LEAVES = 3, 10
WORTH = 0.005
"""Part of the variance of the errors that a division of the rows must explain; less makes words longer and tells nothing."""
HONEST = 400
"""From how many rows on one half of them finds the groups and the other half measures them."""
WORDS = 60
"""Most words of a column that are told apart; rarer ones stand together."""
OFTEN = 5
"""Rows that a word needs; rarer ones, such as the numbers of tickets, would be put in the order of chance."""
WORST = 50


@dataclass(frozen=True)
class Group:
    """Rows that have something in common.

    Parameters
    ----------
    words : str
        What they have in common.
    rows : int
    share : float
        Of all rows.
    error : float
        Mean error in the group, with its 95 % interval `low` to `high`.
    lift : float
        Error over that of all rows.
    of_all : float
        Which share of all errors falls into it.
    """

    words: str
    rows: int
    share: float
    error: float
    low: float
    high: float
    lift: float
    of_all: float


@dataclass(frozen=True)
class Failing:
    """Where a model fails.

    Parameters
    ----------
    error_name : str
        What is meant by error: ``wrong`` (share of rows whose label is wrong) or ``absolute`` (mean absolute error).
    rows : int
    error : float
        Over all rows.
    groups : tuple of Group
        Those that are surely worse than the whole, worst first.
    others : int
        How many groups of the tree are not.
    worst : tuple of dict
        Rows with the largest errors: ``row`` (number, from 1), ``truth``, ``predicted``, ``error``, ``cells`` by column.
    columns : tuple of str
        Columns that the tree looked at.
    notes : tuple of str
    """

    error_name: str
    rows: int
    error: float
    groups: tuple[Group, ...]
    others: int
    worst: tuple[dict[str, Any], ...]
    columns: tuple[str, ...]
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Failing:
        """Rebuild from `to_dict`'s output; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This search for errors has format {data.get('format')!r}.", "This version reads format 1.")
        fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        fields.pop("format")
        return cls(**{**fields, "groups": tuple(Group(**entry) for entry in data["groups"])})


def errors_of(judged: Judged, threshold: float) -> tuple[str, Array]:
    """Return what is meant by error and the error of each row, shape (n,); `threshold` is the model's, for two labels."""
    if judged.values.ndim == 2:
        return "wrong", (labels_of(judged.values, threshold) != judged.truth).astype(np.float64)
    return "absolute", np.abs(judged.truth - judged.values)


def looked_at(model: Model) -> list[str]:
    """Return the columns that rows can be told apart by: those that the model uses, without keys and free texts."""
    return [name for name in model.used if model.schema[name].kind not in ("id", "text")]


def failing(model: Model, judged: Judged, frame: pd.DataFrame, *, seed: int = 0) -> Failing:
    """Find where a model fails.

    A shallow regression tree over the errors parts the rows. Groups that a tree finds look worse than they are, so that
    half of the rows find them and the other half says how bad they are (Athey and Imbens, Recursive partitioning for
    heterogeneous causal effects, 2016: honest trees).

    Parameters
    ----------
    model : Model
    judged : Judged
    frame : DataFrame, shape (n, n_columns)
        Typed columns of the judged rows; at least those of `looked_at` that there are.
    seed : int
    """
    from sklearn.tree import DecisionTreeRegressor

    name, error = errors_of(judged, model.threshold)
    columns = [column for column in looked_at(model) if column in frame.columns]
    notes = []
    order = np.random.default_rng(seed).permutation(len(error))
    if len(order) > ROWS:
        notes.append(f"Groups are searched for among {ROWS:,} of {len(order):,} rows, drawn at random.")
        order = order[:ROWS]
    if len(order) >= HONEST:
        find, measure = np.sort(order[::2]), np.sort(order[1::2])
        how = "Half of the rows found the groups, the other half measured their errors."
    else:
        find = measure = np.sort(order)
        how = "With so few rows the same ones found and measured the groups, so they look worse than they are."
    groups: list[Group] = []
    others = 0
    if columns and error[find].std() > 0:
        axes = [_axis(frame[column], model.schema[column].kind, find, error) for column in columns]
        X = np.column_stack([axis.codes for axis in axes])
        least = max(20, len(find) // 50)
        tree = DecisionTreeRegressor(
            max_depth=DEPTH,
            max_leaf_nodes=LEAVES,
            min_samples_leaf=least,
            min_impurity_decrease=WORTH * float(error[find].var()),
            random_state=seed,
        )
        tree.fit(X[find], error[find])
        leaf = tree.apply(X)
        for node, limits in _leaves(tree.tree_):
            here = error[measure[leaf[measure] == node]]
            words = _words(limits, axes, columns)
            if not len(here) or not words:
                others += 1
                continue
            group = _group(words, here, leaf == node, error, name)
            found_worse = error[find[leaf[find] == node]].mean() > error[find].mean()  # else it is worse by chance
            if found_worse and group.low > float(error.mean()):
                groups.append(group)
            else:
                others += 1
    groups.sort(key=lambda group: -group.lift)
    return Failing(
        name,
        len(error),
        float(error.mean()),
        tuple(groups),
        others,
        tuple(_worst(model, judged, frame, error)),
        tuple(columns),
        (*notes, *([how] if groups else [])),
    )


def _group(words: str, here: Array, inside: npt.NDArray[np.bool_], error: Array, name: str) -> Group:
    mean = float(here.mean())
    low, high = wilson(int(here.sum()), len(here)) if name == "wrong" else mean_interval(here)
    rows, whole = int(inside.sum()), float(error.mean())
    of_all = float(error[inside].sum() / error.sum()) if error.sum() else 0.0
    return Group(words, rows, rows / len(error), mean, low, high, mean / whole if whole else 1.0, of_all)


@dataclass(frozen=True)
class _Axis:
    """A column as the tree sees it: numbers as they are, words in the order of their mean error."""

    codes: Array
    kind: str
    words: tuple[str, ...] = ()
    missing: bool = False
    whole: bool = False


def _axis(values: pd.Series, kind: str, find: npt.NDArray[np.int64], error: Array) -> _Axis:
    if kind in ("number", "date"):
        numbers = numbers_of(values)
        gone = ~np.isfinite(numbers)
        known = numbers[~gone]
        below = float(known.min()) - 1.0 if len(known) else 0.0
        return _Axis(np.where(gone, below, numbers), kind, (), bool(gone.any()), bool((known == np.round(known)).all()))
    words = pd.Series(texts_of(values))
    counts = words.iloc[find].value_counts()
    often = counts[counts >= OFTEN].index[:WORDS]
    words = words.where(words.isin(often), REST)
    # In the order of their mean error, which for a tree over a number is as good as every way to part them (Breiman and
    # others, Classification and regression trees, 1984).
    means = pd.Series(error[find]).groupby(words.to_numpy()[find]).agg(["mean", "size"])
    shrunk = (means["mean"] * means["size"] + 10 * error[find].mean()) / (means["size"] + 10)
    names = [str(name) for name in shrunk.sort_values(kind="stable").index]
    places = {name: float(place) for place, name in enumerate(names)}
    middle = float(len(names) // 2)
    return _Axis(words.map(places).fillna(middle).to_numpy(dtype=np.float64), kind, tuple(names))


Limits = dict[int, tuple[float, float]]


def _leaves(tree: Any) -> list[tuple[int, Limits]]:
    """Return the leaves with what they ask of each column: above the first number, and not above the second."""
    found: list[tuple[int, Limits]] = []
    waiting: list[tuple[int, Limits]] = [(0, {})]
    while waiting:
        node, limits = waiting.pop()
        if tree.children_left[node] < 0:
            found.append((node, limits))
            continue
        column, at = int(tree.feature[node]), float(tree.threshold[node])
        low, high = limits.get(column, (-np.inf, np.inf))
        waiting.append((int(tree.children_left[node]), {**limits, column: (low, min(high, at))}))
        waiting.append((int(tree.children_right[node]), {**limits, column: (max(low, at), high)}))
    return found


def _words(limits: Limits, axes: list[_Axis], columns: list[str]) -> str:
    return " and ".join(_condition(quoted(columns[place]), axes[place], *ends) for place, ends in sorted(limits.items()))


def _condition(name: str, axis: _Axis, low: float, high: float) -> str:
    if axis.words:
        inside = [word for place, word in enumerate(axis.words) if low < place <= high]
        outside = [word for word in axis.words if word not in inside]
        if len(outside) < len(inside) and len(outside) <= 3:
            return f"{name} is not {_either(outside)}"
        if len(inside) <= 4:
            return f"{name} is {_either(inside)}"
        return f"{name} is one of {len(inside)} values such as {_either(inside[::-1][:3])}"
    known = axis.codes[axis.codes > axis.codes.min()] if axis.missing else axis.codes
    first = float(known.min()) if len(known) else 0.0
    gone = axis.missing and low == -np.inf
    if axis.missing and low < first and low != -np.inf:
        low = -np.inf  # above what stands for missing is what is known
        if high == np.inf:
            return f"{name} is known"
    if gone and high < first:
        return f"{name} is missing"
    write = day_of if axis.kind == "date" else (lambda value: number(np.floor(value) if axis.whole else value))
    parts = []
    if low != -np.inf:
        parts.append(f"after {write(low)}" if axis.kind == "date" else f"above {write(low)}")
    if high != np.inf:
        parts.append(f"until {write(high)}" if axis.kind == "date" else f"at most {write(high)}")
    return f"{name} is {' and '.join(parts)}{' or missing' if gone else ''}"


def _either(words: list[str]) -> str:
    said = [word if word in (MISSING, REST) else quoted(word) for word in words]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def _worst(model: Model, judged: Judged, frame: pd.DataFrame, error: Array) -> list[dict[str, Any]]:
    """Return the rows with the largest errors: the surest of the wrong labels, or the values that are furthest off."""
    if model.classes:
        truth = judged.truth.astype(int)
        own = judged.values[np.arange(len(truth)), truth]
        wrong = np.flatnonzero(error > 0)
        chosen = wrong[np.argsort(own[wrong], kind="stable")][:WORST]
        told: list[tuple[Any, Any, float]] = [
            (model.classes[truth[row]], model.classes[code], float(own[row]))
            for row, code in zip(chosen, model.codes(judged.values[chosen]), strict=True)
        ]
    else:
        chosen = np.argsort(-error, kind="stable")[:WORST]
        told = [(float(judged.truth[row]), float(judged.values[row]), float(error[row])) for row in chosen]
    columns = [name for name in model.used if name in frame.columns]
    texts = {name: texts_of(frame[name].iloc[chosen]) for name in columns}
    return [
        {
            "row": int(judged.rows[row]) + 1,
            "truth": truth_,
            "predicted": predicted,
            "error": size,
            "cells": {name: str(texts[name][place]) for name in columns},
        }
        for place, (row, (truth_, predicted, size)) in enumerate(zip(chosen, told, strict=True))
    ]


def error_words(name: str, value: float) -> str:
    """Return an error as people read it: ``12 %`` of rows wrong, or a number in the target's unit."""
    return percent(value) if name == "wrong" else number(value)

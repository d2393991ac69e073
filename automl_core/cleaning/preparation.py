"""Columns prepared one by one, then steps that look at several of them at once: one transformer, fitted inside a fold."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from automl_core.cleaning.names import Feature, first_features, output_names

Array = npt.NDArray[np.float64]


class Preparation(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A `ColumnTransformer`, and steps after it over the array that it gives.

    Parameters
    ----------
    columns : ColumnTransformer
        Fitted in place.
    after : list of tuple (label, transformer, reach)
        `reach` is a list of the person's columns, whose numbers the step gets, or None for every number and code. A
        transformer with a method ``odd`` and a label ``drop…`` names rows that the steps after it, and the model, do not
        learn from.

    Attributes
    ----------
    positions_ : list of ndarray
        What each step gets.
    names_, sources_, kinds_ : ndarray of str, shape (n_out,)
    plain_ : ndarray of bool, shape (n_out,)
    kept_ : ndarray of bool, shape (n_rows,), or None
        Rows of the last `fit_transform` to be learned from; None for all. Taken away by `take_kept`.
    """

    def __init__(self, columns: Any, after: list[tuple[str, Any, list[str] | None]]) -> None:
        self.columns = columns
        self.after = after

    @property
    def transformers_(self) -> list[Any]:
        """The fitted transformers of single columns."""
        return list(self.columns.transformers_)

    def fit(self, X: pd.DataFrame, y: Any = None) -> Preparation:
        """Learn every step."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None) -> Array:
        """Learn every step and return all rows prepared; `kept_` says which of them to learn from."""
        values = np.asarray(self.columns.fit_transform(X, y), dtype=np.float64)
        layout = first_features(self.columns)
        kept = np.ones(len(values), dtype=bool)
        self.positions_ = []
        for label, step, reach in self.after:
            positions = np.array([place for place, one in enumerate(layout) if _reached(one, reach)], dtype=np.int64)
            self.positions_.append(positions)
            if not len(positions):
                continue
            seen = values[:, positions]
            step.fit(seen[kept], None if y is None else np.asarray(y)[kept])
            if label.startswith("drop"):
                odd = step.odd(seen)
                kept &= ~odd if (kept & ~odd).any() else True
                continue
            values, layout = put(values, step.transform(seen), positions), _renamed(layout, step, positions)
        self.kept_ = None if kept.all() else kept
        self.names_ = np.array([one.name for one in layout], dtype=str)
        self.sources_ = np.array([one.source for one in layout], dtype=str)
        self.kinds_ = np.array([one.kind for one in layout], dtype=str)
        self.plain_ = np.array([one.plain for one in layout], dtype=bool)
        return values

    def transform(self, X: pd.DataFrame) -> Array:
        """Return rows prepared; every row stays."""
        values = np.asarray(self.columns.transform(X), dtype=np.float64)
        for (label, step, _), positions in zip(self.after, self.positions_, strict=True):
            if len(positions) and not label.startswith("drop"):
                values = put(values, step.transform(values[:, positions]), positions)
        return values


def _reached(one: Feature, reach: list[str] | None) -> bool:
    return True if reach is None else one.kind == "number" and one.source in reach


def put(values: Array, made: Array, positions: npt.NDArray[np.int64]) -> Array:
    """Return the array with some columns replaced by others, which come last unless their number is the same."""
    if made.shape[1] == len(positions):
        result = values.copy()
        result[:, positions] = made
        return result
    return np.hstack([np.delete(values, positions, axis=1), made])


def _renamed(layout: list[Feature], step: Any, positions: npt.NDArray[np.int64]) -> list[Feature]:
    """Return what the columns are after a step, in the order of `put`."""
    old = [layout[place] for place in positions]
    names = [one.name for one in old]
    names = step.named(names) if hasattr(step, "named") else output_names(SimpleNamespace(steps=[("after", step)]), names)
    known = {one.name: one for one in old}
    same = type(step).__name__ not in ("StandardScaler", "MinMaxScaler", "RobustScaler", "MaxAbsScaler", "PowerTransformer",
                                       "YeoJohnson", "QuantileTransformer", "ClipOutliers", "SimpleImputer")  # fmt: skip
    made = []
    for name in names:
        if name in known:
            one = known[name]
            made.append(Feature(one.name, one.source, one.kind, one.plain and same))
        else:
            mark = name.startswith("missingindicator_") or name.endswith(" outlying")
            made.append(Feature(name, _source(name, old), "other" if mark else "number", plain=False))
    if len(made) == len(positions):
        result = list(layout)
        for place, one in zip(positions, made, strict=True):
            result[place] = one
        return result
    chosen = set(positions.tolist())
    return [*(one for place, one in enumerate(layout) if place not in chosen), *made]


def _source(name: str, old: list[Feature]) -> str:
    bare = name.removeprefix("missingindicator_")
    fitting = [one for one in old if bare.startswith(one.name)]
    return max(fitting, key=lambda one: len(one.name)).source if fitting else old[0].source


def take_kept(preprocessor: Any) -> npt.NDArray[np.bool_] | None:
    """Return which of the rows just fitted are to be learned from, None for all; they are not stored with the model."""
    kept: npt.NDArray[np.bool_] | None = getattr(preprocessor, "kept_", None)
    if kept is not None:
        preprocessor.kept_ = None
    return kept

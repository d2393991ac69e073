"""A fold's fitted preparation as array operations over one row."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.names import source_columns
from automl_core.cleaning.preparation import put
from automl_core.scoring.fast.rows import TypedRow, rows_of

Array = npt.NDArray[np.float64]
Change = Callable[[Array], Array]
REMEMBERED = 10_000
"""Words of one column whose numbers are kept; beyond, all are forgotten and learned again as they come."""
NAN = float("nan")


class FastPreparation:
    """What a fitted `ColumnTransformer` or `Preparation` does to one row.

    Parameters
    ----------
    preprocessor : ColumnTransformer or Preparation
    numbers : set of str
        The columns that hold numbers after the stateless steps.
    """

    def __init__(self, preprocessor: Any, numbers: set[str]) -> None:
        self._after: list[tuple[Change, npt.NDArray[np.int64]]] = []
        columns = preprocessor
        if hasattr(preprocessor, "positions_"):
            columns = preprocessor.columns
            for (label, step, _), positions in zip(preprocessor.after, preprocessor.positions_, strict=True):
                if len(positions) and not label.startswith("drop"):
                    self._after.append((change_of(step), positions))
        sources = source_columns(columns)
        self._parts: list[tuple[slice, _Numbers | _Words | _Text]] = []
        for name, transformer, names in columns.transformers_:
            place = columns.output_indices_[name]
            if place.start == place.stop or (isinstance(transformer, str) and transformer == "drop"):
                continue
            part: _Numbers | _Words | _Text
            if isinstance(names, str) and _Text.reads(transformer):
                part = _Text(transformer, names)
            elif not isinstance(names, str) and all(str(column) in numbers for column in names):
                part = _Numbers(transformer, [str(column) for column in names])
            else:
                part = _Words(transformer, names, list(sources[place]))
            self._parts.append((place, part))
        self._width = max((place.stop for place, _ in self._parts), default=0)

    def __call__(self, row: TypedRow) -> Array:
        """Return the row prepared, shape (1, n_features)."""
        values = np.empty((1, self._width))
        for place, part in self._parts:
            values[0, place] = part(row)
        for change, positions in self._after:
            values = put(values, change(values[:, positions]), positions)
        return np.asarray(values)


def checked_preparation(preprocessor: Any, frame: pd.DataFrame, expected: Array) -> FastPreparation | None:
    """Return the fast way where it gives for some rows what the table's own way gave; None where it does not.

    Parameters
    ----------
    preprocessor : ColumnTransformer or Preparation
    frame : DataFrame, shape (n, n_columns)
        Typed rows after the stateless steps.
    expected : ndarray, shape (n, n_features)
        What `Fold.transform` makes of them.
    """
    try:
        fast = FastPreparation(preprocessor, {name for name in frame.columns if frame[name].dtype != object})
        made = [fast(row) for row in rows_of(frame)]
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        return None  # parts that are not known there
    same = made and np.allclose(np.vstack(made), expected, rtol=1e-12, atol=1e-12, equal_nan=True)
    return fast if same else None


class _Numbers:
    """Columns of numbers that the same steps touch."""

    def __init__(self, transformer: Any, names: list[str]) -> None:
        self._names = names
        self._changes = [change_of(step) for _, step in transformer.steps] if hasattr(transformer, "steps") else []

    def __call__(self, row: TypedRow) -> Array:
        cells = [row.get(name) for name in self._names]
        values = np.array([[NAN if cell is None else cell for cell in cells]], dtype=np.float64)
        for change in self._changes:
            values = change(values)
        return np.asarray(values[0])


class _Text:
    """A column of text: its letter groups are counted once for all folds, which weigh them each in their own way."""

    def __init__(self, transformer: Any, name: str) -> None:
        features, self._name = transformer.steps[0][1], name
        self._changes = [change_of(step) for _, step in transformer.steps[1:]]
        weights = np.asarray(features.tfidf_.idf_, dtype=np.float64)
        self._weights, self._directions = weights, np.asarray(features.svd_.components_, dtype=np.float64)
        self._width = features.dimensions

    @staticmethod
    def reads(transformer: Any) -> bool:
        """Return whether a chain is one of text with the weights that are always used."""
        steps = getattr(transformer, "steps", None)
        first: Any = steps[0][1] if steps else None
        if type(first).__name__ != "TextFeatures":
            return False
        tfidf: Any = first.tfidf_
        return bool(tfidf.norm == "l2" and tfidf.use_idf and not tfidf.sublinear_tf)

    def __call__(self, row: TypedRow) -> Array:
        cell = row.get(self._name)
        places, counts = letter_groups(cell if isinstance(cell, str) else "")
        values = np.zeros((1, self._width))
        weighted = counts * self._weights[places]
        size = float(np.sqrt(weighted @ weighted))
        if size:
            values[0, : len(self._directions)] = self._directions[:, places] @ (weighted / size)
        for change in self._changes:
            values = change(values)
        return np.asarray(values[0])


@functools.lru_cache(maxsize=1_000)
def letter_groups(text: str) -> tuple[npt.NDArray[np.int64], Array]:
    """Return which letter groups a text has and how often, as `TextFeatures` counts them."""
    from automl_core.cleaning.transformers import TextFeatures

    counts = TextFeatures()._counts(pd.Series([text], dtype=object))
    return np.asarray(counts.indices, dtype=np.int64), np.asarray(counts.data, dtype=np.float64)


class _Words:
    """Columns of words or text: what each word becomes is asked once and kept.

    Encoders look at one column at a time, so a word's numbers do not depend on the rest of the row.

    Parameters
    ----------
    transformer : object
        Fitted.
    names : list of str, or str
        A single text goes by its bare name.
    sources : list of str
        The column that each output comes from.
    """

    def __init__(self, transformer: Any, names: Any, sources: list[str]) -> None:
        self._transformer = transformer
        self._bare = names if isinstance(names, str) else ""
        self._names = [names] if isinstance(names, str) else [str(name) for name in names]
        self._places = [np.flatnonzero([source == name for source in sources]) for name in self._names]
        self._width = len(sources)
        self._known: list[dict[str | None, Array]] = [{} for _ in self._names]

    def __call__(self, row: TypedRow) -> Array:
        made = np.empty(self._width)
        for position, name in enumerate(self._names):
            found = self._known[position].get(row.get(name))  # type: ignore[arg-type]  # a word or None
            if found is None:
                return self._ask(row)
            made[self._places[position]] = found
        return made

    def _ask(self, row: TypedRow) -> Array:
        cells = {name: [np.nan if row.get(name) is None else row.get(name)] for name in self._names}
        frame = pd.DataFrame(cells, dtype=object)
        made = np.asarray(self._transformer.transform(frame[self._bare] if self._bare else frame), dtype=np.float64)[0]
        for position, name in enumerate(self._names):
            known = self._known[position]
            if len(known) >= REMEMBERED:
                known.clear()
            known[row.get(name)] = made[self._places[position]]  # type: ignore[index]  # a word or None
        return np.asarray(made)


def change_of(step: Any) -> Change:
    """Return a fitted step over numbers as a function of an array; a step that is not known is called as it is."""
    kind = type(step).__name__
    if (kind == "SimpleImputer" and step.missing_values is np.nan) or (
        kind == "SimpleImputer" and step.missing_values != step.missing_values
    ):
        return _filled(step)
    if kind == "StandardScaler":
        return _moved(step.mean_ if step.with_mean else None, step.scale_ if step.with_std else None)
    if kind == "RobustScaler":
        return _moved(step.center_ if step.with_centering else None, step.scale_ if step.with_scaling else None)
    if kind == "MaxAbsScaler":
        return _moved(None, step.scale_)
    if kind == "MinMaxScaler" and not step.clip:
        return lambda values: values * step.scale_ + step.min_
    return lambda values: np.asarray(step.transform(values), dtype=np.float64)


def _filled(step: Any) -> Change:
    fill = np.asarray(step.statistics_, dtype=np.float64)
    marked = step.indicator_.features_ if step.add_indicator else None

    def change(values: Array) -> Array:
        missing = np.isnan(values)
        filled = np.where(missing, fill, values)
        return filled if marked is None else np.hstack([filled, missing[:, marked].astype(np.float64)])

    return change


def _moved(middle: Any, width: Any) -> Change:
    def change(values: Array) -> Array:
        if middle is not None:
            values = values - middle
        return values if width is None else values / width

    return change

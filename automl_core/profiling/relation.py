"""How each column goes with the target: the outcome by group of values, and how well the column alone would predict it.

A column alone predicts by the mean outcome of its groups (quantiles of numbers, most frequent words, missing as a group of
its own), learned in four fifths of the rows and judged on the others, five times over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.profiling.wording import number
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
ROWS = 20_000
"""Most rows that are looked at."""
LEAST = 50
"""Rows with an outcome below which nothing is measured."""
FINE, COARSE = 50, 10
"""Groups of a column: when it predicts, and when it is shown."""
GROUP_ROWS = 10
"""Rows that a group of numbers should have to predict: of few rows, those held out contradict the others."""
CLASSES = 10
"""Most labels of a target that are told apart."""
SHOWN_CLASSES = 4
FOLDS = 5
PRIOR = 1.0
"""Rows of the mean outcome that each group is given besides its own."""


@dataclass(frozen=True)
class Relation:
    """One column and the target.

    Parameters
    ----------
    name : str
    measure : str
        ``auc``: area under the ROC curve, 0.5 by chance (the mean over the labels where there are more than two);
        ``r2``: share of the outcome's spread that is explained.
    score : float
        Of the column alone, on rows that it did not learn from.
    gaps : float
        The same of nothing but whether a cell is missing; NaN is never kept, 0 (or 0.5) stands for none.
    groups : tuple of str
        Spans, words, ``all others`` and ``missing``.
    rows : tuple of int
        Of each group, in the sample.
    outcomes : tuple of tuple of float
        For each group the mean of the target, or the share of each of `labels`.
    labels : tuple of str
        Empty where the target is a number.
    """

    name: str
    measure: Literal["auc", "r2"]
    score: float
    gaps: float
    groups: tuple[str, ...]
    rows: tuple[int, ...]
    outcomes: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        lists = {name: list(getattr(self, name)) for name in ("groups", "rows", "labels")}
        return {**vars(self), **lists, "outcomes": [list(entry) for entry in self.outcomes]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Relation:
        """Rebuild a relation from `to_dict`'s output."""
        tuples = {name: tuple(data[name]) for name in ("groups", "rows", "labels")}
        return cls(**{**data, **tuples, "outcomes": tuple(tuple(entry) for entry in data["outcomes"])})


@dataclass(frozen=True)
class Outcome:
    """The target of the rows that have one.

    Parameters
    ----------
    rows : array of int
        Their places in the table.
    values : array, shape (n, n_labels) or (n, 1)
        Membership of each label, or the number.
    labels : tuple of str
        Empty for a number.
    """

    rows: Codes
    values: Array
    labels: tuple[str, ...]


def outcome_of(values: pd.Series, kind: str, *, seed: int = 0) -> Outcome | None:
    """Return the target of at most `ROWS` rows drawn at random; None where there is nothing to measure."""
    known = np.flatnonzero(values.notna().to_numpy())
    if values.dtype.kind == "f":
        known = known[np.isfinite(values.to_numpy()[known])]
    if len(known) > ROWS:
        known = np.sort(np.random.default_rng(seed).choice(known, ROWS, replace=False))
    part = values.iloc[known]
    if len(known) < LEAST or part.nunique() < 2 or kind in ("id", "text", "date"):
        return None
    if kind == "number" and part.nunique() > 2:
        plain = part.to_numpy(dtype=np.float64)
        if np.abs(plain).max() > 1e100:
            plain = plain / np.abs(plain).max()
        return Outcome(known, plain[:, None], ())
    counts = part.value_counts()
    labels = sorted(counts.index[counts >= FOLDS][:CLASSES], key=str)
    if len(labels) < 2:
        return None
    if len(counts) == 2:
        labels = labels[1:]  # the share of one says that of the other
    member = np.column_stack([(part == label).to_numpy(dtype=np.float64) for label in labels])
    said = [number(float(label)) if not isinstance(label, str) else label for label in labels]
    return Outcome(known, member, tuple(said))


def relate(frame: pd.DataFrame, schema: Schema, target: str, names: Iterable[str], *, seed: int = 0) -> list[Relation]:
    """Set every named column against the target.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed.
    schema : Schema
    target : str
    names : iterable of str
        Columns; the target is passed over, and so are those with fewer than two values.
    seed : int
        Of the sample and of the folds.

    Returns
    -------
    list of Relation
        In the order of `names`; empty where the target cannot be measured against.
    """
    outcome = outcome_of(frame[target], schema[target].kind, seed=seed)
    if outcome is None:
        return []
    folds = np.random.default_rng(seed).permutation(len(outcome.rows)) % FOLDS
    found = []
    for name in names:
        if name != target:
            relation = _relate(frame[name].iloc[outcome.rows], schema[name].kind, outcome, folds)
            if relation is not None:
                found.append(relation)
    return found


def _relate(values: pd.Series, kind: str, outcome: Outcome, folds: Codes) -> Relation | None:
    numeric = kind in ("number", "date") and values.dtype.kind in "iufM"
    if numeric:
        plain, missing = _plain(values)
        different = np.unique(plain[~missing])
        fine, _ = _spans(plain, missing, different, max(min(FINE, len(values) // GROUP_ROWS), 5))
        coarse, groups = _spans(plain, missing, different, COARSE, date=values.dtype.kind == "M")
    else:
        missing = values.isna().to_numpy()
        fine, _ = _words(values, FINE)
        coarse, groups = _words(values, COARSE if kind != "id" else 0)
    if (fine == fine[:1]).all():
        return None
    measure: Literal["auc", "r2"] = "auc" if outcome.labels else "r2"
    score = score_of(fine, outcome, folds)
    if numeric and measure == "r2":
        score = max(score, _line(plain, outcome.values[:, 0], folds))
    gaps = score_of(missing.astype(np.int64), outcome, folds) if missing.any() else (0.5 if outcome.labels else 0.0)
    rows = np.bincount(coarse, minlength=len(groups))
    shown = outcome.values[:, :SHOWN_CLASSES]
    sums = np.column_stack([np.bincount(coarse, weights=column, minlength=len(groups)) for column in shown.T])
    kept = np.flatnonzero(rows)
    return Relation(
        str(values.name),
        measure,
        score,
        gaps,
        tuple(groups[place] for place in kept),
        tuple(int(rows[place]) for place in kept),
        tuple(tuple(float(value) for value in sums[place] / rows[place]) for place in kept),
        outcome.labels[:SHOWN_CLASSES],
    )


def score_of(groups: Codes, outcome: Outcome, folds: Codes) -> float:
    """Return how well groups alone predict the outcome on rows that they did not learn from; see `Relation`."""
    count = int(groups.max()) + 1
    cells = folds * count + groups
    rows = np.bincount(cells, minlength=FOLDS * count).reshape(FOLDS, count).astype(np.float64)
    scores = []
    for place in range(outcome.values.shape[1]):
        values = outcome.values[:, place]
        sums = np.bincount(cells, weights=values, minlength=FOLDS * count).reshape(FOLDS, count)
        others, other_rows = sums.sum(axis=0) - sums, rows.sum(axis=0) - rows
        mean = (sums.sum() - sums.sum(axis=1)) / np.maximum(rows.sum() - rows.sum(axis=1), 1)
        predicted = (others + PRIOR * mean[:, None]) / (other_rows + PRIOR)
        if outcome.labels:
            scores.append(_auc(predicted, sums, rows - sums))
        else:
            squares = np.bincount(cells, weights=values * values, minlength=FOLDS * count).reshape(FOLDS, count)
            wrong = float((squares - 2 * predicted * sums + rows * predicted**2).sum())
            total = float(((values - values.mean()) ** 2).sum())
            scores.append(1 - wrong / total if total > 0 else 0.0)
    return float(np.mean(scores))


def _auc(predicted: Array, events: npt.NDArray[Any], others: npt.NDArray[Any]) -> float:
    """Return the area under the ROC curve, the mean over the folds that have both outcomes; ties count half."""
    areas = []
    for score, event, other in zip(predicted, events, others, strict=True):
        if event.sum() and other.sum():
            _, place = np.unique(score, return_inverse=True)
            event, other = np.bincount(place, weights=event), np.bincount(place, weights=other)
            below = np.cumsum(other) - other
            areas.append(float((event * (below + other / 2)).sum() / (event.sum() * other.sum())))
    return float(np.mean(areas)) if areas else 0.5


def _line(x: Array, y: Array, folds: Codes) -> float:
    """Return the share of the spread that a straight line explains on rows that it did not learn from; 0 where cells miss."""
    if np.isnan(x).any() or x.std() == 0 or y.std() == 0:
        return 0.0
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    wrong = 0.0
    for fold in range(FOLDS):
        held = folds == fold
        a, b = x[~held], y[~held]
        spread = float(((a - a.mean()) ** 2).sum())
        slope = float(((a - a.mean()) * (b - b.mean())).sum()) / spread if spread > 0 else 0.0
        wrong += float(((y[held] - b.mean() - slope * (x[held] - a.mean())) ** 2).sum())
    return 1 - wrong / float((y**2).sum())


def _plain(values: pd.Series) -> tuple[Array, npt.NDArray[np.bool_]]:
    missing = values.isna().to_numpy()
    plain = values.to_numpy().astype("datetime64[ns]").view(np.int64) if values.dtype.kind == "M" else values.to_numpy()
    plain = np.where(missing, np.nan, plain.astype(np.float64))
    largest = float(np.finfo(np.float64).max)
    return np.clip(plain, -largest, largest), missing


def _spans(
    values: Array, missing: npt.NDArray[np.bool_], different: Array, most: int, *, date: bool = False
) -> tuple[Codes, list[str]]:
    """Return the group of each number, at most so many of about the same size and one of what is missing, and their names."""
    if len(different) <= most:
        starts = different
        names = [_said(start, date) for start in starts]
    else:
        cuts = np.unique(np.quantile(values[~missing], np.arange(most) / most, method="lower"))
        starts = cuts
        places = np.searchsorted(different, [*starts[1:], np.inf]) - 1
        names = [_span(start, different[end], date) for start, end in zip(starts, places, strict=True)]
    codes = np.searchsorted(starts, values, "right") - 1
    codes[missing] = len(starts)
    return codes, [*names, "missing"]


def _words(values: pd.Series, most: int) -> tuple[Codes, list[str]]:
    """Return the group of each word, the most frequent ones alone, and their names."""
    frequent = values.value_counts().index[:most]
    codes = pd.Categorical(values, categories=frequent).codes.astype(np.int64)
    known = values.notna().to_numpy()
    codes[(codes < 0) & known] = len(frequent)
    codes[~known] = len(frequent) + 1
    return codes, [*(str(word)[:80] for word in frequent), "all others", "missing"]


def _said(value: float, date: bool) -> str:
    return str(pd.Timestamp(int(value)).isoformat()[:10]) if date else number(value)


def _span(low: float, high: float, date: bool) -> str:
    first, last = _said(low, date), _said(high, date)
    return first if first == last else f"{first} to {last}"

"""A small tree that says about the same as a model, with how much of the model it catches (Craven and Shavlik, 1996)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.explaining.curves import label_of, places_of
from automl_core.explaining.readable import Rule, span_words
from automl_core.profiling.wording import number
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
LEAVES = 8
WORDS = 12
"""Most words of a column that a rule can name."""
JUDGED = 0.3
"""Share of the rows that the tree is not grown on and judged by."""
FEWEST = 40


@dataclass(frozen=True)
class Part:
    """One number that the tree looks at: a column's value, whether it is a word, or whether it is missing."""

    column: str
    kind: str
    word: str = ""
    other: str = ""
    """The only other word of a column of two."""


@dataclass(frozen=True)
class Surrogate:
    """A small tree grown on what a model predicts.

    Parameters
    ----------
    rules : tuple of Rule
        One a leaf, largest share of rows first; the predictions are means of the model's.
    r2 : float
        Share of the spread of the model's predictions that the tree explains, on rows it was not grown on; 1 is all.
    same : float or None
        For labels: share of those rows for which both decide alike.
    grown, judged : int
        Rows.
    """

    rules: tuple[Rule, ...]
    r2: float
    same: float | None
    grown: int
    judged: int

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Surrogate:
        """Rebuild from its plain form."""
        rules = tuple(Rule(tuple(rule["conditions"]), rule["share"], tuple(rule["prediction"])) for rule in data["rules"])
        return cls(**{**data, "rules": rules})


def grow_surrogate(model: Model, typed: pd.DataFrame, predicted: Array, *, seed: int = 0) -> Surrogate | None:
    """Grow a small tree on a model's predictions.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
        As `Model.checked` gives it.
    predicted : ndarray, shape (n, n_classes) or (n,)
        The model's predictions for these rows.
    seed : int

    Returns
    -------
    Surrogate or None
        None for fewer than `FEWEST` rows, or where the model predicts the same for all.
    """
    from sklearn.tree import DecisionTreeRegressor

    if len(typed) < FEWEST:
        return None
    shown = predicted[:, 1:] if len(model.classes) == 2 else predicted.reshape(len(predicted), -1)
    parts, X = _parts(typed[list(model.used)])
    order = np.random.default_rng(seed).permutation(len(typed))
    judged = order[: int(len(order) * JUDGED)]
    grown = order[len(judged) :]
    if not parts or shown[judged].var() < 1e-18 or shown[grown].var() < 1e-18:
        return None
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=max(len(grown) // 50, 5), random_state=seed)
    tree.fit(X[grown], shown[grown])
    said = np.asarray(tree.predict(X[judged])).reshape(len(judged), -1)
    away = ((said - shown[judged]) ** 2).sum() / ((shown[judged] - shown[judged].mean(axis=0)) ** 2).sum()
    same = None
    if model.classes:
        full = np.column_stack([1 - said, said]) if len(model.classes) == 2 else said
        same = float((model.codes(full) == model.codes(predicted[judged])).mean())
    rules = sorted(_rules(tree.tree_, parts), key=lambda rule: -rule.share)
    return Surrogate(tuple(rules), float(1 - away), same, len(grown), len(judged))


def _parts(typed: pd.DataFrame) -> tuple[list[Part], Array]:
    parts, columns = [], []
    for name in typed.columns:
        values = typed[name]
        missing = values.isna().to_numpy()
        if values.dtype == object:
            cells = values.map(str, na_action="ignore")
            words = [str(word) for word in cells.value_counts().index[:WORDS]]
            pair = len(words) == 2 and not missing.any()
            for word in words[:1] if pair else words:
                parts.append(Part(str(name), "word", word, words[1] if pair else ""))
                columns.append((cells == word).to_numpy(dtype=np.float64))
        elif not missing.all():
            kind = "date" if values.dtype.kind == "M" else "number"
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = places_of(list(values[~missing]), kind)
            parts.append(Part(str(name), kind))
            columns.append(np.where(missing, np.nanmedian(numbers), numbers))
        if 0 < missing.sum() < len(values):
            parts.append(Part(str(name), "missing"))
            columns.append(missing.astype(np.float64))
    return parts, np.column_stack(columns) if columns else np.zeros((len(typed), 0))


def _rules(tree: Any, parts: list[Part]) -> list[Rule]:
    found = []

    def walk(node: int, bounds: dict[int, tuple[float, float]]) -> None:
        if tree.children_left[node] < 0:
            words = tuple(text for place, (low, high) in bounds.items() for text in _condition(parts[place], low, high))
            share = float(tree.weighted_n_node_samples[node] / tree.weighted_n_node_samples[0])
            found.append(Rule(words, share, tuple(float(value) for value in tree.value[node].ravel())))
            return
        place, cut = int(tree.feature[node]), float(tree.threshold[node])
        low, high = bounds.get(place, (-np.inf, np.inf))
        walk(int(tree.children_left[node]), {**bounds, place: (low, min(high, cut))})
        walk(int(tree.children_right[node]), {**bounds, place: (max(low, cut), high)})

    walk(0, {})
    return found


def _condition(part: Part, low: float, high: float) -> list[str]:
    if part.kind == "word":
        if low > -np.inf or part.other:
            return [f"{part.column} is {part.word if low > -np.inf else part.other}"]
        return [f"{part.column} is not {part.word}"]
    if part.kind == "missing":
        return [f"{part.column} is {'missing' if low > -np.inf else 'known'}"]

    def said(cut: float) -> str:
        return label_of(pd.Timestamp(cut, unit="s")) if part.kind == "date" else number(cut)

    return span_words(part.column, said(low) if low > -np.inf else "", said(high) if high < np.inf else "")

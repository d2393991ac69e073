"""SHAP: how much each column moved each prediction. The only module that imports shap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.engines.boosters import Added

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Predict = Callable[[Ints], Array]
PERMUTATIONS = 2
TREES = (
    "DecisionTreeClassifier", "DecisionTreeRegressor", "RandomForestClassifier", "RandomForestRegressor",
    "ExtraTreesClassifier", "ExtraTreesRegressor", "GradientBoostingClassifier", "GradientBoostingRegressor",
)  # fmt: skip
"""Of scikit-learn, what tree SHAP reads."""
DEEP = 3e7
"""Operations a row above which tree SHAP needs more than about 20 ms."""


def cost(columns: int, background: int) -> int:
    """Return how many predictions the contributions of one row take at most."""
    return PERMUTATIONS * (2 * columns + 1) * background


def contributions(predict: Predict, explained: Ints, background: Ints, columns: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Share out predictions among columns: Shapley values by permutations (Lundberg and Lee, 2017).

    Columns of any kind can take part, since the explainer never sees a value: a row is a list of row numbers, one for
    each column, that say from which row of the table the column's value is taken.

    Parameters
    ----------
    predict : callable
        Takes row numbers, shape (n, columns), and gives predictions, shape (n,) or (n, n_outputs).
    explained : ndarray, shape (n_explained,)
        Row numbers of the rows to explain.
    background : ndarray, shape (n_background,)
        Row numbers of the rows that stand for "not known".
    columns : int
    seed : int

    Returns
    -------
    ndarray, shape (n_explained, columns, n_outputs)
        In the unit of the predictions. With `base` they add up to each row's prediction exactly.
    ndarray, shape (n_outputs,)
        Mean prediction of the background.
    """
    import shap

    def numbers(rows: Ints) -> Array:
        return np.repeat(rows[:, None], columns, axis=1).astype(float)

    def explain(answer: Predict) -> object:
        masker = shap.maskers.Independent(numbers(background), max_samples=len(background))
        explainer = shap.PermutationExplainer(lambda rows: answer(rows.astype(np.int64)), masker, seed=seed)
        evaluations = PERMUTATIONS * (2 * columns + 1)
        return explainer(numbers(explained), max_evals=evaluations, batch_size=256, silent=True)

    # What is asked depends on the seed alone. So the questions are collected first, answered at once without repeats, and
    # played back: measured three times as fast as one small prediction after the other.
    outputs = predict(np.zeros((1, columns), dtype=np.int64)).reshape(1, -1).shape[1]
    asked: list[Ints] = []

    def collect(rows: Ints) -> Array:
        asked.append(rows)
        return np.zeros((len(rows), outputs))

    explain(collect)
    questions, place = np.unique(np.concatenate(asked), axis=0, return_inverse=True)
    answers = predict(questions).reshape(len(questions), outputs)[place.ravel()]
    given = 0

    def play(rows: Ints) -> Array:
        nonlocal given
        given += len(rows)
        part: Array = answers[given - len(rows) : given]
        return part

    result = explain(play)
    values = np.asarray(result.values, dtype=np.float64).reshape(len(explained), columns, outputs)  # type: ignore[attr-defined]
    base = np.asarray(result.base_values, dtype=np.float64).reshape(len(explained), outputs)[0]  # type: ignore[attr-defined]
    return values, base


def tree_added(estimator: Any, X: Array, background: Array, known: dict[int, Any]) -> Added | None:
    """Return exact contributions to the output of scikit-learn's trees, forests and gradient boosting; None for others.

    By tree SHAP (Lundberg, Erion and Lee, 2018). Its cost grows with leaves times depth squared: forests of deep trees
    are explained against some rows that stand for "not known" instead (interventional tree SHAP, Lundberg and others,
    2020), which is exact for these rows.

    Parameters
    ----------
    estimator : object
    X : ndarray, shape (n, n_features)
    background : ndarray, shape (n_background, n_features)
    known : dict
        Explainers made before, by the estimator's identity; one is made once.

    Returns
    -------
    Added or None
    """
    kind = type(estimator)
    if kind.__name__ not in TREES or not kind.__module__.startswith("sklearn."):
        return None
    if kind.__name__ == "GradientBoostingClassifier" and len(estimator.classes_) > 2:
        return None  # shap reads it for two classes only
    import shap

    deep = tree_cost(estimator) > DEEP
    if id(estimator) not in known:
        how = {"data": background} if deep else {}
        way = "interventional" if deep else "tree_path_dependent"
        known[id(estimator)] = shap.TreeExplainer(estimator, feature_perturbation=way, **how)
    explainer = known[id(estimator)]
    values = np.asarray(explainer.shap_values(X, check_additivity=False), dtype=np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    raw = _raw_of_trees(estimator, X)
    if values.shape[2] == 2 and raw.shape[1] == 2:
        values, base, raw = values[:, :, 1:], base[1:], raw[:, 1:]
    method = f"tree SHAP against {len(background)} rows" if deep else "tree SHAP"
    return Added(values, base, raw, method)


def _raw_of_trees(estimator: Any, X: Array) -> Array:
    name = "decision_function" if type(estimator).__name__ == "GradientBoostingClassifier" else "predict_proba"
    answer = getattr(estimator, name, estimator.predict)
    return np.asarray(answer(X), dtype=np.float64).reshape(len(X), -1)


def tree_cost(estimator: Any) -> float:
    """Return about how many operations tree SHAP takes for one row: leaves times depth squared, over all trees."""
    trees = np.ravel(getattr(estimator, "estimators_", [estimator]))
    return float(sum(tree.tree_.n_leaves * max(tree.tree_.max_depth, 1) ** 2 for tree in trees))

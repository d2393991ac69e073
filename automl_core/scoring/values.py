"""One way from any fitted estimator to numbers: probabilities of all classes, or values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


FEW = 32
"""Rows up to which CatBoost reads lists faster than a table."""
ROWS, TREES = 500, 100
"""Rows from which on LightGBM's trees are summed in parts, and the rounds of a part."""
SUMS = {"regression": "regression", "binary": "binary sigmoid:1", "multiclass": r"multiclass num_class:\d+"}
"""How LightGBM writes the objectives whose sum of trees is known here: no root was drawn, no other sigmoid was learned."""


def catboost_frame(X: Array, categories: Sequence[int]) -> Any:
    """Return rows as CatBoost wants its categories: whole numbers, -1 for a missing one; other columns as they are."""
    if not len(categories):
        return X
    import pandas as pd

    columns: dict[int, npt.NDArray[Any]] = dict(enumerate(X.T))
    for place in categories:
        columns[place] = np.nan_to_num(X[:, place], nan=-1.0).astype(np.int32)
    return pd.DataFrame(columns, copy=False)


def catboost_rows(X: Array, categories: Sequence[int]) -> Any:
    """Return the same as `catboost_frame`, few rows as lists."""
    if len(X) > FEW or not len(categories):
        return catboost_frame(X, categories)
    rows = X.tolist()
    for row in rows:
        for place in categories:
            row[place] = -1 if row[place] != row[place] else int(row[place])
    return rows


def lightgbm_values(estimator: Any, X: Array) -> Array | None:
    """Predict many rows with many trees in half the time: part of the trees after the other, so that each stays in the cache.

    Returns
    -------
    ndarray, shape (n,) or (n, n_classes)
        What the library gives, to the last digits; None where its own way is as fast, or what becomes of the sum of the trees
        is not known here.
    """
    booster, objective = estimator.booster_, estimator.objective_
    rounds = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
    if len(X) < ROWS or rounds <= TREES or objective not in SUMS:
        return None
    said = booster.dump_model(num_iteration=1)  # beside a tree stands what becomes of the sum of all
    if said["average_output"] or not re.fullmatch(SUMS[objective], said.get("objective", "")):
        return None
    threads = estimator.n_jobs or 1
    raw = sum(
        booster.predict(X, start_iteration=start, num_iteration=min(TREES, rounds - start), raw_score=True, num_threads=threads)
        for start in range(0, rounds, TREES)
    )
    if objective == "regression":
        return np.asarray(raw, dtype=np.float64)
    from scipy.special import expit, softmax

    if objective == "multiclass":
        return np.asarray(softmax(raw, axis=1))
    event = expit(raw)
    return np.column_stack([1 - event, event])


def predict_values(estimator: Any, X: Array, n_classes: int) -> Array:
    """Predict with a fitted estimator.

    Parameters
    ----------
    estimator : object
        Fitted on class codes 0..k-1, some of which may have been absent, or on values.
    X : ndarray, shape (n, n_features)
    n_classes : int
        0 for regression.

    Returns
    -------
    ndarray, shape (n, n_classes) or (n,)
        Probabilities. Estimators that know only a distance to the border give its logistic or softmax, which ranks
        the same but is not calibrated.
    """
    threads = {}
    if type(estimator).__module__.startswith("catboost"):
        X = catboost_frame(X, estimator.get_cat_feature_indices())
        threads = {"thread_count": 1}  # whatever it was fitted with, it takes every core otherwise
    quick = lightgbm_values(estimator, X) if type(estimator).__module__.startswith("lightgbm") else None
    if not n_classes:
        if quick is not None:
            return quick
        return np.asarray(estimator.predict(X, **threads), dtype=np.float64).reshape(len(X))
    if quick is not None:
        proba = quick
    elif hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X, **threads), dtype=np.float64)
    else:
        from scipy.special import expit, softmax

        distance = np.asarray(estimator.decision_function(X), dtype=np.float64)
        if distance.ndim == 1:
            event = expit(distance)
            proba = np.column_stack([1 - event, event])
        else:
            proba = softmax(distance, axis=1)
    proba = np.nan_to_num(proba, nan=1.0 / proba.shape[1])
    known = np.asarray(estimator.classes_, dtype=int)
    if proba.shape[1] == n_classes:
        return proba
    full = np.zeros((len(X), n_classes))
    full[:, known] = proba
    return full

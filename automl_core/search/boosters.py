"""Boosters with native categories, missing values, early stopping on the fold's judged rows, and a time limit."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.scoring.values import catboost_frame

Array = npt.NDArray[Any]
PATIENCE = 50
"""Rounds without a better validation score after which a booster stops."""


def fit_booster(
    estimator: Any,
    X: Array,
    y: Array,
    V: Array,
    truth: Array,
    categories: list[int],
    n_classes: int,
    seconds: float,
    weights: Array | None = None,
) -> Any:
    """Fit a LightGBM, XGBoost, CatBoost or explainable boosting estimator until it no longer improves or its time is up.

    Parameters
    ----------
    estimator : object
        Unfitted.
    X, V : ndarray, shape (n, n_features)
        Learned and judged rows; category columns hold codes, missing is NaN.
    y, truth : ndarray
    categories : list of int
        Positions of the category columns.
    n_classes : int
    seconds : float
    weights : ndarray, shape (n,), optional
        How much each learned row counts; judged rows count the same.

    Returns
    -------
    object
        The fitted estimator.
    """
    module = type(estimator).__module__
    if module.startswith("interpret"):
        from automl_core.engines.interpret import fit_additive

        return fit_additive(estimator, X, y, categories, seconds, weights)
    if n_classes and len(np.setdiff1d(truth, y)):
        # A class that this fold did not learn cannot be judged by the booster's own loss.
        known = np.isin(truth, y)
        V, truth = V[known], truth[known]
    if module.startswith("lightgbm"):
        return _lightgbm(estimator, X, y, V, truth, categories, seconds, weights)
    if module.startswith("xgboost"):
        return _xgboost(estimator, X, y, V, truth, categories, seconds, weights)
    return _catboost(estimator, X, y, V, truth, categories, seconds, weights)


def _lightgbm(
    estimator: Any, X: Array, y: Array, V: Array, truth: Array, categories: list[int], seconds: float, weights: Array | None
) -> Any:
    import lightgbm

    end = time.monotonic() + seconds

    def in_time(env: Any) -> None:
        if time.monotonic() > end:
            raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

    stop = lightgbm.early_stopping(PATIENCE, first_metric_only=True, verbose=False)
    estimator.fit(
        X, y, sample_weight=weights, eval_set=[(V, truth)], callbacks=[stop, in_time], categorical_feature=categories or "auto"
    )
    # The course of the fit, a number a round, is of no use afterwards and takes longer to store than the trees.
    estimator._evals_result = {}
    return estimator


def _xgboost(
    estimator: Any, X: Array, y: Array, V: Array, truth: Array, categories: list[int], seconds: float, weights: Array | None
) -> Any:
    import xgboost

    end = time.monotonic() + seconds

    class InTime(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return time.monotonic() > end

    labels = np.unique(y) if estimator.__class__.__name__ == "XGBClassifier" else None
    if labels is not None and not np.array_equal(labels, np.arange(len(labels))):
        # XGBoost refuses codes with a gap, which a fold that lacks a label has.
        raise ValueError("This fold lacks a label, which XGBoost cannot learn from.")
    kinds = ["c" if position in set(categories) else "q" for position in range(X.shape[1])]
    estimator.set_params(
        feature_types=kinds if categories else None,
        enable_categorical=bool(categories),
        early_stopping_rounds=PATIENCE,
        callbacks=[InTime()],
    )
    estimator.fit(X, y, sample_weight=weights, eval_set=[(V, truth)], verbose=False)
    # Both are of use while fitting only: the callback would not travel with the model, the course would swell it.
    estimator.set_params(callbacks=None)
    estimator.evals_result_ = {}
    return estimator


def _catboost(
    estimator: Any, X: Array, y: Array, V: Array, truth: Array, categories: list[int], seconds: float, weights: Array | None
) -> Any:
    end = time.monotonic() + seconds

    class InTime:
        def after_iteration(self, info: Any) -> bool:
            return time.monotonic() < end

    judged = (catboost_frame(V, categories), truth)
    estimator.fit(
        catboost_frame(X, categories),
        y,
        sample_weight=weights,
        cat_features=categories or None,
        eval_set=judged,
        early_stopping_rounds=PATIENCE,
        callbacks=[InTime()],
    )
    estimator._set_test_evals([])  # predictions of the judged rows, kept again elsewhere
    return estimator

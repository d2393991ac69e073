"""What LightGBM, XGBoost and CatBoost say themselves of what each feature adds: their own exact tree SHAP values.

The values are those of Lundberg, Erion and Lee (2018), computed by the library that grew the trees: shap 0.49 cannot read
XGBoost 3, and the libraries' own code is faster. Nothing is imported but XGBoost's matrix, and only when one is explained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.scoring.values import catboost_rows

Array = npt.NDArray[np.float64]


LOGARITHMS = ("poisson", "tweedie", "gamma")
"""Objectives of LightGBM whose trees add up to the logarithm of the value."""


@dataclass(frozen=True)
class Added:
    """What each feature adds to an estimator's raw output.

    Parameters
    ----------
    values : ndarray, shape (n, n_features, n_scores)
    base : ndarray, shape (n_scores,)
        What every row starts from.
    raw : ndarray, shape (n, n_scores)
        The estimator's raw output, asked for by another way than `values`: base and values must add up to it.
    method : str
        For people.
    single : bool
        Whether the numbers are of single precision.
    """

    values: Array
    base: Array
    raw: Array
    method: str
    single: bool = False


def kind_of(estimator: Any) -> str:
    """Return ``lightgbm``, ``xgboost``, ``catboost``, or an empty text for another estimator."""
    package = type(estimator).__module__.split(".")[0]
    return package if package in ("lightgbm", "xgboost", "catboost") else ""


def booster_added(estimator: Any, X: Array, *, check: bool = True) -> Added | None:
    """Return a fitted booster's own contributions; None for another estimator, and for one whose trees add up to a logarithm.

    Such contributions multiply, and cannot stand beside those of models that add.

    Parameters
    ----------
    estimator : object
    X : ndarray, shape (n, n_features)
        As `scoring.values.predict_values` gets it.
    check : bool
        Whether the raw output is asked for as well; otherwise it is taken from the sum.
    """
    kind = kind_of(estimator)
    if kind == "lightgbm":
        return None if estimator.objective_ in LOGARITHMS else _lightgbm(estimator, X, check)
    if kind == "xgboost":
        return _xgboost(estimator, X, check)
    return _catboost(estimator, X, check) if kind == "catboost" else None


def _lightgbm(estimator: Any, X: Array, check: bool) -> Added:
    booster = estimator.booster_  # its wrapper checks every row again and again
    found = np.asarray(booster.predict(X, pred_contrib=True, num_threads=1), dtype=np.float64)
    found = found.reshape(len(X), -1, X.shape[1] + 1)
    raw = np.asarray(booster.predict(X, raw_score=True, num_threads=1)).reshape(len(X), -1) if check else None
    return _added(found.transpose(0, 2, 1), raw, "LightGBM's own tree SHAP")


def _xgboost(estimator: Any, X: Array, check: bool) -> Added:
    import xgboost

    booster = estimator.get_booster()
    best = getattr(estimator, "best_iteration", None) if booster.attr("best_iteration") is not None else None
    matrix = xgboost.DMatrix(
        X, feature_types=booster.feature_types, enable_categorical=bool(booster.feature_types), nthread=estimator.n_jobs or 1
    )
    if booster.feature_names is not None:
        matrix.feature_names = booster.feature_names
    rounds = (0, 0 if best is None else int(best) + 1)
    found = np.asarray(booster.predict(matrix, pred_contribs=True, iteration_range=rounds, strict_shape=True), dtype=np.float64)
    raw = None
    if check:
        raw = booster.predict(matrix, output_margin=True, iteration_range=rounds, strict_shape=True).reshape(len(X), -1)
    return _added(found.transpose(0, 2, 1), raw, "XGBoost's own tree SHAP", single=True)


def _catboost(estimator: Any, X: Array, check: bool) -> Added:
    import catboost

    categories = list(estimator.get_cat_feature_indices())
    pool = catboost.Pool(catboost_rows(X, categories), cat_features=categories or None)
    found = np.asarray(estimator.get_feature_importance(pool, type="ShapValues", thread_count=1), dtype=np.float64)
    found = found[:, :, None] if found.ndim == 2 else found.transpose(0, 2, 1)
    raw = np.asarray(estimator.predict(pool, prediction_type="RawFormulaVal")).reshape(len(X), -1) if check else None
    return _added(found, raw, "CatBoost's own tree SHAP")


def _added(found: Array, raw: Any, method: str, *, single: bool = False) -> Added:
    """Part off the last column, which all of them use for what every row starts from."""
    base = found[0, -1] if len(found) else np.zeros(found.shape[2])
    raw = found.sum(axis=1) if raw is None else np.asarray(raw, dtype=np.float64)
    return Added(found[:, :-1], base, raw, method, single)

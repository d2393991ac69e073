"""Fitted estimators as functions of a few rows, without the checks that tables need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.scoring.fast.forests import NAMES, FlatForest
from automl_core.scoring.values import catboost_rows, predict_values

Array = npt.NDArray[np.float64]
Predict = Callable[[Array], Array]


def fast_estimator(estimator: Any, n_classes: int) -> Predict:
    """Return a function that gives what `predict_values` gives.

    Parameters
    ----------
    estimator : object
        Fitted. One that is not known here is asked as it is.
    n_classes : int
        0 for regression.
    """
    kind, library = type(estimator).__name__, type(estimator).__module__.partition(".")[0]
    known = list(range(n_classes)) if not n_classes else [int(code) for code in estimator.classes_]
    raw: Predict | None = None
    if library == "sklearn" and kind in NAMES:
        raw = FlatForest(estimator)
    elif library == "lightgbm":
        raw = _lightgbm(estimator)
    elif library == "xgboost":
        raw = _xgboost(estimator)
    elif library == "catboost":
        raw = _catboost(estimator, n_classes)
    elif kind.startswith("MLP"):
        raw = _network(estimator)
    elif kind in ("LogisticRegression", "LinearDiscriminantAnalysis"):
        raw = _linear_classes(estimator)
    elif not n_classes:
        raw = _linear_values(estimator)
    if raw is None:
        return lambda X: predict_values(estimator, X, n_classes)
    return raw if not n_classes or len(known) == n_classes else _spread(raw, known, n_classes)


def _spread(raw: Predict, known: list[int], n_classes: int) -> Predict:
    """Put the classes that an estimator knows in their places among all."""

    def predict(X: Array) -> Array:
        full = np.zeros((len(X), n_classes))
        full[:, known] = raw(X)
        return full

    return predict


def _two_sided(event: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.column_stack([1 - event, event]) if event.ndim == 1 else event


def _linear_values(estimator: Any) -> Predict | None:
    from sklearn.linear_model._base import LinearModel

    if getattr(type(estimator), "predict", None) is not LinearModel.predict:
        return None
    weights, height = np.asarray(estimator.coef_, dtype=np.float64).ravel(), float(np.ravel(estimator.intercept_)[0])
    return lambda X: X @ weights + height


def _linear_classes(estimator: Any) -> Predict:
    """Return the probabilities of a linear model of classes: logistic for two classes or one against the rest, or softmax."""
    from scipy.special import expit, softmax

    weights, heights = np.asarray(estimator.coef_, dtype=np.float64).T, np.asarray(estimator.intercept_, dtype=np.float64)
    two = len(estimator.classes_) == 2
    chosen = getattr(estimator, "multi_class", "auto")
    each = chosen == "ovr" or (chosen in ("auto", "warn") and getattr(estimator, "solver", "") == "liblinear")

    def predict(X: Array) -> Array:
        distance = X @ weights + heights
        if two and chosen == "multinomial":
            return np.asarray(softmax(np.column_stack([-distance[:, 0], distance[:, 0]]), axis=1))
        if two:
            return _two_sided(expit(distance[:, 0]))
        if each:
            odds = expit(distance)
            return np.asarray(odds / odds.sum(axis=1, keepdims=True))
        return np.asarray(softmax(distance, axis=1))

    return predict


def _network(estimator: Any) -> Predict:
    from sklearn.neural_network._base import ACTIVATIONS

    inner, outer = ACTIVATIONS[estimator.activation], ACTIVATIONS[estimator.out_activation_]
    layers = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    classes = hasattr(estimator, "classes_")

    def predict(X: Array) -> Array:
        values: Any = X
        for place, (weights, heights) in enumerate(layers, start=1):
            values = values @ weights + heights
            (outer if place == len(layers) else inner)(values)
        values = np.asarray(values, dtype=np.float64)
        return (_two_sided(values[:, 0]) if values.shape[1] == 1 else values) if classes else values[:, 0]

    return predict


def _lightgbm(estimator: Any) -> Predict:
    booster, classes = estimator.booster_, hasattr(estimator, "classes_")

    def predict(X: Array) -> Array:
        found = np.asarray(booster.predict(X, num_threads=1), dtype=np.float64)
        return _two_sided(found) if classes else found

    return predict


def _xgboost(estimator: Any) -> Predict | None:
    if not estimator._can_use_inplace_predict():
        return None
    booster, classes = estimator.get_booster(), hasattr(estimator, "classes_")
    booster.set_param({"nthread": 1})
    rounds = estimator._get_iteration_range(None)

    def predict(X: Array) -> Array:
        found = booster.inplace_predict(X, iteration_range=rounds, missing=estimator.missing, validate_features=False)
        # The other side in single precision too, as the library's own way.
        return np.asarray(_two_sided(found) if classes else found.reshape(len(X)), dtype=np.float64)

    return predict


def _catboost(estimator: Any, n_classes: int) -> Predict:
    places = estimator.get_cat_feature_indices()
    kind = "Probability" if n_classes else "RawFormulaVal"

    def predict(X: Array) -> Array:
        found = np.asarray(estimator.predict(catboost_rows(X, places), prediction_type=kind, thread_count=1), dtype=np.float64)
        return found if n_classes else found.reshape(len(X))

    return predict

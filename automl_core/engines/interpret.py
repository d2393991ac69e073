"""Explainable boosting of interpret-core: fitted within a time, and read as shape functions.

Generalised additive models with pairs, fitted by boosting (Lou and others, 2013; Nori and others, 2019). The package is
imported by the name of the estimator's class when one is made; here are the attributes that we know of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Shape:
    """One term of an additive model: what one column, or a pair of columns, adds to the score of a row.

    Parameters
    ----------
    features : tuple of int
        Position of its one or two columns.
    bins : tuple of (ndarray or tuple of float)
        For each column the sorted cuts between intervals, or, as a tuple, the codes of a category that were learned.
    """

    features: tuple[int, ...]
    bins: tuple[Array | tuple[float, ...], ...]


def fit_additive(estimator: Any, X: Array, y: Array, categories: list[int], seconds: float, weights: Array | None) -> Any:
    """Fit an explainable boosting machine; it stops by itself on rows of its own choice, or when its time is up.

    Parameters
    ----------
    estimator : object
        Unfitted.
    X : ndarray, shape (n, n_features)
        Category columns hold codes, missing is NaN.
    y : ndarray, shape (n,)
    categories : list of int
        Positions of the category columns.
    seconds : float
    weights : ndarray, shape (n,), or None

    Returns
    -------
    object
        The fitted estimator.
    """
    end = time.monotonic() + seconds
    chosen = set(categories)
    estimator.set_params(
        feature_types=["nominal" if position in chosen else "continuous" for position in range(X.shape[1])],
        callback=lambda *_: time.monotonic() > end,
    )
    estimator.fit(X, y, sample_weight=weights)
    # The callback is of use while fitting only, and would not travel with the model.
    estimator.set_params(callback=None)
    return estimator


def shapes(estimator: Any) -> list[Shape]:
    """Return the terms of a fitted machine in their order."""
    found = []
    for features in estimator.term_features_:
        bins: list[Array | tuple[float, ...]] = []
        for feature in features:
            levels = estimator.bins_[feature]
            level = levels[min(len(features), len(levels)) - 1]  # pairs have coarser intervals of their own
            bins.append(tuple(float(name) for name in level) if isinstance(level, dict) else np.asarray(level, dtype=np.float64))
        found.append(Shape(tuple(int(feature) for feature in features), tuple(bins)))
    return found


def term_values(estimator: Any, term: int, X: Array) -> Array:
    """Return what one term adds to the scores of rows, shape (n, n_scores); one score for two classes and for values."""
    values = np.asarray(estimator.eval_terms(X), dtype=np.float64)
    return values[:, term].reshape(len(X), -1)


def intercepts(estimator: Any) -> Array:
    """Return what every row starts from, shape (n_scores,)."""
    return np.atleast_1d(np.asarray(estimator.intercept_, dtype=np.float64))


def sizes(estimator: Any) -> list[float]:
    """Return the mean size of what each term adds, over the learned rows and the scores."""
    return [float(size) for size in estimator.term_importances("avg_weight")]

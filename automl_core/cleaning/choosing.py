"""Learned steps that leave columns out: what hardly changes, what repeats another column, what says little about the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SAMPLE = 10_000
"""Rows from which correlations and mutual information are computed; more say the same."""


class _Choice(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep some columns; `kept_` is learned."""

    kept_: Mask

    def transform(self, X: Array) -> Array:
        """Return the columns that are kept."""
        return X[:, self.kept_]

    def named(self, names: list[str]) -> list[str]:
        """Return the names of the kept columns."""
        return [name for name, kept in zip(names, self.kept_, strict=True) if kept]


class LowVariance(_Choice):
    """Leave out columns whose variance in the training rows is not above a threshold; one always stays.

    Parameters
    ----------
    threshold : float

    Attributes
    ----------
    kept_ : ndarray of bool, shape (n_features,)
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def fit(self, X: Array, y: object = None) -> LowVariance:
        """Learn the variances; missing values are not counted."""
        known = ~np.isnan(X).all(axis=0) if len(X) else np.zeros(X.shape[1], dtype=bool)
        variances = np.zeros(X.shape[1])
        variances[known] = np.nanvar(X[:, known], axis=0)
        # A spread that is but the rounding of large equal numbers is none.
        scale = np.zeros(X.shape[1])
        scale[known] = np.nanmax(np.abs(X[:, known]), axis=0)
        self.kept_ = variances > np.maximum(self.threshold, (1e-12 * scale) ** 2)
        if not self.kept_.any() and X.shape[1]:
            self.kept_[int(np.argmax(variances))] = True
        return self


class Collinear(_Choice):
    """Leave out columns that move together with an earlier one that stays.

    Parameters
    ----------
    threshold : float
        Smallest absolute correlation (Pearson) at which the later column goes.

    Attributes
    ----------
    kept_ : ndarray of bool, shape (n_features,)
    """

    def __init__(self, threshold: float = 0.95) -> None:
        self.threshold = threshold

    def fit(self, X: Array, y: object = None) -> Collinear:
        """Learn the correlations from at most `SAMPLE` rows, evenly spread; missing values count as the mean."""
        step = max(len(X) // SAMPLE, 1)
        rows = X[::step]
        with np.errstate(all="ignore"):
            known = ~np.isnan(rows)
            counts = np.maximum(known.sum(axis=0), 1)
            centred = np.where(known, rows - np.where(known, rows, 0.0).sum(axis=0) / counts, 0.0)
            size = np.sqrt((centred**2).sum(axis=0))
            unit = np.where(size > 0, centred / np.where(size > 0, size, 1.0), 0.0)
        self.kept_ = np.ones(X.shape[1], dtype=bool)
        for start in range(0, X.shape[1], 500):
            block = np.abs(unit.T[: start + 500] @ unit[:, start : start + 500])
            for place in range(block.shape[1]):
                column = start + place
                together = block[:column, place] >= self.threshold - 1e-12
                self.kept_[column] = not (together & self.kept_[:column]).any()
        return self


class KeepBest(_Choice):
    """Keep the columns that say most about the target (scikit-learn's F test or mutual information).

    Parameters
    ----------
    count : int
    method : {"f_test", "mutual_information"}
    regression : bool
    seed : int

    Attributes
    ----------
    scores_ : ndarray, shape (n_features,)
    kept_ : ndarray of bool, shape (n_features,)
    """

    def __init__(self, count: int = 20, method: str = "f_test", regression: bool = False, seed: int = 0) -> None:
        self.count = count
        self.method = method
        self.regression = regression
        self.seed = seed

    def fit(self, X: Array, y: Any = None) -> KeepBest:
        """Learn which columns say most; without a target all stay."""
        from sklearn import feature_selection as chosen

        self.kept_ = np.ones(X.shape[1], dtype=bool)
        self.scores_ = np.zeros(X.shape[1])
        if y is None or X.shape[1] <= self.count:
            return self
        known = ~np.isnan(X)
        means = np.where(known, X, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        whole = np.where(known, X, means)
        with np.errstate(all="ignore"):
            if self.method == "mutual_information":
                step = max(len(X) // SAMPLE, 1)
                measure = chosen.mutual_info_regression if self.regression else chosen.mutual_info_classif
                scores = measure(whole[::step], np.asarray(y)[::step], random_state=self.seed)
            else:
                scores, _ = (chosen.f_regression if self.regression else chosen.f_classif)(whole, y)
        found = np.asarray(scores, dtype=np.float64)
        self.scores_ = np.where(np.isnan(found), -1.0, found)  # a constant has none
        best = np.argsort(-self.scores_, kind="stable")[: self.count]
        self.kept_ = np.isin(np.arange(X.shape[1]), best)
        return self

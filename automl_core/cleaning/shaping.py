"""Learned steps that look at several columns at once, as transformers over arrays of numbers (and one over words).

Each one knows the names of what it gives: ``named(names)`` takes the names of its input and returns those of its output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.validation import check_is_fitted

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MIDDLE = "(left out)"
"""The one word of a column that is left out."""


class LeaveSparseOut(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Give columns that are mostly missing one value throughout, so that no model can learn from them.

    The columns stay in their places, since a fold in which nothing is left would have no columns at all.

    Parameters
    ----------
    max_share : float
        Largest share of missing cells.

    Attributes
    ----------
    dropped_ : ndarray of bool, shape (n_features,)
    """

    def __init__(self, max_share: float = 0.8) -> None:
        self.max_share = max_share

    def fit(self, X: pd.DataFrame, y: object = None) -> LeaveSparseOut:
        """Learn which columns are mostly missing."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        self.dropped_ = pd.isna(np.asarray(X)).mean(axis=0) > self.max_share
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[Any]:
        """Return the columns, those left out as 0 or as one word."""
        check_is_fitted(self)
        values = np.array(X, dtype=object if np.asarray(X).dtype == object else np.float64)
        values[:, self.dropped_] = MIDDLE if values.dtype == object else 0.0
        return values


class BoxCox(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Box-Cox transform of columns that hold positive numbers only (scikit-learn's `PowerTransformer`); others stay as they are.

    A later number that is not positive is set to the smallest one learned from.

    Attributes
    ----------
    positive_ : ndarray of bool, shape (n_features,)
    least_ : ndarray, shape (n_features,)
    power_ : PowerTransformer or None
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> BoxCox:
        """Learn which columns are positive, and their powers."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        values = np.asarray(X, dtype=np.float64)
        self.least_ = np.array([np.nanmin(column) if (~np.isnan(column)).any() else 0.0 for column in values.T])
        distinct = np.array([len(np.unique(column[~np.isnan(column)])) for column in values.T])
        self.positive_ = (self.least_ > 0) & (distinct > 1)  # SciPy has no power for a constant
        self.power_ = PowerTransformer("box-cox").fit(values[:, self.positive_]) if self.positive_.any() else None
        return self

    def transform(self, X: pd.DataFrame) -> Array:
        """Return the numbers transformed; missing stays missing."""
        check_is_fitted(self)
        values = np.array(X, dtype=np.float64)
        if self.power_ is not None:
            some = np.maximum(values[:, self.positive_], self.least_[self.positive_])
            values[:, self.positive_] = self.power_.transform(some)
        return values


class YeoJohnson(PowerTransformer):  # type: ignore[misc]
    """Yeo-Johnson transform (scikit-learn's) that takes a column of which no row is known, as in a fold of a sparse table."""

    def _yeo_johnson_optimize(self, x: Array) -> float:
        return 1.0 if np.isnan(x).all() else float(super()._yeo_johnson_optimize(x))


class HashedWords(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Spread the words of each column over a fixed number of columns by their hash (scikit-learn's `FeatureHasher`).

    Weinberger and others, "Feature hashing for large scale multitask learning" (2009). Nothing is learned, so that words never
    seen have their place too.

    Parameters
    ----------
    width : int
        Columns for each column of words.
    """

    def __init__(self, width: int = 15) -> None:
        self.width = width

    def fit(self, X: pd.DataFrame, y: object = None) -> HashedWords:
        """Remember how many columns there are."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        return self

    def transform(self, X: pd.DataFrame) -> Array:
        """Return the columns, shape (n_rows, n_columns * width); 1 or -1 where a word falls, nothing for a missing one."""
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(self.width, input_type="string")
        columns = [
            hasher.transform([[cell] if isinstance(cell, str) else [] for cell in values]).toarray()
            for values in np.asarray(X, dtype=object).T
        ]
        return np.hstack(columns) if columns else np.empty((len(X), 0))

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return ``column = hash 1`` and so on."""
        names = getattr(self, "feature_names_in_", input_features)
        assert names is not None
        made = [f"{name} = hash {place}" for name in names for place in range(1, self.width + 1)]  # type: ignore[attr-defined]
        return np.array(made, dtype=object)


class Ratios(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add each number divided by each other one.

    Parameters
    ----------
    fill : bool
        Whether a division by zero gets the median of the training rows' ratios; otherwise it is missing.

    Attributes
    ----------
    middle_ : ndarray, shape (n_ratios,)
    """

    def __init__(self, fill: bool = True) -> None:
        self.fill = fill

    def _ratios(self, X: Array) -> Array:
        width = X.shape[1]
        pairs = [(one, other) for one in range(width) for other in range(width) if one != other]
        with np.errstate(all="ignore"):
            found = np.column_stack([X[:, one] / X[:, other] for one, other in pairs]) if pairs else np.empty((len(X), 0))
        return np.where(np.isfinite(found), found, np.nan)

    def fit(self, X: Array, y: object = None) -> Ratios:
        """Learn the middle ratios."""
        ratios = self._ratios(X)
        known = ~np.isnan(ratios).all(axis=0)
        self.middle_ = np.zeros(ratios.shape[1])
        self.middle_[known] = np.nanmedian(ratios[:, known], axis=0)
        return self

    def transform(self, X: Array) -> Array:
        """Return the numbers and their ratios."""
        ratios = self._ratios(X)
        return np.hstack([X, np.where(np.isnan(ratios), self.middle_, ratios) if self.fill else ratios])

    def named(self, names: list[str]) -> list[str]:
        """Return the names: ``a / b`` for the new ones."""
        return [*names, *(f"{one} / {other}" for one in names for other in names if one != other)]


class Products(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Add products and powers of numbers (scikit-learn's `PolynomialFeatures`); missing stays missing.

    Parameters
    ----------
    degree : int
    products_only : bool

    Attributes
    ----------
    made_ : PolynomialFeatures
    """

    def __init__(self, degree: int = 2, products_only: bool = False) -> None:
        self.degree = degree
        self.products_only = products_only

    def fit(self, X: Array, y: object = None) -> Products:
        """Find out which products there are."""
        from sklearn.preprocessing import PolynomialFeatures

        self.made_ = PolynomialFeatures(self.degree, interaction_only=self.products_only, include_bias=False)
        self.made_.fit(np.zeros((1, X.shape[1])))
        return self

    def transform(self, X: Array) -> Array:
        """Return the numbers with their products."""
        gaps = np.isnan(X)
        found = np.array(self.made_.transform(np.where(gaps, 0.0, X)), dtype=np.float64)
        if gaps.any():
            used = self.made_.powers_ > 0
            found[(gaps.astype(np.float64) @ used.T.astype(np.float64)) > 0] = np.nan
        return found

    def named(self, names: list[str]) -> list[str]:
        """Return the names: ``a b`` is written ``a × b``, and ``a^2`` as it is."""
        return [
            " × ".join(f"{names[place]}^{power}" if power > 1 else names[place] for place, power in enumerate(powers) if power)
            for powers in self.made_.powers_
        ]


class Components(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace numbers by their principal components (scikit-learn's `PCA`); missing ones count as the mean.

    Parameters
    ----------
    share : float
        Share of the variance that the components keep.
    standardise : bool
    seed : int

    Attributes
    ----------
    mean_, scale_ : ndarray, shape (n_features,)
    pca_ : PCA
    """

    def __init__(self, share: float = 0.95, standardise: bool = True, seed: int = 0) -> None:
        self.share = share
        self.standardise = standardise
        self.seed = seed

    def _ready(self, X: Array) -> Array:
        return np.asarray((np.where(np.isnan(X), self.mean_, X) - self.mean_) / self.scale_)

    def fit(self, X: Array, y: object = None) -> Components:
        """Learn the components."""
        from sklearn.decomposition import PCA

        known = ~np.isnan(X)
        counts = np.maximum(known.sum(axis=0), 1)
        self.mean_ = np.where(known, X, 0.0).sum(axis=0) / counts
        spread = np.sqrt((np.where(known, X - self.mean_, 0.0) ** 2).sum(axis=0) / counts)
        self.scale_ = np.where(spread > 0, spread, 1.0) if self.standardise else np.ones(X.shape[1])
        ready = self._ready(X)
        varies = ready.size > 0 and len(X) > 1 and float(ready.var(axis=0).sum()) > 0
        self.pca_ = PCA(self.share if varies else 1, svd_solver="full", random_state=self.seed)
        with np.errstate(all="ignore"):
            self.pca_.fit(ready)
        return self

    def transform(self, X: Array) -> Array:
        """Return the components."""
        return np.asarray(self.pca_.transform(self._ready(X)), dtype=np.float64)

    def named(self, names: list[str]) -> list[str]:
        """Return ``component 1 of a, b`` and so on."""
        of = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return [f"component {place} of {of}" for place in range(1, self.pca_.n_components_ + 1)]


class OddRows(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Mark rows that few random cuts separate from the others (scikit-learn's `IsolationForest`; Liu and others, 2008).

    Parameters
    ----------
    share : float
        Share of the training rows that is taken for odd.
    seed : int

    Attributes
    ----------
    middle_ : ndarray, shape (n_features,)
    forest_ : IsolationForest
    """

    def __init__(self, share: float = 0.02, seed: int = 0) -> None:
        self.share = share
        self.seed = seed

    def fit(self, X: Array, y: object = None) -> OddRows:
        """Learn what is usual; missing values count as the median."""
        from sklearn.ensemble import IsolationForest

        known = ~np.isnan(X).all(axis=0)
        self.middle_ = np.zeros(X.shape[1])
        self.middle_[known] = np.nanmedian(X[:, known], axis=0)
        self.forest_ = IsolationForest(n_estimators=100, contamination=self.share, random_state=self.seed)
        self.forest_.fit(np.where(np.isnan(X), self.middle_, X))
        return self

    def odd(self, X: Array) -> Mask:
        """Return which rows are odd, shape (n_rows,)."""
        return np.asarray(self.forest_.predict(np.where(np.isnan(X), self.middle_, X)) == -1)

    def transform(self, X: Array) -> Array:
        """Return the numbers with a column that is 1 for odd rows."""
        return np.column_stack([X, self.odd(X).astype(np.float64)])

    def named(self, names: list[str]) -> list[str]:
        """Return the names with that of the mark."""
        return [*names, "odd row"]

"""Learned steps that neither scikit-learn nor skrub has, as scikit-learn transformers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

OTHER = "(rare)"
"""The value that rare ones become."""


def level_name(feature: Any, category: Any) -> str:
    """Return the name of a one-hot column: ``city = London``."""
    return f"{feature} = {category}"


class ClipOutliers(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Limit numbers: by limits learned from the training rows, or typed by a person.

    Parameters
    ----------
    method : {"iqr", "zscore", "percentile", "limits"}
        ``iqr``: quartiles widened by `factor` interquartile ranges (Tukey, 1977); ``zscore``: mean plus and minus
        `factor` standard deviations; ``percentile``: `factor` per cent at each end; ``limits``: `low` and `high`.
    factor : float
    low, high : float or None
    action : {"clip", "missing", "flag", "drop"}
        What becomes of numbers beyond the limits: set to the limit, missing, or kept and marked in a column of their own.
        With ``drop`` they are kept here, and `odd` says which rows are not learned from.

    Attributes
    ----------
    low_, high_ : ndarray, shape (n_features,)
        NaN where a column had no value.
    """

    def __init__(
        self,
        method: str = "iqr",
        factor: float = 3.0,
        low: float | None = None,
        high: float | None = None,
        action: str = "clip",
    ) -> None:
        self.method = method
        self.factor = factor
        self.low = low
        self.high = high
        self.action = action

    def fit(self, X: pd.DataFrame, y: object = None) -> ClipOutliers:
        """Learn the limits of each column."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        frame = pd.DataFrame(X).astype("float64")
        if self.method == "zscore":
            mean, std = frame.mean(), frame.std(ddof=0)
            low, high = mean - self.factor * std, mean + self.factor * std
        elif self.method == "percentile":
            low, high = frame.quantile(self.factor / 100), frame.quantile(1 - self.factor / 100)
        elif self.method == "limits":
            low = pd.Series(np.nan if self.low is None else float(self.low), index=frame.columns)
            high = pd.Series(np.nan if self.high is None else float(self.high), index=frame.columns)
        else:
            first, third = frame.quantile(0.25), frame.quantile(0.75)
            low, high = first - self.factor * (third - first), third + self.factor * (third - first)
        self.low_, self.high_ = low.to_numpy(), high.to_numpy()
        return self

    def beyond(self, X: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return where numbers are beyond the limits; missing ones are not."""
        check_is_fitted(self)
        values = np.asarray(X, dtype="float64")
        with np.errstate(invalid="ignore"):
            return np.asarray((values < self.low_) | (values > self.high_))

    def odd(self, X: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Return which rows hold a number beyond the limits, shape (n_rows,)."""
        return np.asarray(self.beyond(X).any(axis=1))

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the numbers as `action` says; missing stays missing."""
        check_is_fitted(self)
        values = np.asarray(X, dtype="float64")
        action = getattr(self, "action", "clip")  # a model of an earlier version has none
        if action == "clip":
            low = np.where(np.isnan(self.low_), -np.inf, self.low_)
            high = np.where(np.isnan(self.high_), np.inf, self.high_)
            return np.clip(values, low, high)
        if action == "missing":
            return np.where(self.beyond(X), np.nan, values)
        if action == "flag":
            return np.hstack([values, self.beyond(X).astype(np.float64)])
        return values

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the columns, and ``column outlying`` for the marks."""
        names = [str(name) for name in super().get_feature_names_out(input_features)]
        marks = [f"{name} outlying" for name in names] if getattr(self, "action", "clip") == "flag" else []
        return np.array([*names, *marks], dtype=object)


class GroupRare(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace values rarer than a share of the training rows, and values never seen, by one value.

    Parameters
    ----------
    min_share : float

    Attributes
    ----------
    kept_ : list of ndarray
        The values kept in each column.
    """

    def __init__(self, min_share: float = 0.01) -> None:
        self.min_share = min_share

    def fit(self, X: pd.DataFrame, y: object = None) -> GroupRare:
        """Learn which values are frequent enough."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        self.kept_ = []
        for values in np.asarray(X, dtype=object).T:
            shares = pd.Series(values, dtype=object).value_counts(normalize=True)
            kept = shares.index[shares.to_numpy() >= self.min_share]
            self.kept_.append(np.array(sorted(kept, key=str), dtype=object))
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.object_]:
        """Return the values with rare ones replaced; missing stays missing."""
        check_is_fitted(self)
        values = np.array(X, dtype=object)
        for position, kept in enumerate(self.kept_):
            column = pd.Series(values[:, position], dtype=object)
            values[:, position] = column.where(column.isin(kept) | column.isna(), OTHER).to_numpy()
        return values


class FrequencyEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Replace each value by its share of the training rows; 0 for values never seen.

    Attributes
    ----------
    shares_ : list of tuple (ndarray of values, ndarray of shares)
    """

    def fit(self, X: pd.DataFrame, y: object = None) -> FrequencyEncoder:
        """Learn the shares."""
        self._check_feature_names(X, reset=True)
        self._check_n_features(X, reset=True)
        self.shares_ = []
        for values in np.asarray(X, dtype=object).T:
            shares = pd.Series(values, dtype=object).value_counts(normalize=True)
            self.shares_.append((np.array(shares.index, dtype=object), shares.to_numpy(dtype="float64")))
        return self

    def transform(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the shares."""
        check_is_fitted(self)
        values = np.asarray(X, dtype=object)
        columns = [
            pd.Series(values[:, position], dtype=object).map(dict(zip(*pair, strict=True))).fillna(0.0)
            for position, pair in enumerate(self.shares_)
        ]
        return np.column_stack(columns).astype("float64") if columns else np.empty((len(values), 0))


def plain_text(cell: object) -> str:
    """Return a text in lower case, empty for a missing one."""
    return cell.lower() if isinstance(cell, str) else ""


@functools.lru_cache(maxsize=2)
def letter_counts(texts: tuple[str, ...]) -> Any:
    """Return how often each letter group is in each text, hashed; every fold and view of a model asks for the same."""
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=2**12, alternate_sign=False, norm=None)
    return vectorizer.transform(texts)


class TextFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Describe a column of text in a few numbers: TF-IDF of letter groups, reduced by truncated SVD.

    Latent semantic analysis (Deerwester and others, 1990) on letter groups, so that misspelt words stay near each
    other. All parts are scikit-learn's; hashing keeps no vocabulary, which makes the stored model small and quick.

    Parameters
    ----------
    dimensions : int
        Numbers a text.
    seed : int

    Attributes
    ----------
    tfidf_ : TfidfTransformer
    svd_ : TruncatedSVD
    """

    def __init__(self, dimensions: int = 10, seed: int = 0) -> None:
        self.dimensions = dimensions
        self.seed = seed

    def _counts(self, X: pd.Series) -> Any:
        return letter_counts(tuple(cell if isinstance(cell, str) else "" for cell in X))

    def fit(self, X: pd.Series, y: object = None) -> TextFeatures:
        """Learn weights and directions."""
        self.fit_transform(X)
        return self

    def fit_transform(self, X: pd.Series, y: object = None) -> npt.NDArray[np.float64]:
        """Learn and return the numbers, shape (n_rows, dimensions)."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfTransformer

        self.tfidf_ = TfidfTransformer()
        self.svd_ = TruncatedSVD(self.dimensions, random_state=self.seed)
        with np.errstate(invalid="ignore", divide="ignore"):  # explained variance of texts that are all empty
            values = self.svd_.fit_transform(self.tfidf_.fit_transform(self._counts(X)))
        full = np.zeros((len(X), self.dimensions))
        full[:, : values.shape[1]] = values  # fewer rows than dimensions give fewer directions
        return full

    def transform(self, X: pd.Series) -> npt.NDArray[np.float64]:
        """Return the numbers, shape (n_rows, dimensions)."""
        check_is_fitted(self)
        values = self.svd_.transform(self.tfidf_.transform(self._counts(X)))
        full = np.zeros((len(X), self.dimensions))
        full[:, : values.shape[1]] = values
        return full

    def get_feature_names_out(self, input_features: object = None) -> npt.NDArray[np.object_]:
        """Return ``part 1`` and so on; the column's name is put before it by `preprocessing.feature_names`."""
        return np.array([f"part {number}" for number in range(1, self.dimensions + 1)], dtype=object)

"""The unfitted transformer of each learned step over single columns: scikit-learn's where there is one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.cleaning.steps import value
from automl_core.experiment import Task

MISSING = "(missing)"
"""The word that stands for a missing one."""
NATIVE_LEVELS = 250
"""Most categories a booster gets as such; the rest are one."""

Chain = list[tuple[str, Any]]


def outliers(step: Step) -> Any:
    """Return the unfitted transformer of a ``clip_outliers`` step."""
    from automl_core.cleaning.transformers import ClipOutliers

    return ClipOutliers(
        value(step, "method"), float(value(step, "factor")), value(step, "low"), value(step, "high"), value(step, "action")
    )


def bins(number: int, step: Step, seed: int) -> Chain:
    """Return the unfitted parts of a ``bin`` step: what is missing gets the median, then numbers are cut."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import KBinsDiscretizer

    cut = KBinsDiscretizer(
        int(value(step, "bins")),
        encode="onehot-dense" if value(step, "encode") == "onehot" else "ordinal",
        strategy=value(step, "method"),
        subsample=200_000,
        random_state=seed,
    )
    return [(f"middle{number}", SimpleImputer(strategy="median", keep_empty_features=True)), (f"bin{number}", cut)]


def codes(native: bool, values: pd.Series) -> Any:
    """Return the unfitted encoder of words that no step encodes: a number a word, for boosters with missing left as such."""
    from sklearn.preprocessing import OrdinalEncoder

    if native:
        return OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=float("nan"),
            encoded_missing_value=float("nan"),
            max_categories=NATIVE_LEVELS if values.nunique() > NATIVE_LEVELS else None,  # counting is slow
        )
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)


def imputer(step: Step, words: bool, seed: int) -> Any:
    """Return the unfitted imputer of an ``impute`` step, for words or for numbers."""
    from sklearn.impute import KNNImputer, SimpleImputer

    strategy, indicator = value(step, "strategy"), bool(value(step, "indicator"))
    common = {"keep_empty_features": True}
    if words:
        if strategy == "most_frequent":
            return SimpleImputer(strategy="most_frequent", **common)
        fill = [str(word) for word in value(step, "fill")]
        chosen = fill[0] if strategy == "constant" and fill else MISSING
        return SimpleImputer(strategy="constant", fill_value=chosen, **common)
    if strategy == "knn":
        return KNNImputer(add_indicator=indicator, **common)
    if strategy == "iterative":
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (makes the next import possible)
        from sklearn.impute import IterativeImputer

        return IterativeImputer(random_state=seed, add_indicator=indicator, **common)
    if strategy == "constant":
        numbers = pd.to_numeric(pd.Series(list(value(step, "fill")), dtype=object), errors="coerce").dropna()
        fill_value = float(numbers.iloc[0]) if len(numbers) else 0.0
        return SimpleImputer(strategy="constant", fill_value=fill_value, add_indicator=indicator, **common)
    method = "median" if strategy == "auto" else strategy
    return SimpleImputer(strategy=method, add_indicator=indicator, **common)


def encoder(step: Step, values: pd.Series, task: Task, seed: int) -> tuple[Any, bool]:
    """Return the unfitted encoder of an ``encode`` step for one column, and whether it gives a column a value."""
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

    from automl_core.cleaning.transformers import FrequencyEncoder, level_name

    method, limit = value(step, "method"), int(value(step, "max_levels"))
    many = values.nunique() > limit
    if method == "auto":
        method = "target" if many else "onehot"
    if method == "onehot":
        onehot = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            drop="if_binary",
            max_categories=limit + 1 if many else None,  # counting is slow, so only where the limit binds
            sparse_output=False,
            feature_name_combiner=level_name,
        )
        return onehot, True
    if method == "target":
        kind = {"binary": "binary", "multiclass": "multiclass", "regression": "continuous"}[task]
        return TargetEncoder(target_type=kind, random_state=seed), False
    if method == "frequency":
        return FrequencyEncoder(), False
    if method == "hashing":
        from automl_core.cleaning.shaping import HashedWords

        return HashedWords(limit), True
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), False


def power(step: Step, seed: int) -> Any:
    """Return the unfitted transformer of a ``transform_power`` step."""
    from automl_core.cleaning.shaping import BoxCox, YeoJohnson

    method = value(step, "method")
    if method in ("quantile", "uniform"):
        from sklearn.preprocessing import QuantileTransformer

        spread = "normal" if method == "quantile" else "uniform"
        return QuantileTransformer(n_quantiles=200, output_distribution=spread, random_state=seed)
    return BoxCox() if method == "boxcox" else YeoJohnson()


def scaler(step: Step) -> Any:
    """Return the unfitted scaler of a ``scale`` step."""
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

    return {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler, "maxabs": MaxAbsScaler}[
        value(step, "method")
    ]()

"""Metrics of predicted numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.metrics.registry import VALUES, Metric, register

Array = npt.NDArray[Any]


def _sklearn(name: str) -> Callable[[Array, Array], float]:
    def compute(y: Array, value: Array) -> float:
        from sklearn import metrics

        return float(getattr(metrics, name)(y, value)) if len(y) else float("nan")

    return compute


def _rmse(y: Array, value: Array) -> float:
    return float(np.sqrt(np.mean((y - value) ** 2))) if len(y) else float("nan")


def _mae(y: Array, value: Array) -> float:
    return float(np.mean(np.abs(y - value))) if len(y) else float("nan")


def _rmsle(y: Array, value: Array) -> float:
    if (y < 0).any():
        return float("nan")
    return _rmse(np.log1p(y), np.log1p(np.clip(value, 0, None)))


def _of_two(name: str) -> Callable[[Array, Array], float]:
    """Return a share of what the mean or the median leaves; one row leaves nothing."""
    compute = _sklearn(name)
    return lambda y, value: compute(y, value) if len(y) > 1 else float("nan")


def _explained_variance(y: Array, value: Array) -> float:
    if len(y) < 2:
        return float("nan")
    left, whole = float(np.var(y - value)), float(np.var(y))
    return 1 - left / whole if whole else float(not left)


def _smape(y: Array, value: Array) -> float:
    size = (np.abs(y) + np.abs(value)) / 2
    return float(np.mean(np.where(size > 0, np.abs(y - value) / np.where(size > 0, size, 1), 0.0))) if len(y) else float("nan")


def _wape(y: Array, value: Array) -> float:
    total = np.abs(y).sum()
    return float(np.abs(y - value).sum() / total) if total > 0 else float("nan")


def _deviance(name: str, *, zero: bool) -> Callable[[Array, Array], float]:
    """Return a deviance; not defined where a true value is negative, or 0 unless that is allowed.

    It needs predictions above 0, which not every model gives: lower ones count as a thousandth of the mean.
    """
    compute = _sklearn(name)

    def measure(y: Array, value: Array) -> float:
        if not len(y) or (y < 0).any() or not (zero or (y > 0).all()) or y.mean() <= 0:
            return float("nan")
        return compute(y, np.clip(value, y.mean() / 1000, None))

    return measure


register(
    Metric(
        "rmse",
        "RMSE",
        "Typical size of the error in the target's own unit; large errors weigh more. Lower is better.",
        VALUES,
        False,
        "value",
        _rmse,
    )
)
register(
    Metric(
        "mae",
        "Mean absolute error",
        "Mean size of the error in the target's own unit. Lower is better.",
        VALUES,
        False,
        "value",
        _mae,
    )
)
register(
    Metric(
        "median_ae",
        "Median absolute error",
        "Half of the errors are smaller than this. Lower is better.",
        VALUES,
        False,
        "value",
        _sklearn("median_absolute_error"),
    )
)
register(
    Metric(
        "max_error",
        "Largest error",
        "The largest error of all rows, in the target's own unit. Lower is better.",
        VALUES,
        False,
        "value",
        _sklearn("max_error"),
        interval=False,
    )
)
register(
    Metric(
        "r2",
        "R²",
        "Share of the target's variation that is explained: 0 is no better than the mean, 1 is perfect.",
        VALUES,
        True,
        "value",
        _of_two("r2_score"),
    )
)
register(
    Metric(
        "explained_variance",
        "Explained variance",
        "As R², but being too high or too low by the same everywhere is forgiven.",
        VALUES,
        True,
        "value",
        _explained_variance,
    )
)
register(
    Metric(
        "d2_absolute_error",
        "D² of absolute errors",
        "Share of the mean absolute error of the median that is avoided: 0 is no better than the median, 1 is perfect.",
        VALUES,
        True,
        "value",
        _of_two("d2_absolute_error_score"),
    )
)
register(
    Metric(
        "mape",
        "Mean percentage error",
        "Mean error as a share of the true value. Breaks down where the truth is near 0. Lower is better.",
        VALUES,
        False,
        "value",
        _sklearn("mean_absolute_percentage_error"),
    )
)
register(
    Metric(
        "smape",
        "Symmetric percentage error",
        "Mean error as a share of the middle of truth and prediction: between 0 and 2. Lower is better.",
        VALUES,
        False,
        "value",
        _smape,
    )
)
register(
    Metric(
        "wape",
        "Weighted percentage error",
        "Sum of all errors as a share of the sum of all true values, as used for demand. Lower is better.",
        VALUES,
        False,
        "value",
        _wape,
    )
)
register(
    Metric(
        "rmsle",
        "RMSLE",
        "Typical error of the logarithm, so that being off by a factor counts alike for small and large. Lower is better.",
        VALUES,
        False,
        "value",
        _rmsle,
    )
)
register(
    Metric(
        "poisson_deviance",
        "Poisson deviance",
        "Error for counts, whose spread grows with their mean; not for negative truth. Lower is better.",
        VALUES,
        False,
        "value",
        _deviance("mean_poisson_deviance", zero=True),
    )
)
register(
    Metric(
        "gamma_deviance",
        "Gamma deviance",
        "Error for amounts above 0 by their ratio, as insurers use it for the size of claims. Lower is better.",
        VALUES,
        False,
        "value",
        _deviance("mean_gamma_deviance", zero=False),
    )
)

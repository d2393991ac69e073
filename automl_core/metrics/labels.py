"""Metrics of the predicted label. All are functions of the confusion table, so many thresholds are judged at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Task
from automl_core.metrics.registry import BINARY, CLASSES, MANY, Metric, register

Array = npt.NDArray[Any]
Counts = npt.NDArray[np.float64]


def confusion(y: Array, codes: Array, n_classes: int) -> Counts:
    """Return how many rows of each class (rows of the table) were predicted as each (columns), shape (k, k)."""
    cells = np.asarray(y, dtype=np.int64) * n_classes + codes
    return np.bincount(cells, minlength=n_classes * n_classes).reshape(n_classes, n_classes).astype(np.float64)


def _parts(counts: Counts) -> tuple[Counts, Counts, Counts]:
    """Return by class how many are true, how many were predicted, and how many of them rightly."""
    return counts.sum(axis=-1), counts.sum(axis=-2), np.diagonal(counts, axis1=-2, axis2=-1)


def _divide(top: Counts, bottom: Counts, otherwise: float) -> Counts:
    known = bottom != 0
    return np.where(known, top / np.where(known, bottom, 1.0), otherwise)


def _of_event(each: Counts, true: Counts) -> Counts:
    """Return the event's value for two classes, for more the mean weighted by their rows, as scikit-learn's."""
    if each.shape[-1] == 2:
        return each[..., 1]
    return _divide((each * true).sum(axis=-1), true.sum(axis=-1), np.nan)


def accuracy(counts: Counts) -> Counts:
    """Return the share of right labels."""
    return _divide(np.trace(counts, axis1=-2, axis2=-1), counts.sum(axis=(-2, -1)), np.nan)


def balanced_accuracy(counts: Counts) -> Counts:
    """Return the mean recall over the classes that are there."""
    true, _, hit = _parts(counts)
    return _divide(_divide(hit, true, 0.0).sum(axis=-1), (true > 0).sum(axis=-1).astype(np.float64), np.nan)


def precision(counts: Counts) -> Counts:
    """Return the share of right ones among those predicted."""
    true, predicted, hit = _parts(counts)
    return _of_event(_divide(hit, predicted, 0.0), true)


def recall(counts: Counts) -> Counts:
    """Return the share of found ones among those true."""
    true, _, hit = _parts(counts)
    return _of_event(_divide(hit, true, 0.0), true)


def f_beta(beta: float) -> Callable[[Counts], Counts]:
    """Return the F measure in which recall counts `beta` times as much as precision (van Rijsbergen, 1979)."""

    def measure(counts: Counts) -> Counts:
        true, predicted, hit = _parts(counts)
        return _of_event(_divide((1 + beta**2) * hit, beta**2 * true + predicted, 0.0), true)

    return measure


def specificity(counts: Counts) -> Counts:
    """Return the share of the rows without the event that were left alone."""
    return _divide(counts[..., 0, 0], counts[..., 0, :].sum(axis=-1), 0.0)


def matthews(counts: Counts) -> Counts:
    """Return the correlation of prediction and truth (Matthews, 1975; Gorodkin, 2004, for many classes)."""
    true, predicted, hit = _parts(counts)
    total = counts.sum(axis=(-2, -1))
    top = hit.sum(axis=-1) * total - (true * predicted).sum(axis=-1)
    bottom = np.sqrt((total**2 - (predicted**2).sum(axis=-1)) * (total**2 - (true**2).sum(axis=-1)))
    return _divide(top, bottom, 0.0)


def kappa(counts: Counts) -> Counts:
    """Return accuracy beyond chance (Cohen, 1960)."""
    true, predicted, hit = _parts(counts)
    total = counts.sum(axis=(-2, -1))
    chance = _divide((true * predicted).sum(axis=-1), total**2, np.nan)
    return _divide(_divide(hit.sum(axis=-1), total, np.nan) - chance, 1 - chance, np.nan)


def quadratic_kappa(counts: Counts) -> Counts:
    """Return kappa in which a mistake weighs by the square of its distance in the order of the labels (Cohen, 1968)."""
    true, predicted, _ = _parts(counts)
    places = np.arange(counts.shape[-1])
    weights = (places[:, None] - places[None, :]).astype(np.float64) ** 2
    expected = true[..., :, None] * predicted[..., None, :] / np.maximum(counts.sum(axis=(-2, -1)), 1)[..., None, None]
    seen = (weights * counts).sum(axis=(-2, -1))
    return 1 - _divide(seen, (weights * expected).sum(axis=(-2, -1)), np.nan)


def label_metric(
    name: str,
    label: str,
    explanation: str,
    counts: Callable[[Counts], Counts],
    tasks: tuple[Task, ...] = CLASSES,
    **more: Any,
) -> Metric:
    """Register a metric that is a function of the confusion table; more is better."""

    def compute(y: Array, codes: Array, n_classes: int) -> float:
        return float(counts(confusion(y, codes, n_classes)))

    return register(Metric(name, label, explanation, tasks, True, "label", compute, counts, **more))


label_metric("accuracy", "Accuracy", "Share of rows whose label is right. Misleading when one label is rare.", accuracy)
label_metric(
    "balanced_accuracy",
    "Balanced accuracy",
    "Mean over the labels of the share that is found, so that rare labels count as much as frequent ones.",
    balanced_accuracy,
)
label_metric(
    "f1", "F1", "Balance of precision and recall for the event; for many labels their mean weighted by size.", f_beta(1.0)
)
label_metric("f2", "F2", "As F1, but finding the events counts twice as much as not raising false alarms.", f_beta(2.0), BINARY)
label_metric(
    "precision",
    "Precision",
    "Of the rows predicted as the event, the share that is.",
    precision,
    no_threshold="precision alone would be best where almost no row is predicted as the event",
)
label_metric(
    "recall",
    "Recall",
    "Of the rows with the event, the share that is found.",
    recall,
    no_threshold="recall alone would be best where every row is predicted as the event",
)
label_metric(
    "specificity",
    "Specificity",
    "Of the rows without the event, the share that is not taken for it.",
    specificity,
    BINARY,
    no_threshold="specificity alone would be best where no row is predicted as the event",
)
label_metric(
    "matthews_corrcoef",
    "Matthews correlation",
    "Agreement of prediction and truth, corrected for chance: 0 is guessing, 1 is perfect.",
    matthews,
)
label_metric("cohen_kappa", "Cohen's kappa", "Accuracy beyond what chance alone would give.", kappa)
label_metric(
    "quadratic_kappa",
    "Quadratic kappa",
    "As kappa, for labels that are grades: a mistake weighs more the further it is off.",
    quadratic_kappa,
    MANY,
    ordered=True,
)

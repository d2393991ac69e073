"""The metrics: what they are called, what they mean, and how they are computed (by scikit-learn)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.errors import InputError
from automl_core.experiment import TASKS, Task

Array = npt.NDArray[Any]
Needs = Literal["probability", "label", "value"]
CLASSES: tuple[Task, ...] = ("binary", "multiclass")
VALUES: tuple[Task, ...] = ("regression",)


@dataclass(frozen=True)
class Metric:
    """One metric.

    Parameters
    ----------
    name : str
        scikit-learn's name where it has one.
    label : str
        Name for people.
    explanation : str
        One sentence, in plain words.
    tasks : tuple of Task
    greater_is_better : bool
    needs : Needs
        Class probabilities, the predicted label, or a value.
    compute : callable
        Takes truth and prediction (and for probabilities the number of classes).
    """

    name: str
    label: str
    explanation: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    needs: Needs
    compute: Callable[..., float]


def _roc_auc(y: Array, proba: Array) -> float:
    from sklearn.metrics import roc_auc_score

    if proba.shape[1] == 2:
        return float(roc_auc_score(y, proba[:, 1]))
    labels = np.arange(proba.shape[1])
    totals = proba.sum(axis=1, keepdims=True)
    return float(roc_auc_score(y, proba / totals, labels=labels, multi_class="ovr", average="weighted"))


def _log_loss(y: Array, proba: Array) -> float:
    from sklearn.metrics import log_loss

    safe = np.clip(proba, 1e-15, 1)
    return float(log_loss(y, safe / safe.sum(axis=1, keepdims=True), labels=np.arange(proba.shape[1])))


def _average_precision(y: Array, proba: Array) -> float:
    from sklearn.metrics import average_precision_score

    if proba.shape[1] == 2:
        return float(average_precision_score(y, proba[:, 1]))
    present = [k for k in range(proba.shape[1]) if (y == k).any()]
    scores = [average_precision_score(y == k, proba[:, k]) for k in present]
    return float(np.average(scores, weights=[(y == k).sum() for k in present]))


def _labels(name: str, **options: Any) -> Callable[[Array, Array, int], float]:
    def compute(y: Array, label: Array, n_classes: int) -> float:
        from sklearn import metrics

        average = "binary" if n_classes == 2 else "weighted"
        extra = {"average": average, "zero_division": 0.0} if name in ("f1_score", "precision_score", "recall_score") else {}
        with warnings.catch_warnings():
            # A fold may lack a class that is predicted in it; the score is right all the same.
            warnings.filterwarnings("ignore", "y_pred contains classes not in y_true")
            return float(getattr(metrics, name)(y, label, **extra, **options))

    return compute


def _values(name: str, **options: Any) -> Callable[[Array, Array], float]:
    def compute(y: Array, value: Array) -> float:
        from sklearn import metrics

        return float(getattr(metrics, name)(y, value, **options))

    return compute


def _rmse(y: Array, value: Array) -> float:
    return float(np.sqrt(np.mean((y - value) ** 2)))


def _rmsle(y: Array, value: Array) -> float:
    if (y < 0).any():
        return float("nan")
    return _rmse(np.log1p(y), np.log1p(np.clip(value, 0, None)))


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "roc_auc",
            "ROC AUC",
            "How often a row with the event gets a higher probability than one without: 0.5 is guessing, 1 is perfect.",
            CLASSES,
            True,
            "probability",
            _roc_auc,
        ),
        Metric(
            "log_loss",
            "Log loss",
            "How far the probabilities are from what happened; confident mistakes cost most. Lower is better.",
            CLASSES,
            False,
            "probability",
            _log_loss,
        ),
        Metric(
            "average_precision",
            "Average precision",
            "How pure the top of the list is when rows are sorted by probability. Suits rare events.",
            CLASSES,
            True,
            "probability",
            _average_precision,
        ),
        Metric(
            "accuracy",
            "Accuracy",
            "Share of rows whose label is right. Misleading when one label is rare.",
            CLASSES,
            True,
            "label",
            _labels("accuracy_score"),
        ),
        Metric(
            "balanced_accuracy",
            "Balanced accuracy",
            "Mean over the labels of the share that is found, so that rare labels count as much as frequent ones.",
            CLASSES,
            True,
            "label",
            _labels("balanced_accuracy_score"),
        ),
        Metric(
            "f1",
            "F1",
            "Balance of precision and recall for the event; for many labels their mean weighted by size.",
            CLASSES,
            True,
            "label",
            _labels("f1_score"),
        ),
        Metric(
            "precision",
            "Precision",
            "Of the rows predicted as the event, the share that is.",
            CLASSES,
            True,
            "label",
            _labels("precision_score"),
        ),
        Metric(
            "recall",
            "Recall",
            "Of the rows with the event, the share that is found.",
            CLASSES,
            True,
            "label",
            _labels("recall_score"),
        ),
        Metric(
            "matthews_corrcoef",
            "Matthews correlation",
            "Agreement of prediction and truth, corrected for chance: 0 is guessing, 1 is perfect.",
            CLASSES,
            True,
            "label",
            _labels("matthews_corrcoef"),
        ),
        Metric(
            "cohen_kappa",
            "Cohen's kappa",
            "Accuracy beyond what chance alone would give.",
            CLASSES,
            True,
            "label",
            _labels("cohen_kappa_score"),
        ),
        Metric(
            "rmse",
            "RMSE",
            "Typical size of the error in the target's own unit; large errors weigh more. Lower is better.",
            VALUES,
            False,
            "value",
            _rmse,
        ),
        Metric(
            "mae",
            "Mean absolute error",
            "Mean size of the error in the target's own unit. Lower is better.",
            VALUES,
            False,
            "value",
            _values("mean_absolute_error"),
        ),
        Metric(
            "median_ae",
            "Median absolute error",
            "Half of the errors are smaller than this. Lower is better.",
            VALUES,
            False,
            "value",
            _values("median_absolute_error"),
        ),
        Metric(
            "r2",
            "R²",
            "Share of the target's variation that is explained: 0 is no better than the mean, 1 is perfect.",
            VALUES,
            True,
            "value",
            _values("r2_score"),
        ),
        Metric(
            "mape",
            "Mean percentage error",
            "Mean error as a share of the true value. Breaks down where the truth is near 0. Lower is better.",
            VALUES,
            False,
            "value",
            _values("mean_absolute_percentage_error"),
        ),
        Metric(
            "rmsle",
            "RMSLE",
            "Typical error of the logarithm, so that being off by a factor counts alike for small and large values.",
            VALUES,
            False,
            "value",
            _rmsle,
        ),
    )
}


def metrics_for(task: Task) -> list[Metric]:
    """Return the metrics of a task, the default one first."""
    if task not in TASKS:
        raise InputError(f"{task!r} is no task.", f"The tasks are {', '.join(TASKS)}.")
    fitting = [metric for metric in METRICS.values() if task in metric.tasks]
    default = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]
    return sorted(fitting, key=lambda metric: metric.name != default)


def check_metric(name: str, task: Task) -> Metric:
    """Return a metric; raises InputError when it is unknown or does not fit the task."""
    fitting = ", ".join(metric.name for metric in metrics_for(task))
    if name not in METRICS:
        raise InputError(f"There is no metric {name!r}.", f"For a {task} task there are {fitting}.", "Choose one of them.")
    if task not in METRICS[name].tasks:
        raise InputError(
            f"The metric {METRICS[name].label} does not fit a {task} task.", f"Fitting ones are {fitting}.", "Choose one of them."
        )
    return METRICS[name]


def score(name: str, y: Array, prediction: Array) -> float:
    """Compute one metric.

    Parameters
    ----------
    name : str
    y : ndarray, shape (n,)
        Class codes 0..k-1, or values.
    prediction : ndarray, shape (n, k) or (n,)
        Probabilities of all classes, or values.

    Returns
    -------
    float
        NaN where the metric is not defined, such as ROC AUC with one class.
    """
    metric = METRICS[name]
    if metric.needs == "value":
        return metric.compute(y, prediction)
    if metric.needs == "label":
        return metric.compute(y, labels_of(prediction), prediction.shape[1])
    if name == "roc_auc" and len(np.unique(y)) < (2 if prediction.shape[1] == 2 else prediction.shape[1]):
        return float("nan")
    return metric.compute(y, prediction)


def labels_of(proba: Array, threshold: float = 0.5) -> Array:
    """Return class codes: the most probable class, or the event where its probability is above the threshold."""
    if proba.shape[1] == 2:
        return np.asarray(proba[:, 1] > threshold, dtype=int)
    return np.asarray(proba.argmax(axis=1))


def all_scores(task: Task, y: Array, prediction: Array) -> dict[str, float]:
    """Compute every metric of a task; those that are not defined here are left out."""
    scores = {metric.name: score(metric.name, y, prediction) for metric in metrics_for(task)}
    return {name: value for name, value in scores.items() if np.isfinite(value)}

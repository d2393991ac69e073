"""What a metric is, the register of all of them, and how one is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from automl_core.errors import InputError
from automl_core.experiment import TASKS, Task

Array = npt.NDArray[Any]
Needs = Literal["probability", "label", "value", "rows"]
CLASSES: tuple[Task, ...] = ("binary", "multiclass")
BINARY: tuple[Task, ...] = ("binary",)
MANY: tuple[Task, ...] = ("multiclass",)
VALUES: tuple[Task, ...] = ("regression",)
OWN = ("cost", "kpi")
"""Names of the figures that a run brings itself: its cost table and its formula."""
PER_CLASS = 50
"""Most labels for which a metric that looks at each of them, or at each pair, is computed without being asked for."""


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
        Class probabilities, the predicted label, a value, or (``rows``) whatever `scorer.Scorer` hands over.
    compute : callable
        Takes truth and prediction: ``(y, proba)``, ``(y, codes, n_classes)`` or ``(y, values)``; with `columns` also a
        dict of these as arrays, by the keyword ``columns``. Gives NaN where it is not defined, without a warning.
    counts : callable, optional
        For labels: the same from tables of truth (rows) against prediction (columns), shape (..., k, k), at once.
    columns : tuple of str
        Columns of the uploaded table that it looks at; it is left out for tables that lack one.
    interval : bool
        Whether resampled rows tell its uncertainty; not so for a maximum.
    per_class : bool
        Whether its time grows with the number of labels.
    ordered : bool
        Whether it makes sense only for labels with an order; it is shown where all labels are numbers.
    no_threshold : str
        For labels: why no threshold is fitted to it; empty where one can be.
    """

    name: str
    label: str
    explanation: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    needs: Needs
    compute: Callable[..., float]
    counts: Callable[[Array], Array] | None = None
    columns: tuple[str, ...] = ()
    interval: bool = True
    per_class: bool = False
    ordered: bool = False
    no_threshold: str = ""


METRICS: dict[str, Metric] = {}
"""By name; filled by `register`."""


def register(metric: Metric) -> Metric:
    """Add a metric to `METRICS` and return it.

    Raises
    ------
    InputError
        When its name is taken, or it lacks something that every metric has.
    """
    if metric.name in METRICS or metric.name in OWN:
        raise InputError(f"There is a metric {metric.name!r} already.", "Each needs a name of its own.", "Choose another name.")
    if not (metric.name.isidentifier() and metric.label and metric.explanation.endswith(".") and metric.tasks):
        raise InputError(
            f"The metric {metric.name!r} cannot be registered.",
            "It needs a name without spaces, a label, an explanation that ends with a full stop, and its tasks.",
            "Complete it.",
        )
    METRICS[metric.name] = metric
    return metric


def metrics_for(task: Task) -> list[Metric]:
    """Return the metrics of a task: the default one, then those of probabilities, then the others."""
    if task not in TASKS:
        raise InputError(f"{task!r} is no task.", f"The tasks are {', '.join(TASKS)}.")
    fitting = [metric for metric in METRICS.values() if task in metric.tasks]
    default = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]
    return sorted(fitting, key=lambda metric: (metric.name != default, metric.needs != "probability"))


def check_metric(name: str, task: Task) -> Metric:
    """Return a metric of the register; raises InputError when it is unknown or does not fit the task."""
    fitting = ", ".join(metric.name for metric in metrics_for(task))
    if name not in METRICS:
        raise InputError(f"There is no metric {name!r}.", f"For a {task} task there are {fitting}.", "Choose one of them.")
    if task not in METRICS[name].tasks:
        raise InputError(
            f"The metric {METRICS[name].label} does not fit a {task} task.", f"Fitting ones are {fitting}.", "Choose one of them."
        )
    return METRICS[name]


def score(name: str, y: Array, prediction: Array, threshold: float = 0.5) -> float:
    """Compute one metric of the register; see `score_of`."""
    return score_of(METRICS[name], y, prediction, threshold)


def score_of(
    metric: Metric, y: Array, prediction: Array, threshold: float | Array = 0.5, columns: Mapping[str, Array] | None = None
) -> float:
    """Compute one metric.

    Parameters
    ----------
    metric : Metric
        Not one that needs ``rows``.
    y : ndarray, shape (n,)
        Class codes 0..k-1, or values.
    prediction : ndarray, shape (n, k) or (n,)
        Probabilities of all classes, or values.
    threshold : float or ndarray, shape (n,)
        For two classes and metrics of labels: above this probability the event is predicted.
    columns : mapping of str to ndarray
        What the metric's `columns` hold in these rows.

    Returns
    -------
    float
        NaN where the metric is not defined, such as ROC AUC with one class.
    """
    more: dict[str, Any] = {"columns": {name: (columns or {})[name] for name in metric.columns}} if metric.columns else {}
    if metric.needs == "label":
        return float(metric.compute(y, labels_of(prediction, threshold), prediction.shape[1], **more))
    return float(metric.compute(y, prediction, **more))


def labels_of(proba: Array, threshold: float | Array = 0.5) -> Array:
    """Return class codes: the most probable class, or the event where its probability is above the threshold."""
    if proba.shape[1] == 2:
        return np.asarray(proba[:, 1] > threshold, dtype=int)
    return np.asarray(proba.argmax(axis=1))


def all_scores(task: Task, y: Array, prediction: Array) -> dict[str, float]:
    """Compute the metrics of a task that every run shows; those that are not defined here are left out."""
    many = prediction.ndim == 2 and prediction.shape[1] > PER_CLASS
    shown = [m for m in metrics_for(task) if not m.ordered and not m.columns and not (m.per_class and many)]
    scores = {metric.name: score_of(metric, y, prediction) for metric in shown}
    return {name: value for name, value in scores.items() if np.isfinite(value)}

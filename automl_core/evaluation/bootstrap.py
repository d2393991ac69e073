"""Headline metrics with intervals: the percentile bootstrap over rows (Efron and Tibshirani, 1993)."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Task
from automl_core.metrics import METRICS, metrics_for, score

Array = npt.NDArray[np.float64]
Interval = tuple[float, float | None, float | None]
WORK = 1_200_000
"""Rows times resamples that are affordable; more rows get fewer resamples, which their narrow intervals allow."""
LOWEST, HIGHEST = 50, 300
CAP = 100_000
"""Most rows in one resample."""


def resamples(rows: int) -> int:
    """Return how many resamples are drawn for so many rows."""
    return int(np.clip(WORK // max(rows, 1), LOWEST, HIGHEST))


def headline(task: str, truth: Array, values: Array, *, first: str, threshold: float = 0.5, seed: int = 0) -> dict[str, Interval]:
    """Compute every metric of the task with a 95 % interval.

    Parameters
    ----------
    task : str
    truth : ndarray, shape (n,)
        Class codes or values.
    values : ndarray, shape (n, n_classes) or (n,)
    first : str
        The metric that comes first.
    threshold : float
        For two classes.
    seed : int

    Returns
    -------
    dict of str to (value, low, high)
        Metrics that are not defined for these rows are left out; `low` and `high` are None where too few resamples
        were defined.
    """
    kind: Task = "binary" if task == "binary" else "multiclass" if task == "multiclass" else "regression"
    names = [metric.name for metric in metrics_for(kind)]
    names.sort(key=lambda name: name != first)
    judged = _at_threshold(values, threshold) if task == "binary" else values
    with warnings.catch_warnings():
        # Resamples without some class make scikit-learn warn; undefined values are left out below.
        warnings.simplefilter("ignore")
        point = {name: _one(name, truth, values, judged) for name in names}
        names = [name for name in names if np.isfinite(point[name])]
        drawn = _draw(names, truth, values, judged, seed)
    result: dict[str, Interval] = {}
    for name in names:
        found = drawn[name][np.isfinite(drawn[name])]
        if len(found) < LOWEST // 2:
            result[name] = (point[name], None, None)
        else:
            low, high = np.quantile(found, [0.025, 0.975])
            result[name] = (point[name], float(low), float(high))
    return result


def _at_threshold(values: Array, threshold: float) -> Array:
    """Return 1 for the predicted class and 0 for the other, for the metrics of labels."""
    event = (values[:, 1] > threshold).astype(float)  # as `Model.codes` predicts
    return np.column_stack([1 - event, event])


def _one(name: str, truth: Array, values: Array, judged: Array) -> float:
    y = truth.astype(int) if values.ndim == 2 else truth
    return score(name, y, judged if METRICS[name].needs == "label" else values)


def _draw(names: list[str], truth: Array, values: Array, judged: Array, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    size = len(truth)
    count = resamples(size)
    drawn = {name: np.full(count, np.nan) for name in names}
    fast = [name for name in names if name in FAST_BINARY] if values.ndim == 2 and values.shape[1] == 2 else []
    labels = [name for name in names if METRICS[name].needs == "label"] if values.ndim == 2 else []
    slow = [name for name in names if name not in fast and name not in labels]
    order = np.argsort(values[:, 1], kind="stable") if fast else np.empty(0, dtype=np.int64)
    k = values.shape[1] if values.ndim == 2 else 0
    cells = truth.astype(int) * k + judged.argmax(axis=1) if labels else np.empty(0, dtype=np.int64)
    for number in range(count):
        chosen = rng.integers(0, size, min(size, CAP))
        if fast:
            weights = np.bincount(chosen, minlength=size).astype(float)
            for name in fast:
                drawn[name][number] = FAST_BINARY[name](truth[order], values[order, 1], weights[order])
        if labels:
            counts = np.bincount(cells[chosen], minlength=k * k).reshape(k, k).astype(float)
            for name in labels:
                drawn[name][number] = from_confusion(name, counts)
        for name in slow:
            drawn[name][number] = _one(name, truth[chosen], values[chosen], judged[chosen])
    return drawn


def weighted_auc(truth: Array, proba: Array, weights: Array) -> float:
    """Return the area under the ROC curve of weighted rows that are sorted by probability, ties counted half."""
    event, other = weights * truth, weights * (1 - truth)
    starts = np.flatnonzero(np.r_[True, proba[1:] != proba[:-1]])
    e, o = np.add.reduceat(event, starts), np.add.reduceat(other, starts)
    if not e.sum() or not o.sum():
        return float("nan")
    below = np.cumsum(o) - o
    return float((e * (below + o / 2)).sum() / (e.sum() * o.sum()))


def weighted_average_precision(truth: Array, proba: Array, weights: Array) -> float:
    """Return the average precision of weighted rows that are sorted by probability."""
    starts = np.flatnonzero(np.r_[True, proba[1:] != proba[:-1]])
    e = np.add.reduceat(weights * truth, starts)[::-1]
    o = np.add.reduceat(weights * (1 - truth), starts)[::-1]
    found, all_rows = np.cumsum(e), np.cumsum(e + o)
    if not found[-1]:
        return float("nan")
    precision = found / np.where(all_rows > 0, all_rows, 1)
    return float((e * precision).sum() / found[-1])


def weighted_log_loss(truth: Array, proba: Array, weights: Array) -> float:
    """Return the log loss of weighted rows."""
    chosen = np.clip(np.where(truth == 1, proba, 1 - proba), 1e-15, 1)
    return float(-(weights * np.log(chosen)).sum() / weights.sum())


FAST_BINARY = {
    "roc_auc": weighted_auc,
    "average_precision": weighted_average_precision,
    "log_loss": weighted_log_loss,
}


def from_confusion(name: str, counts: Array) -> float:
    """Return a metric of labels from the table of truth (rows) against prediction (columns).

    Two classes are judged by the second; more are weighted by their size, as `metrics.METRICS` does.
    """
    total = counts.sum()
    true, predicted, hit = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    if name == "accuracy":
        return float(hit.sum() / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = np.where(true > 0, hit / true, 0.0)
        precision = np.where(predicted > 0, hit / predicted, 0.0)
        f1 = np.where(true + predicted > 0, 2 * hit / (true + predicted), 0.0)
    if name == "balanced_accuracy":
        return float(recall[true > 0].mean())
    if name == "matthews_corrcoef":
        bottom = np.sqrt((total**2 - (predicted**2).sum()) * (total**2 - (true**2).sum()))
        return float((hit.sum() * total - (true * predicted).sum()) / bottom) if bottom else 0.0
    if name == "cohen_kappa":
        chance = (true * predicted).sum() / total**2
        return float((hit.sum() / total - chance) / (1 - chance)) if chance < 1 else float("nan")
    each = {"precision": precision, "recall": recall, "f1": f1}[name]
    return float(each[1]) if len(counts) == 2 else float((each * true).sum() / total)

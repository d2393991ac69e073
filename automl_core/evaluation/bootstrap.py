"""Headline metrics with intervals: the percentile bootstrap over rows (Efron and Tibshirani, 1993)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import ExperimentConfig, Task
from automl_core.metrics import Metric, labels_of
from automl_core.metrics.probabilities import weighted_auc, weighted_average_precision, weighted_log_loss, weighted_pairs_auc
from automl_core.scorer import Scorer

Array = npt.NDArray[np.float64]
Interval = tuple[float, float | None, float | None]
WORK = 1_200_000
"""Rows times resamples that are affordable; more rows get fewer resamples, which their narrow intervals allow."""
LOWEST, HIGHEST = 50, 300
CELLS = 25
"""Cells of a confusion table that take as long as a row."""
CAP = 100_000
"""Most rows in one resample."""
PAIRS = "roc_auc_ovo"
AT_ONCE = 1_000_000
"""Weights of rows that are judged at once by the metric of `PAIRS`, over all resamples."""

RESAMPLING = 1
"""Raised when other resamples are drawn, so that those which were kept are not set against new ones."""


def resamples(rows: int, labels: int = 0) -> int:
    """Return how many resamples are drawn for so many rows and labels."""
    return int(np.clip(WORK // max(rows, labels**2 // CELLS, 1), LOWEST, HIGHEST))


def headline(
    task: Task,
    truth: Array,
    values: Array,
    *,
    first: str,
    threshold: float = 0.5,
    seed: int = 0,
    scorer: Scorer | None = None,
) -> dict[str, Interval]:
    """Compute every metric that judges a run with a 95 % interval.

    Parameters
    ----------
    task : Task
    truth : ndarray, shape (n,)
        Class codes or values.
    values : ndarray, shape (n, n_classes) or (n,)
    first : str
        The metric that comes first.
    threshold : float
        For two classes.
    seed : int
    scorer : Scorer, optional
        Over the same rows, for a run's own figures; by default the metrics of the task.

    Returns
    -------
    dict of str to (value, low, high)
        Metrics that are not defined for these rows are left out; `low` and `high` are None where too few resamples
        were defined, and for metrics whose uncertainty resampled rows do not tell.
    """
    scorer = scorer or Scorer(ExperimentConfig("", task, first), truth, pd.DataFrame(index=range(len(truth))))
    return resampled(scorer, Predicted(values, threshold), first=first, seed=seed)[0]


@dataclass(frozen=True)
class Predicted:
    """What a model predicts for rows: probabilities or values, and above which probability the event."""

    values: Array
    threshold: float


def resampled(scorer: Scorer, side: Predicted, *, first: str, seed: int = 0) -> tuple[dict[str, Interval], dict[str, Array]]:
    """Compute what `headline` does, and return each metric's value in every resample, too.

    Two models that were resampled with one seed over the same rows can be set against each other by these values alone.
    """
    metrics = sorted(scorer.metrics, key=lambda metric: metric.name != first)
    point, drawn = _judged(metrics, scorer, side, seed)
    return {name: _interval(value, drawn.get(name, np.empty(0))) for name, value in point.items()}, drawn


def paired(scorer: Scorer, one: Predicted, other: Predicted, *, seed: int = 0) -> dict[str, Interval]:
    """Compute by how much every metric of a model is above that of another, with a 95 % interval.

    The same resamples are drawn for both, so that what makes rows easy or hard for both drops out.

    Parameters
    ----------
    scorer : Scorer
        Over the rows that both predicted.
    one, other : Predicted
    seed : int

    Returns
    -------
    dict of str to (value, low, high)
        As `headline`; metrics that are not defined for both are left out.
    """
    (first, drawn), (second, others) = (resampled(scorer, side, first=scorer.config.metric, seed=seed) for side in (one, other))
    return subtracted({name: entry[0] for name, entry in first.items()}, drawn, {n: e[0] for n, e in second.items()}, others)


def subtracted(
    first: Mapping[str, float], drawn: Mapping[str, Array], second: Mapping[str, float], others: Mapping[str, Array]
) -> dict[str, Interval]:
    """Subtract the metrics of one model from those of another: over all rows, and in each of the same resamples."""
    return {
        name: _interval(value - second[name], drawn[name] - others[name] if name in drawn and name in others else np.empty(0))
        for name, value in first.items()
        if name in second
    }


def _judged(metrics: list[Metric], scorer: Scorer, side: Predicted, seed: int) -> tuple[dict[str, float], dict[str, Array]]:
    """Return each metric that is defined, over all rows and over each resample."""
    from sklearn import config_context

    everything = np.arange(len(scorer.y))
    # Thousands of small calls: what goes in is checked once, and not in each of them.
    with warnings.catch_warnings(), config_context(assume_finite=True, skip_parameter_validation=True):
        # Resamples without some class make scikit-learn warn; undefined values are left out later.
        warnings.simplefilter("ignore")
        point = {metric.name: scorer.value(metric, everything, side.values, side.threshold) for metric in metrics}
        point = {name: value for name, value in point.items() if np.isfinite(value)}
        told = [metric for metric in metrics if metric.interval and metric.name in point]
        return point, _draw(told, scorer, side.values, side.threshold, seed)


def _interval(value: float, drawn: Array) -> Interval:
    found = drawn[np.isfinite(drawn)]
    if len(found) < LOWEST // 2:
        return value, None, None
    low, high = np.quantile(found, [0.025, 0.975])
    return value, float(low), float(high)


def _draw(metrics: list[Metric], scorer: Scorer, values: Array, threshold: float, seed: int) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    truth, size = scorer.y, len(scorer.y)
    k = values.shape[1] if values.ndim == 2 else 0
    count = resamples(size, k)
    drawn = {metric.name: np.full(count, np.nan) for metric in metrics}
    fast = [metric.name for metric in metrics if metric.name in FAST_BINARY] if k == 2 else []
    tables = [metric for metric in metrics if metric.counts is not None]
    pairs = k > 2 and PAIRS in drawn
    slow = [
        metric for metric in metrics if metric.counts is None and metric.name not in {*fast, "cost", *([PAIRS] if pairs else [])}
    ]
    waiting: list[Array] = []
    money = any(metric.name == "cost" for metric in metrics)
    order = np.argsort(values[:, 1], kind="stable") if fast else np.empty(0, dtype=np.int64)
    ranked, proba = truth[order], values[order, 1] if fast else np.empty(0)
    cells = truth.astype(int) * k + labels_of(values, threshold) if tables else np.empty(0, dtype=np.int64)
    if money:
        act, leave, known = scorer.money(np.arange(size))
        earned = np.where(values[:, 1] > threshold, act, leave)
    for number in range(count):
        chosen = rng.integers(0, size, min(size, CAP))
        if fast:
            weights = np.bincount(chosen, minlength=size).astype(float)[order]
            found = {judge: judge(ranked, proba, weights) for judge in {FAST_BINARY[name] for name in fast}}
            for name in fast:
                drawn[name][number] = found[FAST_BINARY[name]]
        if tables:
            counts = np.bincount(cells[chosen], minlength=k * k).reshape(k, k).astype(float)
            for metric in tables:
                drawn[metric.name][number] = metric.counts(counts) if metric.counts else np.nan
        if money:
            drawn["cost"][number] = earned[chosen].sum() / max(known[chosen].sum(), 1)
        for metric in slow:
            drawn[metric.name][number] = scorer.value(metric, chosen, values[chosen], threshold)
        if pairs:
            waiting.append(np.bincount(chosen, minlength=size).astype(float))
            if len(waiting) * size >= AT_ONCE or number == count - 1:
                drawn_pairs = weighted_pairs_auc(truth.astype(int), values, np.stack(waiting))
                drawn[PAIRS][number + 1 - len(waiting) : number + 1] = drawn_pairs
                waiting = []
    if "gini" in drawn and "gini" in fast:
        drawn["gini"] = 2 * drawn["gini"] - 1
    return drawn


FAST_BINARY = {
    "roc_auc": weighted_auc,
    "gini": weighted_auc,
    "average_precision": weighted_average_precision,
    "log_loss": weighted_log_loss,
}

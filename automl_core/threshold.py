"""Above which probability the event is predicted: by the costs or by the metric, on rows that were not learned from."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Decision
from automl_core.metrics import Metric, metric_of, metrics_of
from automl_core.scorer import Scorer

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]
HALF = 0.5
ROWS = 200_000
"""Most rows that choose a threshold."""
GRID, GRID_ROWS = 49, 10_000
"""Thresholds that are tried, and most rows, where each costs a computation of its own."""
PARTS = 5
"""Parts of the rows, each of which judges the threshold that the others choose."""
STEPS, SMALL = 1000, 0.02
"""How fine a person chooses: parts of 1, ten times as many where half of the events have a probability below `SMALL`."""
DRAWS = 200
"""Resamples that tell the uncertainty of a difference."""


@dataclass(frozen=True)
class Sweep:
    """A metric at many thresholds.

    Parameters
    ----------
    thresholds : ndarray, shape (t,)
        Ascending. The event is predicted above them.
    values : ndarray, shape (t,)
        In the metric's own direction, NaN where not defined.
    """

    thresholds: Array
    values: Array


@dataclass(frozen=True)
class Best:
    """The threshold that is best by one metric on the rows that chose it, beside the metric at 0.5."""

    metric: str
    label: str
    threshold: float
    value: float
    half: float


def steps_for(event: Array, truth: Array) -> Array:
    """Return the thresholds a person chooses among: thousandths, or ten-thousandths for events of small probabilities."""
    steps = STEPS if not truth.any() or np.median(event[truth]) >= SMALL else 10 * STEPS
    return np.arange(steps + 1) / steps


def above(event: Array, thresholds: Array) -> Ints:
    """Return how many of the probabilities lie above each threshold."""
    return np.asarray(len(event) - np.searchsorted(np.sort(event), thresholds, side="right"), dtype=np.int64)


def earned(scorer: Scorer, event: Array, thresholds: Array) -> Array:
    """Return what the decisions for all rows of a scorer earn in all at each threshold, by its cost table."""
    act, leave, _ = scorer.money(np.arange(len(event)))
    order = np.argsort(-event, kind="stable")
    gains = np.r_[0.0, np.cumsum((act - leave)[order])]
    return np.asarray(leave.sum() + gains[above(event, thresholds)], dtype=np.float64)


def best_thresholds(scorer: Scorer, proba: Array) -> tuple[Best, ...]:
    """Return the best threshold by each metric of labels that one can be fitted to, money and the run's metric first.

    Parameters
    ----------
    scorer : Scorer
        Of a binary run, over rows that were not learned from.
    proba : ndarray, shape (n, 2)
    """
    event, truth = np.clip(proba[:, 1], 0.0, 1.0), scorer.y == 1
    thresholds = steps_for(event, truth)
    found, alarms = (above(event[part], thresholds).astype(np.float64) for part in (truth, ~truth))
    events, others = float(truth.sum()), float((~truth).sum())
    tables = np.stack([np.stack([others - alarms, alarms], -1), np.stack([events - found, found], -1)], -2)
    best = []
    for metric in metrics_of(scorer.config):
        if metric.name == "cost" and not scorer.missing(metric):
            known = int(scorer.money(np.arange(len(event)))[2].sum())
            values = earned(scorer, event, thresholds) / max(known, 1)
        elif metric.counts is not None and metric.needs == "label" and not metric.no_threshold:
            values = metric.counts(tables)
        else:
            continue
        ranked = np.where(np.isfinite(values), values if metric.greater_is_better else -values, -np.inf)
        if not np.isfinite(ranked).any():
            continue
        equal = np.flatnonzero(ranked >= ranked.max() - 1e-12 * max(abs(ranked.max()), 1.0))
        near = int(equal[np.abs(thresholds[equal] - HALF).argmin()])
        # Of equals side by side the middle one, from which both neighbours' decisions are furthest; but 0.5 where it is one.
        side = next(part for part in np.split(equal, np.flatnonzero(np.diff(equal) > 1) + 1) if near in part)
        place = near if thresholds[near] == HALF else int(side[len(side) // 2])
        half = float(values[len(thresholds) // 2])
        best.append(Best(metric.name, metric.label, float(thresholds[place]), float(values[place]), half))
    first = ("cost", scorer.config.metric)
    return tuple(sorted(best, key=lambda entry: first.index(entry.metric) if entry.metric in first else len(first)))


def judge_of_labels(scorer: Scorer) -> Decision[Metric | None]:
    """Return the metric that a run's threshold is chosen by, or None where 0.5 is kept, and why."""
    ranks = scorer.metric
    if ranks.needs == "label" and ranks.name != "cost":
        if ranks.no_threshold:
            return Decision(None, f"{ranks.no_threshold[0].upper()}{ranks.no_threshold[1:]}.")
        return Decision(ranks, "It is the metric that ranks.")
    if scorer.config.costs is not None:
        if not scorer.missing(cost := metric_of(scorer.config, "cost")):
            return Decision(cost, "The cost table says what decisions are worth.")
    elif ranks.name == "kpi" and scorer.config.kpi is not None and scorer.formula.names & {"prediction", "error"}:
        return Decision(ranks, "It is the metric that ranks.")
    return Decision(None, f"{ranks.label} does not depend on a threshold.")


def choose_threshold(scorer: Scorer, rows: Ints, proba: Array) -> Decision[float]:
    """Choose the probability above which a model predicts the event.

    The reference is 0.5, or for a cost table the threshold that theory gives (Elkan, 2001). The best one on these rows is
    taken where thresholds prove better on rows that did not choose them, by more than one standard error: a fitted threshold
    serves models whose probabilities are off (Sheng and Ling, Thresholding for making classifiers cost-sensitive, 2006), and
    harms the others, since the best of many always looks better than it is.

    Parameters
    ----------
    scorer : Scorer
        Of a binary run.
    rows : ndarray of int, shape (m,)
        Positions of rows that were not learned from; at most `ROWS` of them are looked at.
    proba : ndarray, shape (m, 2)
        Out-of-fold predictions.

    Returns
    -------
    Decision of float
        From 0 to 1.
    """
    judge, why = (decision := judge_of_labels(scorer)).value, decision.reason
    if judge is None:
        return Decision(HALF, why)
    reference = scorer.threshold if judge.name == "cost" else HALF
    rows, proba = _at_most(scorer, rows, proba, ROWS if judge.counts is not None or judge.name == "cost" else GRID_ROWS)
    at_reference = scorer.value(judge, rows, proba, reference)
    threshold = _best(scorer, judge, rows, proba, reference)
    if threshold is None or not np.isfinite(at_reference):
        return Decision(reference, f"{judge.label} is not defined for the rows that could tell a better one.")
    if threshold == reference:
        return Decision(reference, f"No other is better by {judge.label} on the rows that each model did not learn from.")
    crossed = _crossed(scorer, judge, rows, proba, reference)
    found = scorer.value(judge, rows, proba, crossed)
    gain = (found - at_reference) * (1.0 if judge.greater_is_better else -1.0)
    usual = f"{reference:.2g} that the cost table gives" if judge.name == "cost" else "usual 0.5"
    both = f"{judge.label} is {found:.4g} with a threshold found this way and {at_reference:.4g} at the {usual}"
    if not gain > standard_error(scorer, judge, rows, proba, reference, crossed):
        return Decision(
            reference,
            f"Another threshold, {threshold:.2g}, looked better, but on rows that had no part in choosing it the difference is "
            f"within chance ({judge.label}: {found:.4g} against {at_reference:.4g}).",
        )
    return Decision(threshold, f"On rows that had no part in choosing it, {both}.")


def _at_most(scorer: Scorer, rows: Ints, proba: Array, most: int) -> tuple[Ints, Array]:
    if len(rows) <= most:
        return rows, proba
    chosen = np.sort(np.random.default_rng(scorer.config.seed).permutation(len(rows))[:most])
    return rows[chosen], proba[chosen]


def _best(scorer: Scorer, metric: Metric, rows: Ints, proba: Array, reference: float) -> float | None:
    """Return the best threshold, the one nearest to the reference among equals; None where the metric is not defined."""
    found = sweep(scorer, metric, rows, proba)
    values = np.where(np.isfinite(found.values), found.values if metric.greater_is_better else -found.values, -np.inf)
    if not np.isfinite(values).any():
        return None
    at_reference = scorer.value(metric, rows, proba, reference) * (1.0 if metric.greater_is_better else -1.0)
    tolerance = 1e-12 * max(abs(values.max()), 1.0)
    if at_reference >= values.max() - tolerance:
        return reference
    best = np.flatnonzero(values >= values.max() - tolerance)
    return float(found.thresholds[best[np.abs(found.thresholds[best] - reference).argmin()]])


def _crossed(scorer: Scorer, metric: Metric, rows: Ints, proba: Array, reference: float) -> Array:
    """Return for each row the best threshold of the other parts of the rows, each with its share of the events."""
    order = np.lexsort((np.random.default_rng(scorer.config.seed).random(len(rows)), scorer.y[rows]))
    part = np.empty(len(rows), dtype=np.int64)
    part[order] = np.arange(len(rows)) % PARTS
    thresholds = np.full(len(rows), reference)
    for number in range(PARTS):
        others = part != number
        if others.any():
            best = _best(scorer, metric, rows[others], proba[others], reference)
            thresholds[~others] = reference if best is None else best
    return thresholds


def cuts(event: Array) -> tuple[Array, Ints]:
    """Return the thresholds that tell rows apart, ascending, and for each how many of the sorted rows lie above it.

    Parameters
    ----------
    event : ndarray, shape (m,)
        Probabilities of the event.
    """
    distinct, counts = np.unique(np.clip(event, 0.0, 1.0), return_counts=True)
    edges = np.r_[0.0, distinct, 1.0]
    middles = (edges[1:] + edges[:-1]) / 2
    above = np.r_[len(event), len(event) - np.cumsum(counts)]
    # Where the least probability is 0 no threshold lies below it, and where neighbours touch there is no room between.
    kept = np.r_[distinct[0] > 0, (middles[1:-1] >= distinct[:-1]) & (middles[1:-1] < distinct[1:]), True]
    return middles[kept], above[kept]


def sweep(scorer: Scorer, metric: Metric, rows: Ints, proba: Array) -> Sweep:
    """Compute a metric at every threshold that tells rows apart, or at `GRID` of them where each costs time.

    Parameters
    ----------
    scorer : Scorer
    metric : Metric
        Of labels, ``cost`` or ``kpi``.
    rows : ndarray of int, shape (m,)
    proba : ndarray, shape (m, 2)
    """
    event = np.clip(proba[:, 1], 0.0, 1.0)
    thresholds, above = cuts(event)
    order = np.argsort(-event, kind="stable")
    if metric.name == "cost":
        act, leave, known = scorer.money(rows)
        gains = np.r_[0.0, np.cumsum((act - leave)[order])]
        return Sweep(thresholds, (leave.sum() + gains[above]) / max(int(known.sum()), 1))
    if metric.counts is not None:
        truth = scorer.y[rows][order] == 1
        hits = np.r_[0, np.cumsum(truth)][above].astype(np.float64)
        false, events = above - hits, float(truth.sum())
        others = len(truth) - events
        tables = np.stack([np.stack([others - false, false], -1), np.stack([events - hits, hits], -1)], -2)
        return Sweep(thresholds, metric.counts(tables))
    tried = thresholds[np.unique(np.linspace(0, len(thresholds) - 1, min(len(thresholds), GRID)).round().astype(int))]
    return Sweep(tried, np.array([scorer.value(metric, rows, proba, float(threshold)) for threshold in tried]))


def standard_error(scorer: Scorer, metric: Metric, rows: Ints, proba: Array, one: float | Array, other: float | Array) -> float:
    """Return the standard error of the difference of a metric at two thresholds, by the bootstrap over rows.

    Parameters
    ----------
    one, other : float or ndarray, shape (m,)
        For all rows, or for each.
    """
    first, second = proba[:, 1] > one, proba[:, 1] > other
    rng = np.random.default_rng(scorer.config.seed)
    if metric.name == "cost":
        act, leave, known = scorer.money(rows)
        differences = np.where(first == second, 0.0, np.where(second, act - leave, leave - act))[known]
        return float(differences.std(ddof=1) / np.sqrt(len(differences))) if len(differences) > 1 else float("inf")
    if metric.counts is not None:
        # Resampling rows is resampling the eight kinds of rows there are.
        kinds = np.bincount((scorer.y[rows] == 1) * 4 + first * 2 + second, minlength=8)
        drawn = rng.multinomial(len(rows), kinds / kinds.sum(), DRAWS).reshape(DRAWS, 2, 2, 2).astype(np.float64)
        return _spread(metric.counts(drawn.sum(axis=2)) - metric.counts(drawn.sum(axis=3)))
    at_one, at_other = np.broadcast_to(one, len(rows)), np.broadcast_to(other, len(rows))
    differences = np.empty(DRAWS // 4)
    for number in range(len(differences)):
        chosen = rng.integers(0, len(rows), len(rows))
        judge = functools.partial(scorer.value, metric, rows[chosen], proba[chosen])
        differences[number] = judge(at_other[chosen]) - judge(at_one[chosen])
    return _spread(differences)


def _spread(differences: Array) -> float:
    known = differences[np.isfinite(differences)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("inf")

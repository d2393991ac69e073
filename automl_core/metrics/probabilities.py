"""Metrics of the predicted probabilities.

Those that a search calls thousands of times are written out here in NumPy: scikit-learn's checks of its input take
longer than the sums. Tests hold them equal to scikit-learn.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.metrics.registry import BINARY, CLASSES, MANY, Metric, register

Array = npt.NDArray[Any]
BINS = 10
LEAST = 1e-15
"""Probability below which a logarithm is not taken."""


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
    chosen = np.clip(np.where(truth == 1, proba, 1 - proba), LEAST, 1)
    return float(-(weights * np.log(chosen)).sum() / weights.sum())


def weighted_pairs_auc(truth: Array, proba: Array, weights: Array) -> Array:
    """Return the ROC AUC averaged over all pairs of labels (Hand and Till, 2001), for several weightings of the rows at once.

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
    proba : ndarray, shape (n, k)
    weights : ndarray, shape (m, n)

    Returns
    -------
    ndarray, shape (m,)
        NaN where a label has no weight.
    """
    k = proba.shape[1]
    places = [np.flatnonzero(truth == code) for code in range(k)]
    total = np.zeros(len(weights))
    with np.errstate(invalid="ignore"):
        for one in range(k):
            events, heavy = proba[places[one], one], weights[:, places[one]]
            for other in (code for code in range(k) if code != one):
                order = places[other][np.argsort(proba[places[other], one])]
                sums = np.cumsum(weights[:, order], axis=1)
                below = np.concatenate([np.zeros((len(sums), 1)), sums], axis=1)
                ranked = proba[order, one]
                beaten = below[:, np.searchsorted(ranked, events, "left")] + below[:, np.searchsorted(ranked, events, "right")]
                total += (heavy * beaten).sum(axis=1) / 2 / (heavy.sum(axis=1) * below[:, -1])
    return total / (k * (k - 1))


def _split(event: Array, proba: Array) -> tuple[Array, Array]:
    """Return the sorted probabilities of the rows with the event and of those without: two short sorts beat a long one."""
    return np.sort(proba[event]), np.sort(proba[~event])


def _auc(event: Array, proba: Array) -> float:
    """Return how often a row with the event has more than one without, ties counted half (Mann and Whitney, 1947)."""
    found, other = _split(event, proba)
    if not len(found) or not len(other):
        return float("nan")
    below, not_above = np.searchsorted(other, found, "left").sum(), np.searchsorted(other, found, "right").sum()
    return float((below + not_above) / 2 / len(found) / len(other))


def _precision_of(event: Array, proba: Array) -> float:
    """Return the average precision: the mean over the rows with the event of the precision at their probability."""
    found, other = _split(event, proba)
    if not len(found):
        return float("nan")
    hits = len(found) - np.searchsorted(found, found, "left")
    return float(np.mean(hits / (hits + len(other) - np.searchsorted(other, found, "left"))))


def _roc_auc(y: Array, proba: Array) -> float:
    k = proba.shape[1]
    if k == 2:
        return _auc(y == 1, proba[:, 1])
    rows = np.bincount(np.asarray(y, dtype=np.int64), minlength=k)
    if not len(y) or not rows.all():
        return float("nan")
    total = proba.sum(axis=1, keepdims=True)
    # Dividing by what is nearly 1 would tell rows apart that tie.
    shares = proba if np.allclose(total, 1.0, rtol=0, atol=1e-6) else proba / total
    return float(np.average([_auc(y == code, shares[:, code]) for code in range(k)], weights=rows))


def _roc_auc_ovo(y: Array, proba: Array) -> float:
    k = proba.shape[1]
    places = [np.flatnonzero(y == code) for code in range(k)]
    if not all(len(rows) for rows in places):
        return float("nan")
    pairs = []
    for one, other in combinations(range(k), 2):
        both = np.r_[places[one], places[other]]
        is_one = np.r_[np.ones(len(places[one]), dtype=bool), np.zeros(len(places[other]), dtype=bool)]
        pairs.append((_auc(is_one, proba[both, one]) + _auc(~is_one, proba[both, other])) / 2)
    return float(np.mean(pairs))


def _log_loss(y: Array, proba: Array) -> float:
    if not len(y):
        return float("nan")
    chosen = np.clip(proba[np.arange(len(y)), np.asarray(y, dtype=np.int64)], LEAST, 1)
    if proba.shape[1] == 2:  # adding two columns is far faster than summing rows of two
        total = np.clip(proba[:, 0], LEAST, 1) + np.clip(proba[:, 1], LEAST, 1)
    else:
        total = np.clip(proba, LEAST, 1).sum(axis=1)
    return float(-np.mean(np.log(chosen / total)))


def _average_precision(y: Array, proba: Array) -> float:
    if proba.shape[1] == 2:
        return _precision_of(y == 1, proba[:, 1])
    rows = np.bincount(np.asarray(y, dtype=np.int64), minlength=proba.shape[1])
    present = np.flatnonzero(rows)
    if not len(present):
        return float("nan")
    scores = [_precision_of(y == code, proba[:, code]) for code in present]
    return float(np.average(scores, weights=rows[present]))


def _brier(y: Array, proba: Array) -> float:
    if proba.shape[1] == 2:
        return float(np.mean((proba[:, 1] - y) ** 2)) if len(y) else float("nan")
    chosen = proba[np.arange(len(y)), np.asarray(y, dtype=np.int64)]
    return float(np.mean((proba**2).sum(axis=1) - 2 * chosen + 1)) if len(y) else float("nan")


def _calibration_error(y: Array, proba: Array) -> float:
    """Return the expected calibration error over `BINS` bins of equal width (Naeini and others, 2015)."""
    if not len(y):
        return float("nan")
    if proba.shape[1] == 2:
        told, right = proba[:, 1], np.asarray(y == 1, dtype=np.float64)
    else:
        told, right = proba.max(axis=1), np.asarray(proba.argmax(axis=1) == y, dtype=np.float64)
    bins = np.clip((told * BINS).astype(np.int64), 0, BINS - 1)
    return float(np.abs(np.bincount(bins, told - right, BINS)).sum() / len(y))


def _ks(y: Array, proba: Array) -> float:
    found, other = _split(y == 1, proba[:, 1])
    if not len(found) or not len(other):
        return float("nan")
    up_to = np.searchsorted(other, other, "right") / len(other) - np.searchsorted(found, other, "right") / len(found)
    return float(max(up_to.max(), 0.0))


def _gini(y: Array, proba: Array) -> float:
    return 2 * _auc(y == 1, proba[:, 1]) - 1


def _top_3(y: Array, proba: Array) -> float:
    """Return how often the true label is among the three most probable; of labels that tie, each is as likely there."""
    if proba.shape[1] <= 3 or not len(y):
        return float("nan")
    own = proba[np.arange(len(y)), np.asarray(y, dtype=np.int64)][:, None]
    better, tied = (proba > own).sum(axis=1), (proba == own).sum(axis=1)
    return float(np.mean(np.clip((3 - better) / tied, 0, 1)))


register(
    Metric(
        "roc_auc",
        "ROC AUC",
        "How often a row with the event gets a higher probability than one without: 0.5 is guessing, 1 is perfect.",
        CLASSES,
        True,
        "probability",
        _roc_auc,
        per_class=True,
    )
)
register(
    Metric(
        "log_loss",
        "Log loss",
        "How far the probabilities are from what happened; confident mistakes cost most. Lower is better.",
        CLASSES,
        False,
        "probability",
        _log_loss,
    )
)
register(
    Metric(
        "average_precision",
        "Average precision",
        "How pure the top of the list is when rows are sorted by probability. Suits rare events.",
        CLASSES,
        True,
        "probability",
        _average_precision,
        per_class=True,
    )
)
register(
    Metric(
        "brier_score",
        "Brier score",
        "Mean squared distance of the probabilities from what happened. Lower is better.",
        CLASSES,
        False,
        "probability",
        _brier,
    )
)
register(
    Metric(
        "calibration_error",
        "Calibration error",
        "By how much the probabilities are too high or too low on average, in ten groups of like probability. Lower is better.",
        CLASSES,
        False,
        "probability",
        _calibration_error,
        interval=False,
    )
)
register(
    Metric(
        "gini",
        "Gini",
        "ROC AUC on a scale on which 0 is guessing and 1 is perfect, as lenders use it.",
        BINARY,
        True,
        "probability",
        _gini,
    )
)
register(
    Metric(
        "ks",
        "KS",
        "Largest gap between the shares of events and of other rows that one threshold finds: 0 is guessing, 1 is perfect.",
        BINARY,
        True,
        "probability",
        _ks,
        interval=False,
    )
)
register(
    Metric(
        "roc_auc_ovo",
        "ROC AUC, pairs",
        "ROC AUC averaged over all pairs of labels, so that rare labels count as much as frequent ones.",
        MANY,
        True,
        "probability",
        _roc_auc_ovo,
        per_class=True,
    )
)
register(
    Metric(
        "top_3_accuracy",
        "Top-3 accuracy",
        "Share of rows whose true label is among the three most probable ones.",
        MANY,
        True,
        "probability",
        _top_3,
    )
)

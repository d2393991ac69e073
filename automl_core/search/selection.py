"""Greedy ensemble selection over out-of-fold predictions."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from automl_core.metrics import METRICS, score

Array = npt.NDArray[np.float64]
POOL = 25
"""Best candidates that are considered; more cost time and overfit."""


def greedy_weights(
    predictions: dict[str, Array], y: Array, metric: str, *, rounds: int = 30, deadline: float = float("inf")
) -> dict[str, float]:
    """Select candidates with replacement so that their mean scores best (Caruana and others, 2004).

    Parameters
    ----------
    predictions : dict of str to ndarray, shape (n, k) or (n,)
        Out-of-fold predictions, best candidate first.
    y : ndarray, shape (n,)
    metric : str
    rounds : int
        Most additions.
    deadline : float
        `time.monotonic` after which what was found so far is returned.

    Returns
    -------
    dict of str to float
        Weights that sum to 1; ties go to the earlier candidate.
    """
    sign = 1.0 if METRICS[metric].greater_is_better else -1.0
    names = list(predictions)
    counts = dict.fromkeys(names, 0)
    total = np.zeros_like(predictions[names[0]])
    best_value, best_counts = -np.inf, dict(counts)
    for chosen in range(1, rounds + 1):
        gains = []
        for name in names:
            if time.monotonic() > deadline and best_value > -np.inf:
                return _shares(best_counts)
            gains.append(sign * score(metric, y, (total + predictions[name]) / chosen))
        if np.isnan(gains).all():
            # The metric is not defined on these rows, so nothing speaks for any of them but their order.
            return _shares(best_counts) or {names[0]: 1.0}
        pick = int(np.nanargmax(gains))
        counts[names[pick]] += 1
        total = total + predictions[names[pick]]
        if gains[pick] > best_value + 1e-9 * abs(gains[pick]):
            best_value, best_counts = gains[pick], dict(counts)
        elif chosen > 2 * sum(best_counts.values()) + 5:
            break
    return _shares(best_counts)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if count}


def blend(predictions: dict[str, Array], weights: dict[str, float]) -> Array:
    """Return the weighted mean of predictions."""
    return np.asarray(sum(weight * predictions[name] for name, weight in weights.items()))


def honest_blend(predictions: dict[str, Array], y: Array, fold: npt.NDArray[np.int64], metric: str, *, deadline: float) -> Array:
    """Return the ensemble's predictions for rows that did not select it.

    For each fold the weights are chosen on the other folds' rows and used on this one, so that scores of the result do not
    profit from the selection.

    Parameters
    ----------
    predictions : dict of str to ndarray, shape (n, k) or (n,)
    y : ndarray, shape (n,)
    fold : ndarray, shape (n,)
        None is negative.
    metric : str
    deadline : float
        `time.monotonic` after which selections are cut short.

    Returns
    -------
    ndarray, shape (n, k) or (n,)
    """
    mixed = np.full_like(next(iter(predictions.values())), np.nan)
    for number in np.unique(fold):
        judged, others = fold == number, fold != number
        weights = greedy_weights(
            {name: values[others] for name, values in predictions.items()}, y[others], metric, rounds=20, deadline=deadline
        )
        mixed[judged] = blend({name: values[judged] for name, values in predictions.items()}, weights)
    return mixed

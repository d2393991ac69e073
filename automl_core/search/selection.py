"""Greedy ensemble selection over out-of-fold predictions, and what is recommended."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from automl_core.leaderboard import Candidate, Leaderboard
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


def recommend(board: Leaderboard) -> tuple[str, str]:
    """Return the id of the candidate to use, and why.

    The ensemble is recommended unless the best single model is better by more than one standard error of their
    difference over the folds: the ensemble is judged on rows that did not choose it, while the best of many single models
    owes part of its lead to having been chosen by these very scores.
    """
    scored = [row for row in board.ranked() if row.state == "scored" and row.role != "baseline"]
    if not scored:
        rest = [row for row in board.ranked() if row.state == "scored"]
        return (rest[0].id, "It is the only one that was scored.") if rest else ("", "")
    label = board.label or METRICS[board.metric].label
    sign = 1.0 if board.greater_is_better else -1.0
    best, singles = scored[0], [row for row in scored if row.role == "model"]
    ensemble = next((row for row in scored if row.role == "ensemble"), None)
    reason = f"It has the best {label} over the folds: {_with_spread(best)}."
    if ensemble is not None and singles and best is ensemble:
        reason = (
            f"{_combines(ensemble)} and has the best {label}: {_with_spread(ensemble)}, "
            f"the best single one {_with_spread(singles[0])}."
        )
    elif ensemble is not None and len(ensemble.members) > 1 and not _clearly_better(best, ensemble, sign):
        reason = (
            f"{_combines(ensemble)} ({label} {_with_spread(ensemble)}). The best single one scored a little "
            f"higher ({_with_spread(best)}), but the difference is within chance, and the best of {len(singles)} owes part of it "
            "to having been chosen."
        )
        best = ensemble
    base = next((row for row in board if row.role == "baseline" and row.score is not None), None)
    if base is not None and best.score is not None and base.score is not None and sign * (best.score - base.score) <= 0:
        reason += " But it is no better than ignoring every column, so there may be nothing to learn here."
    return best.id, reason


def _combines(ensemble: Candidate) -> str:
    return (
        f"It combines {len(ensemble.members)} models" if len(ensemble.members) > 1 else "It is one model, chosen by the ensemble"
    )


def _clearly_better(one: Candidate, other: Candidate, sign: float) -> bool:
    """Return whether `one` beats `other` by more than a standard error of their difference over the folds."""
    pairs = list(zip(one.fold_scores, other.fold_scores, strict=False))
    if len(pairs) < 2 or len(one.fold_scores) != len(other.fold_scores):
        return True
    gains = np.array([sign * (first - second) for first, second in pairs])
    return float(gains.mean()) > float(gains.std(ddof=1) / np.sqrt(len(gains)))


def _with_spread(row: Candidate) -> str:
    spread = f" ± {row.spread:.2g}" if row.spread is not None else ""
    return f"{row.score:.4g}{spread}"

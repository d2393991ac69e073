"""Greedy ensemble selection over out-of-fold predictions, and the temperature of its probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from automl_core.scorer import Scorer
from automl_core.scoring.ensemble import Line, on_line, tempered

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Judge = Callable[[Array], float]
POOL = 25
"""Best candidates that are considered; more cost time and overfit."""
LEAST_SHARE = 0.01
"""Share below which a candidate of a second level is not worth its time to predict."""
COLDEST, HOTTEST = 0.1, 4.0


def judge_of(scorer: Scorer, rows: Ints) -> Judge:
    """Return the run's metric for predictions of `rows`, signed so that larger is better.

    A selection asks thousands of times, so the three default metrics are computed without scikit-learn's checks; they are
    the same to rounding.
    """
    sign = 1.0 if scorer.metric.greater_is_better else -1.0
    name, truth = scorer.metric.name, scorer.y[rows]
    if name == "rmse":
        return lambda values: -float(np.sqrt(np.mean((truth - values) ** 2)))
    codes = truth.astype(np.int64)
    if name == "log_loss":
        places = np.arange(len(codes))

        def log_loss(values: Array) -> float:
            own = np.clip(values[places, codes], 1e-15, 1) / np.clip(values, 1e-15, 1).sum(axis=1)
            return float(np.mean(np.log(own)))

        return log_loss
    if name == "roc_auc" and len(scorer.classes) == 2:
        event = codes == 1
        positives, negatives = int(event.sum()), int((~event).sum())

        def area(values: Array) -> float:
            from scipy.stats import rankdata

            if not positives or not negatives:
                return float("nan")
            ranks = rankdata(values[:, 1])
            return float((ranks[event].sum() - positives * (positives + 1) / 2) / (positives * negatives))

        return area
    return lambda values: sign * scorer.score(rows, values)


def greedy_weights(
    predictions: Mapping[str, Array],
    judge: Judge,
    *,
    rounds: int = 40,
    deadline: float = float("inf"),
    allowed: Callable[[Mapping[str, float]], list[str]] | None = None,
) -> dict[str, float]:
    """Select candidates with replacement so that their mean scores best (Caruana and others, 2004).

    Parameters
    ----------
    predictions : mapping of str to ndarray, shape (n, k) or (n,)
        Out-of-fold predictions, best candidate first.
    judge : callable
        Gives the metric, larger is better.
    rounds : int
        Most additions.
    deadline : float
        `time.monotonic` after which what was found so far is returned.
    allowed : callable, optional
        Gives the candidates that may be taken next, from the counts so far; by default all of them.

    Returns
    -------
    dict of str to float
        Weights that sum to 1; ties go to the earlier candidate. Empty when none is allowed.
    """
    names = list(predictions)
    counts = dict.fromkeys(names, 0)
    total = np.zeros_like(predictions[names[0]])
    best_value, best_counts = -np.inf, dict(counts)
    for chosen in range(1, rounds + 1):
        open_to = names if allowed is None else [name for name in names if name in set(allowed(counts))]
        if not open_to:
            break
        gains = []
        for name in open_to:
            if time.monotonic() > deadline and best_value > -np.inf:
                return _shares(best_counts)
            gains.append(judge((total + predictions[name]) / chosen))
        if np.isnan(gains).all():
            # The metric is not defined on these rows, so nothing speaks for any of them but their order.
            return _shares(best_counts) or {open_to[0]: 1.0}
        pick = int(np.nanargmax(gains))
        counts[open_to[pick]] += 1
        total = total + predictions[open_to[pick]]
        if gains[pick] > best_value + 1e-9 * abs(gains[pick]):
            best_value, best_counts = gains[pick], dict(counts)
        elif chosen > 2 * sum(best_counts.values()) + 5:
            break
    return _shares(best_counts)


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.items() if count}


def blend(predictions: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Return the weighted mean of predictions."""
    return np.asarray(sum(weight * predictions[name] for name, weight in weights.items()))


def fit_stack(predictions: Mapping[str, Array], truth: Array) -> tuple[dict[str, float], Line]:
    """Return the weights of a second level for values: a straight line through the candidates without negative weights.

    Models that stop early or shrink stay too close to the mean, all of them to the same side, which no mean of them sets
    right; a line does (Wolpert, 1992; Breiman, 1996, for why no weight is negative). On generated tables it took 2 % off the
    error of the greedy ensemble, and nothing like it helped probabilities (`benchmarks/stacking.py`).

    Parameters
    ----------
    predictions : mapping of str to ndarray, shape (n,)
    truth : ndarray, shape (n,)

    Returns
    -------
    dict of str to float
        Shares of the candidates that have a weight; they sum to 1. Empty where none has.
    tuple of float
        Height and slope of the line that their mean is moved onto.
    """
    from sklearn.linear_model import LinearRegression

    names = list(predictions)
    for _ in range(2):
        fitted = LinearRegression(positive=True).fit(np.column_stack([predictions[name] for name in names]), truth)
        slope = float(fitted.coef_.sum())
        if not slope > 0:
            return {}, (0.0, 1.0)
        shares = {name: float(weight) / slope for name, weight in zip(names, fitted.coef_, strict=True)}
        names = [name for name in names if shares[name] >= LEAST_SHARE]
        if len(names) == len(shares):
            break
    return {name: shares[name] for name in names}, (float(fitted.intercept_), slope)


def honest_stack(predictions: Mapping[str, Array], truth: Array, fold: Ints, places: Ints) -> Array:
    """Return what `fit_stack` predicts for the rows of each fold when it has learned from none of them."""
    stacked = np.full(len(truth), np.nan)
    for number in np.unique(fold):
        judged = fold == number
        others = ~np.isin(places, places[judged])
        weights, line = fit_stack({name: values[others] for name, values in predictions.items()}, truth[others])
        own = {name: predictions[name][judged] for name in weights} or {"": np.full(judged.sum(), truth[others].mean())}
        stacked[judged] = on_line(blend(own, weights or {"": 1.0}), line)
    return stacked


def fit_temperature(values: Array, codes: Ints) -> float:
    """Return the temperature that makes probabilities most likely (Guo and others, 2017), 1 for values.

    A mean of models is too careful where all of them are right, and a booster that stops on its log loss too sure: one
    number sharpens or flattens all probabilities and changes no order of the labels of a row.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Out-of-fold probabilities.
    codes : ndarray of int, shape (n,)
    """
    from scipy.optimize import minimize_scalar

    if values.ndim != 2 or not len(values):
        return 1.0
    places = np.arange(len(codes))

    def loss(log_temperature: float) -> float:
        return -float(np.mean(np.log(np.clip(tempered(values, float(np.exp(log_temperature)))[places, codes], 1e-15, 1))))

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded", options={"xatol": 0.005})
    return float(np.exp(found.x)) if found.fun < loss(0.0) else 1.0


def honest_blend(
    predictions: Mapping[str, Array],
    judge_rows: Callable[[npt.NDArray[np.bool_]], Judge],
    codes: Ints | None,
    fold: Ints,
    places: Ints | None = None,
    *,
    deadline: float,
    allowed: Callable[[Mapping[str, float]], list[str]] | None = None,
) -> tuple[Array, Array]:
    """Return the ensemble's predictions for rows that did not select it, and the same with its temperature.

    For each fold the weights and the temperature are chosen on the other folds' rows and used on this one, so that scores of
    the result do not profit from the choice.

    Parameters
    ----------
    predictions : mapping of str to ndarray, shape (n, k) or (n,)
    judge_rows : callable
        Gives the metric for a part of the rows, from a mask of shape (n,).
    codes : ndarray of int, shape (n,), or None
        Class codes; None for values.
    fold : ndarray, shape (n,)
        None is negative.
    places : ndarray, shape (n,), optional
        Which row each is, where rows are judged in several divisions; none of a fold's rows selects for it.
    deadline : float
        `time.monotonic` after which selections are cut short.
    allowed : callable, optional
        As for `greedy_weights`.
    """
    mixed = np.full_like(next(iter(predictions.values())), np.nan)
    warm = mixed.copy()
    for number in np.unique(fold):
        judged = fold == number
        others = ~judged if places is None else ~np.isin(places, places[judged])
        parts = {name: values[others] for name, values in predictions.items()}
        weights = greedy_weights(parts, judge_rows(others), rounds=20, deadline=deadline, allowed=allowed)
        mixed[judged] = blend({name: values[judged] for name, values in predictions.items()}, weights)
        temperature = 1.0 if codes is None else fit_temperature(blend(parts, weights), codes[others])
        warm[judged] = tempered(mixed[judged], temperature)
    return mixed, warm

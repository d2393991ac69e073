"""What a model loses when a column is shuffled (Breiman, 2001; Fisher, Rudin and Dominici, 2019)."""

from __future__ import annotations

import functools
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.evaluation.judge import scorer_of
from automl_core.metrics import metric_of
from automl_core.scorer import Scorer
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Tell = Callable[[float, str], None]
REPEATS, FEWER_REPEATS = 5, 2
DRAWS = 60
"""Bootstrap samples of an interval."""
MANY_COLUMNS = 60
"""Columns above which each is shuffled less often."""
FEWEST = 40
"""Columns that are shuffled one by one whatever it costs."""


@dataclass(frozen=True)
class ColumnImportance:
    """What a model loses when one column is shuffled.

    Parameters
    ----------
    column : str
        As uploaded.
    mean, spread : float
        Mean and standard deviation over the repeats of how much worse the metric gets; negative where it gets better.
    low, high : float or None
        95 % interval over other rows of the same kind and other ways to shuffle (bootstrap); None in older explanations.
    """

    column: str
    mean: float
    spread: float
    low: float | None = None
    high: float | None = None


def shuffle_columns(
    model: Model,
    typed: pd.DataFrame,
    truth: Array,
    metric: str,
    *,
    seed: int,
    seconds: float,
    scorer: Scorer | None = None,
    tell: Tell = lambda done, doing: None,
) -> tuple[tuple[ColumnImportance, ...], tuple[str, ...]]:
    """Shuffle one column after the other.

    Parameters
    ----------
    model : Model
    typed : DataFrame, shape (n, n_used)
        The columns that the model uses, as `Model.checked` gives them.
    truth : ndarray, shape (n,)
        Class codes or values.
    metric : str
        See `defined_metric`.
    seed : int
    seconds : float
        About how long it may take. Where every column cannot be shuffled in that time, groups of columns are shuffled
        first, and then the columns of those groups that matter most.
    scorer : Scorer, optional
        Over the same rows, with the columns that the metric looks at as they are; by default one without.
    tell : callable
        Takes the share of the columns that is done and a sentence.

    Returns
    -------
    tuple of ColumnImportance
        Most important first.
    tuple of str
        Notes, where columns were left out.
    """
    scorer = scorer or scorer_of(model, typed, truth)
    judge = functools.partial(_judge, model, scorer, metric)
    names = list(typed.columns)
    repeats = REPEATS if len(names) <= MANY_COLUMNS else FEWER_REPEATS
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare categories of a shuffled column are no news
        best = judge(typed)
        start = time.perf_counter()
        judge(_shuffled(typed, names[:1], rng))
        once = max(time.perf_counter() - start, 1e-6)
        if seconds / once < repeats * min(len(names), FEWEST):  # a slow model is shuffled less often, and its interval is wider
            repeats = FEWER_REPEATS
        affordable = int(seconds / once / repeats)
        most = max(affordable, FEWEST)
        notes: tuple[str, ...] = ()
        if len(names) > most:
            size = math.ceil(math.sqrt(len(names)))
            names = _screened(judge, typed, best, size, most, rng)
            notes = (
                f"Groups of {size:,} columns were shuffled first. Only the {len(names):,} columns of those that matter most "
                "were then shuffled one by one.",
            )
        drawn = _Drawn(model, scorer, metric, model.values_of(typed), seed)
        found = []
        for place, name in enumerate(names):
            tell(place / len(names), f"Shuffling column {place + 1:,} of {len(names):,}")
            predicted = [model.values_of(_shuffled(typed, [name], rng)) for _ in range(repeats)]
            losses = [best - drawn.judge(values) for values in predicted]
            low, high = drawn.interval(predicted)
            found.append(ColumnImportance(name, float(np.mean(losses)), float(np.std(losses)), low, high))
    return tuple(sorted(found, key=lambda entry: -entry.mean)), notes


class _Drawn:
    """Rows drawn again and again with replacement, the same for every column; nothing is predicted anew for them."""

    def __init__(self, model: Model, scorer: Scorer, metric: str, values: Array, seed: int) -> None:
        self.model, self.scorer, self.metric = model, scorer, metric
        self.count = len(values)
        rng = np.random.default_rng([seed, 1])
        self.rows = [np.sort(rng.integers(0, self.count, self.count)) for _ in range(DRAWS)]
        self.whole = [self.judge(values, rows) for rows in self.rows]

    def judge(self, values: Array, rows: npt.NDArray[np.int64] | None = None) -> float:
        """Return the metric of predictions for some of the rows, turned so that more is better."""
        known = metric_of(self.scorer.config, self.metric)
        rows = np.arange(self.count) if rows is None else rows
        found = self.scorer.value(known, rows, values[rows], self.model.threshold)
        return found if known.greater_is_better else -found

    def interval(self, predicted: Sequence[Array]) -> tuple[float | None, float | None]:
        """Return the 95 % interval of the loss; None where the metric is defined for too few of the draws."""
        losses = [
            whole - self.judge(predicted[place % len(predicted)], rows)
            for place, (rows, whole) in enumerate(zip(self.rows, self.whole, strict=True))
        ]
        known = [loss for loss in losses if np.isfinite(loss)]
        if len(known) < DRAWS / 2:
            return None, None
        low, high = np.quantile(known, [0.025, 0.975])
        return float(low), float(high)


def defined_metric(model: Model, typed: pd.DataFrame, scorer: Scorer) -> str:
    """Return the model's metric, or the first of its run that is defined for the rows of `typed` and `scorer`."""
    names = sorted((metric.name for metric in scorer.metrics), key=lambda name: name != model.metric)
    return next((name for name in names if np.isfinite(_judge(model, scorer, name, typed))), model.metric)


def _judge(model: Model, scorer: Scorer, name: str, typed: pd.DataFrame) -> float:
    """Return a metric, turned so that more is better; labels are decided by the model's own threshold."""
    metric = metric_of(scorer.config, name)
    found = scorer.value(metric, np.arange(len(typed)), model.values_of(typed), model.threshold)
    return found if metric.greater_is_better else -found


def _shuffled(typed: pd.DataFrame, names: Sequence[str], rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows with some columns taken, together, from other rows."""
    places = rng.permutation(len(typed))
    mixed = typed.copy()
    for name in names:  # no keywords: a column may be called "self"
        mixed[name] = typed[name].array.take(places)
    return mixed


def _screened(
    judge: Callable[[pd.DataFrame], float], typed: pd.DataFrame, best: float, size: int, most: int, rng: np.random.Generator
) -> list[str]:
    """Return at most `most` columns: those of the groups whose shuffling costs most."""
    names = list(typed.columns)
    groups = [names[place : place + size] for place in range(0, len(names), size)]
    losses = [best - judge(_shuffled(typed, group, rng)) for group in groups]
    ranked = [name for place in np.argsort(-np.array(losses), kind="stable") for name in groups[place]]
    return ranked[: max(most, size)]

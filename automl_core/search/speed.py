"""How long a prediction takes, and what stays within a limit: for the preset that is fast to predict.

A limit is in milliseconds a row when `AT_ONCE` rows are predicted at once, for the whole model as it is exported:
preprocessing, and the models of all folds, whose mean is the prediction; split by time, the last fold's alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from automl_core.experiment import Decision
from automl_core.leaderboard import Candidate
from automl_core.scoring.bundle import Model

T = TypeVar("T", pd.DataFrame, np.ndarray)
AT_ONCE = 1000
"""Rows that are predicted at once when time is measured."""
REPEATS = 3
LONG = 0.5
"""Seconds of counting after which no more is counted: what takes longer is told well enough."""


def measure_ms(answer: Callable[[T], Any], rows: T, *, repeats: int = REPEATS) -> float:
    """Measure how long `answer` takes.

    Parameters
    ----------
    answer : callable
        Predicts a table like `rows`.
    rows : DataFrame or ndarray, shape (n, n_columns)
        At least one row; repeated or cut to `AT_ONCE` rows.
    repeats : int
        The fastest of so many counts after one that warms up: what else the machine does only ever slows it down. Fewer
        where they take more than `LONG`.

    Returns
    -------
    float
        Milliseconds a row.
    """
    places = np.arange(AT_ONCE) % len(rows)
    table: Any = rows.iloc[places].reset_index(drop=True) if isinstance(rows, pd.DataFrame) else rows[places]
    answer(table)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        answer(table)
        times.append(time.perf_counter() - start)
        if sum(times) > LONG:
            break
    return 1000 * min(times) / AT_ONCE


def measure_bundle(model: Model, rows: pd.DataFrame) -> float:
    """Measure an exported model as it is used, from the uploaded columns to the labels.

    Parameters
    ----------
    model : Model
    rows : DataFrame, shape (n, n_columns)
        As uploaded; labelled or not.

    Returns
    -------
    float
        Milliseconds a row.
    """
    return measure_ms(model.predict, rows[[name for name in rows.columns if name in model.used]])


def estimate_ms(candidate: Candidate, folds: int) -> float:
    """Return the milliseconds a row of so many fold models together: measured, or from what one fold's took in the search."""
    return candidate.answer_ms or candidate.predict_ms * folds / 1000


def within_limit(took: float, limit: float) -> Decision[bool]:
    """Decide whether a prediction is fast enough.

    Parameters
    ----------
    took : float
        Milliseconds a row, see `measure_bundle` and `estimate_ms`.
    limit : float
        0 for none.
    """
    measured = f"One row takes {milliseconds(took)} when {AT_ONCE:,} are predicted at once"
    if not limit:
        return Decision(True, f"{measured}; no limit was set.")
    if took <= limit:
        return Decision(True, f"{measured}, within the limit of {milliseconds(limit)}.")
    return Decision(False, f"{measured}; the limit is {milliseconds(limit)}.")


def milliseconds(value: float) -> str:
    """Return milliseconds in words, with two digits that count."""
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.2g} ms"


def affordable(weights: Mapping[str, float], took: Mapping[str, float], limit: float) -> list[str]:
    """Return which candidates an ensemble may take next so that it stays within the limit.

    Parameters
    ----------
    weights : mapping of str to float
        What it has so far; members with weight 0 do not count. To take one again costs nothing.
    took : mapping of str to float
        Milliseconds a row of each candidate that can be taken.
    limit : float
        0 for none.
    """
    members = {name for name, weight in weights.items() if weight > 0}
    left = limit - sum(took[name] for name in members)
    return [name for name, cost in took.items() if not limit or name in members or cost <= left]


def trim_to_limit(weights: Mapping[str, float], took: Mapping[str, float], limit: float) -> dict[str, float]:
    """Leave members out of an ensemble until it is fast enough.

    The member that adds least weight for its time goes first; what fits again afterwards comes back, heaviest first (the
    greedy heuristic for knapsacks: Dantzig, 1957).

    Parameters
    ----------
    weights : mapping of str to float
        Positive, by candidate.
    took : mapping of str to float
        Milliseconds a row of each.
    limit : float
        0 for none.

    Returns
    -------
    dict of str to float
        Weights that sum to 1, in the order of `weights`; empty when not even one member is fast enough.
    """
    kept = {name: weight for name, weight in weights.items() if weight > 0}
    if limit:
        dropped = []
        while kept and sum(took[name] for name in kept) > limit:
            least = min(kept, key=lambda name: kept[name] / max(took[name], 1e-9))
            dropped.append(least)
            del kept[least]
        for name in sorted(dropped, key=lambda name: -weights[name]):
            if sum(took[other] for other in kept) + took[name] <= limit:
                kept[name] = weights[name]
    total = sum(kept.values())
    return {name: kept[name] / total for name in weights if name in kept}

"""Who runs on, as a table: what is cheap, what helps, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.experiment import Decision
from automl_core.search.racing import DEAR, worth_going_on

TRUTH = np.array([0.0, 1.0, 2.0, 3.0])
GOOD = TRUTH + np.array([0.5, -0.5, 0.5, -0.5])
"""Errors of 0.5."""
OPPOSITE = TRUTH - 4 * (GOOD - TRUTH)
"""Four times as far off, where the good one errs the other way."""
SAME = TRUTH + 4 * (GOOD - TRUTH)
"""Four times as far off in the same direction."""
CHEAP = Decision(True, "It is cheap.")
HELPS = Decision(True, "The ensemble gains by it.")
USELESS = Decision(False, "Its first folds add nothing to the models that are there, so its time went to others.")


def judge(values: np.ndarray) -> float:
    return -float(np.sqrt(np.mean((TRUTH - values) ** 2)))


@pytest.mark.parametrize(
    ("ensemble", "newcomer", "need", "budget", "expected"),
    [
        pytest.param(GOOD, SAME, 1.0, 60.0, CHEAP, id="cheap"),
        pytest.param(GOOD, SAME, DEAR * 60, 60.0, USELESS, id="as dear as the limit and useless"),
        pytest.param(GOOD, SAME, 20.0, 60.0, USELESS, id="useless"),
        pytest.param(GOOD, GOOD, 20.0, 60.0, USELESS, id="no better than what is there"),
        pytest.param(GOOD, OPPOSITE, 20.0, 60.0, HELPS, id="weak but different"),
        pytest.param(SAME, GOOD, 20.0, 60.0, HELPS, id="better"),
        pytest.param(None, SAME, 20.0, 60.0, CHEAP, id="the first one"),
        pytest.param(GOOD, SAME, 20.0, float("inf"), CHEAP, id="no clock"),
    ],
)
def test_who_runs_on(
    ensemble: np.ndarray | None, newcomer: np.ndarray, need: float, budget: float, expected: Decision[bool]
) -> None:
    assert worth_going_on(ensemble, newcomer, judge, need=need, budget=budget) == expected


def test_a_metric_that_is_not_defined_stops_nobody() -> None:
    decision = worth_going_on(GOOD, SAME, lambda values: float("nan"), need=20.0, budget=60.0)
    assert decision == HELPS

"""Which budgets count as kept, and where the clock of a search starts."""

import pytest
from overrun import Kept, search_seconds


@pytest.mark.parametrize(
    ("budget", "search", "whole", "model", "faults"),
    [
        (5, 7.0, 9.9, "Ensemble", []),
        (5, 7.1, 9.9, "Ensemble", ["over budget by 2.1 s"]),
        (60, 62.9, 64.9, "Ensemble", []),
        (60, 63.1, 65.2, "Ensemble", ["over budget by 3.1 s", "the command took 5.2 s more than the budget"]),
        (60, 20.0, 25.0, "", ["no model"]),
    ],
)
def test_five_percent_or_two_seconds_and_always_a_model(budget, search, whole, model, faults):
    assert Kept(budget, search, whole, model).faults() == faults


def row(moment: float, at: float, state: str = "scored", reason: str = "") -> dict:
    return {"event": "candidate", "time": moment, "candidate": {"at_seconds": at, "state": state, "reason": reason}}


def test_the_search_lasts_from_its_own_start_to_the_last_row():
    events = [
        {"event": "started", "time": 100.0},
        row(101.0, 1.0, reason="A first look in 3 folds. The search's own score follows."),
        row(104.0, 1.0, "running"),
        row(105.0, 2.0),
        row(113.5, 10.5),
        {"event": "finished", "time": 120.0},
    ]
    assert search_seconds(events) == pytest.approx(10.5)
    assert search_seconds(events[:2]) == 0.0

"""Alerts about columns that know the outcome, by table: what raises them, with which words, evidence and step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.profiling.alerting import COUNT, SHUFFLED, Cells, only, raised, step_of, words

LABEL = words(*np.where(COUNT < 40, "stayed", "left"))
WHY = "If it is only known after the outcome, the model would be useless for new rows."
DAYS = pd.Timestamp("2024-01-01") + pd.to_timedelta(SHUFFLED, unit="D")


def test_leak() -> None:
    table: Cells = {
        "left on": ("category", words(*np.where(COUNT < 40, "-", "day"))),
        "age": ("number", SHUFFLED),
        "y": ("category", LABEL),
    }
    alert = only("leak", table, "y")
    assert (alert.severity, alert.columns) == ("problem", ("left on",))
    assert alert.sentence == (f"'left on' tells the target almost perfectly (area under the ROC curve 1.00 by itself). {WHY}")
    assert alert.evidence == {"auc": 1.0}
    assert step_of(alert) == ("drop_columns", {"columns": ["left on"]})
    assert raised("leak", table) == []


def test_leak_that_no_order_shows() -> None:
    """The label is known by a number's two ends: neither rank nor line sees it, groups do."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    label = words(*np.where(np.abs(x) > 1, "far", "near"))
    alert = only("leak", {"x": ("number", x), "y": ("category", label)}, "y")
    assert alert.evidence["auc"] > 0.99
    assert raised("leak", {"x": ("number", x + rng.normal(size=1000)), "y": ("category", label)}, "y") == []


@pytest.mark.parametrize(("turned", "noise", "found"), [(0, 0, True), (10, 0, True), (40, 0, True), (0, 20, False)])
def test_leak_of_a_number(turned: int, noise: float, found: bool) -> None:
    """A part of the order that is turned round hides it from rank and line, not from the groups."""
    other = COUNT + noise * np.sin(SHUFFLED)
    other[:turned] = other[:turned][::-1]
    assert bool(raised("leak", {"y": ("number", COUNT), "x": ("number", other)}, "y")) is found


def test_leak_of_few_rows_by_association() -> None:
    x = np.arange(20.0)
    alert = only("leak", {"y": ("number", x), "x": ("number", -(x**3))}, "y")
    assert alert.sentence == f"'x' tells the target almost perfectly (association 1.00 of 1). {WHY}"
    assert alert.evidence == {"strength": pytest.approx(1.0)}


def test_leaks_of_many_columns_share_an_alert() -> None:
    table: Cells = {f"c{place}": ("number", COUNT * (place + 1)) for place in range(11)}
    alert = only("leak", {**table, "y": ("number", COUNT)}, "y")
    assert alert.columns == tuple(f"c{place}" for place in range(11))
    assert alert.sentence.startswith("'c0', 'c1', 'c2', 'c3' and 7 more each tell the target almost perfectly. If they are only")


def test_missing_with_target_by_gaps_alone() -> None:
    paid = np.where(COUNT < 40, np.nan, SHUFFLED)
    table: Cells = {"paid": ("number", paid), "y": ("category", LABEL)}
    alert = only("missing_with_target", table, "y")
    assert (alert.severity, alert.columns, alert.evidence) == ("problem", ("paid",), {"auc": 1.0})
    assert alert.sentence == (
        "Whether 'paid' is missing tells the target almost perfectly (area under the ROC curve 1.00). "
        "It is probably filled in once the outcome is known."
    )
    assert step_of(alert) == ("drop_columns", {"columns": ["paid"]})
    assert raised("leak", table, "y") == []  # said once
    table["paid"] = ("number", np.where(SHUFFLED < 40, np.nan, COUNT))
    assert raised("missing_with_target", table, "y") == []


@pytest.mark.parametrize(("other", "found"), [(30, True), (29, False)])
def test_missing_with_target_in_the_same_rows(other: int, found: bool) -> None:
    y = np.where(SHUFFLED < 30, np.nan, COUNT % 7)
    table: Cells = {"fee": ("number", np.where(other > SHUFFLED, np.nan, COUNT)), "y": ("number", y)}
    if not found:
        assert raised("missing_with_target", table, "y") == []
        return
    alert = only("missing_with_target", table, "y")
    assert (alert.severity, alert.evidence) == ("warning", {"rows": 30})
    assert alert.sentence == (
        "'fee' is missing in exactly the 30 rows without an outcome, so it has probably been written down together with it."
    )
    assert step_of(alert) == ("drop_columns", {"columns": ["fee"]})


@pytest.mark.parametrize(
    ("lag", "share"),
    [(np.full(100, 3), "100 %"), (np.where(COUNT < 1, -1, 3), "99 %"), (np.where(COUNT < 2, -1, 3), ""), (np.zeros(100), "")],
)
def test_after_event(lag: Any, share: str) -> None:
    table: Cells = {
        "opened": ("date", DAYS),
        "closed": ("date", DAYS + pd.to_timedelta(lag, unit="D")),
        "y": ("number", COUNT),
    }
    assert raised("after_event", table) == []
    if not share:
        assert raised("after_event", table, "y") == []
        return
    alert = only("after_event", table, "y")
    assert (alert.severity, alert.columns) == ("info", ("closed",))
    assert alert.sentence == (
        f"'closed' comes after 'opened' in {share} of the rows. "
        "If the prediction is made at the earlier date, the later one is not known yet."
    )
    assert step_of(alert) == ("drop_columns", {"columns": ["closed"]})


def test_after_event_where_the_target_is_the_date() -> None:
    table: Cells = {"left on": ("date", DAYS), "told on": ("date", DAYS + pd.Timedelta(days=1))}
    alert = only("after_event", table, "left on")
    assert (alert.severity, alert.evidence) == ("problem", {"share": 1.0})
    assert alert.sentence == (
        "'told on' comes after the target 'left on' in 100 % of the rows, so it is not known when the prediction is made."
    )

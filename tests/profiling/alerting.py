"""What the tables of alert cases share: a table in a few words, and its alerts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.steps import check_step
from automl_core.profiling.alerts import Alert
from automl_core.profiling.profile import profile
from automl_core.schema import Column, Kind, Schema

Cells = dict[str, tuple[Kind, Any]]
COUNT = np.arange(100.0)
SHUFFLED = np.random.default_rng(5).permutation(100).astype(float)


def words(*cells: Any) -> pd.Series:
    return pd.Series(cells, dtype=object)


def alerts(table: Cells, target: str = "") -> list[Alert]:
    """Return a table's alerts; every step among them must fit the table, and every alert survives its JSON."""
    frame = pd.DataFrame({name: cells for name, (_, cells) in table.items()})
    schema = Schema(tuple(Column(name, kind) for name, (kind, _) in table.items()))
    found = list(profile(frame, schema, target).alerts)
    for alert in found:
        assert Alert.from_dict(alert.to_dict()) == alert
        if alert.step is not None:
            check_step(alert.step, schema)
    return found


def raised(code: str, table: Cells, target: str = "") -> list[Alert]:
    return [alert for alert in alerts(table, target) if alert.code == code]


def only(code: str, table: Cells, target: str = "") -> Alert:
    (alert,) = raised(code, table, target)
    return alert


def step_of(alert: Alert) -> tuple[str, dict[str, Any]]:
    assert alert.step is not None
    assert alert.step.reason == alert.sentence
    return alert.step.op, alert.step.params

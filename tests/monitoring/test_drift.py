"""Drift of what a model was asked: by day, with estimated and true performance, kept until other rows or labels come."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.monitoring import drift as module
from automl_core.monitoring.check import check
from automl_core.monitoring.drift import drift_file, stored_drift
from automl_core.monitoring.log import Answered, add_labels, log_answer
from automl_core.registry.store import Registered
from automl_core.scoring.bundle import load_model
from automl_core.workspace import read_json
from tests.monitoring.test_summary import DAY, NOW, fill, live  # noqa: F401


def test_each_day_has_its_verdict_its_estimate_and_the_truth_where_labels_came(live: Registered):  # noqa: F811
    fill(live, at=NOW - DAY, seed=3)
    labelled = fill(live, at=NOW, seed=4)
    add_labels(live, labelled, "key", "outcome")
    status, _ = check(live, now=NOW + 10)
    report = stored_drift(read_json(drift_file(live)), 1)
    assert report is not None and status.drift is not None
    assert (status.drift.verdict, status.drift.sentence) == (report.verdict, report.sentence)
    assert (report.rows, report.name) == (120, "Rows in use")
    assert [(chunk.label, chunk.rows) for chunk in report.chunks] == [("2023-11-13", 60), ("2023-11-14", 60)]
    # Labels that have not come yet are no gaps of the target.
    assert [(one.missing_before, one.missing_after) for one in report.target] == [(0.0, 0.0)]
    first, second = report.chunks
    assert set(first.estimates) == set(second.estimates) >= {"accuracy", "roc_auc"} and first.true == {}
    model = load_model(live.model(1))
    right = float(np.mean(model.predict(labelled)["prediction"].to_numpy() == labelled["outcome"].to_numpy()))
    assert second.true["accuracy"] == pytest.approx(right)
    assert status.estimated == pytest.approx(next(one.value for one in report.performance if one.metric == "roc_auc"))


def test_rows_from_elsewhere_are_told(live: Registered):  # noqa: F811
    model = load_model(live.model(1))
    frame = fill(live, at=NOW - DAY, seed=3).assign(age=200.0)
    predicted = model.predict(frame)
    log_answer(live, Answered(1, "batch", 0.6, frame, predicted, model.classes, model.positive, time=NOW))
    check(live, now=NOW + 10)
    report = stored_drift(read_json(drift_file(live)), 1)
    assert report is not None and report.columns[0].name == "age" and report.columns[0].verdict == "act"
    before, after = report.chunks
    assert before.effects["age"] < 0.2 and after.effects["age"] > 0.8 and after.verdict == "act"
    assert after.sentence.startswith("2023-11-14: ") and "age" in after.sentence


def test_it_is_looked_at_again_only_when_rows_or_labels_came(live: Registered, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    looks, compare = [], module.compare_logged
    monkeypatch.setattr(module, "compare_logged", lambda *given: looks.append(1) or compare(*given))
    frame = fill(live)
    before, _ = check(live, now=NOW + 10)
    again, _ = check(live, now=NOW + 20)
    assert len(looks) == 1 and again.drift == before.drift
    add_labels(live, frame, "key", "outcome")
    check(live, now=NOW + 30)
    assert len(looks) == 2
    check(live, now=NOW + 30, chunking="week")
    assert len(looks) == 3


def test_too_few_rows_are_a_note_and_another_version_has_no_drift(live: Registered):  # noqa: F811
    fill(live, rows=5)
    status, _ = check(live, now=NOW + 10)
    assert status.drift is None and status.notes[0].startswith("Drift was not looked at: The new table has 5 rows.")
    assert not drift_file(live).exists()
    assert stored_drift({"format": 1, "stamp": {"version": 2}}, 1) is None


def test_a_name_for_each_row_divides_them_in_order():
    from automl_core.drift.timeline import named_pieces

    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[7, 8, 9])
    found, told = named_pieces(frame, ["y", "x", "y"])
    assert [(name, rows["a"].tolist()) for name, rows in found] == [("y", [1, 3]), ("x", [2])] and told == []

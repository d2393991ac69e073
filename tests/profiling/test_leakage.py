"""Leakage by measurement: a planted leak, groups that recognise each other, a target that drifts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import FormatError, InputError
from automl_core.profiling.html import profile_html
from automl_core.profiling.leakage import Leakage, Trial, measure_leakage, suspects_of
from automl_core.profiling.profile import profile
from automl_core.schema import Column, Schema

ROWS = 600
KINDS = {"x": "number", "city": "category", "paid": "number", "customer id": "category", "day": "date", "note": "text"}
KINDS["y"] = "category"
SCHEMA = Schema(tuple(Column(name, kind) for name, kind in KINDS.items()))  # type: ignore[arg-type]


def table() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    group = rng.integers(0, 60, ROWS)
    y = np.where(rng.random(60)[group] < 0.5, "no", "yes")  # by customer, and by nothing else
    return pd.DataFrame(
        {
            "x": rng.normal(size=ROWS),
            "city": pd.Series(rng.choice(["Rome", "Oslo"], ROWS), dtype=object),
            "paid": np.where(y == "yes", rng.normal(10, 1, ROWS), rng.normal(0, 1, ROWS)),
            "customer id": pd.Series([f"c{number}" for number in group], dtype=object),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(ROWS), unit="D"),
            "note": pd.Series([f"some words {row}" for row in range(ROWS)], dtype=object),
            "y": pd.Series(y, dtype=object),
        }
    )


@pytest.fixture(scope="module")
def measured() -> Leakage:
    frame = table()
    return measure_leakage(frame, SCHEMA, profile(frame, SCHEMA, "y"))


def by_title(found: Leakage) -> dict[str, Trial]:
    return {trial.title: trial for trial in found.trials}


def test_the_score_without_a_leak_stands_beside_that_with_it(measured: Leakage) -> None:
    found = by_title(measured)
    assert list(found) == [
        "All columns, rows split at random",
        "Without 'paid'",
        "Without 'customer id'",
        "Without all suspects",
        "Rows kept together by 'customer id'",
        "Learned from earlier rows by 'day'",
    ]
    assert measured.trials[0].score > 0.99
    assert abs(found["Without 'paid'"].fall) < 0.03  # the customer says the same
    both = found["Without all suspects"]
    assert both.score < 0.65 and both.fall > 0.3
    assert both.sentence == ("The score falls a lot: much of it is owed to them. Keep them only if known before the outcome.")
    assert measured.notes == ("The quick model uses 5 of 6 columns; keys and free texts take no part.",)


def test_groups_recognise_each_other() -> None:
    frame = table().drop(columns=["paid", "day"])
    schema = SCHEMA.without(["paid", "day"])
    found = by_title(measure_leakage(frame, schema, profile(frame, schema, "y"), ["x"]))
    group = found["Rows kept together by 'customer id'"]
    assert group.fall > 0.3
    assert group.sentence == (
        "The score falls a lot: rows of one group recognise each other. If that is how the model will be used, choose this split."
    )
    assert abs(found["Without 'x'"].fall) < 0.05


def test_a_number_that_drifts() -> None:
    rng = np.random.default_rng(0)
    days = np.arange(400)
    frame = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"), "x": rng.normal(size=400)})
    frame["y"] = days / 10 + frame["x"]
    schema = Schema((Column("day", "date"), Column("x", "number"), Column("y", "number")))
    found = measure_leakage(frame, schema, profile(frame, schema, "y"))
    assert found.measure == "r2"
    time = by_title(found)["Learned from earlier rows by 'day'"]
    assert found.trials[0].score > 0.9 and time.fall > 0.5
    assert time.spread == 0.0


def test_it_survives_its_json_and_is_on_the_page(measured: Leakage) -> None:
    assert Leakage.from_dict(json.loads(json.dumps(measured.to_dict(), allow_nan=False))) == measured
    frame = table()
    page = profile_html(profile(frame, SCHEMA, "y"), "t", measured)
    assert "What the score owes to suspects" in page and "Without all suspects" in page
    with pytest.raises(FormatError) as caught:
        Leakage.from_dict({"format": 2})
    assert str(caught.value) == "This leakage check has format 2. This version reads format 1."


def test_suspects_are_those_of_the_alerts() -> None:
    frame = table()
    assert suspects_of(profile(frame, SCHEMA, "y"))[:1] == ["paid"]
    assert suspects_of(profile(frame, SCHEMA)) == []


@pytest.mark.parametrize(
    ("target", "rows", "said"),
    [
        ("", 600, "No target is chosen. Leakage is measured against the column to predict. Choose it first."),
        (
            "y",
            40,
            "The target 'y' cannot be learned here. It needs 50 rows with a value, and numbers or at least two labels with 5 "
            "rows each. Choose another target.",
        ),
    ],
)
def test_what_cannot_be_measured_is_said(target: str, rows: int, said: str) -> None:
    frame = table().head(rows)
    with pytest.raises(InputError) as caught:
        measure_leakage(frame, SCHEMA, profile(frame, SCHEMA, target))
    assert str(caught.value) == said


def test_only_keys_are_no_columns() -> None:
    frame = pd.DataFrame({"k": [f"k{row}" for row in range(80)], "y": np.arange(80.0)})
    schema = Schema((Column("k", "id"), Column("y", "number")))
    with pytest.raises(InputError) as caught:
        measure_leakage(frame, schema, profile(frame, schema, "y"))
    assert str(caught.value) == ("No column is left to predict 'y' with. Keys and free texts take no part. Add columns.")

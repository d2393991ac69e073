"""What is proposed for a target and why, and which ways to divide the rows are pointed out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import Decision, Split
from automl_core.proposals import propose, suggest_splits
from automl_core.schema import Column
from tests.conftest import target_table as table


@pytest.mark.parametrize(
    ("values", "kind", "task", "positive", "metric", "reason"),
    [
        (["yes"] * 6 + ["no"] * 14, "category", "binary", "yes", "roc_auc", "The target has two values."),
        ([1, 0] * 10, "number", "binary", "1", "roc_auc", "The target has two values."),
        (["a"] * 15 + ["b"] * 5, "boolean", "binary", "b", "roc_auc", "The target has two values."),
        (["a"] * 98 + ["b"] * 2, "category", "binary", "b", "average_precision", "The target has two values."),
        (["a", "b", "c"] * 8, "category", "multiclass", "", "log_loss", "The target has 3 different labels."),
        (
            [3, 4, 5] * 40,
            "number",
            "multiclass",
            "",
            "log_loss",
            "The target has only 3 different whole numbers, so each is taken as a label.",
        ),
        (np.linspace(0, 1, 40), "number", "regression", "", "rmse", "The target is a number with 40 different values."),
    ],
)
def test_task_event_and_metric_are_proposed_with_the_reason(values, kind, task, positive, metric, reason):
    frame, schema = table(values, kind)
    found = propose(frame, schema, "y")
    assert (found.config.task, found.config.positive, found.config.metric) == (task, positive, metric)
    assert found.decisions["task"].reason == reason
    assert found.config.holdout == 0.2 and found.config.split == Split()
    assert all(decision.reason for decision in found.decisions.values())


def test_dates_and_repeating_keys_are_pointed_out_and_random_stays_until_a_person_chooses():
    frame, schema = table(["a", "b"] * 30)
    assert propose(frame, schema, "y").splits == ()
    assert propose(frame, schema, "y").decisions["split"].reason == "Random, since nothing in the table speaks against it."
    frame["day"] = pd.date_range("2024-01-01", periods=60)
    dated = schema.with_column(Column("day", "date"))
    by_time = Decision(
        Split("time", "day"),
        "'day' gives each row a date, from 1 Jan 2024 to 29 Feb 2024. If the model will predict what comes later, learn from "
        "earlier rows and judge on later ones; at random it would be judged on days it has seen.",
    )
    assert propose(frame, dated, "y").splits == (by_time,)
    frame["patient_id"] = [f"p{number // 3}" for number in range(60)]
    grouped = dated.with_column(Column("patient_id", "id"))
    by_group = Decision(
        Split("group", "patient_id"),
        "'patient_id' repeats: 20 values in 60 rows. If the model will meet new ones, keep the rows of each together; at random "
        "it would be judged on those it has learned.",
    )
    found = propose(frame, grouped, "y")
    assert found.splits == (by_group, by_time)
    assert found.config.split == Split()
    assert found.decisions["split"] == Decision(Split(), f"Random, unless you choose otherwise. {by_group.reason}")


@pytest.mark.parametrize(
    ("name", "kind", "values"),
    [
        ("humid", "category", [f"p{number // 3}" for number in range(60)]),  # ends like a key, and is none
        ("patient_id", "id", [f"p{number}" for number in range(60)]),  # does not repeat
        ("shop_id", "category", ["a", "b"] * 30),  # too few to keep some aside
        ("order_no", "number", [number // 3 + 0.5 for number in range(60)]),  # no whole numbers
        ("birth_date", "date", pd.date_range("1950-01-01", periods=60)),
        ("day", "date", [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")] * 30),
        ("day", "date", [*pd.date_range("2024-01-01", periods=20), *[pd.NaT] * 40]),
    ],
)
def test_what_only_looks_like_a_key_or_a_time_is_passed_over(name, kind, values):
    frame, schema = table(["a", "b"] * 30)
    frame[name] = values
    assert suggest_splits(frame, schema.with_column(Column(name, kind)), "y") == ()


@pytest.mark.parametrize("name", ["customerId", "patient", "Subject", "house_nr", "user id", "store_code", "machineNo"])
def test_keys_are_known_by_their_names(name):
    frame, schema = table(["a", "b"] * 30)
    frame[name] = [f"p{number // 3}" for number in range(60)]
    (found,) = suggest_splits(frame, schema.with_column(Column(name, "category")), "y")
    assert found.value == Split("group", name)

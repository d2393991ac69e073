"""What is proposed for a target and why, and what is refused, with the sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.propose import propose_recipe
from automl_core.errors import AutoMLError, InputError
from automl_core.experiment import Budget, Decision, ExperimentConfig, Split
from automl_core.proposals import check_config, propose, suggest_splits
from automl_core.schema import Column, Schema


def table(target, kind="category", **columns) -> tuple[pd.DataFrame, Schema]:
    values = pd.Series(list(target), dtype=float if kind == "number" else object)
    frame = pd.DataFrame({"y": values, "x": np.arange(len(values), dtype=float), **columns})
    kinds = [Column("y", kind), Column("x", "number")]
    kinds += [
        Column(name, "number" if values.dtype.kind in "if" else "category") for name, values in frame.items() if name not in "xy"
    ]
    return frame, Schema(tuple(kinds))


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


def test_a_gap_without_a_split_by_time_is_left_aside_and_said():
    frame, schema = table(["a", "b"] * 10)
    adjusted, notes = check_config(frame, schema, replace(BINARY, split=Split("random", "", 5.0)))
    assert adjusted.split == Split()
    assert notes == ["Only a split by time has a gap, so it is left aside."]


BINARY = ExperimentConfig("y", "binary", "roc_auc", "b")
BAD = {
    "no values": ([None] * 20, "category", BINARY, "The target 'y' has no values.", "Choose another target column."),
    "one value": (["a"] * 20, "category", BINARY, "The target 'y' has one value, 'a', in every row.", "Choose another target"),
    "few rows": (["a", "b"] * 3, "category", BINARY, "Only 6 rows have a value for the target 'y'.", "Upload more rows."),
    "case": (
        ["b", "B ", "a", "a"] * 5,
        "category",
        BINARY,
        "The labels 'b' and 'B ' differ only by case or spaces.",
        "Tidy words",
    ),
    "three labels": (["a", "b", "c"] * 5, "category", BINARY, "The target 'y' has 3 labels.", "multiclass"),
    "unknown event": (["a", "c"] * 8, "category", BINARY, "The positive label 'b' does not occur.", "Choose one of them."),
    "single rows": (["a"] * 10 + ["b"], "category", BINARY, "The labels 'b' have one row each.", "Upload more rows"),
    "words": (
        ["a", "b"] * 8,
        "category",
        ExperimentConfig("y", "regression", "rmse"),
        "The target 'y' holds words such as 'a'.",
        "kind",
    ),
    "metric": (
        ["a", "b"] * 8,
        "category",
        replace(BINARY, metric="rmse"),
        "The metric RMSE does not fit a binary task.",
        "Choose",
    ),
    "no feature": (["a", "b"] * 8, "category", replace(BINARY, ignored=("x",)), "There is no column left to learn from.", "Keep"),
    "few groups": (
        ["a", "b"] * 8,
        "category",
        replace(BINARY, split=Split("group", "x3")),
        "The group column 'x3' has 2 different values.",
        "Choose another column",
    ),
    "one group": (
        ["a", "b"] * 8,
        "category",
        replace(BINARY, split=Split("group", "x4")),
        "The group column 'x4' has one value.",
        "Choose another column, or split at random.",
    ),
    "no gap": (
        ["a", "b"] * 8,
        "category",
        replace(BINARY, split=Split("time", "x3", -2)),
        "The gap is -2.",
        "Correct the setting.",
    ),
    "no time": (
        ["a", "b"] * 8,
        "category",
        replace(BINARY, split=Split("time", "w")),
        "The time column 'w' is of kind category, with cells such as 'q'.",
        "Change its kind",
    ),
    "no column": (["a", "b"] * 8, "category", replace(BINARY, target="z"), "There is no column 'z'.", "Choose one of them."),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_learned_is_refused_in_a_sentence_with_a_step(case):
    values, kind, config, received, action = BAD[case]
    frame, schema = table(
        values,
        kind,
        x3=np.arange(len(values)) % 2 * 1.0,
        x4=np.ones(len(values)),
        w=pd.Series(["q", "r"] * (len(values) // 2), dtype=object),
    )
    with pytest.raises(AutoMLError) as refused:
        check_config(frame, schema, replace(config, ignored=("x", "x3", "x4", "w")) if case == "no feature" else config)
    assert refused.value.received == received
    assert action in refused.value.action


def test_adjustments_are_told():
    frame, schema = table(["a"] * 10 + ["b"] * 9 + ["c", None, None])
    config = ExperimentConfig("y", "multiclass", "log_loss", budget=Budget(1.0))
    adjusted, notes = check_config(frame, schema, config)
    assert adjusted.budget.seconds == 5.0
    assert notes[0] == "2 rows have no value for the target 'y' and are left out."
    assert notes[1].startswith("'c': one row only, which cannot be learned and judged at once.")
    assert notes[2] == "The budget was raised to 5 seconds, the least a run needs."


def test_labels_that_differ_by_case_are_tidied_by_the_proposed_recipe():
    """The target of an untidy table can be learned without a detour: its proposed recipe makes two labels of four."""
    frame, schema = table(["yes", "Yes ", "no", "NO"] * 6)
    with pytest.raises(InputError):
        check_config(frame, schema, ExperimentConfig("y", "binary", "roc_auc", "yes"))
    recipe = propose_recipe(frame, schema, "y")
    cleaned = apply_stateless(frame, schema, recipe, training=True)
    found = propose(cleaned.frame, cleaned.schema, "y").config
    assert (found.task, found.positive) == ("binary", "yes")
    check_config(cleaned.frame, cleaned.schema, found)

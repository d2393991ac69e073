"""Whether a run can be made: what is refused, with the sentence, and what is adjusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.propose import propose_recipe
from automl_core.config_checks import check_config
from automl_core.errors import AutoMLError, InputError
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.proposals import propose
from tests.conftest import target_table as table


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

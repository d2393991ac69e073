"""Cleaning choices as part of a view's name, and the recipe that follows from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.preprocessing import build_preprocessor
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.variants import AS_IS, CHOICES, LIMITED, base_view, choices_of, offered, recipe_for, variant
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("size", "number"), Column("town", "category")))
FRAME = pd.DataFrame({"size": [1.0, np.nan, 3.0, 8.0], "town": ["Rome", "Oslo", "Rome", "Rome"]})
RECIPE = Recipe((Step("impute", {"strategy": "median", "indicator": False}), Step("encode", {"method": "onehot"})))


def test_a_name_says_the_choices_and_says_them_again() -> None:
    chosen = {"imputer": "most_frequent", "scaler": "robust", "encoder": AS_IS}
    name = variant("encoded", chosen)
    assert name == "encoded__imputer_most_frequent__scaler_robust" and name.isidentifier()
    assert (base_view(name), choices_of(name)) == ("encoded", {"imputer": "most_frequent", "scaler": "robust"})
    assert variant(name, {"scaler": "minmax", "imputer": AS_IS}) == "encoded__imputer_most_frequent__scaler_minmax"
    assert variant("scaled", {}) == "scaled"


def test_choices_that_change_nothing_are_not_offered() -> None:
    assert offered("native", SCHEMA) == ()
    assert offered("encoded", SCHEMA) == tuple(CHOICES)
    assert offered("scaled", SCHEMA.without({"town"})) == ("imputer", "scaler", "tails", "selection")
    assert offered(LIMITED, SCHEMA) == ("imputer", "encoder", "scaler", "selection")
    assert "scaler" in offered("encoded__scaler_robust", SCHEMA)


def test_steps_of_the_recipe_are_changed_and_others_added_in_their_place() -> None:
    made = recipe_for(RECIPE, "encoded__imputer_mean__encoder_ordinal__scaler_minmax__selection_50", SCHEMA)
    assert [(step.op, step.params) for step in made] == [
        ("impute", {"strategy": "mean", "indicator": False}),
        ("encode", {"method": "ordinal"}),
        ("scale", {"method": "minmax"}),
        ("select", {"count": 1}),
    ]
    assert recipe_for(RECIPE, "encoded", SCHEMA) is RECIPE
    scaled = Recipe((Step("scale", {"method": "standard"}),))
    assert [step.op for step in recipe_for(scaled, "encoded__imputer_mean__encoder_target", SCHEMA)] == [
        "impute",
        "encode",
        "scale",
    ]


@pytest.mark.parametrize("recipe", [Recipe(()), Recipe((Step("scale", {"method": "standard"}),))])
def test_numbers_far_from_the_middle_are_limited_once_they_are_on_one_scale(recipe: Recipe) -> None:
    """Of 19 zeros and a hundred, the mean is 5 and the standard deviation 5 times the root of 19, so the hundred is at 4.36."""
    frame = pd.DataFrame({"size": [0.0] * 19 + [100.0]})
    schema = SCHEMA.without({"town"})
    made = build_preprocessor(recipe, schema, frame, view=LIMITED, task="binary")
    values = made.fit_transform(frame, np.zeros(20))
    assert values[-1, 0] == 3.0 and values[0, 0] == pytest.approx(-1 / np.sqrt(19))
    assert made.transform(pd.DataFrame({"size": [-1e9]}))[0, 0] == -3.0
    assert [step.op for step in recipe_for(recipe, LIMITED, schema)] == ["scale", "clip_outliers"]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, [[1, 1], [3, 0], [3, 1], [8, 1]]),
        ({"imputer": "mean", "encoder": "ordinal"}, [[1, 1], [4, 0], [3, 1], [8, 1]]),
        ({"imputer": "mean", "scaler": "minmax", "encoder": "frequency"}, [[0, 1], [3 / 7, 0], [2 / 7, 1], [1, 1]]),
    ],
)
def test_the_view_is_what_the_choices_say(choices: dict[str, str], expected: list[list[float]]) -> None:
    made = build_preprocessor(RECIPE, SCHEMA, FRAME, view=variant("encoded", choices), task="binary")
    assert made.fit_transform(FRAME, np.array([0, 1, 0, 1])) == pytest.approx(np.array(expected, dtype=float))

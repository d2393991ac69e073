"""Which steps take the target away, found without any rows."""

from __future__ import annotations

import pytest

from automl_core.cleaning.lineage import check_target
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.errors import InputError
from automl_core.schema import Column, Schema

SCHEMA = Schema((Column("age", "number"), Column("place", "category"), Column("price", "number")))
TRIM = Step("trim_text", {"columns": ["place"]})
REST = (
    " What is to be predicted must keep its column and its name, so that new rows can be judged by it. "
    "Take it out of that step or switch the step off on the Clean page, or choose another target."
)


@pytest.mark.parametrize(
    ("step", "target", "said"),
    [
        (
            Step("rename_columns", {"names": {"price": "cost"}}),
            "price",
            "Step 2 of the recipe, 'Rename columns', gives the target 'price' the name 'cost'.",
        ),
        (
            Step("drop_columns", {"columns": ["age", "price"]}),
            "price",
            "Step 2 of the recipe, 'Leave columns out', takes the target 'price' away.",
        ),
        (
            Step("split_column", {"column": "place", "separator": "-", "names": "a", "keep": False}),
            "place",
            "Step 2 of the recipe, 'Split a column', takes the target 'place' away.",
        ),
    ],
)
def test_a_step_that_takes_the_target_away_is_named(step: Step, target: str, said: str) -> None:
    """It was said that there is no such column."""
    with pytest.raises(InputError) as caught:
        check_target(Recipe((TRIM, step)), SCHEMA, target)
    assert str(caught.value) == said + REST


@pytest.mark.parametrize(
    ("step", "target"),
    [
        (Step("rename_columns", {"names": {"age": "years"}}), "price"),
        (Step("drop_columns", {"columns": ["price"]}, enabled=False), "price"),
        (Step("rename_columns", {"names": {"price": "cost"}}), "cost"),
    ],
)
def test_a_target_that_stays_or_is_made_by_a_step_is_none_of_its_business(step: Step, target: str) -> None:
    check_target(Recipe((TRIM, step)), SCHEMA, target)

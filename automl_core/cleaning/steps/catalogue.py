"""All kinds of steps by name, and what a step says of its settings and columns."""

from __future__ import annotations

from typing import Any

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps.columns import COLUMN_STEPS
from automl_core.cleaning.steps.features import FEATURE_STEPS
from automl_core.cleaning.steps.model import Operation
from automl_core.cleaning.steps.numbers import NUMBER_STEPS
from automl_core.cleaning.steps.rows import ROW_STEPS
from automl_core.cleaning.steps.words import WORD_STEPS
from automl_core.errors import InputError
from automl_core.schema import Schema

OPERATIONS: dict[str, Operation] = {
    entry.op: entry for entry in (*COLUMN_STEPS, *ROW_STEPS, *WORD_STEPS, *NUMBER_STEPS, *FEATURE_STEPS)
}


NAMING_CELLS = ("null_words", "merge_values")
"""Steps whose settings are cells letter by letter."""


def operation(step: Step) -> Operation:
    """Return a step's operation; raises InputError for an unknown one."""
    if step.op not in OPERATIONS:
        raise InputError(
            f"There is no step {step.op!r}.",
            f"The steps are {', '.join(OPERATIONS)}.",
            "Remove it from the recipe, or use the version that wrote it.",
        )
    return OPERATIONS[step.op]


def value(step: Step, name: str) -> Any:
    """Return a parameter of a step, or its default."""
    default = next(param.default for param in operation(step).params if param.name == name)
    return step.params.get(name, default)


def place(recipe: Recipe, step: Step, *, uploaded: bool = False) -> Recipe:
    """Return a recipe with a new step where it acts: one on the table before the first that learns, others at the end.

    Parameters
    ----------
    recipe : Recipe
    step : Step
    uploaded : bool
        Whether the step was made for the table as it was uploaded. One that names cells then comes first of all: after another
        that changes words, such as to lower case, it would no longer find them.
    """
    if operation(step).learned:
        return recipe.add(step)
    if uploaded and step.op in NAMING_CELLS:
        return Recipe((step, *recipe.steps))
    at = next((index for index, other in enumerate(recipe) if operation(other).learned), len(recipe))
    return Recipe((*recipe.steps[:at], step, *recipe.steps[at:]))


def columns_of(step: Step, schema: Schema) -> list[str]:
    """Return the columns a step works on: the named ones that are there, or all that fit when none is named."""
    params = operation(step).params
    param = next((param for param in params if param.kind in ("columns", "column")), None)
    if param is not None and param.kind == "column":
        return [name for name in [value(step, param.name)] if name in schema]
    named: list[str] = list(step.params.get("columns", []))
    if named or param is None:
        return [name for name in named if name in schema]
    return schema.of_kind(*param.kinds) if param.kinds else schema.names

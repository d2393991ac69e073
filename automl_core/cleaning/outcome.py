"""What is to be predicted, as the steps leave it to learn from: read from the stored table without its other columns."""

from __future__ import annotations

from automl_core.cleaning.apply import Cleaned, apply_stateless
from automl_core.cleaning.large import empty_frame
from automl_core.cleaning.lineage import deciding
from automl_core.cleaning.recipe import Recipe
from automl_core.cleaning.steps import operation
from automl_core.data.dataset import Dataset
from automl_core.schema import Schema

WHOLE_ROWS = 1_000_000
"""Rows up to which steps are applied that compare whole rows."""


def clean_outcome(dataset: Dataset, recipe: Recipe, target: str, *, whole_rows: int = WHOLE_ROWS) -> tuple[Cleaned, str]:
    """Apply the stateless steps as far as they decide which rows are learned from and what the target holds there.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
    target : str
    whole_rows : int
        Of tables with more rows, steps are passed over that leave rows out for what all their columns hold.

    Returns
    -------
    Cleaned
        A frame of the target alone, and the schema of all columns after the steps.
    str
        What was passed over, as a sentence; empty for nothing.

    Raises
    ------
    InputError
        When a step cannot be applied.
    NotFoundError
        When the target is no column.
    """
    schema = apply_stateless(empty_frame(dataset.schema), dataset.schema, recipe, training=False).schema
    schema[target]
    wide = []
    if dataset.rows > whole_rows:
        wide = [
            step
            for step in recipe.enabled()
            if operation(step).drops_rows and step.op != "filter_rows" and not step.params.get("columns")
        ]
    narrow = Recipe(tuple(step for step in recipe if step not in wide))
    names = deciding(narrow, dataset.schema, target)
    known = Schema(tuple(column for column in dataset.schema if column.name in names))
    made = apply_stateless(dataset.frame(known.names), known, narrow, training=True)
    titles = " and ".join(repr(operation(step).title) for step in wide)
    said = f"Rows that {titles} will leave out are counted here, since the table is large." if wide else ""
    return Cleaned(made.frame[[target]], schema), said

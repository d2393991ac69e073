"""The stateless steps of a recipe, applied to a table: the same for the uploaded table and for every later row."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.stateless import CHANGES, Change, kept_rows
from automl_core.cleaning.stateless.change import count
from automl_core.cleaning.steps import OPERATIONS, operation
from automl_core.schema import Schema


@dataclass(frozen=True)
class StepOutcome:
    """What one step did."""

    step_id: str
    rows_before: int
    rows_after: int
    cells_changed: int
    sentence: str


@dataclass(frozen=True)
class Cleaned:
    """A table after the stateless steps, its schema, and what each step did."""

    frame: pd.DataFrame
    schema: Schema
    outcomes: tuple[StepOutcome, ...] = ()


def apply_stateless(frame: pd.DataFrame, schema: Schema, recipe: Recipe, *, training: bool) -> Cleaned:
    """Apply the enabled stateless steps in order.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed; never changed.
    schema : Schema
    recipe : Recipe
    training : bool
        Steps that leave rows out act only when this is true; rows to be predicted all stay.

    Returns
    -------
    Cleaned
        Index labels are kept, so that rows can be traced to the upload.
    """
    outcomes: list[StepOutcome] = []
    for step in recipe.enabled():
        if operation(step).learned:
            continue
        before = frame
        if OPERATIONS[step.op].drops_rows:
            change = Change(before[kept_rows(before, schema, step)] if training else before, schema)
        else:
            change = CHANGES[step.op](frame, schema, step)
        outcomes.append(_outcome(step, before, change, training))
        frame, schema = change.frame, change.schema
    return Cleaned(frame, schema, tuple(outcomes))


def _outcome(step: Step, before: pd.DataFrame, change: Change, training: bool) -> StepOutcome:
    after = change.frame
    gone = [name for name in before.columns if name not in after.columns]
    new = [name for name in after.columns if name not in before.columns]
    cells = sum(changed_cells(before[name], after[name]) for name in change.touched if name in after.columns)
    said = []
    if step.op == "rename_columns":
        said.append(f"{count(len(gone), 'column')} renamed" if gone else "nothing to rename")
    elif step.op == "order_columns":
        said.append("columns reordered")
    else:
        if len(before) != len(after):
            said.append(f"{len(before) - len(after):,} of {len(before):,} rows left out")
        if gone:
            said.append(f"{count(len(gone), 'column')} left out")
        if new:
            said.append(f"{len(new):,} new {'column' if len(new) == 1 else 'columns'}")
        if cells:
            said.append(f"{count(cells, 'cell')} changed")
    said += change.notes
    if OPERATIONS[step.op].drops_rows and not training:
        said = ["rows to be predicted all stay"]
    sentence = ", ".join(said) or "nothing to change"
    return StepOutcome(step.id, len(before), len(after), cells, sentence[0].upper() + sentence[1:] + ".")


def changed_cells(before: pd.Series, after: pd.Series) -> int:
    """Return how many cells of one column differ; a missing cell is like a missing one."""
    if before is after:
        return 0
    if before.dtype != after.dtype and object in (before.dtype, after.dtype):
        # The same cells as another kind: what became missing or was filled is counted.
        return int((before.isna() != after.isna()).sum())
    return int((~((before == after) | (before.isna() & after.isna()))).sum())

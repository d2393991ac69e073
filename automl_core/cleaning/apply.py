"""The stateless steps of a recipe, applied to a table: the same for the uploaded table and for every later row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.stateless import CHANGES, Change, kept_rows
from automl_core.cleaning.stateless.change import Note
from automl_core.cleaning.steps import OPERATIONS, operation
from automl_core.data.wording import count
from automl_core.schema import Schema


@dataclass(frozen=True)
class StepOutcome:
    """What one step did.

    Parameters
    ----------
    step_id, op : str
    rows_before, rows_after : int
    cells_changed : int
    gone, new : int
        Columns.
    notes : tuple of Note
    training : bool
        Whether rows could be left out.
    """

    step_id: str
    rows_before: int
    rows_after: int
    cells_changed: int
    op: str = ""
    gone: int = 0
    new: int = 0
    notes: tuple[Note, ...] = ()
    training: bool = True

    @property
    def sentence(self) -> str:
        """All of it in plain words."""
        said = []
        if self.op == "rename_columns":
            said.append(f"{count(self.gone, 'column')} renamed" if self.gone else "nothing to rename")
        elif self.op == "order_columns":
            said.append("columns reordered")
        elif OPERATIONS[self.op].drops_rows and not self.training:
            said.append("rows to be predicted all stay")
        else:
            if self.rows_before != self.rows_after:
                said.append(f"{self.rows_before - self.rows_after:,} of {self.rows_before:,} rows left out")
            if self.gone:
                said.append(f"{count(self.gone, 'column')} left out")
            if self.new:
                said.append(f"{self.new:,} new {'column' if self.new == 1 else 'columns'}")
            if self.cells_changed:
                said.append(f"{count(self.cells_changed, 'cell')} changed")
        said += [note.text for note in self.notes]
        sentence = ", ".join(said) or "nothing to change"
        return sentence[0].upper() + sentence[1:] + "."

    def plus(self, other: StepOutcome) -> StepOutcome:
        """Return the outcome of the same step on the rows of both."""
        notes = {(note.one, note.several): note.number for note in self.notes}
        for note in other.notes:
            notes[note.one, note.several] = notes.get((note.one, note.several), 0) + note.number
        return replace(
            self,
            rows_before=self.rows_before + other.rows_before,
            rows_after=self.rows_after + other.rows_after,
            cells_changed=self.cells_changed + other.cells_changed,
            gone=max(self.gone, other.gone),
            new=max(self.new, other.new),
            notes=tuple(Note(number, *words) for words, number in notes.items()),
        )


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
    gone = sum(name not in after.columns for name in before.columns)
    new = sum(name not in before.columns for name in after.columns)
    cells = sum(changed_cells(before[name], after[name]) for name in change.touched if name in after.columns)
    return StepOutcome(step.id, len(before), len(after), cells, step.op, gone, new, change.notes, training)


def changed_cells(before: pd.Series, after: pd.Series) -> int:
    """Return how many cells of one column differ; a missing cell is like a missing one."""
    if before is after:
        return 0
    if before.dtype != after.dtype and object in (before.dtype, after.dtype):
        # The same cells as another kind: what became missing or was filled is counted.
        return int((before.isna() != after.isna()).sum())
    return int((~((before == after) | (before.isna() & after.isna()))).sum())

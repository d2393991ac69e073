"""The stateless steps of a recipe, applied to a table: the same for the uploaded table and for every later row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, columns_of, operation, value
from automl_core.schema import Column, Schema


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
            frame = _drop_rows(frame, schema, step) if training else frame
        else:
            frame, schema = _change(frame, schema, step)
        outcomes.append(_outcome(step, before, frame))
    return Cleaned(frame, schema, tuple(outcomes))


def _outcome(step: Step, before: pd.DataFrame, after: pd.DataFrame) -> StepOutcome:
    gone = [name for name in before.columns if name not in after.columns]
    new = [name for name in after.columns if name not in before.columns]
    cells = 0
    if len(before) == len(after):
        for name in before.columns.intersection(after.columns):
            old, fresh = before[name], after[name]
            if old is not fresh:
                cells += int((~((old == fresh) | (old.isna() & fresh.isna()))).sum())
    said = []
    if len(before) != len(after):
        said.append(f"{len(before) - len(after):,} of {len(before):,} rows left out")
    if gone:
        said.append(f"{len(gone):,} {'column' if len(gone) == 1 else 'columns'} left out")
    if new:
        said.append(f"{len(new):,} new {'column' if len(new) == 1 else 'columns'}")
    if cells:
        said.append(f"{cells:,} {'cell' if cells == 1 else 'cells'} changed")
    sentence = (", ".join(said) or "nothing to change").capitalize() + "."
    return StepOutcome(step.id, len(before), len(after), cells, sentence)


def _drop_rows(frame: pd.DataFrame, schema: Schema, step: Step) -> pd.DataFrame:
    columns = [name for name in columns_of(step, schema) if name in frame.columns]
    if not columns:
        return frame
    if step.op == "drop_duplicates":
        return frame[~frame.duplicated(subset=columns)]
    share = frame[columns].isna().mean(axis=1)
    kept: pd.DataFrame = frame[share <= value(step, "max_share")]
    return kept


def _change(frame: pd.DataFrame, schema: Schema, step: Step) -> tuple[pd.DataFrame, Schema]:
    columns = [name for name in columns_of(step, schema) if name in frame.columns]
    if step.op == "drop_columns":
        named = step.params.get("columns", [])
        return frame.drop(columns=[name for name in named if name in frame.columns]), schema.without(named)
    if step.op == "null_words":
        words = [str(word) for word in value(step, "words")]
        return frame.assign(**{name: _without_words(frame[name], words) for name in columns}), schema
    if step.op == "trim_text":
        case = value(step, "case")
        return frame.assign(**{name: _tidy(frame[name], case) for name in columns}), schema
    if step.op == "merge_values":
        name = value(step, "column")
        if name not in frame.columns:
            return frame, schema
        return frame.assign(**{name: frame[name].replace(dict(value(step, "mapping")))}), schema
    return _date_parts(frame, schema, columns, list(value(step, "parts")))


def _without_words(values: pd.Series, words: list[str]) -> pd.Series:
    if values.dtype.kind in "iuf":
        numbers = pd.to_numeric(pd.Series(words, dtype=object), errors="coerce").dropna()
        hit = values.isin(numbers.to_numpy())
        return values.astype("float64").where(~hit) if bool(hit.any()) else values
    if values.dtype.kind == "M":
        dates = pd.to_datetime(pd.Series(words, dtype=object), errors="coerce", format="ISO8601").dropna()
        return values.where(~values.isin(dates))
    return values.where(~values.isin(words), np.nan)


def _tidy(values: pd.Series, case: str) -> pd.Series:
    if values.dtype != object:
        return values
    change = {"lower": str.lower, "upper": str.upper, "title": str.title}.get(case, str)
    distinct = {cell: change(" ".join(cell.split())) for cell in values.dropna().unique() if isinstance(cell, str)}
    return values.map(lambda cell: distinct.get(cell, cell), na_action="ignore").astype(object)


def _date_parts(frame: pd.DataFrame, schema: Schema, columns: list[str], parts: list[str]) -> tuple[pd.DataFrame, Schema]:
    new: dict[str, pd.Series] = {}
    for name in columns:
        dates = frame[name]
        if dates.dtype.kind != "M":
            continue
        for part in parts:
            if part == "days":
                values = (dates - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
            else:
                values = getattr(dates.dt, part).astype("float64")
            new[f"{name} {part}"] = values
            schema = schema.with_column(Column(f"{name} {part}", "number", evidence=f"The {part} of {name}."))
    done = [name for name in columns if frame[name].dtype.kind == "M"]
    return frame.drop(columns=done).assign(**new), schema.without(done)

"""A recipe proposed from the data, each step with its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.personal import personal_kind
from automl_core.schema import Schema

MOSTLY_MISSING = 0.95
MANY_LEVELS = 15
TOGETHER = 1_000_000
"""Cells of the columns that are looked at together."""
TELLING = 50
"""Columns by which most rows differ, if they do."""


class Advice(Protocol):
    """What is taken from an alert of the profile: a sentence and the step it suggests."""

    @property
    def sentence(self) -> str:
        """Why."""

    @property
    def step(self) -> Step | None:
        """What to do, None where nothing can be done here."""


def propose_recipe(frame: pd.DataFrame, schema: Schema, target: str = "", alerts: Sequence[Advice] = ()) -> Recipe:
    """Propose steps for a table.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed.
    schema : Schema
    target : str
        Where it is known, only its labels are tidied.
    alerts : sequence of Advice
        Columns that an alert wants left out are added, with the alert's sentence as the reason.

    Returns
    -------
    Recipe
        In the order in which the steps act; steps that are a matter of taste are there but switched off.
    """
    features = schema.without([target])
    steps = _columns_to_drop(frame, features)
    for alert in alerts:
        if alert.step is not None and alert.step.op == "drop_columns":
            known = {name for step in steps for name in step.params["columns"]} | {target}
            fresh = [name for name in alert.step.params["columns"] if name not in known and name in features]
            if fresh:
                steps.append(Step("drop_columns", {"columns": fresh}, alert.sentence))
    # Labels of the target that differ only by spaces or case would be learned as different outcomes.
    steps += _rows_and_words(frame, features, [target] if target in schema else [])
    dropped = {name for step in steps if step.op == "drop_columns" for name in step.params["columns"]}
    rest = features.without(dropped)
    return Recipe(tuple(_with_stable_id(step, place) for place, step in enumerate((*steps, *_learned(frame, rest)))))


def _with_stable_id(step: Step, place: int) -> Step:
    """Return a step whose id is the same whenever it is proposed for the same table, so that a page can point at it."""
    said = json.dumps([place, step.op, step.params], sort_keys=True).encode()
    return replace(step, id=hashlib.sha256(said).hexdigest()[:8])


def _columns_to_drop(frame: pd.DataFrame, schema: Schema) -> list[Step]:
    steps = []
    ids = schema.of_kind("id")
    if ids:
        steps.append(Step("drop_columns", {"columns": ids}, f"{_list(ids)}: keys say nothing about new rows."))
    others = schema.without(ids).names
    constant = [name for name in others if _is_constant(frame[name])]
    if constant:
        steps.append(Step("drop_columns", {"columns": constant}, f"{_list(constant)}: one value or none, nothing to learn from."))
    gone = set(constant)
    people = [name for name in others if name not in gone and personal(frame[name])]
    if people:
        reason = f"{_list(people)}: addresses or numbers of people, which a model should not know."
        steps.append(Step("drop_columns", {"columns": people}, reason))
        gone.update(people)
    missing = dict(frame.isna().mean())
    empty = [name for name in others if name not in gone and missing[name] > MOSTLY_MISSING]
    if empty:
        steps.append(Step("drop_columns", {"columns": empty}, f"{_list(empty)}: more than 95 % missing."))
    return steps


def _rows_and_words(frame: pd.DataFrame, schema: Schema, targets: list[str]) -> list[Step]:
    steps = []
    duplicates = _copied_rows(frame)
    if duplicates:
        reason = (
            f"{duplicates:,} of {len(frame):,} rows are exact copies of another. If they are the same case entered twice, "
            "switch this on; if equal rows can happen, leave it off."
        )
        steps.append(Step("drop_duplicates", {}, reason, enabled=False))
    words = schema.of_kind("category", "boolean")
    untidy = [name for name in [*words, *targets] if frame[name].dtype == object and _untidy(frame[name])]
    if untidy:
        reason = f"{_list(untidy)}: some values differ only by spaces or case."
        lower = [name for name in untidy if _by_case(frame[name])]
        steps.append(Step("trim_text", {"columns": untidy, "case": "lower" if lower else "keep"}, reason))
    dates = schema.of_kind("date")
    if dates:
        clock = any(bool((frame[name].dropna().dt.normalize() != frame[name].dropna()).any()) for name in dates)
        parts = ["year", "month", "day", "weekday", *(["hour"] if clock else []), "days"]
        steps.append(Step("date_parts", {"columns": dates, "parts": parts}, f"{_list(dates)}: models need numbers, not dates."))
    return steps


def _is_constant(values: pd.Series) -> bool:
    """Return whether there is one value or none beside missing cells."""
    if values.dtype.kind not in "iuf" or not isinstance(values.dtype, np.dtype):
        return bool(values.nunique() <= 1)
    numbers = values.to_numpy()
    known = numbers[~np.isnan(numbers)]
    return not len(known) or bool(known.min() == known.max())


def _copied_rows(frame: pd.DataFrame) -> int:
    """Return how many rows are exact copies of an earlier one; in a wide table only those alike in its first columns can be."""
    if frame.shape[1] > TELLING:
        frame = frame[frame.iloc[:, :TELLING].duplicated(keep=False)]
    return int(frame.duplicated().sum()) if len(frame) else 0


def personal(values: pd.Series) -> bool:
    """Return whether a column of words mostly holds addresses or numbers of people."""
    return values.dtype == object and bool(personal_kind(values.dropna().head(200).astype(str).tolist()))


def _untidy(values: pd.Series) -> bool:
    distinct = values.dropna().unique()
    return len({" ".join(str(cell).split()).lower() for cell in distinct}) < len(distinct) or any(
        str(cell) != " ".join(str(cell).split()) for cell in distinct
    )


def _by_case(values: pd.Series) -> bool:
    tidy = {" ".join(str(cell).split()) for cell in values.dropna().unique()}
    return len({cell.lower() for cell in tidy}) < len(tidy)


def _learned(frame: pd.DataFrame, schema: Schema) -> list[Step]:
    numbers, words = schema.of_kind("number"), schema.of_kind("category", "boolean")
    texts = schema.of_kind("text")
    steps = []
    outlying = _outlying(frame, numbers)
    if outlying:
        reason = (
            f"{_list(outlying)}: some numbers lie far outside the rest. Off, since far numbers are often true; "
            "switch it on where they are mistakes."
        )
        steps.append(Step("clip_outliers", {"columns": outlying, "method": "iqr", "factor": 3.0}, reason, enabled=False))
    missing = frame[[*numbers, *words]].isna().mean() if numbers or words else pd.Series(dtype=float)
    gaps = missing[missing > 0]
    marked = bool((missing[[*numbers]] > 0.01).any()) if numbers else False
    reason = (
        f"{_list([str(name) for name in gaps.index])}: cells are missing. The median is not moved by outliers; "
        "words get a word of their own, since being missing may mean something."
        if len(gaps)
        else "Nothing is missing today; new rows may have gaps, and then the model still answers."
    )
    steps.append(Step("impute", {"strategy": "auto", "indicator": marked}, reason))
    many = [name for name in words if frame[name].nunique() > MANY_LEVELS]
    if words:
        rare = [name for name in words if bool((frame[name].value_counts(normalize=True).to_numpy() < 0.005).any())]
        if rare:
            reason = f"{_list(rare)}: values with a handful of rows cannot be learned from one by one."
            steps.append(Step("group_rare", {"columns": rare, "min_share": 0.005}, reason, enabled=False))
        reason = f"{len(words)} {'column' if len(words) == 1 else 'columns'} of words: one column a value"
        reason += f", the mean of the target for {_list(many)} with more than {MANY_LEVELS} values." if many else "."
        steps.append(Step("encode", {"method": "auto", "max_levels": MANY_LEVELS}, reason))
    if texts:
        steps.append(Step("text_features", {"columns": texts}, f"{_list(texts)}: words and letters shared with other rows."))
    steps.append(
        Step("scale", {"method": "standard"}, "Linear models, neighbours and networks need one scale; trees do not mind.")
    )
    return steps


def _outlying(frame: pd.DataFrame, names: list[str]) -> list[str]:
    """Return the columns of numbers in which some lie far outside the rest; many are looked at together."""
    found: list[str] = []
    width = max(TOGETHER // max(len(frame), 1), 1)
    for part in (names[start : start + width] for start in range(0, len(names), width)):
        cells = frame[part].to_numpy(dtype=np.float64)
        holed = np.isnan(cells).any(axis=0)
        far = np.zeros(len(part), dtype=bool)
        far[~holed] = _far(cells[:, ~holed])
        for place in np.flatnonzero(holed):
            far[place] = _far(cells[~np.isnan(cells[:, place]), place : place + 1])[0]
        found += [name for name, is_far in zip(part, far, strict=True) if is_far]
    return found


def _far(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Return which columns have numbers beyond three times the distance of their quartiles."""
    if not cells.size:
        return np.zeros(cells.shape[1], dtype=bool)
    with np.errstate(invalid="ignore"):  # between infinite numbers
        first, third = np.percentile(cells, [25, 75], axis=0)
        width = third - first
        beyond = (cells.min(axis=0) < first - 3 * width) | (cells.max(axis=0) > third + 3 * width)
    return np.asarray((width > 0) & beyond)


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"

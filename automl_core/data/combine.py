"""Two tables made into one: the rows of the second appended here; its columns looked up by a key in `lookup`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.dataset import Dataset, dataset_from_frame
from automl_core.data.kinds import TRUTH_WORDS
from automl_core.data.lookup import Added, KeyCount, LookupPlan, lookup, plan_lookup
from automl_core.data.parsing import as_text, date_text
from automl_core.data.wording import listed, rows_of
from automl_core.errors import InputError
from automl_core.schema import Column, Kind, Schema

__all__ = [
    "Added",
    "AppendPlan",
    "Appended",
    "KeyCount",
    "KindConflict",
    "LookupPlan",
    "append",
    "appended",
    "lookup",
    "plan_append",
    "plan_lookup",
]


@dataclass(frozen=True)
class KindConflict:
    """A column that both tables have, of another kind in each, and the kind it gets."""

    column: str
    first: Kind
    second: Kind
    becomes: Kind


@dataclass(frozen=True)
class AppendPlan:
    """What appending one table to another would do.

    Parameters
    ----------
    both, only_first, only_second : tuple of str
        Column names; those of one table only are missing in the other's rows.
    conflicts : tuple of KindConflict
    first_rows, second_rows : int
    sentence : str
        The whole plan in plain words.
    notes : tuple of str
        What else the person should know before doing it.
    """

    both: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    conflicts: tuple[KindConflict, ...]
    first_rows: int
    second_rows: int
    sentence: str
    notes: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """Whether the tables share a column."""
        return bool(self.both)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        lists = {name: list(getattr(self, name)) for name in ("both", "only_first", "only_second", "notes")}
        return {**self.__dict__, **lists, "conflicts": [dict(entry.__dict__) for entry in self.conflicts], "format": 1}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> AppendPlan:
        """Rebuild a plan from `to_dict`'s output."""
        rest = {name: tuple(data[name]) for name in ("both", "only_first", "only_second", "notes")}
        rest["conflicts"] = tuple(KindConflict(**entry) for entry in data["conflicts"])
        return cls(**rest, first_rows=data["first_rows"], second_rows=data["second_rows"], sentence=data["sentence"])


def plan_append(first: Dataset, second: Dataset) -> AppendPlan:
    """Say what comes out when the rows of `second` are put below those of `first`."""
    both = tuple(name for name in first.schema.names if name in second.schema)
    only_first = tuple(name for name in first.schema.names if name not in second.schema)
    only_second = tuple(name for name in second.schema.names if name not in first.schema)
    conflicts = tuple(found for name in both if (found := _conflict(first, second, name)) is not None)
    total = first.rows + second.rows
    if not both:
        sentence = f"{first.name!r} and {second.name!r} share no column name, so their rows cannot go below each other."
    else:
        sentence = f"{rows_of(second.rows)} of {second.name!r} below {rows_of(first.rows)} of {first.name!r}"
        sentence += f": {rows_of(total)} in all. Columns in both: {len(both):,}."
    plan = AppendPlan(both, only_first, only_second, conflicts, first.rows, second.rows, sentence)
    return replace(plan, notes=_append_notes(plan, first, second))


@dataclass(frozen=True)
class Appended:
    """The rows of two tables below each other.

    Parameters
    ----------
    frame : DataFrame
    schema : Schema
        Columns in the order of the first table, then those that only the second has. A column that one table lacks is missing
        in that table's rows, as the plan says.
    notes : tuple of str
        The plan in plain words.
    """

    frame: pd.DataFrame
    schema: Schema
    notes: tuple[str, ...]


def append(folder: Path, first: Dataset, second: Dataset, name: str) -> Dataset:
    """Store a table of the rows of `first` and, below them, those of `second`; raises as `appended`, and StorageError."""
    both = appended(first, second)
    return dataset_from_frame(folder, both.frame, both.schema, name, notes=both.notes)


def appended(first: Dataset, second: Dataset, *, aside: npt.NDArray[np.bool_] | None = None) -> Appended:
    """Put the rows of `second` below those of `first`.

    Parameters
    ----------
    first, second : Dataset
    aside : ndarray of bool, shape (rows of second,), optional
        Rows of `second` that are left out, for example because they break a rule of `first`.

    Raises
    ------
    InputError
        When the tables share no column.
    """
    plan = plan_append(first, second)
    if not plan.possible:
        raise InputError(
            f"{first.name!r} has the columns {listed(first.schema.names)}; {second.name!r} has {listed(second.schema.names)}.",
            "To append, both need at least one column of the same name.",
            "Rename the columns in one of the files and upload it again, or look up its columns by a key.",
        )
    becomes = {entry.column: entry.becomes for entry in plan.conflicts}
    upper, lower = first.frame(), second.frame()
    if aside is not None and aside.any():
        lower = lower[~aside].reset_index(drop=True)
    columns: list[Column] = []
    values: dict[str, pd.Series[Any]] = {}
    for column in (*first.schema, *(second.schema[only] for only in plan.only_second)):
        kind = becomes.get(column.name) or _kind_of(first, second, column.name)
        parts = [_part(frame, column.name, kind) for frame in (upper, lower)]
        # An empty part would change the other's dtype.
        values[column.name] = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        source = column if column.kind == kind or column.name not in second.schema else second.schema[column.name]
        changed = "" if source.kind == kind else f"The tables disagree on its kind, so it is a {kind}."
        columns.append(replace(source, kind=kind, evidence=changed or source.evidence))
    return Appended(pd.DataFrame(values), Schema(tuple(columns)), (plan.sentence, *plan.notes))


def _conflict(first: Dataset, second: Dataset, name: str) -> KindConflict | None:
    """Return what becomes of a column of both tables that cannot stay what it is in each, None where it can."""
    one, two = first.schema[name].kind, second.schema[name].kind
    if one == two != "boolean":
        return None
    words = [set(data.frame([name])[name].dropna().unique()) for data in (first, second)]
    if one == two:
        together = words[0] | words[1]
        lowered = {str(word).strip().lower() for word in together}
        fits = len(together) <= 2 or (len(together) <= 3 and lowered in TRUTH_WORDS)
        return None if fits else KindConflict(name, one, two, "category")
    if not words[0] or not words[1]:
        return None  # a column without values has no say
    pair = {one, two}
    becomes: Kind = "text" if "text" in pair else "id" if pair in ({"id", "number"}, {"id", "category"}) else "category"
    return KindConflict(name, one, two, becomes)


def _kind_of(first: Dataset, second: Dataset, name: str) -> Kind:
    """Return the kind of a column on which the tables do not disagree."""
    owners = [data for data in (first, second) if name in data.schema]
    filled = [data for data in owners if bool(data.frame([name])[name].notna().any())]
    return (filled or owners)[0].schema[name].kind


def _part(frame: pd.DataFrame, name: str, kind: Kind) -> pd.Series[Any]:
    """Return one table's cells of a column as the new table stores them."""
    if name not in frame:
        return _missing(len(frame), kind)
    values = frame[name]
    if values.dtype == object:
        return values if kind not in ("number", "date") else _missing(len(values), kind)
    if kind in ("number", "date"):
        return values
    return date_text(values) if values.dtype.kind == "M" else as_text(values)


def _missing(rows: int, kind: Kind) -> pd.Series[Any]:
    if kind == "date":
        return pd.Series(pd.NaT, index=range(rows), dtype="datetime64[ns]")
    return pd.Series(float("nan"), index=range(rows), dtype="float64" if kind == "number" else "object")


def _append_notes(plan: AppendPlan, first: Dataset, second: Dataset) -> tuple[str, ...]:
    notes = []
    for names, owner, other in ((plan.only_first, first, second), (plan.only_second, second, first)):
        if names and plan.both:
            notes.append(f"Only in {owner.name!r}, so missing in the {rows_of(other.rows)} of {other.name!r}: {listed(names)}.")
    for entry in plan.conflicts:
        if entry.first == entry.second:
            notes.append(f"{entry.column!r} has other words in each table, so it becomes a {entry.becomes}.")
        else:
            kinds = f"{entry.first} in {first.name!r} and {entry.second} in {second.name!r}"
            notes.append(f"The kind of {entry.column!r} is {kinds}. It becomes {entry.becomes}.")
    tidy = {re.sub(r"\W|_", "", name).lower(): name for name in plan.only_second}
    for name in plan.only_first:
        twin = tidy.get(re.sub(r"\W|_", "", name).lower())
        if twin is not None:
            notes.append(f"{name!r} and {twin!r} may be one column under two names. If so, rename one in its file first.")
    if first.fingerprint == second.fingerprint:
        notes.append("Both tables hold the same rows, so every row would come twice.")
    return tuple(notes)

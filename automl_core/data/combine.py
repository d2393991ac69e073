"""Two tables made into one: the rows of the second appended here; its columns looked up by a key in `lookup`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.dataset import BATCH_ROWS, Dataset, dataset_from_batches
from automl_core.data.kinds import TRUTH_WORDS
from automl_core.data.lookup import Added, KeyCount, LookupPlan, lookup, plan_lookup
from automl_core.data.parsing import as_text, date_text
from automl_core.data.tables import beyond
from automl_core.data.wording import listed, rows_of
from automl_core.errors import InputError
from automl_core.schema import Column, Kind, Schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Added",
    "AppendPlan",
    "KeyCount",
    "KindConflict",
    "LookupPlan",
    "append",
    "appended_schema",
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


def append(
    folder: Path,
    first: Dataset,
    second: Dataset,
    name: str,
    *,
    aside: npt.NDArray[np.bool_] | None = None,
    notes: tuple[str, ...] = (),
    beside: Callable[[Path], None] = lambda fresh: None,
) -> Dataset:
    """Store a table of the rows of `first` and, below them, those of `second`; a batch of rows is in memory.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    first, second : Dataset
    name : str
        Name for people.
    aside : ndarray of bool, shape (rows of second,), optional
        Rows of `second` that are left out, for example because they break a rule of `first`.
    notes : tuple of str
        What else was done; said after the plan.
    beside : callable
        As for `dataset_from_frame`.

    Returns
    -------
    Dataset
        Columns in the order of the first table, then those that only the second has. A column that one table lacks is
        missing in that table's rows, as the plan says.

    Raises
    ------
    InputError
        When the tables share no column.
    LimitError
        When both together are too large.
    StorageError
        When the disk is full.
    """
    import pyarrow as pa

    plan = plan_append(first, second)
    schema = appended_schema(first, second, plan)
    tables = [_Stacked(first, schema, None), _Stacked(second, schema, aside)]
    filled = [table for table in tables if table.rows] or tables[:1]
    stored = pa.schema([(column.name, _stored_type(column, filled)) for column in schema])
    batches = (batch for table in filled for batch in table.batches(stored))
    return dataset_from_batches(folder, batches, stored, schema, name, notes=(plan.sentence, *plan.notes, *notes), beside=beside)


def appended_schema(first: Dataset, second: Dataset, plan: AppendPlan | None = None) -> Schema:
    """Return the columns of a table of the rows of both; raises InputError when the tables share none."""
    plan = plan or plan_append(first, second)
    if not plan.possible:
        raise InputError(
            f"{first.name!r} has the columns {listed(first.schema.names)}; {second.name!r} has {listed(second.schema.names)}.",
            "To append, both need at least one column of the same name.",
            "Rename the columns in one of the files and upload it again, or look up its columns by a key.",
        )
    becomes = {entry.column: entry.becomes for entry in plan.conflicts}
    columns: list[Column] = []
    for column in (*first.schema, *(second.schema[only] for only in plan.only_second)):
        kind = becomes.get(column.name) or _kind_of(first, second, column.name)
        source = column if column.kind == kind or column.name not in second.schema else second.schema[column.name]
        changed = "" if source.kind == kind else f"The tables disagree on its kind, so it is a {kind}."
        columns.append(replace(source, kind=kind, evidence=changed or source.evidence))
    return Schema(tuple(columns))


class _Stacked:
    """One of two tables whose rows go below each other, as the new table stores them."""

    def __init__(self, data: Dataset, schema: Schema, aside: npt.NDArray[np.bool_] | None) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.data, self.schema = data, schema
        self.kept = None if aside is None or not aside.any() else ~aside
        self.rows = data.rows if self.kept is None else int(self.kept.sum())
        self.stored = pq.read_schema(data.folder / "data.parquet")
        # How such values are written as text is decided over the whole column: there are few of these.
        self.texts = {
            column.name: pa.array(_as_text(data.frame([column.name])[column.name]), pa.string(), from_pandas=True)
            for column in schema
            if column.kind not in ("number", "date") and column.name in data.schema and not self.holds(column)
        }

    def holds(self, column: Column) -> bool:
        """Return whether the table stores what a column of such a kind holds."""
        import pyarrow as pa

        if column.name not in self.data.schema:
            return False
        kind = self.stored.field(column.name).type
        if column.kind == "date":
            return bool(pa.types.is_timestamp(kind))
        if column.kind == "number":
            return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))

    def batches(self, target: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        start = 0
        with pq.ParquetFile(self.data.folder / "data.parquet") as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                arrays = [self._cells(batch, column, target.field(column.name).type, start) for column in self.schema]
                made = pa.RecordBatch.from_arrays(arrays, schema=target)
                if self.kept is not None:
                    made = made.filter(pa.array(self.kept[start : start + len(batch)]))
                start += len(batch)
                yield made

    def _cells(self, batch: pa.RecordBatch, column: Column, target: pa.DataType, start: int) -> pa.Array:
        """Return a batch's cells of a column; missing where the table lacks it, or has no values in it."""
        import pyarrow as pa

        if column.name in self.texts:
            return self.texts[column.name].slice(start, len(batch))
        if not self.holds(column):
            return pa.nulls(len(batch), target)
        cells = batch.column(column.name)
        if cells.type == target:
            return cells
        try:
            return cells.cast(target, safe=column.kind == "date")
        except pa.ArrowInvalid as error:
            raise beyond(self.data.name, column.name) from error


def _stored_type(column: Column, tables: list[_Stacked]) -> pa.DataType:
    """Return how a column is stored: whole numbers only where both tables have them."""
    import pyarrow as pa

    if column.kind == "date":
        return pa.timestamp("ns")
    if column.kind != "number":
        return pa.string()
    types = [table.stored.field(column.name).type if table.holds(column) else pa.float64() for table in tables]
    return pa.from_numpy_dtype(np.result_type(*(kind.to_pandas_dtype() for kind in types)))


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
    filled = [data for data in owners if any(bool(piece[name].notna().any()) for piece in data.pieces(columns=[name]))]
    return (filled or owners)[0].schema[name].kind


def _as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return numbers or dates as people write them."""
    return date_text(values) if values.dtype.kind == "M" else as_text(values)


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

"""Columns of a second table looked up by a key: first what would come of it, then the new table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.data.dataset import BATCH_ROWS, Dataset, dataset_from_batches
from automl_core.data.parsing import date_text
from automl_core.data.wording import listed, rows_of
from automl_core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = 20
"""Keys that a plan shows of each sort."""

_DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)\.\d*")


@dataclass(frozen=True)
class KeyCount:
    """A key and the rows that have it."""

    key: str
    count: int


@dataclass(frozen=True)
class Added:
    """A column of the right table, and what it is called in the new one."""

    column: str
    becomes: str


@dataclass(frozen=True)
class LookupPlan:
    """What looking up a second table's columns would do.

    Parameters
    ----------
    matched, unmatched : int
        Rows of the left table whose key is and is not in the right one; rows without a key count as unmatched.
    examples : tuple of KeyCount
        Up to 20 keys that were not found, the most frequent first, with their rows in the left table.
    without_key : int
        Rows of the left table whose key is missing.
    repeated : tuple of KeyCount
        Up to 20 keys that the right table has more than once; any of them forbids the lookup.
    repeated_keys : int
        How many such keys there are.
    unused : tuple of str
        Up to 20 keys of the right table that no left row has.
    unused_keys : int
        How many such keys there are.
    columns : tuple of Added
        The columns that can be added, under their new names.
    sentence : str
        The whole plan in plain words, unmatched keys first.
    """

    matched: int
    unmatched: int
    examples: tuple[KeyCount, ...]
    without_key: int
    repeated: tuple[KeyCount, ...]
    repeated_keys: int
    unused: tuple[str, ...]
    unused_keys: int
    columns: tuple[Added, ...]
    sentence: str

    @property
    def possible(self) -> bool:
        """Whether keys on the right are unique, some row finds its key, and there is a column to add."""
        return not self.repeated and self.matched > 0 and bool(self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        rich = {name: [dict(entry.__dict__) for entry in getattr(self, name)] for name in ("examples", "repeated", "columns")}
        return {**self.__dict__, **rich, "unused": list(self.unused), "format": 1}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LookupPlan:
        """Rebuild a plan from `to_dict`'s output."""
        rest = {name: value for name, value in data.items() if name != "format"}
        rest |= {name: tuple(KeyCount(**entry) for entry in data[name]) for name in ("examples", "repeated")}
        return cls(**{**rest, "columns": tuple(Added(**entry) for entry in data["columns"]), "unused": tuple(data["unused"])})


def plan_lookup(left: Dataset, right: Dataset, left_key: str, right_key: str) -> LookupPlan:
    """Say what comes out when columns of `right` are added to the rows of `left` that have the same key.

    Raises
    ------
    NotFoundError
        When a key is no column of its table.
    """
    wanted, offered = key_text(left, left_key), key_text(right, right_key)
    known = offered.dropna()
    found = wanted.isin(known)
    matched, without = int(found.sum()), int(wanted.isna().sum())
    misses = _counted(wanted[~found & wanted.notna()])
    counts = _counted(known)
    repeated = [entry for entry in counts if entry.count > 1]
    asked = set(wanted.dropna())
    unused = [entry.key for entry in counts if entry.key not in asked]
    columns = _added(left, right, right_key)
    plan = LookupPlan(
        matched,
        len(wanted) - matched,
        tuple(misses[:EXAMPLES]),
        without,
        tuple(repeated[:EXAMPLES]),
        len(repeated),
        tuple(unused[:EXAMPLES]),
        len(unused),
        columns,
        "",
    )
    return replace(plan, sentence=_lookup_sentence(plan, left, right, len(misses)))


def lookup(
    folder: Path, left: Dataset, right: Dataset, left_key: str, right_key: str, columns: Sequence[str], name: str
) -> Dataset:
    """Make a table of every row of `left`, in its order, with columns of `right` added where the keys are the same.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    left, right : Dataset
    left_key, right_key : str
        Compared as text without the spaces around it; the numbers 1 and 1.0 are the same key.
    columns : sequence of str
        Columns of `right` to add, by their names there; renamed where `left` has a column of that name.
    name : str
        Name for people.

    Returns
    -------
    Dataset
        Rows without a match have missing values in the added columns.

    Raises
    ------
    NotFoundError
        When a key or a column does not exist.
    InputError
        When a key comes more than once in `right`, no key matches, or no column was chosen.
    StorageError
        When the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    plan = plan_lookup(left, right, left_key, right_key)
    wanted = list(dict.fromkeys(columns))
    _check_lookup(plan, left, right, left_key, right_key, wanted)
    becomes = {entry.column: entry.becomes for entry in plan.columns}
    offered = key_text(right, right_key)
    known = np.flatnonzero(offered.notna())
    found = pd.Index(offered.iloc[known]).get_indexer(pd.Index(key_text(left, left_key)))
    rows = pa.array(known[found], mask=found < 0)
    source = pq.read_table(right.folder / "data.parquet", columns=wanted, use_threads=False).select(wanted).combine_chunks()
    upper = pq.read_schema(left.folder / "data.parquet")
    added = [pa.field(becomes[column], source.schema.field(column).type) for column in wanted]
    stored = pa.schema([*(upper.field(name) for name in left.schema.names), *added])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        with pq.ParquetFile(left.folder / "data.parquet") as file:
            for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
                cells = [column.combine_chunks() for column in source.take(rows.slice(start, len(batch))).columns]
                yield pa.RecordBatch.from_arrays([*batch.select(left.schema.names).columns, *cells], schema=stored)
                start += len(batch)

    schema = left.schema
    for column in wanted:
        evidence = f"Looked up in {right.name}. {right.schema[column].evidence}".strip()
        schema = schema.with_column(replace(right.schema[column], name=becomes[column], evidence=evidence))
    return dataset_from_batches(folder, batches(), stored, schema, name, notes=(plan.sentence,))


def key_text(data: Dataset, column: str) -> pd.Series[Any]:
    """Return a column's cells as keys: text without spaces around it, numbers in their shortest form, missing as NaN."""
    data.schema[column]
    values = data.frame([column])[column]
    if values.dtype.kind == "M":
        return date_text(values)
    text = values if values.dtype == object else values.map(repr, na_action="ignore").astype(object)
    codes, cells = pd.factorize(text, use_na_sentinel=True)
    # NaN comes last, where the code -1 of a missing cell finds it.
    shortest = pd.Series([*(_shortest(str(cell).strip()) for cell in cells), float("nan")], dtype=object)
    return pd.Series(shortest.to_numpy()[codes], index=values.index, name=column, dtype=object)


def _shortest(key: str) -> str:
    return key.rstrip("0").rstrip(".") if _DECIMAL.fullmatch(key) else key


def _counted(keys: pd.Series[Any]) -> list[KeyCount]:
    """Return the different keys with their counts, the most frequent first, otherwise in order of appearance."""
    counts = keys.value_counts(sort=False)
    return sorted((KeyCount(str(key), int(count)) for key, count in counts.items()), key=lambda entry: -entry.count)


def _added(left: Dataset, right: Dataset, right_key: str) -> tuple[Added, ...]:
    """Return the right table's columns without its key; names that the left table has get the right table's name in front."""
    taken = set(left.schema.names) | set(right.schema.names)
    added = []
    for column in right.schema.names:
        if column == right_key:
            continue
        fresh = column
        if column in left.schema:
            fresh = base = f"{right.name}_{column}"
            count = 2
            while fresh in taken:
                fresh, count = f"{base}_{count}", count + 1
            taken.add(fresh)
        added.append(Added(column, fresh))
    return tuple(added)


def _lookup_sentence(plan: LookupPlan, left: Dataset, right: Dataset, misses: int) -> str:
    said = []
    if plan.unmatched:
        missing = f", {plan.without_key:,} of them because their key is missing" if plan.without_key else ""
        said.append(f"{rows_of(plan.unmatched)} of {left.rows:,} in {left.name!r} find nothing in {right.name!r}{missing}.")
    if misses:
        said.append(f"The keys not found: {listed([entry.key for entry in plan.examples], misses)}.")
    if plan.repeated:
        said.append(f"{_repeats(plan)} in {right.name!r}.")
    if plan.matched == left.rows:
        said.append(f"Every row of {left.name!r} finds its key in {right.name!r}.")
    elif plan.matched:
        said.append(f"{rows_of(plan.matched)} find their key.")
    if plan.unused_keys:
        said.append(f"Keys of {right.name!r} that no row asks for: {plan.unused_keys:,}.")
    renamed = [f"{entry.column!r} becomes {entry.becomes!r}" for entry in plan.columns if entry.becomes != entry.column]
    if renamed:
        said.append(f"Names that {left.name!r} has already are changed: {'; '.join(renamed[:5])}.")
    return " ".join(said)


def _repeats(plan: LookupPlan) -> str:
    return f"{plan.repeated_keys:,} {'key comes' if plan.repeated_keys == 1 else 'keys come'} more than once"


def _check_lookup(plan: LookupPlan, left: Dataset, right: Dataset, left_key: str, right_key: str, wanted: list[str]) -> None:
    for column in wanted:
        right.schema[column]
    if not wanted or right_key in wanted:
        received = f"{right_key!r} is the key itself." if wanted else "No column was chosen."
        raise InputError(received, f"At least one other column of {right.name!r} is needed.", "Choose what is to be added.")
    if plan.repeated:
        shown = ", ".join(f"{entry.key!r} ({entry.count:,} times)" for entry in plan.repeated[:5])
        raise InputError(
            f"{_repeats(plan)} in {right_key!r} of {right.name!r}: {shown}.",
            "Each key must come once, otherwise it is open which row is meant.",
            "Choose another key, or keep one row a key in that file and upload it again.",
        )
    if not plan.matched:
        theirs = f" {right_key!r} of {right.name!r} holds {listed(plan.unused, plan.unused_keys)}." if plan.unused else ""
        raise InputError(
            f"No key in {left_key!r} of {left.name!r} is in {right_key!r} of {right.name!r}.{theirs}",
            "At least one must be in both.",
            "Choose other key columns.",
        )

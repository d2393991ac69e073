"""Parquet and Arrow files (Feather): their own types are kept, what is no plain value becomes text and is said."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.data.headers import column_names
from automl_core.data.origin import Form, Origin
from automl_core.data.parsing import EXACT
from automl_core.data.report import ReadReport, TextTable
from automl_core.data.sources.values import column_of
from automl_core.data.wording import listed
from automl_core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_CELLS = 500_000_000
"""Rows times columns: a few bytes of Parquet can claim any number of rows that are all alike."""


def read_columns(path: Path, form: Form, *, name: str = "") -> TextTable:
    """Read a Parquet or Arrow file.

    Raises
    ------
    InputError
        When it is damaged, has no rows, or claims more cells than `MAX_CELLS`.
    """
    import pyarrow as pa

    name = name or path.name
    try:
        table = _parquet(path, name) if form == "parquet" else _arrow(path, name)
        table.validate()
        flat, notes = _flat(table)
        columns = [_column(values.combine_chunks()) for values in flat.columns]
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise _damaged(name, error) from error
    if not table.num_rows or not columns:
        raise InputError(f"{name} has no rows.", "At least one row of values is needed.", "Choose another file.")
    names, changed = column_names([str(entry) for entry in flat.column_names], len(columns))
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = pd.Index(names)
    lists = [given for given, values in zip(names, flat.columns, strict=True) if pa.types.is_nested(values.type)]
    if lists:
        notes.append(f"Lists stand as text in {', '.join(repr(entry) for entry in lists[:5])}.")
    zones = [getattr(values.type, "tz", None) for values in flat.columns]
    zoned = [given for given, zone in zip(names, zones, strict=True) if zone not in (None, "UTC")]
    if zoned:
        notes.append(f"Moments of another time zone are given in UTC in {', '.join(repr(entry) for entry in zoned[:5])}.")
    report = ReadReport(None, len(frame), len(names), {}, (), tuple(notes + changed), Origin(form))
    return TextTable(frame, report)


class ParquetColumns:
    """A Parquet file that is read a few columns at a time; nested columns, which are `nested`, take no part.

    Parameters
    ----------
    path : Path
    name : str
        For people; the file's own when left out.

    Raises
    ------
    InputError
        When it is damaged, or several of its columns have one name.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.name = name or path.name
        with self._readable():
            self._file = pq.ParquetFile(path)
            fields = [(str(field.name), pa.types.is_nested(field.type)) for field in self._file.schema_arrow]
        doubled = [one for one, times in Counter(one for one, _ in fields).items() if times > 1]
        if doubled:
            self._file.close()
            raise InputError(
                f"{self.name} has several columns named {listed(doubled)}.", "They are told apart by their names.",
                "Write the file again with a name of its own for each column.",
            )  # fmt: skip
        self.rows: int = self._file.metadata.num_rows
        self.names = [one for one, nested in fields if not nested]
        self.nested = [one for one, nested in fields if nested]

    def __enter__(self) -> ParquetColumns:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def frame(self, names: list[str]) -> pd.DataFrame:
        """Read some columns, as `read_columns` gives them."""
        with self._readable():
            table = self._file.read(columns=names, use_threads=False)
            return pd.DataFrame({name: _column(table.column(name).combine_chunks()) for name in names})

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        import pyarrow as pa

        try:
            yield
        except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
            raise _damaged(self.name, error) from error


def _damaged(name: str, error: Exception) -> InputError:
    said = str(error).splitlines()[0][:200].rstrip(".") if str(error) else type(error).__name__
    return InputError(f"{name} is damaged: {said}.", action="Write or send the file again.")


def _parquet(path: Path, name: str) -> pa.Table:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        _check_size(file.metadata.num_rows, file.metadata.num_columns, name)
        return file.read(use_threads=False)


def _arrow(path: Path, name: str) -> pa.Table:
    import pyarrow as pa

    with pa.memory_map(str(path)) as mapped:
        reader = pa.ipc.open_file(mapped)
        batches, rows = [], 0
        for number in range(reader.num_record_batches):
            batches.append(reader.get_batch(number))
            rows += batches[-1].num_rows
            _check_size(rows, len(reader.schema), name)
        return pa.Table.from_batches(batches, reader.schema)


def _check_size(rows: int, columns: int, name: str) -> None:
    if rows * columns > MAX_CELLS:
        raise InputError(
            f"{name} has {rows:,} rows of {columns:,} columns.",
            f"Up to {MAX_CELLS:,} cells are read.",
            "Leave out columns or rows you do not need.",
        )


def _flat(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return the table with structs taken apart by one level, and a note about it."""
    import pyarrow as pa

    structs = [entry.name for entry in table.schema if pa.types.is_struct(entry.type)]
    if not structs:
        return table, []
    return table.flatten(), [f"Nested values became columns of their own, such as '{structs[0]}.…'."]


def _column(values: pa.Array[Any]) -> pd.Series[Any]:
    """Return one column: numbers and dates stay, all else is text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = pa.types
    if types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    plain: Any = None
    if types.is_boolean(kind):
        plain = _text(pc.if_else(values, "true", "false"))
    elif types.is_integer(kind):
        spread = pc.min_max(values)
        low, high = spread["min"].as_py(), spread["max"].as_py()
        if low is not None and (low <= -EXACT or high >= EXACT):
            plain = _text(values.cast(pa.string()))
        else:
            plain = values if values.null_count else values.cast(pa.int64())
            plain = plain.to_numpy(zero_copy_only=False)
    elif types.is_floating(kind) or types.is_decimal(kind):
        plain = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    elif types.is_string(kind) or types.is_large_string(kind):
        plain = _text(values)
    elif types.is_timestamp(kind) or types.is_date(kind):
        try:
            plain = values.cast(pa.timestamp("ns")).to_numpy(zero_copy_only=False).astype("datetime64[ns]")
        except pa.ArrowInvalid:
            plain = _text(values.cast(pa.string()))  # years that nanoseconds do not reach
    elif types.is_null(kind):
        plain = pd.Series([""] * len(values), dtype=object)
    return column_of(values.to_pylist()) if plain is None else pd.Series(plain)


def _text(values: pa.Array[Any]) -> pd.Series[Any]:
    """Return text with one object for all cells that are alike."""
    encoded = values.fill_null("").dictionary_encode()
    words = encoded.dictionary.to_numpy(zero_copy_only=False)
    return pd.Series(words[encoded.indices.to_numpy()], dtype=object)

"""Large files: pyarrow reads them in blocks once the dialect is known."""

from __future__ import annotations

import itertools
from pathlib import Path

from automl_core.data.dialect import Dialect
from automl_core.data.headers import column_names
from automl_core.data.report import Around, ReadReport, Refused, TextTable
from automl_core.errors import DialectError, InputError

MAX_REFUSED = 10_000
"""Refused records that are kept with their text."""


def read_large(path: Path, dialect: Dialect) -> TextTable:
    """Read a large file as text cells.

    Parameters
    ----------
    path : Path
    dialect : Dialect

    Returns
    -------
    TextTable
        Records with another number of cells than the header are refused and kept aside.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    if len(dialect.delimiter) != 1:
        raise InputError(
            f"{path.name} uses {dialect.delimiter!r} between its cells.",
            "Files of this size need a delimiter of one character.",
            "Export it with commas, semicolons or tabs.",
        )
    refused: list[Refused] = []
    count = 0

    def keep(row: pc.InvalidRow) -> str:
        nonlocal count
        count += 1
        if len(refused) < MAX_REFUSED:
            reason = f"{row.actual_columns} cells where the table has {row.expected_columns} columns"
            refused.append(Refused(row.number or 0, row.text[:2000], reason))
        return "skip"

    read = pc.ReadOptions(
        use_threads=False,
        encoding=dialect.encoding.removesuffix("-sig"),
        skip_rows=dialect.skip_rows,
        autogenerate_column_names=not dialect.header_rows,
    )
    parse = pc.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        escape_char=dialect.escape or False,
        newlines_in_values=True,
        invalid_row_handler=keep,
    )
    try:
        with pc.open_csv(path, read_options=read, parse_options=parse) as reader:
            header = reader.schema.names
        convert = pc.ConvertOptions(column_types={name: pa.string() for name in header}, strings_can_be_null=False)
        refused.clear()
        count = 0
        table = pc.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        raise DialectError(
            f"{path.name} cannot be read as a table: {str(error)[:200]}.",
            action="Choose the delimiter and the encoding by hand.",
        ) from error
    names, notes = column_names(list(header) if dialect.header_rows else [], table.num_columns)
    frame = table.rename_columns(names).to_pandas(strings_to_categorical=False)
    if count > len(refused):
        notes.append(f"{count:,} records were refused; the first {len(refused):,} are kept.")
    above = _lines_above(path, dialect)
    return TextTable(frame, ReadReport(dialect, len(frame), len(names), {}, tuple(refused), tuple(notes), around=above))


def _lines_above(path: Path, dialect: Dialect) -> tuple[Around, ...]:
    with open(path, encoding=dialect.encoding, errors="replace") as file:
        lines = enumerate(itertools.islice(file, dialect.skip_rows), start=1)
        return tuple(Around(number, line.rstrip("\n")[:2000], "above") for number, line in lines if line.strip())

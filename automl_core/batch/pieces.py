"""The rows of a file in pieces, so that a million of them need the memory of some thousands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.data.detecting import find_dialect
from automl_core.data.dialect import SAMPLE_BYTES, Dialect, check_content
from automl_core.data.encoding import decode, find_encoding
from automl_core.data.headers import column_names
from automl_core.data.origin import Choice
from automl_core.data.reading import FAST_BYTES, MAX_BYTES
from automl_core.data.records import split_lines
from automl_core.data.sources.opening import read_any
from automl_core.data.sources.recognise import recognise
from automl_core.errors import AutoMLError, InputError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.csv as pc

ROWS = 50_000
"""Rows of a piece."""
BLOCK = 8 << 20
"""Bytes of a text file that are read at a time."""


@dataclass
class Source:
    """A file that is being read.

    Parameters
    ----------
    pieces : iterator of DataFrame
        Text cells, or typed columns where the file has types.
    schema : pyarrow Schema or None
        Of a file that has types.
    refused : int
        Lines that could not be read as rows, counted while reading.
    done : float
        Share of the file that was read.
    count : callable
        Goes through the file and counts its rows; it may stop where there are more than the number it takes.
    """

    pieces: Iterator[pd.DataFrame] = field(default_factory=lambda: iter(()))
    schema: pa.Schema | None = None
    refused: int = 0
    done: float = 0.0
    count: Callable[[int], int] = lambda most: 0


@contextmanager
def rows_of(path: Path, choice: Choice | None = None) -> Iterator[Source]:
    """Open a file of rows.

    Large text files and Parquet files are read piece by piece; all others are small enough to be held.

    Raises
    ------
    InputError
        When it is missing, too large, or no table.
    """
    head = b""
    if path.is_file():
        with open(path, "rb") as file:
            head = file.read(SAMPLE_BYTES)
    source = Source()
    choice = None if choice == Choice() else choice
    if head.startswith(b"PAR1") and not choice:
        with _parquet(path, source):
            yield source
    elif path.is_file() and FAST_BYTES < path.stat().st_size <= MAX_BYTES and recognise(path) == "text" and not choice:
        check_content(head, path.name)
        encoding = find_encoding(head, path)
        dialect = find_dialect(split_lines(decode(head, encoding, path.name)[0]), encoding)
        with open(path, "rb") as stream:
            source.pieces = _streamed(path, stream, dialect, source)
            source.count = lambda most: _rows_in(path, dialect, most)
            yield source
    else:
        source.pieces = _held(path, choice, source)
        yield source


def _held(path: Path, choice: Choice | None, source: Source) -> Iterator[pd.DataFrame]:
    table = read_any(path, choice)
    source.refused = len(table.report.refused)
    frame = table.frame.reset_index(drop=True)
    source.count = lambda most: len(frame)

    def pieces() -> Iterator[pd.DataFrame]:
        for start in range(0, len(frame), ROWS):
            source.done = min((start + ROWS) / len(frame), 1.0)
            yield frame.iloc[start : start + ROWS]

    return pieces()


def _options(path: Path, dialect: Dialect, refused: Callable[[], None]) -> tuple[pc.ReadOptions, pc.ParseOptions]:
    import pyarrow.csv as pc

    if len(dialect.delimiter) != 1:
        raise InputError(
            f"{path.name} uses {dialect.delimiter!r} between its cells.",
            "Files of this size need a delimiter of one character.",
            "Export it with commas, semicolons or tabs.",
        )

    def skip(row: Any) -> str:
        refused()
        return "skip"

    read = pc.ReadOptions(
        use_threads=False,
        encoding=dialect.encoding.removesuffix("-sig"),
        skip_rows=dialect.skip_rows,
        autogenerate_column_names=not dialect.header_rows,
        block_size=BLOCK,
    )
    parse = pc.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote or False,
        escape_char=dialect.escape or False,
        newlines_in_values=True,
        invalid_row_handler=skip,
    )
    return read, parse


def _rows_in(path: Path, dialect: Dialect, most: int) -> int:
    """Return the number of rows of a large text file, of which no more are read once it is above `most`.

    Where the file cannot be read, these are the rows before the place.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    read, parse = _options(path, dialect, lambda: None)
    rows = 0
    with contextlib.suppress(pa.ArrowInvalid):  # said where its rows are read
        with pc.open_csv(path, read_options=read, parse_options=parse) as reader:
            first = reader.schema.names[0]
        convert = pc.ConvertOptions(include_columns=[first], column_types={first: pa.string()})
        with pc.open_csv(path, read_options=read, parse_options=parse, convert_options=convert) as reader:
            for batch in reader:
                rows += len(batch)
                if rows > most:
                    break
    return rows


def _streamed(path: Path, stream: Any, dialect: Dialect, source: Source) -> Iterator[pd.DataFrame]:
    """Yield the rows of a large text file."""
    import pyarrow as pa
    import pyarrow.csv as pc

    def refuse() -> None:
        source.refused += 1

    read, parse = _options(path, dialect, refuse)
    size = path.stat().st_size
    try:
        with pc.open_csv(path, read_options=read, parse_options=parse) as reader:
            header = reader.schema.names
        source.refused = 0
        names, _ = column_names(list(header) if dialect.header_rows else [], len(header))
        convert = pc.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
        with pc.open_csv(pa.PythonFile(stream), read_options=read, parse_options=parse, convert_options=convert) as reader:
            for batch in reader:
                whole: pd.DataFrame = pa.Table.from_batches([batch]).rename_columns(names).to_pandas()
                source.done = min(stream.tell() / size, 1.0)
                for start in range(0, len(whole), ROWS):
                    yield whole.iloc[start : start + ROWS]
    except pa.ArrowInvalid as error:
        raise InputError(
            f"{path.name} cannot be read as a table: {str(error)[:200]}.", action="Check that the export was complete."
        ) from error


@contextmanager
def _parquet(path: Path, source: Source) -> Iterator[None]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            source.schema = file.schema_arrow.remove_metadata()
            source.count = lambda most: file.metadata.num_rows
            source.pieces = _batches(file, source)
            yield
    except AutoMLError:
        raise  # of what is done with the rows, such as a full disk
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InputError(
            f"{path.name} cannot be read as a Parquet file: {str(error)[:200]}.", action="Export it again."
        ) from error


def _batches(file: Any, source: Source) -> Iterator[pd.DataFrame]:
    total, seen = max(file.metadata.num_rows, 1), 0
    for batch in file.iter_batches(ROWS, use_threads=False):
        seen += len(batch)
        source.done = seen / total
        frame: pd.DataFrame = batch.to_pandas()
        yield frame.set_axis([str(name) for name in frame.columns], axis=1)

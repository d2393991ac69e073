"""Where predictions go: CSV and Excel, in which nothing can be run as a formula, and Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from automl_core.batch.excel import check_source_fits, columns_of, excel
from automl_core.data.plain import plain_text
from automl_core.errors import InputError
from automl_core.predicting import LineFeeds, defuse
from automl_core.workspace import atomic_file

SUFFIXES = (".csv", ".xlsx", ".parquet")


class Writer(Protocol):
    """Takes the rows in pieces; every piece has the same columns."""

    defused: int
    cut: int

    def write(self, given: pd.DataFrame, added: pd.DataFrame) -> None:
        """Write rows as they were given, and what was added to them."""


@contextmanager
def writer_to(out: Path, numbers: frozenset[str], count: Callable[[int], int] = lambda most: 0) -> Iterator[Writer]:
    """Open a file for predictions; it is there whole or not at all.

    Parameters
    ----------
    out : Path
        Its ending says which kind it is.
    numbers : frozenset of str
        Columns that hold numbers, which Excel gets as such.
    count : callable
        Counts the rows that will come, and may stop above the number it takes; asked only where there can be too many.

    Raises
    ------
    InputError
        For another ending, or more rows or columns than a sheet holds.
    StorageError
        When the disk is full.
    """
    opened = {".csv": _csv, ".xlsx": excel, ".parquet": _parquet}.get(out.suffix.lower())
    if opened is None:
        raise InputError(
            f"Predictions cannot be written as {out.suffix or 'a file without an ending'!r}.",
            f"They can as {', '.join(SUFFIXES)}.",
            "Choose one of these endings.",
        )
    if out.suffix.lower() == ".xlsx":
        check_source_fits(count)
    with atomic_file(out) as file, opened(file, numbers) as writer:
        yield writer


class _Csv:
    def __init__(self, text: io.TextIOBase) -> None:
        self.lines = csv.writer(LineFeeds(text))
        self.defused = self.cut = 0
        self.begun = False

    def write(self, given: pd.DataFrame, added: pd.DataFrame) -> None:
        if not self.begun:
            self.lines.writerow([defuse(str(name)) for name in [*given.columns, *added.columns]])
            self.begun = True
        columns = []
        for values in [*columns_of(plain_text(given)), *columns_of(_full(added))]:
            cells = [str(cell) for cell in values.to_numpy(dtype=object)]
            safe = [defuse(cell) for cell in cells]
            self.defused += sum(new != old for new, old in zip(safe, cells, strict=True))
            columns.append(safe)
        self.lines.writerows(zip(*columns, strict=True))


@contextmanager
def _csv(file: Any, numbers: frozenset[str]) -> Iterator[Writer]:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
    yield _Csv(text)
    text.flush()
    text.detach()


class _Parquet:
    def __init__(self, file: Any) -> None:
        self.file = file
        self.defused = self.cut = 0
        self.writer: Any = None

    def write(self, given: pd.DataFrame, added: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        whole = pd.concat([given.reset_index(drop=True), added.reset_index(drop=True)], axis=1)
        if self.writer is None:
            table = pa.Table.from_pandas(whole, preserve_index=False, nthreads=1).replace_schema_metadata()
            # A first piece without a value says nothing of a column's type.
            fields = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in table.schema]
            self.writer = pq.ParquetWriter(self.file, pa.schema(fields), compression="zstd")
        table = pa.Table.from_pandas(whole, schema=self.writer.schema, preserve_index=False, nthreads=1)
        self.writer.write_table(table)


@contextmanager
def _parquet(file: Any, numbers: frozenset[str]) -> Iterator[Writer]:
    writer = _Parquet(file)
    try:
        yield writer
    finally:
        if writer.writer is not None:
            writer.writer.close()


def _full(added: pd.DataFrame) -> pd.DataFrame:
    """Return numbers in full, as text; missing ones as nothing."""

    def text(values: pd.Series) -> pd.Series:
        if values.dtype == object:
            return values
        return pd.Series(["" if cell != cell else repr(float(cell)) for cell in values], index=values.index, dtype=object)

    return added.apply(text) if len(added.columns) else added

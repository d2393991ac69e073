"""Where predictions go: CSV and Excel, in which nothing can be run as a formula, and Parquet."""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import queue
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from automl_core.data.plain import plain_text
from automl_core.errors import InputError
from automl_core.predicting import LineFeeds, defuse
from automl_core.workspace import atomic_file

SUFFIXES = (".csv", ".xlsx", ".parquet")
SHEET_ROWS, SHEET_COLUMNS, SHEET_CELL = 1_048_575, 16_384, 32_767
"""What a sheet of Excel holds: rows below the header, columns, letters of a cell."""
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")


class Writer(Protocol):
    """Takes the rows in pieces; every piece has the same columns."""

    defused: int
    cut: int

    def write(self, given: pd.DataFrame, added: pd.DataFrame) -> None:
        """Write rows as they were given, and what was added to them."""


@contextmanager
def writer_to(out: Path, numbers: frozenset[str], rows: Callable[[], int] = int) -> Iterator[Writer]:
    """Open a file for predictions; it is there whole or not at all.

    Parameters
    ----------
    out : Path
        Its ending says which kind it is.
    numbers : frozenset of str
        Columns that hold numbers, which Excel gets as such.
    rows : callable
        Counts what will come; asked only where there can be too many.

    Raises
    ------
    InputError
        For another ending, or more rows or columns than a sheet holds.
    StorageError
        When the disk is full.
    """
    opened = {".csv": _csv, ".xlsx": _excel, ".parquet": _parquet}.get(out.suffix.lower())
    if opened is None:
        raise InputError(
            f"Predictions cannot be written as {out.suffix or 'a file without an ending'!r}.",
            f"They can as {', '.join(SUFFIXES)}.",
            "Choose one of these endings.",
        )
    if out.suffix.lower() == ".xlsx":
        _check_rows(rows())
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
        for values in [*_columns(plain_text(given)), *_columns(_full(added))]:
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


class _Excel:
    """Hands the rows to the library that writes the sheet; that runs in a thread of its own and asks for one after another."""

    def __init__(self, path: Path, pool: ThreadPoolExecutor, numbers: frozenset[str]) -> None:
        self.path, self.pool, self.numbers = path, pool, numbers
        self.defused = self.cut = self.rows = 0
        self.given_up = False
        self.pieces: queue.Queue[Iterator[dict[str, Any]] | None] = queue.Queue(maxsize=1)
        self.sheet: Future[None] | None = None

    def write(self, given: pd.DataFrame, added: pd.DataFrame) -> None:
        names = [str(name) for name in [*given.columns, *added.columns]]
        if len(names) > SHEET_COLUMNS:
            raise InputError(
                f"The result has {len(names):,} columns.",
                f"A sheet of Excel holds {SHEET_COLUMNS:,}.",
                "Choose CSV or Parquet.",
            )
        self.rows += len(given)
        _check_rows(self.rows)
        given = plain_text(given)
        columns = [self._cells(values, str(name) in self.numbers) for name, values in zip(given, _columns(given), strict=True)]
        columns += [self._cells(values, values.dtype != object) for values in _columns(added)]
        headings = _headings(names)
        if self.sheet is None:
            self.sheet = self.pool.submit(self._write)
        self._hand_over(dict(zip(headings, cells, strict=True)) for cells in zip(*columns, strict=True))

    def close(self) -> None:
        """Wait until the sheet is written whole."""
        if self.sheet is not None:
            self._hand_over(None)
            self.sheet.result()

    def give_up(self) -> None:
        """Write no more."""
        self.given_up = True
        if self.sheet is not None:
            self._hand_over(None)

    def _hand_over(self, piece: Iterator[dict[str, Any]] | None) -> None:
        assert self.sheet is not None
        while not self.sheet.done():
            with contextlib.suppress(queue.Full):
                self.pieces.put(piece, timeout=0.1)
                return
        if not self.given_up:
            self.sheet.result()  # tells why it ended before all rows were there

    def _write(self) -> None:
        from rustpy_xlsxwriter import write_worksheet

        # Rows go to disk as they come; text is never taken for a formula, a link or a number.
        try:
            write_worksheet(self._each(), str(self.path), "Predictions", freeze_row=1, bold_headers=True)
        except BaseException as error:
            if isinstance(error, Exception):
                raise
            # The library panics where its own temporary file cannot be written.
            if "StorageFull" in str(error):
                where = f"No space left in {tempfile.gettempdir()}, where the sheet is made"
                raise OSError(errno.ENOSPC, where) from error
            raise RuntimeError(str(error)) from error

    def _each(self) -> Iterator[dict[str, Any]]:
        while (piece := self.pieces.get()) is not None:
            yield from piece
        if self.given_up:
            raise InterruptedError

    def _cells(self, values: pd.Series, number: bool) -> list[Any]:
        made: list[Any] = []
        for cell in values.to_numpy(dtype=object):
            if number and isinstance(cell, float):
                made.append(float(cell) if abs(cell) < float("inf") else str(cell) if cell == cell else None)
            elif number and _PLAIN_NUMBER.fullmatch(str(cell)):
                made.append(float(cell))
            else:
                text = str(cell)
                safe = defuse(text)
                self.defused += safe != text
                self.cut += len(safe) > SHEET_CELL
                made.append(safe[:SHEET_CELL] or None)
        return made


def _headings(names: list[str]) -> list[str]:
    """Return what stands above the columns; where two would be the same, the second is told apart."""
    made: dict[str, None] = {}
    for name in names:
        heading = defuse(name)[:SHEET_CELL]
        same = (f"{heading[: SHEET_CELL - 9]}_{count}" for count in range(2, len(names) + 2))
        made[heading if heading not in made else next(other for other in same if other not in made)] = None
    return list(made)


def _check_rows(rows: int) -> None:
    if rows > SHEET_ROWS:
        raise InputError(
            "The file has more rows than a sheet of Excel holds.",
            f"That is {SHEET_ROWS:,} rows below the column names.",
            "Choose CSV or Parquet.",
        )


@contextmanager
def _excel(file: Any, numbers: frozenset[str]) -> Iterator[Writer]:
    with ThreadPoolExecutor(1, thread_name_prefix="excel") as pool:
        writer = _Excel(Path(file.name), pool, numbers)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.give_up()
            raise


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


def _columns(frame: pd.DataFrame) -> list[pd.Series]:
    """Return the columns by their places, as two may have one name."""
    return [frame.iloc[:, place] for place in range(frame.shape[1])]


def _full(added: pd.DataFrame) -> pd.DataFrame:
    """Return numbers in full, as text; missing ones as nothing."""

    def text(values: pd.Series) -> pd.Series:
        if values.dtype == object:
            return values
        return pd.Series(["" if cell != cell else repr(float(cell)) for cell in values], index=values.index, dtype=object)

    return added.apply(text) if len(added.columns) else added

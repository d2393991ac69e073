"""Predictions as a workbook of one sheet, written in bounded memory, in which nothing can be run as a formula."""

from __future__ import annotations

import contextlib
import errno
import queue
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.data.plain import plain_text
from automl_core.errors import InputError
from automl_core.predicting import defuse

SHEET_ROWS, SHEET_COLUMNS, SHEET_CELL = 1_048_575, 16_384, 32_767
"""What a sheet of Excel holds: rows below the header, columns, letters of a cell."""
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?")


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
        check_rows_fit(self.rows)
        given = plain_text(given)
        columns = [self._cells(values, str(name) in self.numbers) for name, values in zip(given, columns_of(given), strict=True)]
        columns += [self._cells(values, values.dtype != object) for values in columns_of(added)]
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


def check_rows_fit(rows: int) -> None:
    """Raise InputError for more rows than a sheet holds."""
    if rows > SHEET_ROWS:
        raise InputError(
            "The file has more rows than a sheet of Excel holds.",
            f"That is {SHEET_ROWS:,} rows below the column names.",
            "Choose CSV or Parquet.",
        )


def check_source_fits(count: Callable[[int], int]) -> None:
    """Raise InputError where more rows will come than a sheet holds; `count` need not go on above the number it takes."""
    check_rows_fit(count(SHEET_ROWS))


@contextmanager
def excel(file: Any, numbers: frozenset[str]) -> Iterator[_Excel]:
    """Open a workbook of one sheet for predictions."""
    with ThreadPoolExecutor(1, thread_name_prefix="excel") as pool:
        writer = _Excel(Path(file.name), pool, numbers)
        try:
            yield writer
            writer.close()
        except BaseException:
            writer.give_up()
            raise


def columns_of(frame: pd.DataFrame) -> list[pd.Series]:
    """Return the columns by their places, as two may have one name."""
    return [frame.iloc[:, place] for place in range(frame.shape[1])]

"""Stray quotes of a large text file, which may swallow the rows behind them: noticed by missing lines, and mended."""

from __future__ import annotations

import csv
import mmap
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import pandas as pd

from automl_core.data.dialect import Dialect, split_line
from automl_core.data.duck import Tell, connect, named, quoted
from automl_core.data.parsing import parse_column
from automl_core.data.passes import Pass, Plan
from automl_core.data.records import MAX_RECORD_LINES, join_record, open_quote, split_stray
from automl_core.errors import StorageError
from automl_core.schema import Column

LINES = 100_000
"""Lines that are held at once."""
CELL_LINES = 10_000
"""Lines that one quoted cell may span where most of them are no rows of the table."""
LONG_CELLS = 1000
"""Cells of many lines that are looked at."""


def lines_missing(text: Path, lines: int, blank: int, raw: Path, plan: Plan, found: Pass, rows: int) -> bool:
    """Return whether there are lines in a file that became no row, were not refused, and are no part of a sound cell.

    Parameters
    ----------
    text : Path
    lines : int
        Its line feeds; without any nothing is known.
    blank : int
        Those that end an empty line.
    raw : Path
        The rows that were read from it.
    plan, found
        How, and what was refused.
    rows : int
    """
    if not lines or not plan.dialect.quote:
        return False
    with open(text, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        above = [content.readline() for _ in range(plan.dialect.skip_rows + plan.dialect.header_rows)]
        blank -= sum(not line.strip(b"\r\n") for line in above)
        missing = lines + (content[-1:] != b"\n") - len(above) - rows - found.count - blank
        if missing <= 0 or content.find(plan.dialect.quote.encode()) < 0:
            return False
    texts = [name for name, kept in zip(plan.names, plan.storage, strict=True) if kept in ("text", "later")]
    if not texts:
        return True
    stored = f"read_parquet({quoted(str(raw))})"
    # An empty line within a cell is no row that is left out; all of a run of line breaks but the first end one.
    tight = "regexp_replace({}, '\\n(\\r?\\n)+', chr(10), 'g')" if blank else "{}"
    breaks = {name: _breaks(name) for name in map(named, texts)}
    within = " + ".join(f"coalesce({_breaks(tight.format(name))}, 0)" for name in breaks)
    with connect() as connection:
        known = connection.execute(f"SELECT coalesce(sum({within}), 0) FROM {stored}").fetchone() or (0,)
        if missing > int(known[0]):
            return True
        long = " UNION ALL ".join(
            f"(SELECT {name} FROM {stored} WHERE {count} >= {MAX_RECORD_LINES} LIMIT {LONG_CELLS})"
            for name, count in breaks.items()
        )
        cells = connection.execute(long).fetchall() if missing + blank >= MAX_RECORD_LINES else []
    return any(are_rows(cell.split("\n", CELL_LINES)[1:-1], plan.dialect, plan.columns) for (cell,) in cells)


def _breaks(cell: str) -> str:
    return f"(length({cell}) - length(replace({cell}, chr(10), '')))"


def are_rows(lines: list[str], dialect: Dialect, columns: Sequence[Column]) -> bool:
    """Return whether most lines of a cell are rows of the table, so that stray quotes made them a cell.

    A row is as wide as the table, and its cells fit the kinds of their columns.
    """
    rows: list[list[str]] = []
    for line in lines:
        try:
            cells = split_line(line.rstrip("\r"), dialect.delimiter, dialect.quote, dialect.escape)
        except csv.Error:
            continue
        if len(cells) == len(columns) > 1:
            rows.append(cells)
    wrong: set[object] = set()
    for place, column in enumerate(columns):
        if rows and column.kind in ("number", "date"):
            wrong |= {*parse_column(pd.Series([row[place] for row in rows], dtype=object), column)[1].index}
    return 2 * (len(rows) - len(wrong)) > len(lines)


def mend_quotes(text: Path, out: Path, dialect: Dialect, columns: Sequence[Column], say: Tell) -> int:
    """Write a text file anew, in which each quote that closes nothing, or is never closed, is a letter of its cell.

    Parameters
    ----------
    text : Path
    out : Path
        In UTF-8.
    dialect : Dialect
    columns : sequence of Column
    say : callable
        Takes how much is done, 0 to 1, and what is being done.

    Returns
    -------
    int
        Lines that were mended.

    Raises
    ------
    StorageError
        When the disk is full.
    UnicodeDecodeError
        When it is of another encoding.
    """
    mended, done, size = 0, 0, text.stat().st_size
    try:
        with (
            open(text, encoding=dialect.encoding, newline="\n") as read,
            open(out, "w", encoding="utf-8", newline="") as write,
        ):
            write.writelines(islice(read, dialect.skip_rows))
            lines: list[str] = []
            while fresh := list(islice(read, LINES)):
                done += sum(map(len, fresh))
                say(min(0.2 * done / size, 0.2), "Mending quotes that are never closed")
                lines += fresh
                taken, count = _mend(lines, len(lines) - CELL_LINES, write, dialect, columns)
                mended += count
                lines = lines[taken:]
            mended += _mend(lines, len(lines), write, dialect, columns)[1]
    except OSError as error:
        raise StorageError(
            f"The quotes of {text.name} could not be mended: {error.strerror or error}.",
            action="Free some disk space, then try again.",
        ) from error
    return mended


def _mend(lines: list[str], stop: int, write: TextIO, dialect: Dialect, columns: Sequence[Column]) -> tuple[int, int]:
    """Write the records that begin before a line, and return the lines that they take and how many were mended."""
    number, mended, quote = 0, 0, dialect.quote
    bare: list[str] = []
    while number < stop:
        line, taken = lines[number], 1
        if quote in line and open_quote(line, dialect.delimiter, quote, dialect.escape):
            bare = bare or [line.rstrip("\r\n") for line in lines]
            extra = join_record(bare, number, dialect, len(columns), most=CELL_LINES)[1]
            if extra >= MAX_RECORD_LINES and are_rows(bare[number + 1 : number + extra], dialect, columns):
                extra = 0
            if not extra:
                cells = split_stray(bare[number], dialect.delimiter, quote, dialect.escape, len(columns))
                line = dialect.delimiter.join(_quoted(cell, dialect) for cell in cells) + line[len(bare[number]) :]
                mended += 1
            taken += extra
        write.write(line)
        write.writelines(lines[number + 1 : number + taken])
        number += taken
    return number, mended


def _quoted(cell: str, dialect: Dialect) -> str:
    """Return a cell as it is written."""
    quote = dialect.quote
    if quote not in cell and dialect.delimiter not in cell:
        return cell
    return quote + cell.replace(quote, (dialect.escape or quote) + quote) + quote

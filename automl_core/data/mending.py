"""Stray quotes of a large text file, which may swallow the rows behind them: noticed by missing lines, and mended."""

from __future__ import annotations

import mmap
from itertools import islice
from pathlib import Path
from typing import TextIO

from automl_core.data.dialect import Dialect
from automl_core.data.duck import Tell, connect, named, quoted
from automl_core.data.passes import Pass, Plan
from automl_core.data.records import MAX_RECORD_LINES, join_record, open_quote, split_stray
from automl_core.errors import StorageError

LINES = 100_000
"""Lines that are held at once."""


def lines_missing(text: Path, lines: int, raw: Path, plan: Plan, found: Pass, rows: int) -> bool:
    """Return whether there are lines in a file that became no row, were not refused, and are no part of a cell.

    Parameters
    ----------
    text : Path
    lines : int
        Its line feeds; without any nothing is known.
    raw : Path
        The rows that were read from it.
    plan, found
        How, and what was refused.
    rows : int
    """
    if not lines or not plan.dialect.quote:
        return False
    with open(text, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        missing = lines + (content[-1:] != b"\n") - plan.dialect.skip_rows - plan.dialect.header_rows - rows - found.count
        if missing <= 0 or content.find(plan.dialect.quote.encode()) < 0:
            return False
    texts = [name for name, kept in zip(plan.names, plan.storage, strict=True) if kept in ("text", "later")]
    if not texts:
        return True
    breaks = " + ".join(f"coalesce(length({name}) - length(replace({name}, chr(10), '')), 0)" for name in map(named, texts))
    with connect() as connection:
        within, most = connection.execute(
            f"SELECT coalesce(sum({breaks}), 0), coalesce(max({breaks}), 0) FROM read_parquet({quoted(str(raw))})"
        ).fetchone() or (0, 0)
    return missing > int(within) or int(most) >= MAX_RECORD_LINES


def mend_quotes(text: Path, out: Path, dialect: Dialect, width: int, say: Tell) -> int:
    """Write a text file anew, in which each quote that closes nothing, or is never closed, is a letter of its cell.

    Parameters
    ----------
    text : Path
    out : Path
        In UTF-8.
    dialect : Dialect
    width : int
        Cells of a record.
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
    """
    mended, done, size = 0, 0, text.stat().st_size
    try:
        with (
            open(text, encoding=dialect.encoding, errors="replace", newline="\n") as read,
            open(out, "w", encoding="utf-8", newline="") as write,
        ):
            write.writelines(islice(read, dialect.skip_rows))
            lines: list[str] = []
            while fresh := list(islice(read, LINES)):
                done += sum(map(len, fresh))
                say(min(0.2 * done / size, 0.2), "Mending quotes that are never closed")
                lines += fresh
                taken, count = _mend(lines, len(lines) - MAX_RECORD_LINES, write, dialect, width)
                mended += count
                lines = lines[taken:]
            mended += _mend(lines, len(lines), write, dialect, width)[1]
    except OSError as error:
        raise StorageError(
            f"The quotes of {text.name} could not be mended: {error.strerror or error}.",
            action="Free some disk space, then try again.",
        ) from error
    return mended


def _mend(lines: list[str], stop: int, write: TextIO, dialect: Dialect, width: int) -> tuple[int, int]:
    """Write the records that begin before a line, and return the lines that they take and how many were mended."""
    number, mended, quote = 0, 0, dialect.quote
    bare: list[str] = []
    while number < stop:
        line, taken = lines[number], 1
        if quote in line and open_quote(line, dialect.delimiter, quote, dialect.escape):
            bare = bare or [line.rstrip("\r\n") for line in lines]
            extra = join_record(bare, number, dialect, width)[1]
            if not extra:
                cells = split_stray(bare[number], dialect.delimiter, quote, dialect.escape, width)
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

"""Several tables below each other in one large text file, and notes below a table: found by blank lines, cut out as bytes."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from automl_core.data.blocks import NOTE_LINES, begins_table, block_width, check_number, tables_note
from automl_core.data.detecting import find_dialect, longest_run
from automl_core.data.dialect import SAMPLE_BYTES, Dialect
from automl_core.data.encoding import decode, find_encoding, looks_utf16, spot_utf8
from automl_core.data.origin import Choice
from automl_core.data.records import group_records, split_lines
from automl_core.data.report import Around, ReadReport
from automl_core.data.scanning import pieces, side_by_side

HEAD = 1 << 16
"""Bytes of a part that tell its width and its names."""
PIECE = 1 << 24
"""Bytes that are counted together."""
MOST = 1000
"""Parts of a file; more blank lines than that stand inside a table."""
TOO_MANY = 100 * MOST
"""Blank lines after which no more are looked for."""


@dataclass(frozen=True)
class Part:
    """Bytes of a file from `start` to before `stop`, without a blank line between them but for those inside one table."""

    start: int
    stop: int
    line: int
    lines: int
    width: int
    names: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        """Whether it has a line of names and rows, and more than a column."""
        return self.width > 1 and self.lines > 1

    @property
    def sentence(self) -> str:
        """Say where it stands and what it looks like."""
        names = ", ".join(" ".join(name.split())[:20] for name in self.names[:3])
        more = ", …" if self.width > 3 else ""
        return f"lines {self.line + 1:,} to {self.line + self.lines:,}: {self.width} columns ({names}{more})"


@dataclass(frozen=True)
class Cut:
    """One table of a file that holds more than it.

    Parameters
    ----------
    path : Path
        Its lines alone.
    line : int
        Lines of the file before them.
    table : int
        Which of the tables, from 1; 0 where there is only one.
    tables : tuple of str
    below : tuple of Around
        Notes below the table.
    """

    path: Path
    line: int = 0
    table: int = 0
    tables: tuple[str, ...] = ()
    below: tuple[Around, ...] = ()

    def told(self, report: ReadReport) -> ReadReport:
        """Return the report of the lines alone as one of the whole file."""
        if self.below:
            return report.with_notes_below(self.below)
        if not self.tables:
            return report
        return replace(
            report,
            refused=tuple(replace(row, line=row.line + self.line) for row in report.refused),
            around=tuple(replace(row, line=row.line + self.line) for row in report.around),
            notes=(tables_note(len(self.tables), self.table), *report.notes),
            origin=replace(report.origin, table=self.table, tables=self.tables),
        )


def cut_table(source: Path, folder: Path, choice: Choice, name: str) -> Cut:
    """Return the part of a large text file that one table is, copied into `folder` where it is not the whole file.

    Parameters
    ----------
    source : Path
    folder : Path
    choice : Choice
        Its dialect, and which of the tables; the largest when left out.
    name : str
        What messages call the file.

    Raises
    ------
    InputError
        When there are fewer tables.
    """
    parts = find_parts(source, choice.dialect)
    tables = [part for part in parts if part.is_table]
    if len(tables) > 1:
        sizes = [table.stop - table.start for table in tables]
        number = check_number(choice.table or sizes.index(max(sizes)) + 1, len(tables), name)
        part = tables[number - 1]
        cut = Cut(folder / "part.txt", part.line, number, tuple(table.sentence for table in tables))
        _copy(source, cut.path, part.start, part.stop)
        return cut
    last = parts[-1] if parts else None
    if last and tables and last.width == 1 and last.lines <= NOTE_LINES and tables[0].width > 2 and last is not tables[0]:
        _copy(source, folder / "part.txt", 0, last.start)
        encoding = choice.dialect.encoding if choice.dialect else _encoding(source)
        with open(source, "rb") as file:
            file.seek(last.start)
            lines = split_lines(decode(file.read(last.stop - last.start), encoding, name)[0])
        below = tuple(
            Around(last.line + place, line[:2000], "below") for place, line in enumerate(lines, start=1) if line.strip()
        )
        return Cut(folder / "part.txt", below=below)
    return Cut(source)


def find_parts(source: Path, dialect: Dialect | None = None) -> tuple[Part, ...]:
    """Return the parts of a large text file that blank lines separate, neighbours of one table as one; () for a whole file."""
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head):
            return ()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            usual = dialect or find_dialect(longest_run(split_lines(head.decode("latin-1"))), "latin-1")
            spans = _spans(content, _blank_lines(source, content, head, usual), usual.quote.encode("latin-1", "ignore"))
            if not 1 < len(spans) <= MOST:
                return ()
            encoding = dialect.encoding if dialect else _encoding(source)
            return _parts(content, spans, replace(usual, encoding=encoding), source.name)


def _encoding(source: Path) -> str:
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    return spot_utf8(head, source) or find_encoding(head, source)


def _blank_lines(source: Path, content: mmap.mmap, head: bytes, dialect: Dialect) -> list[tuple[int, int]]:
    """Return where lines begin and end that are empty, or hold as many delimiters as the others and nothing else."""
    end = b"\r\n" if b"\r\n" in head else b"\n" if b"\n" in head else b"\r"
    rows = [record[1] for record in group_records(split_lines(head.decode("latin-1"))[:100], dialect)[0]]
    width = max(map(len, rows), default=1)
    sign = dialect.delimiter.encode("latin-1", "ignore")
    empty = {sign * (width - 1) + end, end}
    found: list[tuple[int, int]] = []
    for start, stop in _short_lines(source, end[-1], {len(line) for line in empty}):
        if content[start:stop] in empty:
            found.append((start, stop))
        if len(found) > TOO_MANY:
            return []
    return sorted(found)


def _short_lines(source: Path, sign: int, lengths: set[int]) -> Iterator[tuple[int, int]]:
    """Yield where what may be a line of one of these lengths begins and ends: two of the sign that ends lines, so far apart."""
    reach = max(lengths)

    def look(begin: int, end: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for start, piece in pieces(source, begin, end, before=reach):
            ends = piece == sign
            if not start:
                ends[reach - 1] = True  # the first line begins as if one ended before it
            for length in lengths:
                apart = ends[reach:] & ends[reach - length : -length]
                if apart.any():
                    places = np.flatnonzero(apart)[: TOO_MANY + 1]
                    found += [(start + place + 1 - length, start + place + 1) for place in map(int, places)]
            if len(found) > TOO_MANY:
                break
        return found

    for part in side_by_side(source, look):
        yield from part


def _spans(content: mmap.mmap, blank: list[tuple[int, int]], quote: bytes) -> list[tuple[int, int]]:
    """Return the spans between blank lines; a blank line inside a quoted cell separates nothing."""
    size, start, counted, quotes = len(content), 0, 0, 0
    spans = []
    for begins, ends in [*blank, (size, size)] if blank else []:
        quotes += _count(content, quote, counted, begins) if quote else 0
        counted = begins
        if quotes % 2 and begins < size:
            continue
        if begins > start and content[start : min(start + HEAD, begins)].strip():
            spans.append((start, begins))
        start = ends
    return spans


def _parts(content: mmap.mmap, spans: list[tuple[int, int]], dialect: Dialect, name: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    line, counted = 0, 0
    for place, (start, stop) in enumerate(spans):
        line += _count(content, b"\n", counted, start)
        counted = start
        lines = split_lines(decode(content[start : min(start + HEAD, stop)], dialect.encoding, name)[0])
        if start + HEAD < stop and len(lines) > 1:  # the last one was cut
            lines.pop()
        rows = [cells for _, cells, _ in group_records(lines, dialect)[0]]
        width = block_width(rows, top=not place, bottom=place == len(spans) - 1)
        length = _count(content, b"\n", start, stop) or 1
        before = parts[-1] if parts else None
        if before and not begins_table(rows, width, before.width):
            parts[-1] = replace(before, stop=stop, lines=line + length - before.line)
        else:
            parts.append(Part(start, stop, line, length, width, tuple(rows[0])))
    return tuple(parts)


def _count(content: mmap.mmap, sign: bytes, start: int, stop: int) -> int:
    """Return how often a sign stands in a span."""
    return sum(content[place : min(place + PIECE, stop)].count(sign) for place in range(start, stop, PIECE))


def _copy(source: Path, out: Path, start: int, stop: int) -> None:
    with open(source, "rb") as read, open(out, "wb") as write:
        read.seek(start)
        left = stop - start
        while left and (piece := read.read(min(PIECE, left))):
            write.write(piece)
            left -= len(piece)

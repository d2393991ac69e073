"""Several tables below each other in one large text file, and notes below a table: found by blank lines, cut out as bytes."""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from automl_core.data.blocks import NOTE_LINES, begins_table, block_width, check_number, tables_note
from automl_core.data.detecting import find_dialect, longest_run
from automl_core.data.dialect import SAMPLE_BYTES, Dialect
from automl_core.data.duck import Tell
from automl_core.data.encoding import BROKEN, decode, find_encoding, looks_utf16, spot_utf8, write_utf8
from automl_core.data.origin import Choice
from automl_core.data.records import group_records, split_lines
from automl_core.data.report import Around, ReadReport
from automl_core.data.scanning import MANY, Scan, scan

HEAD = 1 << 16
"""Bytes of a part that tell its width and its names."""
PIECE = 1 << 24
"""Bytes that are counted together."""
MOST = 1000
"""Parts of a file; more blank lines than that stand inside a table."""


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
    encoding : str
        Of the file, where its lines were written anew as UTF-8; otherwise empty.
    broken : int
        Letters that could not be decoded then.
    look : Scan or None
        What was seen in a file that is one table as a whole.
    """

    path: Path
    line: int = 0
    table: int = 0
    tables: tuple[str, ...] = ()
    below: tuple[Around, ...] = ()
    encoding: str = ""
    broken: int = 0
    look: Scan | None = None

    def dialect(self, chosen: Dialect | None) -> Dialect | None:
        """Return how the lines alone are read, where it was chosen how the file is."""
        return replace(chosen, encoding="utf-8") if chosen and self.encoding else chosen

    def told(self, report: ReadReport) -> ReadReport:
        """Return the report of the lines alone as one of the whole file."""
        if self.encoding and report.dialect:
            report = replace(report, dialect=replace(report.dialect, encoding=self.encoding))
        if self.broken:
            report = replace(report, repairs={**report.repairs, BROKEN.format(self.encoding): self.broken})
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


def cut_table(source: Path, folder: Path, choice: Choice, name: str, say: Tell = lambda done, doing: None) -> Cut:
    """Return the part of a large text file that one table is, copied into `folder` where it is not the whole file.

    Parameters
    ----------
    source : Path
    folder : Path
    choice : Choice
        Its dialect, and which of the tables; the largest when left out.
    name : str
        What messages call the file.
    say : callable
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    Cut
        A file whose letters take two bytes is written anew as UTF-8 first, so that its lines can be looked for as bytes.

    Raises
    ------
    InputError
        When there are fewer tables.
    """
    if not (encoding := _wide(source, choice.dialect)):
        return _cut(source, folder, choice, name)
    text = folder / "text.utf8"
    broken = write_utf8(source, text, encoding, say)
    cut = Cut(text, encoding=encoding)
    return replace(
        _cut(text, folder, replace(choice, dialect=cut.dialect(choice.dialect)), name), encoding=encoding, broken=broken
    )


def tables_of(source: Path, dialect: Dialect | None = None) -> tuple[str, ...]:
    """Return the tables that stand below each other in a large text file, each in a few words; () where there is only one."""
    with tempfile.TemporaryDirectory(prefix="tablewright-") as helper:
        if encoding := _wide(source, dialect):
            write_utf8(source, Path(helper) / source.name, encoding)
            source, dialect = Path(helper) / source.name, replace(dialect, encoding="utf-8") if dialect else None
        found = tuple(part.sentence for part in find_parts(source, dialect)[0] if part.is_table)
        return found if len(found) > 1 else ()


def _wide(source: Path, dialect: Dialect | None) -> str:
    """Return the encoding of a file whose letters take two bytes or more each, otherwise nothing."""
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head)
    encoding = dialect.encoding if dialect else find_encoding(head, source) if wide else ""
    return encoding if encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")) else ""


def _cut(source: Path, folder: Path, choice: Choice, name: str) -> Cut:
    parts, look = find_parts(source, choice.dialect)
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
    return Cut(source, look=look)


def find_parts(source: Path, dialect: Dialect | None = None) -> tuple[tuple[Part, ...], Scan]:
    """Return the parts of a large text file that blank lines separate, and what else was seen on the way.

    Returns
    -------
    tuple of Part
        Neighbours of one table as one; () for a whole file.
    Scan
    """
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            usual = dialect or find_dialect(longest_run(split_lines(head.decode("latin-1"))), "latin-1")
            look, blank = _looked(source, content, head, usual)
            spans = _spans(content, blank, usual.quote.encode("latin-1", "ignore"))
            if not 1 < len(spans) <= MOST:
                return (), look
            encoding = dialect.encoding if dialect else _encoding(source)
            return _parts(content, spans, replace(usual, encoding=encoding), source.name), look


def _encoding(source: Path) -> str:
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    return spot_utf8(head, source) or find_encoding(head, source)


def _looked(source: Path, content: mmap.mmap, head: bytes, dialect: Dialect) -> tuple[Scan, list[tuple[int, int]]]:
    """Look through a file, and return where lines are empty, or hold as many delimiters as the others and nothing else."""
    end = b"\r\n" if b"\r\n" in head else b"\n" if b"\n" in head else b"\r"
    rows = [record[1] for record in group_records(split_lines(head.decode("latin-1"))[:100], dialect)[0]]
    width = max(map(len, rows), default=1)
    sign = dialect.delimiter.encode("latin-1", "ignore")
    empty = {sign * (width - 1) + end, end}
    look = scan(source, end[-1], {len(line) for line in empty})
    if len(look.short) > MANY:
        return look, []
    return look, sorted((start, stop) for start, stop in look.short if content[start:stop] in empty)


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

"""Several tables below each other in one large text file, and notes below a table: found by blank lines, as bytes."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from pathlib import Path

from automl_core.data.blocks import begins_table, block_width
from automl_core.data.detecting import find_dialect, longest_run
from automl_core.data.dialect import SAMPLE_BYTES, Dialect
from automl_core.data.encoding import decode, find_encoding, spot_utf8
from automl_core.data.records import group_records, split_lines
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
            encoding = dialect.encoding if dialect else usual_encoding(source)
            return _parts(content, spans, replace(usual, encoding=encoding), source.name), look


def usual_encoding(source: Path) -> str:
    """Return the encoding of a large file."""
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

"""A character-delimited file as a table of text cells, with an account of what was repaired and what was refused."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.data.blocks import Block, Record, find_blocks, largest
from automl_core.data.dialect import (
    SAMPLE_BYTES,
    SAMPLE_LINES,
    Dialect,
    check_content,
    find_delimiter,
    find_escape,
    split_line,
)
from automl_core.data.encoding import find_encoding
from automl_core.data.headers import TYPED, find_header, is_typed, join_header
from automl_core.data.origin import Choice, Origin
from automl_core.errors import InputError

MAX_BYTES = 2 << 30
"""Largest file that is read, in bytes."""
FAST_BYTES = 30 << 20
"""Files above this size are read by pyarrow; smaller ones record by record, which repairs more."""
MAX_NAME = 200
NOTE_LINES = 20
"""Lines below a table, after a blank one, that may be notes."""
MAX_RECORD_LINES = 100
"""Lines that one quoted cell may span; a longer one is a stray quote."""


@dataclass(frozen=True)
class Refused:
    """A record that could not be read."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class NullWord:
    """A word that was taken as missing.

    Parameters
    ----------
    word : str
        Empty for empty cells.
    count : int
        Cells.
    columns : tuple of str
        Where it stands.
    """

    word: str
    count: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ReadReport:
    """How a file was read.

    Parameters
    ----------
    dialect : Dialect or None
        None for a table that was not read from a file.
    rows, columns : int
    repairs : dict of str to int
        What was mended, as a sentence, and in how many places.
    refused : tuple of Refused
    notes : tuple of str
        What else the person should know.
    origin : Origin
        Which part of the file it is.
    nulls : tuple of NullWord
        What was taken as missing, the most frequent first.
    null_rows : int
        Rows that `nulls` was counted in, where that was not all of them; 0 for all.
    null_words : tuple of str or None
        Words for missing that a person chose.
    """

    dialect: Dialect | None
    rows: int
    columns: int
    repairs: dict[str, int] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Origin = field(default_factory=Origin)
    nulls: tuple[NullWord, ...] = ()
    null_rows: int = 0
    null_words: tuple[str, ...] | None = None

    @property
    def choice(self) -> Choice:
        """What reads the same part of the file in the same way again."""
        return replace(self.origin.choice(self.dialect), null_words=self.null_words)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "dialect": self.dialect.to_dict() if self.dialect else None,
            "rows": self.rows,
            "columns": self.columns,
            "repairs": dict(self.repairs),
            "refused": [[row.line, row.text, row.reason] for row in self.refused],
            "notes": list(self.notes),
            "origin": self.origin.to_dict(),
            "nulls": [[entry.word, entry.count, list(entry.columns)] for entry in self.nulls],
            "null_rows": self.null_rows,
            "null_words": None if self.null_words is None else list(self.null_words),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ReadReport:
        """Rebuild a report from `to_dict`'s output."""
        return cls(
            dialect=Dialect(**data["dialect"]) if data["dialect"] else None,
            rows=data["rows"],
            columns=data["columns"],
            repairs=data["repairs"],
            refused=tuple(Refused(*entry) for entry in data["refused"]),
            notes=tuple(data["notes"]),
            origin=Origin.from_dict(data["origin"]) if "origin" in data else Origin(),
            nulls=tuple(NullWord(word, count, tuple(columns)) for word, count, columns in data.get("nulls", ())),
            null_rows=data.get("null_rows", 0),
            null_words=None if data.get("null_words") is None else tuple(data["null_words"]),
        )


@dataclass(frozen=True)
class TextTable:
    """A table of text cells (``""`` for empty), or of columns that their file typed, and how it was read."""

    frame: pd.DataFrame
    report: ReadReport


def read_frame(path: str | Path) -> pd.DataFrame:
    """Return a file's text cells; shorthand for ``read_text(Path(path)).frame``."""
    return read_text(Path(path)).frame


def read_text(path: Path, *, dialect: Dialect | None = None, table: int = 0, limit: int | None = None) -> TextTable:
    """Read a file as text cells.

    Parameters
    ----------
    path : Path
    dialect : Dialect, optional
        How to read it; found from the file when left out.
    table : int, optional
        Which of several tables that stand below each other, from 1; the largest when left out.
    limit : int, optional
        Largest size in bytes, `MAX_BYTES` when left out.

    Returns
    -------
    TextTable

    Raises
    ------
    InputError
        When the file is missing, too large, empty, no text, or has no rows.
    """
    size = check_size(path, limit)
    with open(path, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    check_content(head, path.name)
    encoding = dialect.encoding if dialect else find_encoding(head, path)
    if size > FAST_BYTES:
        from automl_core.data.large import read_large

        return read_large(path, dialect or find_dialect(split_lines(decode(head, encoding, path.name)[0]), encoding))
    text, broken = decode(path.read_bytes(), encoding, path.name)
    lines = split_lines(text)
    found = _read_blocks(lines, dialect, encoding, table, path.name)
    if broken:
        repairs = {**found.report.repairs, f"Letters that {encoding} does not have were read as \ufffd.": broken}
        return replace(found, report=replace(found.report, repairs=repairs))
    return found


def _read_blocks(lines: list[str], dialect: Dialect | None, encoding: str, wanted: int, name: str) -> TextTable:
    """Read the table of a file, or one of several below each other; notes below it are kept aside."""
    blank = not all(line and not line.isspace() for line in lines)
    blocks = find_blocks(_records(lines, dialect or find_dialect(_longest(lines), encoding))[0]) if blank else ()
    tables = [block for block in blocks if block.is_table]
    if len(tables) > 1:
        number = wanted or largest(tables) + 1
        if number > len(tables):
            known = f"{len(tables)} tables stand in it."
            raise InputError(f"Table {number} of {name} was asked for.", known, f"Choose one from 1 to {len(tables)}.")
        first, after = _span(tables[number - 1])
        part = lines[first:after]
        found = read_lines(part, dialect or find_dialect(part, encoding), name, first=first)
        origin = replace(found.report.origin, table=number, tables=tuple(block.sentence for block in tables))
        note = f"{len(tables)} tables stand below each other in this file; number {number} was read."
        return replace(found, report=replace(found.report, origin=origin, notes=(note, *found.report.notes)))
    notes: list[Record] = []
    if len(blocks) > 1 and blocks[-1].width == 1 and len(blocks[-1].records) <= NOTE_LINES and tables and tables[0].width > 2:
        notes = list(blocks[-1].records)
        lines = lines[: notes[0][0]]
    found = read_lines(lines, dialect or find_dialect(lines, encoding), name)
    aside = tuple(Refused(line + 1, raw[:2000], "a note below the table") for line, _, raw in notes)
    return replace(found, report=replace(found.report, refused=(*found.report.refused, *aside))) if aside else found


def _longest(lines: list[str]) -> list[str]:
    """Return the most lines that stand together without a blank one."""
    longest, start = (0, 0), 0
    for place, line in enumerate([*lines, ""]):
        if not line.strip():
            longest = max(longest, (start, place), key=lambda span: span[1] - span[0])
            start = place + 1
    return lines[longest[0] : longest[1]]


def _span(block: Block) -> tuple[int, int]:
    """Return the first line of a block and the one after its last."""
    last, _, raw = block.records[-1]
    return block.records[0][0], last + 1 + raw.count("\n")


def check_size(path: Path, limit: int | None = None) -> int:
    """Return a file's size in bytes; raises InputError when it is missing or larger than the limit."""
    if not path.is_file():
        raise InputError(f"There is no file {path.name!r}.", action="Check the path and try again.")
    size = path.stat().st_size
    limit = MAX_BYTES if limit is None else limit
    if size > limit:
        raise InputError(
            f"{path.name} has {megabytes(size)}.",
            f"Files up to {megabytes(limit)} are read.",
            "Leave out columns or rows you do not need, or split the file and append its parts.",
        )
    return size


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / 2**20:,.1f} MB" if size < 10 * 2**20 else f"{size / 2**20:,.0f} MB"


def decode(data: bytes, encoding: str, name: str) -> tuple[str, int]:
    """Return the text and how many letters could not be decoded."""
    try:
        return data.decode(encoding), 0
    except UnicodeDecodeError:
        text = data.decode(encoding, errors="replace")
        return text, text.count("\ufffd")
    except LookupError as error:
        raise InputError(f"{encoding!r} is no known encoding.", action=f"Choose another one for {name}.") from error


def split_lines(text: str) -> list[str]:
    """Split at the record delimiter: line feeds where there are any, otherwise carriage returns."""
    text = text.removeprefix("\ufeff")
    lines = text.split("\n") if "\n" in text else text.split("\r")
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def find_dialect(lines: list[str], encoding: str) -> Dialect:
    """Return the dialect that explains the lines best."""
    delimiter, quote, width = find_delimiter(lines)
    skip = 0
    if delimiter:
        sample = [split_line(line, delimiter, quote) for line in lines[:SAMPLE_LINES]]
        while skip < len(sample) - 1 and len(sample[skip]) < max(2, min(width, 3)) and not lines[skip].startswith(quote):
            skip += 1
        if skip >= min(len(sample) - 1, 50):
            skip = 0
    else:
        while skip < len(lines) - 1 and not lines[skip].strip():
            skip += 1
    rows = [split_line(line, delimiter, quote) for line in lines[skip : skip + SAMPLE_LINES] if line.strip()]
    escape = find_escape(lines, delimiter, quote)
    return Dialect(encoding, delimiter, quote, escape, skip, find_header(rows))


def read_lines(lines: list[str], dialect: Dialect, name: str, *, first: int = 0) -> TextTable:
    """Read lines record by record, mending what can be mended and keeping aside what cannot.

    Parameters
    ----------
    lines : list of str
    dialect : Dialect
    name : str
        What messages call the file.
    first : int, optional
        Lines of the file before these.
    """
    body = lines[dialect.skip_rows :]
    records, repairs = _records(body, dialect)
    records = [(line, cells, raw) for line, cells, raw in records if any(cell.strip() for cell in cells)]
    if not records:
        raise InputError(f"{name} is empty.", "A table needs a line of column names and rows below it.", "Choose another file.")
    notes: list[str] = []
    if dialect.skip_rows:
        notes.append(f"{dialect.skip_rows} {'line' if dialect.skip_rows == 1 else 'lines'} before the table left out.")
    names_above = [cells for _, cells, _ in records[: dialect.header_rows]]
    header = list(names_above[0]) if len(names_above) == 1 else join_header(names_above)
    rows = records[dialect.header_rows :]
    if len(names_above) > 1:
        notes.append(f"{len(names_above)} lines of names were joined.")
    counts = Counter(len(cells) for _, cells, _ in rows)
    width = len(header) or max(counts.items(), key=lambda item: (item[1], item[0]))[0]
    if header and counts and all(count > width for count in counts) and len(counts) == 1:
        # Every row has a cell more than the header: the usual unnamed index column comes first.
        extra = next(iter(counts)) - width
        header, width = [""] * extra + header, width + extra
    table: list[list[str]] = []
    refused: list[Refused] = []
    words = _word_column([cells for _, cells, _ in rows]) if dialect.delimiter == " " else -1
    for line, cells, raw in rows:
        if 0 <= words < width < len(cells):
            repairs["Words of one cell were joined, since spaces stand between cells, too."] += 1
            after = words + 1 + len(cells) - width
            cells = [*cells[:words], " ".join(cells[words:after]), *cells[after:]]
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                reason = f"{len(cells)} cells where the table has {width} columns"
                refused.append(Refused(line + first + dialect.skip_rows + 1, raw[:2000], reason))
                continue
            repairs["Empty cells beyond the last column were left out."] += 1
            cells = cells[:width]
        elif len(cells) < width:
            repairs["Rows with too few cells were filled up with missing ones."] += 1
            cells = [*cells, *[""] * (width - len(cells))]
        table.append(cells)
    if not table:
        raise InputError(
            f"{name} has column names but no rows that can be read.",
            "At least one row of values is needed.",
            "Check that the export was complete, or choose another delimiter.",
        )
    names, name_notes = column_names(header, width)
    frame = pd.DataFrame(table, columns=names, dtype=object)
    if not dialect.header_rows:
        notes.append("The file does not name its columns, so they are called column_1, column_2 and so on.")
    report = ReadReport(dialect, len(frame), width, dict(repairs), tuple(refused), tuple(notes + name_notes))
    return TextTable(frame, report)


def _word_column(rows: list[list[str]]) -> int:
    """Return the first column behind the last that is a number or date in nearly every row: there words stand without quotes."""
    shortest = min(map(len, rows), default=0)
    typed = [place for place in range(shortest) if sum(is_typed(row[place].strip()) for row in rows) > TYPED * len(rows)]
    return typed[-1] + 1 if typed else -1


def _records(lines: list[str], dialect: Dialect) -> tuple[list[Record], Counter[str]]:
    """Group lines into records: a quoted cell may span lines, a stray quote may not swallow the rest of the file."""
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape
    repairs: Counter[str] = Counter()
    records: list[Record] = []
    widths: Counter[int] = Counter()
    number = 0
    while number < len(lines):
        line = lines[number]
        if "\x00" in line:
            repairs["NUL bytes were left out."] += 1
            line = line.replace("\x00", "")
        taken = 1
        if quote and quote in line and _open_quote(line, delimiter, quote, escape):
            usual = widths.most_common(1)[0][0] if widths else 0
            joined, extra = _join(lines, number, dialect, usual)
            if extra:
                line, taken = joined, extra + 1
                cells = _split(line, delimiter, quote, escape)
            else:
                repairs["Stray quotes were kept as part of their cell."] += 1
                cells = _split_stray(line, delimiter, quote, escape, usual)
        else:
            cells = _split(line, delimiter, quote, escape) if line else [""]
        records.append((number, cells, line))
        widths[len(cells)] += 1
        number += taken
    return records, repairs


def _open_quote(line: str, delimiter: str, quote: str, escape: str) -> bool:
    """Return whether a record ends inside a quoted cell."""
    if escape:
        line = line.replace(escape + quote, "")
    return line.count(quote) % 2 == 1


def _join(lines: list[str], start: int, dialect: Dialect, usual: int) -> tuple[str, int]:
    """Return the record that starts at a line with an open quote, and how many more lines it takes; 0 for a stray quote."""
    joined = lines[start]
    for extra in range(1, min(MAX_RECORD_LINES, len(lines) - start)):
        joined += "\n" + lines[start + extra]
        if not _open_quote(joined, dialect.delimiter, dialect.quote, dialect.escape):
            try:
                cells = split_line(joined, dialect.delimiter, dialect.quote, dialect.escape)
            except csv.Error:
                return "", 0  # the quote closes nothing that was opened
            return (joined, extra) if not usual or len(cells) == usual else ("", 0)
    return "", 0


def _split(record: str, delimiter: str, quote: str, escape: str) -> list[str]:
    """Split a record; one that quotes do not explain, such as a line break outside of them, is split without them."""
    try:
        return split_line(record, delimiter, quote, escape)
    except csv.Error:
        return record.split(delimiter) if delimiter else [record]


def _split_stray(line: str, delimiter: str, quote: str, escape: str, usual: int) -> list[str]:
    """Split a line with one quote too many: by quotes if that gives the usual width, otherwise without quotes."""
    cells = _split(line, delimiter, quote, escape)
    if len(cells) == usual:
        return cells
    bare = _split(line, delimiter, "", "")
    if len(bare) == usual or not delimiter:
        return [_unquote(cell, quote) for cell in bare]
    for position in [index for index, char in enumerate(line) if char == quote]:
        without = line[:position] + line[position + 1 :]
        cells = _split(without, delimiter, quote, escape)
        if len(cells) == usual:
            return cells
    return [_unquote(cell, quote) for cell in bare]


def _unquote(cell: str, quote: str) -> str:
    text = cell.strip()
    return text[1:-1] if len(text) > 1 and text.startswith(quote) and text.endswith(quote) else cell


def column_names(header: list[str], width: int) -> tuple[list[str], list[str]]:
    """Return unique, non-empty names and notes about every name that had to change."""
    notes: list[str] = []
    names: list[str] = []
    taken: set[str] = set()
    cells = [*header, *[""] * (width - len(header))]
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\x00", "").split())  # NumPy takes a NUL for the end of a text
        if not name:
            name = f"column_{position}"
            if header:
                notes.append(f"Column {position} had no name and is called {name!r}.")
        elif len(name) > MAX_NAME:
            name = name[: MAX_NAME - 1] + "…"
            notes.append(f"The name of column {position} had {len(cell):,} characters and was cut to {MAX_NAME}.")
        if name in taken:
            second = next(f"{name}_{count}" for count in range(2, len(cells) + 2) if f"{name}_{count}" not in taken)
            notes.append(f"Two columns are called {name!r}; column {position} is now {second!r}.")
            name = second
        taken.add(name)
        names.append(name)
    return names, notes


def with_encoding(dialect: Dialect, encoding: str) -> Dialect:
    """Return a dialect with another encoding."""
    return replace(dialect, encoding=encoding)

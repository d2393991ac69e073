"""A character-delimited file as a table of text cells, with an account of what was repaired and what was refused."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.data.dialect import (
    SAMPLE_BYTES,
    SAMPLE_LINES,
    Dialect,
    check_content,
    find_delimiter,
    find_escape,
    looks_like_header,
    split_line,
)
from automl_core.data.encoding import find_encoding
from automl_core.errors import InputError

MAX_BYTES = 2 << 30
"""Largest file that is read, in bytes."""
FAST_BYTES = 30 << 20
"""Files above this size are read by pyarrow; smaller ones record by record, which repairs more."""
MAX_NAME = 200
MAX_RECORD_LINES = 100
"""Lines that one quoted cell may span; a longer one is a stray quote."""


@dataclass(frozen=True)
class Refused:
    """A record that could not be read."""

    line: int
    text: str
    reason: str


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
    """

    dialect: Dialect | None
    rows: int
    columns: int
    repairs: dict[str, int] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "dialect": self.dialect.to_dict() if self.dialect else None,
            "rows": self.rows,
            "columns": self.columns,
            "repairs": dict(self.repairs),
            "refused": [[row.line, row.text, row.reason] for row in self.refused],
            "notes": list(self.notes),
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
        )


@dataclass(frozen=True)
class TextTable:
    """A table of text cells (``""`` for empty) and how it was read."""

    frame: pd.DataFrame
    report: ReadReport


def read_frame(path: str | Path) -> pd.DataFrame:
    """Return a file's text cells; shorthand for ``read_text(Path(path)).frame``."""
    return read_text(Path(path)).frame


def read_text(path: Path, *, dialect: Dialect | None = None, limit: int | None = None) -> TextTable:
    """Read a file as text cells.

    Parameters
    ----------
    path : Path
    dialect : Dialect, optional
        How to read it; found from the file when left out.
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
    if not path.is_file():
        raise InputError(f"There is no file {path.name!r}.", action="Check the path and try again.")
    size = path.stat().st_size
    limit = MAX_BYTES if limit is None else limit
    if size > limit:
        raise InputError(
            f"{path.name} has {_megabytes(size)}.",
            f"Files up to {_megabytes(limit)} are read.",
            "Leave out columns or rows you do not need, or split the file and append its parts.",
        )
    with open(path, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    check_content(head, path.name)
    encoding = dialect.encoding if dialect else find_encoding(head, path)
    if size > FAST_BYTES:
        from automl_core.data.large import read_large

        return read_large(path, dialect or find_dialect(split_lines(decode(head, encoding, path.name)[0]), encoding))
    text, broken = decode(path.read_bytes(), encoding, path.name)
    lines = split_lines(text)
    table = read_lines(lines, dialect or find_dialect(lines, encoding), path.name)
    if broken:
        repairs = {**table.report.repairs, f"Letters that {encoding} does not have were read as \ufffd.": broken}
        return replace(table, report=replace(table.report, repairs=repairs))
    return table


def _megabytes(size: int) -> str:
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
    header = int(bool(rows) and looks_like_header(rows[0], rows[1:]))
    return Dialect(encoding, delimiter, quote, escape, skip, header)


def read_lines(lines: list[str], dialect: Dialect, name: str) -> TextTable:
    """Read lines record by record, mending what can be mended and keeping aside what cannot."""
    body = lines[dialect.skip_rows :]
    records, repairs = _records(body, dialect)
    records = [(line, cells, raw) for line, cells, raw in records if any(cell.strip() for cell in cells)]
    if not records:
        raise InputError(f"{name} is empty.", "A table needs a line of column names and rows below it.", "Choose another file.")
    notes: list[str] = []
    if dialect.skip_rows:
        notes.append(f"{dialect.skip_rows} {'line' if dialect.skip_rows == 1 else 'lines'} before the table left out.")
    header, rows = (list(records[0][1]), records[1:]) if dialect.header_rows else ([], records)
    counts = Counter(len(cells) for _, cells, _ in rows)
    width = len(header) or max(counts.items(), key=lambda item: (item[1], item[0]))[0]
    if header and counts and all(count > width for count in counts) and len(counts) == 1:
        # Every row has a cell more than the header: the usual unnamed index column comes first.
        extra = next(iter(counts)) - width
        header, width = [""] * extra + header, width + extra
    table: list[list[str]] = []
    refused: list[Refused] = []
    for line, cells, raw in rows:
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                reason = f"{len(cells)} cells where the table has {width} columns"
                refused.append(Refused(line + dialect.skip_rows + 1, raw[:2000], reason))
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


def _records(lines: list[str], dialect: Dialect) -> tuple[list[tuple[int, list[str], str]], Counter[str]]:
    """Group lines into records: a quoted cell may span lines, a stray quote may not swallow the rest of the file."""
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape
    repairs: Counter[str] = Counter()
    records: list[tuple[int, list[str], str]] = []
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
                cells = split_line(line, delimiter, quote, escape)
            else:
                repairs["Stray quotes were kept as part of their cell."] += 1
                cells = _split_stray(line, delimiter, quote, escape, usual)
        else:
            cells = split_line(line, delimiter, quote, escape) if line else [""]
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
            cells = split_record(joined, dialect)
            return (joined, extra) if not usual or len(cells) == usual else ("", 0)
    return "", 0


def split_record(record: str, dialect: Dialect) -> list[str]:
    """Split a record that may hold line breaks inside quotes."""
    return split_line(record, dialect.delimiter, dialect.quote, dialect.escape)


def _split_stray(line: str, delimiter: str, quote: str, escape: str, usual: int) -> list[str]:
    """Split a line with one quote too many: by quotes if that gives the usual width, otherwise without quotes."""
    cells = split_line(line, delimiter, quote, escape)
    if len(cells) == usual:
        return cells
    bare = split_line(line, delimiter, "", "")
    if len(bare) == usual or not delimiter:
        return [_unquote(cell, quote) for cell in bare]
    for position in [index for index, char in enumerate(line) if char == quote]:
        without = line[:position] + line[position + 1 :]
        cells = split_line(without, delimiter, quote, escape)
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
        name = " ".join(cell.split())
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

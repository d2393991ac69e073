"""A character-delimited file as a table of text cells, with an account of what was repaired and what was refused."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pandas as pd

from automl_core.data.blocks import NOTE_LINES, Block, check_number, find_blocks, largest, padded_notes, tables_note
from automl_core.data.cutting import cut_table, tables_of
from automl_core.data.detecting import find_dialect, longest_run
from automl_core.data.dialect import SAMPLE_BYTES, Dialect, check_content
from automl_core.data.encoding import BROKEN, decode, find_encoding
from automl_core.data.headers import TYPED, column_names, is_typed, join_header
from automl_core.data.large import read_large
from automl_core.data.origin import Choice
from automl_core.data.records import Record, group_records, split_lines
from automl_core.data.report import Around, ReadReport, Refused, TextTable
from automl_core.data.wording import lines_left_out, megabytes
from automl_core.errors import DialectError, InputError

MAX_BYTES = 2 << 30
"""Largest file that is read, in bytes."""
FAST_BYTES = 30 << 20
"""Files above this size are read by pyarrow; smaller ones record by record, which repairs more."""

EMPTY = " \t,;|\"'"
"""Signs of a line without a value: spaces, delimiters, quotes."""


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
        return _read_large(path, Choice(dialect, table=table), encoding)
    text, broken = decode(path.read_bytes(), encoding, path.name)
    lines = split_lines(text)
    found = _read_blocks(lines, dialect, encoding, table, path.name)
    if broken:
        repairs = {**found.report.repairs, BROKEN.format(encoding): broken}
        return replace(found, report=replace(found.report, repairs=repairs))
    return found


def _read_large(path: Path, choice: Choice, encoding: str) -> TextTable:
    """Read a large file, or one of several tables that stand in it."""
    with tempfile.TemporaryDirectory(prefix="tablewright-") as helper:
        cut = cut_table(path, Path(helper), choice, path.name)
        with open(cut.path, "rb") as file:
            head = file.read(SAMPLE_BYTES)
        encoding = "utf-8" if cut.encoding else encoding
        dialect = cut.dialect(choice.dialect) or find_dialect(split_lines(decode(head, encoding, path.name)[0]), encoding)
        found = read_large(cut.path, dialect)
    return replace(found, report=cut.told(found.report))


def tables_in(path: Path, folder: Path, dialect: Dialect | None = None) -> tuple[str, ...]:
    """Return the tables that stand below each other in a text file, each in a few words; () where there is only one.

    Helper files go into `folder`; raises StorageError where there is no room for them.
    """
    if check_size(path) > FAST_BYTES:
        return tables_of(path, folder, dialect)
    content = path.read_bytes()
    encoding = dialect.encoding if dialect else find_encoding(content[:SAMPLE_BYTES], path)
    lines = split_lines(decode(content, encoding, path.name)[0])
    sentences = [block.sentence for block in _blocks(lines, dialect, encoding) if block.is_table]
    return tuple(sentences) if len(sentences) > 1 else ()


def _blocks(lines: list[str], dialect: Dialect | None, encoding: str) -> tuple[Block, ...]:
    """Return the blocks of a file with blank lines; () for one without."""
    if all(line and not line.isspace() for line in lines):
        return ()
    return find_blocks(group_records(lines, dialect or find_dialect(longest_run(lines), encoding))[0])


def _read_blocks(lines: list[str], dialect: Dialect | None, encoding: str, wanted: int, name: str) -> TextTable:
    """Read the table of a file, or one of several below each other; notes below it are kept aside."""
    blocks = _blocks(lines, dialect, encoding)
    tables = [block for block in blocks if block.is_table]
    if len(tables) > 1:
        number = check_number(wanted or largest(tables) + 1, len(tables), name)
        first, after = _span(tables[number - 1])
        part = lines[first:after]
        found = read_lines(part, dialect or find_dialect(part, encoding), name, first=first)
        origin = replace(found.report.origin, table=number, tables=tuple(block.sentence for block in tables))
        note = tables_note(len(tables), number)
        return replace(found, report=replace(found.report, origin=origin, notes=(note, *found.report.notes)))
    notes: list[Record] = []
    if len(blocks) > 1 and blocks[-1].width == 1 and len(blocks[-1].records) <= NOTE_LINES and tables and tables[0].width > 2:
        notes = list(blocks[-1].records)
        lines = lines[: notes[0][0]]
    dialect = dialect or find_dialect(lines, encoding)
    below = tuple(Around(line + 1, raw[:2000], "below") for line, _, raw in notes)
    if padded := padded_notes(lines, dialect):
        lines, kept = lines[:-padded], lines[-padded + 1 :]
        first = len(lines) + 2
        below = tuple(Around(first + place, line[:2000], "below") for place, line in enumerate(kept) if line.strip(EMPTY)) + below
    found = read_lines(lines, dialect, name)
    return replace(found, report=found.report.with_notes_below(below)) if below else found


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
    above = tuple(
        Around(place + first + 1, line[:2000], "above") for place, line in enumerate(lines[: dialect.skip_rows]) if line.strip()
    )
    body = lines[dialect.skip_rows :]
    records, repairs = group_records(body, dialect)
    records = [(line, cells, raw) for line, cells, raw in records if any(cell.strip() for cell in cells)]
    if not records:
        raise InputError(f"{name} is empty.", "A table needs a line of column names and rows below it.", "Choose another file.")
    notes: list[str] = []
    if dialect.skip_rows:
        notes.append(lines_left_out(dialect.skip_rows, "before"))
    names_above = [cells for _, cells, _ in records[: dialect.header_rows]]
    header = list(names_above[0]) if len(names_above) == 1 else join_header(names_above)
    rows = records[dialect.header_rows :]
    if len(names_above) > 1:
        notes.append(f"{len(names_above)} lines of names were joined.")
    counts = Counter(len(cells) for _, cells, _ in rows)
    width = len(header) or max(counts.items(), key=lambda item: (item[1], item[0]))[0]
    header, said = _fitted(header, counts, dialect.quote)
    width = len(header) or width
    notes += said
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
        raise DialectError(
            f"{name} has column names but no rows that can be read.",
            "At least one row of values is needed.",
            "Check that the export was complete, or choose another delimiter.",
        )
    names, name_notes = column_names(header, width)
    frame = pd.DataFrame(table, columns=names, dtype=object)
    if not dialect.header_rows:
        notes.append("The file does not name its columns, so they are called column_1, column_2 and so on.")
    report = ReadReport(dialect, len(frame), width, dict(repairs), tuple(refused), tuple(notes + name_notes), around=above)
    return TextTable(frame, report)


def _fitted(header: list[str], counts: Counter[int], quote: str) -> tuple[list[str], list[str]]:
    """Return a line of names that fits the rows, of which `counts` has the numbers of cells, and what was done about it."""
    usual = counts.most_common(1)[0][0] if header and counts else len(header)
    blank = sum(not name.strip() for name in header)
    if blank and usual == len(header) - blank and not any(counts[count] for count in range(usual + 1, len(header) + 1)):
        said = f"{blank} empty {'name' if blank == 1 else 'names'} in the header left out, for which no row has a cell."
        return [name for name in header if name.strip()], [said]
    parts = [part for name in header for part in name.split(quote)] if quote else header
    if usual == len(parts) > len(header) and all(part.strip() for part in parts):
        return parts, ["Names in the header that a quote stands between were taken apart, which gives each column its own."]
    if set(counts) == {usual} and usual > len(header):
        # Every row has a cell more than the header: the usual unnamed index column comes first.
        return [""] * (usual - len(header)) + header, []
    return header, []


def _word_column(rows: list[list[str]]) -> int:
    """Return the first column behind the last that is a number or date in nearly every row: there words stand without quotes."""
    shortest = min(map(len, rows), default=0)
    typed = [place for place in range(shortest) if sum(is_typed(row[place].strip()) for row in rows) > TYPED * len(rows)]
    return typed[-1] + 1 if typed else -1

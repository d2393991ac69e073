"""Several tables below each other in one text file: blocks of lines, blank lines between them, each with its own width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from automl_core.data.dialect import Dialect, split_line
from automl_core.data.headers import begins_anew, first_cells_typed, only_first_cells
from automl_core.data.records import Record
from automl_core.data.wording import rows_of
from automl_core.errors import InputError

NOTE_LINES = 20
"""Lines below a table, after a blank one, that may be notes."""


@dataclass(frozen=True)
class Block:
    """Records without a blank line between them, or with blank ones inside one table.

    Parameters
    ----------
    records : tuple of Record
    width : int
        Usual number of cells.
    """

    records: tuple[Record, ...]
    width: int

    @property
    def is_table(self) -> bool:
        """Whether it has a line of names and rows, and more than a column."""
        return self.width > 1 and len(self.records) > 1

    @property
    def sentence(self) -> str:
        """Say where it stands and what it looks like."""
        first, last = self.records[0], self.records[-1]
        end = last[0] + 1 + last[2].count("\n")
        names = ", ".join(" ".join(cell.split())[:20] for cell in first[1][:3])
        more = ", …" if self.width > 3 else ""
        return f"lines {first[0] + 1:,} to {end:,}: {rows_of(len(self.records) - 1)} of {self.width} columns ({names}{more})"


def find_blocks(records: Sequence[Record]) -> tuple[Block, ...]:
    """Return the blocks of a file; neighbours of the same width are one table, unless one has new names."""
    parts: list[list[Record]] = [[]]
    for record in records:
        if record[2].strip() or any(cell.strip() for cell in record[1]):
            parts[-1].append(record)
        elif parts[-1]:
            parts.append([])
    found: list[Block] = []
    parts = [part for part in parts if part]
    for place, part in enumerate(parts):
        width = block_width([cells for _, cells, _ in part], top=not place, bottom=place == len(parts) - 1)
        before = found[-1] if found else None
        if before and not begins_table([cells for _, cells, _ in part], width, before.width):
            found[-1] = Block((*before.records, *part), width)
        else:
            found.append(Block(tuple(part), width))
    return tuple(found)


def block_width(rows: Sequence[Sequence[str]], *, top: bool, bottom: bool) -> int:
    """Return the usual number of cells; 1 for notes at an edge of the file that a spreadsheet filled up to its table's width.

    A number or a date below the table is no note, but a row whose other cells are not known yet.
    """
    padded = (top or bottom) and len(rows) <= NOTE_LINES and only_first_cells(rows)
    if padded and (top or not first_cells_typed(rows)):
        return 1
    return Counter(map(len, rows)).most_common(1)[0][0]


def padded_notes(lines: Sequence[str], dialect: Dialect) -> int:
    """Return how many of the last lines are an empty one and notes below it, all filled up to the width of the table."""
    found, said = 0, False
    for count, line in enumerate(reversed(lines[-NOTE_LINES - 2 :]), 1):
        row = split_line(line, dialect.delimiter, dialect.quote, dialect.escape)
        empty = not any(cell.strip() for cell in row)
        if len(row) < 3 or not (empty or only_first_cells([row])) or first_cells_typed([row]):
            return found if count < len(lines) else 0  # the first line names the columns
        if empty and said:
            found = count
        said = said or not empty
    return 0  # no row above them fills more than its first cell


def begins_table(rows: Sequence[Sequence[str]], width: int, before: int) -> bool:
    """Return whether rows are another table than those above them, which have `before` cells."""
    return width != before or begins_anew(rows)


def check_number(number: int, tables: int, name: str) -> int:
    """Return the number of a table that was asked for; raises InputError when there are fewer."""
    if number > tables:
        known = f"{tables} tables stand in it."
        raise InputError(f"Table {number} of {name} was asked for.", known, f"Choose one from 1 to {tables}.")
    return number


def tables_note(tables: int, number: int) -> str:
    """Say which of several tables was read."""
    return f"{tables} tables stand below each other in this file; number {number} was read."


def largest(blocks: Sequence[Block]) -> int:
    """Return the place of the table with the most cells; the first of equal ones."""
    return max(range(len(blocks)), key=lambda place: (len(blocks[place].records) * blocks[place].width, -place))

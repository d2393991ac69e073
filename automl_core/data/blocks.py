"""Several tables below each other in one text file: blocks of lines, blank lines between them, each with its own width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from automl_core.data.headers import begins_anew
from automl_core.data.records import Record
from automl_core.data.wording import rows_of


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
    for part in parts:
        if not part:
            continue
        width = Counter(len(cells) for _, cells, _ in part).most_common(1)[0][0]
        before = found[-1] if found else None
        if before and before.width == width and not begins_anew([cells for _, cells, _ in part]):
            found[-1] = Block((*before.records, *part), width)
        else:
            found.append(Block(tuple(part), width))
    return tuple(found)


def largest(blocks: Sequence[Block]) -> int:
    """Return the place of the table with the most cells; the first of equal ones."""
    return max(range(len(blocks)), key=lambda place: (len(blocks[place].records) * blocks[place].width, -place))

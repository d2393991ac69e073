"""Where a table begins among rows of cells, which of its lines are names, and where several tables stand below each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from automl_core.data.dialect import DATE, NUMBER, looks_like_header
from automl_core.data.wording import cut
from automl_core.schema import NULL_WORDS

MOST_LINES = 4
"""Lines of names above a table."""
TYPED = 0.9
"""Share of numbers and dates below which a column says nothing about the names above it."""
MAX_NAME = 200
"""Letters of a column's name."""
TOLD = 3
"""Names of a kind whose change is told one by one."""
_YEAR = re.compile(r"(19|20)\d{2}")

Row = Sequence[str]


def table_start(rows: Sequence[Row]) -> int:
    """Return how many rows above the table are titles and notes: those that fill fewer cells than a table has."""
    widths = [_extent(row) for row in rows]
    usual = Counter(widths).most_common(1)[0][0] if widths else 0
    skip = 0
    while skip < len(rows) - 1 and widths[skip] < max(2, min(usual, 3)) and usual > 1:
        skip += 1
    return skip if skip < min(len(rows) - 1, 50) else 0


def padded_titles(rows: Sequence[Row]) -> int:
    """Return how many rows above a table are titles that a spreadsheet filled up to its width with empty cells.

    A line of names must follow them: above rows of values alone, the first row may be one that lacks its last cells.
    """
    skip = table_start(rows)
    if not skip or find_header(rows[skip:]) == 0 or any(is_typed(cell.strip()) for cell in rows[skip]):
        return 0
    return skip if sum(bool(cell.strip()) for cell in rows[skip]) > 2 else 0


def only_first_cells(rows: Sequence[Row]) -> bool:
    """Return whether rows say something in their first cell alone: notes, in a file whose lines are as wide as its table."""
    return bool(rows) and max(map(_extent, rows)) == 1


def first_cells_typed(rows: Sequence[Row]) -> bool:
    """Return whether the first cell of any row is a number or a date."""
    return any(is_typed(row[0].strip()) for row in rows if row)


def _extent(row: Row) -> int:
    return max((place + 1 for place, cell in enumerate(row) if cell.strip()), default=0)


def find_header(rows: Sequence[Row]) -> int:
    """Return how many of the first rows name the columns: none, one, or several.

    Several do where a line of words stands below the first over columns of numbers and dates, such as units or the parts of
    a group; where fewer than two columns are of these, one line is assumed.
    """
    if not rows:
        return 0
    return _deep(rows) or int(looks_like_header(list(rows[0]), [list(row) for row in rows[1:]]))


def _deep(rows: Sequence[Row]) -> int:
    """Return the number of lines of names where there are several, otherwise 0."""
    found = 0
    for depth in range(2, min(MOST_LINES, len(rows) - 2) + 1):
        if any(is_typed(cell.strip()) for cell in rows[depth - 1]):
            break
        typed = _typed_columns(rows[depth:])
        if len(typed) < 2 or not _names_them(rows[depth - 1], typed):
            break
        found = depth
    if not found:
        return 0
    typed = _typed_columns(rows[found:])
    above = [cell.strip() for cell in rows[0] if cell.strip()]
    years = all(_YEAR.fullmatch(cell) or not is_typed(cell) for cell in above)
    named = sum(place < len(rows[0]) and bool(rows[0][place].strip()) for place in typed)
    return found if years and len(above) > 1 and named else 0


def _names_them(row: Row, typed: Sequence[int]) -> bool:
    """Return whether a row has words over most columns of numbers and dates, and no value in any column."""
    cells = [row[place].strip() if place < len(row) else "" for place in typed]
    words = [cell for cell in cells if cell]
    if any(is_typed(cell.strip()) for cell in row) or any(cell in NULL_WORDS for cell in words):
        return False
    return len(words) > 0.5 * len(typed) and len(words) >= 2


def _typed_columns(rows: Sequence[Row]) -> list[int]:
    width = Counter(len(row) for row in rows).most_common(1)[0][0] if rows else 0
    found = []
    for place in range(width):
        cells = [row[place].strip() for row in rows if place < len(row)]
        known = [cell for cell in cells if cell not in NULL_WORDS]
        if len(known) > 0.5 * len(cells) and sum(map(is_typed, known)) > TYPED * len(known):
            found.append(place)
    return found


def is_typed(cell: str) -> bool:
    """Return whether a cell is a number or a date."""
    return bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell))


def join_header(lines: Sequence[Row], *, spread: bool = True) -> list[str]:
    """Return one name a column from several lines; with `spread` a name above counts for the empty cells to its right, too."""
    width = max(map(len, lines), default=0)
    names: list[list[str]] = [[] for _ in range(width)]
    for number, line in enumerate(lines):
        last = ""
        for place in range(width):
            cell = " ".join(line[place].split()) if place < len(line) else ""
            below = any(place < len(other) and other[place].strip() for other in lines[number + 1 :])
            if not cell and below and spread:
                cell = last
            elif cell:
                last = cell
            if cell and cell not in names[place]:
                names[place].append(cell)
    return [" ".join(parts) for parts in names]


def begins_anew(rows: Sequence[Row]) -> bool:
    """Return whether the first row is one of names over columns of numbers and dates."""
    return len(rows) > 2 and _names_them(rows[0], typed) if (typed := _typed_columns(rows[1:])) else False


def column_names(header: list[str], width: int) -> tuple[list[str], list[str]]:
    """Return unique, non-empty names and notes about every name that had to change; about many, one note for all."""
    names: list[str] = []
    taken: set[str] = set()
    unnamed: list[str] = []
    shortened: list[str] = []
    doubled: list[str] = []
    cells = [*header, *[""] * (width - len(header))]
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\x00", "").split())  # NumPy takes a NUL for the end of a text
        if not name:
            name = f"column_{position}"
            if header:
                unnamed.append(f"Column {position} had no name and is called {name!r}.")
        elif len(name) > MAX_NAME:
            name = name[: MAX_NAME - 1] + "…"
            shortened.append(f"The name of column {position} had {len(cell):,} characters and was cut to {MAX_NAME}.")
        if name in taken:
            second = next(f"{name}_{count}" for count in range(2, len(cells) + 2) if f"{name}_{count}" not in taken)
            doubled.append(f"Two columns are called {cut(name, 60)!r}; column {position} is now {cut(second, 60)!r}.")
            name = second
        taken.add(name)
        names.append(name)
    together = (
        (unnamed, "{:,} columns had no name and are called by their place."),
        (shortened, f"The names of {{:,}} columns had more than {MAX_NAME} characters and were cut."),
        (doubled, "{:,} columns were called like another one and have a number behind their name now."),
    )
    return names, [note for told, all_of in together for note in (told if len(told) <= TOLD else [all_of.format(len(told))])]

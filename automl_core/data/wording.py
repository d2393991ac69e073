"""Counts and names as sentences have them."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 cell``, ``1,200 cells``."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def rows_of(rows: int) -> str:
    """Return a number of rows, as in ``1 row`` or ``1,200 rows``."""
    return count(rows, "row")


def size_of(rows: int, columns: int) -> str:
    """Return a table's size in words."""
    return f"{rows_of(rows)} and {count(columns, 'column')}"


def lines_left_out(lines: int, where: str) -> str:
    """Say how many lines stand ``before`` or ``below`` a table."""
    return f"{count(lines, 'line')} {where} the table left out."


def listed(names: Sequence[str], total: int | None = None) -> str:
    """Return the first five names in quotes, and how many more of `total` there are."""
    more = (len(names) if total is None else total) - len(names[:5])
    return ", ".join(repr(name) for name in names[:5]) + (f" and {more:,} more" if more else "")


def megabytes(size: int) -> str:
    """Return a size as people read it."""
    return f"{size / 2**20:,.1f} MB" if size < 10 * 2**20 else f"{size / 2**20:,.0f} MB"


def cut(text: str, length: int = 40) -> str:
    """Return a name that fits, cut in its middle: what tells columns and models of one kind apart often stands at the end."""
    if len(text) <= length:
        return text
    tail = (length - 1) // 2
    return f"{text[: length - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"

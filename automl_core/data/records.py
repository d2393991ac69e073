"""Lines of a text file as records: quoted cells may span lines, and quotes may be missing or stray."""

from __future__ import annotations

import csv
from collections import Counter

from automl_core.data.dialect import Dialect, split_line

STRAY = "Stray quotes were kept as part of their cell."
MAX_RECORD_LINES = 100
"""Lines that one quoted cell may span; a longer one is a stray quote."""

Record = tuple[int, list[str], str]
"""Line it begins at (from 0), cells, text."""


def are_ends(returns: int, feeds: int) -> bool:
    """Return whether carriage returns without a line feed end lines beside these, as in files of two systems put together."""
    return returns >= max(feeds / 4, 1)


def split_lines(text: str) -> list[str]:
    """Split at the record delimiter: line feeds where there are any, otherwise carriage returns; at both where both end lines."""
    text = text.removeprefix("\ufeff").replace("\r\r\n", "\r\n")
    if are_ends(text.count("\r") - text.count("\r\n"), text.count("\n")) and _between_rows(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n") if "\n" in text else text.split("\r")
    lines = [line.removesuffix("\r") for line in lines]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _between_rows(text: str) -> bool:
    """Return whether what lone carriage returns part is as wide as the other lines are: a cell that they part is not."""
    lines = [line.split("\r") for line in text.replace("\r\n", "\n").split("\n")]
    parts = [part for line in lines if len(line) > 1 for part in line if part]
    whole = [line[0] for line in lines if len(line) == 1 and line[0]] or parts[:1]
    usual = {sign: Counter(line.count(sign) for line in whole).most_common(1)[0][0] for sign in ",;\t|" if whole}
    if not any(usual.values()):
        return len(parts) > 2
    return any(2 * sum(part.count(sign) == count for part in parts) > len(parts) for sign, count in usual.items() if count)


def group_records(lines: list[str], dialect: Dialect) -> tuple[list[Record], Counter[str]]:
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
        if quote and quote in line and open_quote(line, delimiter, quote, escape):
            usual = widths.most_common(1)[0][0] if widths else 0
            joined, extra = join_record(lines, number, dialect, usual)
            if extra:
                line, taken = joined, extra + 1
                cells = _split(line, delimiter, quote, escape)
            else:
                repairs[STRAY] += 1
                cells = split_stray(line, delimiter, quote, escape, usual)
        else:
            cells = _split(line, delimiter, quote, escape) if line else [""]
        records.append((number, cells, line))
        widths[len(cells)] += 1
        number += taken
    return records, repairs


def open_quote(line: str, delimiter: str, quote: str, escape: str) -> bool:
    """Return whether a record ends inside a quoted cell."""
    if escape:
        line = line.replace(escape + quote, "")
    return line.count(quote) % 2 == 1


def join_record(lines: list[str], start: int, dialect: Dialect, usual: int, *, most: int = MAX_RECORD_LINES) -> tuple[str, int]:
    """Return the record that starts at a line with an open quote, and how many more lines it takes; 0 for a stray quote."""
    for extra in range(1, min(most, len(lines) - start)):
        if open_quote(lines[start + extra], dialect.delimiter, dialect.quote, dialect.escape):
            joined = "\n".join(lines[start : start + extra + 1])
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


def split_stray(line: str, delimiter: str, quote: str, escape: str, usual: int) -> list[str]:
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

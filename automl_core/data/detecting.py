"""How a text file is written, found from its lines."""

from __future__ import annotations

from automl_core.data.dialect import SAMPLE_LINES, Dialect, find_delimiter, find_escape, split_line
from automl_core.data.headers import find_header, padded_titles

MOST_NOTES = 150
"""Lines of titles and notes above a table."""


def find_dialect(lines: list[str], encoding: str) -> Dialect:
    """Return the dialect that explains the lines best."""
    delimiter, quote, width = find_delimiter(lines)
    skip = 0
    if delimiter:
        sample = [split_line(line, delimiter, quote) for line in lines[:SAMPLE_LINES]]
        while skip < len(sample) - 1 and len(sample[skip]) < max(2, min(width, 3)) and not lines[skip].startswith(quote):
            skip += 1
        if skip >= min(len(sample) - 1, MOST_NOTES):
            skip = 0
        skip += padded_titles(sample[skip:])
    else:
        while skip < len(lines) - 1 and not lines[skip].strip():
            skip += 1
    rows = [split_line(line, delimiter, quote) for line in lines[skip : skip + SAMPLE_LINES] if line.strip()]
    escape = find_escape(lines, delimiter, quote)
    return Dialect(encoding, delimiter, quote, escape, skip, find_header(rows))


def longest_run(lines: list[str]) -> list[str]:
    """Return the most lines that stand together without a blank one."""
    longest, start = (0, 0), 0
    for place, line in enumerate([*lines, ""]):
        if not line.strip():
            longest = max(longest, (start, place), key=lambda span: span[1] - span[0])
            start = place + 1
    return lines[longest[0] : longest[1]]

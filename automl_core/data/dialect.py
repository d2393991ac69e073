"""How a character-delimited file is written: encoding, delimiter, quotes, preamble, header. Found from the file alone."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from automl_core.data.encoding import looks_utf16
from automl_core.errors import InputError

csv.field_size_limit(1 << 30)  # cells hold whole documents; the module's own limit is 128 KB
SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 200
MOST_CELLS = 200_000
"""Cells of these lines that are looked at closely: those of a table of thousands of columns are millions."""
DELIMITERS = (",", ";", "\t", "|", "||", "::", "^", "~", "\x1f", "\x01", ":", " ")
QUOTES = ('"', "'")

_PICKLE = ("a Python pickle", "Pickles are never opened. Save the table as CSV.")
_MAGIC = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Save the sheet as CSV, or unpack the archive."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"BZh", "a bzip2 archive", "Unpack it first."),
    (b"\xfd7zXZ", "an xz archive", "Unpack it first."),
    (b"(\xb5/\xfd", "a zstd archive", "Unpack it first."),
    (b"%PDF", "a PDF document", "Export the table it shows as CSV."),
    (b"PAR1", "a Parquet file", "Save it as CSV."),
    (b"ARROW1", "an Arrow file", "Save it as CSV."),
    (b"SQLite format 3", "an SQLite database", "Export the table as CSV."),
    (b"\x89PNG", "a PNG picture", "Upload the table itself as CSV."),
    (b"\xff\xd8\xff", "a JPEG picture", "Upload the table itself as CSV."),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document", "Save the sheet as CSV."),
    *((bytes([0x80, protocol]), *_PICKLE) for protocol in (2, 3, 4, 5)),
)
_TEXT_FORMATS = (
    (re.compile(rb"\((?:dp|lp)\d+\n|c(?:copy_?reg|numpy|pandas|builtins|__builtin__)[\w.]*\n\w+\n"), *_PICKLE),
    (re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE), "a web page", "Save the table it shows as CSV."),
    (re.compile(rb'\s*(?:\[\s*)?\{\s*"[^"]*"\s*:'), "a JSON document", "Save its table as CSV."),
)
"""Formats that are text but no table, by how they begin."""
NUMBER = re.compile(r"[+-]?[$€£]?\d[\d.,' \u00a0]*%?|[+-]?\.\d+|[+-]?\d+\.?\d*[eE][+-]?\d+")
DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2})?.*)?|\d{1,2}:\d{2}(:\d{2})?")
_WORD = re.compile(r"[^\W\d_][\w.&'’-]*([ _/-][\w.&'’()-]+){0,4}")


@dataclass(frozen=True)
class Dialect:
    """How to read a file.

    Parameters
    ----------
    encoding : str
    delimiter : str
        One or more characters; empty for a file of one column.
    quote : str
        Empty for none.
    escape : str
        Character before a quote that belongs to the cell; empty where quotes are doubled.
    skip_rows : int
        Lines before the header.
    header_rows : int
        0 when the file names no columns.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    skip_rows: int = 0
    header_rows: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**self.__dict__}


def check_content(head: bytes, name: str) -> None:
    """Refuse what is no text.

    Raises
    ------
    InputError
        For an empty file, a known binary format, or bytes that no text has.
    """
    if not head.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise InputError(f"{name} is empty.", "A table needs a line of column names and rows below it.", "Choose another file.")
    for magic, what, action in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"{name} is {what}, whatever its name says.", "A text file with delimiters (CSV) is needed.", action)
    for pattern, what, action in _TEXT_FORMATS:
        if pattern.match(head.removeprefix(b"\xef\xbb\xbf")):
            raise InputError(f"{name} is {what}, whatever its name says.", "A text file with delimiters (CSV) is needed.", action)
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head)
    control = sum(byte < 27 and byte != 1 and not 8 < byte < 14 for byte in head)  # 1 and 28 to 31 are delimiters
    if not utf16 and control > max(3, 0.02 * len(head)):
        raise InputError(
            f"{name} is no text: {control / len(head):.0%} of its first bytes are control codes.",
            "A text file with delimiters (CSV) is needed.",
            "Export the table as CSV and upload that.",
        )


def split_line(line: str, delimiter: str, quote: str, escape: str = "") -> list[str]:
    """Split one record by a dialect; a delimiter of several characters counts as one."""
    if not delimiter:
        return [line]
    if "\r" in line and "\r" in (body := line.rstrip("\r\n")) and "\n" not in body:
        # Within a cell; the csv module would take it for the end of a record.
        return [cell.replace("\x1d", "\r") for cell in split_line(body.replace("\r", "\x1d"), delimiter, quote, escape)]
    if len(delimiter) > 1:
        line, delimiter = line.replace("\x1e", " ").replace(delimiter, "\x1e"), "\x1e"
    options: dict[str, Any] = {"delimiter": delimiter, "doublequote": not escape, "escapechar": escape or None}
    options.update({"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE})
    return next(iter(csv.reader([line.replace("\x00", "")], **options)), [])


def cleanliness(cells: list[str]) -> float:
    """Return the share of cells that look like one value: a number, a date, a few words, or nothing."""
    if not cells:
        return 0.0
    good = 0.0
    for cell in cells:
        text = cell.strip()
        if not text or NUMBER.fullmatch(text) or DATE.fullmatch(text):
            good += 1
        elif _WORD.fullmatch(text):
            good += 0.9
        else:
            good += 0.5
    return good / len(cells)


def _score(lines: list[str], delimiter: str, quote: str) -> tuple[float, int]:
    """Return how well a delimiter and a quote explain the lines, and the usual number of cells."""
    try:
        rows = [split_line(line, delimiter, quote) for line in lines]
    except csv.Error:
        return 0.0, 0
    counts = Counter(len(row) for row in rows)
    width, hits = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    if width < 2:
        return 0.0, 1
    if (
        delimiter == " "
        and quote
        and 1 < len(rows[0]) <= width
        and sum(f"{quote} {quote}" in line for line in lines) > 0.8 * len(rows)
    ):
        return 0.5, len(rows[0])  # quoted cells stand side by side with a space between them
    if delimiter == " " and len(rows[0]) < width:
        return 0.0, 1  # one column of words under a name of one word
    cells = [cell for row in rows if len(row) == width for cell in row]
    consistency = hits / len(rows)
    score = consistency**2 * (1 - 0.5 / width) * cleanliness(cells[:MOST_CELLS])
    if quote and not any(quote in line for line in lines):
        score -= 0.001  # a quote that never occurs explains nothing
    elif quote and any(cell.startswith(quote) for cell in cells):
        score *= 0.8
    if not quote and any(cell.startswith('"') and cell.endswith('"') and len(cell) > 1 for cell in cells):
        score *= 0.8
    if delimiter in (" ", ":"):
        score *= 0.6  # both occur inside ordinary cells
    return score, width


def find_delimiter(lines: list[str]) -> tuple[str, str, int]:
    """Return delimiter, quote and the usual number of cells; an empty delimiter for a file of one column."""
    sample = [line for line in lines if line.strip()][:SAMPLE_LINES]
    best = (0.0, "", '"', 1)
    for delimiter in DELIMITERS:
        if not any(delimiter in line for line in sample):
            continue
        if delimiter * 2 in DELIMITERS and all(line.count(delimiter) == 2 * line.count(delimiter * 2) for line in sample):
            continue  # it never stands alone, so the doubled one is meant
        for quote in QUOTES:
            if quote == "'" and not any(re.search(rf"(^|{re.escape(delimiter)})'", line) for line in sample):
                continue
            score, width = _score(sample, delimiter, quote)
            if score > best[0] + 1e-9:
                best = (score, delimiter, quote, width)
    return (best[1], best[2], best[3]) if best[0] > 0.12 else ("", '"', 1)


def find_escape(lines: list[str], delimiter: str, quote: str) -> str:
    """Return the backslash where it stands before quotes inside cells and no quote is doubled there, otherwise nothing."""
    sample = lines[:5000]
    if not quote or not any(f"\\{quote}" in line for line in sample):
        return ""
    edge = f"(?:^|$|{re.escape(delimiter)})" if delimiter else "(?:^|$)"
    empty = re.compile(f"(?<![^{re.escape(delimiter)}]){quote}{quote}(?={edge})" if len(delimiter) == 1 else f"^{quote}{quote}$")
    doubled = any(quote * 2 in empty.sub("", line.replace(f"\\{quote}", "")) for line in sample)
    return "" if doubled else "\\"


def looks_like_header(first: list[str], below: list[list[str]]) -> bool:
    """Return whether a row names columns: filled, distinct, no numbers or dates, unlike the rows below."""
    cells = [cell.strip() for cell in first]
    filled = [cell for cell in cells if cell]
    if not filled or not below:
        return bool(filled)
    if any((NUMBER.fullmatch(cell) and not cell.isalpha()) or DATE.fullmatch(cell) for cell in filled):
        typed = sum(bool(NUMBER.fullmatch(cell) or DATE.fullmatch(cell)) for cell in filled)
        years = all(re.fullmatch(r"(19|20)\d{2}", cell) for cell in filled if NUMBER.fullmatch(cell))
        return years and typed < len(filled)
    columns = list(zip(*[row[: len(cells)] for row in below if len(row) >= len(cells)], strict=False))
    typed_below = any(
        sum(bool(NUMBER.fullmatch(c.strip()) or DATE.fullmatch(c.strip())) for c in col) > 0.5 * len(col) for col in columns
    )
    if typed_below:
        return True
    # All text: a header does not come again below.
    repeats = sum(cell in {c.strip() for c in column} for cell, column in zip(cells, columns, strict=False) if cell)
    return repeats == 0

"""How a character-delimited file is written: encoding, delimiter, quotes, preamble, header. Found from the file alone."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_core.errors import InputError

SAMPLE_BYTES = 1 << 18
SAMPLE_LINES = 200
DELIMITERS = (",", ";", "\t", "|", "||", "::", "^", "~", "\x1f", "\x01", ":", " ")
QUOTES = ('"', "'")

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
    (b"\x80\x04\x95", "a Python pickle", "Pickles are never opened. Save the table as CSV."),
)
_NUMBER = re.compile(r"[+-]?[$€£]?\d[\d.,' \u00a0]*%?|[+-]?\.\d+|[+-]?\d+\.?\d*[eE][+-]?\d+")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d{1,2}:\d{2}(:\d{2})?.*)?|\d{1,2}:\d{2}(:\d{2})?")
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
    utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_utf16(head)
    control = sum(byte < 9 or 13 < byte < 32 and byte not in (27, 28, 29, 30, 31) for byte in head)
    if not utf16 and control > 0.02 * len(head):
        raise InputError(
            f"{name} is no text: {control / len(head):.0%} of its first bytes are control codes.",
            "A text file with delimiters (CSV) is needed.",
            "Export the table as CSV and upload that.",
        )


def _looks_utf16(head: bytes) -> bool:
    sample = head[:2000]
    return len(sample) > 20 and max(sample[::2].count(0), sample[1::2].count(0)) > 0.35 * len(sample)


def find_encoding(head: bytes, path: Path) -> str:
    """Return the encoding: a byte order mark decides, then UTF-8 if the whole file is, then charset-normalizer's guess."""
    if head.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if _looks_utf16(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            while file.read(1 << 22):
                pass
        return "utf-8"
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(_around_odd_bytes(path), explain=False).best()
    found = best.encoding if best else "cp1252"
    # One-byte European guesses differ in a few signs only; the Windows code page is what spreadsheets write.
    return "cp1252" if found in ("latin_1", "iso8859_1", "iso8859_15", "cp1250", "cp1254", "cp1257", "mac_roman") else found


def _around_odd_bytes(path: Path) -> bytes:
    """Return up to 64 KB of the lines that hold bytes beyond ASCII, since only these tell encodings apart."""
    kept: list[bytes] = []
    size = 0
    with open(path, "rb") as file:
        for line in file:
            if not line.isascii():
                kept.append(line[:4096])
                size += len(kept[-1])
                if size > 1 << 16:
                    break
    return b"".join(kept)


def split_line(line: str, delimiter: str, quote: str, escape: str = "") -> list[str]:
    """Split one record by a dialect; a delimiter of several characters counts as one."""
    if not delimiter:
        return [line]
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
        if not text or _NUMBER.fullmatch(text) or _DATE.fullmatch(text):
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
    cells = [cell for row in rows if len(row) == width for cell in row]
    consistency = hits / len(rows)
    score = consistency**2 * (1 - 0.5 / width) * cleanliness(cells)
    if quote and not any(quote in line for line in lines):
        score -= 0.001  # a quote that never occurs explains nothing
    if quote and any(cell.startswith(quote) for cell in cells):
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
        for quote in QUOTES:
            if quote == "'" and not any(re.search(rf"(^|{re.escape(delimiter)})'", line) for line in sample):
                continue
            score, width = _score(sample, delimiter, quote)
            if score > best[0] + 1e-9:
                best = (score, delimiter, quote, width)
    return (best[1], best[2], best[3]) if best[0] > 0.12 else ("", '"', 1)


def looks_like_header(first: list[str], below: list[list[str]]) -> bool:
    """Return whether a row names columns: filled, distinct, no numbers or dates, unlike the rows below."""
    cells = [cell.strip() for cell in first]
    filled = [cell for cell in cells if cell]
    if not filled or not below:
        return bool(filled)
    if any(_NUMBER.fullmatch(cell) and not cell.isalpha() or _DATE.fullmatch(cell) for cell in filled):
        typed = sum(bool(_NUMBER.fullmatch(cell) or _DATE.fullmatch(cell)) for cell in filled)
        years = all(re.fullmatch(r"(19|20)\d{2}", cell) for cell in filled if _NUMBER.fullmatch(cell))
        return years and typed < len(filled)
    columns = list(zip(*[row[: len(cells)] for row in below if len(row) >= len(cells)], strict=False))
    typed_below = any(sum(bool(_NUMBER.fullmatch(c.strip()) or _DATE.fullmatch(c.strip())) for c in col) > 0.5 * len(col) for col in columns)
    if typed_below:
        return True
    # All text: a header does not come again below.
    repeats = sum(cell in {c.strip() for c in column} for cell, column in zip(cells, columns, strict=False) if cell)
    return repeats == 0

"""Some rows of a large file, from all over it, without reading the rest."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import BinaryIO

from automl_core.data.detecting import find_dialect
from automl_core.data.dialect import SAMPLE_BYTES, Dialect, check_content
from automl_core.data.encoding import decode, find_encoding
from automl_core.data.reading import read_lines
from automl_core.data.records import split_lines
from automl_core.data.report import TextTable
from automl_core.errors import DialectError

BLOCKS = 16
"""Places of the file that are read, evenly spread: tables are often sorted, and their first rows all alike."""
LONGEST = 4 * 1024**2
"""Bytes of a line that are looked at."""
LINES = 4
"""Lines that a block holds at least."""


def read_sample(path: Path, size: int, *, dialect: Dialect | None = None) -> tuple[TextTable, int]:
    """Read about `size` bytes of a file as text cells.

    Parameters
    ----------
    path : Path
    size : int
        Bytes to read in all, in `BLOCKS` blocks; more where lines are so long that a block would not hold some of them. A
        line that a block cuts is left out; of a record over several lines the part that is left is mended or refused like
        any damaged one.
    dialect : Dialect, optional
        What an earlier sample's report says; found from the file when left out.

    Returns
    -------
    TextTable
    int
        Rows of the whole file, estimated from the bytes a row takes.

    Raises
    ------
    InputError
        When it is no table.
    """
    whole = path.stat().st_size
    with open(path, "rb") as file:
        head = file.read(SAMPLE_BYTES)
        check_content(head, path.name)
        encoding = dialect.encoding if dialect else find_encoding(head, path)
        wide = codecs.lookup(encoding).name.startswith("utf-16")
        # Where a letter takes two bytes a cut may fall between them: the beginning has to do.
        blocks = _blocks(whole, max(size, BLOCKS * LINES * _line_bytes(file)), 1 if wide else BLOCKS)
        lines: list[str] = []
        for start, length in blocks:
            file.seek(start)
            text, _ = decode(file.read(length), encoding, path.name)
            part = split_lines(text)
            part = part[int(start > 0) : len(part) - int(start + length < whole)]
            lines += part
    if not lines:
        raise DialectError(
            f"{path.name} holds no line breaks, or its lines are longer than {blocks[0][1] >> 10:,} kB.",
            "Each row of a table ends with a line break.",
            "Choose another encoding, or export the table again.",
        )
    table = read_lines(lines, dialect or find_dialect(lines, encoding), path.name)
    share = sum(length for _, length in blocks) / whole
    return table, round(len(table.frame) / share)


def _line_bytes(file: BinaryIO) -> int:
    """Return the length of the longer one of a file's first two lines, up to some megabytes; 0 where none ends."""
    file.seek(0)
    first = re.split(rb"\r\n?|\n", file.read(2 * LONGEST), maxsplit=2)[:2]
    return min(max(map(len, first)) + 1, LONGEST) if len(first) > 1 else 0


def _blocks(whole: int, size: int, count: int) -> list[tuple[int, int]]:
    """Return starts and lengths of the blocks, the first at the start of the file and the last at its end."""
    if size >= whole:
        return [(0, whole)]
    length = size // count
    if count == 1:
        return [(0, length)]
    step = (whole - length) / (count - 1)
    return [(int(number * step), length) for number in range(count)]

"""What a file is, by its first bytes and, of a zip archive, by what it holds; its name says nothing."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Literal

from automl_core.data.dialect import SAMPLE_BYTES
from automl_core.data.encoding import looks_utf16
from automl_core.data.origin import Form
from automl_core.data.sources.unpacking import DAMAGED_ZIP
from automl_core.errors import InputError

Content = Literal["gzip", "bzip2", "xz", "zstd", "zip"] | Form

KINDS = "A table is needed: delimited text, Excel (xlsx, xls), ods, Parquet, Feather, JSON, SQLite, or one of these compressed."
_PACKED: tuple[tuple[bytes, Content], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"(\xb5/\xfd", "zstd"),
)
_BINARY: tuple[tuple[bytes, Content], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
)
_OBJECT = re.compile(rb'\s*\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})')
_ARRAY = re.compile(rb'\s*\[\s*(?:\{\s*(?:"|\})|\[\s*(?:"|-?\d|null|true|false|\[|\{))')


def recognise(path: Path, name: str = "") -> Content:
    """Return what a file is.

    Parameters
    ----------
    path : Path
    name : str, optional
        What messages call it.

    Raises
    ------
    InputError
        For an archive or a document that holds no table.
    """
    name = name or path.name
    with open(path, "rb") as file:
        head = file.read(4096)
    for magic, content in (*_PACKED, *_BINARY):
        if head.startswith(magic):
            return content
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zipped(path, name)
    if head[257:262] == b"ustar":
        raise InputError(f"{name} is a tar archive.", KINDS, "Unpack it and choose the file that holds the table.")
    return json_form(path, head) or "text"


def _zipped(path: Path, name: str) -> Content:
    """Tell workbooks from archives: both are zip files."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mime = archive.open("mimetype").read(100).decode("ascii", "replace") if "mimetype" in names else ""
    except DAMAGED_ZIP as error:
        raise InputError(f"{name} is a damaged zip archive.", action="Send or export the file again.") from error
    if "xl/workbook.xml" in names or mime.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return "workbook"
    if "xl/workbook.bin" in names:
        raise InputError(f"{name} is a binary workbook (xlsb).", KINDS, "Save it as xlsx and choose that.")
    if "[Content_Types].xml" in names or mime:
        raise InputError(f"{name} is an office document without sheets.", KINDS, "Choose a workbook, or save its table as CSV.")
    return "zip"


def json_form(path: Path, head: bytes) -> Form | None:
    """Return whether a file is a JSON document, JSON lines, or neither."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head):
        head = head.replace(b"\x00", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    if _ARRAY.match(head):
        return "json"
    if _OBJECT.match(head):
        return "json lines" if _lines(path) else "json"
    return None


def _lines(path: Path) -> bool:
    """Return whether the first line is a JSON value of its own and another line follows."""
    import json

    with open(path, "rb") as file:
        first, second = b"", b""
        while not first.strip():
            first = file.readline(SAMPLE_BYTES)
            if not first:
                return False
        second = file.readline(64)
        while second and not second.strip():
            second = file.readline(64)
    try:
        json.loads(first.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return len(first) < SAMPLE_BYTES and first.strip().endswith(b"}") and second.lstrip().startswith(b"{")
    return bool(second.strip())

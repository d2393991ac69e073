"""One door for files of every kind: recognised, unpacked where they are compressed, and read."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from automl_core.data.origin import Choice, Form, Origin, Packing
from automl_core.data.reading import check_size, read_text, tables_in
from automl_core.data.report import TextTable
from automl_core.data.sources.recognise import KINDS, recognise
from automl_core.data.sources.unpacking import NAME, unpack
from automl_core.errors import AutoMLError, InputError


@dataclass(frozen=True)
class Opened:
    """A file that is ready to be read.

    Parameters
    ----------
    path : Path
        The file itself, or what was unpacked from it.
    form : Form
    name : str
        What messages call it.
    origin : Origin
    folder : Path
        For helper files; gone when the file is closed.
    """

    path: Path
    form: Form
    name: str
    origin: Origin
    folder: Path


def read_any(path: Path, choice: Choice | None = None, *, limit: int | None = None) -> TextTable:
    """Read a file of any kind.

    Parameters
    ----------
    path : Path
    choice : Choice, optional
        Which part of it and how; found from the file when left out.
    limit : int, optional
        Largest size in bytes, also of what is unpacked; `automl_core.data.reading.MAX_BYTES` when left out.

    Returns
    -------
    TextTable
        Text cells, or typed columns where the file types them.

    Raises
    ------
    InputError
        When it is missing, too large, damaged, or no table.
    """
    choice = choice or Choice()
    with opened(path, choice, limit=limit) as ready:
        return read_opened(ready, choice, limit=limit)


def parts_of(path: Path, choice: Choice | None = None) -> Origin:
    """Return which parts of a file can be chosen, and which one is read when nothing is.

    Parameters
    ----------
    path : Path
    choice : Choice, optional
        A file of an archive whose sheets or tables are asked for.

    Raises
    ------
    InputError
        As `read_any`.
    StorageError
        When the disk is full.
    """
    choice = choice or Choice()
    with opened(path, choice) as ready:
        if ready.form in ("workbook", "sqlite"):
            return read_opened(ready, choice).report.origin
        if ready.form != "text":
            return ready.origin
        return replace(ready.origin, tables=tables_in(ready.path, ready.folder, choice.dialect))


def choice_of_parts(path: Path, parts: Sequence[str]) -> Choice:
    """Return the choice that a person means by the names of parts: a file of an archive, a sheet, or the number of a table."""
    names = [part for part in parts if part]
    if not names:
        return Choice()
    members: list[str] = []
    if zipfile.is_zipfile(path) and recognise(path) == "zip":
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    member = next((name for name in names if name in members), "")
    rest = [name for name in names if name != member]
    if members and not member and len(rest) > 1:
        raise InputError(f"{path.name} holds no file {rest[0]!r}.", action="Name a file of the archive, then its sheet.")
    if members and not member:
        member, rest = rest[0], []
    if len(rest) > 1:
        raise InputError(f"{len(rest)} parts are named: {', '.join(rest)}.", "One sheet or table is read.", "Name one.")
    sheet = rest[0] if rest else ""
    return Choice(member=member, sheet=sheet, table=int(sheet) if sheet.isdecimal() else 0)


@contextmanager
def opened(path: Path, choice: Choice, *, within: Path | None = None, limit: int | None = None) -> Iterator[Opened]:
    """Recognise a file and unpack it into a helper folder where it is compressed; errors inside call it by its own name.

    Parameters
    ----------
    path : Path
    choice : Choice
    within : Path, optional
        Folder that the helper folder is made in.
    limit : int, optional
        Largest size in bytes.
    """
    check_size(path, limit)
    content, called = recognise(path), path.name
    try:
        with tempfile.TemporaryDirectory(dir=within, prefix=".opened-") as helper:
            folder = Path(helper)
            if content not in ("gzip", "bzip2", "xz", "zstd", "zip"):
                form = cast(Form, content)
                yield Opened(path, form, path.name, Origin(form), folder)
                return
            packing: Packing = content
            inside = unpack(path, packing, folder, member=choice.member, limit=limit)
            name = called = path.name if packing != "zip" else f"{inside.member} in {path.name}"
            within_it = recognise(inside.path, name)
            if within_it in ("gzip", "bzip2", "xz", "zstd", "zip"):
                raise InputError(f"{name} is compressed more than once.", KINDS, "Unpack it once yourself and choose that.")
            inner = cast(Form, within_it)
            origin = Origin(inner, packing, member=inside.member, members=inside.members)
            yield Opened(inside.path, inner, name, origin, folder)
    except AutoMLError as error:
        if NAME not in str(error):
            raise
        said = [part.replace(NAME, called) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error


def read_opened(ready: Opened, choice: Choice, *, limit: int | None = None) -> TextTable:
    """Read an opened file by the reader of its kind; the report says which part of it the table is."""
    table = _read(ready, choice, limit)
    inner = table.report.origin
    origin = replace(inner, packing=ready.origin.packing, member=ready.origin.member, members=ready.origin.members)
    notes = table.report.notes
    if origin.packing == "zip" and len(origin.members) > 1 and not choice.member:
        notes = (f"{origin.member!r} was read, the largest table of {len(origin.members):,} files in the archive.", *notes)
    return replace(table, report=replace(table.report, origin=origin, notes=notes, null_words=choice.null_words))


def _read(ready: Opened, choice: Choice, limit: int | None) -> TextTable:
    if ready.form == "text":
        return read_text(ready.path, dialect=choice.dialect, table=choice.table, limit=limit)
    if ready.form == "workbook":
        from automl_core.data.sources.sheets import read_sheet

        return read_sheet(ready.path, choice, ready.folder, name=ready.name)
    if ready.form in ("parquet", "arrow"):
        from automl_core.data.sources.columnar import read_columns

        return read_columns(ready.path, ready.form, name=ready.name)
    if ready.form == "sqlite":
        from automl_core.data.sources.database import read_sqlite

        return read_sqlite(ready.path, choice.sheet, name=ready.name)
    from automl_core.data.sources.documents import read_json_table

    return read_json_table(ready.path, ready.form, name=ready.name)

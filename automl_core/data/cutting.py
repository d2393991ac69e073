"""One table of a large text file cut out as bytes, where more stands in the file than it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from automl_core.data.blocks import NOTE_LINES, check_number, tables_note
from automl_core.data.dialect import SAMPLE_BYTES, Dialect
from automl_core.data.duck import Tell
from automl_core.data.encoding import BROKEN, decode, find_encoding, looks_utf16, write_utf8
from automl_core.data.large_blocks import PIECE, find_parts, usual_encoding
from automl_core.data.origin import Choice
from automl_core.data.records import split_lines
from automl_core.data.report import Around, ReadReport
from automl_core.data.scanning import Scan
from automl_core.errors import StorageError


@dataclass(frozen=True)
class Cut:
    """One table of a file that holds more than it.

    Parameters
    ----------
    path : Path
        Its lines alone.
    line : int
        Lines of the file before them.
    table : int
        Which of the tables, from 1; 0 where there is only one.
    tables : tuple of str
    below : tuple of Around
        Notes below the table.
    encoding : str
        Of the file, where its lines were written anew as UTF-8; otherwise empty.
    broken : int
        Letters that could not be decoded then.
    look : Scan or None
        What was seen in a file that is one table as a whole.
    """

    path: Path
    line: int = 0
    table: int = 0
    tables: tuple[str, ...] = ()
    below: tuple[Around, ...] = ()
    encoding: str = ""
    broken: int = 0
    look: Scan | None = None

    def dialect(self, chosen: Dialect | None) -> Dialect | None:
        """Return how the lines alone are read, where it was chosen how the file is."""
        return replace(chosen, encoding="utf-8") if chosen and self.encoding else chosen

    def told(self, report: ReadReport) -> ReadReport:
        """Return the report of the lines alone as one of the whole file."""
        if self.encoding and report.dialect:
            report = replace(report, dialect=replace(report.dialect, encoding=self.encoding))
        if self.broken:
            report = replace(report, repairs={**report.repairs, BROKEN.format(self.encoding): self.broken})
        if self.below:
            return report.with_notes_below(self.below)
        if not self.tables:
            return report
        return replace(
            report,
            refused=tuple(replace(row, line=row.line + self.line) for row in report.refused),
            around=tuple(replace(row, line=row.line + self.line) for row in report.around),
            notes=(tables_note(len(self.tables), self.table), *report.notes),
            origin=replace(report.origin, table=self.table, tables=self.tables),
        )


def cut_table(source: Path, folder: Path, choice: Choice, name: str, say: Tell = lambda done, doing: None) -> Cut:
    """Return the part of a large text file that one table is, copied into `folder` where it is not the whole file.

    Parameters
    ----------
    source : Path
    folder : Path
    choice : Choice
        Its dialect, and which of the tables; the largest when left out.
    name : str
        What messages call the file.
    say : callable
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    Cut
        A file whose letters take two bytes is written anew as UTF-8 first, so that its lines can be looked for as bytes.

    Raises
    ------
    InputError
        When there are fewer tables.
    StorageError
        When the disk is full.
    """
    if not (encoding := _wide(source, choice.dialect)):
        return _cut(source, folder, choice, name)
    text = _beside(source, folder, "utf8")
    broken = write_utf8(source, text, encoding, say)
    cut = Cut(text, encoding=encoding)
    return replace(
        _cut(text, folder, replace(choice, dialect=cut.dialect(choice.dialect)), name), encoding=encoding, broken=broken
    )


def tables_of(source: Path, folder: Path, dialect: Dialect | None = None) -> tuple[str, ...]:
    """Return the tables that stand below each other in a large text file, each in a few words; () where there is only one.

    Helper files go into `folder`; raises StorageError where there is no room for them.
    """
    if encoding := _wide(source, dialect):
        text = _beside(source, folder, "utf8")
        write_utf8(source, text, encoding)
        source, dialect = text, replace(dialect, encoding="utf-8") if dialect else None
    found = tuple(part.sentence for part in find_parts(source, dialect)[0] if part.is_table)
    return found if len(found) > 1 else ()


def _wide(source: Path, dialect: Dialect | None) -> str:
    """Return the encoding of a file whose letters take two bytes or more each, otherwise nothing."""
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(head)
    encoding = dialect.encoding if dialect else find_encoding(head, source) if wide else ""
    return encoding if encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32")) else ""


def _cut(source: Path, folder: Path, choice: Choice, name: str) -> Cut:
    parts, look = find_parts(source, choice.dialect)
    tables = [part for part in parts if part.is_table]
    if len(tables) > 1:
        sizes = [table.stop - table.start for table in tables]
        number = check_number(choice.table or sizes.index(max(sizes)) + 1, len(tables), name)
        part = tables[number - 1]
        cut = Cut(_beside(source, folder, "part"), part.line, number, tuple(table.sentence for table in tables))
        _copy(source, cut.path, part.start, part.stop)
        return cut
    last = parts[-1] if parts else None
    if last and tables and last.width == 1 and last.lines <= NOTE_LINES and tables[0].width > 2 and last is not tables[0]:
        lines_alone = _beside(source, folder, "part")
        _copy(source, lines_alone, 0, last.start)
        encoding = choice.dialect.encoding if choice.dialect else usual_encoding(source)
        with open(source, "rb") as file:
            file.seek(last.start)
            lines = split_lines(decode(file.read(last.stop - last.start), encoding, name)[0])
        below = tuple(
            Around(last.line + place, line[:2000], "below") for place, line in enumerate(lines, start=1) if line.strip()
        )
        return Cut(lines_alone, below=below)
    return Cut(source, look=look)


def _beside(source: Path, folder: Path, what: str) -> Path:
    """Return where a file that is made of another goes: messages call it by the name of that one."""
    (folder / what).mkdir(exist_ok=True)
    return folder / what / source.name


def _copy(source: Path, out: Path, start: int, stop: int) -> None:
    """Copy a part of a file; raises StorageError."""
    try:
        with open(source, "rb") as read, open(out, "wb") as write:
            read.seek(start)
            left = stop - start
            while left and (piece := read.read(min(PIECE, left))):
                write.write(piece)
                left -= len(piece)
    except FileNotFoundError as error:
        raise StorageError(
            f"{source.name} was moved or deleted while it was read.", action="Put it back or upload it, then try again."
        ) from error
    except OSError as error:
        raise StorageError(
            f"A part of {source.name} could not be copied: {error.strerror or error}.",
            action="Free some disk space, then try again.",
        ) from error

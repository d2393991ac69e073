"""Where a table came from inside its file, and what a person may choose about that."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from automl_core.data.dialect import Dialect
from automl_core.data.wording import count

Form = Literal["text", "workbook", "parquet", "arrow", "json", "json lines", "sqlite", "query"]
Packing = Literal["", "gzip", "bzip2", "xz", "zstd", "zip"]

FORM_WORDS: dict[str, str] = {
    "text": "Text with delimiters",
    "workbook": "Workbook",
    "parquet": "Parquet",
    "arrow": "Arrow (Feather)",
    "json": "JSON",
    "json lines": "JSON lines",
    "sqlite": "SQLite database",
    "query": "Query of a database",
}


@dataclass(frozen=True)
class Choice:
    """What a person chose about how a file is read; what is left out is found from the file.

    Parameters
    ----------
    dialect : Dialect or None
        Of a text file.
    member : str
        File of a zip archive.
    sheet : str
        Sheet of a workbook, or table of an SQLite database.
    table : int
        Which of the tables that stand below each other, from 1; 0 for the largest.
    skip_rows, header_rows : int or None
        Of a sheet.
    null_words : tuple of str or None
        Words that mean "missing" in every column.
    written : tuple of (str, str)
        Columns, and how their dates or numbers are written, see `data.written.WAYS`.
    """

    dialect: Dialect | None = None
    member: str = ""
    sheet: str = ""
    table: int = 0
    skip_rows: int | None = None
    header_rows: int | None = None
    null_words: tuple[str, ...] | None = None
    written: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        data = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        data["dialect"] = self.dialect.to_dict() if self.dialect else None
        data["null_words"] = None if self.null_words is None else list(self.null_words)
        data["written"] = [list(pair) for pair in self.written]
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Choice:
        """Rebuild a choice from `to_dict`'s output."""
        given = dict(data)
        if given.get("dialect"):
            given["dialect"] = Dialect(**given["dialect"])
        if given.get("null_words") is not None:
            given["null_words"] = tuple(given["null_words"])
        given["written"] = tuple((column, way) for column, way in given.get("written", ()))
        return cls(**given)


@dataclass(frozen=True)
class Origin:
    """Which part of a file a table is, and which others there were.

    Parameters
    ----------
    form : Form
    packing : Packing
        How the file was compressed, empty for not at all.
    member, sheet : str
    table : int
        From 1; 0 where there is only one.
    members, sheets, tables : tuple of str
        What could be chosen; a table is described by its lines and columns.
    skip_rows, header_rows : int
        Of a sheet.
    query : str
        The statement whose rows these are.
    """

    form: Form = "text"
    packing: Packing = ""
    member: str = ""
    sheet: str = ""
    table: int = 0
    members: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    skip_rows: int = 0
    header_rows: int = 0
    query: str = ""

    @property
    def sentence(self) -> str:
        """Say what the table is a part of, empty for a plain text file."""
        parts = []
        if self.packing == "zip":
            parts.append(f"{self.member!r} of {count(len(self.members), 'file')} in a zip archive")
        elif self.packing:
            parts.append(f"Unpacked from {self.packing}")
        if self.form in ("workbook", "sqlite"):
            what = "sheet" if self.form == "workbook" else "table"
            parts.append(f"{what} {self.sheet!r} of {count(len(self.sheets), what)}")
        elif self.form != "text":
            parts.append(FORM_WORDS[self.form])
        said = ", ".join(parts)
        return f"{said[0].upper()}{said[1:]}." if said else ""

    def choice(self, dialect: Dialect | None) -> Choice:
        """Return what reads the same part in the same way again."""
        sheet = self.form == "workbook"
        return Choice(
            dialect,
            self.member,
            self.sheet,
            self.table,
            self.skip_rows if sheet else None,
            self.header_rows if sheet else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Origin:
        """Rebuild an origin from `to_dict`'s output."""
        given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
        return cls(**given)


def other_part(choice: Choice, **part: Any) -> Choice:
    """Return a choice of another part of the same file; what was found for the part before does not hold for it."""
    cleared: dict[str, Any] = {"dialect": None, "skip_rows": None, "header_rows": None, "table": 0, "written": ()}
    if "member" in part:
        cleared["sheet"] = ""
    return replace(choice, **(cleared | part))

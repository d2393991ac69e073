"""How a file was read: what was mended, what was refused, what was taken as missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from automl_core.data.dialect import Dialect
from automl_core.data.origin import Choice, Origin
from automl_core.data.wording import lines_left_out


@dataclass(frozen=True)
class Refused:
    """A record that could not be read."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class Around:
    """A line above or below the table that is none of its rows, such as a title or a note."""

    line: int
    text: str
    place: Literal["above", "below"]


@dataclass(frozen=True)
class NullWord:
    """A word that was taken as missing.

    Parameters
    ----------
    word : str
        Empty for empty cells.
    count : int
        Cells.
    columns : tuple of str
        Where it stands.
    """

    word: str
    count: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class ReadReport:
    """How a file was read.

    Parameters
    ----------
    dialect : Dialect or None
        None for a table that was not read from a file.
    rows, columns : int
    repairs : dict of str to int
        What was mended, as a sentence, and in how many places.
    refused : tuple of Refused
    around : tuple of Around
        Lines above and below the table.
    notes : tuple of str
        What else the person should know.
    origin : Origin
        Which part of the file it is.
    nulls : tuple of NullWord
        What was taken as missing, the most frequent first.
    null_rows : int
        Rows that `nulls` was counted in, where that was not all of them; 0 for all.
    null_words : tuple of str or None
        Words for missing that a person chose.
    written : tuple of (str, str)
        Columns, and how a person said that they are written.
    typed : tuple of str
        Columns whose numbers and dates their file typed: they can be read one way only.
    """

    dialect: Dialect | None
    rows: int
    columns: int
    repairs: dict[str, int] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Origin = field(default_factory=Origin)
    nulls: tuple[NullWord, ...] = ()
    null_rows: int = 0
    null_words: tuple[str, ...] | None = None
    around: tuple[Around, ...] = ()
    written: tuple[tuple[str, str], ...] = ()
    typed: tuple[str, ...] = ()

    @property
    def choice(self) -> Choice:
        """What reads the same part of the file in the same way again."""
        return replace(self.origin.choice(self.dialect), null_words=self.null_words, written=self.written)

    def with_notes_below(self, below: tuple[Around, ...]) -> ReadReport:
        """Return the report with lines that stand below the table."""
        notes = (*self.notes, lines_left_out(len(below), "below"))
        return replace(self, around=(*self.around, *below), notes=notes)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "dialect": self.dialect.to_dict() if self.dialect else None,
            "rows": self.rows,
            "columns": self.columns,
            "repairs": dict(self.repairs),
            "refused": [[row.line, row.text, row.reason] for row in self.refused],
            "notes": list(self.notes),
            "origin": self.origin.to_dict(),
            "nulls": [[entry.word, entry.count, list(entry.columns)] for entry in self.nulls],
            "null_rows": self.null_rows,
            "null_words": None if self.null_words is None else list(self.null_words),
            "written": [list(pair) for pair in self.written],
            "typed": list(self.typed),
            "around": [[row.line, row.text, row.place] for row in self.around],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ReadReport:
        """Rebuild a report from `to_dict`'s output."""
        return cls(
            dialect=Dialect(**data["dialect"]) if data["dialect"] else None,
            rows=data["rows"],
            columns=data["columns"],
            repairs=data["repairs"],
            refused=tuple(Refused(*entry) for entry in data["refused"]),
            notes=tuple(data["notes"]),
            origin=Origin.from_dict(data["origin"]) if "origin" in data else Origin(),
            nulls=tuple(NullWord(word, count, tuple(columns)) for word, count, columns in data.get("nulls", ())),
            null_rows=data.get("null_rows", 0),
            null_words=None if data.get("null_words") is None else tuple(data["null_words"]),
            written=tuple((column, way) for column, way in data.get("written", ())),
            around=tuple(Around(*entry) for entry in data.get("around", ())),
            typed=tuple(data.get("typed", ())),
        )


@dataclass(frozen=True)
class TextTable:
    """A table of text cells (``""`` for empty), or of columns that their file typed, and how it was read."""

    frame: pd.DataFrame
    report: ReadReport

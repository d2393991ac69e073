"""What a table's columns are: their kinds, and how their text is read."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from automl_core.errors import NotFoundError
from automl_core.shapes import check_shape

Kind = Literal["number", "category", "boolean", "date", "text", "id"]
KINDS: tuple[Kind, ...] = get_args(Kind)

NULL_WORDS: tuple[str, ...] = ("", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "none", "?", "-", "#N/A")
"""Words read as missing unless a column says otherwise."""
_SHAPE = {
    "columns": [
        {
            "name": str,
            "kind": str,
            "evidence?": str,
            "overruled?": bool,
            "parsing?": {
                "null_words?": [str],
                "decimal?": str,
                "thousands?": str,
                "strip?": [str],
                "scale?": float,
                "negative_parentheses?": bool,
                "date_format?": str,
            },
        }
    ]
}


@dataclass(frozen=True)
class Parsing:
    """How one column's text becomes values.

    Parameters
    ----------
    null_words : tuple of str
        Cells that mean "missing", compared after trimming.
    decimal : str
        Decimal mark of numbers.
    thousands : str
        Grouping mark of numbers, empty for none.
    strip : tuple of str
        Currency signs, percent signs and units removed from numbers before they are read.
    scale : float
        Factor applied to numbers, 0.01 for percentages.
    negative_parentheses : bool
        Whether ``(12)`` is read as -12.
    date_format : str
        `strptime` format of dates, ``"ISO8601"`` for that family, empty for columns that are no dates.
    """

    null_words: tuple[str, ...] = NULL_WORDS
    decimal: str = "."
    thousands: str = ""
    strip: tuple[str, ...] = ()
    scale: float = 1.0
    negative_parentheses: bool = False
    date_format: str = ""


@dataclass(frozen=True)
class Column:
    """One column: its name as the person wrote it, its kind, and why.

    Parameters
    ----------
    name : str
    kind : Kind
        Typed storage: ``number`` is float64 or int64; ``date`` is datetime64[ns] without zone; ``category``,
        ``boolean``, ``text`` and ``id`` are object columns of str. Missing is NaN or NaT in all of them. A boolean
        keeps the person's two words.
    parsing : Parsing
    evidence : str
        One sentence on why this kind was chosen.
    overruled : bool
        Whether a person chose the kind.
    """

    name: str
    kind: Kind
    parsing: Parsing = field(default_factory=Parsing)
    evidence: str = ""
    overruled: bool = False


@dataclass(frozen=True)
class Schema:
    """The ordered columns of a table."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in reversed(self.columns)}

    def __getitem__(self, name: str) -> Column:
        """Return the column called `name`; raises NotFoundError naming the columns there are."""
        if name in self._by_name:
            return self._by_name[name]
        known = ", ".join(repr(known) for known in self.names[:20])
        raise NotFoundError(f"There is no column {name!r}.", f"The columns are {known}.", "Choose one of them.")

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def of_kind(self, *kinds: Kind) -> list[str]:
        """Return the names of the columns whose kind is one of `kinds`, in order."""
        return [column.name for column in self.columns if column.kind in kinds]

    def without(self, names: Iterable[str]) -> Schema:
        """Return a schema that lacks the named columns."""
        dropped = set(names)
        return Schema(tuple(column for column in self.columns if column.name not in dropped))

    def with_column(self, column: Column) -> Schema:
        """Return a schema in which `column` replaces the one of its name, or is appended."""
        if column.name in self:
            return Schema(tuple(column if old.name == column.name else old for old in self.columns))
        return Schema((*self.columns, column))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "columns": [
                {
                    "name": column.name,
                    "kind": column.kind,
                    "evidence": column.evidence,
                    "overruled": column.overruled,
                    "parsing": {
                        "null_words": list(column.parsing.null_words),
                        "decimal": column.parsing.decimal,
                        "thousands": column.parsing.thousands,
                        "strip": list(column.parsing.strip),
                        "scale": column.parsing.scale,
                        "negative_parentheses": column.parsing.negative_parentheses,
                        "date_format": column.parsing.date_format,
                    },
                }
                for column in self.columns
            ],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Schema:
        """Rebuild a schema from `to_dict`'s output; raises KeyError, TypeError or ValueError for anything else."""
        check_shape(data, _SHAPE, "schema")
        columns = []
        for entry in data["columns"]:
            if entry["kind"] not in KINDS:
                raise ValueError(f"a column is of the kind {entry['kind'][:60]!r}")
            parsing = dict(entry.get("parsing", {}))
            for key in ("null_words", "strip"):
                if key in parsing:
                    parsing[key] = tuple(parsing[key])
            columns.append(
                Column(
                    name=entry["name"],
                    kind=entry["kind"],
                    parsing=Parsing(**parsing),
                    evidence=entry.get("evidence", ""),
                    overruled=entry.get("overruled", False),
                )
            )
        return cls(tuple(columns))


def overrule(schema: Schema, name: str, kind: Kind) -> Schema:
    """Return `schema` with the kind of one column chosen by a person."""
    old = schema[name]
    return schema.with_column(replace(old, kind=kind, evidence="Chosen by you.", overruled=True))

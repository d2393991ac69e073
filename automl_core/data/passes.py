"""One pass of DuckDB over a large text file: how each column is read, what was set aside, what has to change for the next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from automl_core.data.dialect import Dialect
from automl_core.data.duck import Tell, connect, named, quoted, run_told
from automl_core.data.parsing import EXACT
from automl_core.data.report import Refused
from automl_core.errors import DialectError
from automl_core.schema import Column, Parsing, Schema

if TYPE_CHECKING:
    import duckdb

Storage = Literal["whole", "decimal", "day", "moment", "text", "later"]
"""How a column is read: typed by DuckDB, as text that is its own value, or as text that is typed afterwards."""
MAX_REFUSED = 10_000
"""Refused records that are kept with their text."""
_REASONS = {
    "MISSING COLUMNS": "fewer cells than the table has columns",
    "TOO MANY COLUMNS": "more cells than the table has columns",
    "UNQUOTED VALUE": "a stray quote",
    "LINE SIZE OVER MAXIMUM": "a line of more than 2 MB",
    "INVALID ENCODING": "letters that the encoding does not have",
}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENTS = tuple(
    (f"%Y-%m-%d{mark}{clock}", re.compile(rf"\d{{4}}-\d{{2}}-\d{{2}}{mark}{pattern}"))
    for mark in (" ", "T")
    for clock, pattern in (
        ("%H:%M:%S", r"\d{2}:\d{2}:\d{2}"),
        ("%H:%M", r"\d{2}:\d{2}"),
        ("%H:%M:%S.%f", r"\d{2}:\d{2}:\d{2}\.\d+"),
    )
)
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_PLAIN = Parsing()


@dataclass(frozen=True)
class Plan:
    """How one pass over the file is made."""

    dialect: Dialect
    columns: tuple[Column, ...]
    storage: tuple[Storage, ...]
    moment: str = ""
    null_words: tuple[str, ...] = ("",)
    pad: bool = False
    may_pad: bool = True
    doubtful: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names in the first Parquet file: their own, unless DuckDB cannot tell them apart."""
        own = [column.name for column in self.columns]
        return own if len({name.casefold() for name in own}) == len(own) else [f"c{place}" for place in range(len(own))]

    def stored(self, changes: dict[int, Storage]) -> Plan:
        """Return the plan with other ways of reading for some columns."""
        return replace(self, storage=tuple(changes.get(place, kept) for place, kept in enumerate(self.storage)))


@dataclass
class Pass:
    """What one pass over the file found."""

    refused: list[Refused] = field(default_factory=list)
    count: int = 0
    changes: dict[int, Storage] = field(default_factory=dict)
    short: int = 0
    undecodable: int = 0
    unpaddable: bool = False


def plan_pass(dialect: Dialect, schema: Schema, sample: Any) -> Plan:
    """Decide column by column how it is read, from the sample."""
    storage: list[Storage] = []
    moments: dict[str, int] = {}
    words: set[str] = {""}
    shared = set.intersection(*(set(column.parsing.null_words) for column in schema))
    forms: list[str] = []
    for position, column in enumerate(schema):
        cells = {str(cell).strip() for cell in sample.iloc[:, position].dropna().unique()}
        blank = cells & set(column.parsing.null_words)
        form, kept = _storage(column, cells - blank)
        if kept not in ("text", "later"):
            words |= blank & shared
        if form:
            moments[form] = moments.get(form, 0) + 1
        forms.append(form)
        storage.append(kept)
    moment = max(moments, key=lambda form: moments[form], default="")
    # DuckDB takes one format for all moments of a file.
    storage = ["later" if kept == "moment" and form != moment else kept for kept, form in zip(storage, forms, strict=True)]
    return Plan(dialect, tuple(schema), tuple(storage), moment, tuple(sorted(words)))


def _storage(column: Column, cells: set[str]) -> tuple[str, Storage]:
    """Return the format of moments, and how a column with these cells is read."""
    parsing = column.parsing
    if column.kind == "number":
        if replace(parsing, null_words=_PLAIN.null_words) != _PLAIN:
            return "", "later"
        return "", "whole" if cells and all(_WHOLE.fullmatch(cell) for cell in cells) else "decimal"
    if column.kind == "date":
        if parsing.date_format == "ISO8601" and cells:
            if all(_DAY.fullmatch(cell) for cell in cells):
                return "", "day"
            for form, pattern in _MOMENTS:
                if all(pattern.fullmatch(cell) for cell in cells):
                    return form, "moment"
        return "", "later"
    return "", "text"


def csv_call(source: Path, plan: Plan, storage: Iterable[Storage] | None = None) -> str:
    """Return the call of DuckDB's reader; columns are called c0, c1, ... there."""
    dialect = plan.dialect
    types = {"whole": "DOUBLE", "decimal": "DOUBLE", "day": "DATE", "moment": "TIMESTAMP"}
    columns = ", ".join(f"c{place}: '{types.get(kept, 'VARCHAR')}'" for place, kept in enumerate(storage or plan.storage))
    options = {
        "auto_detect": "false",
        "header": "false",
        "delim": quoted(dialect.delimiter or "\x1f"),
        "quote": quoted(dialect.quote),
        "escape": quoted(dialect.escape or dialect.quote),
        "skip": str(dialect.skip_rows + dialect.header_rows),
        "store_rejects": "true",
        "dateformat": "'%Y-%m-%d'",
        "columns": f"{{{columns}}}",
    }
    if plan.moment:
        options["timestampformat"] = quoted(plan.moment)
    if plan.null_words != ("",):
        options["nullstr"] = f"[{', '.join(quoted(word) for word in plan.null_words)}]"
    if plan.pad:
        options["null_padding"] = "true"
    return f"read_csv({quoted(str(source))}, {', '.join(f'{key}={value}' for key, value in options.items())})"


def _select(plan: Plan) -> str:
    """Return what is made of each column; a number that is not whole ends the pass, since the cast would round it."""
    made = []
    for place, (column, kept, name) in enumerate(zip(plan.columns, plan.storage, plan.names, strict=True)):
        cell = f"c{place}"
        if kept == "whole":
            fits = f"{cell} IS NULL OR ({cell} = trunc({cell}) AND abs({cell}) < {EXACT})"
            cell = f"CASE WHEN {fits} THEN {cell}::BIGINT ELSE error('not whole: {place}') END"
        elif kept == "day":
            cell = f"{cell}::TIMESTAMP"
        elif kept == "text":
            words = sorted({*column.parsing.null_words, ""})
            longest = max(len(word.encode()) for word in words)
            # Not IN: DuckDB makes a join of a long list, which loses the order of the rows.
            listed = " OR ".join(f"{cell} = {quoted(word)}" for word in words)
            # Words with spaces around them are found afterwards, by the smallest cell: trimming each would take a third longer.
            cell = f"CASE WHEN strlen({cell}) <= {longest} AND ({listed}) THEN NULL ELSE {cell} END"
        made.append(f"{cell} AS {named(name)}")
    return ", ".join(made)


def copy_rows(source: Path, raw: Path, plan: Plan, say: Tell) -> Pass:
    """Write one pass over the file as Parquet and return what has to change before the next, if anything."""
    import duckdb

    # Empty lines are no rows. Of most rows the first column alone says that they are none.
    where = " OR ".join(f"c{place} IS NOT NULL" for place in range(len(plan.columns)))
    sql = (
        f"COPY (SELECT {_select(plan)} FROM {csv_call(source, plan)} WHERE {where}) TO {quoted(str(raw))} "
        "(FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 5000, WRITE_BLOOM_FILTER false)"
    )
    with connect() as connection:
        try:
            run_told(connection, sql, say)
        except duckdb.InvalidInputException as error:
            fraction = re.search(r"not whole: (\d+)", str(error))
            if fraction is None and plan.pad and "null_padding" in str(error):
                return Pass(unpaddable=True)  # it does not go with line breaks inside cells
            if fraction is None:
                raise _unreadable(source, error) from error
            return Pass(changes={int(fraction.group(1)): "decimal"})
        except duckdb.Error as error:
            raise _unreadable(source, error) from error
        return _rejects(connection, plan)


def underscored(source: Path, plan: Plan) -> dict[int, Storage]:
    """Return the columns of numbers in which ``_`` stands somewhere, to be typed by `parse_column` instead."""
    import duckdb

    numbers = [place for place, kept in enumerate(plan.storage) if kept in ("whole", "decimal")]
    if not numbers:
        return {}
    asked = ", ".join(f"coalesce(bool_or(contains(c{place}, '_')), false)" for place in numbers)
    with connect() as connection:
        try:
            text: list[Storage] = ["text"] * len(plan.columns)
            found = connection.execute(f"SELECT {asked} FROM {csv_call(source, plan, text)}").fetchone() or ()
        except duckdb.Error as error:
            raise _unreadable(source, error) from error
    return {place: "later" for place, has in zip(numbers, found, strict=True) if has}


def _unreadable(source: Path, error: Exception) -> DialectError:
    first = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")[:200]
    return DialectError(
        f"{source.name} cannot be read as a table: {first}",
        action="Check that the export was complete, or choose another delimiter.",
    )


def _rejects(connection: duckdb.DuckDBPyConnection, plan: Plan) -> Pass:
    """Return the records that DuckDB set aside, and the columns that it cannot type."""
    count = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    if not count or not count[0]:
        return Pass()
    kinds = dict(connection.execute("SELECT error_type::VARCHAR, count(DISTINCT line) FROM reject_errors GROUP BY 1").fetchall())
    misfits = connection.execute("SELECT DISTINCT column_name FROM reject_errors WHERE error_type = 'CAST'").fetchall()
    rows = connection.execute(
        "SELECT line, first(error_type::VARCHAR), first(csv_line) FROM reject_errors GROUP BY line ORDER BY line LIMIT ?",
        [MAX_REFUSED],
    ).fetchall()
    refused = [Refused(line, str(text)[:2000], _REASONS.get(kind, kind.lower())) for line, kind, text in rows]
    return Pass(
        refused,
        count[0],
        {int(name[0][1:]): "later" for name in misfits},
        kinds.get("MISSING COLUMNS", 0),
        kinds.get("INVALID ENCODING", 0),
    )

"""Large text tables: DuckDB streams the file into typed Parquet, the kinds are found from a sample, every cell is counted.

Plain numbers, ISO dates and words are typed by DuckDB while it reads. Columns written in any other way, and columns in which
it met a cell that does not fit, are stored as text first and typed by `parse_column`, the way of all smaller tables.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from automl_core.data.dialect import SAMPLE_BYTES, Dialect, check_content
from automl_core.data.encoding import find_encoding, spot_utf8
from automl_core.data.kinds import infer_schema
from automl_core.data.nulls import count_nulls
from automl_core.data.parsing import EXACT, Faults
from automl_core.data.reading import ReadReport, Refused, decode, find_dialect, split_lines
from automl_core.data.sampling import read_sample
from automl_core.errors import InputError
from automl_core.schema import Column, Kind, Parsing, Schema

if TYPE_CHECKING:
    import duckdb

Tell = Callable[[float, str], None]
Storage = Literal["whole", "decimal", "day", "moment", "text", "later"]
"""How a column is read: typed by DuckDB, as text that is its own value, or as text that is typed afterwards."""

SAMPLE = 1 << 20
"""Bytes of text, from all over the file, that the kinds are found from."""
MEMORY = "1GB"
"""What DuckDB may hold."""
MAX_REFUSED = 10_000
"""Refused records that are kept with their text."""
PADDED = 0.01
"""Share of rows with too few cells from which they are filled up instead of refused."""
TRIES = 6
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
class Streamed:
    """What became of a file, besides the Parquet file."""

    schema: Schema
    report: ReadReport
    faults: dict[str, Faults]
    fingerprint: str
    rows: int


@dataclass(frozen=True)
class _Plan:
    """How one pass over the file is made."""

    dialect: Dialect
    columns: tuple[Column, ...]
    storage: tuple[Storage, ...]
    moment: str = ""
    null_words: tuple[str, ...] = ("",)
    pad: bool = False
    doubtful: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names in the first Parquet file: their own, unless DuckDB cannot tell them apart."""
        own = [column.name for column in self.columns]
        return own if len({name.casefold() for name in own}) == len(own) else [f"c{place}" for place in range(len(own))]

    def stored(self, changes: dict[int, Storage]) -> _Plan:
        return replace(self, storage=tuple(changes.get(place, kept) for place, kept in enumerate(self.storage)))


@dataclass
class _Pass:
    """What one pass over the file found."""

    refused: list[Refused] = field(default_factory=list)
    count: int = 0
    changes: dict[int, Storage] = field(default_factory=dict)
    short: int = 0
    undecodable: int = 0


def stream_table(
    source: Path,
    out: Path,
    *,
    dialect: Dialect | None = None,
    kinds: dict[str, Kind] | None = None,
    null_words: tuple[str, ...] | None = None,
    tell: Tell | None = None,
) -> Streamed:
    """Write a delimited text file as typed Parquet, without holding it in memory.

    Parameters
    ----------
    source : Path
    out : Path
        The Parquet file; helper files are made beside it and removed.
    dialect : Dialect, optional
        Found from the file when left out.
    kinds : dict of str to Kind, optional
        Kinds that a person chose.
    null_words : tuple of str, optional
        Words that mean "missing", instead of the usual ones.
    tell : callable, optional
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    Streamed
        The fingerprint is a SHA-256 over DuckDB's hashes of the typed rows, in order, and the schema.

    Raises
    ------
    InputError
        When it is no table.
    """
    say = tell or (lambda done, doing: None)
    with open(source, "rb") as file:
        head = file.read(SAMPLE_BYTES)
    check_content(head, source.name)
    encoding = dialect.encoding if dialect else (spot_utf8(head, source) or find_encoding(head, source))
    dialect = dialect or find_dialect(split_lines(decode(head, encoding, source.name)[0]), encoding)
    helper = out.with_name("text.utf8")
    try:
        return _streamed(source, out, helper, dialect, kinds or {}, null_words, say)
    finally:
        helper.unlink(missing_ok=True)


def _streamed(
    source: Path,
    out: Path,
    helper: Path,
    dialect: Dialect,
    kinds: dict[str, Kind],
    null_words: tuple[str, ...] | None,
    say: Tell,
) -> Streamed:
    say(0.0, "Looking at rows from all over the file")
    notes: list[str] = []
    repairs: dict[str, int] = {}
    text, broken = source, 0
    if not _reads_directly(dialect.encoding):
        broken = _transcode(source, helper, dialect.encoding, say)
        text = helper
    sample, _ = read_sample(source, SAMPLE, dialect=dialect)
    schema = infer_schema(sample.frame, kinds=kinds, null_words=null_words)
    plan = _plan(dialect, schema, sample.frame)
    notes += [note for note in sample.report.notes if not note.startswith("Column ") or "characters" not in note]
    raw = out.with_name("raw.parquet")
    try:
        for _ in range(TRIES):
            found = _copy(text, raw, plan, say)
            if found.undecodable and text == source:
                encoding = find_encoding(b"", source)
                broken = _transcode(source, helper, encoding, say)
                if encoding != dialect.encoding:
                    return _streamed(source, out, helper, replace(dialect, encoding=encoding), kinds, null_words, say)
                text = helper
                continue
            if found.changes:
                plan = plan.stored(found.changes)
                if plan.doubtful and "decimal" in found.changes.values():
                    plan = plan.stored({place: "decimal" for place, kept in enumerate(plan.storage) if kept == "whole"})
                plan = replace(plan, doubtful=True)
                continue
            rows = _rows(raw)
            if found.short > PADDED * max(rows, 1) and not plan.pad:
                repairs["Rows with too few cells were filled up with missing ones."] = found.short
                plan = replace(plan, pad=True)
                continue
            break
        if not rows:
            raise InputError(
                f"{source.name} has column names but no rows that can be read.",
                "At least one row of values is needed.",
                "Check that the export was complete, or choose another delimiter.",
            )
        columns, faults = _typed(raw, out, plan, say)
    finally:
        raw.unlink(missing_ok=True)
    if broken:
        repairs[f"Letters that {dialect.encoding} does not have were read as \ufffd."] = broken
    notes.append(
        f"The kinds were found from {len(sample.frame):,} rows from all over the file; then every cell was read by them."
    )
    if found.count > len(found.refused):
        notes.append(f"{found.count:,} records were refused; the first {len(found.refused):,} are kept.")
    typed = Schema(columns)
    report = ReadReport(
        dialect,
        rows,
        len(typed),
        repairs,
        tuple(found.refused),
        tuple(notes),
        nulls=count_nulls(sample.frame, schema),
        null_rows=len(sample.frame),
        null_words=null_words,
    )
    say(0.92, "Taking the fingerprint")
    return Streamed(typed, report, faults, stored_fingerprint(out, typed), rows)


def _reads_directly(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf-8-sig", "ascii")


def _transcode(source: Path, helper: Path, encoding: str, say: Tell) -> int:
    """Write the file as UTF-8 and return how many letters could not be decoded."""
    broken, done, size = 0, 0, max(source.stat().st_size, 1)
    with (
        open(source, encoding=encoding, errors="replace", newline="") as read,
        open(helper, "w", encoding="utf-8", newline="") as write,
    ):
        while block := read.read(1 << 22):
            broken += block.count("\ufffd")
            write.write(block)
            done += len(block)
            say(min(0.2 * done / size, 0.2), f"Turning {encoding} into UTF-8")
    return broken


def _plan(dialect: Dialect, schema: Schema, sample: Any) -> _Plan:
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
    return _Plan(dialect, tuple(schema), tuple(storage), moment, tuple(sorted(words)))


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


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection in memory, held to `MEMORY` and to the cores of this process, that loads no extension."""
    import duckdb

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "threads": str(cores),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _csv(source: Path, plan: _Plan, storage: Iterable[Storage] | None = None) -> str:
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


def _select(plan: _Plan) -> str:
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
        made.append(f"{cell} AS {_name(name)}")
    return ", ".join(made)


def _copy(source: Path, raw: Path, plan: _Plan, say: Tell) -> _Pass:
    """Write one pass over the file as Parquet and return what has to change before the next, if anything."""
    import duckdb

    where = "" if len(plan.columns) > 1 else " WHERE c0 IS NOT NULL"
    sql = (
        f"COPY (SELECT {_select(plan)} FROM {_csv(source, plan)}{where}) TO {quoted(str(raw))} "
        "(FORMAT parquet, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 5000, WRITE_BLOOM_FILTER false)"
    )
    with connect() as connection:
        try:
            _run(connection, sql, say)
        except duckdb.InvalidInputException as error:
            fraction = re.search(r"not whole: (\d+)", str(error))
            if fraction is None:
                raise _unreadable(source, error) from error
            return _Pass(changes={int(fraction.group(1)): "decimal"})
        except duckdb.Error as error:
            raise _unreadable(source, error) from error
        return _rejects(connection, plan)


def _unreadable(source: Path, error: Exception) -> InputError:
    first = str(error).splitlines()[0][:200]
    return InputError(
        f"{source.name} cannot be read as a table: {first}", action="Choose the delimiter and the encoding by hand."
    )


def _rejects(connection: duckdb.DuckDBPyConnection, plan: _Plan) -> _Pass:
    """Return the records that DuckDB set aside, and the columns that it cannot type."""
    count = connection.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    if not count or not count[0]:
        return _Pass()
    kinds = dict(connection.execute("SELECT error_type::VARCHAR, count(*) FROM reject_errors GROUP BY 1").fetchall())
    misfits = connection.execute("SELECT DISTINCT column_name FROM reject_errors WHERE error_type = 'CAST'").fetchall()
    rows = connection.execute(
        "SELECT line, first(error_type::VARCHAR), first(csv_line) FROM reject_errors GROUP BY line ORDER BY line LIMIT ?",
        [MAX_REFUSED],
    ).fetchall()
    refused = [Refused(line, str(text)[:2000], _REASONS.get(kind, kind.lower())) for line, kind, text in rows]
    return _Pass(
        refused,
        count[0],
        {int(name[0][1:]): "later" for name in misfits},
        kinds.get("MISSING COLUMNS", 0),
        kinds.get("INVALID ENCODING", 0),
    )


def _run(connection: duckdb.DuckDBPyConnection, sql: str, say: Tell) -> None:
    """Run a statement and tell how far it is."""
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(connection.execute, sql)
        while True:
            try:
                running.result(timeout=0.25)
                return
            except StillRunning:
                done = connection.query_progress()
                say(0.2 + 0.6 * max(done, 0.0) / 100, "Reading the rows")


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _typed(raw: Path, out: Path, plan: _Plan, say: Tell) -> tuple[tuple[Column, ...], dict[str, Faults]]:
    """Give the columns their names, and those that were left as text their types."""
    checked, later = _checked(raw, plan)
    later |= {place for place, kept in enumerate(plan.storage) if kept == "later"}
    if later or plan.names != [column.name for column in plan.columns]:
        from automl_core.data.retyping import retype

        return checked, retype(raw, out, checked, later, lambda done: say(0.8 + 0.12 * done, "Typing what is not plain"))
    raw.replace(out)
    return checked, {}


def _checked(raw: Path, plan: _Plan) -> tuple[tuple[Column, ...], set[int]]:
    """Return the columns as the whole table shows them, and those that must be typed again.

    These are numbers with infinite ones among them, and text with cells that begin with white space, as a padded word for
    missing does: both show in the smallest and largest cells that Parquet keeps.
    """
    again = {place for place, kept in enumerate(plan.storage) if kept in ("decimal", "text") and _odd(raw, place, kept)}
    columns = list(plan.columns)
    asked = [place for place, column in enumerate(columns) if column.kind == "boolean" and not column.overruled]
    if asked:
        counts = ", ".join(f"approx_count_distinct(lower(trim({_name(plan.names[place])})))" for place in asked)
        with connect() as connection:
            answers = connection.execute(f"SELECT {counts} FROM read_parquet({quoted(str(raw))})").fetchone() or ()
        for place, count in zip(asked, answers, strict=True):
            if count > 2:
                evidence = "Two words in the rows looked at, but more in the whole file."
                columns[place] = replace(columns[place], kind="category", evidence=evidence)
    return tuple(columns), again


def _odd(raw: Path, place: int, kept: Storage) -> bool:
    """Return whether the smallest or largest cells of a column call for a closer look; without them it is looked at."""
    import pyarrow.parquet as pq

    parts = pq.read_metadata(raw)
    for number in range(parts.num_row_groups):
        chunk = parts.row_group(number).column(place)
        found = chunk.statistics
        if found is None or not found.has_min_max:
            if found is None or found.null_count != chunk.num_values:
                return True
        elif (kept == "text" and str(found.min) < "!") or (
            kept == "decimal" and not (math.isfinite(found.min) and math.isfinite(found.max))
        ):
            return True
    return False


def stored_fingerprint(path: Path, schema: Schema) -> str:
    """Return a SHA-256 over the schema and DuckDB's hashes of the rows of a Parquet file, in their order."""
    digest = hashlib.sha256()
    for column in schema:
        digest.update(f"{column.name}\0{column.kind}\0".encode(errors="surrogatepass"))
    with connect() as connection:
        # Columns are called by their place, since DuckDB takes names that differ only in their case for one.
        total = connection.execute(
            f"SELECT sum(hash({', '.join(f'c{place}' for place in range(len(schema) + 1))})::HUGEINT) "
            f"FROM (SELECT * FROM read_parquet({quoted(str(path))}, file_row_number=true)) "
            f"AS t({', '.join(f'c{place}' for place in range(len(schema) + 1))})"
        ).fetchone()
    digest.update(str(total).encode())
    return digest.hexdigest()

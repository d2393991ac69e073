"""Large text tables: DuckDB streams the file into typed Parquet, the kinds are found from a sample, every cell is counted.

Plain numbers, ISO dates and words are typed by DuckDB while it reads. Columns written in any other way, and columns in which
it met a cell that does not fit, are stored as text first and typed by `parse_column`, the way of all smaller tables.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from automl_core.data.cutting import Cut, cut_table
from automl_core.data.dialect import Dialect
from automl_core.data.duck import Tell, connect, named, onward, quoted
from automl_core.data.encoding import BROKEN, find_encoding, reads_directly, write_utf8
from automl_core.data.mending import lines_missing, mend_quotes
from automl_core.data.nulls import count_nulls
from automl_core.data.origin import Choice
from automl_core.data.parsing import Faults
from automl_core.data.passes import Plan, Storage, copy_rows, plan_pass, underscored
from automl_core.data.records import STRAY, are_ends
from automl_core.data.report import ReadReport
from automl_core.data.scanning import Scan, scan
from automl_core.data.tables import fingerprint_stored
from automl_core.data.understanding import Asked, Understood, understand
from automl_core.errors import DialectError, InputError
from automl_core.schema import Column, Kind, Schema

TRIES = 8
FIRST_DAY, LAST_DAY = "1678-01-01", "2262-01-01"
"""The whole years that datetime64[ns] holds."""
MENDED = "mended.utf8"
SHORT = "Rows with too few cells were filled up with missing ones."


@dataclass(frozen=True)
class Streamed:
    """What became of a file, besides the Parquet file."""

    schema: Schema
    report: ReadReport
    faults: dict[str, Faults]
    fingerprint: str
    rows: int


def stream_table(
    source: Path,
    out: Path,
    *,
    dialect: Dialect | None = None,
    kinds: dict[str, Kind] | None = None,
    null_words: tuple[str, ...] | None = None,
    written: tuple[tuple[str, str], ...] = (),
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
    written : tuple of (str, str), optional
        Columns, and how their dates or numbers are written, as a person said.
    tell : callable, optional
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    Streamed
        The fingerprint is a SHA-256 over the schema and the bytes of the Parquet file, see `fingerprint_stored`.

    Raises
    ------
    InputError
        When it is no table.
    """
    asked = Asked(kinds or {}, null_words, written, onward(tell))
    asked.say_looking()
    with ThreadPoolExecutor(1) as pool:  # the look takes as long as the kinds do
        looking = pool.submit(scan, source)
        understood = understand(source, dialect, asked)
        return _cleared(source, out, understood, looking.result(), asked)


def stream_file(
    source: Path,
    folder: Path,
    out: Path,
    choice: Choice,
    name: str,
    *,
    kinds: dict[str, Kind] | None = None,
    tell: Tell | None = None,
) -> tuple[Cut, Streamed]:
    """Write one table of a text file, which may hold several, as typed Parquet.

    Parameters
    ----------
    source : Path
    folder : Path
        For helper files.
    out : Path
        The Parquet file.
    choice : Choice
        Which part of the file and how.
    name : str
        What messages call the file.
    kinds, tell
        As for `stream_table`.

    Returns
    -------
    Cut
        Which part of the file it is; its `told` turns the report into one of the whole file.
    Streamed

    Raises
    ------
    InputError
        When it is no table, or has fewer tables.
    """
    asked = Asked(kinds or {}, choice.null_words, choice.written, onward(tell))
    asked.say_looking()
    understood = None
    with ThreadPoolExecutor(1) as pool:  # most files are one table, which is understood while others are looked for
        cutting = pool.submit(cut_table, source, folder, choice, name, asked.say)
        try:
            understood = understand(source, choice.dialect, asked)
        except InputError:
            cutting.result()  # what is wrong with the whole file may not be so with its table
        cut = cutting.result()
    dialect = cut.dialect(choice.dialect)
    if cut.look is None:
        return cut, stream_table(
            cut.path, out, dialect=dialect, kinds=kinds, null_words=choice.null_words, written=choice.written, tell=asked.say
        )
    if understood is None or cut.path != source:
        asked.say_looking()
        understood = understand(cut.path, dialect, asked)
    return cut, _cleared(cut.path, out, understood, cut.look, asked)


def _cleared(source: Path, out: Path, understood: Understood, look: Scan, asked: Asked) -> Streamed:
    """Read a file and leave no helper behind."""
    helper = out.with_name("text.utf8")
    try:
        return _streamed(source, out, helper, understood, look, asked)
    finally:
        helper.unlink(missing_ok=True)
        helper.with_name(MENDED).unlink(missing_ok=True)


def _streamed(source: Path, out: Path, helper: Path, understood: Understood, look: Scan, asked: Asked) -> Streamed:
    dialect, sample, schema, say = understood.dialect, understood.sample, understood.schema, asked.say
    notes: list[str] = []
    repairs: dict[str, int] = {}
    text, broken, mixed = source, 0, bool(look.lines) and are_ends(look.returns, look.lines)
    if not reads_directly(dialect.encoding) or look.nuls or mixed:
        broken = write_utf8(source, helper, dialect.encoding, say, ends=None if mixed else "")
        text = helper
        if look.nuls and reads_directly(dialect.encoding):
            repairs["NUL bytes were left out."] = look.nuls
    plan = plan_pass(dialect, schema, sample.frame)
    if look.underscores:
        plan = plan.stored(underscored(text, plan))
    notes += [note for note in sample.report.notes if not note.startswith("Column ") or "characters" not in note]
    raw, mended = out.with_name("raw.parquet"), out.with_name(MENDED)
    again: Understood | None = None

    def turn() -> None:
        """Write the text as UTF-8; where it is of another encoding than was thought, it is understood again."""
        nonlocal text, broken, again
        encoding = find_encoding(b"", source)
        broken = write_utf8(source, helper, encoding, say)
        text = helper
        if encoding != dialect.encoding:
            again = understand(source, replace(dialect, encoding=encoding), asked)

    def mend() -> bool:
        """Mend the quotes once, and say whether there was anything to mend, or the text to be written anew before."""
        nonlocal text
        if mended.exists() or not dialect.quote:
            return False
        written = dialect if text == source else replace(dialect, encoding="utf-8")
        try:
            count = mend_quotes(text, mended, written, plan.columns, say)
        except UnicodeDecodeError:  # a cell that swallowed others hid it
            if text != source:
                raise
            mended.unlink(missing_ok=True)
            turn()
            return True
        if count:
            repairs[STRAY] = count
            text = mended
        return bool(count)

    try:
        for _ in range(TRIES):
            if again:
                return _streamed(source, out, helper, again, look, asked)
            try:
                found = copy_rows(text, raw, plan, say)
            except DialectError:
                if mend():
                    continue
                raise
            if found.undecodable and text == source:
                turn()
                continue
            if found.changes:
                plan = plan.stored(found.changes)
                if plan.doubtful and "decimal" in found.changes.values():
                    plan = plan.stored({place: "decimal" for place, kept in enumerate(plan.storage) if kept == "whole"})
                plan = replace(plan, doubtful=True)
                continue
            rows = 0 if found.unpaddable else _rows(raw)
            if found.short and not plan.pad and plan.may_pad:
                repairs[SHORT] = found.short
                plan = replace(plan, pad=True)
                continue
            if found.unpaddable:
                del repairs[SHORT]
                plan = replace(plan, pad=False, may_pad=False)
                continue
            if beyond := _beyond(raw, plan):
                plan = plan.stored(beyond)
                continue
            if lines_missing(text, look.lines + look.returns * mixed, look.blank, raw, plan, found, rows) and mend():
                continue
            break
        if not rows:
            raise DialectError(
                f"{source.name} has column names but no rows that can be read.",
                "At least one row of values is needed.",
                "Check that the export was complete, or choose another delimiter.",
            )
        columns, faults = _typed(raw, out, plan, say)
    finally:
        raw.unlink(missing_ok=True)
    if broken:
        repairs[BROKEN.format(dialect.encoding)] = broken
    notes.append(
        f"The kinds were found from {len(sample.frame):,} rows from all over the file; then every cell was read by them."
    )
    if found.count > len(found.refused):
        notes.append(f"{found.count:,} records were refused; the first {len(found.refused):,} are kept.")
    if len(sample.frame) < rows:
        columns = tuple(_of_sample(column) for column in columns)
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
        null_words=asked.null_words,
        around=sample.report.around,
    )
    say(0.92, "Taking the fingerprint")
    return Streamed(typed, report, faults, fingerprint_stored(out, typed), rows)


def _of_sample(column: Column) -> Column:
    """Say of counts that they are of the rows looked at; the whole table has more."""
    counted = column.kind in ("category", "text") and " different " in column.evidence
    return replace(column, evidence=f"Of the rows looked at: {column.evidence}") if counted else column


def _rows(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _typed(raw: Path, out: Path, plan: Plan, say: Tell) -> tuple[tuple[Column, ...], dict[str, Faults]]:
    """Give the columns their names, and those that were left as text their types."""
    checked, later = _checked(raw, plan)
    later |= {place for place, kept in enumerate(plan.storage) if kept == "later"}
    if later or plan.names != [column.name for column in plan.columns]:
        from automl_core.data.retyping import retype

        return checked, retype(raw, out, checked, later, lambda done: say(0.8 + 0.12 * done, "Typing what is not plain"))
    raw.replace(out)
    return checked, {}


def _checked(raw: Path, plan: Plan) -> tuple[tuple[Column, ...], set[int]]:
    """Return the columns as the whole table shows them, and those that must be typed again.

    These are numbers with infinite ones among them, and text with cells that begin with white space, as a padded word for
    missing does: both show in the smallest and largest cells that Parquet keeps.
    """
    again = {place for place, kept in enumerate(plan.storage) if kept in ("decimal", "text") and _odd(raw, place, kept)}
    columns = list(plan.columns)
    asked = [place for place, column in enumerate(columns) if column.kind == "boolean" and not column.overruled]
    if asked:
        counts = ", ".join(f"approx_count_distinct(lower(trim({named(plan.names[place])})))" for place in asked)
        with connect() as connection:
            answers = connection.execute(f"SELECT {counts} FROM read_parquet({quoted(str(raw))})").fetchone() or ()
        for place, count in zip(asked, answers, strict=True):
            if count > 2:
                evidence = "Two words in the rows looked at, but more in the whole file."
                columns[place] = replace(columns[place], kind="category", evidence=evidence)
    return tuple(columns), again


def _beyond(raw: Path, plan: Plan) -> dict[int, Storage]:
    """Return the columns with dates that datetime64[ns] does not hold: typed as in smaller tables, these are faults."""
    dates = [place for place, kept in enumerate(plan.storage) if kept in ("day", "moment")]
    found: dict[int, Storage] = {}
    with connect() as connection:
        for place in dates:
            asked = " OR ".join(
                f"EXISTS (SELECT 1 FROM read_parquet({quoted(str(raw))}) WHERE {named(plan.names[place])} {beyond})"
                for beyond in (f"< TIMESTAMP '{FIRST_DAY}'", f">= TIMESTAMP '{LAST_DAY}'")
            )
            if (connection.execute(f"SELECT {asked}").fetchone() or (False,))[0]:
                found[place] = "later"
    return found


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

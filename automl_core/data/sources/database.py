"""Rows of a database, by one statement that only reads: an SQLite file or PostgreSQL, through SQLAlchemy."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.data.duck import named
from automl_core.data.headers import column_names
from automl_core.data.origin import Form, Origin
from automl_core.data.report import ReadReport, TextTable
from automl_core.data.sources.values import column_of
from automl_core.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection

MAX_ROWS = 2_000_000
MAX_CELLS = 40_000_000
PIECE = 10_000
SECONDS = 300
"""How long a statement may take."""
MAX_CELL = 16 << 20
"""Bytes of the largest cell of an SQLite file."""
DATABASES = "Databases are named as postgresql://user@host/database, or as sqlite:///path of a file of this server."
_SECRET = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
_SKIPPED = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?<![\w$])\$(\w*)\$.*?\$\1\$",
    re.DOTALL,
)


def check_statement(sql: str) -> str:
    """Return one SELECT or WITH statement without its last semicolon.

    The transaction reads only, too, so that this is not all that holds back a statement that writes.

    Raises
    ------
    InputError
        For no statement, another one, or more than one.
    """
    bare = _SKIPPED.sub(lambda found: " " if found.group().startswith(("--", "/*")) else "''", sql).strip()
    while bare.endswith(";"):
        bare = bare[:-1].rstrip()
    needed = "One statement that begins with SELECT or WITH is run, in a transaction that only reads."
    if "\\'" in sql:
        # Databases differ in what it means, so it could hide where a statement ends.
        raise InputError("A backslash stands before a quote.", "A quote inside a text is doubled.", "Write '' instead.")
    if not bare:
        raise InputError("There is no statement.", needed, "Write one.")
    if ";" in bare:
        raise InputError("There is more than one statement.", needed, "Keep the one whose rows you want.")
    first = re.match(r"\(*\s*(\w+)", bare)
    if first is None or first.group(1).lower() not in ("select", "with"):
        word = first.group(1) if first else bare[:20]
        raise InputError(f"The statement begins with {word!r}.", needed, "Write a SELECT.")
    return sql.strip().rstrip(";").rstrip()


def database_url(address: str, password: str = "") -> URL:
    """Return the address of a database that can be read.

    Raises
    ------
    InputError
        For an address of another kind; a password in it is never repeated.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    shown = _SECRET.sub(r"\1:***@", address.strip())[:200]
    try:
        url = make_url(address.strip())
    except (ArgumentError, ValueError):
        raise InputError(f"{shown!r} is no address of a database.", DATABASES, "Write it that way.") from None
    kind = url.drivername.partition("+")[0]
    if kind in ("postgresql", "postgres"):
        if unknown := set(url.query) - {"sslmode"}:
            raise InputError(f"The address sets {', '.join(sorted(unknown))}.", "Only sslmode can be set.", "Leave the rest out.")
        url = url.set(drivername="postgresql+psycopg")
        return url.set(password=password) if password else url
    if kind == "sqlite" and url.database and not url.query and url.database != ":memory:":
        return url.set(drivername="sqlite+pysqlite")
    raise InputError(f"{shown!r} is no database that can be read.", DATABASES, "Write it that way.")


def check_address(address: str) -> None:
    """Refuse an address that cannot be kept: one of no database that can be read, or with a password in it; raises InputError."""
    if database_url(address).password:
        raise InputError(
            "The address holds a password.", "It would be stored as it is.",
            "Leave it out; it is taken from PGPASSWORD or a password file, as psql does.",
        )  # fmt: skip


def read_after(
    address: str, sql: str, key: str, after: int | float | str | None, *, trusted: bool = False
) -> tuple[pd.DataFrame, int | float | str | None]:
    """Read the rows of a statement whose key is above a value, in the order of the key; rows without a key are left out.

    Parameters
    ----------
    address, sql : str
        As in `read_query`.
    key : str
        A column of the statement's rows that grows with every row.
    after : int, float, str or None
        None for all rows.
    trusted : bool

    Returns
    -------
    DataFrame
        Typed; at most as many rows as one statement may give, the next ones follow when it is asked again.
    int, float, str or None
        The key of the last row, as it can be written down; None where there are no rows.

    Raises
    ------
    InputError
        When the address, the statement or the database says no, or the key is no column.
    """
    from sqlalchemy import bindparam, text
    from sqlalchemy.types import NULLTYPE

    column = '"' + key.replace('"', '""').replace(":", "\\:") + '"'
    above = f"{column} > :above" if after is not None else f"{column} IS NOT NULL"
    # A colon of the statement is none of ours.
    inner = check_statement(sql).replace(":", "\\:")
    asked = text(f"SELECT * FROM ({inner}\n) AS rows_of_table WHERE {above} ORDER BY {column}")
    if after is not None:
        asked = asked.bindparams(bindparam("above", after, type_=NULLTYPE))
    with _opened(address, trusted=trusted) as (connection, _):
        result = connection.execution_options(stream_results=True).execute(asked)
        keys = [str(name) for name in list(result.keys())]
        if key not in keys:
            raise InputError(
                f"The statement gives no column {key!r}.", f"It gives {', '.join(keys[:20])}.", "Choose one of them."
            )
        rows: list[tuple[Any, ...]] = []
        most = min(MAX_ROWS, MAX_CELLS // max(len(keys), 1))
        while len(rows) < most and (piece := result.fetchmany(min(PIECE, most - len(rows)))):
            rows += [tuple(row) for row in piece]
    if not rows:
        return pd.DataFrame(columns=keys), None
    newest = rows[-1][keys.index(key)]
    return _frame_of(rows, keys)[0], newest if isinstance(newest, int | float | str) else str(newest)


def read_query(address: str, sql: str, *, password: str = "", trusted: bool = False) -> TextTable:
    """Read the rows of a statement.

    Parameters
    ----------
    address : str
        An SQLite file must lie below a folder that is open for reading.
    sql : str
    password : str, optional
        Used for the connection and forgotten: it is in no file, report or message.
    trusted : bool, optional
        Whether the person may read any SQLite file of this machine, as one at its command line may.

    Raises
    ------
    InputError
        When the address, the statement or the database says no.
    """
    sql = check_statement(sql)
    with _opened(address, password, trusted=trusted) as (connection, shown):
        return _read(connection, sql, Origin("query", query=sql), shown)


@contextlib.contextmanager
def _opened(address: str, password: str = "", *, trusted: bool) -> Iterator[tuple[Connection, str]]:
    """Connect for one transaction that only reads; gives the connection and what the database is called."""
    from automl_core.data.sources.server import allowed_file

    url = database_url(address, password)
    if url.drivername.startswith("sqlite"):
        path = Path(str(url.database)).resolve() if trusted else allowed_file(str(url.database))
        with _sqlite(path, live=True) as connection:
            yield connection, str(url.database)
        return
    shown = f"postgresql://{url.username or ''}@{url.host or ''}:{url.port or 5432}/{url.database or ''}"
    with _postgres(url, shown) as connection:
        yield connection, shown


def read_sqlite(path: Path, table: str = "", *, name: str = "") -> TextTable:
    """Read a table of an uploaded SQLite database; the first by name that has rows when left out."""
    from sqlalchemy import text

    name = name or path.name
    with _sqlite(path, name) as connection:
        listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
        tables = [str(row[0]) for row in connection.execute(text(listed))]
        if not tables:
            raise InputError(f"{name} is an SQLite database without tables.", action="Choose another file.")
        if table and table not in tables:
            known = ", ".join(repr(entry) for entry in tables[:10])
            raise InputError(f"{name} has no table {table!r}.", f"Its tables are {known}.", "Choose one of them.")
        chosen = table or _first_with_rows(connection, tables)
        sql = f"SELECT * FROM {named(chosen)}"
        return _read(connection, sql, Origin("sqlite", sheet=chosen, sheets=tuple(tables)), name)


def _first_with_rows(connection: Connection, tables: list[str]) -> str:
    """Return the first table that has rows, or the first; a view of what is gone has none."""
    from sqlalchemy.exc import DBAPIError

    for table in tables:
        with contextlib.suppress(DBAPIError):
            if connection.exec_driver_sql(f"SELECT 1 FROM {named(table)} LIMIT 1").first():
                return table
    return tables[0]


def _read(connection: Connection, sql: str, origin: Origin, name: str) -> TextTable:
    form: Form = origin.form
    # A server-side cursor, which takes one statement only; without parameters, so that % stays %.
    result = connection.execution_options(stream_results=True, no_parameters=True).exec_driver_sql(sql)
    keys = list(result.keys())
    rows: list[tuple[Any, ...]] = []
    most = min(MAX_ROWS, MAX_CELLS // max(len(keys), 1))
    while piece := result.fetchmany(PIECE):
        rows += [tuple(row) for row in piece]
        if len(rows) > most:
            break
    notes = [f"Only the first {most:,} rows were read; the statement gives more."] if len(rows) > most else []
    rows = rows[:most]
    if not rows:
        what = "The statement gives" if form == "query" else f"The table {origin.sheet!r} of {name} has"
        raise InputError(f"{what} no rows.", "At least one row is needed.", "Choose other rows.")
    frame, changed = _frame_of(rows, keys)
    names = list(frame.columns)
    return TextTable(frame, ReadReport(None, len(frame), len(names), {}, (), tuple(notes + changed), origin))


def _frame_of(rows: list[tuple[Any, ...]], keys: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return fetched rows as a table, and what was changed in its names."""
    names, changed = column_names(keys, len(keys))
    frame = pd.concat([column_of(values) for values in zip(*rows, strict=True)], axis=1, ignore_index=True)
    frame.columns = pd.Index(names)
    return frame, changed


@contextlib.contextmanager
def _sqlite(path: Path, name: str = "", *, live: bool = False) -> Iterator[Connection]:
    """Open an SQLite file that cannot be changed and opens no other file; a live one may be written by others meanwhile."""
    import sqlite3

    from sqlalchemy import create_engine
    from sqlalchemy.exc import DatabaseError
    from sqlalchemy.pool import NullPool

    reads = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
    ends = time.monotonic() + SECONDS

    def allow(action: int, first: str | None, second: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_PRAGMA:  # SQLAlchemy asks for this one
            return sqlite3.SQLITE_OK if first == "read_uncommitted" else sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK if action in reads and second != "load_extension" else sqlite3.SQLITE_DENY

    def connect() -> sqlite3.Connection:
        address = f"{path.as_uri()}?mode=ro{'' if live else '&immutable=1'}"
        opened = sqlite3.connect(address, uri=True, check_same_thread=False)
        opened.text_factory = lambda data: data.decode("utf-8", "replace")
        opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CELL)
        opened.set_authorizer(allow)
        opened.set_progress_handler(lambda: int(time.monotonic() > ends), 100_000)
        return opened

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise _refused(error, name or path.name) from error
    finally:
        engine.dispose()


@contextlib.contextmanager
def _postgres(url: URL, shown: str) -> Iterator[Connection]:
    """Connect to PostgreSQL for one transaction that only reads."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    told = {"connect_timeout": 10, "client_encoding": "utf8"}  # an ASCII database would give bytes
    options = f"-c default_transaction_read_only=on -c statement_timeout={SECONDS * 1000}"
    engine = create_engine(url, poolclass=NullPool, connect_args={**told, "options": options})
    try:
        with engine.connect() as connection:
            yield connection.execution_options(postgresql_readonly=True)
    except DBAPIError as error:
        raise _refused(error, shown) from None
    finally:
        engine.dispose()


def _refused(error: Exception, name: str) -> InputError:
    said = str(getattr(error, "orig", error)).strip().splitlines()
    return InputError(
        f"{name} refused: {(said or ['no reason given'])[0][:300].rstrip('.')}.", action="Check address and statement."
    )

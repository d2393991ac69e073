"""Queries: one statement that reads, no password anywhere, no file outside the open folders."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from automl_core.data.dataset import dataset_from_query, load_dataset
from automl_core.data.rereading import change_kind
from automl_core.data.sources.database import check_statement, database_url, read_query
from automl_core.data.sources.opening import read_any
from automl_core.data.sources.server import allowed_file, listed_files
from automl_core.errors import InputError
from tests.data.sources.conftest import Read, rows

NEEDED = "One statement that begins with SELECT or WITH is run, in a transaction that only reads."


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is open for reading, with a database in it."""
    found = tmp_path / "open"
    found.mkdir()
    monkeypatch.setenv("AUTOML_DATA_FOLDERS", str(found))
    with sqlite3.connect(found / "shop.db") as database:
        database.execute('CREATE TABLE "my orders" (n INTEGER, word TEXT, paid REAL)')
        database.executemany('INSERT INTO "my orders" VALUES (?, ?, ?)', [(1, "50%", 1.5), (2, None, 2.0), (3, "x;y", None)])
        database.execute("CREATE TABLE zeta (q)")
    database.close()
    return found


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("", "There is no statement."),
        ("-- only words", "There is no statement."),
        ("DROP TABLE x", "The statement begins with 'DROP'."),
        ("/* SELECT */ DELETE FROM x", "The statement begins with 'DELETE'."),
        ("SELECT 1; DROP TABLE x", "There is more than one statement."),
        ("SELECT ';' ; SELECT 2", "There is more than one statement."),
        ("SELECT a$b$ ; DROP TABLE x; SELECT a$b$", "There is more than one statement."),
        (r"SELECT E'\'' ; COMMIT; DROP TABLE x; SELECT '1'", "A backslash stands before a quote."),
        ("ATTACH 'x' AS y", "The statement begins with 'ATTACH'."),
    ],
)
def test_only_one_statement_that_reads_is_run(sql: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_statement(sql)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ';' AS a",
        "select 1 -- ; drop\n",
        "WITH x AS (SELECT 1) SELECT * FROM x;",
        "(SELECT 1)",
        "SELECT $t$;$t$",
        'SELECT "a;b" FROM t',
        "SELECT 'it''s;' /* ; */",
    ],
)
def test_semicolons_in_texts_and_comments_end_no_statement(sql: str) -> None:
    assert check_statement(sql) == sql.strip().rstrip(";")


def test_rows_of_an_sqlite_file(folder: Path) -> None:
    table = read_query(f"sqlite:///{folder}/shop.db", "SELECT * FROM \"my orders\" WHERE word LIKE '%' OR word IS NULL")
    assert [[None if cell != cell else cell for cell in row] for row in rows(table)] == [
        ["n", "word", "paid"],
        [1, "50%", 1.5],
        [2, "", 2.0],
        [3, "x;y", None],
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1) DELETE FROM zeta",
        "WITH x AS (SELECT 1) INSERT INTO zeta SELECT 1",
        "SELECT load_extension('x')",
        "SELECT * FROM pragma_database_list",
    ],
)
def test_what_writes_or_reaches_out_is_denied_by_sqlite_itself(folder: Path, sql: str) -> None:
    before = (folder / "shop.db").read_bytes()
    with pytest.raises(InputError) as caught:
        read_query(f"sqlite:///{folder}/shop.db", sql)
    assert str(caught.value).startswith("shop.db refused: not authorized")
    assert (folder / "shop.db").read_bytes() == before


def test_an_uploaded_database_offers_its_tables(read: Read, folder: Path) -> None:
    content = (folder / "shop.db").read_bytes()
    table = read(content)
    assert table.report.origin.sheets == ("my orders", "zeta")
    assert table.report.origin.sentence == "Table 'my orders' of 2 tables."
    assert table.frame.shape == (3, 3)
    with pytest.raises(InputError) as caught:
        read(content, sheet="zeta")
    assert str(caught.value) == "The table 'zeta' of file.dat has no rows. At least one row is needed. Choose other rows."


def test_a_password_is_neither_kept_nor_shown(folder: Path, tmp_path: Path) -> None:
    for address in ("mysql://me:hunter2@host/db", "postgresql://me:hunter2@host:x/db", "nonsense:hunter2@host"):
        with pytest.raises(InputError) as caught:
            database_url(address)
        assert "hunter2@" not in str(caught.value) or address.startswith("nonsense")
    with pytest.raises(InputError) as caught:
        read_query("postgresql://me@127.0.0.1:1/db", "SELECT 1", password="hunter2")
    assert str(caught.value).startswith("postgresql://me@127.0.0.1:1/db refused: ")
    assert "hunter2" not in str(caught.value)
    data = dataset_from_query(
        tmp_path / "ds", f"sqlite:///{folder}/shop.db", 'SELECT n, paid FROM "my orders"', "q", password="hunter2"
    )
    assert all(b"hunter2" not in path.read_bytes() for path in data.folder.iterdir())
    assert (
        json.loads((data.folder / "dataset.json").read_text())["report"]["origin"]["query"] == 'SELECT n, paid FROM "my orders"'
    )


def test_the_rows_of_a_query_are_read_again_without_the_database(folder: Path, tmp_path: Path) -> None:
    data = dataset_from_query(tmp_path / "ds", f"sqlite:///{folder}/shop.db", 'SELECT n, paid FROM "my orders"', "q")
    (folder / "shop.db").unlink()
    data = change_kind(data, "n", "category")
    assert data.frame()["n"].to_list() == ["1", "2", "3"]
    assert load_dataset(data.folder).report.origin.form == "query"


def test_an_address_may_set_nothing_that_reads_files() -> None:
    with pytest.raises(InputError) as caught:
        database_url("postgresql://me@host/db?sslkey=/etc/passwd")
    assert str(caught.value) == "The address sets sslkey. Only sslmode can be set. Leave the rest out."


def test_without_a_setting_no_file_of_the_server_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOML_DATA_FOLDERS", raising=False)
    with pytest.raises(InputError) as caught:
        allowed_file("/etc/passwd")
    assert str(caught.value) == (
        "No folder of this server is open for reading. AUTOML_DATA_FOLDERS names the folders, separated by ':'. "
        "Ask the person who runs Tablewright to set it, or upload the file."
    )


def test_files_below_the_folders_are_found_by_whole_or_short_paths(folder: Path) -> None:
    assert allowed_file("shop.db") == allowed_file(str(folder / "shop.db")) == (folder / "shop.db").resolve()
    (folder / ".hidden").write_text("x")
    assert listed_files() == [str(folder / "shop.db")]


def test_paths_and_links_that_lead_out_are_refused_whether_or_not_a_file_is_there(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    (folder / "link.csv").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    for given in (str(secret), "../secret.csv", "link.csv", "up/secret.csv", "../gone.csv", "/etc/passwd"):
        with pytest.raises(InputError) as caught:
            allowed_file(given)
        assert str(caught.value) == (
            f"{given!r} is not below a folder that is open for reading. Open are {folder}. Move the file there, or upload it."
        )
    for given in ("gone.csv", "pipe"):
        with pytest.raises(InputError) as caught:
            allowed_file(given)
        assert str(caught.value) == f"There is no file {given!r} there. Files below {folder} can be read. Check the path."


def test_the_first_table_of_a_file_that_has_rows_is_read(tmp_path: Path) -> None:
    """Regression: an empty table that came first by its name was all there was."""
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as database:
        database.execute('CREATE TABLE "a b" (x)')
        database.execute('CREATE TABLE "or""der" ("select" INTEGER)')
        database.execute('INSERT INTO "or""der" VALUES (1), (2)')
        database.execute('CREATE VIEW "b gone" AS SELECT * FROM nowhere')
    table = read_any(path)
    assert table.frame.to_dict("list") == {"select": [1, 2]}
    assert (table.report.origin.sheet, table.report.origin.sheets) == ('or"der', ("a b", "b gone", 'or"der'))

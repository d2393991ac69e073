"""A table of a database that is watched: new rows by their key, none twice and none lost; SQLite, and PostgreSQL where it is."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from automl_core.data.sources.database import read_after
from automl_core.errors import InputError
from automl_core.registry.store import Registered
from automl_core.retraining.policy import Policy, check_policy, save_policy
from automl_core.retraining.tables import new_rows, settle
from automl_core.worker.policies import look_at
from tests.conftest import customers
from tests.retraining.test_policies import KEPT, NEVER, live, quiet, trained  # noqa: F401

Insert = Callable[[pd.DataFrame], None]


@pytest.fixture
def lite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Insert]:
    """An SQLite file below an open folder, and what adds rows to its table with a growing id."""
    monkeypatch.setenv("AUTOML_DATA_FOLDERS", str(tmp_path))
    path = tmp_path / "shop.db"

    def insert(frame: pd.DataFrame) -> None:
        with sqlite3.connect(path) as connection:
            there = connection.execute("SELECT name FROM sqlite_master WHERE name = 'rows'").fetchone()
            start = connection.execute("SELECT max(id) FROM rows").fetchone()[0] if there else 0
            frame.assign(id=range(start + 1, start + 1 + len(frame))).to_sql("rows", connection, if_exists="append", index=False)
        connection.close()

    return f"sqlite:///{path}", insert


SQL = "SELECT *, '12:30 %' AS note FROM rows -- all of them"


def test_rows_above_the_last_key_are_new_in_its_order(lite: tuple[str, Insert]) -> None:
    address, insert = lite
    insert(pd.DataFrame({"x": [1.5, 2.5, 3.5]}))
    frame, newest = read_after(address, SQL, "id", None)
    assert (frame["x"].tolist(), frame["note"].tolist(), newest) == ([1.5, 2.5, 3.5], ["12:30 %"] * 3, 3)
    insert(pd.DataFrame({"x": [9.0]}))
    frame, newest = read_after(address, SQL + ";", "id", newest)
    assert (frame["x"].tolist(), newest) == ([9.0], 4)
    assert read_after(address, SQL, "id", newest)[1] is None


def test_a_key_may_be_text_that_sorts(lite: tuple[str, Insert]) -> None:
    address, insert = lite
    insert(pd.DataFrame({"day": ["2024-01-01", None, "2024-01-03", "2024-01-02"]}))
    assert read_after(address, "SELECT * FROM rows", "day", "2024-01-01")[0]["id"].tolist() == [4, 3]
    assert read_after(address, "SELECT * FROM rows", "day", None)[1] == "2024-01-03"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": ""}, "No key of the rows was named. A number or a time that grows with every row"),
        ({"database": "postgresql://me:hunter2@host/db"}, "The address holds a password. It would be stored as it is."),
        ({"database": "mysql://host/db"}, "is no database that can be read"),
        ({"query": "DELETE FROM rows"}, "The statement begins with 'DELETE'."),
        ({"watched": "/tmp"}, "Both a folder and a table are watched."),
        ({"least": 0}, "It would wait for 0 rows."),
    ],
)
def test_a_source_that_cannot_be_read_again_is_refused(changes: dict, told: str) -> None:
    policy = Policy("New rows", "data", database="sqlite:///shop.db", query="SELECT * FROM rows", key="id")
    check_policy(policy, None)  # type: ignore[arg-type]  # nothing of the model is asked for
    with pytest.raises(InputError, match=told):
        check_policy(replace(policy, **changes), None)  # type: ignore[arg-type]


def test_a_key_that_is_no_column_and_a_file_elsewhere_are_told(lite: tuple[str, Insert], monkeypatch, tmp_path: Path) -> None:
    address, insert = lite
    insert(pd.DataFrame({"x": [1.0]}))
    with pytest.raises(InputError, match="The statement gives no column 'key'. It gives x, id. Choose one of them."):
        read_after(address, "SELECT * FROM rows", "key", None)
    (tmp_path / "open").mkdir()
    monkeypatch.setenv("AUTOML_DATA_FOLDERS", str(tmp_path / "open"))
    with pytest.raises(InputError, match="is not below a folder that is open for reading"):
        read_after(address, "SELECT * FROM rows", "id", None)


def watched(live: Registered, address: str, insert: Insert) -> None:  # noqa: F811
    """A policy fires on what is new, waits for enough, and counts rows as taken once a version was made of them."""
    insert(customers(240, seed=5)[KEPT])
    policy = save_policy(
        live, Policy("Orders", "data", database=address, query="SELECT * FROM rows", key="id", after="240", least=100, budget=30)
    )
    assert policy.sentence.startswith(f"When 100 new rows arrive in the table of {address}, refit the same model on all rows")

    def look() -> tuple:
        looked = look_at(live, emit=lambda event: None, should_stop=NEVER)
        return looked.firings, looked.waiting

    assert look() == ((), ("Orders: No new row arrived.",))
    insert(customers(60, seed=11)[KEPT])
    assert look() == ((), ("Orders: 60 of 100 new rows arrived.",))
    insert(customers(100, seed=12)[KEPT])
    [firing], _ = look()
    assert firing.outcome != "failed", firing.reason
    assert (firing.why, firing.files) == ("160 new rows arrived.", ("new rows.parquet",))
    assert firing.data.startswith("It learns 352 rows (112 new rows and 240 from before were there)")
    assert look() == ((), ("Orders: No new row arrived.",))
    insert(customers(100, seed=13)[KEPT])
    [again], _ = look()
    assert again.why == "100 new rows arrived." and live.version(3).lineage["rows"] == 240 + 160 + 70


def test_a_table_is_watched_from_its_rows_to_a_version(live: Registered, lite: tuple[str, Insert]) -> None:  # noqa: F811
    watched(live, *lite)


def test_rows_of_a_firing_that_failed_come_again_with_the_next(live: Registered, lite: tuple[str, Insert]) -> None:  # noqa: F811
    address, insert = lite
    insert(customers(50, seed=5)[KEPT].assign(outcome=None))
    save_policy(live, Policy("Orders", "data", database=address, query="SELECT * FROM rows", key="id", least=10, budget=30))
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert firing.outcome == "failed" and firing.reason.startswith("None of the 50 new rows has a value of 'outcome'.")
    assert look_at(live, emit=lambda event: None, should_stop=NEVER).waiting == ("Orders: No new row arrived.",)
    insert(customers(160, seed=6)[KEPT])
    [firing] = look_at(live, emit=lambda event: None, should_stop=NEVER).firings
    assert firing.why == "210 new rows arrived." and firing.outcome != "failed"


def test_a_look_that_ends_before_the_firing_loses_nothing(live: Registered, lite: tuple[str, Insert]) -> None:  # noqa: F811
    address, insert = lite
    insert(customers(20, seed=5)[KEPT])
    policy = save_policy(live, Policy("Orders", "data", database=address, query="SELECT * FROM rows", key="id", least=10))
    assert new_rows(live, policy).rows == 20
    assert new_rows(live, policy).rows == 20, "the process ended between the two"
    settle(live, policy, learned=True)
    assert new_rows(live, policy).rows == 0
    settle(live, policy, learned=True)
    assert new_rows(live, policy).rows == 0


def tool(name: str) -> str:
    """A program of PostgreSQL, which Debian keeps beside the others' path."""
    found = shutil.which(name) or next(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), "")
    if not found:
        pytest.skip("PostgreSQL is not installed")
    return found


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of this test's own, on this machine alone."""
    tool("initdb"), tool("pg_ctl")
    # Not below pytest's folder, which is root's alone where root runs the tests: PostgreSQL refuses to be run by root.
    folder = Path(tempfile.mkdtemp(prefix="tablewright-postgres-"))
    data, user = folder / "data", "nobody" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C"}

    def run(name: str, *options: object) -> None:
        subprocess.run(
            [tool(name), "-D", data, *options], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=plain
        )

    run("initdb", "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-w", "-l", folder / "log", "-o", settings, "start")
    try:
        yield f"postgresql://tester@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(server: str) -> tuple[str, Insert]:
    from sqlalchemy import create_engine, text

    def run(*statements: str) -> None:
        engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    run("DROP TABLE IF EXISTS rows")
    columns = "age float8, income float8, city text, member text, outcome text"
    run(f'CREATE TABLE rows ({columns}, id serial, "at" timestamptz DEFAULT now())')

    def insert(frame: pd.DataFrame) -> None:
        engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
        frame.to_sql("rows", engine, if_exists="append", index=False)
        engine.dispose()

    return server, insert


def test_postgresql_is_watched_too(live: Registered, postgres: tuple[str, Insert]) -> None:  # noqa: F811
    watched(live, *postgres)


def test_postgresql_tells_new_rows_by_a_time(postgres: tuple[str, Insert]) -> None:
    address, insert = postgres
    insert(customers(3, seed=5)[KEPT])
    frame, newest = read_after(address, "SELECT *, 5 % 3 AS rest, age::int8 AS whole FROM rows", "at", None)
    assert len(frame) == 3 and frame["rest"].tolist() == [2, 2, 2] and isinstance(newest, str)
    time.sleep(0.01)
    insert(customers(2, seed=6)[KEPT])
    assert len(read_after(address, "SELECT * FROM rows", "at", newest)[0]) == 2
    with pytest.raises(InputError, match="refused: "):
        read_after(address, "SELECT * FROM nowhere", "at", None)

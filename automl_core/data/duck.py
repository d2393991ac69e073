"""DuckDB, the engine of large tables: a connection of ours, and statements with progress."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

Tell = Callable[[float, str], None]

MEMORY = "1GB"
"""What DuckDB may hold."""


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def connect() -> duckdb.DuckDBPyConnection:
    """Return a connection in memory, held to `MEMORY` and to the cores of this process, that loads no extension."""
    import duckdb

    return duckdb.connect(
        config={
            "memory_limit": MEMORY,
            "threads": str(usable_cores()),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )


def onward(tell: Tell | None) -> Tell:
    """Return what tells how far something is and never goes back, though a part of it may be done anew."""
    told = 0.0

    def say(done: float, doing: str) -> None:
        nonlocal told
        told = max(told, done)
        if tell is not None:
            tell(told, doing)

    return say


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(text: str) -> str:
    """Return a text as an SQL name."""
    return '"' + text.replace('"', '""') + '"'


def run_told(connection: duckdb.DuckDBPyConnection, sql: str, say: Tell) -> None:
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

"""Files that arrive: taken when they are whole, left alone while something still writes them, never taken twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automl_core.errors import NotFoundError

STILL = 5.0
"""Seconds without a change after which a file counts as whole."""
TEXT = (".csv", ".tsv", ".tab", ".txt", ".psv", ".dat")
SHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".sqlite", ".db")
TABLES = (".parquet", ".pq", ".feather", ".arrow", ".json", ".jsonl", ".ndjson")
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")
SUFFIXES = (*TEXT, *SHEETS, *TABLES, *PACKED)
"""Ends of names that are taken from a folder; what a file is, its content says."""
PARTIAL = (".part", ".tmp", ".crdownload", ".filepart", ".partial", ".swp")
MOST = 1000
"""Files that are taken in at once; the rest follows with the next look."""


@dataclass(frozen=True)
class Arrivals:
    """What a look at a folder found.

    Parameters
    ----------
    ready : tuple of Path
        New and whole, oldest first.
    writing : tuple of str
        Names of those that changed within the last seconds.
    rows : int
        New rows of a watched table; they lie in `ready` where they are enough.
    """

    ready: tuple[Path, ...]
    writing: tuple[str, ...]
    rows: int = 0


def stamp(path: Path) -> list[int]:
    """Return what tells a file from its later self: size and time of change."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def arrivals(watched: Path, seen: dict[str, Any], *, now: float | None = None, pause: float = 0.2) -> Arrivals:
    """Look for new files.

    A file is whole when it has not changed for `STILL` seconds and does not change while it is looked at twice. Names that
    programs give to files they are still writing are left out.

    Parameters
    ----------
    watched : Path
        A folder, or one file.
    seen : dict
        By path, the `stamp` of what was taken in before.
    now : float, optional
    pause : float
        Seconds between the two looks.

    Raises
    ------
    NotFoundError
        When it is not there.
    """
    moment = time.time() if now is None else now
    if not watched.exists():
        raise NotFoundError(f"The watched {watched} is not there.", action="Make it again, or change the policy.")
    names = [watched] if watched.is_file() else sorted(watched.iterdir())
    candidates: dict[Path, list[int]] = {}
    for path in names:
        hidden = path.name.startswith((".", "~")) or path.suffix.lower() in PARTIAL
        if hidden or not path.is_file() or (watched.is_dir() and path.suffix.lower() not in SUFFIXES):
            continue
        try:
            now_stamp = stamp(path)
        except FileNotFoundError:
            continue  # it was renamed between the two lines
        if seen.get(str(path)) != now_stamp and now_stamp[0]:
            candidates[path] = now_stamp
    writing = [path for path, (_, changed) in candidates.items() if moment - changed / 1e9 < STILL]
    ready = [path for path in candidates if path not in writing]
    if ready:
        time.sleep(pause)
    for path in list(ready):
        try:
            same = stamp(path) == candidates[path]
        except FileNotFoundError:
            same = False
        if not same:
            ready.remove(path)
            writing.append(path)
    ready.sort(key=lambda path: (candidates[path][1], path.name))
    return Arrivals(tuple(ready[:MOST]), tuple(sorted(path.name for path in writing)))

"""The log of predictions, written the same way by pages, by files of rows and by the service.

A folder holds ``log`` and ``labels``. A request of few rows is lines of JSON, appended with one write to the file of its day
and process; one of many rows is a Parquet file, written whole or not at all. What was written is never changed, only removed
when its time is over.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from automl_core.errors import StorageError
from automl_core.workspace import atomic_file

Origin = Literal["page", "batch", "service"]
COLUMNS = {
    "time": "DOUBLE", "request": "VARCHAR", "row": "BIGINT", "version": "VARCHAR", "source": "VARCHAR", "key": "VARCHAR",
    "inputs": "VARCHAR", "prediction": "VARCHAR", "value": "DOUBLE", "probabilities": "VARCHAR", "ms": "DOUBLE",
    "warnings": "VARCHAR", "error": "VARCHAR",
}  # fmt: skip
"""What is known of a logged row, with its type in SQL."""
LABEL_COLUMNS = {"time": "DOUBLE", "key": "VARCHAR", "truth": "VARCHAR"}
DAY = 86_400.0
LINES = 100
"""Rows of one request up to which they are lines; more are a Parquet file."""
LOOK_EVERY = 1.0
"""Seconds between two looks at what is to be kept."""


@dataclass(frozen=True)
class Keeping:
    """What is kept of predictions.

    Parameters
    ----------
    days : int
        How long.
    left_out : tuple of str
        Columns whose values are never written.
    key : str
        The column by which labels are added later; empty for the log's own ids, ``<request>:<row>``.
    """

    days: int = 90
    left_out: tuple[str, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Asked:
    """What is the same for all rows of a request.

    Parameters
    ----------
    version : str
        Number of the registered version; for a bundle outside of a registry the beginning of its hash.
    source : Origin
    seconds : float
        Wall-clock time.
    request : str
        An id.
    time : float
        Seconds since the epoch.
    event : str
        The label whose probability is the row's value; empty for regression.
    first : int
        Number of the first row, from 0.
    """

    version: str
    source: Origin
    seconds: float
    request: str
    time: float
    event: str = ""
    first: int = 0


def answered_rows(
    asked: Asked, keeping: Keeping, inputs: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the rows of the log for a request that was answered.

    Parameters
    ----------
    asked : Asked
    keeping : Keeping
    inputs : sequence of mapping, length n
        Values by column.
    entries : sequence of mapping, length n
        As the service answers: ``prediction``, ``probabilities`` where there are classes, ``warnings`` where there are any.
    """
    rows, ms = [], asked.seconds * 1000 / max(len(inputs), 1)
    for place, (given, entry) in enumerate(zip(inputs, entries, strict=True), asked.first):
        shares = {name: round(share, 6) for name, share in entry.get("probabilities", {}).items()}
        key = given.get(keeping.key) if keeping.key else None
        rows.append(
            {
                **_shared(asked, place),
                "key": own_key(asked.request, place) if key is None or key != key else str(key),
                "inputs": _json({name: _plain(cell) for name, cell in given.items() if name not in keeping.left_out}),
                "prediction": str(entry["prediction"]),
                "value": float(shares[asked.event] if shares else entry["prediction"]),
                "probabilities": _json(shares) if shares else "",
                "ms": ms,
                "warnings": _json(list(entry["warnings"])) if entry.get("warnings") else "",
                "error": "",
            }
        )
    return rows


def failed_row(asked: Asked, error: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the row of the log for a request that failed."""
    told = {"ms": asked.seconds * 1000, "error": error, "warnings": _json(list(warnings)) if warnings else ""}
    return {**dict.fromkeys(COLUMNS), **_shared(asked, 0), **told}


def own_key(request: str, row: int) -> str:
    """Return the key of a row that has none of its own."""
    return f"{request}:{row}"


def _shared(asked: Asked, row: int) -> dict[str, Any]:
    return {"time": asked.time, "request": asked.request, "row": row, "version": asked.version, "source": asked.source}


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as values by column, None where they are missing."""
    objects = frame.astype(object).where(frame.notna(), None)
    names = [str(name) for name in frame.columns]
    if not names:
        return [{} for _ in range(len(frame))]
    columns = [objects.iloc[:, at].tolist() for at in range(len(names))]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def entries_of(predicted: pd.DataFrame, classes: tuple[str, ...], warnings: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return what `Model.predict` gave as the service answers it; warnings of the whole table stand with its first row."""
    entries: list[dict[str, Any]] = [{"prediction": label} for label in predicted["prediction"].tolist()]
    if classes:
        shares = [predicted[f"probability_{name}"].tolist() for name in classes]
        for entry, row in zip(entries, zip(*shares, strict=True), strict=True):
            entry["probabilities"] = dict(zip(classes, row, strict=True))
    if warnings and entries:
        entries[0]["warnings"] = list(warnings)
    return entries


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)


class PredictionLog:
    """Appends to a folder.

    What is given is with the system before `put` returns, so that a process that is killed loses nothing of what it has
    answered afterwards. A line that was cut, by a kill or a full disk, ends before the next one begins, and readers leave
    it out.

    Parameters
    ----------
    folder : Path
    keeping : callable
        Says what is kept now, None for nothing; asked once a second.
    sync : bool
        Whether a line is on the disk, not only with the system, before `put` returns.
    """

    def __init__(self, folder: Path, keeping: Callable[[], Keeping | None], *, sync: bool = False) -> None:
        self._folder = folder
        self._ask = keeping
        self._sync = sync
        self._asked_at = float("-inf")
        self._keeping: Keeping | None = None
        self._lock = threading.Lock()
        self._files: dict[str, tuple[str, int]] = {}

    @property
    def keeping(self) -> Keeping | None:
        """What is kept now."""
        now = time.monotonic()
        if now - self._asked_at >= LOOK_EVERY:
            self._keeping, self._asked_at = self._ask(), now
        return self._keeping

    def answered(self, asked: Asked, inputs: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]) -> None:
        """Append the rows of a request; raises StorageError."""
        if self.keeping is not None:
            self.put("log", answered_rows(asked, self.keeping, inputs, entries), asked.time)

    def failed(self, asked: Asked, error: str, warnings: Sequence[str] = ()) -> None:
        """Append a request that failed; raises StorageError."""
        if self.keeping is not None:
            self.put("log", [failed_row(asked, error, warnings)], asked.time)

    def labelled(self, labels: Mapping[str, str]) -> None:
        """Append true outcomes by key; raises StorageError."""
        now = time.time()
        self.put("labels", [{"time": now, "key": key, "truth": truth} for key, truth in labels.items()], now)

    def put(self, what: Literal["log", "labels"], rows: list[dict[str, Any]], moment: float) -> None:
        """Append rows, or write a Parquet file of them where they are many; removes what is too old, once a day.

        Raises
        ------
        StorageError
            When the disk is full or the folder cannot be written.
        """
        day = time.strftime("%Y-%m-%d", time.gmtime(moment))
        if len(rows) > LINES:
            columns = COLUMNS if what == "log" else LABEL_COLUMNS
            write_part(self._folder / what / f"{day}.{secrets.token_hex(8)}.parquet", pd.DataFrame(rows, columns=list(columns)))
        else:
            lines = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
            self._append(what, day, lines.encode("utf-8", "replace"))
        if self.keeping is not None:
            _prune_daily(self._folder, self.keeping.days, moment)

    def close(self) -> None:
        """Close the files; they are opened again when something comes."""
        with self._lock:
            for _, handle in self._files.values():
                os.close(handle)
            self._files.clear()

    def _append(self, what: str, day: str, lines: bytes) -> None:
        try:
            with self._lock:
                handle = self._file(what, day)
                written = os.write(handle, lines)
                if written < len(lines):
                    self._drop(what)
                    raise OSError("the disk is full")
                if self._sync:
                    os.fsync(handle)
        except OSError as error:
            raise StorageError(f"The prediction could not be logged: {error.strerror or error}.") from error

    def _file(self, what: str, day: str) -> int:
        """Return the open file of a day; one that ends in a cut line gets its end first."""
        if what in self._files and self._files[what][0] != day:
            self._drop(what)
        if what not in self._files:
            path = self._folder / what / f"{day}.{os.getpid()}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            self._files[what] = (day, handle)
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                os.write(handle, b"\n")
        return self._files[what][1]

    def _drop(self, what: str) -> None:
        os.close(self._files.pop(what)[1])


def write_part(path: Path, frame: pd.DataFrame) -> None:
    """Write rows as one Parquet file, whole or not at all; raises StorageError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with atomic_file(path) as file:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)


def prune(folder: Path, days: int, now: float) -> int:
    """Remove logged predictions and labels that are older than so many days; returns how many files went."""
    oldest = time.strftime("%Y-%m-%d", time.gmtime(now - days * DAY))
    gone = 0
    for what in ("log", "labels"):
        for path in (folder / what).glob("*"):
            if path.suffix in (".parquet", ".jsonl") and path.name[:10] < oldest:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _prune_daily(folder: Path, days: int, now: float) -> None:
    marker = folder / "pruned"
    if not marker.exists() or now - marker.stat().st_mtime > DAY:
        prune(folder, days, now)
        marker.touch()

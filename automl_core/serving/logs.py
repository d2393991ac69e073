"""What the service writes: a line of JSON for each request, and the predictions themselves where that is wished."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol, TextIO

LOG = logging.getLogger("tablewright.serving")


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time, level, what happened, and the facts that came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def log_to(stream: TextIO = sys.stderr) -> None:
    """Let the service's log and uvicorn's errors go to a stream as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name in ("tablewright.serving", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


class Recorder(Protocol):
    """Keeps what was predicted."""

    def put(self, entry: dict[str, Any]) -> None:
        """Take an entry."""
        ...

    def close(self) -> None:
        """Take no more."""
        ...


class Nothing:
    """Keeps nothing: what the service does unless told otherwise."""

    def put(self, entry: dict[str, Any]) -> None:
        """Forget it."""

    def close(self) -> None:
        """Have nothing to write."""


class JsonFiles:
    """Appends entries to one file a day and process, ``<kind>-2026-11-24-<pid>.jsonl``.

    An entry is handed to the system before its request is answered, which takes some microseconds: a process that is
    killed then loses none of what it has answered. A line that a full disk has cut short is the last of its file, and
    readers leave it out.

    Parameters
    ----------
    folder : Path
    kind : str
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._kind = kind
        self._open: tuple[str, int] = ("", -1)
        self._lock = threading.Lock()
        self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, entry: dict[str, Any]) -> None:
        """Append an entry; what cannot be written is told in the log of the service, and the request is answered."""
        line = (json.dumps(entry, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        try:
            with self._lock:
                os.write(self._file(), line)
        except OSError as error:
            LOG.error(f"{self._kind} could not be written", extra={"facts": {"reason": str(error)}})

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open[1] >= 0:
                os.close(self._open[1])
            self._open = ("", -1)

    def _file(self) -> int:
        day = time.strftime("%Y-%m-%d", time.gmtime())
        if self._open[0] != day:
            if self._open[1] >= 0:
                os.close(self._open[1])
            path = self._folder / f"{self._kind}-{day}-{os.getpid()}.jsonl"
            self._open = (day, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        return self._open[1]

"""What the service writes: a line of JSON for each request, and the predictions themselves where that is wished.

Both are written by a thread of their own; a request only puts its entry into a queue.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Any, Protocol, TextIO

LOG = logging.getLogger("tablewright.serving")
SOON = 0.2
"""Seconds within which an entry is on disk."""


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
        """Take an entry; never waits."""
        ...

    def close(self) -> None:
        """Write what is still waiting."""
        ...


class Nothing:
    """Keeps nothing: what the service does unless told otherwise."""

    def put(self, entry: dict[str, Any]) -> None:
        """Forget it."""

    def close(self) -> None:
        """Have nothing to write."""


class JsonFiles:
    """Appends entries to one file a day and process, ``<kind>-2026-11-24-<pid>.jsonl``.

    A line that a crash has cut short is the last of its file, and readers leave it out.

    Parameters
    ----------
    folder : Path
    kind : str
    """

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder = folder
        self._kind = kind
        self._waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._write, name=f"{kind} log", daemon=True)
        self._thread.start()

    def put(self, entry: dict[str, Any]) -> None:
        """Take an entry; never waits."""
        self._waiting.put(entry)

    def close(self) -> None:
        """Write what is still waiting."""
        self._waiting.put(None)
        self._thread.join(timeout=10)

    def _write(self) -> None:
        ended = False
        while not ended:
            entries = [self._waiting.get()]
            time.sleep(SOON)  # what comes meanwhile is written at once
            while not self._waiting.empty():
                entries.append(self._waiting.get())
            ended = entries[-1] is None
            lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries if entry is not None]
            try:
                name = f"{self._kind}-{time.strftime('%Y-%m-%d', time.gmtime())}-{os.getpid()}.jsonl"
                with open(self._folder / name, "a", encoding="utf-8") as file:
                    file.writelines(lines)
            except OSError as error:
                LOG.error(f"{self._kind} could not be written", extra={"facts": {"lost": len(lines), "reason": str(error)}})

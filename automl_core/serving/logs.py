"""What the service writes: a line of JSON for each request, and the predictions themselves where that is wished."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from starlette.requests import ClientDisconnect, Request

from automl_core.errors import AutoMLError
from automl_core.scoring.logged import Asked, Keeping, PredictionLog
from automl_core.serving.answers import InvalidRowsError
from automl_core.serving.guard import RefusedError

if TYPE_CHECKING:
    from automl_core.serving.source import Served

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


class Recorder:
    """Keeps what was predicted; what cannot be written is told in the service's own log, and the request is answered.

    Parameters
    ----------
    log : PredictionLog or None
        None to keep nothing.
    """

    def __init__(self, log: PredictionLog | None = None) -> None:
        self._log = log

    @property
    def keeping(self) -> Keeping | None:
        """What is kept now; None for nothing."""
        with _told():
            return self._log.keeping if self._log else None
        return None

    def answered(self, asked: Asked, inputs: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]) -> None:
        """Take the rows of a request and what was answered."""
        if self._log:
            with _told():
                self._log.answered(asked, inputs, entries)

    def failed(self, asked: Asked, error: str) -> None:
        """Take a request that failed."""
        if self._log:
            with _told():
                self._log.failed(asked, error)

    def labelled(self, labels: Mapping[str, str]) -> None:
        """Take true outcomes by key; raises StorageError, since whoever sends them may send them again."""
        if self._log:
            self._log.labelled(labels)

    def close(self) -> None:
        """Take no more."""
        if self._log:
            self._log.close()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except AutoMLError as error:
        LOG.error("a prediction could not be logged", extra={"facts": {"reason": str(error)}})


class Kept:
    """One request on its way into the log.

    Parameters
    ----------
    recorder : Recorder
    served : Served
        What answers it.
    request : Request
    """

    def __init__(self, recorder: Recorder, served: Served, request: Request) -> None:
        self._recorder = recorder
        self._served = served
        self._state = request.scope["state"]
        keeping = recorder.keeping
        self.on = keeping is not None
        self.key = keeping.key if keeping else ""

    def answered(
        self, inputs: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]], first: int = 0, seconds: float = 0.0
    ) -> None:
        """Keep rows and what was answered; of a file in pieces with the number of the first row and the piece's own time."""
        self._recorder.answered(self._asked(first, seconds), inputs, entries)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Keep why the request got no answer, when it gets none."""
        try:
            yield
        except ClientDisconnect:
            raise
        except Exception as error:  # whatever it is, it is counted and raised again
            ours = not isinstance(error, AutoMLError | RefusedError | InvalidRowsError)
            self._recorder.failed(self._asked(), "A fault of ours." if ours else str(error))
            raise

    def _asked(self, first: int = 0, seconds: float = 0.0) -> Asked:
        model = self._served.model
        took = seconds or time.perf_counter() - self._state["started"]
        event = model.positive or (model.classes[-1] if model.classes else "")
        return Asked(self._served.version, "service", took, self._state["facts"]["request_id"], time.time(), event, first)

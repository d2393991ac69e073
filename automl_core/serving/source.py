"""Which model is served: loaded, tried, and exchanged for a newer version without a request being dropped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.scoring.archive import fingerprint, parse_json, read_archive
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.fast import FastPredictor

LOG = logging.getLogger("tablewright.serving")
LOOK_EVERY = 1.0
"""Seconds between two looks at whether another version is to be served."""


@dataclass(frozen=True)
class Target:
    """A file to be served and what it is called.

    Parameters
    ----------
    path : Path
        A bundle, packed or unpacked.
    version : str
        Empty for what the file calls itself.
    """

    path: Path
    version: str = ""


Resolve = Callable[[], Target]
"""Says which file is to be served now; a registry's alias may point to another one every time."""


@dataclass(frozen=True)
class Served:
    """A model that answers.

    Parameters
    ----------
    model : Model
    predictor : FastPredictor
    version : str
    stamp : tuple
        Path, size and time of change of the file; another stamp is another version.
    loaded_at : float
        `time.time`.
    """

    model: Model
    predictor: FastPredictor
    version: str
    stamp: tuple[Any, ...]
    loaded_at: float = field(default_factory=time.time)


def load(target: Target) -> Served:
    """Load a bundle and try the fast way on its sample rows.

    Raises
    ------
    NotFoundError, FormatError
        With the reason, when the file is not to be trusted.
    """
    stamp = stamp_of(target)
    model = load_model(target.path)
    manifest, files = read_archive(target.path)
    predictor = FastPredictor(model, parse_json(files["samples.json"], "samples.json"))
    if not predictor.fast:
        LOG.warning("single rows go through the pipelines", extra={"facts": {"reason": predictor.reason}})
    return Served(model, predictor, target.version or fingerprint(manifest), stamp)


def stamp_of(target: Target) -> tuple[Any, ...]:
    """Return what changes when the file does; raises OSError when it is gone."""
    path = target.path / "manifest.json" if target.path.is_dir() else target.path
    facts = path.stat()
    return (str(path), target.version, facts.st_size, facts.st_mtime_ns, facts.st_ino)


class Source:
    """The model that is served now.

    Parameters
    ----------
    resolve : callable
    every : float
        Seconds between two looks; 0 never looks.

    Attributes
    ----------
    current : Served
        Taken once by each request, which then answers with one version whatever happens meanwhile.
    fault : str
        Why a newer version could not be taken; the one before goes on answering.
    """

    def __init__(self, resolve: Resolve, every: float = LOOK_EVERY) -> None:
        self._resolve = resolve
        self._every = every
        self._refused: tuple[Any, ...] | None = None
        self._ended = threading.Event()
        self.current = load(resolve())
        self.fault = ""
        self._thread = threading.Thread(target=self._watch, name="source", daemon=True)
        if every:
            self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()
        if self._every:
            self._thread.join(timeout=5)

    def refresh(self) -> bool:
        """Take another version if there is one; return whether it was taken."""
        try:
            target = self._resolve()
            stamp = stamp_of(target)
            if stamp in (self.current.stamp, self._refused):
                return False
            served = load(target)
        except (AutoMLError, OSError) as error:
            self.fault = str(error)
            if isinstance(error, AutoMLError):
                self._refused = stamp if "stamp" in locals() else None
            LOG.error("another version is not taken", extra={"facts": {"reason": self.fault, "serving": self.current.version}})
            return False
        before, self.current, self.fault = self.current.version, served, ""
        LOG.info("another version is served", extra={"facts": {"before": before, "version": served.version}})
        return True

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            self.refresh()

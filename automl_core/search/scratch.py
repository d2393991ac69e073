"""A task's own folder on a machine of a cluster, gone with it. Imports little: a machine is tidied up in a moment."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "tablewright-task-"
LOCK = ".lock"
YOUNG = 60.0
"""Seconds in which a folder may be without its lock: it is being made."""


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for one task; those of tasks whose process was ended are removed first."""
    tidy()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with open(home / LOCK, "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # let go of by the system, however the process ends
            (home / "run").mkdir()
            yield home / "run"
    finally:
        shutil.rmtree(home, ignore_errors=True)


def tidy() -> None:
    """Remove the folders on this machine that no process holds any more."""
    for home in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # held, another user's, or being removed by another process
            if (home / LOCK).exists():
                with open(home / LOCK, encoding="ascii") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(home, ignore_errors=True)
            elif time.time() - home.stat().st_mtime > YOUNG:
                shutil.rmtree(home, ignore_errors=True)

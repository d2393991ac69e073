"""What goes to a forked child that is kept for more than one task, and when it has served."""

from __future__ import annotations

import io
import os
import pickle
import random
import resource
import struct
import sys
from collections.abc import Callable
from typing import Any

Work = Callable[[], dict[str, Any]]
GROWN = 96 * 2**10
"""Kilobytes that a child may have grown by and still be kept: what a task has freed, its process may still hold. Beside a task
of several seconds, a new child, about 50 ms, costs less, and so less memory is worth holding."""
SHARED = "shared"
HEADER = struct.Struct("<Q")


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, shared: object) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._shared = shared

    def persistent_id(self, value: object) -> str | None:
        return SHARED if value is self._shared else None


class _Unpickler(pickle.Unpickler):
    """Reads what this process itself has sent to its child over a pipe of the two; nothing else ever gets there."""

    def __init__(self, file: io.BytesIO, shared: object) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: object) -> object:
        return self._shared


def packed_task(work: Work, shared: object) -> bytes | None:
    """Return a task as bytes, with the shared object only named; None for one that cannot be sent."""
    file = io.BytesIO()
    try:
        _Pickler(file, shared).dump(work)
    except (pickle.PicklingError, TypeError, AttributeError):  # how functions within functions and open files say it
        return None
    return file.getvalue()


def send_task(pipe: int, task: bytes) -> None:
    """Send a task; raises OSError when the child has ended."""
    data = memoryview(HEADER.pack(len(task)) + task)
    while data:
        data = data[os.write(pipe, data) :]


def read_task(pipe: int, shared: object) -> Work | None:
    """Wait for the next task; None when none will come."""
    header = _read(pipe, HEADER.size)
    if header is None or (data := _read(pipe, HEADER.unpack(header)[0])) is None:
        return None
    work: Work = _Unpickler(io.BytesIO(data), shared).load()
    return work


def _read(pipe: int, size: int) -> bytes | None:
    data = bytearray()
    while len(data) < size:
        chunk = os.read(pipe, size - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


def seeded() -> None:
    """Let every task find the same random numbers, whichever came before it in its process."""
    random.seed(0)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(0)


def is_spent(seconds: float, begun: int) -> bool:
    """Decide whether a child ends after a task.

    Parameters
    ----------
    seconds : float
        That the task took.
    begun : int
        Kilobytes that the child held at most when it was forked.
    """
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) * max(seconds, 1.0) > GROWN

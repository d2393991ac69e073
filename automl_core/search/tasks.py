"""Tasks: what runs them, how one of them is done, and what is told of its end, wherever it ran."""

from __future__ import annotations

import contextlib
import errno
import resource
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from automl_core.errors import StorageError
from automl_core.search import memory

Work = Callable[[], dict[str, Any]]
HEADROOM = 0.9
"""Share of the free memory that one task may take."""
NO_MEMORY = "There was not enough memory."


@dataclass(frozen=True)
class Done:
    """A task that has ended.

    Parameters
    ----------
    key : tuple
    result : dict
        What the task returned, plain JSON types.
    error : str
        Why there is no result, one sentence; empty when there is one.
    seconds : float
    timed_out : bool
    disk : int
        The system's number of the fault where the disk was at fault and not the task, otherwise 0.
    """

    key: tuple[Any, ...]
    result: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0
    timed_out: bool = False
    disk: int = 0


class Executor(Protocol):
    """What runs tasks: forked processes of this machine, or the machines of a cluster (`remote.RayExecutor`).

    A task is a method of a run's `fitting.FoldWork` with its arguments; what it leaves in the run's folder is there when
    its end is told. Each has one native thread, wherever it runs.
    """

    @property
    def cores(self) -> int:
        """Tasks at a time, one at least."""

    @property
    def together(self) -> bool:
        """Whether all tasks run on one machine, whose memory they share."""

    @property
    def each(self) -> int:
        """Tasks at a time on one machine, which share its memory."""

    @property
    def memory(self) -> int | None:
        """Bytes that the tasks of one machine share; None for what is free on this one at the time."""

    def submit(self, key: tuple[Any, ...], work: Work, timeout: float) -> None:
        """Begin a task that may take `timeout` seconds."""

    def free(self) -> int:
        """Return how many more tasks can be begun now."""

    def running(self) -> list[tuple[Any, ...]]:
        """Return the keys of the tasks under way."""

    def wait(self, seconds: float) -> list[Done]:
        """Return tasks that have ended, after at most `seconds`."""

    def kill(self, key: tuple[Any, ...] | None = None) -> None:
        """End one task, or all of them at once."""

    def close(self) -> None:
        """End all tasks and let go of everything; called once, at the end."""


def done_of(key: tuple[Any, ...], answer: dict[str, Any], seconds: float) -> Done:
    """Return the end of a task from its answer."""
    return Done(key, answer.get("result", {}), answer.get("error", ""), seconds, disk=answer.get("disk", 0))


def too_late(key: tuple[Any, ...], seconds: float) -> Done:
    """Return the end of a task whose time was up."""
    return Done(key, error=f"It was ended after {seconds:.0f} s, the time it was given.", seconds=seconds, timed_out=True)


def answer_of(work: Work) -> dict[str, Any]:
    """Run a task; return its result, or why there is none, as `done_of` reads it."""
    try:
        return {"result": work()}
    except MemoryError:
        return {"error": NO_MEMORY}
    except StorageError as error:
        return {"error": error.received, "disk": getattr(error.__cause__, "errno", None) or errno.EIO}
    except Exception as error:  # noqa: BLE001 - a model may fail in any way; the sentence becomes the reason of its row
        traceback.print_exc()
        text = " ".join(str(error).split())
        # How libraries written in C++ say it.
        short = "bad_alloc" in text or "bad allocation" in text or "Unable to allocate" in text
        return {"error": NO_MEMORY if short else f"{type(error).__name__}: {text[:300]}"}


def limit_memory() -> None:
    """Let one task take no more than what is free, and be the first to go when memory runs out all the same (Linux).

    The limit is on private writable memory (``RLIMIT_DATA``; Linux counts mappings since 4.7) on top of what the process
    was forked with. Address space (``RLIMIT_AS``) would not do: libraries reserve far more of it than they use.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/self/status", encoding="ascii") as file:
            data = next((line for line in file if line.startswith("VmData:")), "")
        limit = int(data.split()[1]) * 1024 + int(HEADROOM * memory.available_memory())
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("500")

"""Where fits run: each in a forked process of its own, so that it can be timed, stopped, and may even crash."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


@dataclass
class _Child:
    pid: int
    pipe: int
    started: float
    deadline: float
    data: bytearray = field(default_factory=bytearray)
    timed_out: bool = False


class ForkExecutor:
    """Runs each task in a forked child with one native thread; results come back over a pipe as JSON.

    The parent must not have run an OpenMP loop before: GNU's runtime hangs in a child of a process that has.

    Parameters
    ----------
    cores : int
        Tasks at a time.
    """

    def __init__(self, cores: int) -> None:
        self.cores = cores
        self._children: dict[tuple[Any, ...], _Child] = {}

    def submit(self, key: tuple[Any, ...], work: Work, timeout: float) -> None:
        """Fork a child that runs `work`."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _run_child(work, writing, parent)
        os.close(writing)
        os.set_blocking(reading, False)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        now = time.monotonic()
        self._children[key] = _Child(pid, reading, now, now + timeout)

    def free(self) -> int:
        """Return how many more tasks can be started now."""
        return self.cores - len(self._children)

    def running(self) -> list[tuple[Any, ...]]:
        """Return the keys of the tasks under way."""
        return list(self._children)

    def wait(self, seconds: float) -> list[Done]:
        """Return tasks that have ended, after at most `seconds`."""
        if not self._children:
            return []
        now = time.monotonic()
        nearest = min(child.deadline for child in self._children.values())
        pipes = {child.pipe: key for key, child in self._children.items()}
        ready, _, _ = select.select(list(pipes), [], [], max(0.0, min(seconds, nearest - now)))
        done = []
        for pipe in ready:
            child = self._children[pipes[pipe]]
            chunk = os.read(pipe, 1 << 20)
            if chunk:
                child.data += chunk
            else:
                done.append(self._reap(pipes[pipe]))
        now = time.monotonic()
        for key, child in list(self._children.items()):
            if now > child.deadline:
                child.timed_out = True
                _kill(child.pid)
                done.append(self._reap(key))
        return done

    def kill(self, key: tuple[Any, ...] | None = None) -> None:
        """End one task or all of them at once."""
        for known in [key] if key is not None else list(self._children):
            if known in self._children:
                _kill(self._children[known].pid)
                self._reap(known)

    def _reap(self, key: tuple[Any, ...]) -> Done:
        child = self._children.pop(key)
        os.close(child.pipe)
        _, status = os.waitpid(child.pid, 0)
        seconds = time.monotonic() - child.started
        if child.timed_out:
            return Done(key, error=f"It was ended after {seconds:.0f} s, the time it was given.", seconds=seconds, timed_out=True)
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            why = "most likely for want of memory" if name == "SIGKILL" else "a crash inside the library"
            return Done(key, error=f"Its process was ended by the system ({name}), {why}.", seconds=seconds)
        try:
            answer = json.loads(child.data)
        except ValueError:
            return Done(key, error="Its process ended without an answer.", seconds=seconds)
        return Done(key, answer.get("result", {}), answer.get("error", ""), seconds, disk=answer.get("disk", 0))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _run_child(work: Work, writing: int, parent: int) -> None:
    """Run a task and leave; never returns."""
    code = 0
    try:
        os.setpgid(0, 0)
        _die_with_parent(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _limit_memory()
        # For what is imported from here on; what was imported before the fork is told by threadpoolctl.
        os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            answer: dict[str, Any] = {"result": work()}
    except MemoryError:
        answer = {"error": NO_MEMORY}
    except StorageError as error:
        answer = {"error": error.received, "disk": getattr(error.__cause__, "errno", None) or errno.EIO}
    except Exception as error:  # noqa: BLE001 - a model may fail in any way; the sentence becomes the reason of its row
        traceback.print_exc()
        text = " ".join(str(error).split())
        # How libraries written in C++ say it.
        short = "bad_alloc" in text or "bad allocation" in text or "Unable to allocate" in text
        answer = {"error": NO_MEMORY if short else f"{type(error).__name__}: {text[:300]}"}
    try:
        data = json.dumps(answer).encode()
        while data:
            data = data[os.write(writing, data) :]
    except OSError:
        code = 1
    finally:
        os._exit(code)


def _die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends (Linux)."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be asked for
        os._exit(1)


def _limit_memory() -> None:
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

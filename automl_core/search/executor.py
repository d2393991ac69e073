"""Where fits run: in forked processes, one at a time in each, so that a fit can be timed, stopped, and may even crash."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from automl_core.search.kept import is_spent, packed_task, read_task, seeded, send_task
from automl_core.search.tasks import Done, Work, answer_of, done_of, limit_memory, too_late

__all__ = ["Done", "ForkExecutor"]
END = b"\n"
"""Ends an answer of a kept child; JSON has none inside."""


@dataclass
class _Child:
    """A process, and the task it is at.

    Parameters
    ----------
    pid, pipe : int
        Its answers come from the pipe.
    tasks : int
        Where a kept process gets its tasks; -1 for one that was forked for a single task.
    modules : int
        How many modules its parent had imported when it was forked.
    """

    pid: int
    pipe: int
    tasks: int = -1
    modules: int = 0
    started: float = 0.0
    deadline: float = 0.0
    data: bytearray = field(default_factory=bytearray)
    timed_out: bool = False


class ForkExecutor:
    """Runs each task in a forked child with one native thread; results come back over a pipe as JSON.

    A fork of a process with the libraries takes 30 ms, and its first touch of every page as much again: more than many
    fits. A child is therefore kept for the next task, as long as its tasks are short and leave its memory small.

    The parent must not have run an OpenMP loop before: GNU's runtime hangs in a child of a process that has.

    Parameters
    ----------
    cores : int
        Tasks at a time.
    shared : object, optional
        What the children inherit and tasks are made of, such as a run's data, which must not change. A task that is plain
        but for it goes to a kept child; without it each task gets a child of its own.
    """

    def __init__(self, cores: int, shared: object = None) -> None:
        self.cores = self.each = cores
        self.memory: int | None = None
        self.together = True
        self._shared = shared
        self._children: dict[tuple[Any, ...], _Child] = {}
        self._idle: list[_Child] = []

    def submit(self, key: tuple[Any, ...], work: Work, timeout: float) -> None:
        """Let a child run `work`."""
        task = packed_task(work, self._shared) if self._shared is not None else None
        child = self._fork(partial(_run_once, work)) if task is None else self._hire(task)
        child.started = time.monotonic()
        child.deadline = child.started + timeout
        self._children[key] = child

    def _hire(self, task: bytes) -> _Child:
        """Give a task to a child that waits for one, or to a new one."""
        while self._idle:
            child = self._idle.pop()
            # What was imported since it was forked, each of its tasks would have to import again.
            if child.modules == len(sys.modules):
                with contextlib.suppress(OSError):  # it has ended
                    send_task(child.tasks, task)
                    return child
            _end(child)
        reading, writing = os.pipe()
        child = self._fork(partial(_run_kept, self._shared, reading, writing))
        os.close(reading)
        child.tasks, child.modules = writing, len(sys.modules)
        send_task(writing, task)
        return child

    def _fork(self, run: Callable[[int, int], None]) -> _Child:
        """Fork a child that does `run`, which is given its end of the pipe and the parent's id, and never returns."""
        reading, writing = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        gc.freeze()  # the collector of the child would touch every object of the parent, and so copy its pages
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            run(writing, parent)
        gc.unfreeze()
        os.close(writing)
        os.set_blocking(reading, False)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        return _Child(pid, reading)

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
            if not chunk:
                done.append(self._reap(pipes[pipe]))
            else:
                child.data += chunk
                if child.tasks >= 0 and chunk.endswith(END):
                    done.append(self._answered(pipes[pipe]))
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
        while key is None and self._idle:
            _end(self._idle.pop())

    def close(self) -> None:
        """End all tasks."""
        self.kill()

    def _answered(self, key: tuple[Any, ...]) -> Done:
        """Take the answer of a kept child, which waits for the next task unless it says that it has ended."""
        child = self._children.pop(key)
        answer = json.loads(child.data)
        child.data.clear()
        if answer["last"]:
            _end(child)
        else:
            self._idle.append(child)
        return done_of(key, answer, time.monotonic() - child.started)

    def _reap(self, key: tuple[Any, ...]) -> Done:
        child = self._children.pop(key)
        _close(child)
        _, status = os.waitpid(child.pid, 0)
        seconds = time.monotonic() - child.started
        if child.timed_out:
            return too_late(key, seconds)
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            why = "most likely for want of memory" if name == "SIGKILL" else "a crash inside the library"
            return Done(key, error=f"Its process was ended by the system ({name}), {why}.", seconds=seconds)
        try:
            answer = json.loads(child.data)
        except ValueError:
            return Done(key, error="Its process ended without an answer.", seconds=seconds)
        return done_of(key, answer, seconds)


def _close(child: _Child) -> None:
    os.close(child.pipe)
    if child.tasks >= 0:
        os.close(child.tasks)


def _end(child: _Child) -> None:
    """End a child that has no task."""
    _close(child)
    _kill(child.pid)
    os.waitpid(child.pid, 0)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _run_once(work: Work, writing: int, parent: int) -> None:
    """Run one task and leave; never returns."""
    code = 0
    try:
        _settle(parent)
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1):
            answer = answer_of(work)
        code = _write(writing, json.dumps(answer).encode())
    finally:
        os._exit(code)


def _run_kept(shared: object, reading: int, putting: int, writing: int, parent: int) -> None:
    """Run the tasks that come, until one leaves too much behind or there are no more; never returns."""
    code = 0
    try:
        os.close(putting)
        _settle(parent)
        from threadpoolctl import threadpool_limits

        begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with threadpool_limits(1):
            while not code and (work := read_task(reading, shared)) is not None:
                started = time.monotonic()
                limit_memory()
                seeded()
                answer = answer_of(work)
                del work
                answer["last"] = is_spent(time.monotonic() - started, begun)
                code = _write(writing, json.dumps(answer).encode() + END)
                if answer["last"]:
                    break
    finally:
        os._exit(code)


def _settle(parent: int) -> None:
    """Make a forked child one that can be ended, that ends with its parent, and that knows its limits."""
    os.setpgid(0, 0)
    _die_with_parent(parent)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_memory()
    # For what is imported from here on; what was imported before the fork is told by threadpoolctl.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))


def _write(pipe: int, data: bytes) -> int:
    """Write all of `data`; return the exit code: 1 where nobody listens any more."""
    try:
        while data:
            data = data[os.write(pipe, data) :]
    except OSError:
        return 1
    return 0


def _die_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent ends (Linux)."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != parent:  # it died before it could be asked for
        os._exit(1)

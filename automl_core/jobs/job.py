"""A job as its folder tells it: its state follows from files alone.

``request.json`` is written first, ``queued`` says that it waits, ``worker.json`` names the process that works on it,
``events.jsonl`` is its journal, ``stop`` asks it to end, ``heartbeat`` is touched while it works.
"""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import AutoMLError, FormatError
from automl_core.events import FINAL, Message, Started, append_event, read_events
from automl_core.workspace import InProject, atomic_file, read_json, write_json

JobState = Literal["queued", "running", "finished", "failed", "stopped", "lost"]
ACTIVE: tuple[JobState, ...] = ("queued", "running")
RESUMABLE: tuple[JobState, ...] = ("lost", "stopped", "failed")
RUNS = ("train", "relearn")
"""Kinds whose folder is a run."""
FREE = ("watch",)
"""Kinds that mostly sleep: they take no place, and no limit counts them."""
RESERVE = 64 * 1024
"""Bytes."""
SILENT = 15.0
"""Seconds without a heartbeat after which a job of another machine counts as lost."""


@dataclass(frozen=True)
class Job(InProject):
    """One job's folder."""

    @property
    def request(self) -> dict[str, Any]:
        """What was submitted; raises NotFoundError, or FormatError when it is damaged."""
        request = read_json(self.folder / "request.json")
        if not isinstance(request, dict) or "kind" not in request:
            raise FormatError(f"request.json in {self.id} is damaged: it does not say what is to be done.")
        return request

    @property
    def kind(self) -> str:
        """Name of the work, a key of `worker.KINDS`."""
        return str(self.request["kind"])

    @property
    def by(self) -> str:
        """Id of the person who asked for it, empty where that is not known."""
        return str(self.request.get("by", ""))

    @property
    def journal(self) -> Path:
        """The file of its events."""
        return self.folder / "events.jsonl"

    @property
    def waiting(self) -> Path:
        """Marker that the job is to be started."""
        return self.folder / "queued"

    @property
    def stop_marker(self) -> Path:
        """Marker that a person wants it to end."""
        return self.folder / "stop"

    @property
    def heartbeat(self) -> Path:
        """Touched every second while the job works."""
        return self.folder / "heartbeat"

    @property
    def state(self) -> JobState:
        """What became of it, from its files: nothing is remembered that a crash could make untrue."""
        if self.waiting.exists():
            return "queued"
        events, _ = read_events(self.journal)
        last = next((event for event in reversed(events) if isinstance(event, (Started, *FINAL))), None)
        if last is not None and not isinstance(last, Started):
            return last.kind  # type: ignore[return-value]  # the kinds of FINAL are states
        return "running" if self.pid or self._beats() else "lost"

    @property
    def pid(self) -> int:
        """The process of this machine that works on it, 0 when there is none."""
        worker = self._worker()
        if worker.get("machine") != socket.gethostname():
            return 0
        pid, started = int(worker.get("pid", 0)), float(worker.get("started", 0.0))
        return pid if alive(pid, started) else 0

    @property
    def reserve(self) -> Path:
        """Space that is kept so that a full disk can still be told of."""
        return self.folder / "reserve"

    def hold(self) -> None:
        """Keep the space of the last words; raises StorageError when the disk has not even that."""
        with atomic_file(self.reserve) as file:
            file.write(b"\0" * RESERVE)

    def take(self, resumed: bool = False) -> None:
        """Note that this process works on the job from now on.

        In this order, so that at no moment it looks as if it had lost its process, also when it is stopped meanwhile.
        """
        me = os.getpid()
        write_json(self.folder / "worker.json", {"machine": socket.gethostname(), "pid": me, "started": process_started(me)})
        self.heartbeat.touch()
        append_event(self.journal, Started(me, resumed))
        self.waiting.unlink(missing_ok=True)

    def taken_by(self, pid: int) -> bool:
        """Return whether this process of this machine was the last to take the job."""
        return (self._worker().get("machine"), self._worker().get("pid")) == (socket.gethostname(), pid)

    def _worker(self) -> dict[str, Any]:
        try:
            worker = read_json(self.folder / "worker.json")
        except AutoMLError:
            return {}
        return worker if isinstance(worker, dict) else {}

    def _beats(self) -> bool:
        """Return whether another machine or container works on it, where process numbers say nothing."""
        if self._worker().get("machine") in (None, socket.gethostname()) or not self.heartbeat.exists():
            return False
        return time.time() - self.heartbeat.stat().st_mtime < SILENT


def tell_overdue(job: Job, hours: int) -> None:
    """Tell that a job has taken as long as it may, and ask it to end; raises OSError."""
    append_event(job.journal, Message(f"Stopped after {hours:,} h, the longest that a job may take here.", "warning"))
    job.stop_marker.touch()


def process_started(pid: int) -> float:
    """Return when a process was started, in seconds since its machine was; 0.0 when it is gone or a zombie.

    Not by the time of day: a clock that is set right while a job works would make its process look like another one.
    """
    try:
        state, *facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0 if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    return 0.0 if state in "ZX" else int(facts[18]) / os.sysconf("SC_CLK_TCK")


def _started_elsewhere(pid: int) -> float:
    """Return the same on a system without ``/proc``, where only the time of day is known."""
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def since(started: float) -> float:
    """Return how many seconds ago a process was started of which `process_started` told."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME) if Path("/proc/self/stat").exists() else time.time()
    return max(now - started, 0.0)


def alive(pid: int, started: float) -> bool:
    """Return whether the process of this number is still the one that was started then."""
    now = process_started(pid)
    return now > 0 and abs(now - started) < 1.0

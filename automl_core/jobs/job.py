"""A job as its folder tells it: submitted, stopped, resumed; its state follows from files alone.

``request.json`` is written first, ``queued`` says that it waits, ``worker.json`` names the process that works on it,
``events.jsonl`` is its journal, ``stop`` asks it to end, ``heartbeat`` is touched while it works.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from automl_core.errors import AutoMLError, FormatError, JobError
from automl_core.events import FINAL, Event, Started, Stopped, append_event, read_events
from automl_core.runs import write_request
from automl_core.workspace import InProject, Workspace, atomic_file, new_id, read_json, write_json

JobState = Literal["queued", "running", "finished", "failed", "stopped", "lost"]
ACTIVE: tuple[JobState, ...] = ("queued", "running")
RESUMABLE: tuple[JobState, ...] = ("lost", "stopped", "failed")
RUNS = ("train", "relearn")
"""Kinds whose folder is a run."""
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

    def take(self) -> None:
        """Note that this process works on the job from now on."""
        me = os.getpid()
        write_json(self.folder / "worker.json", {"machine": socket.gethostname(), "pid": me, "started": process_started(me)})
        self.heartbeat.touch()
        self.waiting.unlink(missing_ok=True)

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

    def close(self, event: Event) -> None:
        """Write the last event of a job that cannot write it itself."""
        append_event(self.journal, event)
        _index(self)


def process_started(pid: int) -> float:
    """Return when a process was started, in seconds since the epoch; 0.0 when it is gone or a zombie."""
    import psutil

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def alive(pid: int, started: float) -> bool:
    """Return whether the process of this number is still the one that was started then."""
    now = process_started(pid)
    return now > 0 and abs(now - started) < 1.0


def submit(workspace: Workspace, project_id: str, kind: str, params: dict[str, Any]) -> str:
    """Write a job's folder and hand it to the host.

    Parameters
    ----------
    workspace : Workspace
    project_id : str
    kind : str
        A key of `worker.KINDS`.
    params : dict
        Plain JSON types.

    Returns
    -------
    str
        The job's id. The folder holds the whole request before the host hears of it.

    Raises
    ------
    StorageError
        When the folder or the catalogue cannot be written; nothing is left then.
    JobError
        When the host cannot be started; the job then waits until one is.
    """
    from automl_core.jobs import client

    job_id = new_id("rn" if kind in RUNS else "jb")
    job = Job(workspace.project(project_id).job(job_id))
    try:
        write_request(job.folder, kind, params)
        job.hold()
        job.waiting.touch()
        _index(job)
    except (AutoMLError, OSError):
        shutil.rmtree(job.folder, ignore_errors=True)  # or it would start one day, long after the person was told that it failed
        raise
    client.ask(workspace, {"do": "start", "folder": str(job.folder)})
    return job_id


def stop(workspace: Workspace, project_id: str, job_id: str) -> None:
    """Ask a job to end; what it finished stays. Nothing happens to a job that has ended."""
    from automl_core.jobs import client

    job = Job(workspace.project(project_id).job(job_id))
    state = job.state
    if state not in ACTIVE:
        return
    job.stop_marker.touch()
    if state == "queued":
        with contextlib.suppress(FileNotFoundError):
            job.waiting.unlink()
            job.reserve.unlink(missing_ok=True)
            job.close(Stopped())
            return
    client.ask(workspace, {"do": "stop", "folder": str(job.folder)})


def end(workspace: Workspace, project_id: str, job_id: str) -> None:
    """End a job at once and by force, for a folder that is to be deleted: when this returns nothing writes into it any more."""
    from automl_core.jobs import client

    job = Job(workspace.project(project_id).job(job_id))
    active = job.state in ACTIVE
    job.waiting.unlink(missing_ok=True)
    if job.pid or (active and client.answers(workspace)):
        client.ask(workspace, {"do": "end", "folder": str(job.folder)})


def resume(workspace: Workspace, project_id: str, job_id: str) -> None:
    """Let a job that was interrupted, stopped or failed go on.

    Raises
    ------
    JobError
        When it has ended well.
    NotFoundError
    StorageError
        When the disk is still full.
    """
    from automl_core.jobs import client

    job = Job(workspace.project(project_id).job(job_id))
    _ = job.request  # refuses what is no job
    if job.state in ACTIVE:
        return
    if job.state not in RESUMABLE and job.kind not in ("train", "tune"):  # a search can always be given more time
        raise JobError("This work has ended well.", action="Start it again with other settings.")
    _renew_place(job)
    job.hold()
    job.stop_marker.unlink(missing_ok=True)
    job.waiting.touch()
    try:
        _index(job)
    except AutoMLError:
        job.waiting.unlink(missing_ok=True)
        raise
    client.ask(workspace, {"do": "start", "folder": str(job.folder)})


def _renew_place(job: Job) -> None:
    """Let a job that was to use a cluster use the one that the environment names now, or this machine when it names none."""
    from automl_core.search.place import cluster_address

    params = job.request["params"]
    place = params.get("place")
    if place and place["cluster"] and place["cluster"] != cluster_address():
        write_request(job.folder, job.kind, {**params, "place": {**place, "cluster": cluster_address()}})


def _index(job: Job) -> None:
    from automl_core.catalogue import record_job

    record_job(job.workspace, job)

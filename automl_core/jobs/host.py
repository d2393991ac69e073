"""The job host: a detached process that owns the queue and forks one process group for each job.

``python -m automl_core.jobs.host`` runs it, ``--stop`` ends the one that runs. It outlives the web server; a lock file
lets only one live in a workspace. The engines are imported once, here, so that a forked job starts at once. They are
only imported: no OpenMP loop may run before a fork.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.events import Failed, Stopped
from automl_core.jobs.child import become
from automl_core.jobs.client import address, answers, code_stamp
from automl_core.jobs.ending import end, locked
from automl_core.jobs.job import FREE, RUNS, Job, alive, process_started, since, tell_overdue
from automl_core.log import log_error
from automl_core.people.settings import limits_or_defaults
from automl_core.workspace import Workspace

PRELOADED = (
    "automl_core.worker",
    "automl_core.catalogue",
    "pandas",
    "pyarrow.parquet",
    "automl_core.search.run",
    "automl_core.search.loop",
    "sklearn.linear_model",
    "sklearn.ensemble",
    "sklearn.tree",
    "sklearn.compose",
    "sklearn.impute",
    "sklearn.preprocessing",
    "sklearn.model_selection",
    "skops.io",
    "automl_core.cleaning.transformers",
    "automl_core.model",
    "automl_core.evaluation.evaluate",
    "lightgbm",
    "xgboost",
    "catboost",
    "automl_core.predicting",
)
REQUESTS = ("ping", "start", "stop", "end", "leave")
LONG = (*RUNS, "policy")
"""Kinds that take `AUTOML_WORKERS` places; all others are short and have places of their own."""
SHORT_PLACES = 2
GRACE = dict.fromkeys((*RUNS, "tune", "combine"), 15.0)
"""Seconds from the stop button to the end by force; a search saves its best model meanwhile."""
SHORT_GRACE = 1.0
LONGEST_WAIT = 20.0
"""Seconds that a new host waits for one that is leaving."""
TICK = 0.25


@dataclass
class _Running:
    job: Job
    kind: str
    pid: int
    started: float
    ours: bool
    since: float = field(default_factory=time.monotonic)
    kill_at: float = float("inf")


@dataclass
class Host:
    """The host of one workspace.

    Parameters
    ----------
    workspace : Workspace
    places : int
        Long jobs at a time.
    lock : int
        Handle of the lock file, which a forked job must not keep.
    code : str
        Which code this process runs.
    """

    workspace: Workspace
    places: int = 1
    lock: int = -1
    code: str = field(default_factory=code_stamp)
    queue: list[tuple[Job, str]] = field(default_factory=list)
    running: dict[str, _Running] = field(default_factory=dict)
    leaving: bool = False
    beaten: float = 0.0
    tidying: int = 0

    def serve(self, listener: socket.socket) -> None:
        """Answer requests and start jobs until told to leave."""
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.listener = listener
        self.adopt()
        for module in PRELOADED:
            self.turn(0.0)
            if self.leaving:
                break
            try:
                importlib.import_module(module)
            except ImportError as error:  # the job that needs it says what is missing
                log_error(self.workspace, error, "host")
        while not self.leaving:
            self.turn(TICK)
        self.leave()

    def turn(self, seconds: float) -> None:
        """Look once after everything."""
        self.beat()
        for key, _ in self.selector.select(seconds):
            if key.fileobj is self.listener:
                with contextlib.suppress(OSError):
                    connection, _ = self.listener.accept()
                    self.answer(connection)
        self.reap()
        self.start_waiting()

    def beat(self) -> None:
        """Touch the heartbeat of every job once a second, for readers elsewhere, and stop what takes longer than it may."""
        if time.monotonic() - self.beaten < 1.0:
            return
        self.beaten = time.monotonic()
        hours = limits_or_defaults(self.workspace).job_hours
        for known in self.running.values():
            with contextlib.suppress(OSError):
                known.job.heartbeat.touch()
                if known.kind not in FREE and self.beaten - known.since > hours * 3600 and known.kill_at == float("inf"):
                    tell_overdue(known.job, hours)
                    self.stop(known.job)

    def adopt(self) -> None:
        """Take over what an earlier host left: jobs that still work, jobs that wait, jobs whose process died."""
        for project_id in self.workspace.project_ids():
            project = self.workspace.project(project_id)
            for job_id in reversed([*project.list("runs"), *project.list("jobs")]):
                job = Job(project.job(job_id))
                with contextlib.suppress(AutoMLError, OSError):
                    if job.waiting.exists():
                        self.queue.append((job, job.kind))
                    elif (job.folder / "worker.json").exists():
                        pid = job.pid
                        started = process_started(pid)
                        age = since(started) if started else 0.0
                        known = _Running(job, job.kind, pid, started, ours=False, since=time.monotonic() - age)
                        if pid and job.state == "running":
                            self.running[str(job.folder)] = known
                            if job.stop_marker.exists():
                                self.stop(job)
                        elif job.state == "lost":
                            self.close(known)

    # -- requests -----------------------------------------------------------------------------------------------

    def answer(self, connection: socket.socket) -> None:
        """Answer one request; a broken one is answered with an error and changes nothing."""
        with connection:
            connection.settimeout(2.0)
            try:
                data = b""
                while not data.endswith(b"\n") and len(data) < 1 << 20:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    data += chunk
                answer = self.do(json.loads(data))
            except (OSError, ValueError, KeyError, TypeError, RecursionError, AutoMLError) as error:
                answer = {"error": f"The request could not be understood: {error}"}
            with contextlib.suppress(OSError):
                connection.sendall(json.dumps(answer).encode() + b"\n")

    def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks."""
        if request["do"] not in REQUESTS:
            raise ValueError(f"{request['do']!r} is not one of {', '.join(REQUESTS)}")
        if request["do"] == "leave" or (request.get("code") != self.code and not self.running):
            self.leave()
            return {"leaving": True}
        if request["do"] in ("start", "stop", "end"):
            job = Job(self._inside(Path(request["folder"])))
            if request["do"] == "start":
                self.queue.append((job, job.kind))  # started once it is answered, or the job would hold the line open
            elif request["do"] == "stop":
                self.stop(job)
            else:
                self.end(job)
        return {"pid": os.getpid(), "running": len(self.running), "queued": len(self.queue)}

    def _inside(self, folder: Path) -> Path:
        folder = folder.resolve()
        if self.workspace.projects.resolve() not in folder.parents or not (folder / "request.json").exists():
            raise ValueError(f"{folder} is no job of this workspace")
        return folder

    def leave(self) -> None:
        """Stop taking work; jobs that run go on without us."""
        self.leaving = True
        if self.listener.fileno() < 0:
            return
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):
            address(self.workspace).unlink()

    # -- jobs ---------------------------------------------------------------------------------------------------

    def start_waiting(self) -> None:
        """Start the jobs for which there is a place."""
        if self.leaving:
            return
        for entry in list(self.queue):
            job, kind = entry
            counted = [known for known in self.running.values() if known.kind not in FREE]
            busy = sum((known.kind in LONG) == (kind in LONG) for known in counted)
            if kind not in FREE and busy >= (self.places if kind in LONG else SHORT_PLACES):
                continue
            if str(job.folder) in self.running:
                continue  # it was resumed while its earlier process is ending
            self.queue.remove(entry)
            if job.waiting.exists():
                self.fork(job, kind)

    def fork(self, job: Job, kind: str) -> None:
        """Fork the process of one job."""
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            log_error(self.workspace, error, "host")
            self.close(_Running(job, kind, 0, 0.0, ours=False))
            return
        if pid == 0:
            become(job, self.let_go)
        self.running[str(job.folder)] = _Running(job, kind, pid, process_started(pid), ours=True)

    def let_go(self) -> None:
        """Close what belongs to the host and not to a job that was forked from it."""
        self.selector.close()
        self.listener.close()
        os.close(self.lock)

    def stop(self, job: Job) -> None:
        """Ask a running job to end, and note when it is ended by force."""
        known = self.running.get(str(job.folder))
        if known is None:
            return
        known.kill_at = time.monotonic() + GRACE.get(known.kind, SHORT_GRACE)
        with contextlib.suppress(ProcessLookupError):
            os.kill(known.pid, signal.SIGTERM)

    def end(self, job: Job) -> None:
        """End a job by force and forget it; its process is gone when this returns."""
        known = self.running.pop(str(job.folder), None)
        if known is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(known.pid, signal.SIGKILL)
        deadline = time.monotonic() + 5.0
        while not self.gone(known) and time.monotonic() < deadline:
            time.sleep(0.01)

    def reap(self) -> None:
        """Notice jobs that ended, and end those whose time to stop is over."""
        if self.tidying and os.waitpid(self.tidying, os.WNOHANG)[0]:
            self.tidying = 0
        for folder, known in list(self.running.items()):
            if time.monotonic() > known.kill_at:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(known.pid, signal.SIGKILL)
            if not self.gone(known):
                continue
            del self.running[folder]
            if known.job.folder.exists():
                self.close(known)

    def gone(self, known: _Running) -> bool:
        """Return whether a job's process has ended."""
        if not known.ours:
            return not alive(known.pid, known.started)
        pid, _ = os.waitpid(known.pid, os.WNOHANG)
        return pid != 0

    def close(self, known: _Running) -> None:
        """Tell how a job ended whose process could not tell it."""
        from automl_core.catalogue import record_job
        from automl_core.jobs.control import close

        job = known.job
        job.reserve.unlink(missing_ok=True)
        try:
            if job.waiting.exists():
                if all(waiting.folder != job.folder for waiting, _ in self.queue):
                    job.waiting.unlink()
                    if job.taken_by(known.pid):
                        record_job(job)  # killed as it began: it is lost, and can go on
                        return
                    close(job, Failed("Its process could not be started.", "Free some disk space or memory, then try again."))
            elif job.state == "lost" and job.stop_marker.exists():
                close(job, Stopped())
            elif job.state == "lost":
                record_job(job)
        except (OSError, AutoMLError) as error:
            log_error(self.workspace, error, "host")


def tidy(workspace: Workspace) -> None:
    """Finish an import that was killed, and throw away what killed uploads and exports left."""
    from automl_core.catalogue import fill, opened
    from automl_core.placing import cut_short, sweep

    try:
        if cut_short(workspace):
            with opened(workspace) as connection:
                fill(workspace, connection)
        sweep(workspace)
    except (OSError, AutoMLError) as error:  # the next host tries again
        log_error(workspace, error, "host")


def tidy_beside(workspace: Workspace, listener: socket.socket, lock: int) -> int:
    """Tidy in a process of its own, as it may take minutes; return the process, 0 where none could be started.

    Not in a thread: jobs are forked meanwhile, and would keep the lock of imports. The listener and
    its own lock are the host's alone, so that another host can follow this one at any time.
    """
    try:
        pid = os.fork()
    except OSError as error:  # the next host tries again
        log_error(workspace, error, "host")
        return 0
    if pid:
        return pid
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        listener.close()
        os.close(lock)
        tidy(workspace)
    except BaseException as error:  # noqa: BLE001 - the end of a process of our own; logged with its traceback
        log_error(workspace, error, "host")
    finally:
        os._exit(0)


def main(arguments: list[str]) -> int:
    """Run the host of the default workspace, or end it with ``--stop``."""
    workspace = Workspace.default()
    if arguments == ["--stop"]:
        return end(workspace)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    workspace.host.mkdir(parents=True, exist_ok=True)
    lock = os.open(workspace.host / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LONGEST_WAIT
    while not locked(lock):
        if answers(workspace) or time.monotonic() > deadline:
            return 0  # another host is here to stay
        time.sleep(0.02)  # one that is leaving takes a moment
    os.truncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    path = address(workspace)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(64)
        host = Host(workspace, max(int(os.environ.get("AUTOML_WORKERS", "1") or 1), 1), lock)
        # Only a flag: a child that was forked just now still has this handler, and must not close the host's door.
        signal.signal(signal.SIGTERM, lambda *_: setattr(host, "leaving", True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        host.tidying = tidy_beside(workspace, listener, lock)
        host.serve(listener)
    return 0


if __name__ == "__main__":
    from automl_core.jobs import host as this  # one module, whatever name it was started under

    sys.exit(this.main(sys.argv[1:]))

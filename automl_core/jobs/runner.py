"""Inside a job's own process: the journal, the stop signal, and how every way of ending is told."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import signal
import traceback
from pathlib import Path
from types import FrameType

from automl_core.errors import AutoMLError, StorageError
from automl_core.events import Event, Failed, Finished, Started, Stopped, append_event, read_events
from automl_core.jobs.context import JobContext
from automl_core.jobs.job import RUNS, Job
from automl_core.log import log_error
from automl_core.people.person import Person, acting_as, user
from automl_core.people.settings import limits_of

GRACEFUL = (*RUNS, "tune", "combine")
"""Kinds that end themselves when asked, since they have something to keep."""


def run_job(folder: Path) -> int:
    """Do one job from its folder.

    Parameters
    ----------
    folder : Path
        Holds ``request.json``.

    Returns
    -------
    int
        Exit code: 0 finished or stopped, 1 a defect of ours, 2 a person's error.
    """
    job = Job(folder)
    resumed = any(isinstance(event, Started) for event in read_events(job.journal)[0])
    try:
        return _run(job, resumed)
    except OSError as error:
        return _disk(job, error)


def _run(job: Job, resumed: bool) -> int:
    job.take(resumed)
    _record(job)
    if not job.reserve.exists():
        job.hold()
    try:
        if job.stop_marker.exists():  # it was stopped between the fork and here
            return _stopped(job)
        from automl_core.worker import KINDS

        request = job.request
        # What the job does is done in the name of who asked for it; whether they may was decided when they did.
        by = job.by or user()
        if request["kind"] not in GRACEFUL:
            signal.signal(signal.SIGTERM, lambda number, frame: _end_at_once(job, number, frame))
        context = JobContext(job.folder, job.project, request, lambda event: emit(job, event), job.stop_marker.exists)
        _limit_memory(limits_of(job.workspace).job_memory_mb)
        with acting_as(Person(by, by, everywhere=True)):
            result = KINDS[request["kind"]](context)
        stopped = job.stop_marker.exists()
        emit(job, Stopped(result) if stopped else Finished(result))
        code = 0
    except OSError as error:
        return _disk(job, error)
    except MemoryError as error:
        code = 2
        log_error(job.workspace, error, f"job {job.id}")
        most = limits_of(job.workspace).job_memory_mb
        allowed = f" than the {most:,} MB that a job may take here" if most else " than there was"
        emit(job, Failed(f"The work needed more memory{allowed}.", "Use fewer rows or columns, or ask for a higher limit."))
    except AutoMLError as error:
        code = 2
        if job.stop_marker.exists():
            emit(job, Stopped())
        else:
            said = " ".join(part for part in (error.received, error.needed) if part)
            emit(job, Failed(said, error.action, fault=type(error).__name__))
    except Exception as error:  # noqa: BLE001 - the border of a job; logged with its traceback
        code = 1
        traceback.print_exc()
        log_id = log_error(job.workspace, error, f"job {job.id}")
        emit(job, Failed("Something went wrong on our side; what was finished is kept.", "Try again.", log_id))
    job.reserve.unlink(missing_ok=True)
    _record(job)
    return code


def _limit_memory(megabytes: int) -> None:
    """Let this process, and each that it starts, take no more private memory than this; 0 for what is free (Linux)."""
    if megabytes:
        with contextlib.suppress(OSError, ValueError, StopIteration):
            with open("/proc/self/status", encoding="ascii") as file:
                now = int(next(line for line in file if line.startswith("VmData:")).split()[1]) * 1024
            most = now + (megabytes << 20)
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _stopped(job: Job) -> int:
    emit(job, Stopped())
    job.reserve.unlink(missing_ok=True)
    _record(job)
    return 0


def emit(job: Job, event: Event) -> None:
    """Append an event to a job's journal."""
    append_event(job.journal, event)


def _disk(job: Job, error: OSError) -> int:
    """Tell that the disk did not do what was asked, in the space that was kept for it."""
    if not isinstance(error, StorageError):
        log_error(job.workspace, error, f"job {job.id}")
    received = error.received if isinstance(error, StorageError) else f"A file could not be written or read: {error}."
    job.reserve.unlink(missing_ok=True)
    number = error.__cause__.errno if isinstance(error.__cause__, OSError) else error.errno
    full = number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    action = "Free some disk space" if full else "Check the disk and the folder's permissions"
    emit(job, Failed(received, f"{action}, then let it go on: what was finished is kept."))
    _record(job)
    return 2


def _end_at_once(job: Job, number: int, frame: FrameType | None) -> None:
    job.reserve.unlink(missing_ok=True)
    emit(job, Stopped())
    os._exit(0)


def _record(job: Job) -> None:
    """Bring the catalogue up to date; it is an index, so a fault in it must not end the work."""
    from automl_core.catalogue import record_job

    try:
        record_job(job)
    except AutoMLError as error:
        log_error(job.workspace, error, f"job {job.id}")

"""The job host of a workspace ended from outside: its jobs first, which keep what is done."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

from automl_core.errors import AutoMLError
from automl_core.jobs.client import _send
from automl_core.jobs.control import stop
from automl_core.jobs.job import ACTIVE, Job
from automl_core.workspace import Workspace

LONGEST_END = 20.0
"""Seconds that the jobs get to save what they have."""


def locked(lock: int) -> bool:
    """Return whether the lock file could be locked; the system lets go of it when this process ends, however it does."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def end(workspace: Workspace) -> int:
    """End the host of a workspace; jobs that run are stopped first, and keep what is done."""
    stopped = []
    for project_id in workspace.project_ids():
        project = workspace.project(project_id)
        for job_id in [*project.list("runs"), *project.list("jobs")]:
            with contextlib.suppress(AutoMLError):
                job = Job(project.job(job_id))
                if job.state in ACTIVE:
                    stop(workspace, project_id, job_id)
                    stopped.append(job)
    deadline = time.monotonic() + LONGEST_END
    while any(job.state in ACTIVE for job in stopped) and time.monotonic() < deadline:
        time.sleep(0.05)
    _send(workspace, {"do": "leave"})
    if workspace.host.exists():
        lock = os.open(workspace.host / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        while not locked(lock) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.close(lock)
    print("The background process has ended.")
    return 0

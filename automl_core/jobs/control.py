"""Jobs submitted, stopped, ended and resumed: the folder first, then the catalogue, then the host."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from typing import Any

from automl_core import catalogue
from automl_core.catalogue import record_job
from automl_core.errors import AutoMLError, JobError, LimitError
from automl_core.events import Event, Message, Stopped, append_event
from automl_core.jobs import client
from automl_core.jobs.job import ACTIVE, FREE, RESUMABLE, RUNS, Job
from automl_core.people.access import changing, require
from automl_core.people.limits import check_space
from automl_core.people.person import acting
from automl_core.people.settings import limits_of
from automl_core.runs import Run, write_request
from automl_core.workspace import ProjectFolder, Workspace, new_id, one_at_a_time, write_json


def submit(workspace: Workspace, project_id: str, kind: str, params: dict[str, Any], *, notes: Sequence[str] = ()) -> str:
    """Write a job's folder and hand it to the host.

    Parameters
    ----------
    workspace : Workspace
    project_id : str
    kind : str
        A key of `worker.KINDS`.
    params : dict
        Plain JSON types.
    notes : sequence of str
        What was adjusted in the request; they are the first messages of the job's journal, also while it waits.

    Returns
    -------
    str
        The job's id. The folder holds the whole request before the host hears of it.

    Raises
    ------
    AccessError
        When the acting person may not change the project.
    LimitError
        When that person has as many jobs as the limits allow, or the space is full.
    StorageError
        When the folder or the catalogue cannot be written; nothing is left then.
    JobError
        When the host cannot be started; the job then waits until one is.
    """
    job_id = new_id("rn" if kind in RUNS else "jb")
    job = Job(workspace.project(project_id).job(job_id))
    with changing(job.folder, "started", job_id, kind), _alone(workspace):
        _check_limits(job.project, kind)
        try:
            write_request(job.folder, kind, params, by=acting().id)
            for note in notes:
                append_event(job.journal, Message(note))
            job.hold()
            job.waiting.touch()
            record_job(job)
        except (AutoMLError, OSError):
            # Or it would start one day, long after the person was told that it failed.
            shutil.rmtree(job.folder, ignore_errors=True)
            raise
    client.ask(workspace, {"do": "start", "folder": str(job.folder)})
    return job_id


def _alone(workspace: Workspace) -> contextlib.AbstractContextManager[None]:
    """Let one job at a time be counted and begun: of two at one instant the second sees the first."""
    return one_at_a_time(workspace.root / "submit.lock")


def check_start(project: ProjectFolder, kind: str) -> None:
    """Refuse what `submit` would refuse, so that nothing large is written for it before.

    Raises
    ------
    AccessError
    LimitError
    """
    require(project, "change")
    _check_limits(project, kind)


def _check_limits(project: ProjectFolder, kind: str) -> None:
    """Refuse one job more than a person may have, and work for which there is no space; raises LimitError."""
    person, most = acting().id, limits_of(project.workspace).jobs
    mine = 0
    for row in catalogue.jobs(project.workspace, *ACTIVE) if kind not in FREE else ():
        with contextlib.suppress(AutoMLError):  # a job that was deleted since
            other = Job(project.workspace.project(row.project).job(row.id))
            mine += row.kind not in FREE and other.by == person and other.state in ACTIVE
    if mine >= most:
        raise LimitError(
            f"{mine:,} jobs of {person} wait or work.",
            f"One person may have {most:,} at a time.",
            "Wait until one ends, or stop one in the sidebar.",
        )
    check_space(project)


def stop(workspace: Workspace, project_id: str, job_id: str) -> None:
    """Ask a job to end; what it finished stays. Nothing happens to a job that has ended."""
    job = Job(workspace.project(project_id).job(job_id))
    state = job.state
    if state not in ACTIVE:
        return
    with changing(job.folder, "stopped", job_id, job.kind):
        job.stop_marker.touch()
    if state == "queued":
        with contextlib.suppress(FileNotFoundError):
            job.waiting.unlink()
            job.reserve.unlink(missing_ok=True)
            close(job, Stopped())
            return
    client.ask(workspace, {"do": "stop", "folder": str(job.folder)})


def end(workspace: Workspace, project_id: str, job_id: str) -> None:
    """End a job at once and by force, for a folder that is to be deleted: when this returns nothing writes into it any more."""
    job = Job(workspace.project(project_id).job(job_id))
    active = job.state in ACTIVE
    job.waiting.unlink(missing_ok=True)
    if job.pid or (active and client.answers(workspace)):
        client.ask(workspace, {"do": "end", "folder": str(job.folder)})


def resume(
    workspace: Workspace, project_id: str, job_id: str, *, seconds: float | None = None, models: int | None = None
) -> None:
    """Let a job that was interrupted, stopped or failed go on, and a search that has ended well.

    Parameters
    ----------
    workspace : Workspace
    project_id, job_id : str
    seconds : float, optional
        How long a comparison searches on; by default as long as it was given last.
    models : int, optional
        How many more models a comparison tries that is counted in models.

    Raises
    ------
    JobError
        When it has ended well.
    InputError
        When what it shall be given is no budget for it.
    NotFoundError
    StorageError
        When the disk is still full.
    """
    job = Job(workspace.project(project_id).job(job_id))
    _ = job.request  # refuses what is no job
    if job.state in ACTIVE:
        return
    if job.state not in RESUMABLE and job.kind not in ("train", "tune"):  # a search can always be given more time
        raise JobError("This work has ended well.", action="Start it again with other settings.")
    with _alone(workspace):
        if job.state in ACTIVE:  # by another tab, a moment ago
            return
        with changing(job.folder, "resumed", job_id, job.kind):
            _queue_again(job, seconds, models)
    client.ask(workspace, {"do": "start", "folder": str(job.folder)})


def _queue_again(job: Job, seconds: float | None, models: int | None) -> None:
    """Let a job wait once more with what it is given; where that cannot be done it is as it was."""
    _check_limits(job.project, job.kind)
    asked = job.request
    try:
        job.hold()
        _give_more(job, seconds, models)
        _renew_place(job)
        job.stop_marker.unlink(missing_ok=True)
        job.waiting.touch()
        record_job(job)
    except (AutoMLError, OSError):
        job.waiting.unlink(missing_ok=True)
        job.reserve.unlink(missing_ok=True)  # its room is needed for the request
        if job.request != asked:
            write_json(job.folder / "request.json", asked)
        raise


def _give_more(job: Job, seconds: float | None, models: int | None) -> None:
    """Write into a comparison's request how long, or for how many models, it goes on."""
    from automl_core.extending import with_more

    if seconds is None and models is None:
        return
    if job.kind != "train":
        raise JobError("Only a comparison can be given more time or more models.", action="Let it go on as it is.")
    write_request(job.folder, job.kind, with_more(Run(job.folder), seconds=seconds or 0.0, models=models or 0), by=job.by)


def _renew_place(job: Job) -> None:
    """Let a job that was to use a cluster use the one that the environment names now, or this machine when it names none."""
    from automl_core.search.place import cluster_address

    params = job.request["params"]
    place = params.get("place")
    if place and place["cluster"] and place["cluster"] != cluster_address():
        write_request(job.folder, job.kind, {**params, "place": {**place, "cluster": cluster_address()}}, by=job.by)


def close(job: Job, event: Event) -> None:
    """Write the last event of a job that cannot write it itself."""
    append_event(job.journal, event)
    record_job(job)

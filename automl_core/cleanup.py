"""Old work that can go: by one rule, which is shown, and listed before anything is removed."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete

from automl_core.catalogue import JOBS, opened
from automl_core.errors import AutoMLError
from automl_core.jobs.job import ACTIVE, Job
from automl_core.people import access
from automl_core.people.settings import limits_of
from automl_core.registry.store import list_registered
from automl_core.workspace import ProjectFolder, Workspace, folder_size

DAY = 86_400.0
UPLOAD = "upload"
"""Kind of an uploaded file."""


@dataclass(frozen=True)
class Old:
    """A run, another job or an uploaded file that can go.

    Parameters
    ----------
    project : str
        Id.
    id : str
    kind : str
        Of a job, or ``upload``.
    ended : float
        When it last did something, or was uploaded, in seconds since the epoch.
    size : int
        Bytes.
    """

    project: str
    id: str
    kind: str
    ended: float
    size: int


def rule(workspace: Workspace) -> str:
    """Say what can go, in the words of the limits."""
    limits = limits_of(workspace)
    return (
        f"Runs and other work that ended more than {limits.keep_days:,} days ago can go. What stays whatever its age: the newest "
        f"{limits.keep_runs:,} runs of each project, runs from which a version was registered, runs that younger work or another "
        "run that stays refers to, and what waits or works. Uploaded files of that age, such as rows "
        "to predict, go with the last work that refers to them. Tables, recipes and registered models are never touched."
    )


def old_work(workspace: Workspace, *, now: float | None = None) -> list[Old]:
    """List what the rule would remove from the projects that the acting person may change, oldest first.

    Parameters
    ----------
    workspace : Workspace
    now : float, optional
        Seconds since the epoch.
    """
    found: list[Old] = []
    for project_id in access.visible(workspace):
        project = workspace.project(project_id)
        with contextlib.suppress(AutoMLError):  # a damaged project is left as it is
            if access.may(project, "change").value:
                found += _old_in(project, time.time() if now is None else now)
    return sorted(found, key=lambda one: one.ended)


def clean_up(workspace: Workspace, chosen: list[Old], *, now: float | None = None) -> tuple[int, int]:
    """Remove what was listed and the rule still lets go; what was used meanwhile stays.

    Returns
    -------
    int, int
        How many went, and their bytes.

    Raises
    ------
    AccessError
    StorageError
        When a file could not be removed.
    """
    going = {(one.project, one.id) for one in chosen}
    gone = [one for one in old_work(workspace, now=now) if (one.project, one.id) in going]
    for one in gone:
        project = workspace.project(one.project)
        with access.changing(project.path, "cleaned", one.id, one.kind):
            if one.kind == UPLOAD:
                project.upload(one.id).unlink(missing_ok=True)
            else:
                _remove_job(project, one.id)
    return len(gone), sum(one.size for one in gone)


def _remove_job(project: ProjectFolder, job_id: str) -> None:
    folder = project.job(job_id)
    with opened(project.workspace) as connection:
        connection.execute(delete(JOBS).where(JOBS.c.id == job_id))
    aside = folder.with_name(f".{job_id}.gone")  # from here on it is no job, whatever happens to the rest
    folder.rename(aside)
    shutil.rmtree(aside)


def _old_in(project: ProjectFolder, now: float) -> list[Old]:
    limits = limits_of(project.workspace)
    jobs = [Job(project.job(job_id)) for what in ("runs", "jobs") for job_id in project.list(what)]
    jobs = [job for job in jobs if (job.folder / "request.json").exists()]
    newest = {job.id for job in jobs if job.id.startswith("rn")}
    newest = set(sorted(newest, key=lambda run: _ended(project.run(run)), reverse=True)[: limits.keep_runs])
    stays = newest | {version.lineage.get("run", "") for one in list_registered(project) for version in one.versions()}
    old = {}
    for job in jobs:
        young = now - _ended(job.folder) <= limits.keep_days * DAY
        if young or job.id in stays or job.state in ACTIVE:
            stays.add(job.id)
        else:
            old[job.id] = job
    by_id = {job.id: job for job in jobs}
    waiting = [by_id[name] for name in stays if name in by_id]
    while waiting:  # what something that stays refers to stays, and so on
        waiting += [old.pop(name) for name in _named(waiting.pop().request, set(old))]
    found = [Old(project.id, job.id, job.kind, _ended(job.folder), folder_size(job.folder)) for job in old.values()]
    staying = [job for job in jobs if job.id not in old]
    return found + _old_uploads(project, staying, now - limits.keep_days * DAY)


def _old_uploads(project: ProjectFolder, staying: list[Job], before: float) -> list[Old]:
    """List the files that were uploaded before a time, and that no job that stays refers to."""
    paths = {str(path): path for path in (project.path / "uploads").glob("up*.csv")}
    wanted = set().union(*(_named(job.request, set(paths)) for job in staying))
    found = []
    for name in sorted(set(paths) - wanted):
        with contextlib.suppress(FileNotFoundError):  # a job that ends meanwhile takes it away
            facts = paths[name].stat()
            if facts.st_mtime < before:
                found.append(Old(project.id, paths[name].stem, UPLOAD, facts.st_mtime, facts.st_size))
    return found


def _ended(folder: Path) -> float:
    """Return when a job last said or was told something."""
    times = [path.stat().st_mtime for name in ("events.jsonl", "request.json") if (path := folder / name).exists()]
    return max(times, default=folder.stat().st_mtime)


def _named(data: object, ids: set[str]) -> set[str]:
    """Return which of these ids stand anywhere in plain data."""
    if isinstance(data, str):
        return {data} & ids
    inside = list(data.values()) if isinstance(data, dict) else data if isinstance(data, list) else []
    return set().union(*(_named(value, ids) for value in inside))

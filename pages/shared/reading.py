"""Reading a large file by a job: its start, another way, and giving it up."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, DialectError
from automl_core.workspace import new_id, read_json
from pages.shared import caches, job_state, jobs, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.data.origin import Choice
    from automl_core.workspace import ProjectFolder
    from pages.shared.job_state import Following


def start(path: Path, name: str, file: str, *, move: bool) -> None:
    """Let a job read a file, and remember it for this tab; raises AutoMLError."""
    from automl_core.jobs.control import check_start
    from automl_core.projects import create_project, delete_project

    fresh = not state.get("project")
    project_id = create_project(caches.workspace(), name).id if fresh else state.get("project")
    project = caches.project_folder(project_id)
    source = project.upload(new_id("up")) if move else path
    try:
        check_start(project, "read")
        if move:
            source.parent.mkdir(parents=True, exist_ok=True)
            path.replace(source)
        params = {"source": str(source), "name": name, "file": file, "into": new_id("ds"), "fresh": fresh}
        job_id = jobs.start(project, "read", params)
    except BaseException:
        if move:
            source.unlink(missing_ok=True)
        if fresh:
            delete_project(caches.workspace(), project.id)
        raise
    state.choose(project=project.id)
    state.put_draft("upload_reading", {"project": project.id, "job": job_id})


def another_way(project: ProjectFolder, asked: dict[str, Any], choice: Choice) -> None:
    """Let a job read a file again by what a person says, in place of the one that was asked before; raises AutoMLError."""
    job_id = jobs.start(project, "read", {**asked, "choice": choice.to_dict()})
    state.put_draft("upload_reading", {"project": project.id, "job": job_id})


def large_again(project: ProjectFolder, data: Dataset, choice: Choice) -> None:
    """Let a job read a large table's file again; kinds that a person chose stay. Raises AutoMLError."""
    kinds = {column.name: column.kind for column in data.schema if column.overruled}
    params = {"source": str(data.source), "name": data.name, "file": data.name, "into": data.id, "fresh": False}
    another_way(project, {**params, "kinds": kinds}, choice)


def has_another_way(following: Following, project: ProjectFolder, asked: dict[str, Any]) -> bool:
    """Return whether a new file was no table by what was found of it, and may be one by what a person says."""
    failed = following.failure is not None and following.failure.fault == DialectError.__name__
    return failed and Path(asked["source"]).exists() and asked["into"] not in project.list("datasets")


def leave(project: ProjectFolder, asked: dict[str, Any]) -> None:
    """Give up a file that was not read: the upload goes, and the project that was made for it where it holds nothing else."""
    from automl_core.projects import delete_project

    state.put_draft("upload_reading", None)
    if _is_upload(project, asked):
        Path(asked["source"]).unlink(missing_ok=True)
    if asked["fresh"] and not project.list("datasets"):
        delete_project(caches.workspace(), project.id)
        state.choose(project="")


def job_of(project: ProjectFolder) -> str:
    """Return the job that reads a table into a project; empty for none.

    It is the one this tab started, one that still works, or one that ended and left its upload to be read another way.
    """
    mine = state.draft("upload_reading")
    if mine and mine["project"] == project.id:
        return str(mine["job"])
    for job_id in project.list("jobs")[:20]:
        with contextlib.suppress(AutoMLError):
            following = job_state.follow(project.job(job_id))
            if following.kind != "read":
                continue
            asked = read_json(project.job(job_id) / "request.json")["params"]
            left = following.state in ("failed", "lost") and _is_upload(project, asked) and Path(asked["source"]).exists()
            if following.active or left:
                return job_id
    return ""


def _is_upload(project: ProjectFolder, asked: dict[str, Any]) -> bool:
    """Return whether the file that is read was uploaded, and does not lie on the server."""
    return Path(asked["source"]).parent == project.path / "uploads"

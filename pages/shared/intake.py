"""How a file or a sample becomes a table of a project: at once, or by a job for a large file."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, DialectError
from automl_core.workspace import new_id, read_json
from pages.shared import caches, job_state, jobs, state, uploads

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.data.dataset import Dataset
    from automl_core.data.origin import Choice
    from automl_core.workspace import ProjectFolder
    from pages.shared.job_state import Following

LARGE = 30 << 20
"""Files of more bytes are read in the background."""


def add_upload(uploaded: UploadedFile, choice: Choice | None = None) -> Dataset | None:
    """Read an uploaded file as a new table of the open project, or of a new one named after the file.

    Parameters
    ----------
    uploaded : UploadedFile
    choice : Choice, optional
        How it is read; found from the file when left out. A large file is read by what is found first.

    Returns
    -------
    Dataset or None
        None for a large file: it is read in the background, see `reading_job`.

    Raises
    ------
    AutoMLError
        When the file is no table; no project is made then, and messages carry the file's own name.
    """
    with uploads.on_disk(uploaded) as path:
        if uploaded.size > LARGE:
            start_reading(path, _title(uploaded.name), uploaded.name, move=True)
            return None
        try:
            return _add(lambda folder: create(folder, path, _title(uploaded.name), choice), _title(uploaded.name))
        except AutoMLError as error:
            raise uploads.renamed(error, path.name, uploaded.name) from error


def add_server_file(given: str) -> Dataset | None:
    """Read a file of the server as a new table; None for a large one, which is read in the background.

    Raises
    ------
    AutoMLError
        When the file may not be read, or is no table.
    """
    from automl_core.data.sources.server import allowed_file

    path = allowed_file(given)
    if path.stat().st_size > LARGE:
        start_reading(path, _title(path.name), path.name, move=False)
        return None
    return _add(lambda folder: create(folder, path, _title(path.name)), _title(path.name))


def add_query(address: str, sql: str, password: str) -> Dataset:
    """Read the rows of a statement as a new table; raises AutoMLError."""
    from automl_core.data.dataset import dataset_from_query

    return _add(lambda folder: dataset_from_query(folder, address, sql, "Query", password=password), "Query")


def start_reading(path: Path, name: str, file: str, *, move: bool) -> None:
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


def read_another_way(project: ProjectFolder, asked: dict[str, Any], choice: Choice) -> None:
    """Let a job read a file again by what a person says, in place of the one that was asked before; raises AutoMLError."""
    job_id = jobs.start(project, "read", {**asked, "choice": choice.to_dict()})
    state.put_draft("upload_reading", {"project": project.id, "job": job_id})


def read_large_again(project: ProjectFolder, data: Dataset, choice: Choice) -> None:
    """Let a job read a large table's file again; kinds that a person chose stay. Raises AutoMLError."""
    kinds = {column.name: column.kind for column in data.schema if column.overruled}
    params = {"source": str(data.source), "name": data.name, "file": data.name, "into": data.id, "fresh": False}
    read_another_way(project, {**params, "kinds": kinds}, choice)


def can_be_read_otherwise(following: Following, project: ProjectFolder, asked: dict[str, Any]) -> bool:
    """Return whether a new file was no table by what was found of it, and may be one by what a person says."""
    failed = following.failure is not None and following.failure.fault == DialectError.__name__
    return failed and Path(asked["source"]).exists() and asked["into"] not in project.list("datasets")


def leave_file(project: ProjectFolder, asked: dict[str, Any]) -> None:
    """Give up a file that was not read: the upload goes, and the project that was made for it where it holds nothing else."""
    from automl_core.projects import delete_project

    state.put_draft("upload_reading", None)
    if _is_upload(project, asked):
        Path(asked["source"]).unlink(missing_ok=True)
    if asked["fresh"] and not project.list("datasets"):
        delete_project(caches.workspace(), project.id)
        state.choose(project="")


def reading_job(project: ProjectFolder) -> str:
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


def add_sample(sample_id: str) -> Dataset:
    """Make a project of a bundled sample and open it."""
    from automl_core.data.samples import SAMPLES, write_sample

    sample = next(entry for entry in SAMPLES if entry.id == sample_id)
    with tempfile.TemporaryDirectory(dir=caches.workspace().root, prefix=".upload-") as folder:
        path = write_sample(sample_id, Path(folder) / "sample.csv")
        state.choose(project="")
        data = _add(lambda folder: create(folder, path, sample.name), sample.name)
    state.put_draft(f"target_{data.id}", sample.target)
    return data


def create(folder: Path, path: Path, name: str, choice: Choice | None = None) -> Dataset:
    """Read a file into a folder."""
    from automl_core.data.dataset import create_dataset

    return create_dataset(folder, path, name, choice=choice)


def _add(make: Callable[[Path], Dataset], name: str) -> Dataset:
    """Make a table in the open project, or in a new one that goes again when that fails."""
    from automl_core.projects import create_project, delete_project

    project_id = state.get("project")
    fresh = not project_id
    if fresh:
        project_id = create_project(caches.workspace(), name).id
    folder = caches.project_folder(project_id)
    try:
        data = make(folder.dataset(new_id("ds")))
    except BaseException:
        if fresh:
            delete_project(caches.workspace(), project_id)
        raise
    state.choose(project=project_id, dataset=data.id)
    return data


def _title(file_name: str) -> str:
    """Return a name for people from a file's name."""
    return Path(file_name).stem.strip()[:80] or "Table"

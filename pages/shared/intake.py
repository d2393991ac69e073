"""How a file, a statement or a sample becomes a table of a project; large files by a job, see `reading`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.errors import AutoMLError
from automl_core.workspace import new_id
from pages.shared import caches, reading, state, uploads

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.data.dataset import Dataset
    from automl_core.data.origin import Choice

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
        None for a large file: it is read in the background, see `reading.job_of`.

    Raises
    ------
    AutoMLError
        When the file is no table; no project is made then, and messages carry the file's own name.
    """
    with uploads.on_disk(uploaded) as path:
        if uploaded.size > LARGE:
            reading.start(path, _title(uploaded.name), uploaded.name, move=True)
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
        reading.start(path, _title(path.name), path.name, move=False)
        return None
    return _add(lambda folder: create(folder, path, _title(path.name)), _title(path.name))


def add_query(address: str, sql: str, password: str) -> Dataset:
    """Read the rows of a statement as a new table; raises AutoMLError."""
    from automl_core.data.dataset import dataset_from_query

    return _add(lambda folder: dataset_from_query(folder, address, sql, "Query", password=password), "Query")


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

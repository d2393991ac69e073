"""How a file or a sample becomes a table of a project: chunks to disk, then one call of the core."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError, StorageError
from automl_core.workspace import new_id
from pages.shared import caches, state

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.data.dataset import Dataset

CHUNK = 8 << 20
SHOW_PROGRESS = 20 << 20
"""Uploads of this many bytes show how far they are."""


@contextlib.contextmanager
def on_disk(uploaded: UploadedFile) -> Iterator[Path]:
    """Write an upload to a temporary file in the workspace, in chunks; its own name never becomes a path."""
    root = caches.workspace().root
    suffix = Path(uploaded.name).suffix.lower()
    if not re.fullmatch(r"\.[a-z0-9]{1,8}", suffix):
        suffix = ""
    with tempfile.TemporaryDirectory(dir=root, prefix=".upload-") as folder:
        path = Path(folder) / f"upload{suffix}"
        bar = st.progress(0.0, text="Saving the file") if uploaded.size > SHOW_PROGRESS else None
        try:
            uploaded.seek(0)
            with open(path, "wb") as file:
                while chunk := uploaded.read(CHUNK):
                    file.write(chunk)
                    if bar is not None:
                        bar.progress(file.tell() / uploaded.size, text="Saving the file")
        except OSError as error:
            raise StorageError(
                f"{uploaded.name} could not be saved: {error.strerror or error}.",
                action="Free some disk space, then upload it again.",
            ) from error
        if bar is not None:
            bar.empty()
        yield path


def add_upload(uploaded: UploadedFile) -> Dataset:
    """Read an uploaded file as a new table of the open project, or of a new one named after the file.

    Raises
    ------
    AutoMLError
        When the file is no table; no project is made then, and messages carry the file's own name.
    """
    with on_disk(uploaded) as path:
        try:
            return _add(path, _title(uploaded.name))
        except AutoMLError as error:
            raise _renamed(error, path.name, uploaded.name) from error


def add_sample(sample_id: str) -> Dataset:
    """Make a project of a bundled sample and open it."""
    from automl_core.data.samples import SAMPLES, write_sample

    sample = next(entry for entry in SAMPLES if entry.id == sample_id)
    with tempfile.TemporaryDirectory(dir=caches.workspace().root, prefix=".upload-") as folder:
        path = write_sample(sample_id, Path(folder) / "sample.csv")
        state.choose(project="")
        data = _add(path, sample.name)
    state.put_draft(f"target_{data.id}", sample.target)
    return data


def _add(path: Path, name: str) -> Dataset:
    from automl_core.data.dataset import create_dataset
    from automl_core.projects import create_project, delete_project

    project_id = state.get("project")
    fresh = not project_id
    if fresh:
        project_id = create_project(caches.workspace(), name).id
    folder = caches.project_folder(project_id)
    try:
        data = create_dataset(folder.dataset(new_id("ds")), path, name)
    except BaseException:
        if fresh:
            delete_project(caches.workspace(), project_id)
        raise
    state.choose(project=project_id, dataset=data.id)
    return data


def _title(file_name: str) -> str:
    """Return a name for people from a file's name."""
    return Path(file_name).stem.strip()[:80] or "Table"


def _renamed(error: AutoMLError, ours: str, theirs: str) -> AutoMLError:
    parts: list[Any] = [part.replace(ours, theirs) for part in (error.received, error.needed, error.action)]
    return type(error)(*parts)

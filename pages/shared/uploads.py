"""What a person uploads, as a file on disk: written in chunks, under a name of ours, called by its own in messages."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError, StorageError
from automl_core.people.limits import check_upload
from automl_core.workspace import new_id
from pages.shared import caches

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.workspace import ProjectFolder

CHUNK = 8 << 20
SHOW_PROGRESS = 20 << 20
"""Uploads of this many bytes show how far they are."""


@contextlib.contextmanager
def on_disk(uploaded: UploadedFile) -> Iterator[Path]:
    """Write an upload to a temporary file in the workspace, in chunks; its own name never becomes a path."""
    check_upload(caches.workspace(), uploaded.name, uploaded.size)
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


def keep_upload(project: ProjectFolder, uploaded: UploadedFile, kind: str) -> Path:
    """Copy an upload into a project, where a job of a kind finds it.

    Where such a job may not be started nothing is written; raises AccessError or LimitError.
    """
    from automl_core.jobs.control import check_start

    check_start(project, kind)
    kept = project.upload(new_id("up"))
    kept.parent.mkdir(exist_ok=True)
    with on_disk(uploaded) as path:
        shutil.copyfile(path, kept)
    return kept


def renamed(error: AutoMLError, ours: str, theirs: str) -> AutoMLError:
    """Return an error that calls a file by the name that its owner knows."""
    parts: list[Any] = [part.replace(ours, theirs) for part in (error.received, error.needed, error.action)]
    return type(error)(*parts)

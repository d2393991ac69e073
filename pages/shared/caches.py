"""Bounded caches, keyed by fingerprint or by a file's time and size. What they return must never be changed in place."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.people import access
from automl_core.workspace import ProjectFolder, Workspace, read_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset
    from automl_core.scoring.bundle import Model

LARGE = 1_000_000
"""Rows from which on a page looks at a sample."""


def workspace() -> Workspace:
    """Return the workspace of the environment."""
    return Workspace.default()


def project_folder(project_id: str) -> ProjectFolder:
    """Return the folder of a project that the person may see; raises AccessError otherwise."""
    folder = workspace().project(project_id)
    access.require(folder, "see")
    return folder


def dataset(project_id: str, dataset_id: str) -> Dataset:
    """Return a dataset's description, read once until it is written anew; raises NotFoundError."""
    folder = project_folder(project_id).dataset(dataset_id)
    return _dataset(str(folder), *stamp(folder / "dataset.json"))


def frame(data: Dataset) -> pd.DataFrame:
    """Return a dataset's typed table, shared by everybody who reads it: copy before you change it."""
    return _frame(str(data.folder), data.fingerprint)


def head(data: Dataset, rows: int) -> pd.DataFrame:
    """Return the first rows of a table, without reading the rest."""
    return _head(str(data.folder), data.fingerprint, rows)


def columns(data: Dataset, names: Iterable[str]) -> pd.DataFrame:
    """Return some columns of a table, without reading the rest."""
    return _columns(str(data.folder), data.fingerprint, tuple(sorted(set(names))))


def looked(data: Dataset) -> pd.DataFrame:
    """Return the rows of a table that steps are shown on: all, or of a large table 100,000 drawn at random."""
    return frame(data) if data.rows <= LARGE else _sample(str(data.folder), data.fingerprint)


def result(path: Path) -> Any:
    """Return a JSON result of ours, shared: do not change it; raises NotFoundError."""
    return _json(str(path), *stamp(path))


def model(path: Path) -> Model:
    """Return a loaded and verified model bundle."""
    return _model(str(path), *stamp(path))


def stamp(path: Path) -> tuple[int, int]:
    """Return what tells a file from its successor: time in nanoseconds and size; zeros for none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@st.cache_resource(max_entries=50, show_spinner=False)
def _dataset(folder: str, changed: int, size: int) -> Dataset:
    from automl_core.data.dataset import load_dataset

    return load_dataset(Path(folder))


@st.cache_resource(max_entries=3, show_spinner=False)
def _frame(folder: str, fingerprint: str) -> pd.DataFrame:
    from automl_core.data.dataset import load_dataset

    return load_dataset(Path(folder)).frame()


@st.cache_resource(max_entries=4, show_spinner=False)
def _columns(folder: str, fingerprint: str, names: tuple[str, ...]) -> pd.DataFrame:
    from automl_core.data.dataset import load_dataset

    return load_dataset(Path(folder)).frame(list(names))


@st.cache_resource(max_entries=20, show_spinner=False)
def _head(folder: str, fingerprint: str, rows: int) -> pd.DataFrame:
    from automl_core.data.dataset import load_dataset

    return load_dataset(Path(folder)).head(rows)


@st.cache_resource(max_entries=3, show_spinner="Drawing rows to show")
def _sample(folder: str, fingerprint: str) -> pd.DataFrame:
    from automl_core.cleaning.large import sample_rows
    from automl_core.data.dataset import load_dataset

    return sample_rows(load_dataset(Path(folder)))


@st.cache_resource(max_entries=50, show_spinner=False)
def _json(path: str, changed: int, size: int) -> Any:
    return read_json(Path(path))


@st.cache_resource(max_entries=3, show_spinner=False)
def _model(path: str, changed: int, size: int) -> Model:
    from automl_core.scoring.bundle import load_model

    return load_model(Path(path))

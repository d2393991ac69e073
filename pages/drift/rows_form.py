"""Which rows are compared with what: new ones from a file or a table, against a model or another table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder
from pages.drift import drift_form
from pages.shared import caches, errors, jobs, part_view, people, state, uploads

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

FILE, TABLE = "A file", "A table of this project"
LEARNED = "What the model learned from"


@dataclass
class Fresh:
    """New rows: an uploaded file and the part of it that is meant, or the id of a table."""

    uploaded: UploadedFile | None = None
    choice: dict[str, Any] | None = None
    table: str = ""


def take_rows(project: ProjectFolder, model: tuple[Run, Candidate] | None) -> None:
    """Ask for the new rows and what they are compared with, and start the comparison; without a model that is a table."""
    names = _names(project)
    fresh = _new_rows(names, with_model=model is not None)
    old = _old_table(names, fresh.table, with_model=model is not None)
    params: dict[str, Any] = {}
    columns: dict[str, str] = {}
    if old:
        params, columns = {"table": old, "against": names[old]}, _columns(project, old)
    elif model and old is None:
        params, columns = {"run": model[0].id, "candidate": model[1].id}, _columns_of(model[0])
    params["settings"] = drift_form.ask(columns)
    ready = (fresh.uploaded is not None or bool(fresh.table)) and (bool(old) or "run" in params)
    if not st.button(
        "Compare", key="drift_start", type="primary", icon=":material/compare_arrows:",
        **people.changing("Says for every column whether it moved, and whether that matters.", disabled=not ready),
    ):  # fmt: skip
        return
    if fresh.uploaded is not None:
        _start(project, {**params, "choice": fresh.choice, "name": fresh.uploaded.name}, fresh.uploaded)
    else:
        _start(project, {**params, "dataset": fresh.table, "name": names[fresh.table]})


def _names(project: ProjectFolder) -> dict[str, str]:
    """Return the names of the project's tables that can be read, newest first."""
    found = {}
    for one in project.list("datasets"):
        try:
            found[one] = caches.dataset(project.id, one).name
        except AutoMLError:
            continue  # the page Upload says what is wrong with it
    return found


def _new_rows(names: dict[str, str], *, with_model: bool) -> Fresh:
    where = st.segmented_control(
        "New rows from", [FILE, TABLE], default=FILE, required=True, key="drift_where",
        help="Rows that came later. With the true outcome in it, a file also tells how good the model is."
        if with_model else "Rows that came later.",
    )  # fmt: skip
    if where == TABLE:
        said = "Tables of this project, newest first."
        return Fresh(table=st.selectbox("Table", list(names), format_func=names.__getitem__, key="drift_table", help=said) or "")
    needed = "the columns the model learned from; the target may be missing" if with_model else "the columns of the old one"
    uploaded = st.file_uploader(
        "New rows", key=f"drift_file_{state.draft('drift_turn', 0)}", **people.changing(f"A table with {needed}.")
    )
    if uploaded is None:
        return Fresh()
    return Fresh(uploaded, part_view.ask_part_of(uploaded, "drift", "The rows of this part are compared.").to_dict())


def _old_table(names: dict[str, str], new: str, *, with_model: bool) -> str | None:
    """Ask what the new rows are compared with; returns the id of an old table, empty where there is none, None for the model."""
    if with_model:
        against = st.segmented_control(
            "Compare them with", [LEARNED, TABLE], default=LEARNED, required=True, key="drift_against",
            help="With what the model learned from, it is also told what the model makes of it. With another table every column "
            "counts alike.",
        )  # fmt: skip
        if against == LEARNED:
            return None
    others = [one for one in names if one != new]
    if not others:
        st.caption(":material/info: There is no other table to compare it with. Upload one, or choose a file.")
        return ""
    said = "What the new rows are compared with. Tables of this project, newest first."
    return str(st.selectbox("Old table", others, format_func=names.__getitem__, key="drift_old", help=said))


def _columns(project: ProjectFolder, dataset_id: str) -> dict[str, str]:
    """Return the kinds of the columns of a table, by name."""
    return {column.name: column.kind for column in caches.dataset(project.id, dataset_id).schema}


def _columns_of(run: Run) -> dict[str, str]:
    """Return the kinds of the columns of the table that a run learned from, by name; none when it was deleted."""
    try:
        return {column.name: column.kind for column in run.dataset().schema}
    except AutoMLError:
        return {}


def _start(project: ProjectFolder, params: dict[str, Any], uploaded: UploadedFile | None = None) -> None:
    """Hand the comparison to a job, with the file of new rows where there is one."""
    with errors.shown() as outcome, st.spinner("Starting"):
        if uploaded is not None:
            params["source"] = str(uploads.keep_upload(project, uploaded, "drift"))
        jobs.start(project, "drift", params)
    if not outcome.failed:
        state.put_draft("drift_turn", state.draft("drift_turn", 0) + 1)
        st.rerun()

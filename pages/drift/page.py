"""Drift: does new data still look like what it learned from, and does it matter?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.drift import drift_form
from pages.shared import caches, drift_view, errors, guards, jobs, layout, part_view, people, run_view, state, uploads

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.drift.report import DriftReport
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

IN_USE = "in use"
"""Stands for the comparison of what a version in use was asked."""


def start(project: ProjectFolder, params: dict[str, Any], uploaded: UploadedFile | None = None) -> None:
    """Hand the comparison to a job, with the file of new rows where there is one."""
    with errors.shown() as outcome, st.spinner("Starting"):
        if uploaded is not None:
            params["source"] = str(uploads.keep_upload(project, uploaded, "drift"))
        jobs.start(project, "drift", params)
    if not outcome.failed:
        state.put_draft("drift_turn", state.draft("drift_turn", 0) + 1)
        st.rerun()


def columns_of(run: Run) -> dict[str, str]:
    """Return the kinds of the columns of the table that a run learned from, by name; none when it was deleted."""
    try:
        return {column.name: column.kind for column in run.dataset().schema}
    except AutoMLError:
        return {}


def take_rows(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Take new rows, from a file or from a table of the project, and start the comparison."""
    turn = state.draft("drift_turn", 0)
    from_file, from_table = "A file", "A table of this project"
    where = st.segmented_control(
        "New rows from", [from_file, from_table], default=from_file, required=True, key="drift_where",
        help="Rows that came after the model was made. With the true outcome in it, the file also tells how good the model is.",
    )  # fmt: skip
    params: dict[str, Any] = {"run": run.id, "candidate": candidate.id}
    uploaded, dataset = None, ""
    if where == from_file:
        uploaded = st.file_uploader(
            "New rows",
            key=f"drift_file_{turn}",
            **people.changing("A table with the columns the model learned from; the target may be missing."),
        )
        if uploaded is not None:
            params["choice"] = part_view.ask_part_of(uploaded, "drift", "The rows of this part are compared.").to_dict()
    else:
        known = project.list("datasets")
        names = {one: caches.dataset(project.id, one).name for one in known}
        dataset = st.selectbox(
            "Table", known, format_func=lambda one: names[one], key="drift_table", help="Tables of this project, newest first."
        )
    params.update(drift_form.ask_old(project))
    params["settings"] = drift_form.ask(columns_of(run))
    ready = uploaded is not None or bool(dataset)
    if not st.button(
        "Compare", key="drift_start", type="primary", icon=":material/compare_arrows:",
        **people.changing("Says for every column whether it moved, and whether that matters.", disabled=not ready),
    ):  # fmt: skip
        return
    if uploaded is not None:
        start(project, {**params, "name": uploaded.name}, uploaded)
    else:
        start(project, {**params, "dataset": dataset, "name": names[dataset]})


def checks(project: ProjectFolder, run: Run, candidate: Candidate) -> dict[str, str]:
    """Return the comparisons of this model, newest first, with their names."""
    found = {}
    for job_id in project.list("jobs")[:60]:
        try:
            request = read_json(project.job(job_id) / "request.json")
        except AutoMLError:
            continue  # a folder that is being made
        params = request.get("params", {})
        if request.get("kind") == "drift" and (params.get("run"), params.get("candidate")) == (run.id, candidate.id):
            found[job_id] = str(params.get("name", "rows"))
    return found


def in_use(project: ProjectFolder, run: Run, candidate: Candidate) -> DriftReport | None:
    """Return what Monitor found for the rows that the registered version of this model was asked; None without one."""
    from automl_core.monitoring.drift import drift_file, stored_drift
    from automl_core.monitoring.log import version_of

    found = version_of(project, run.id, candidate.id)
    if found is None or not drift_file(found[0]).exists():
        return None
    return stored_drift(caches.result(drift_file(found[0])), found[1])


def draw_check(project: ProjectFolder, job_id: str, used: DriftReport | None) -> None:
    """Follow one comparison, then show what it found."""
    from automl_core.drift.report import DriftReport

    if job_id == IN_USE and used is not None:
        drift_view.draw(used, "drift_in_use")
        return
    following = jobs.panel(project, job_id, key=f"drift_{job_id}")
    file = project.job(job_id) / "drift.json"
    if following.state == "finished" and file.exists():
        drift_view.draw(DriftReport.from_dict(caches.result(file)), f"drift_{job_id}")


layout.header("drift")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "drift")
used = None
with errors.shown():
    used = in_use(project, run, candidate)
earlier = {**({IN_USE: "Rows in use, as Monitor found them"} if used else {}), **checks(project, run, candidate)}
if not earlier:
    take_rows(project, run, candidate)
    st.stop()
with st.expander("Compare other rows", icon=":material/add:"), errors.shown():
    take_rows(project, run, candidate)
newest = next(iter(earlier))
chosen = newest
if len(earlier) > 1:
    chosen = st.selectbox(
        "Comparison", list(earlier), format_func=lambda one: earlier[one], key=f"drift_check_{newest}",
        help="Every comparison with this model, newest first.",
    )  # fmt: skip
with errors.shown():
    draw_check(project, chosen, used)
layout.next_step("compare", "When something should be done, let a model learn from newer rows.", "Compare models")

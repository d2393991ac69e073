"""Drift: does new data still look like what it learned from, and does it matter?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.drift import rows_form
from pages.shared import caches, drift_view, errors, guards, jobs, layout, models_view, run_view

if TYPE_CHECKING:
    from automl_core.drift.report import DriftReport
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

IN_USE = "in use"
"""Stands for the comparison of what a version in use was asked."""


def checks(project: ProjectFolder, model: tuple[Run, Candidate] | None) -> dict[str, str]:
    """Return the comparisons with this model and those of two tables, newest first, with their names."""
    ours = (model[0].id, model[1].id) if model else None
    found = {}
    for job_id in project.list("jobs")[:60]:
        path = project.job(job_id) / "request.json"
        try:
            request = read_json(path)
        except AutoMLError:
            continue  # a folder that is being made
        params = request.get("params", {})
        if request.get("kind") != "drift":
            continue
        if params.get("table") or (params.get("run"), params.get("candidate")) == ours:
            against = f" against {params['against']}" if params.get("against") else ""
            found[job_id] = f"{params.get('name', 'rows')}{against}, {models_view.when(path.stat().st_mtime)}"
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
project = guards.require_project()
model = guards.find_candidate()
used = None
if model:
    run_view.choose_model(*model, "drift")
    with errors.shown():
        used = in_use(project, *model)
elif not project.list("datasets"):
    layout.empty("This project has no table yet. New rows are compared with a table or a model.", "upload", "Upload a table")
    st.stop()
else:
    st.info(
        "There is no model here yet, so tables are compared. With a model it is also said whether what moved matters to it.",
        icon=":material/info:",
    )
earlier = {**({IN_USE: "Rows in use, as Monitor found them"} if used else {}), **checks(project, model)}
if not earlier:
    with errors.shown():
        rows_form.take_rows(project, model)
    st.stop()
with st.expander("Compare other rows", icon=":material/add:"), errors.shown():
    rows_form.take_rows(project, model)
newest = next(iter(earlier))
chosen = newest
if len(earlier) > 1:
    whose = "Every comparison with this model, and of two tables" if model else "Every comparison of two tables"
    chosen = st.selectbox(
        "Comparison", list(earlier), format_func=lambda one: earlier[one], key=f"drift_check_{newest}",
        help=f"{whose}, newest first.",
    )  # fmt: skip
with errors.shown():
    draw_check(project, chosen, used)
layout.next_step("compare", "When something should be done, let a model learn from newer rows.", "Compare models")

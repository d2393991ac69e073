"""On which rows a model is judged: those kept aside, out-of-fold, or a labelled file of the person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, job_state, jobs, part_view, people, uploads

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def choose(project: ProjectFolder, run: Run, candidate: Candidate) -> str:
    """Let the person choose on which rows the model is judged, a file of theirs among them; returns the key."""
    from automl_core.evaluation.judged import sources

    known = sources(run, candidate.id)
    source = st.selectbox(
        "Judged on",
        list(known),
        format_func=lambda key: known[key],
        key=f"explain_rows_{run.id}_{candidate.id}_{len(known)}",
        width=320,
        help="Held-out rows were seen by no search. Out-of-fold rows were learned from, each judged by a model that did not "
        "see it. Files are yours.",
    )
    with st.popover("A labelled file", icon=":material/upload_file:"):
        _take_file(project, run, candidate)
    return str(source)


def _take_file(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    st.caption(f"Rows with their true {errors.plain(run.config.target)}, and the columns that the model learned from.")
    uploaded = st.file_uploader(
        "Labelled rows",
        key=f"explain_file_{candidate.id}",
        **people.changing("A table with the true outcome in the target's column. The model is judged on every row that has one."),
    )
    if uploaded is None:
        return
    with errors.shown() as asked:
        choice = part_view.ask_part_of(uploaded, "explain", "The model is judged on the rows of this part.")
    if asked.failed or not st.button(
        "Judge the model on it",
        key="explain_judge_file",
        icon=":material/fact_check:",
        **people.changing("Predicts every row and compares."),
    ):
        return
    with errors.shown() as outcome, st.spinner("Starting"):
        kept = uploads.keep_upload(project, uploaded, "judge")
        params = {"run": run.id, "candidate": candidate.id, "file": str(kept), "name": uploaded.name, "choice": choice.to_dict()}
        jobs.start(project, "judge", params)
    if not outcome.failed:
        st.rerun()


def follow_file(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Follow the newest judging of a file while it works, and say why it failed."""
    from automl_core.workspace import read_json

    for job_id in project.list("jobs")[:20]:
        request = project.job(job_id) / "request.json"
        if not request.exists():
            continue
        asked = read_json(request)
        params = asked["params"]
        if asked["kind"] == "judge" and "file" in params and params["run"] == run.id and params["candidate"] == candidate.id:
            if job_state.follow(project.job(job_id)).state != "finished":
                jobs.panel(project, job_id, key=f"explain_judging_{job_id}")
            return

"""Tune: can it be better, and was it worth it?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, guards, job_state, jobs, layout, people, place_form, state
from pages.tune import calibration_view, ensemble_view, tune_form, tune_view

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def studies(project: ProjectFolder, run: Run) -> dict[str, str]:
    """Return the studies of a run, newest first, with the job of each."""
    found: dict[str, str] = {}
    for job_id in project.list("jobs"):
        try:
            request = read_json(project.job(job_id) / "request.json")
        except AutoMLError:
            continue  # a folder that is being made
        if request.get("kind") == "tune" and request["params"].get("run") == run.id:
            found.setdefault(request["params"]["study"], job_id)
    return found


def told(project: ProjectFolder, run: Run, study_id: str, job_id: str) -> str:
    """Name a study for people: the model that it tunes, and when it was begun."""
    asked = project.job(job_id) / "request.json"
    row = read_json(asked)["params"]["settings"]["candidate"]
    names = {one.id: one.name for one in run.leaderboard()}
    begun = time.strftime("%d %b, %H:%M", time.localtime(asked.stat().st_mtime))
    return f"{names.get(row, row)}, study {study_id.rpartition('-')[2]}, {begun}"


def choose_row(run: Run) -> Candidate:
    """Let the person choose which model is tuned."""
    board = run.leaderboard()
    rows = {row.id: row for row in board.ranked() if row.state == "scored" and row.role == "model" and row.spec}
    if not rows:
        layout.empty("No model of this run can be tuned: tuning needs one that was searched here.", "compare", "Compare models")
        st.stop()
    chosen = state.get("model") if state.get("model") in rows else next(iter(rows))
    return rows[
        st.selectbox(
            "Model",
            list(rows),
            index=list(rows).index(chosen),
            format_func=lambda name: f"{rows[name].name}, {in_words(rows[name].score or 0.0, rows[name].spread)}",
            key=f"tune_model_{run.id}",
            help="Single models of the leaderboard, best first. An ensemble is made of them.",
        )
    ]


def ask_and_start(project: ProjectFolder, run: Run, *, primary: bool) -> None:
    """Ask for the settings of a study and start it."""
    from automl_core.tuning.run import check_settings
    from automl_core.tuning.study import new_study

    row = choose_row(run)
    with errors.shown() as outcome:
        place = place_form.ask("tune")
        settings = tune_form.ask(run, row, place)
        check_settings(settings, row)
    clicked = st.button(
        "Tune",
        key="tune_start",
        type="primary" if primary else "secondary",
        icon=":material/tune:",
        **people.changing("Starts the search. It goes on when you close this page.", disabled=outcome.failed),
    )
    if clicked and not outcome.failed:
        with errors.shown() as started, st.spinner("Starting"):
            where = place_form.checked(place)
            params = {"run": run.id, "study": new_study(run.path, row.id), "settings": settings.to_dict(), **where}
            jobs.start(project, "tune", params)
        if not started.failed:
            st.rerun()


layout.header("tune")
run, _ = guards.require_candidate()
project = guards.require_project()
if job_state.follow(run.path).active:
    layout.empty("This run is still being searched. Tune one of its models when it has ended.", "compare", "Watch the run")
    st.stop()
part = st.segmented_control(
    "What to do", ("Parameters", "Ensemble", "Calibration"), default="Parameters", required=True, key="tune_part",
    label_visibility="collapsed",
    help="Search better parameters of one model, put several together, or set probabilities right.",
)  # fmt: skip
if part != "Parameters":
    (ensemble_view.combine if part == "Ensemble" else calibration_view.calibrate)(project, run)
    layout.next_step("compare", "See it among the other models.", "Back to the leaderboard")
    st.stop()
known = studies(project, run)
if not known:
    ask_and_start(project, run, primary=True)
    st.stop()
newest = next(iter(known))
study_id = st.selectbox(
    "Study",
    list(known),
    format_func=lambda study: told(project, run, study, known[study]),
    key=f"tune_study_{run.id}_{newest}",
    help="Every search for better parameters in this run, newest first.",
)
following = tune_view.draw(project, run, known[study_id], study_id)
with st.expander("New study", icon=":material/add:"):
    ask_and_start(project, run, primary=False)
if not following.active:
    layout.next_step("compare", "See it among the other models.", "Back to the leaderboard")

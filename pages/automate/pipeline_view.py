"""The whole run as a file, and what schedulers need to run it: asked for, shown, and downloaded."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.models_view import when

if TYPE_CHECKING:
    from automl_core.pipelines.plan import Pipeline
    from automl_core.registry.store import Registered
    from automl_core.runs import Run

DRIFT = {
    "tell": "Only say it",
    "retrain": "Learn only when it says act",
    "stop": "End the run when it says act",
}
EVERY = {"hour": "Every hour", "day": "Every day", "week": "Every Monday", "month": "On the first of a month"}
SCHEDULERS = {"airflow": "Airflow", "kubeflow": "Kubeflow", "cron": "cron", "systemd": "systemd"}
TOLD = {
    "airflow": "One DAG with a task for each step. Put it into Airflow's folder of DAGs, and the pipeline where it says.",
    "kubeflow": "A source that kfp compiles: `python FILE` writes the YAML that Kubeflow takes. The steps share a volume.",
    "cron": "One line for `crontab -e`, on this machine or another one with Tablewright. What it says goes to a log.",
    "systemd": "A service and its timer, which makes up for a time when the machine was off. What it says is in the journal.",
}
KINDS = {".yaml": "yaml", ".py": "python"}


def draw(project: ProjectFolder, registered: Registered | None) -> None:
    """Draw the section: what the pipeline shall ask for, then its file and those of a scheduler."""
    from automl_core.pipelines.exporting import exportable

    runs = exportable(project)
    with st.expander("Hand it to a scheduler", icon=":material/schedule:", key="automate_pipeline"):
        if not runs:
            st.caption("A pipeline does again what a run did, and this project has no run with a model yet.")
            return
        st.caption(
            "The whole run as one file: table, recipe, settings, what has to hold, name and policies. Whoever calls it, as often "
            "as they like, gets a new champion when the table is new and the model is better, and nothing is done twice."
        )
        try:
            made = _asked(project, registered, runs)
        except AutoMLError as error:
            errors.show(error)
            return
        _files(made)


def _asked(project: ProjectFolder, registered: Registered | None, runs: list[str]) -> Pipeline:
    """Ask for what a pipeline says beyond its run, and return it."""
    from automl_core.metrics import metric_of
    from automl_core.pipelines.exporting import pipeline_of
    from automl_core.pipelines.plan import Gates, Schedule
    from automl_core.runs import Run

    chosen = ""
    if len(runs) > 1:
        names = {"": "The champion's, or the newest", **{run_id: _run_name(Run(project.run(run_id))) for run_id in runs}}
        chosen = st.selectbox(
            "Run", list(names), format_func=names.__getitem__, key="automate_pipeline_run",
            help="Its recipe and settings are done again.",
        )  # fmt: skip
    proposed = pipeline_of(project, registered, run_id=chosen)
    metric = metric_of(proposed.experiment)
    file = st.text_input(
        "Table", placeholder=proposed.data.file, key="automate_pipeline_file",
        help="Where the newest table will lie when the run starts.",
    )  # fmt: skip
    if not file.strip():
        st.caption(
            ":material/info: The uploaded file stays as it is, so a later run finds nothing new. Name one that is renewed."
        )
    left, right = st.columns(2)
    with left:
        rows = st.number_input(
            "Rows, at least",
            0,
            1_000_000_000,
            0,
            key="automate_pipeline_rows",
            help="A table with fewer ends the run; 0 for any.",
        )
        drift = st.selectbox(
            "Drift", list(DRIFT), format_func=DRIFT.__getitem__, key="automate_pipeline_drift",
            help="The table is compared with what the champion learned from.",
        )  # fmt: skip
        every = st.selectbox(
            "When", list(EVERY), 1, format_func=EVERY.__getitem__, key="automate_pipeline_every", help="By the scheduler's clock."
        )
    with right:
        score = st.number_input(
            f"{metric.label}, at {'least' if metric.greater_is_better else 'most'}", value=None, format="%g",
            key=f"automate_pipeline_score_{metric.name}", placeholder="no limit",
            help="On the rows kept aside. A model that misses it is not used.",
        )  # fmt: skip
        better = st.selectbox(
            "Champion", [True, False], key="automate_pipeline_better",
            format_func=lambda win: "Beat it by more than chance" if win else "Do not lose by more than chance",
            help="On rows that neither model learned.",
        )  # fmt: skip
        at = st.time_input("At", datetime.time(5), key="automate_pipeline_at", help="Of an hour only the minutes count.")
    gates = Gates(
        least_rows=int(rows), drift=drift, score={metric.name: score} if score is not None else {}, better_than_champion=better
    )
    return pipeline_of(project, registered, run_id=chosen, file=file, gates=gates, schedule=Schedule(every, at.strftime("%H:%M")))


def _run_name(run: Run) -> str:
    board = run.leaderboard()
    made = when((run.path / "request.json").stat().st_mtime)
    return f"{made}: {board[board.recommended].name} for {run.config.target} ({run.id})"


def _files(made: Pipeline) -> None:
    """Offer the pipeline's file, and the files of a scheduler that point to it."""
    from automl_core.pipelines.file import write_pipeline
    from automl_core.pipelines.schedulers import identifier, scheduler_files

    name = f"{identifier(made.name)}.yaml"
    home = caches.workspace().root
    st.markdown("**The pipeline**")
    _offer(name, write_pipeline(made))
    place = st.text_input(
        "It will lie in", str(home / name), key=f"automate_pipeline_place_{name}",
        help="On the machine that runs it. The files below name this path.",
    )  # fmt: skip
    st.caption("By hand, from the folder of Tablewright:")
    st.code(f"python -m automl_core run {place}", language="bash")
    st.markdown("**For a scheduler**")
    scheduler = st.segmented_control(
        "Scheduler", list(SCHEDULERS), format_func=SCHEDULERS.__getitem__, default="airflow", key="automate_pipeline_scheduler",
        help="Each of these files calls the command above.", required=True,
    )  # fmt: skip
    st.caption(TOLD[scheduler])
    for file, text in scheduler_files(scheduler, made, Path(place), home).items():
        _offer(file, text)


def _offer(name: str, text: str) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"`{name}`, {len(text.splitlines())} lines")
            st.download_button(
                "Download", text.encode(), name, "text/plain", key=f"automate_pipeline_get_{name}", icon=":material/download:",
                help="Made anew with what is chosen above.",
            )  # fmt: skip
        st.code(text, language=KINDS.get(Path(name).suffix, "ini"), height=240, wrap_lines=True)

"""Predict: what about these rows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder, read_json
from pages.predict import replay_view
from pages.shared import caches, errors, guards, jobs, layout, part_view, people, run_view, state, uploads
from pages.shared.row_form import draw_form

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

SHOWN = 1000
FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}
FIRST = ("prediction_low", "prediction_high", "possible_labels", "warnings")
"""What is shown beside the prediction."""
MIME = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


def take_rows(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Take a file of new rows and start the prediction."""
    turn = state.draft("predict_turn", 0)
    uploaded = st.file_uploader(
        "New rows",
        key=f"predict_file_{turn}",
        **people.changing("A table with the columns the model learned from; the target is not needed. Differences are told."),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.segmented_control(
            "Result as",
            list(FORMATS),
            format_func=FORMATS.get,
            default="csv",
            key="predict_format",
            help="In CSV and Excel, cells that a spreadsheet would run as a formula get an apostrophe in front.",
        )
        contributions = st.checkbox(
            "What each column adds",
            key="predict_contributions",
            help="A column more for each that the model uses: how much it raises or lowers this row's prediction. Takes longer.",
        )
    if uploaded is None:
        return
    choice = part_view.ask_part_of(uploaded, "predict", "The model predicts the rows of this part.")
    if not st.button(
        "Predict",
        key="predict_start",
        type="primary",
        icon=":material/online_prediction:",
        **people.changing("Predicts every row of the file."),
    ):
        return
    with errors.shown() as outcome, st.spinner("Starting"):
        params = {
            "run": run.id,
            "candidate": candidate.id,
            "source": str(uploads.keep_upload(project, uploaded)),
            "name": uploaded.name,
            "format": kind or "csv",
            "contributions": contributions,
            "choice": choice.to_dict(),
        }
        jobs.start(project, "predict", params)
    if not outcome.failed:
        state.put_draft("predict_turn", turn + 1)
        st.rerun()


def predictions(project: ProjectFolder, run: Run, candidate: Candidate) -> list[str]:
    """Return the ids of this model's predictions, newest first."""
    found = []
    for job_id in project.list("jobs")[:60]:
        request = project.job(job_id) / "request.json"
        if not request.exists():
            continue
        asked = read_json(request)
        params = asked["params"]
        if asked["kind"] == "predict" and params["run"] == run.id and params["candidate"] == candidate.id:
            found.append(job_id)
    return found


def tell_threshold(run: Run, candidate: Candidate) -> None:
    """Say above which probability the event is predicted where that is not one half, as it looks wrong otherwise."""
    path = run.evaluation(candidate.id)
    if not path.exists():
        return
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.evaluation.wording import threshold_sentence

    evaluation = Evaluation.from_dict(caches.result(path))
    if evaluation.threshold != 0.5:
        st.caption(f":material/rule: {errors.plain(threshold_sentence(evaluation))}")


def draw_predictions(project: ProjectFolder, run: Run, candidate: Candidate, job_id: str) -> None:
    """Follow one prediction, then show its differences, its rows and the download."""
    folder = project.job(job_id)
    following = jobs.panel(project, job_id, key=f"predict_{job_id}")
    for message in following.messages:
        show = st.warning if message.level == "warning" else st.info
        icon = ":material/warning:" if message.level == "warning" else ":material/info:"
        show(errors.plain(message.text), icon=icon)
    asked = read_json(folder / "request.json")["params"]
    kind = asked.get("format", "csv")
    out = folder / f"predictions.{kind}"
    if following.state != "finished" or not out.exists():
        return
    replay_view.draw(folder / "report.json")
    import pandas as pd

    from automl_core.batch.preview import first_rows

    # As it stands in the file: nothing is guessed anew, only probabilities become bars.
    table = first_rows(out, SHOWN)
    for column in table.columns[table.columns.str.startswith("probability_")]:
        table[column] = pd.to_numeric(table[column], errors="coerce")
    name = asked.get("name", "rows")
    st.markdown(f"**Predictions for {errors.plain(name)}**")
    probabilities = [column for column in table.columns if column.startswith("probability_")]
    told = folder / "report.json"
    said = f"{caches.result(told)['sentence']} " if told.exists() else ""
    st.caption(f"{errors.plain(said)}What was predicted comes first here; in the file it stands after your columns.")
    tell_threshold(run, candidate)
    st.dataframe(
        table,
        column_order=[
            "prediction",
            *[name for name in FIRST if name in table.columns],
            *probabilities,
            *(name for name in table.columns if name not in ("prediction", *FIRST, *probabilities)),
        ],
        key=f"predict_table_{job_id}",
        height=320,
        alt="Predictions in the order of the rows",
        column_config={
            column: st.column_config.ProgressColumn(format="%.3f", min_value=0.0, max_value=1.0) for column in probabilities[:10]
        },
    )
    if len(table) == SHOWN:
        st.caption(f"The first {SHOWN:,} rows are shown; the file has all of them.")
    st.download_button(
        "Download predictions",
        out.read_bytes,
        out.name,
        MIME[kind],
        key=f"predict_download_{job_id}",
        icon=":material/download:",
        help="One line for each row of your file, in its order.",
    )


layout.header("predict")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "predict")
many, one = st.tabs(["A file of rows", "One row"], key="predict_tabs")
with many, errors.shown():
    take_rows(project, run, candidate)
    earlier = predictions(project, run, candidate)
    if earlier:
        draw_predictions(project, run, candidate, earlier[0])
with one, errors.shown():
    draw_form(project, run, candidate)
if predictions(project, run, candidate):
    layout.next_step("drift", "See whether these rows still look like what the model learned from.", "Check for drift")
else:
    layout.next_step("compare", "Not good enough? Give it more time, or clean the table another way.", "Compare again")

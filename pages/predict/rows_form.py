"""New rows that are to be predicted: the file, its part, and what the result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, part_view, people, state, uploads

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}


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
            required=True,
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
            "source": str(uploads.keep_upload(project, uploaded, "predict")),
            "name": uploaded.name,
            "format": kind or "csv",
            "contributions": contributions,
            "choice": choice.to_dict(),
        }
        jobs.start(project, "predict", params)
    if not outcome.failed:
        state.put_draft("predict_turn", turn + 1)
        st.rerun()

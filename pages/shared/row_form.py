"""A form for one row: the columns the model learned from, filled with a usual row, and what the model says to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw_form(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the form of one model, and its prediction once it was sent."""
    bundle = result_of(
        project,
        run,
        candidate,
        "model",
        run.model,
        label="Load the model",
        why="Packs the model once, so that it can answer here.",
        icon=":material/inventory_2:",
    )
    if bundle is None:
        return
    from automl_core.predicting import predict_row, row_form

    with st.spinner("Loading the model"):
        model = caches.model(bundle)
    fields = row_form(model)
    with st.form(f"predict_form_{candidate.id}", border=False):
        with st.grid("auto", min_column_width=200):
            values: dict[str, Any] = {field.name: _ask(field) for field in fields}
        sent = st.form_submit_button(
            "Predict this row", icon=":material/online_prediction:", help="A field that is left empty counts as missing."
        )
    if not sent:
        return
    with errors.shown():
        answer = predict_row(model, values)
        _draw_answer(model.target, answer)


def _ask(field: Any) -> Any:
    key = f"predict_field_{field.name}"
    label = errors.plain(field.name)
    if field.options:
        options = ["", *[option for option in field.options if option != ""]]
        index = options.index(field.default) if field.default in options else 0
        return st.selectbox(label, options, index=index, key=key, help="Empty counts as missing.", accept_new_options=True)
    return st.text_input(label, str(field.default), key=key, help=f"A {field.kind}; empty counts as missing.")


def _draw_answer(target: str, answer: Any) -> None:
    row = answer.iloc[0]
    prediction = row["prediction"]
    shown = f"{prediction:,.4g}" if isinstance(prediction, float) else str(prediction)
    with st.container(border=True):
        st.metric(errors.plain(target), shown)
        for column in answer.columns:
            if column.startswith("probability_"):
                share = float(row[column])
                st.progress(min(max(share, 0.0), 1.0), text=f"{errors.plain(column.removeprefix('probability_'))}: {share:.1%}")

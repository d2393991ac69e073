"""Predict: what about these rows?"""

from __future__ import annotations

import streamlit as st

from pages.predict import predictions_view, rows_form
from pages.shared import errors, guards, layout, row_form, run_view

layout.header("predict")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "predict")
many, one = st.tabs(["A file of rows", "One row"], key="predict_tabs")
earlier = predictions_view.predictions(project, run, candidate)
with many, errors.shown():
    rows_form.take_rows(project, run, candidate)
    if earlier:
        predictions_view.draw_predictions(project, run, candidate, earlier[0])
with one, errors.shown():
    row_form.draw_form(project, run, candidate)
if earlier:
    layout.next_step("drift", "See whether these rows still look like what the model learned from.", "Check for drift")
else:
    layout.next_step("compare", "Not good enough? Give it more time, or clean the table another way.", "Compare again")

"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

import streamlit as st

from pages.explain import download_tab, evaluation_tabs, explanation_tabs, readable_view
from pages.shared import errors, guards, layout, run_view

layout.header("explain")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "explain")
good, importance, whole, download = st.tabs(["How good", "What matters", "The whole model", "Download"], key="explain_tabs")

with good, errors.shown():
    evaluation_tabs.draw(project, run, candidate)

with importance, errors.shown():
    explanation_tabs.draw(project, run, candidate)

with whole, errors.shown():
    readable_view.draw(project, run, candidate)

with download:
    download_tab.draw(project, run, candidate)

layout.next_step("predict", "Let it predict rows whose outcome you do not know yet.", "Predict")

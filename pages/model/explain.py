"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

import streamlit as st

from pages.shared import errors, evaluation_tabs, explanation_tabs, guards, layout, readable_view, run_view
from pages.shared.candidate_jobs import result_of

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

with download, errors.shown():
    st.markdown("**The model**")
    st.caption("A zip that predicts with a few lines of Python and without this app. It tests itself when it is loaded.")
    bundle = result_of(
        project, run, candidate, "model", run.model, label="Pack the model", why="Makes the zip.", icon=":material/inventory_2:"
    )
    if bundle is not None:
        st.download_button(
            "Download the model",
            bundle.read_bytes,
            f"{candidate.id}.zip",
            "application/zip",
            key="explain_download_model",
            icon=":material/download:",
            help=f"{bundle.stat().st_size / 2**20:,.1f} MB, with a README that shows how to use it.",
        )
    st.markdown("**The report**")
    st.caption("One HTML page with the scores, the curves and what matters, to read and to send.")
    report = result_of(
        project, run, candidate, "report", run.report, label="Write the report", why="Makes the page.", icon=":material/article:"
    )
    if report is not None:
        st.download_button(
            "Download the report",
            report.read_bytes,
            f"{candidate.id}.html",
            "text/html",
            key="explain_download_report",
            icon=":material/download:",
            help=f"{report.stat().st_size / 2**20:,.1f} MB, opens in every browser.",
        )

layout.next_step("predict", "Let it predict rows whose outcome you do not know yet.", "Predict")

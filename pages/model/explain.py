"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.relearning import origin_of
from pages.shared import errors, explanation_tabs, guards, layout, readable_view, relearn_view, run_view
from pages.shared.candidate_jobs import result_of
from pages.shared.evaluation_view import draw_curves, draw_scores

if TYPE_CHECKING:
    pass


layout.header("explain")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "explain")
scores, curves, importance, whole, download = st.tabs(
    ["Scores", "Curves", "What matters", "The whole model", "Download"], key="explain_tabs"
)

with errors.shown():
    evaluated = None
    with scores:
        relearn_view.tell_origin(run)
        if not run.config.holdout and origin_of(run) is None:
            st.info(
                "This run learned from every row, so none are left to judge it on. Scores are out-of-fold: each row is judged by "
                "a model that did not learn from it, but the search has seen these scores. Keep rows aside to judge the winner.",
                icon=":material/info:",
            )
        evaluated = result_of(
            project,
            run,
            candidate,
            "evaluate",
            run.evaluation,
            label="Judge it on the held-out rows" if run.config.holdout else "Judge it out-of-fold",
            why="Scores the model on the rows that were kept aside and that no search saw."
            if run.config.holdout
            else "Scores each row by the fold's model that did not learn from it.",
            icon=":material/fact_check:",
            primary=True,
        )
        if evaluated is not None:
            draw_scores(evaluated, candidate, run)
            relearn_view.offer(run, candidate, "explain")
    with curves:
        if evaluated is not None:
            draw_curves(evaluated)
        else:
            st.caption("The curves are drawn once the model was judged; see Scores.")

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

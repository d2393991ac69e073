"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.relearning import origin_of
from pages.shared import download_tab, errors, guards, layout, readable_view, relearn_view, run_view
from pages.shared.candidate_jobs import result_of
from pages.shared.evaluation_view import draw_curves, draw_importance, draw_scores

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
    explained = result_of(
        project,
        run,
        candidate,
        "explain",
        run.explanation,
        label="Find out what matters",
        why="Shuffles one column after the other and sees how much worse the model gets; then traces single predictions.",
        icon=":material/troubleshoot:",
    )
    if explained is not None:
        draw_importance(explained)

with whole, errors.shown():
    readable_view.draw(project, run, candidate)

with download:
    download_tab.draw(project, run, candidate)

layout.next_step("predict", "Let it predict rows whose outcome you do not know yet.", "Predict")

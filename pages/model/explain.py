"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, guards, layout, run_view, state
from pages.shared.candidate_jobs import result_of
from pages.shared.evaluation_view import draw_curves, draw_importance, draw_scores

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def choose_model(run: Run, chosen: Candidate) -> None:
    """Let the person choose among the scored models and remember the choice."""
    leaderboard = run.leaderboard()
    scored = {row.id: row for row in leaderboard.ranked() if row.state == "scored"}

    def name(candidate_id: str) -> str:
        row = scored[candidate_id]
        mark = ", recommended" if candidate_id == leaderboard.recommended else ""
        return f"{row.name}, {run_view.number(row.score or 0.0, row.spread)}{mark}"

    picked = st.selectbox(
        "Model",
        list(scored),
        index=list(scored).index(chosen.id),
        format_func=name,
        key=f"explain_model_{run.id}_{chosen.id}",
        help="Every scored model of the run, best first, with its cross-validated score.",
    )
    if picked != chosen.id:
        state.choose(model=picked)
        st.rerun()


layout.header("explain")
run, candidate = guards.require_candidate()
project = guards.require_project()
choose_model(run, candidate)
scores, curves, importance, download = st.tabs(["Scores", "Curves", "What matters", "Download"], key="explain_tabs")

with errors.shown():
    evaluated = None
    with scores:
        if run.config.holdout:
            evaluated = result_of(
                project,
                run,
                candidate,
                "evaluate",
                run.evaluation,
                label="Judge it on the held-out rows",
                why="Scores the model on the rows that were kept aside and that no search saw.",
                icon=":material/fact_check:",
                primary=True,
            )
        else:
            st.info(
                "This run learned from every row, so none are left to judge it on. "
                "The scores of the leaderboard are out-of-fold. Keep rows aside in a new comparison to judge the winner.",
                icon=":material/info:",
            )
        if evaluated is not None:
            draw_scores(evaluated, candidate, run)
    with curves:
        if evaluated is not None:
            draw_curves(evaluated)
        else:
            st.caption("The curves are drawn once the model was judged on the held-out rows; see Scores.")

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

"""What-if: why did it say that about one row, and what would change it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, guards, layout, run_view
from pages.shared.candidate_jobs import result_of
from pages.whatif import whatif_cache, whatif_cases, whatif_change, whatif_form, whatif_view

if TYPE_CHECKING:
    from pathlib import Path

    from automl_core.explaining.reasons import Reasons
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

PARTS = ("Why", "What would change it", "Rows like it", "Side by side")


def reasons_of(run: Run, candidate: Candidate) -> Reasons | None:
    """Return why the model predicts what it predicts, where that was computed."""
    from automl_core.explaining.reasons import Reasons

    path = run.reasons(candidate.id)
    return Reasons.from_dict(caches.result(path)) if path.exists() else None


@st.fragment
def ask(project: ProjectFolder, run: Run, candidate: Candidate, bundle: Path) -> None:
    """Draw the form and what the model says to it; only this is drawn again when a field changes."""
    from automl_core.whatif.cases import load_cases

    model = caches.model(bundle)
    reasons = reasons_of(run, candidate)
    weights = {name: reasons.size(name) for name in reasons.columns} if reasons is not None else {}
    with errors.shown():
        cases = load_cases(run.cases(candidate.id))
        known = whatif_form.start_from(run, candidate, model, cases)
        left, right = st.columns([3, 2], gap="large")
        fields = whatif_form.fields(model, reasons)
        with left:
            values = whatif_form.draw(fields)
            if reasons is None:
                st.caption(
                    ":material/info: Columns stand as uploaded. Find out what matters on the Inspect page, and those that matter "
                    "come first."
                )
        with right, errors.shown() as outcome:
            answer = whatif_cache.answer(run, bundle, values, weights)
            whatif_view.draw_answer(model, answer, known)
            whatif_form.keep(run, candidate, values)
        if outcome.failed:
            return
        part = st.segmented_control(
            "Part",
            PARTS,
            default=PARTS[0],
            required=True,
            key="whatif_part",
            label_visibility="collapsed",
            help="What to look at.",
        )
        if part == "What would change it":
            whatif_change.draw(project, run, candidate, model, answer, fields, values)
        elif part == "Rows like it":
            whatif_view.draw_similar(run, bundle, model, values, weights)
        elif part == "Side by side":
            whatif_cases.draw(run, candidate, bundle, answer, values, cases, weights)
        else:
            whatif_view.draw_why(answer)
            whatif_view.draw_exact(run, bundle, model, values)


layout.header("whatif")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "whatif")
with errors.shown():
    bundle = result_of(
        project,
        run,
        candidate,
        "model",
        run.model,
        label="Load the model",
        why="Packs the model once, so that it can answer here.",
        icon=":material/inventory_2:",
        primary=True,
    )
    if bundle is not None:
        with st.spinner("Loading the model"):
            caches.model(bundle)
        ask(project, run, candidate, bundle)
layout.next_step("predict", "Let it predict a file of rows.", "Predict")

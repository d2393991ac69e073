"""Inspect: how good is it on rows it never saw, and which columns does it look at?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.explain import download_tab, evaluation_tabs, explanation_tabs, readable_view
from pages.shared import errors, guards, layout, run_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.workspace import ProjectFolder

TABS: dict[str, Callable[[ProjectFolder, Run, Candidate], None]] = {
    "How good": evaluation_tabs.draw,
    "What matters": explanation_tabs.draw,
    "The whole model": readable_view.draw,
    "Download": download_tab.draw,
}


@st.fragment
def draw(title: str, project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw what stands in a tab; a click in it draws this again and nothing else of the page."""
    with errors.shown():
        TABS[title](project, run, candidate)


layout.header("explain")
run, candidate = guards.require_candidate()
project = guards.require_project()
run_view.choose_model(run, candidate, "explain")
for title, tab in zip(TABS, st.tabs(list(TABS), key="explain_tabs"), strict=True):
    with tab:
        draw(title, project, run, candidate)
layout.next_step("predict", "Let it predict rows whose outcome you do not know yet.", "Predict")

"""Learn the kept rows too: the offer after a held-out verdict, and where a model that did so comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, layout, people

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def offer(run: Run, candidate: Candidate, key: str) -> None:
    """Draw the button that lets a judged model learn every row, or lead to the run in which it did."""
    from automl_core.relearning import KIND, find, held_out, plan

    if not run.config.holdout or candidate.role == "baseline" or held_out(run, candidate.id) is None:
        return
    project = ProjectFolder(run.path.parent.parent)
    made = find([project.run(run_id) for run_id in project.list("runs")], run, candidate)
    if made is not None:
        if st.button(
            "See it with every row learned",
            key=f"{key}_relearned",
            icon=":material/arrow_forward:",
            help="The run in which this model learned the kept rows too.",
        ):
            layout.go_to("compare", run=made.id)
        return
    if st.button(
        "Learn the kept rows too",
        key=f"{key}_relearn",
        icon=":material/all_inclusive:",
        **people.changing(
            "Fits the same model with the same settings once more, from every row. What was judged stays as it is."
        ),
    ):
        with errors.shown() as started, st.spinner("Starting"):
            run_id = jobs.start(project, KIND, plan(run, candidate.id))
        if not started.failed:
            layout.go_to("compare", run=run_id)


def trust(run: Run) -> str:
    """Return why a model that learned every row can be trusted; empty for a search of its own."""
    from automl_core.relearning import origin_of

    origin = origin_of(run)
    return errors.plain(origin.sentence) if origin else ""


def tell_origin(run: Run) -> None:
    """Say why a model that learned every row can be trusted, and lead there; nothing for a search of its own."""
    from automl_core.relearning import origin_of

    origin = origin_of(run)
    if origin is None:
        return
    st.info(errors.plain(origin.sentence), icon=":material/verified:")
    if (run.path.parent / origin.run).is_dir():
        layout.link_to("explain", "See its verdict", run=origin.run, model=origin.candidate)

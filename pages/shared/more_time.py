"""More for a search that has ended: how much is chosen beside the button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import job_state, jobs, people

if TYPE_CHECKING:
    from automl_core.experiment import Budget
    from automl_core.runs import Run

SPANS = (60.0, 600.0, 3600.0)
"""Seconds to choose from, besides those that the search was given."""
MODELS = 20


def offer(project_id: str, run: Run, now: job_state.Following, key: str) -> None:
    """Draw what lets an ended search go on, for as long or as many models as the person chooses."""
    budget = run.config.budget
    word = "Go on" if now.state != "finished" else "More models" if budget.trials else "More time"
    control = people.changing("Searches on from what it has; no model that is finished is fitted again.", project=project_id)
    with st.popover(word, icon=":material/more_time:", **control):
        more = _models(budget, now, key) if budget.trials else _seconds(budget, key)
        st.button(
            "Search on",
            key=f"{key}_resume",
            icon=":material/resume:",
            **control,
            on_click=jobs.resume,
            args=(project_id, run.id),
            kwargs=more,
        )


def _seconds(budget: Budget, key: str) -> dict[str, Any]:
    chosen = st.segmented_control(
        "How long",
        sorted({*SPANS, budget.seconds}),
        default=budget.seconds,
        required=True,
        format_func=job_state.duration,
        key=f"{key}_more_{budget.seconds:g}",
        help="Time of the search that is added. It can be stopped at any moment and keeps what it has.",
    )
    return {"seconds": float(chosen)}


def _models(budget: Budget, now: job_state.Following, key: str) -> dict[str, Any]:
    """Ask how many; a search that did not end well may just go on with those that it was given."""
    least = 1 if now.state == "finished" else 0
    chosen = int(
        st.number_input(
            "How many more models",
            least,
            1000,
            min(MODELS, budget.trials) * least,
            key=f"{key}_more_{budget.trials}_{now.state}",
            help=f"Besides the {budget.trials:,} that it was given; those of them that are left are tried first.",
        )
    )
    return {"models": chosen} if chosen else {}

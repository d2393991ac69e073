"""What a comparison may take: a time, or a number of models."""

from __future__ import annotations

import streamlit as st

from automl_core.experiment import Budget, Preset
from pages.shared import job_state, state

BUDGETS = (15, 60, 300, 900, 3600)
ANOTHER, MODELS = 0, -1
USUAL, BEST = 60, 300
"""Seconds that are proposed, and those that are proposed where quality matters most."""


def ask(suffix: str) -> Budget:
    """Ask for it; a minute is proposed, see `propose`."""
    words = {
        **{seconds: job_state.duration(seconds) for seconds in BUDGETS},
        ANOTHER: "Another time",
        MODELS: "A number of models",
    }
    if f"compare_budget_{suffix}" not in st.session_state:  # and no `index`, since `propose` sets it too
        st.session_state[f"compare_budget_{suffix}"] = USUAL
        state.put_draft(_chosen(suffix), False)  # what was chosen went with the form when another page was drawn
    chosen = st.selectbox(
        "Time",
        list(words),
        format_func=lambda choice: words[choice],
        key=f"compare_budget_{suffix}",
        on_change=state.put_draft,
        args=(_chosen(suffix), True),
        help="How long the search may take. It can be stopped at any moment and keeps what it has. With a number of models "
        "instead, the same seed gives the same models and scores, however fast the machine is; fast predictions, which are "
        "measured, excepted.",
    )
    if chosen == MODELS:
        models = st.number_input(
            "Models", 2, 1000, 20, key=f"compare_models_{suffix}", help="How many models are tried, besides the baseline."
        )
        return Budget(trials=int(models))
    if chosen == ANOTHER:
        seconds = st.number_input(
            "Seconds", 5, 7 * 86_400, 120, key=f"compare_seconds_{suffix}", help="Wall-clock time of the search, 5 s at least."
        )
        return Budget(float(seconds))
    return Budget(float(chosen))


def propose(suffix: str, preset_key: str) -> None:
    """Propose the time of the preset that was chosen, unless a person chose the time: as the callback of that choice."""
    if not state.draft(_chosen(suffix)):
        st.session_state[f"compare_budget_{suffix}"] = BEST if st.session_state[preset_key] == "best" else USUAL


def tell_short(preset: Preset, budget: Budget) -> None:
    """Say what is given up where quality matters most and the time is short."""
    if preset == "best" and not budget.trials and budget.seconds < BEST:
        st.caption(
            f":material/info: In less than {job_state.duration(BEST)} the kinds of model that only this choice tries hardly get "
            "their turn, since they come last: what comes out is then about that of Balanced."
        )


def _chosen(suffix: str) -> str:
    return f"time_chosen_{suffix}"

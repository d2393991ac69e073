"""What a comparison may take: a time, or a number of models."""

from __future__ import annotations

import streamlit as st

from automl_core.experiment import Budget
from pages.shared import job_state

BUDGETS = (15, 60, 300, 900, 3600)
ANOTHER, MODELS = 0, -1


def ask(suffix: str) -> Budget:
    """Ask for it; a minute is proposed."""
    words = {
        **{seconds: job_state.duration(seconds) for seconds in BUDGETS},
        ANOTHER: "Another time",
        MODELS: "A number of models",
    }
    chosen = st.selectbox(
        "Time",
        list(words),
        index=1,
        format_func=lambda choice: words[choice],
        key=f"compare_budget_{suffix}",
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

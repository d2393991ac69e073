"""The limit of the preset that is fast to predict."""

from __future__ import annotations

import streamlit as st

from automl_core.experiment import Preset

PROPOSED = 0.2
"""Milliseconds a row: a linear model or a few hundred small trees stay below it, a large ensemble does not."""


def ask_limit(preset: Preset, suffix: str) -> float:
    """Ask how long a prediction may take, in milliseconds a row, when the preset keeps a limit; otherwise return 0."""
    if preset != "fast":
        return 0.0
    return float(
        st.number_input(
            "Limit in milliseconds a row",
            0.0,
            60_000.0,
            PROPOSED,
            0.01,
            "%.3f",
            key=f"compare_limit_{suffix}",
            width=280,
            help="Most time that one row may take when 1,000 rows are predicted at once on this machine, preprocessing included. "
            "Slower models are shown, but not recommended. 0 sets no limit.",
        )
    )

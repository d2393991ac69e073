"""What the form of a comparison asks about the split: what the table speaks for, and the gap of a split by time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.experiment import Split
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.proposals import Proposal

USE = {"group": "Keep them together", "time": "Split by time"}


def suggest(proposal: Proposal, suffix: str) -> None:
    """Show what speaks against a random split, each with a button that chooses it; what is chosen shows with its undoing."""
    chosen = st.session_state.get(f"compare_split_{suffix}", "random")
    for place, other in enumerate(proposal.splits):
        split = other.value
        column = st.session_state.get(_column_key(split, suffix), split.column)
        used = chosen == split.kind and column == split.column
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(
                (":material/check: " if used else ":material/call_split: ") + errors.plain(_said(split) if used else other.reason)
            )
            st.button(
                "Split at random" if used else USE[split.kind],
                key=f"compare_split_use_{place}_{suffix}",
                on_click=_choose,
                args=(Split() if used else split, suffix),
                help="Changes the split below, and nothing else.",
            )


def _said(split: Split) -> str:
    return (
        f"The rows of each {split.column!r} stay together." if split.kind == "group" else f"Rows are split by {split.column!r}."
    )


def _column_key(split: Split, suffix: str) -> str:
    return f"compare_split_column_{split.kind}_{suffix}"


def _choose(split: Split, suffix: str) -> None:
    st.session_state[f"compare_split_{suffix}"] = split.kind
    if split.column:
        st.session_state[_column_key(split, suffix)] = split.column


def gap(data: Dataset, kind: str, column: str, suffix: str) -> float:
    """Ask for the gap of a split by time, in days for dates and in the column's unit for numbers; 0 for other splits."""
    if kind != "time" or not column:
        return 0.0
    dates = data.schema[column].kind == "date"
    return float(
        st.number_input(
            "Gap in days" if dates else f"Gap in units of {errors.plain(column)}",
            min_value=0.0,
            value=0.0,
            step=1.0,
            format="%g",
            key=f"compare_gap_{dates}_{suffix}",
            help="How much time is left out between learned and judged rows. Choose how far ahead the model will predict, or how "
            "late the true outcome becomes known.",
        )
    )

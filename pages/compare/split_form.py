"""What the form of a comparison asks about the split: what the table speaks for, the column, and the gap of a split by time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.experiment import ExperimentConfig, Split, SplitKind
from pages.shared import caches, errors, layout

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


def column(data: Dataset, kind: SplitKind, others: list[str], suffix: str) -> str:
    """Ask which column says the group or the time; empty for a split at random.

    For a time every column is listed, dates and numbers first, so that dates which were read as words are not missing.
    """
    if kind == "random":
        return ""
    times = data.schema.of_kind("date", "number") if kind == "time" else others
    known = set(times)
    first = [name for name in others if name in known]
    chosen = st.selectbox(
        "Group column" if kind == "group" else "Time column",
        [*first, *(name for name in others if name not in known)],
        format_func=lambda name: name if name in known else f"{name} ({data.schema[name].kind})",
        key=f"compare_split_column_{kind}_{suffix}",
        help="Rows with the same value stay together." if kind == "group" else "Says which rows are earlier: a date or a number.",
    )
    return chosen or ""


def tell_unread(data: Dataset, config: ExperimentConfig, kind: SplitKind, column: str) -> None:
    """Say, as the start would, that a column which is to be a time was not read as one, and lead to where that is changed."""
    from automl_core.config_checks import check_split

    if kind == "time" and column and not _is_time(data, column):
        with errors.shown():
            check_split(caches.columns(data, [column]), data.schema, replace(config, split=Split(kind, column)))
        layout.link_to("upload", "Change how it is read")


def _is_time(data: Dataset, column: str) -> bool:
    return data.schema[column].kind in ("date", "number")


def gap(data: Dataset, kind: str, column: str, suffix: str) -> float:
    """Ask for the gap of a split by time, in days for dates and in the column's unit for numbers; 0 for other splits."""
    if kind != "time" or not column or not _is_time(data, column):
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

"""The space of a study: what is tried of each parameter, and whether cleaning choices are a part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.tuning.spaces import Space


def edit(space: Space, row: Candidate, cleaning: bool) -> list[dict]:
    """Draw the space as a table that can be edited, and return its rows."""
    from automl_core.tuning.edits import as_rows

    st.caption("What is tried of each parameter. Narrow it, widen it, or fix it by the same number twice or by one value.")
    fixed = ["Parameter", "Now", "Scale", "What it does"]
    edited = st.data_editor(
        as_rows(space),
        key=f"tune_space_{row.id}_{cleaning}",
        hide_index=True,
        disabled=fixed,
        num_rows="fixed",
        placeholder="",
        column_config={
            "Parameter": st.column_config.TextColumn(width=150),
            "From": st.column_config.NumberColumn(width=85, format="%.6g", help="The lowest value that is tried."),
            "To": st.column_config.NumberColumn(width=85, format="%.6g", help="The highest value that is tried."),
            "Values": st.column_config.TextColumn(width=150, help="For choices: the values that are tried, with commas."),
            "Now": st.column_config.TextColumn(
                width=75, help="Of the model as it is; default is the library's own, null means no limit."
            ),
            "Scale": st.column_config.TextColumn(width=90, help="On a logarithmic scale 0.01 to 0.1 counts as much as 0.1 to 1."),
            "What it does": st.column_config.TextColumn(width="large"),
        },
    )
    return list(edited)


@st.cache_resource(max_entries=20, show_spinner="Looking up what can be tuned")
def space(task: str, run_id: str, row_id: str, cleaning: bool, _run: Run, _row: Candidate) -> Space:
    """Return what can be tuned of a row, with the cleaning choices that reach it where they are wanted."""
    from automl_core.tuning.run import features_of, space_of_row

    return space_of_row(task, _row, features_of(_run) if cleaning else None)  # type: ignore[arg-type]


@st.cache_resource(max_entries=20, show_spinner=False)
def cleaning_reaches(run_id: str, row_id: str, _run: Run, _row: Candidate) -> bool:
    """Return whether any cleaning choice changes what the model gets."""
    from automl_core.cleaning.variants import offered
    from automl_core.tuning.run import features_of

    return bool(offered(_row.view, features_of(_run)))

"""The columns of a drift report: what moved with both distributions, all of them as a table, and any one on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.drift.report import ColumnDrift, DriftReport

ICONS = {"nothing": ":material/check_circle:", "watch": ":material/visibility:", "act": ":material/priority_high:"}
WORDS = {"nothing": "Nothing", "watch": "Watch", "act": "Act"}
SHOWN = 6
"""Columns whose distributions are drawn at once."""
PLAIN = {"displayModeBar": False}


def table(columns: tuple[ColumnDrift, ...]) -> list[dict[str, object]]:
    """Return the columns as rows of a table."""
    from automl_core.drift.methods import METHODS

    return [
        {
            "Column": column.name,
            "Verdict": WORDS[column.verdict],
            "Moved": column.effect,
            "Chance": column.expected,
            "Importance": column.importance,
            "Method": METHODS[column.method].label if column.method else "",
            "Statistic": column.statistic,
            "Empty before": column.missing_before,
            "Empty now": column.missing_after,
            "New words": column.new_share,
        }
        for column in columns
    ]


def draw(report: DriftReport, key: str) -> None:
    """Draw what moved, then every column, then any that the person chooses."""
    import pandas as pd

    from automl_core.charts.drift import overlay_figure

    st.subheader("Columns", anchor=False)
    moved = [column for column in report.columns if column.verdict != "nothing"]
    for column in moved[:SHOWN]:
        with st.container(border=True):
            st.markdown(f"{ICONS[column.verdict]} **{errors.plain(column.name)}**")
            st.markdown(errors.plain(column.sentence))
            if column.picture.labels:
                st.plotly_chart(
                    overlay_figure(column),
                    key=f"{key}_{column.name}",
                    config=PLAIN,
                    alt=f"{column.name} before and now, as shares",
                )
    if len(moved) > SHOWN:
        st.caption(f"The {SHOWN} most serious of {len(moved):,} are drawn; choose any other below.")
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        # Only a model tells columns that matter from others.
        pd.DataFrame(table(report.columns)).drop(columns=[] if report.mode == "frozen" else "Importance"),
        hide_index=True,
        key=f"{key}_columns",
        alt="Every column, most serious first",
        column_config={
            "Column": st.column_config.TextColumn(width="medium"),
            "Moved": st.column_config.ProgressColumn(
                format="percent", min_value=0.0, max_value=1.0, help="Share of the rows that moved."
            ),
            "Chance": st.column_config.NumberColumn(format="percent", help="The most that chance alone explains."),
            "Importance": st.column_config.NumberColumn(
                format="percent", help="How far the model's predictions move when the column is shuffled; the largest is 100 %."
            ),
            "Statistic": st.column_config.NumberColumn(
                format="%.3g", help="Of the method: a p-value for tests, else a distance."
            ),
            "Empty before": share,
            "Empty now": share,
            "New words": st.column_config.NumberColumn(format="percent", help="Rows with a word never seen before."),
        },
    )
    drawn = {column.name: column for column in report.columns if column.picture.labels and column not in moved[:SHOWN]}
    if drawn:
        name = st.selectbox(
            "Look at a column", list(drawn), index=None, key=f"{key}_one", placeholder="Choose a column",
            help="Draws both distributions of any column.",
        )  # fmt: skip
        if name:
            st.markdown(errors.plain(drawn[name].sentence))
            st.plotly_chart(
                overlay_figure(drawn[name]), key=f"{key}_chosen", config=PLAIN, alt=f"{name} before and now, as shares"
            )

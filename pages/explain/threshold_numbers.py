"""What a threshold does to the judged rows, and which threshold is best by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.evaluation.deciding import Counts, Decisions


def draw_counts(now: Counts, before: Counts, table: Decisions) -> None:
    """Draw what a threshold does, against the stored one."""
    from automl_core.evaluation.wording import money
    from automl_core.profiling.wording import percent

    def against(value: int, old: int) -> str | None:
        return None if value == old else f"{value - old:+,} against the stored one"

    with st.grid(4, min_column_width=150):
        for label, name, why in (
            ("Found", "found", "Rows with the event for which it is predicted."),
            ("Missed", "missed", "Rows with the event for which it is not predicted."),
            ("False alarms", "alarms", "Rows without the event for which it is predicted."),
            ("Rightly left alone", "left", "Rows without the event for which it is not predicted."),
        ):
            value, old = int(getattr(now, name)), int(getattr(before, name))
            st.metric(label, f"{value:,}", against(value, old), delta_color="off", help=why, border=True)
    picked = now.found + now.alarms
    told = f"It is predicted for {picked:,} of {table.events + table.others:,} rows."
    if table.events:
        told += f" {percent(now.found / table.events)} of the events are found (recall)."
    if picked:
        told += f" {percent(now.found / picked)} of the predictions are right (precision)."
    if now.money is not None:
        rows = table.events + table.others
        told += f" By the cost table this is worth {money(now.money, table.currency)} in all"
        told += f", {money(now.money / max(rows, 1), table.currency)} a row."
    st.caption(errors.plain(told))


def introduce_best() -> None:
    """Say what the best thresholds are and where they were found."""
    st.subheader("Best by each metric", anchor=False)
    st.caption("Found on out-of-fold rows, which no model learned, and a little too good there: the counts above say what comes.")


def draw_best(table: Decisions, key: str) -> None:
    """Draw the best threshold by each metric."""
    from automl_core.profiling.wording import number

    rows: list[dict[str, Any]] = [
        {
            "Metric": entry.label,
            "Best threshold": f"{entry.threshold:.3f}",
            "There": number(entry.value),
            "At 0.5": number(entry.half),
        }
        for entry in table.best
    ]
    text = st.column_config.TextColumn
    st.dataframe(
        rows,
        hide_index=True,
        key=f"explain_best_thresholds{key}",
        alt="The best threshold by each metric",
        column_config={name: text(alignment="right") for name in ("Best threshold", "There", "At 0.5")},
    )

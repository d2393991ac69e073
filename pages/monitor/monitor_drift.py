"""Drift of a model in use: the verdict, what moved, and over time what is estimated beside what turned out to be true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, drift_columns, drift_view, errors, layout

if TYPE_CHECKING:
    from automl_core.monitoring.summary import Status
    from automl_core.registry.store import Registered

SHOWN = 3
"""Columns that are named here; the Drift page has all of them."""


def draw(registered: Registered, status: Status) -> None:
    """Draw the latest comparison of the log with what the version learned from; nothing before there was one."""
    from automl_core.monitoring.drift import drift_file, stored_drift

    path = drift_file(registered)
    report = stored_drift(caches.result(path), status.version) if status.drift and path.exists() else None
    if report is None:
        return
    st.subheader("Drift", anchor=False)
    drift_view.headline(report)
    for column in report.shifted[:SHOWN]:
        st.markdown(f"{drift_columns.ICONS[column.verdict]} {errors.plain(column.sentence)}")
    lineage = registered.version(status.version).lineage
    if lineage["run"] in registered.project.list("runs"):
        layout.link_to(
            "drift", f"Every column ({len(report.columns)})", run=lineage["run"], model=lineage["candidate"],
            help="Opens this comparison: all columns with both distributions, all of them together, and a report.",
        )  # fmt: skip
    if report.chunks:
        known = {one.metric: one.label for one in report.performance}
        first = known.get(status.metric, next(iter(known.values()), "Shift"))
        drift_view.timeline(report, f"monitor_drift_{registered.id}", title="Drift and performance over time", first=first)
        with st.expander("As a table", icon=":material/table:"):
            st.dataframe(
                [
                    {
                        "Period": one.label, "Rows": one.rows, "Verdict": drift_view.said(one.verdict), "Columns": one.shifted,
                        **{f"{label}, estimated": one.estimates.get(metric) for metric, label in known.items()},
                        **{f"{label}, true": one.true[metric] for metric, label in known.items() if metric in one.true},
                    }
                    for one in report.chunks
                ],
                hide_index=True, key=f"monitor_drift_table_{registered.id}", placeholder="", alt="Every period",
            )  # fmt: skip
        if known:
            st.caption("Estimated without labels from the rows themselves; the second line is the truth, where labels came.")

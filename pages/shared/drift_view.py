"""A drift report on the page: the headline, what the model makes of it, the time line, then every column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import drift_columns, errors

if TYPE_CHECKING:
    from automl_core.drift.report import DriftReport, Verdict


def draw(report: DriftReport, key: str) -> None:
    """Draw a report; `key` prefixes the widgets."""
    headline(report)
    if report.performance or report.prediction or report.target:
        _outcome(report)
    if report.chunks:
        timeline(report, key)
    drift_columns.draw(report, key)
    _together(report)
    _downloads(report, key)


def headline(report: DriftReport) -> None:
    """Draw the verdict on the whole table, and what became of it."""
    show = {"nothing": st.success, "watch": st.warning, "act": st.error}[report.verdict]
    show(errors.plain(report.sentence), icon=drift_columns.ICONS[report.verdict])
    name = f"**{errors.plain(report.name)}**: " if report.name else ""
    against = "rows the model learned from" if report.mode == "frozen" else "rows of the old table"
    judged = "by what moved beyond chance" + (
        " and what depends on it" if report.mode == "frozen" else "; every column counts alike"
    )
    if report.rule == "evidently":
        judged = "by the thresholds of the methods"
    st.caption(f"{name}{report.rows:,} new rows against {report.reference_rows:,} {against}, judged {judged}.")
    for note in report.notes:
        st.caption(f":material/info: {errors.plain(note)}")


def _outcome(report: DriftReport) -> None:
    import pandas as pd

    from automl_core.charts.drift import overlay_figure

    st.subheader("What the model makes of it", anchor=False)
    if report.performance:
        rows = [
            {
                "Metric": one.label,
                "Before": one.before,
                "Estimate": one.value,
                "Low": one.low,
                "High": one.high,
                "From labels": one.true,
                "Verdict": drift_columns.WORDS[one.verdict],
            }
            for one in report.performance
        ]
        frame = pd.DataFrame(rows)
        if not any(one.true is not None for one in report.performance):
            frame = frame.drop(columns="From labels")
        numbers = {
            name: st.column_config.NumberColumn(format="%.4g") for name in ("Before", "Estimate", "Low", "High", "From labels")
        }
        st.dataframe(frame, hide_index=True, column_config=numbers, alt="Estimated performance")
        st.caption(
            "Estimated without labels, with a 95 % interval. It holds while the columns say the same of the target as before; "
            "labels tell whether they do."
        )
    for column in (*report.prediction, *report.target):
        st.markdown(f"{drift_columns.ICONS[column.verdict]} {errors.plain(column.sentence)}")
    outcome = next((column for column in report.prediction if column.picture.labels), None)
    if outcome is not None:
        with st.expander(f"Distribution: {errors.plain(outcome.name)}"):
            st.plotly_chart(
                overlay_figure(outcome), key="drift_prediction", config=drift_columns.PLAIN,
                alt=f"{outcome.name} before and now, as shares",
            )  # fmt: skip


def timeline(report: DriftReport, key: str, *, title: str = "Over time", first: str = "Shift") -> None:
    """Draw the pieces of the new rows over time: what moved, or a metric, beginning with the one whose label is `first`."""
    from automl_core.charts.drift import performance_figure, timeline_figure

    st.subheader(title, anchor=False)
    kinds = ["Shift", *(one.label for one in report.performance)]
    kind = "Shift"
    if len(kinds) > 1:
        kind = st.segmented_control(
            "Time line", kinds, default=first if first in kinds else "Shift", required=True, key=f"{key}_line",
            label_visibility="collapsed",
            help="The largest shift of a column in each piece, or a metric.",
        )  # fmt: skip
    else:
        st.caption("The largest shift of a column in each piece: the share of rows that moved beyond chance.")
    if kind == "Shift":
        figure = timeline_figure(report.chunks)
    else:
        one = next(entry for entry in report.performance if entry.label == kind)
        figure = performance_figure(report.chunks, one.metric, one.label, one.before)
    st.plotly_chart(figure, key=f"{key}_timeline", config=drift_columns.PLAIN, alt=f"{kind} over the pieces")
    alerts = [chunk for chunk in report.chunks if chunk.sentence]
    for chunk in alerts[-5:]:
        st.markdown(f"{drift_columns.ICONS[chunk.verdict]} {errors.plain(chunk.sentence)}")
    if len(alerts) > 5:
        st.caption(f"The last 5 of {len(alerts)} alerts are shown; the report has all of them.")


def _together(report: DriftReport) -> None:
    if report.joint is None and not report.relation:
        return
    st.subheader("All columns together", anchor=False)
    if report.joint is not None:
        st.markdown(f"{drift_columns.ICONS[report.joint.verdict]} {errors.plain(report.joint.sentence)}")
    for pair in report.relation[: drift_columns.SHOWN]:
        st.markdown(f"{drift_columns.ICONS[pair.verdict]} {errors.plain(pair.sentence)}")


def _downloads(report: DriftReport, key: str) -> None:
    import json

    from automl_core.drift.html import drift_html

    with st.container(horizontal=True):
        st.download_button(
            "Report as HTML", lambda: drift_html(report).encode("utf-8", "surrogatepass"), "drift.html", "text/html",
            key=f"{key}_html", icon=":material/download:", help="One page without scripts, for sending on.", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Report as JSON", lambda: json.dumps(report.to_dict(), allow_nan=False).encode(), "drift.json", "application/json",
            key=f"{key}_json", icon=":material/data_object:", help="Every number, for programs.", on_click="ignore",
        )  # fmt: skip


def said(verdict: Verdict) -> str:
    """Return a verdict as a word."""
    return drift_columns.WORDS[verdict]

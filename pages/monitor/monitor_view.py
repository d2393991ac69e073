"""A model in use: numbers first, then lines over time, drift, alerts, and the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import caches, errors
from pages.shared.models_view import when

if TYPE_CHECKING:
    from automl_core.monitoring.settings import Settings
    from automl_core.monitoring.summary import Status
    from automl_core.registry.store import Registered


def draw_status(registered: Registered, status: Status, settings: Settings) -> None:
    """Draw the latest look at a model."""
    from automl_core.charts.monitoring import SHOWN, period_figure, series

    total = status.total
    st.caption(f"Version {status.version}, looked at {when(status.at)}.")
    if not total.requests:
        st.info("Nothing was logged in this time. Predict some rows with the registered model.", icon=":material/info:")
    with st.container(horizontal=True):
        st.metric("Rows predicted", f"{total.rows:,}", help="Of all versions, in the time that was looked at.", border=True)
        st.metric("Requests", f"{total.requests:,}", help="Files, single rows and calls of a service.", border=True)
        st.metric("Failed", f"{total.failed:,}", help="Requests that got no prediction.", border=True)
        st.metric(
            "Latency, ms a row", _number(total.p95_ms), border=True,
            help=f"95 % of the requests took at most this; half {_number(total.p50_ms)}, 99 % {_number(total.p99_ms)}.",
        )  # fmt: skip
    with st.container(horizontal=True):
        st.metric(
            f"{errors.plain(status.label)}, true", _number(total.performance), border=True,
            help=f"Of {total.labelled:,} logged rows with a label; {_number(status.expected)} was expected. From 30 labels on.",
        )  # fmt: skip
        st.metric(
            f"{errors.plain(status.label)}, estimated", _number(status.estimated), border=True,
            help="Without labels, from the new rows themselves, where drift could be looked at.",
        )  # fmt: skip
        st.metric("Computing time, s", _number(total.seconds), border=True, help="What all these predictions cost the machine.")
        if total.money is not None:
            unit = f"Money a row, {errors.plain(status.currency)}" if status.currency else "Money a row"
            st.metric(unit, _number(total.money), border=True, help="By the cost table, over the labelled rows.")
    for note in status.notes:
        st.caption(f":material/info: {errors.plain(note)}")
    known = [title for title, field in SHOWN.items() if any(value for value in series(status.periods, field)[1])]
    if len(status.periods) > 1 and known:
        title = st.segmented_control(
            "Over time", known, default=known[0], required=True, key=f"monitor_line_{registered.id}_{len(known)}",
            help="One point for each period.",
        )  # fmt: skip
        expected = status.expected if title == "True performance" else None
        limit = settings.limits.p95_ms if title and title.startswith("95 %") else None
        st.plotly_chart(
            period_figure(status.periods, str(title), expected=expected, limit=limit),
            key=f"monitor_chart_{registered.id}_{title}", config={"displayModeBar": False}, alt=f"{title} over time",
        )  # fmt: skip
    with st.expander("As a table", icon=":material/table:"):
        st.dataframe(
            [
                {
                    "From": when(one.start), "Rows": one.rows, "Requests": one.requests, "Failed": one.failed,
                    "Half, ms": one.p50_ms, "95 %, ms": one.p95_ms, "99 %, ms": one.p99_ms, "Mean": one.mean,
                    "Labels": one.labelled, "Performance": one.performance, "Money a row": one.money, "Time, s": one.seconds,
                }
                for one in status.periods
            ],
            hide_index=True, key=f"monitor_table_{registered.id}", placeholder="", alt="Every period",
            column_config={name: st.column_config.NumberColumn(format="%.4g") for name in
                           ("Half, ms", "95 %, ms", "99 %, ms", "Mean", "Performance", "Money a row", "Time, s")},
        )  # fmt: skip
        if len(status.versions) > 1:
            told = ", ".join(f"version {number} {count:,}" for number, count in status.versions.items())
            st.caption(f"Rows by version: {told}.")
        if status.predictions:
            told = ", ".join(f"{errors.plain(label)} {count:,}" for label, count in status.predictions.items())
            st.caption(f"Predicted: {told}.")
    _alerts(registered)


def _alerts(registered: Registered) -> None:
    from automl_core.monitoring.alerts import read_alerts

    alerts = read_alerts(registered)
    if not alerts:
        st.caption(":material/notifications: No limit was crossed so far.")
        return
    st.markdown("**Alerts**")
    for alert in reversed(alerts[-5:]):
        show = st.error if alert.severity == "act" else st.warning
        sent = f" {errors.plain(alert.told)}" if alert.told else ""
        show(f"{when(alert.time)}: {errors.plain(alert.sentence)}{sent}\n\n**{errors.plain(alert.action)}**")


def draw_machine() -> None:
    """Draw how the machine and the background process are."""
    from automl_core.monitoring.health import look

    now = look(caches.workspace(), seconds=0.05)
    st.markdown("**Machine**")
    with st.container(horizontal=True):
        st.metric("Processor", f"{now.cpu:.0%}", help="In use at this moment.", border=True)
        st.metric("Memory", f"{now.memory:.0%}", help=f"{now.memory_bytes / 2**30:,.1f} GB are free.", border=True)
        st.metric(
            "Disk", f"{now.disk:.0%}", help=f"{now.free_bytes / 2**30:,.1f} GB of the workspace's disk are free.", border=True
        )
        st.metric("Jobs waiting", f"{now.queue:,}", help="For their turn in the background process.", border=True)
        st.metric(
            "Background process", "running" if now.host else "not running", border=True,
            help=f"It starts by itself with the next job; with its jobs it holds {now.host_bytes / 2**20:,.0f} MB.",
        )  # fmt: skip


def _number(value: float | None) -> str:
    from automl_core.profiling.wording import number

    return "–" if value is None else number(value)

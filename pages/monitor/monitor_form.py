"""What is asked about watching a model: the log and its limits, the time to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, people, state

if TYPE_CHECKING:
    from automl_core.monitoring.settings import Settings
    from automl_core.registry.store import Registered


def ask_span(registered: Registered) -> dict[str, Any]:
    """Ask how far back to look and in which periods; returns the parameters of the job."""
    left, right = st.columns(2)
    with left:
        days = st.number_input("Days to look back", 1, 3650, 30, key="monitor_days", help="How far back the log is read.")
    with right:
        chunking = st.selectbox(
            "In periods of a", ("day", "hour", "week"), key="monitor_chunking", help="Of the lines over time."
        )
    return {"model": registered.id, "days": int(days), "chunking": chunking}


def ask_settings(registered: Registered, settings: Settings) -> None:
    """Ask what is logged, for how long, and which limits hold."""
    from automl_core.monitoring.alerts import try_webhook
    from automl_core.monitoring.log import take_service
    from automl_core.monitoring.settings import Limits, Settings, save_settings

    columns = [name for name, _ in registered.version(registered.numbers[0]).inputs]
    with st.expander("Log and limits", icon=":material/settings:", expanded=not settings.on):
        on = st.toggle(
            "Log predictions", settings.on, key=f"monitor_on_{registered.id}",
            help="Keeps inputs and outputs of every prediction with this model, in the project's folder on this machine.",
        )  # fmt: skip
        left, right = st.columns(2)
        with left:
            days = st.number_input(
                "Days kept", 1, 3650, settings.days, key=f"monitor_kept_{registered.id}", help="Older entries are removed."
            )
            key = st.text_input(
                "Key column", settings.key, key=f"monitor_key_{registered.id}",
                help="A column of the rows by which labels are added later, such as a customer's number. "
                "It need not be one that the model looks at.",
            )  # fmt: skip
        with right:
            left_out = st.multiselect(
                "Columns left out", list(dict.fromkeys([*columns, *settings.left_out])), list(settings.left_out),
                key=f"monitor_out_{registered.id}", accept_new_options=True, help="Their values are never logged.",
            )  # fmt: skip
            webhook = st.text_input(
                "Webhook", settings.webhook, key=f"monitor_webhook_{registered.id}", placeholder="https://host/path",
                help="Alerts are sent there as JSON, once each. The only address that this app ever sends anything to.",
            )  # fmt: skip
            if webhook.strip() and st.button(
                "Send a test", key=f"monitor_webhook_try_{registered.id}", icon=":material/send:",
                **people.changing("Sends a made-up alert there now, and says what became of it."),
            ):  # fmt: skip
                with errors.shown():
                    st.caption(errors.plain(try_webhook(registered, webhook)))
        services = st.multiselect(
            "Folders of services", list(settings.services), list(settings.services), accept_new_options=True,
            key=f"monitor_services_{registered.id}", placeholder="/path/to/logs",
            help="A service of the exported model writes its log into the folder behind --log. What is in it is read where it "
            "lies, with the labels that came to the service.",
        )  # fmt: skip
        st.caption("Limits; an empty one is not watched.")
        limits = settings.limits
        first, second, third, fourth = st.columns(4)
        with first:
            p95 = _limit(registered, "p95", "Latency, ms a row", limits.p95_ms, 10.0, "95 % of the requests may take this.")
            cpu = _share(registered, "cpu", "Processor, %", limits.cpu, "Share of the processor in use.")
        with second:
            failed = _share(registered, "errors", "Failed requests, %", limits.errors, "Share of requests that may fail.")
            memory = _share(registered, "memory", "Memory, %", limits.memory, "Share of the machine's memory in use.")
        with third:
            drop = _share(registered, "drop", "Worse by, %", limits.drop, "Below the version's own score, as a share of it.")
            disk = _share(registered, "disk", "Disk, %", limits.disk, "Share of the workspace's disk in use.")
        with fourth:
            queue = _limit(registered, "queue", "Jobs waiting", limits.queue, 1.0, "Jobs that may wait.")
        drift = st.toggle("Drift", limits.drift, key=f"monitor_drift_{registered.id}", help="Tells when the verdict is to act.")
        if st.button(
            "Save", key=f"monitor_save_{registered.id}", icon=":material/save:", type="secondary" if settings.on else "primary",
            **people.changing("Holds from the next prediction on."),
        ):  # fmt: skip
            with errors.shown() as saved:
                chosen = Limits(p95, failed, drop, drift, cpu, memory, disk, int(queue) if queue is not None else None)
                known = tuple(one for one in services if one in settings.services)
                save_settings(registered, Settings(on, int(days), tuple(left_out), key.strip(), chosen, webhook.strip(), known))
                told = [take_service(registered, Path(one)).sentence for one in services if one not in known]
            if not saved.failed:
                state.say(" ".join(["Saved.", *told]))
                st.rerun()


def _limit(registered: Registered, name: str, label: str, value: float | None, step: float, help: str) -> float | None:
    found = st.number_input(
        label, min_value=0.0, value=None if value is None else float(value), step=step, format="%g",
        key=f"monitor_{name}_{registered.id}", help=help,
    )  # fmt: skip
    return None if found is None else float(found)


def _share(registered: Registered, name: str, label: str, value: float | None, help: str) -> float | None:
    found = _limit(registered, name, label, None if value is None else round(value * 100, 6), 1.0, help)
    return None if found is None else found / 100

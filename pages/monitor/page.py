"""Monitor: how is it doing?"""

from __future__ import annotations

import streamlit as st

from pages.monitor import labels_form, monitor_drift, monitor_form, monitor_view
from pages.shared import errors, guards, jobs, layout, models_view, people

layout.header("monitor")
project = guards.require_project()
registered = models_view.choose(project, "monitor")
if registered is None:
    layout.empty("No version is in use yet. Register a model first.", "models", "Register a model")
    st.stop()
with errors.shown() as read:
    from automl_core.monitoring.check import stored_status
    from automl_core.monitoring.settings import settings_of

    settings = settings_of(registered)
if read.failed:
    st.stop()
with errors.shown():
    if settings.watched:
        params = monitor_form.ask_span(registered)
        found = jobs.find(project, "monitor", params)
        active = jobs.panel(project, found.name, key=f"monitor_{found.name}").active if found else False
        if not active and st.button(
            "Look now", key="monitor_look", type="primary", icon=":material/monitor_heart:",
            **people.changing("Reads the log and the labels, looks at drift and at the machine, and tells crossed limits."),
        ):  # fmt: skip
            with st.spinner("Starting"):
                jobs.start(project, "monitor", params)
            st.rerun()
    else:
        st.info(
            "Nothing is logged. Turn the log on below to see how the model is doing: it then keeps what it was asked and what "
            "it answered, in this project.",
            icon=":material/info:",
        )
    status = stored_status(registered)
    if status is not None:
        monitor_view.draw_status(registered, status, settings)
        monitor_drift.draw(registered, status)
with errors.shown():
    monitor_view.draw_machine()
with errors.shown():
    labels_form.ask_labels(registered, settings)
with errors.shown():
    monitor_form.ask_settings(registered, settings)
layout.next_step("automate", "Have it looked at while you are away.", "Automate it")

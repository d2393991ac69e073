"""Models: which version is in use, and what came before?"""

from __future__ import annotations

import streamlit as st

from pages.models import comparison_view, mlflow_view, registration_form, version_forms, versions_view
from pages.shared import errors, guards, layout, models_view

layout.header("models")
project = guards.require_project()
registered = models_view.choose(project)
if registered is None:
    registration_form.ask(project, None, primary=True)
    st.stop()
versions, faults = registered.readable()
now = registered.standing()
for fault in faults:
    errors.show(fault)
if not versions:
    st.stop()
with errors.shown():
    models_view.draw_standing(registered, versions, now)
    versions_view.draw(registered, versions, now)
change, compare, register, log, mlflow = st.tabs(
    ["Promote or roll back", "Compare two", "Register another", "Log", "MLflow"], key=f"models_tabs_{registered.id}"
)
with change, errors.shown():
    version_forms.ask_promotion(registered, versions, now)
    version_forms.ask_roll_back(registered, now)
    version_forms.ask_note(registered, versions, now)
with compare, errors.shown():
    comparison_view.draw(project, registered, versions, now)
with register, errors.shown():
    registration_form.ask(project, registered, primary=False)
with log, errors.shown():
    models_view.draw_log(registered)
with mlflow, errors.shown():
    mlflow_view.draw(project, registered)
layout.next_step("monitor", "See how the version in use is doing.", "Monitor it")

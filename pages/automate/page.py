"""Automate: who does all this when I am away?"""

from __future__ import annotations

import streamlit as st

from pages.automate import firings_view, pipeline_view, policy_form, policy_view, watcher_view
from pages.shared import errors, guards, layout, models_view

layout.header("automate")
project = guards.require_project()
registered = models_view.choose(project, "automate")
if registered is None:
    layout.empty("Policies belong to a registered model. Register one first.", "models", "Register a model")
    with errors.shown():
        pipeline_view.draw(project, None)
    st.stop()
with errors.shown():
    watcher_view.draw_watcher(project)
with errors.shown():
    policy_view.draw_policies(project, registered)
with errors.shown():
    policy_view.draw_suggestions(project, registered)
with errors.shown():
    policy_form.ask(registered)
with errors.shown():
    pipeline_view.draw(project, registered)
with errors.shown():
    firings_view.draw_firings(registered)
with errors.shown():
    firings_view.draw_history(project)
layout.next_step("models", "See what became of the versions.", "See the versions")

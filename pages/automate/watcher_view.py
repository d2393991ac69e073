"""Whether somebody watches the policies of a project, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, job_state, jobs, people


def draw_watcher(project: ProjectFolder) -> None:
    """Say whether somebody watches, and start or stop the watcher."""
    running = _watcher(project)
    if running:
        st.markdown(":material/visibility: The policies of this project are watched, also when this page is closed.")
        jobs.panel(project, running, key="automate_watch")
        return
    st.markdown(
        ":material/visibility_off: Nobody watches. Start the watcher here, or let a scheduler call "
        "`python -m automl_core monitor --once`."
    )
    if st.button(
        "Watch", key="automate_watch_start", icon=":material/visibility:", type="primary",
        **people.changing("Looks at every registered model of this project once a minute, until it is stopped."),
    ):  # fmt: skip
        with errors.shown() as started, st.spinner("Starting"):
            jobs.start(project, "watch", {"every": 60})
        if not started.failed:
            st.rerun()


def _watcher(project: ProjectFolder) -> str:
    for job_id in project.list("jobs")[:200]:
        try:
            if (
                read_json(project.job(job_id) / "request.json").get("kind") == "watch"
                and job_state.follow(project.job(job_id)).active
            ):
                return job_id
        except AutoMLError:
            continue  # a folder that is being made
    return ""

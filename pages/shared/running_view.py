"""What runs in all projects, listed in the sidebar of every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.people import access
from automl_core.workspace import Workspace
from pages.shared import caches, errors, jobs, people
from pages.shared.job_state import DOING, Following, follow


@dataclass(frozen=True)
class Active:
    """One job that waits or works."""

    project_id: str
    job_id: str
    following: Following


def active(workspace: Workspace, *, among: int = 30) -> Iterator[Active]:
    """Yield what waits or works in all projects that the person may see, newest first in each."""
    ended = _ended()
    for project_id in access.visible(workspace):
        project = workspace.project(project_id)
        for job_id in [*project.list("runs")[:among], *project.list("jobs")[:among]]:
            folder = project.job(job_id)
            key = (str(folder), *caches.stamp(folder / "events.jsonl"))
            if key in ended:
                continue
            try:
                following = follow(folder)
            except AutoMLError:
                continue  # a folder whose request is being written
            if following.active:
                yield Active(project_id, job_id, following)
            elif following.state != "lost":
                if len(ended) > 5000:
                    ended.clear()
                ended.add(key)


def sidebar() -> None:
    """List what runs, with progress and a stop button, on every page."""
    seen = [list(active(caches.workspace()))]

    @st.fragment(run_every=2.0 if seen[0] else 10.0)
    def draw() -> None:
        with errors.shown():
            found = seen.pop() if seen else list(active(caches.workspace()))
            if not found:
                st.caption("Nothing is running.")
            for job in found[:5]:
                errors.show_kept(job.job_id)
                now = job.following
                st.progress(max(now.fraction, 0.0), text=f"{DOING.get(now.kind, now.kind)}: {now.sentence}")
                st.button(
                    "Stop",
                    key=f"sidebar_stop_{job.job_id}",
                    icon=":material/stop_circle:",
                    **people.changing("Ends this work at once. What is finished is kept.", project=job.project_id),
                    on_click=jobs.stop,
                    args=(job.project_id, job.job_id),
                )
            if len(found) > 5:
                st.caption(f"{len(found) - 5} more are waiting.")

    draw()


@st.cache_resource(max_entries=1, show_spinner=False)
def _ended() -> set[tuple[str, int, int]]:
    return set()

"""Jobs on the pages: start one or find it again, follow it, stop it, resume it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import caches, errors, people
from pages.shared.job_state import Following, follow


def start(project: ProjectFolder, kind: str, params: dict[str, Any], *, notes: Sequence[str] = ()) -> str:
    """Submit a job and return its id; `notes` say what was adjusted and are its first messages. Raises AutoMLError."""
    from automl_core.jobs.control import submit

    return str(submit(caches.workspace(), project.id, kind, params, notes=notes))


def find(project: ProjectFolder, kind: str, params: dict[str, Any], *, among: int = 60) -> Path | None:
    """Return the folder of the newest job that was asked for exactly this, so that a reload finds it again."""
    return _newest(project, kind, lambda asked: asked == params, among)


def newest(project: ProjectFolder, kind: str, params: dict[str, Any], *, among: int = 20) -> Path | None:
    """Return the folder of the newest job that was asked for this and maybe for more."""
    return _newest(project, kind, lambda asked: all(asked.get(name) == value for name, value in params.items()), among)


def _newest(project: ProjectFolder, kind: str, fits: Callable[[dict[str, Any]], bool], among: int) -> Path | None:
    for job_id in project.list("jobs")[:among]:
        folder = project.job(job_id)
        try:
            request = read_json(folder / "request.json")
        except AutoMLError:
            continue  # a folder that is being made or was damaged is no answer to this question
        if request.get("kind") == kind and fits(request.get("params", {})):
            return folder
    return None


def stop(project_id: str, job_id: str) -> None:
    """Stop a job; what it finished stays."""
    from automl_core.jobs.control import stop as stop_job

    with errors.kept(job_id):
        stop_job(caches.workspace(), project_id, job_id)


def resume(project_id: str, job_id: str, *, seconds: float | None = None, models: int | None = None) -> None:
    """Let a lost or stopped job go on where it was, a search for so many seconds or models more."""
    from automl_core.jobs.control import resume as resume_job

    with errors.kept(job_id):
        resume_job(caches.workspace(), project_id, job_id, seconds=seconds, models=models)


def panel(
    project: ProjectFolder, job_id: str, *, key: str, body: Callable[[Following], None] | None = None, every: float = 1.0
) -> Following:
    """Follow one job in place: progress in words, time left, a stop button; then how it ended.

    Only the panel is drawn again while the job works, every `every` seconds. When it begins and when it ends the whole
    page reruns once.

    Parameters
    ----------
    project : ProjectFolder
    job_id : str
    key : str
        Prefix of the widgets' keys.
    body : callable, optional
        Draws more inside the panel, such as a live leaderboard.

    Returns
    -------
    Following
        As it was when the page was drawn.
    """
    folder = project.job(job_id)
    before = follow(folder)

    @st.fragment(run_every=every if before.active else None)
    def draw() -> None:
        with errors.shown():
            now = follow(folder)
            if before.state != now.state:
                st.rerun()  # the page around the panel names the state, and a panel of work that goes on is drawn again
            _draw_state(project.id, job_id, now, key)
            errors.show_kept(job_id)
            if body is not None:
                body(now)

    draw()
    return before


def _draw_state(project_id: str, job_id: str, now: Following, key: str) -> None:
    if now.active:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(max(now.fraction, 0.0) if now.state == "running" else 0.0, text=now.sentence)
            st.button(
                "Stop",
                key=f"{key}_stop",
                icon=":material/stop_circle:",
                **people.changing("Ends the work at once. What is finished is kept.", project=project_id),
                on_click=stop,
                args=(project_id, job_id),
            )
    elif now.state == "failed":
        reason = now.failure.reason if now.failure else "The reason was not recorded."
        action = f"\n\n**{errors.plain(now.failure.action)}**" if now.failure and now.failure.action else ""
        log_id = f" The details are in the log under {now.failure.log_id}." if now.failure and now.failure.log_id else ""
        st.error(errors.plain(reason) + log_id + action, icon=":material/error:")
    elif now.state == "lost":
        st.warning("The work was interrupted before it ended. What was finished is kept.", icon=":material/power_off:")
        st.button(
            "Go on",
            key=f"{key}_resume",
            icon=":material/resume:",
            **people.changing(
                "Searches on with the time or the models that are left; nothing that is finished is fitted again."
                if now.kind == "train"
                else "Goes on with what is left to do.",
                project=project_id,
            ),
            on_click=resume,
            args=(project_id, job_id),
        )

"""Jobs on the pages: start one or find it again, follow it, stop it, resume it; and the list of what runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.events import Failed, Message, Progress, read_events
from automl_core.people import access
from automl_core.workspace import ProjectFolder, Workspace, read_json
from pages.shared import caches, errors, people

ACTIVE = ("queued", "running")
DOING = {
    "train": "Comparing models",
    "relearn": "Learning every row",
    "model": "Packing a model",
    "evaluate": "Judging a model",
    "judge": "Judging a model",
    "failing": "Looking for errors",
    "fairness": "Comparing groups",
    "decide": "Storing a threshold",
    "learning": "Drawing a learning curve",
    "explain": "Explaining a model",
    "change": "Looking for a change",
    "report": "Writing a report",
    "predict": "Predicting",
    "read": "Reading a table",
    "drift": "Comparing new rows",
    "profile": "Exploring a table",
    "forecast": "Forecasting a comparison",
    "ablation": "Comparing steps",
    "clean": "Cleaning a table",
    "leakage": "Measuring leakage",
    "tune": "Tuning a model",
    "register": "Registering a version",
    "mirror": "Bringing versions to MLflow",
    "versions": "Comparing two versions",
    "monitor": "Looking at a model in use",
    "policy": "Following a policy",
    "watch": "Watching policies",
    "combine": "Combining models",
    "code": "Proving a script",
}
WORDS = {
    "queued": "Waiting for its turn",
    "running": "Running",
    "finished": "Finished",
    "failed": "Failed",
    "stopped": "Stopped",
    "lost": "Interrupted",
}


@dataclass(frozen=True)
class Following:
    """What is known of a job at this moment, from its folder.

    Parameters
    ----------
    state : str
        One of `WORDS`.
    kind : str
    fraction : float
        0 to 1, or -1 where unknown.
    doing : str
        In words.
    seconds_left : float
        -1 where unknown.
    messages : tuple of Message
    failure : Failed or None
    """

    state: str
    kind: str
    fraction: float = -1.0
    doing: str = ""
    seconds_left: float = -1.0
    messages: tuple[Message, ...] = ()
    failure: Failed | None = None

    @property
    def active(self) -> bool:
        """Whether it waits or works."""
        return self.state in ACTIVE

    @property
    def sentence(self) -> str:
        """What it does and how long that will take."""
        if self.state != "running":
            return WORDS[self.state]
        left = f", {duration(self.seconds_left)} left" if self.seconds_left >= 0 else ""
        return f"{self.doing or DOING.get(self.kind, WORDS['running'])}{left}"


def duration(seconds: float) -> str:
    """Return a time span as people say it: ``8 s``, ``2 min``, ``1 h 5 min``."""
    seconds = max(seconds, 0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def follow(folder: Path) -> Following:
    """Read what is known of a job; raises NotFoundError when its folder has no request."""
    from automl_core.jobs.job import Job

    kind = str(read_json(folder / "request.json")["kind"])
    state = Job(folder).state
    events, _ = read_events(folder / "events.jsonl")
    progress = next((event for event in reversed(events) if isinstance(event, Progress)), None)
    failure = next((event for event in reversed(events) if isinstance(event, Failed)), None)
    messages = tuple(event for event in events if isinstance(event, Message))
    if progress is None:
        return Following(state, kind, messages=messages, failure=failure if state == "failed" else None)
    left = progress.seconds_left
    return Following(
        state,
        kind,
        min(progress.fraction, 1.0),
        progress.doing,
        max(left - (time.time() - progress.time), 0.0) if left >= 0 else -1.0,
        messages,
        failure if state == "failed" else None,
    )


def start(project: ProjectFolder, kind: str, params: dict[str, Any]) -> str:
    """Submit a job and return its id; raises AutoMLError."""
    from automl_core.jobs.control import submit

    return str(submit(caches.workspace(), project.id, kind, params))


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

    with errors.shown():
        stop_job(caches.workspace(), project_id, job_id)


def resume(project_id: str, job_id: str) -> None:
    """Let a lost or stopped job go on where it was."""
    from automl_core.jobs.control import resume as resume_job

    with errors.shown():
        resume_job(caches.workspace(), project_id, job_id)


def panel(
    project: ProjectFolder, job_id: str, *, key: str, body: Callable[[Following], None] | None = None, every: float = 1.0
) -> Following:
    """Follow one job in place: progress in words, time left, a stop button; then how it ended.

    Only the panel is drawn again while the job works, every `every` seconds. When it ends the whole page reruns once.

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
            if before.active is not now.active:
                st.rerun()  # it ended, or goes on: then the panel must be drawn again and again
            _draw_state(project.id, job_id, now, key)
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
    if now.state == "lost":
        offer_more(project_id, job_id, now, key)


def offer_more(project_id: str, job_id: str, now: Following, key: str, span: str = "the time you chose") -> None:
    """Draw the button that lets ended work go on; a search goes on for `span`."""
    st.button(
        "More time" if now.state == "finished" else "Go on",
        key=f"{key}_resume",
        icon=":material/resume:",
        **people.changing(
            f"Searches on for {span}; no model that is finished is fitted again."
            if now.kind == "train"
            else "Goes on with what is left to do.",
            project=project_id,
        ),
        on_click=resume,
        args=(project_id, job_id),
    )


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
    running = list(active(caches.workspace()))

    @st.fragment(run_every=2.0 if running else 10.0)
    def draw() -> None:
        with errors.shown():
            jobs = list(active(caches.workspace()))
            if not jobs:
                st.caption("Nothing is running.")
            for job in jobs[:5]:
                now = job.following
                st.progress(max(now.fraction, 0.0), text=f"{DOING.get(now.kind, now.kind)}: {now.sentence}")
                st.button(
                    "Stop",
                    key=f"sidebar_stop_{job.job_id}",
                    icon=":material/stop_circle:",
                    **people.changing("Ends this work at once. What is finished is kept.", project=job.project_id),
                    on_click=stop,
                    args=(job.project_id, job.job_id),
                )
            if len(jobs) > 5:
                st.caption(f"{len(jobs) - 5} more are waiting.")

    draw()


@st.cache_resource(max_entries=1, show_spinner=False)
def _ended() -> set[tuple[str, int, int]]:
    return set()

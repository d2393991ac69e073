"""A run as it goes and as it ended: progress, messages, chart, leaderboard, recommendation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError, InputError
from automl_core.workspace import ProjectFolder
from pages.shared import errors, job_state, jobs, leaderboard_view, more_time, state
from pages.shared.leaderboard_view import number

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def label(project: ProjectFolder, run_id: str) -> str:
    """Name a run for people: target, metric, start, state; its id when its request cannot be read."""
    from automl_core.metrics import metric_of
    from automl_core.runs import Run

    try:
        run = Run(project.run(run_id))
        config = run.config
        metric = metric_of(config).label
        now = job_state.follow(run.path)
    except (AutoMLError, KeyError, TypeError):
        return f"{run_id} (damaged)"
    started = time.strftime("%d %b, %H:%M", time.localtime(now.began))
    every = ", every row learned" if run.params.get("relearn") else ""
    return f"{config.target} by {metric}{every}, {started}, {job_state.WORDS.get(now.state, '').lower()}"


def state_of(project: ProjectFolder, run_id: str) -> str:
    """Return a run's state, empty when its folder cannot be read."""
    try:
        return job_state.follow(project.run(run_id)).state
    except (AutoMLError, KeyError, TypeError):
        return ""


def draw(project: ProjectFolder, run: Run, key: str) -> job_state.Following:
    """Draw a run in place; while it works only this panel is drawn again."""

    def body(now: job_state.Following) -> None:
        def more() -> None:
            searched = now.kind == "train" and not run.params.get("relearn")  # a taken over one may be of this kind, too
            if searched and not now.active and now.state != "lost" and not _refused(run, now):
                more_time.offer(project.id, run, now, key)

        for warning in _told(now, warnings=True):
            st.caption(f":material/warning: {warning}")
        if (run.path / "leaderboard.json").exists():
            leaderboard_view.draw(run, active=now.active, key=key, more=more)
        elif now.active:
            st.caption("The first model's score will stand here in a moment.")
        else:
            more()
        notes = _told(now, warnings=False)
        if notes:  # below the leaderboard, so that nothing moves when one arrives
            with st.expander(f"What the run said ({len(notes)})", icon=":material/info:", key=f"{key}_notes"):
                st.caption("  \n".join(f":material/info: {note}" for note in notes))

    return jobs.panel(project, run.id, key=key, body=body)


def _refused(run: Run, now: job_state.Following) -> bool:
    """Return whether the run could not begin with what was asked; more time would not help then."""
    refused = now.failure is not None and now.failure.fault == InputError.__name__
    return refused and not (run.path / "leaderboard.json").exists()


def _told(now: job_state.Following, *, warnings: bool) -> list[str]:
    """Return what a run has said, as warnings or as notes."""
    return [errors.plain(message.text) for message in now.messages if (message.level == "warning") == warnings]


def choose_model(run: Run, chosen: Candidate, page: str) -> None:
    """Let the person choose among the scored models and remember the choice; `page` prefixes the widget's key."""
    leaderboard = run.leaderboard()
    scored = {row.id: row for row in leaderboard.ranked() if row.state == "scored"}

    def name(candidate_id: str) -> str:
        row = scored[candidate_id]
        mark = ", recommended" if candidate_id == leaderboard.recommended else ""
        return f"{row.name}, {number(row.score or 0.0, row.spread)}{mark}"

    key = f"{page}_model_{run.id}_{chosen.id}"
    st.selectbox(
        "Model",
        list(scored),
        index=list(scored).index(chosen.id),
        format_func=name,
        key=key,
        help="Every scored model of the run, best first, with its score over the folds (out-of-fold).",
        on_change=state.choose_in,
        args=("model", key),
    )

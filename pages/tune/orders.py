"""What the parts Ensemble and Calibration share: the button that starts an order, and what came of the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, jobs, layout, people

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.worker.combined import Order


def start(project: ProjectFolder, run: Run, order: Order | None, label: str, key: str) -> None:
    """Draw the button that starts an order; it is disabled while there is none."""
    clicked = st.button(
        label, key=key, type="primary", icon=":material/join:",
        **people.changing("Joins the leaderboard as a row of its own.", disabled=order is None),
    )  # fmt: skip
    if clicked and order is not None:
        with errors.shown() as started, st.spinner("Starting"):
            jobs.start(project, "combine", {"run": run.id, "order": order.to_dict()})
        if not started.failed:
            st.rerun()


def newest(
    project: ProjectFolder, run: Run, hows: tuple[str, ...], key: str, more: Callable[[Run, Candidate], None] | None = None
) -> None:
    """Follow the newest order of one of these kinds, and draw its row, with what `more` draws of it."""
    for job_id in project.list("jobs"):
        try:
            request = read_json(project.job(job_id) / "request.json")
        except AutoMLError:
            continue  # a folder that is being made
        params = request.get("params", {})
        if request.get("kind") == "combine" and params.get("run") == run.id and params["order"]["how"] in hows:
            following = jobs.panel(project, job_id, key=f"{key}_{job_id}")
            if following.state == "finished":
                row = _made(project, job_id, run)
                if row is not None and more is not None:
                    more(run, row)
            return


def _made(project: ProjectFolder, job_id: str, run: Run) -> Candidate | None:
    from automl_core.events import Finished, read_events
    from automl_core.relearning import held_out

    events, _ = read_events(project.job(job_id) / "events.jsonl")
    found = next((event.result for event in reversed(events) if isinstance(event, Finished)), {})
    board = run.leaderboard()
    if found.get("candidate") not in [row.id for row in board]:
        return None
    row, best = board[found["candidate"]], board.ranked()[0]
    label = board.label or board.metric
    with st.container(border=True):
        st.markdown(f"{errors.plain(row.name)}: **{errors.plain(label)} {in_words(row.score or 0.0, row.spread)}**")
        if best.id != row.id:
            st.caption(f"The best row is {errors.plain(best.name)} with {in_words(best.score or 0.0, best.spread)}.")
        if (verdict := held_out(run, row.id)) is not None:
            st.caption(f"On the held-out rows: {in_words(verdict.value)}.")
        if row.members and len(row.members) > 1 and not row.stack and not row.calibration:
            _members(row, {one.id: one.name for one in board})
        layout.link_to("explain", "Inspect it", model=row.id)
    return row


def _members(row: Candidate, names: dict[str, str]) -> None:
    if any(name not in names for name in row.members):
        return  # the draws of a bag, which all count the same
    told = ", ".join(f"{errors.plain(names[name])} {weight:.0%}" for name, weight in row.members.items())
    st.caption(f"Made of {told}.")


def told(row: Candidate) -> str:
    """Name a row with its score."""
    return f"{row.name}, {in_words(row.score or 0.0, row.spread)}"

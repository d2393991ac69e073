"""What is computed of one model on demand: found when it is there, followed while it is made, started by a button."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import errors, jobs, people

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def result_of(
    project: ProjectFolder,
    run: Run,
    candidate: Candidate,
    kind: str,
    path: Callable[[str], Path],
    *,
    label: str,
    why: str,
    icon: str,
    primary: bool = False,
    more: dict[str, str] | None = None,
) -> Path | None:
    """Return the file that a job of `kind` makes of a model, or draw what there is instead and return None.

    Parameters
    ----------
    project : ProjectFolder
    run : Run
    candidate : Candidate
    kind : str
        ``evaluate``, ``explain``, ``report`` or ``model``.
    path : callable
        Gives the file's place from the model's id.
    label : str
        Text of the button that starts the job.
    why : str
        Its help.
    icon : str
    primary : bool
    more : dict, optional
        What else the job is asked, such as which rows.
    """
    file = path(candidate.id)
    if file.exists():
        return file
    params = {"run": run.id, "candidate": candidate.id, **(more or {})}
    key = "_".join(["explain", kind, candidate.id, *(more or {}).values()])
    found = jobs.find(project, kind, params)
    if found is not None:
        now = jobs.panel(project, found.name, key=key)
        if now.active:
            return None
        label = "Try again"
    clicked = st.button(label, key=f"{key}_start", icon=icon, **people.changing(why), type="primary" if primary else "secondary")
    if clicked:
        with errors.shown() as outcome, st.spinner("Starting"):
            jobs.start(project, kind, params)
        if not outcome.failed:
            st.rerun()
    return None

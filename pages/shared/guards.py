"""What a page needs before it can work; where it is missing, say so, link to it, and stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, layout, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.leaderboard import Candidate, Leaderboard
    from automl_core.runs import Run


def require_project() -> ProjectFolder:
    """Return the chosen project's folder, or stop the page with what comes first."""
    project_id = state.get("project")
    if not project_id:
        _stop("No project is open. Start with a sample or a file of your own.", "projects", "Open a project")
    try:
        folder = caches.project_folder(project_id)
    except AutoMLError as error:
        _gone(error)
    if not folder.meta.exists():
        state.choose(project="")
        _stop("This project is no longer in the workspace.", "projects", "Choose another project")
    return folder


def require_dataset() -> Dataset:
    """Return the chosen table, else the chosen run's or the project's newest, or stop the page."""
    folder = require_project()
    dataset_id = state.get("dataset")
    if not dataset_id:
        known = folder.list("datasets")
        if not known:
            _stop("This project has no table yet.", "upload", "Upload a table")
        of_run = _dataset_of_run(folder)
        dataset_id = of_run if of_run in known else known[0]
        state.choose(dataset=dataset_id)
    try:
        return caches.dataset(folder.id, dataset_id)
    except AutoMLError as error:
        state.choose(dataset="")
        _gone(error, "upload", "Choose a table")


def require_run() -> Run:
    """Return the chosen run, the project's newest when none is chosen, or stop the page."""
    from automl_core.runs import Run

    folder = require_project()
    run_id = state.get("run")
    if not run_id:
        known = folder.list("runs")
        if not known:
            _stop("This project has no model yet. Models come from a comparison.", "compare", "Compare models")
        state.choose(run=known[0])
        run_id = known[0]
    try:
        run = Run(folder.run(run_id))
        _ = run.params
    except AutoMLError as error:
        state.choose(run="")
        _gone(error, "compare", "Choose a run")
    return run


def require_candidate() -> tuple[Run, Candidate]:
    """Return the chosen scored model of the chosen run, the recommended one when none is chosen, or stop the page."""
    run = require_run()
    try:
        leaderboard = run.leaderboard()
    except AutoMLError:
        _stop("This run has no model yet; its first one takes a moment.", "compare", "Watch the run")
    chosen = _chosen(leaderboard)
    if chosen is None:
        _stop("No model of this run was scored.", "compare", "See why")
    return run, chosen


def find_candidate() -> tuple[Run, Candidate] | None:
    """Return what `require_candidate` does, None where there is no run, or no model of it yet: for pages that do without."""
    if not state.get("run") and not require_project().list("runs"):
        return None
    run = require_run()
    try:
        chosen = _chosen(run.leaderboard())
    except AutoMLError:
        return None
    return (run, chosen) if chosen else None


def _chosen(leaderboard: Leaderboard) -> Candidate | None:
    scored = [row for row in leaderboard.ranked() if row.state == "scored"]
    chosen = next((row for row in scored if row.id == state.get("model")), None)
    if chosen is None and scored:
        chosen = next((row for row in scored if row.id == leaderboard.recommended), scored[0])
        state.choose(model=chosen.id)
    return chosen


def _dataset_of_run(folder: ProjectFolder) -> str:
    from automl_core.runs import Run

    if not state.get("run"):
        return ""
    try:
        return str(Run(folder.run(state.get("run"))).params.get("dataset", ""))
    except AutoMLError:
        return ""  # the pages that need the run say what is wrong with it


def _gone(error: AutoMLError, page: str = "projects", label: str = "Open a project") -> NoReturn:
    errors.show(error)
    layout.link_to(page, label)
    st.stop()


def _stop(sentence: str, page: str, label: str) -> NoReturn:
    layout.empty(sentence, page, label)
    st.stop()

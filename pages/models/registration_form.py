"""Let a scored model of a run become a version of a registered model."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, jobs, layout, people, run_view, state

if TYPE_CHECKING:
    from automl_core.registry.store import Registered


def proposed_name(text: str) -> str:
    """Return a name for a registered model that fits an address, from a project's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "model"


def ask(project: ProjectFolder, registered: Registered | None, *, primary: bool) -> None:
    """Let a scored model of a run become a version, of `registered` or under a new name."""
    key = f"models_register_{registered.id if registered else 'new'}"
    runs = _runs(project)
    if not runs:
        layout.empty("No model of this project was scored yet. Models come from a comparison.", "compare", "Compare models")
        return
    if registered is None:
        st.markdown("Keep a model as a version, so that it can be put in use, compared with later ones, and gone back to.")
    chosen = state.get("run") if state.get("run") in runs else next(iter(runs))
    left, right = st.columns(2)
    with left:
        run_id = st.selectbox(
            "Run", list(runs), index=list(runs).index(chosen), format_func=lambda one: run_view.label(project, one),
            key=f"{key}_run", help="The comparison the model comes from.",
        )  # fmt: skip
    rows = runs[run_id]
    with right:
        candidate = st.selectbox(
            "Model", list(rows), format_func=rows.__getitem__, key=f"{key}_candidate_{run_id}",
            help="The recommended one comes first.",
        )  # fmt: skip
    name = ""
    if registered is None or st.checkbox(
        "Under a new name", key=f"{key}_anew", help=f"Otherwise it becomes the next version of {registered.name}."
    ):
        name = st.text_input(
            "Name", proposed_name(str(read_json(project.meta)["name"])), key=f"{key}_name", max_chars=80,
            help="It leads to its versions everywhere, for example in NAME@champion.",
        )  # fmt: skip
    note = st.text_input("Note", key=f"{key}_note", max_chars=500, help="What to remember of it; may be empty.")
    params = {
        "run": run_id, "candidate": candidate, "model": registered.id if registered and not name else "", "name": name,
        "note": note, "who": state.draft("who", ""),
    }  # fmt: skip
    if state.draft("models_registering"):
        return _follow(project, key)
    if st.button(
        "Register",
        key=f"{key}_start",
        type="primary" if primary else "secondary",
        icon=":material/bookmark_added:",
        **people.changing("Packs, judges and keeps the model with its report, and brings it to MLflow."),
    ):
        with errors.shown() as started, st.spinner("Starting"):
            if name:
                from automl_core.registry.records import check_name

                check_name(name)
            state.put_draft("models_registering", jobs.start(project, "register", params))
        if not started.failed:
            st.rerun()


def _follow(project: ProjectFolder, key: str) -> None:
    try:
        now = jobs.panel(project, str(state.draft("models_registering")), key=f"{key}_job")
    except AutoMLError:
        state.put_draft("models_registering", None)
        return
    if now.state == "finished":
        state.put_draft("models_registering", None)
        for message in now.messages:
            if message.level == "warning":
                state.say(f":material/warning: Registered. {errors.plain(message.text)}")
                break
        else:
            state.say("The version is kept.")
        st.rerun()


def _runs(project: ProjectFolder) -> dict[str, dict[str, str]]:
    """Return the runs that have a scored model, newest first, with those models by id."""
    from automl_core.runs import Run

    found: dict[str, dict[str, str]] = {}
    for run_id in project.list("runs")[:50]:
        try:
            board = Run(project.run(run_id)).leaderboard()
        except (AutoMLError, KeyError, TypeError):
            continue  # a run without a score yet; it cannot be registered
        rows = [row for row in board.ranked() if row.state == "scored" and row.role != "baseline"]
        rows.sort(key=lambda row: row.id != board.recommended)
        if rows:
            found[run_id] = {row.id: row.name + (", recommended" if row.id == board.recommended else "") for row in rows}
    return found

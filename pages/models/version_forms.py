"""What can be done with versions: register, promote, roll back, note."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, jobs, layout, people, run_view, state

if TYPE_CHECKING:
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered


def proposed_name(text: str) -> str:
    """Return a name for a registered model that fits an address, from a project's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "model"


def ask_registration(project: ProjectFolder, registered: Registered | None, *, primary: bool) -> None:
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


def ask_promotion(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Let an alias point at a version, with a reason."""
    champion = now.aliases.get("champion", 0)
    numbers = [version.number for version in versions]
    first = now.aliases.get("challenger") or next((number for number in numbers if number != champion), numbers[0])
    left, middle, right = st.columns([1, 1, 2])
    key = f"models_promote_{registered.id}"
    with left:
        number = st.selectbox(
            "Version", numbers, index=numbers.index(first), key=f"{key}_version_{first}_{numbers[0]}",
            help="Which version the alias shall point at.",
        )  # fmt: skip
    with middle:
        alias = st.selectbox(
            "Becomes", ("champion", "challenger"), key=f"{key}_alias", help="Champion is in use; challenger may become it."
        )
    with right:
        who = st.text_input("Who", _who(), key=f"{key}_who", max_chars=80, help="Stands in the log beside the reason.")
    reason = st.text_input(
        "Reason", key=f"{key}_reason_{len(registered.log())}", max_chars=500, help="Why; it stands in the log."
    )
    if st.button(
        "Promote", key=f"{key}_do", type="primary", icon=":material/trophy:",
        **people.changing("Moves the pointer. The version that had it stays, and can be gone back to."),
    ):  # fmt: skip
        state.put_draft("who", who)
        with errors.shown() as outcome:
            entry = registered.promote(number, alias, reason, who=who.strip(), seen=now.aliases.get(alias, 0))
        if not outcome.failed:
            _mirror(registered)
            state.say(f"{entry.sentence}.")
            st.rerun()


def ask_roll_back(registered: Registered, now: Standing) -> None:
    """Let the champion be one that it was before."""
    earlier = list(dict.fromkeys(reversed(now.champions[:-1])))
    if not earlier:
        return
    key = f"models_rollback_{registered.id}"
    with st.expander("Roll back", icon=":material/undo:"):
        st.caption("The champion becomes again what it was before. Only a pointer moves; nothing is copied or lost.")
        number = st.selectbox("To version", earlier, key=f"{key}_to_{earlier[0]}", help="Earlier champions, the last one first.")
        reason = st.text_input(
            "Reason", key=f"{key}_reason_{len(registered.log())}", max_chars=500, help="Why; it stands in the log."
        )
        if st.button("Roll back", key=f"{key}_do", icon=":material/undo:", **people.changing("Moves the pointer back at once.")):
            with errors.shown() as outcome:
                entry = registered.roll_back(reason, who=_who(), to=number)
            if not outcome.failed:
                _mirror(registered)
                state.say(f"{entry.sentence}.")
                st.rerun()


def ask_note(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Let the person write down what to remember of a version."""
    key = f"models_note_{registered.id}"
    with st.expander("Note", icon=":material/edit_note:"):
        number = st.selectbox(
            "Version", [version.number for version in versions], key=f"{key}_version", help="The version the note is about."
        )
        text = st.text_area(
            "Note", now.notes.get(number, ""), key=f"{key}_text_{number}", max_chars=2000, help="Replaces the note before."
        )
        if st.button(
            "Save the note", key=f"{key}_do", icon=":material/save:", **people.changing("The earlier note stays in the log.")
        ):
            with errors.shown() as outcome:
                registered.note(number, text, who=_who())
            if not outcome.failed:
                st.rerun()


def _who() -> str:
    from automl_core.people.person import acting

    person = acting()
    return person.id if person.signed_in else str(state.draft("who", "") or person.id)


def _mirror(registered: Registered) -> None:
    """Have MLflow told in the background; the pointer has moved already, whatever becomes of that."""
    try:
        jobs.start(registered.project, "mirror", {"model": registered.id})
    except AutoMLError as error:
        errors.log(error)

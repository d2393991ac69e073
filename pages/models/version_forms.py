"""What can be done with versions: promote, roll back, note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import errors, jobs, people, state

if TYPE_CHECKING:
    from automl_core.registry.records import Standing, Version
    from automl_core.registry.store import Registered


def ask_promotion(registered: Registered, versions: list[Version], now: Standing) -> None:
    """Let an alias point at a version, with a reason."""
    champion = now.aliases.get("champion", 0)
    numbers = [version.number for version in versions]
    challenger = now.aliases.get("challenger", 0)
    first = challenger if challenger in numbers else next((number for number in numbers if number != champion), numbers[0])
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

"""The steps of a recipe on the page: each with what it does, why, and the buttons that open, move and remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.cleaning.recipe import History, Step
from automl_core.cleaning.steps import OPERATIONS, describe
from pages.clean.step_editor import change, draw_editor
from pages.shared import errors, people, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset


def draw_step(data: Dataset, history: History, step: Step, number: int) -> None:
    """Draw one step: what it does, why, and the controls to change it."""
    opened = state.draft("clean_open") == step.id
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            key = f"clean_on_{step.id}_{int(step.enabled)}"
            st.toggle(
                f"**{number}. {OPERATIONS[step.op].title}**",
                step.enabled,
                key=key,
                width="stretch",
                on_change=change,
                args=(data, step.id, lambda history: history.change(history.present.switch(step.id, st.session_state[key]))),
                **people.changing("Off: the step stays here and does nothing."),
            )
            _draw_buttons(data, step, number, len(history.present), opened)
        errors.show_kept(step.id)
        settings = describe(step).removeprefix(OPERATIONS[step.op].title).removeprefix(": ")
        if settings:
            st.markdown(errors.plain(settings))
        if step.reason:
            st.caption(errors.plain(step.reason))
        if opened:
            draw_editor(data, step, new=False)


def _draw_buttons(data: Dataset, step: Step, number: int, steps: int, opened: bool) -> None:
    """Draw what opens, moves and removes a step; they stay side by side on a narrow screen, too."""
    with st.container(horizontal=True, width="content", wrap=False):
        # By a callback the page is drawn once for a click, and not twice.
        st.button(
            "Close" if opened else "Show and edit",
            key=f"clean_open_{step.id}",
            icon=":material/tune:",
            help="What it does to this table, before and after, and its settings.",
            on_click=state.put_draft,
            args=("clean_open", "" if opened else step.id),
        )
        # The steps may be other ones by the time that a button is pressed, so it says what is done to them then.
        for key, icon, said, made, stuck in (
            ("up", "arrow_upward", "Move up", lambda recipe: recipe.move(step.id, -1), number == 1),
            ("down", "arrow_downward", "Move down", lambda recipe: recipe.move(step.id, 1), number == steps),
            ("remove", "delete", "Remove; can be undone", lambda recipe: recipe.remove(step.id), False),
        ):
            st.button(
                "",
                key=f"clean_{key}_{step.id}",
                icon=f":material/{icon}:",
                on_click=change,
                args=(data, step.id, lambda history, made=made: history.change(made(history.present))),
                **people.changing(said, disabled=stuck),
            )

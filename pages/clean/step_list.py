"""The steps of a recipe on the page: each with what it does, why, and the buttons that open, move and remove it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.cleaning.recipe import History, Step
from automl_core.cleaning.steps import OPERATIONS, describe
from pages.clean.step_editor import draw_editor, keep
from pages.shared import errors, people, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset


def draw_step(data: Dataset, history: History, step: Step, number: int) -> None:
    """Draw one step: what it does, why, and the controls to change it."""
    recipe = history.present
    opened = state.draft("clean_open") == step.id
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            on = st.toggle(
                f"**{number}. {OPERATIONS[step.op].title}**",
                step.enabled,
                key=f"clean_on_{step.id}_{int(step.enabled)}",
                width="stretch",
                **people.changing("Off: the step stays here and does nothing."),
            )
            if on != step.enabled:
                keep(data, history.change(recipe.switch(step.id, on)))
            _draw_buttons(data, history, step, number, opened)
        settings = describe(step).removeprefix(OPERATIONS[step.op].title).removeprefix(": ")
        if settings:
            st.markdown(errors.plain(settings))
        if step.reason:
            st.caption(errors.plain(step.reason))
        if opened:
            draw_editor(data, step, new=False)


def _draw_buttons(data: Dataset, history: History, step: Step, number: int, opened: bool) -> None:
    """Draw what opens, moves and removes a step; they stay side by side on a narrow screen, too."""
    recipe = history.present
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
        if st.button(
            "", key=f"clean_up_{step.id}", icon=":material/arrow_upward:", **people.changing("Move up", disabled=number == 1)
        ):
            keep(data, history.change(recipe.move(step.id, -1)))
        if st.button(
            "",
            key=f"clean_down_{step.id}",
            icon=":material/arrow_downward:",
            **people.changing("Move down", disabled=number == len(recipe)),
        ):
            keep(data, history.change(recipe.move(step.id, 1)))
        if st.button("", key=f"clean_remove_{step.id}", icon=":material/delete:", **people.changing("Remove; can be undone")):
            keep(data, history.change(recipe.remove(step.id)))

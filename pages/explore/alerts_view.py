"""What is wrong with a table: a sentence each, and a button that adds the step which would help to the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import errors, people, recipes

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.data.dataset import Dataset
    from automl_core.profiling.alerts import Alert
    from automl_core.profiling.profile import Profile

ALERTS, MORE_ALERTS = 8, 100
"""Alerts that stand open, and those that are folded away below them."""
ICONS = {"problem": ":material/error:", "warning": ":material/warning:", "info": ":material/info:"}


@st.fragment
def draw_alerts(data: Dataset, found: Profile) -> None:
    """Draw the alerts, each with a button that adds its step to the recipe; that draws them again and nothing else."""
    if not found.alerts:
        st.success("Nothing stands out in this table.", icon=":material/check:")
        return
    recipe = _recipe(data)
    for number, alert in enumerate(found.alerts[:ALERTS]):
        _alert(data, recipe, alert, number)
    folded = found.alerts[ALERTS : ALERTS + MORE_ALERTS]
    if folded:
        with st.expander(f"{len(found.alerts) - ALERTS:,} more"):
            for number, alert in enumerate(folded, start=ALERTS):
                _alert(data, recipe, alert, number)
            left = len(found.alerts) - ALERTS - len(folded)
            if left:
                st.caption(f"{left:,} of the least severe are not shown.")


def _alert(data: Dataset, recipe: Recipe | None, alert: Alert, number: int) -> None:
    errors.show_kept(f"alert {number}")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right", border=True):
        color = {"problem": ":red", "warning": ":orange", "info": ":gray"}[alert.severity]
        st.markdown(f"{color}[{ICONS[alert.severity]}] {errors.plain(alert.sentence)}", width="stretch")
        if alert.step is None or recipe is None:
            return
        from automl_core.cleaning.steps import OPERATIONS, describe

        title = OPERATIONS[alert.step.op].title
        if _done(recipe, alert.step, data):
            st.badge("In the recipe", icon=":material/check:", color="green", help=f"Done by the step: {title}.")
            return
        # By a callback the page is drawn once for a click, and not twice.
        st.button(
            title,
            key=f"explore_step_{number}_{alert.code}",
            icon=":material/add:",
            on_click=_add,
            args=(data, alert.step, f"alert {number}"),
            **people.changing(f"Adds to the recipe: {errors.plain(describe(alert.step))}. It can be undone on the Clean page."),
        )


def _recipe(data: Dataset) -> Recipe | None:
    """Return the table's recipe, or the one that would be proposed; None where the stored one is damaged."""
    try:
        history = recipes.stored(data)
    except AutoMLError:
        return None  # the Clean page says what is wrong with a stored recipe
    return history.present if history else recipes.proposed(data)


def _done(recipe: Recipe, wanted: Step, data: Dataset) -> bool:
    """Return whether enabled steps do what is wanted for all of its columns, or leave those out."""
    from automl_core.cleaning.steps import columns_of

    columns = set(columns_of(wanted, data.schema))
    covered: set[str] = set()
    for step in recipe.enabled():
        if step.op == "drop_columns" or _same(step, wanted):
            covered |= set(columns_of(step, data.schema))
    return columns <= covered


def _same(step: Step, wanted: Step) -> bool:
    """Return whether two steps do the same kind of thing; how exactly is the person's choice, except for words and case."""
    if step.op != wanted.op:
        return False
    if wanted.op == "null_words":
        return set(wanted.params["words"]) <= set(step.params.get("words", []))
    return wanted.op != "trim_text" or wanted.params["case"] == "keep" or step.params.get("case", "keep") != "keep"


def _add(data: Dataset, wanted: Step, place: str) -> None:
    """Put a step into the recipe: switch it on where it is there but off, else add it; the badge then says so."""
    from automl_core.cleaning.steps import columns_of

    columns = set(columns_of(wanted, data.schema))
    with errors.kept(place):
        recipe = recipes.current(data)
        same = [step for step in recipe if not step.enabled and _same(step, wanted)]
        off = next((step for step in same if set(columns_of(step, data.schema)) == columns), None)
        if off is not None:
            recipes.change(data, recipe.switch(off.id, True))
        else:
            recipes.add_step(data, wanted)

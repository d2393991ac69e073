"""A step's settings and what it would do with them, before anything is applied; and the choice of another step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.cleaning.apply import Cleaned, apply_stateless
from automl_core.cleaning.preview import Preview, preview_step
from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, check_step, place, value
from automl_core.cleaning.store import export_recipe
from pages.clean import step_forms
from pages.shared import caches, errors, people, recipes, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset

INTENTS = {
    "missing": "Missing values",
    "duplicates": "Duplicates",
    "outliers": "Outliers",
    "categories": "Categories",
    "scaling": "Scaling",
    "columns": "Columns: names, kinds, split and join",
    "rows": "Rows by a condition",
    "features": "New and fewer columns",
    "dates and text": "Dates and text",
}


def change(data: Dataset, place: str, made: Callable[[History], History], sentence: str = "") -> None:
    """Change the stored history as a button's callback, before the page is drawn: so it is drawn once for a click.

    The history is looked up anew, since it may have been changed in another tab after the button was drawn. What goes wrong
    is shown at `place`, a step's id or "bar".
    """
    with errors.kept(place) as tried:
        recipes.save(data, made(recipes.history(data)))
    if sentence and not tried.failed:
        state.say(sentence)


def keep(data: Dataset, history: History, sentence: str = "", *, close: bool = False) -> None:
    """Store a history that this drawing of the page made, with `close` shut the step that is open, and draw the page anew."""
    with errors.shown() as tried:
        recipes.save(data, history)
    if not tried.failed:
        if close:
            state.put_draft("clean_open", "")
        if sentence:
            state.say(sentence)
        st.rerun()


def table_before(data: Dataset, recipe: Recipe, step: Step) -> Cleaned:
    """Return the table that a step meets."""
    steps = list(recipe)
    place = next((index for index, other in enumerate(steps) if other.id == step.id), len(steps))
    rows = caches.looked(data) if step.op == "merge_variants" else caches.looked(data).head(50)
    return apply_stateless(rows, data.schema, Recipe(tuple(steps[:place])), training=step.op == "merge_variants")


@st.cache_resource(max_entries=32, show_spinner="Working out what the step does")
def _preview(
    fingerprint: str, recipe_text: str, draft_text: str, target: str, _data: Dataset, _recipe: Recipe, _draft: Step
) -> Preview:
    """Return what a step would do to a table; looked at once, and not at every click beside it."""
    return preview_step(caches.looked(_data), _data.schema, _recipe, _draft, target=target)


@st.fragment
def draw_editor(data: Dataset, step: Step, *, new: bool) -> None:
    """Draw a step's settings and what it would do with them; nothing is applied before the button is pressed.

    Another setting draws only this again, so the recipe is looked up anew: it may have been changed in another tab.
    """
    with errors.shown():
        history = recipes.history(data)
        before = table_before(data, history.present, step)
        st.caption(OPERATIONS[step.op].description)
        asked = step_forms.ask(step, before.schema, f"clean_{step.id}_{step.op}", before.frame)
        draft = replace(step, params=asked)
        if new and (lacking := step_forms.lacking(draft)):
            st.caption(f":material/edit: {lacking}")
            return
        check_step(draft, before.schema)
        key = f"clean_apply_{step.id}"
        if st.session_state.get(key):  # pressed: what it does was looked at before
            _apply(data, history, step, draft, new=new)
            return
        target = str(state.draft(f"target_{data.id}", ""))
        preview = _preview(data.fingerprint, export_recipe(history.present), repr(draft), target, data, history.present, draft)
        if data.rows > caches.LARGE:
            st.caption(f"Shown on {len(caches.looked(data)):,} of {data.rows:,} rows drawn at random.")
        step_forms.draw_preview(preview, f"clean_{step.id}_preview")
        label = "Add this step" if new else "Apply changes"
        same = not new and all(draft.params[name] == value(step, name) for name in draft.params)
        st.button(label, key=key, icon=":material/check:", **people.changing("Can be undone.", disabled=same))


def _apply(data: Dataset, history: History, step: Step, draft: Step, *, new: bool) -> None:
    """Make the step with its settings a part of the recipe."""
    fresh = replace(draft, id=Step(step.op).id)
    recipe = place(history.present, fresh) if new else history.present.put(draft)
    number = next(index for index, other in enumerate(recipe, 1) if other.id == (fresh if new else draft).id)
    said = f"was added as step {number}" if new else f", step {number}, was changed"
    keep(data, history.change(recipe), f"{OPERATIONS[step.op].title} {said}.".replace(" ,", ","), close=True)


@st.fragment
def draw_add(data: Dataset) -> None:
    """Draw the choice of another step, by what a person wants to do."""
    st.subheader("Add a step", anchor=False)
    intent = st.selectbox(
        "What is it about?",
        list(INTENTS),
        None,
        format_func=INTENTS.__getitem__,
        key="clean_intent",
        help="Shows the steps for it.",
    )
    if intent is None:
        return
    fitting = [op for op, entry in OPERATIONS.items() if entry.intent == intent]
    op = st.selectbox(
        "Step",
        fitting,
        format_func=lambda name: OPERATIONS[name].title,
        key=f"clean_op_{intent}",
        help="Nothing is done before you add it.",
    )
    draw_editor(data, Step(op, id="new"), new=True)

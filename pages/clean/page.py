"""Clean: what shall be done about it, and what does each step do?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.cleaning.recipe import History
from automl_core.cleaning.store import export_recipe, import_recipe
from automl_core.errors import AutoMLError
from automl_core.profiling.wording import counted
from pages.clean import ablation_view, history_view, step_editor, step_list, whole_table
from pages.shared import errors, guards, layout, people, recipes, rules_view, state

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.workspace import ProjectFolder

VIEWS = {
    "steps": ":material/list: Steps",
    "rules": ":material/rule: Rules",
    "effect": ":material/science: What helps",
    "history": ":material/history: Versions",
}


def draw_bar(data: Dataset, history: History) -> None:
    """Draw undo, redo and the way back to the proposal."""

    def reset(history: History) -> History:
        return history.change(recipes.proposed(data))

    back = "The proposed recipe is back. Undo brings yours back."
    with st.container(horizontal=True):
        for label, key, icon, help, made, useless, said in (
            ("Undo", "undo", "undo", "Takes the last change back.", History.undo, not history.past, ""),
            ("Redo", "redo", "redo", "Brings it again.", History.redo, not history.future, ""),
            ("Reset to the proposed recipe", "reset", "restart_alt", "Can be undone.", reset, False, back),
        ):
            st.button(
                label,
                key=f"clean_{key}",
                icon=f":material/{icon}:",
                on_click=step_editor.change,
                args=(data, "bar", made, said),
                **people.changing(help, disabled=useless),
            )


def draw_files(data: Dataset, history: History) -> None:
    """Draw export and import of the recipe."""
    with st.expander("Take the recipe along, or bring one"):
        st.download_button(
            "Export recipe",
            export_recipe(history.present),
            "recipe.json",
            "application/json",
            key="clean_export",
            icon=":material/download:",
            help="A small file to use with another table, on the command line, or to keep.",
        )
        uploaded = st.file_uploader(
            "Import a recipe", type="json", key="clean_import", **people.changing("A file that this page exported.")
        )
        if uploaded is not None and state.draft("clean_imported") != uploaded.file_id:
            with errors.shown():
                recipe = import_recipe(uploaded.getvalue())
                named = {name for step in recipe for name in step.params.get("columns", ())}
                lacking = sorted(name for name in named if name not in data.schema)
                if lacking:
                    shown = ", ".join(errors.plain(name) for name in lacking[:10])
                    st.warning(f"This table has no column {shown}. Steps leave out what is not there.", icon=":material/warning:")
                if st.button("Use this recipe", key="clean_use", icon=":material/check:", **people.changing("Can be undone.")):
                    state.put_draft("clean_imported", uploaded.file_id)
                    step_editor.keep(
                        data, history.change(recipe), f"The recipe of {counted(len(recipe), 'step', 'steps')} is in use."
                    )


def stored(data: Dataset) -> History:
    """Return the recipe with its versions, or stop where it cannot be read, with the way to mend it."""
    try:
        return recipes.history(data)
    except AutoMLError as error:
        errors.show(error)
        errors.forget_kept()  # a click failed for the same reason
    history = History(present=recipes.proposed(data))
    if st.button(
        "Start again with the proposed recipe",
        key="clean_mend",
        type="primary",
        **people.changing("Replaces the recipe that cannot be read."),
    ):
        step_editor.keep(data, history)
    st.stop()


def draw_steps(project: ProjectFolder, data: Dataset, history: History) -> None:
    """Draw the steps with what is done to them, and below them what is done with all."""
    draw_bar(data, history)
    place = st.container()
    for number, step in enumerate(history.present, 1):
        step_list.draw_step(data, history, step, number)
    with place:
        errors.show_kept()  # of the bar, or of a step that is gone
    if not len(history.present):
        st.info("The recipe has no steps: models get the columns as they are.", icon=":material/info:")
    step_editor.draw_add(data)
    draw_files(data, history)
    whole_table.draw(project, data, history.present)


@st.fragment
def draw(project: ProjectFolder, data: Dataset) -> None:
    """Draw the recipe; a click draws this again and nothing else of the app."""
    layout.draw_notice()
    history = stored(data)

    def change(recipe: Recipe, said: str) -> None:
        """Make a recipe the present one, so that it can be undone."""
        step_editor.keep(data, history.change(recipe), said)

    st.markdown(
        f"**{errors.plain(data.name)}**, {data.rows:,} rows. Steps act from top to bottom, those on the table before those that "
        "learn. What learns from the data, such as filling and scaling, is learned anew inside each fold, so that scores stay "
        "honest."
    )
    view = st.segmented_control(
        "Show", list(VIEWS), default="steps", required=True, format_func=VIEWS.__getitem__, key="clean_view",
        label_visibility="collapsed",
        help="The steps, rules for new rows, what each step did to a score, and every version.",
    )  # fmt: skip
    if view == "rules":
        rules_view.draw(data)
    elif view == "effect":
        ablation_view.draw(project, data, history.present, change)
    elif view == "history":
        history_view.draw(data, history, change)
    else:
        draw_steps(project, data, history)


layout.header("clean", notice=False)
data = guards.require_dataset()
draw(guards.require_project(), data)
layout.next_step("compare", "The recipe is kept as you see it.", "Compare models", primary=True)

"""The versions of a recipe: back to any of them, two compared, and a copy for another table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.profiling.wording import counted
from pages.shared import caches, errors, people
from pages.shared.dataset_view import told_apart

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import History, Recipe
    from automl_core.data.dataset import Dataset


def draw(data: Dataset, history: History, use: Callable[[Recipe, str], None]) -> None:
    """Draw every version, what two of them differ in, and where the recipe can be copied to."""
    from automl_core.cleaning.difference import difference, versions

    told = versions(history)
    st.caption("Every change is kept. Going back is a change, too, so nothing is lost.")
    names = [sentence for sentence, _ in told]
    left, right = st.columns(2)
    with left:
        one = st.selectbox(
            "This version", range(len(told)), max(len(history.past) - 1, 0),
            format_func=names.__getitem__, key="clean_version_one",
            help="The earlier one, as a rule.",
        )  # fmt: skip
    with right:
        other = st.selectbox(
            "Beside this one", range(len(told)), len(history.past), format_func=names.__getitem__, key="clean_version_other",
            help="What leads from the one to the other is listed.",
        )  # fmt: skip
    changes = difference(told[one][1], told[other][1])
    for change in changes:
        st.markdown(f"- {errors.plain(change.sentence)}")
    if not changes:
        st.caption("They are the same.")
    if st.button(
        f"Go back to version {one + 1}",
        key="clean_version_use",
        icon=":material/history:",
        **people.changing(
            "Makes the version on the left the present one; can be undone.", disabled=told[one][1] == history.present
        ),
    ):
        use(told[one][1], f"Version {one + 1} is in use again.")
    st.subheader("Copy to another table", anchor=False)
    _draw_copy(data, history.present)


def _draw_copy(data: Dataset, recipe: Recipe) -> None:
    from automl_core.cleaning.recipe import History
    from automl_core.cleaning.store import load_history, save_history
    from automl_core.data.dataset import load_dataset
    from automl_core.projects import list_projects

    found, homes = {}, {}
    for project in list_projects(caches.workspace()):
        folder = caches.project_folder(project.id)
        for dataset_id in folder.list("datasets"):
            path = folder.dataset(dataset_id)
            if path != data.folder:
                with errors.shown():
                    other = load_dataset(path)
                    found[dataset_id], homes[dataset_id] = (f"{project.name}: {other.name}", other), project.id
    names = told_apart(found)
    if not names:
        st.caption("There is no other table yet.")
        return
    chosen = st.selectbox(
        "Table", list(names), None, format_func=names.__getitem__, key="clean_copy_to", help="Of this or any other project."
    )
    said = "Its own recipe stays in its history; undo there brings it back."
    if st.button(
        "Copy the recipe",
        key="clean_copy",
        icon=":material/content_copy:",
        **(people.changing(said, project=homes[chosen]) if chosen else people.Controls(help=said, disabled=True)),
    ):
        assert chosen is not None
        path = found[chosen][1].folder
        with errors.shown() as tried:
            save_history(path, (load_history(path) or History()).change(recipe))
        if not tried.failed:
            st.success(
                f"{errors.plain(names[chosen])} has this recipe of {counted(len(recipe), 'step', 'steps')} now.",
                icon=":material/check:",
            )

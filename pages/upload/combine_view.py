"""Combining two tables of a project: what would come of it first, then the button that makes the new table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, people
from pages.upload import rules_check
from pages.upload.combine_parts import ask_name, choose_other, make_table
from pages.upload.lookup_view import draw_lookup

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.workspace import ProjectFolder

WAYS = {"append": "Append its rows", "lookup": "Look up its columns by a key"}


def draw_combine(project: ProjectFolder, data: Dataset) -> None:
    """Draw the choice between appending and looking up, and the chosen one."""
    way = st.radio(
        "How",
        list(WAYS),
        format_func=lambda key: WAYS[key],
        horizontal=True,
        key="upload_combine_way",
        help="Append puts another table's rows below these. A look-up adds another table's columns to rows with the same key.",
    )
    if way == "append":
        draw_append(project, data)
    else:
        draw_lookup(project, data)


def draw_append(project: ProjectFolder, data: Dataset) -> None:
    """Draw what appending another table's rows would do, and the button that does it."""
    from automl_core.cleaning.appending import append_by_rules
    from automl_core.data.combine import plan_append

    other = choose_other(project, data, "append", "The table whose rows go below the rows of this one.")
    if other is None:
        return
    with errors.shown() as outcome:
        plan = plan_append(data, other)
    if outcome.failed:
        return
    if not plan.possible:
        st.warning(errors.plain(plan.sentence), icon=":material/warning:")
        st.caption("Rename the columns in one of the files and upload it again, or look up its columns by a key.")
        return
    st.markdown(errors.plain(plan.sentence))
    for note in plan.notes:
        st.caption(f":material/info: {errors.plain(note)}")
    with errors.shown() as allowed:
        checked = rules_check.draw_check(data, other)
    if allowed.failed:
        return
    name = ask_name("append", f"{data.name} and {other.name}")
    if st.button(
        "Append the rows",
        key="upload_append_make",
        icon=":material/playlist_add:",
        **people.changing("Makes a new table of both; the two tables stay as they are."),
    ):
        make_table(project, lambda folder_id: append_by_rules(project.dataset(folder_id), data, other, name, checked))

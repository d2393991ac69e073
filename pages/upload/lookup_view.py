"""Another table's columns, looked up by a key: what would come of it, unmatched keys first, and the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, people
from pages.upload.combine_parts import ask_name, choose_other, make_table

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.data.lookup import LookupPlan
    from automl_core.workspace import ProjectFolder


def draw_lookup(project: ProjectFolder, data: Dataset) -> None:
    """Draw what looking up another table's columns would do, unmatched keys first, and the button that does it."""
    from automl_core.data.combine import lookup, plan_lookup

    other = choose_other(project, data, "lookup", "The table that holds the columns you want to add.")
    if other is None:
        return
    left_key, right_key = _choose_keys(data, other)
    with errors.shown() as outcome:
        plan = plan_lookup(data, other, left_key, right_key)
    if outcome.failed:
        return
    _draw_lookup_plan(plan, data, other)
    if not plan.columns:
        st.caption("The other table has no column besides its key, so there is nothing to add.")
        return
    names = [entry.column for entry in plan.columns]
    becomes = {entry.column: entry.becomes for entry in plan.columns}
    columns = st.multiselect(
        "Columns to add",
        names,
        default=names,
        format_func=lambda column: column if becomes[column] == column else f"{column} (as {becomes[column]})",
        key=f"upload_lookup_columns_{other.id}_{right_key}",
        help="What the rows get from the other table. Rows whose key was not found have missing values there.",
    )
    name = ask_name("lookup", f"{data.name} with {other.name}")
    if st.button(
        "Add the columns",
        key="upload_lookup_make",
        icon=":material/add_column_right:",
        **people.changing(
            "Makes a new table with every row of this one; the two tables stay as they are.", disabled=not plan.possible
        ),
    ):
        make_table(project, lambda folder_id: lookup(project.dataset(folder_id), data, other, left_key, right_key, columns, name))


def _choose_keys(data: Dataset, other: Dataset) -> tuple[str, str]:
    """Let the person choose the key columns; a name that both tables have is proposed, an id before others."""
    names, theirs = data.schema.names, other.schema.names
    shared = [name for name in names if name in theirs]
    ids = [name for name in shared if "id" in (data.schema[name].kind, other.schema[name].kind)]
    proposed = next(iter([*ids, *shared]), None)
    left, right = st.columns(2)
    left_key = left.selectbox(
        f"Key in {errors.plain(data.name)}",
        names,
        index=names.index(proposed) if proposed else 0,
        key=f"upload_lookup_left_{data.id}_{other.id}",
        help="The column of this table that says which row of the other one belongs to it.",
    )
    right_key = right.selectbox(
        f"Key in {errors.plain(other.name)}",
        theirs,
        index=theirs.index(proposed) if proposed else 0,
        key=f"upload_lookup_right_{data.id}_{other.id}",
        help="The column of the other table with the same keys. Each key may come once in it.",
    )
    return left_key, right_key


def _draw_lookup_plan(plan: LookupPlan, data: Dataset, other: Dataset) -> None:
    if plan.examples:
        st.markdown(f"**Keys not found in {errors.plain(other.name)}**")
        st.dataframe(
            [{"Key": entry.key, f"Rows in {data.name}": entry.count} for entry in plan.examples],
            hide_index=True,
            key="upload_lookup_unmatched",
            alt="Keys that the other table does not have, the most frequent first",
        )
    if plan.repeated:
        st.markdown(f"**Keys that come more than once in {errors.plain(other.name)}**")
        st.dataframe(
            [{"Key": entry.key, f"Rows in {other.name}": entry.count} for entry in plan.repeated],
            hide_index=True,
            key="upload_lookup_repeated",
            alt="Keys that the other table has more than once, the most frequent first",
        )
    if plan.possible:
        st.markdown(errors.plain(plan.sentence))
        return
    st.warning(errors.plain(plan.sentence), icon=":material/warning:")
    if plan.repeated:
        st.caption("Each key must come once in the other table. Choose another key, or keep one row a key in its file.")
    elif not plan.matched:
        st.caption("At least one key must be in both tables. Choose other key columns.")

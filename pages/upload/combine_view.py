"""Combining two tables of a project: what would come of it first, then the button that makes the new table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder, new_id
from pages.shared import caches, errors, people, state
from pages.upload import rules_check

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.data.lookup import LookupPlan

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

    other = _choose_other(project, data, "append", "The table whose rows go below the rows of this one.")
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
    name = _ask_name("append", f"{data.name} and {other.name}")
    if st.button(
        "Append the rows",
        key="upload_append_make",
        icon=":material/playlist_add:",
        **people.changing("Makes a new table of both; the two tables stay as they are."),
    ):
        _make(project, lambda folder_id: append_by_rules(project.dataset(folder_id), data, other, name, checked))


def draw_lookup(project: ProjectFolder, data: Dataset) -> None:
    """Draw what looking up another table's columns would do, unmatched keys first, and the button that does it."""
    from automl_core.data.combine import lookup, plan_lookup

    other = _choose_other(project, data, "lookup", "The table that holds the columns you want to add.")
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
    name = _ask_name("lookup", f"{data.name} with {other.name}")
    if st.button(
        "Add the columns",
        key="upload_lookup_make",
        icon=":material/add_column_right:",
        **people.changing(
            "Makes a new table with every row of this one; the two tables stay as they are.", disabled=not plan.possible
        ),
    ):
        _make(project, lambda folder_id: lookup(project.dataset(folder_id), data, other, left_key, right_key, columns, name))


def _choose_other(project: ProjectFolder, data: Dataset, way: str, help_text: str) -> Dataset | None:
    """Let the person choose another table; None until one is chosen, so that nothing is read for nothing."""
    others: dict[str, Dataset] = {}
    for dataset_id in project.list("datasets"):
        if dataset_id != data.id:
            with errors.shown():
                others[dataset_id] = caches.dataset(project.id, dataset_id)
    chosen = st.selectbox(
        "Other table",
        list(others),
        index=None,
        format_func=lambda dataset_id: f"{others[dataset_id].name} ({others[dataset_id].rows:,} rows)",
        placeholder="Choose a table",
        key=f"upload_{way}_other_{data.id}",
        help=help_text,
    )
    return others[chosen] if chosen else None


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


def _ask_name(way: str, proposed: str) -> str:
    name = st.text_input(
        "Name of the new table",
        proposed[:80],
        key=f"upload_{way}_name_{proposed[:80]}",
        max_chars=80,
        help="The name you see; it can be any text.",
    )
    return name.strip() or proposed[:80]


def _make(project: ProjectFolder, make: Callable[[str], Dataset]) -> None:
    """Make the new table, open it and say so."""
    with errors.shown() as outcome, st.spinner("Making the new table"):
        made = make(new_id("ds"))
    if not outcome.failed:
        state.choose(project=project.id, dataset=made.id)
        state.say(f"{errors.plain(made.name)} was made: {made.rows:,} rows and {len(made.schema):,} columns.")
        st.rerun()

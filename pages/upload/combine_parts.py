"""What both ways of combining two tables ask and do: the other table, the new one's name, and its making."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.data.wording import rows_of, size_of
from automl_core.workspace import ProjectFolder, new_id
from pages.shared import caches, errors, state
from pages.shared.dataset_view import told_apart

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset


def choose_other(project: ProjectFolder, data: Dataset, way: str, help_text: str) -> Dataset | None:
    """Let the person choose another table; None until one is chosen, so that nothing is read for nothing."""
    found = {}
    for dataset_id in project.list("datasets"):
        if dataset_id != data.id:
            with errors.shown():
                other = caches.dataset(project.id, dataset_id)
                found[dataset_id] = (f"{other.name} ({rows_of(other.rows)})", other)
    names = told_apart(found)
    chosen = st.selectbox(
        "Other table",
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder="Choose a table",
        key=f"upload_{way}_other_{data.id}",
        help=help_text,
    )
    return found[chosen][1] if chosen else None


def ask_name(way: str, proposed: str) -> str:
    """Ask for the new table's name."""
    name = st.text_input(
        "Name of the new table",
        proposed[:80],
        key=f"upload_{way}_name_{proposed[:80]}",
        max_chars=80,
        help="The name you see; it can be any text.",
    )
    return name.strip() or proposed[:80]


def make_table(project: ProjectFolder, make: Callable[[str], Dataset]) -> None:
    """Make the new table, open it and say so."""
    with errors.shown() as outcome, st.spinner("Making the new table"):
        made = make(new_id("ds"))
    if not outcome.failed:
        state.choose(project=project.id, dataset=made.id)
        state.say(f"{errors.plain(made.name)} was made: {size_of(made.rows, len(made.schema))}.")
        st.rerun()

"""A recipe over the whole table, in the background: a new table is made, the old one stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import new_id, read_json
from pages.shared import caches, errors, jobs, people, state
from pages.shared.dataset_view import table_csv

if TYPE_CHECKING:
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.workspace import ProjectFolder


def draw(project: ProjectFolder, data: Dataset, recipe: Recipe) -> None:
    """Draw the button, the progress, and what each step did to all rows."""
    with st.expander("Make a cleaned table"):
        st.caption(
            "Runs the steps that act on the table over all rows, in the background, and keeps the result as a table of this "
            "project. Steps that learn from the data stay for the model."
        )
        current = state.draft(f"clean_whole_{data.id}", "")
        name = st.text_input("Name", f"{data.name}, cleaned", key="clean_whole_name", help="What the new table is called.")
        if st.button(
            "Clean the whole table",
            key="clean_whole_start",
            icon=":material/play_arrow:",
            **people.changing("The table you see is not changed."),
        ):
            with errors.shown() as tried:
                params = {"dataset": data.id, "recipe": recipe.to_dict(), "into": new_id("ds"), "name": name.strip() or data.name}
                state.put_draft(f"clean_whole_{data.id}", jobs.start(project, "clean", params))
            if not tried.failed:
                st.rerun()
        if not current:
            return
        folder = project.job(current)
        following = jobs.panel(project, current, key=f"clean_whole_{current}")
        if following.state == "finished" and (folder / "cleaned.json").exists():
            found = caches.result(folder / "cleaned.json")
            into = read_json(folder / "request.json")["params"]["into"]
            for outcome in found["outcomes"]:
                st.markdown(f"- {errors.plain(outcome['step'])}: {errors.plain(outcome['sentence'])}")
            _offer_file(project, into)
            if st.button(
                f"Open the cleaned table, {found['rows']:,} rows",
                key="clean_whole_open",
                icon=":material/table:",
                help="Goes there.",
            ):
                state.choose(dataset=into)
                st.rerun()


def _offer_file(project: ProjectFolder, into: str) -> None:
    """Offer the cleaned table as a file: CSV, or of a large table the Parquet file that is there."""
    with errors.shown():
        data = caches.dataset(project.id, into)
        kind = "parquet" if data.rows > caches.LARGE else "csv"
        st.download_button(
            "Download the cleaned table",
            lambda: as_file(data),
            f"cleaned.{kind}",
            {"parquet": "application/vnd.apache.parquet", "csv": "text/csv"}[kind],
            key="clean_whole_download",
            icon=":material/download:",
            help="CSV, for spreadsheets too."
            if kind == "csv"
            else "Parquet, since so many rows fit into no spreadsheet; the command line writes CSV.",
        )


def as_file(data: Dataset) -> bytes:
    """Return a table as CSV that no spreadsheet runs formulas from; of a large one the Parquet file that is there."""
    from automl_core.cleaning.stateless.columns import words_of

    if data.rows > caches.LARGE:
        return (data.folder / "data.parquet").read_bytes()
    return table_csv(data.frame().apply(words_of).fillna(""))

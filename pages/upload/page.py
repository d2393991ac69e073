"""Upload: what did I bring, and was it read right?"""

from __future__ import annotations

import streamlit as st

from automl_core.data.wording import rows_of
from pages.shared import caches, errors, guards, layout, state
from pages.shared.dataset_view import draw_report, draw_rows, told_apart
from pages.shared.dialect_form import change_dialect
from pages.shared.part_view import draw_parts
from pages.upload import rules_check
from pages.upload.combine_view import draw_combine
from pages.upload.kinds_view import draw_kinds
from pages.upload.nulls_view import draw_nulls
from pages.upload.taking_view import follow_reading, offer_samples, other_sources, take_file


def choose_table(project_id: str, known: list[str]) -> None:
    """Let the person choose among the project's tables and remember the choice."""
    found = {}
    for dataset_id in known:
        with errors.shown():
            data = caches.dataset(project_id, dataset_id)
            found[dataset_id] = (f"{data.name} ({rows_of(data.rows)})", data)
    names = told_apart(found)
    if len(names) < 2:
        return
    key = f"upload_table_{len(names)}_{state.get('dataset')}"
    st.selectbox(
        "Table",
        list(names),
        index=list(names).index(state.get("dataset")) if state.get("dataset") in names else 0,
        format_func=lambda dataset_id: names[dataset_id],
        key=key,
        help="The table that the other pages work with.",
        on_change=state.choose_in,
        args=("dataset", key),
    )


layout.header("upload")
if not state.get("project"):
    take_file("Your table")
    offer_samples()
    other_sources()
    st.stop()

folder = guards.require_project()
follow_reading(folder)
tables = folder.list("datasets")
if not tables:
    take_file("Your table")
    other_sources()
    st.stop()

data = guards.require_dataset()
choose_table(folder.id, tables)
draw_report(data)
with errors.shown():
    rules_check.draw_uploaded(folder, data)
draw_parts(data)
draw_rows(data)
draw_kinds(data)
with st.expander("Words for missing", icon=":material/question_mark:"):
    draw_nulls(data)
with st.expander("Read it another way", icon=":material/settings:"):
    change_dialect(data)
with st.expander("Add another table to this project", icon=":material/add:"):
    take_file("Another table")
other_sources()
if len(tables) > 1:
    with st.expander("Combine with another table of this project", icon=":material/join:"):
        draw_combine(folder, data)
next_page = "explore" if layout.ready("explore") else "compare"
sentences = {"explore": "See what is in the table, and what is wrong with it.", "compare": "Let models compete on this table."}
layout.next_step(next_page, sentences[next_page], next_page.capitalize(), primary=True)

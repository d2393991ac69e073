"""Which part of its file a table is, and reading another one: a file of an archive, a sheet, one of several tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, state
from pages.shared.dataset_view import spare

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset


def draw_parts(data: Dataset) -> None:
    """Draw the choice of the part where there is one; another part is read at once."""
    origin = data.report.origin
    if data.source is None or origin.form == "query":
        return
    asked: dict[str, Any] = {}
    parts = (
        ("member", "File in the archive", origin.members, origin.member, "Archives may hold several tables."),
        ("sheet", "Table of the database" if origin.form == "sqlite" else "Sheet", origin.sheets, origin.sheet, "One is read."),
    )
    with st.container(horizontal=True):
        for name, label, known, current, said in parts:
            if len(known) > 1:
                chosen = st.selectbox(
                    label,
                    known,
                    known.index(current) if current in known else 0,
                    key=f"upload_{name}_{data.id}_{data.fingerprint[:8]}",
                    help=f"{said} Choosing another one reads it in place of this one.",
                )
                if chosen != current:
                    asked = {name: chosen}
        if origin.tables:
            number = st.selectbox(
                "Table in the file",
                range(1, len(origin.tables) + 1),
                origin.table - 1,
                format_func=lambda place: f"{place}, {origin.tables[place - 1]}",
                key=f"upload_block_{data.id}_{data.fingerprint[:8]}",
                help="Several tables stand below each other in this file. Choosing another one reads it in place of this one.",
            )
            if number != origin.table:
                asked = {"table": number}
    if asked:
        _read(data, asked)


def _read(data: Dataset, asked: dict[str, Any]) -> None:
    from automl_core.data.origin import other_part
    from automl_core.data.rereading import read_again

    with errors.shown() as outcome, st.spinner("Reading the other part"):
        data = spare(data)
        made = read_again(data, other_part(data.report.choice, **asked), kinds={})
    if not outcome.failed:
        state.say(f"Another part of the file was read: {made.rows:,} rows and {len(made.schema):,} columns.")
        st.rerun()

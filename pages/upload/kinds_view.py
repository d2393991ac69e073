"""Each column's kind with its evidence, and how its dates or numbers are written; another choice reads the file again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.data.written import WAYS, check_written, written_of
from automl_core.schema import KINDS
from pages.shared import errors, people, state
from pages.shared.dialect_form import spare

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset

ONE_WAY = "–"
"""Stands where there is nothing to choose."""
FIXED = ["Column", "Why", "Did not fit", "For example"]


def draw_kinds(data: Dataset) -> None:
    """Draw each column's kind with its evidence; another choice reads the file again."""
    st.subheader("Columns", anchor=False)
    if data.source is None:
        st.caption("This table was made from others; kinds are changed in those.")
    else:
        st.caption(
            "Change a kind where it was taken for something else, or how dates and numbers are written; the file is then read "
            "again."
        )
    table = _table(data)
    edited = st.data_editor(
        table,
        key=f"upload_kinds_{data.fingerprint[:12]}",
        hide_index=True,
        disabled=FIXED if data.source and not people.changing("")["disabled"] else True,
        column_config={
            "Kind": st.column_config.SelectboxColumn(
                options=list(KINDS), required=True, help="number, category, boolean, date, text, or id (a key that says nothing)"
            ),
            "Written": st.column_config.SelectboxColumn(
                options=[ONE_WAY, *WAYS], help="Which way dates and numbers are read that could be read two ways."
            ),
            "Why": st.column_config.TextColumn(width="large", help="What spoke for this kind."),
            "Did not fit": st.column_config.NumberColumn(
                format="localized", help="Cells that are no such value and count as missing."
            ),
        },
    )
    kinds, ways = _changes(table, edited, "Kind"), _changes(table, edited, "Written")
    if kinds or ways:
        _read(data, kinds, ways)


def _table(data: Dataset) -> pd.DataFrame:
    import pandas as pd

    typed = data.report.typed
    faults = [data.faults.get(column.name) for column in data.schema]
    return pd.DataFrame(
        {
            "Column": list(data.schema.names),
            "Kind": [column.kind for column in data.schema],
            "Written": [(column.name not in typed and written_of(column)) or ONE_WAY for column in data.schema],
            "Why": [column.evidence for column in data.schema],
            "Did not fit": [fault.count if fault else 0 for fault in faults],
            "For example": [", ".join(fault.examples[:3]) if fault else "" for fault in faults],
        }
    )


def _changes(table: pd.DataFrame, edited: pd.DataFrame, name: str) -> dict[str, str]:
    """Return what was chosen for each column whose cell was changed; an emptied one is as it was."""
    pairs = zip(table["Column"], table[name], edited[name], strict=True)
    return {column: str(new) for column, old, new in pairs if new not in (old, None, ONE_WAY)}


def _read(data: Dataset, kinds: dict[str, str], ways: dict[str, str]) -> None:
    from automl_core.data.rereading import change_kind, change_written

    with errors.shown() as outcome, st.spinner("Reading the table again"):
        for column, way in ways.items():
            if column not in kinds:
                check_written(data.schema[column], way, typed=column in data.report.typed)
        data = spare(data)
        for column, kind in kinds.items():
            data = change_kind(data, column, kind)
        for column, way in ways.items():
            data = change_written(data, column, way)
    if not outcome.failed:
        state.say("The file was read again as you chose.")
        st.rerun()

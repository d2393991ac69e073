"""Words that mean "missing": which were found, how often and where, and another list, by which the file is read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, people, state
from pages.shared.dialect_form import spare

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset

EMPTY = "(empty cell)"
SHOWN = 5


def draw_nulls(data: Dataset) -> None:
    """Draw what was taken as missing, and the list of words."""
    from automl_core.schema import NULL_WORDS

    report = data.report
    if report.nulls:
        where = f"In {report.null_rows:,} rows from all over the file" if report.null_rows else "In all rows"
        st.caption(f"{where} these were taken as missing:")
        st.dataframe(
            [
                {
                    "Word": entry.word or EMPTY,
                    "Cells": entry.count,
                    "Columns": ", ".join(entry.columns[:SHOWN])
                    + (f" and {len(entry.columns) - SHOWN:,} more" if len(entry.columns) > SHOWN else ""),
                }
                for entry in report.nulls
            ],
            hide_index=True,
            key="upload_nulls",
            column_config={"Cells": st.column_config.NumberColumn(format="localized")},
            alt="Words that were taken as missing, the most frequent first",
        )
    else:
        st.caption("Nothing was taken as missing.")
    if data.source is None:
        st.caption("This table was made from others, so there is no file to read again.")
        return
    current = [word for word in (report.null_words or NULL_WORDS) if word]
    with st.form("upload_null_form", border=False):
        words = st.multiselect(
            "Words that mean missing",
            list(dict.fromkeys([*current, *(word for word in NULL_WORDS if word)])),
            current,
            key=f"upload_null_words_{data.id}_{data.fingerprint[:8]}",
            accept_new_options=True,
            help="Compared with the whole cell, as written. Type a word to add it. Empty cells are always missing.",
        )
        again = st.form_submit_button(
            "Read again with these words",
            icon=":material/refresh:",
            **people.changing("Reads the same file; kinds you chose stay."),
        )
    if not again:
        return
    from dataclasses import replace

    from automl_core.data.nulls import check_null_words
    from automl_core.data.rereading import read_again

    with errors.shown() as outcome, st.spinner("Reading the table again"):
        chosen = check_null_words(list(words))
        data = spare(data)
        read_again(data, replace(data.report.choice, null_words=chosen))
    if not outcome.failed:
        state.say("The file was read again with your words for missing.")
        st.rerun()

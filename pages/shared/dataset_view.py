"""A table as it was read: the report, the rows that were refused, and the first rows."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from automl_core.data.origin import FORM_WORDS
from automl_core.data.wording import rows_of
from pages.shared import caches, errors, layout
from pages.shared.dialect_form import DELIMITERS
from pages.shared.models_view import when

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset

ROWS = 200
Key = TypeVar("Key")


def told_apart(tables: Mapping[Key, tuple[str, Dataset]]) -> dict[Key, str]:
    """Return what tables are called in a list: where two have the same name, with the moment they were made, else a number."""
    names = {key: name for key, (name, _) in tables.items()}
    same = _repeated(names)
    names = {key: f"{name}, {when(tables[key][1].created)}" if name in same else name for key, name in names.items()}
    same = _repeated(names)
    turns: Counter[str] = Counter()
    for key, name in names.items():
        if name in same:
            turns[name] += 1
            names[key] = f"{name} ({turns[name]})"
    return names


def _repeated(names: Mapping[Key, str]) -> set[str]:
    return {name for name, count in Counter(names.values()).items() if count > 1}


def draw_report(data: Dataset) -> None:
    """Draw how a table was read: its size and dialect, what was repaired, what was refused."""
    report = data.report
    with st.grid("auto", min_column_width=140):
        st.metric("Rows", f"{data.rows:,}")
        st.metric("Columns", f"{len(data.schema):,}")
        if report.dialect:
            st.metric("Encoding", report.dialect.encoding)
            sign = report.dialect.delimiter
            st.metric("Delimiter", DELIMITERS.get(sign, repr(sign)) if sign else "none")
            st.metric("Header", _lines(report.dialect.header_rows))
        elif data.source is not None:
            st.metric("Format", FORM_WORDS[report.origin.form].partition(" (")[0])
            if report.origin.form == "workbook":
                st.metric("Header", _lines(report.origin.header_rows))
    if report.origin.sentence:
        st.caption(f":material/folder_zip: {errors.plain(report.origin.sentence)}")
    if report.origin.query:
        st.code(report.origin.query, language="sql")
    for repair, count in (report.repairs or {}).items():
        st.caption(f":material/build: {errors.plain(repair)} ({count:,})")
    for note in (*report.notes, *data.notes):
        st.caption(f":material/info: {errors.plain(note)}")
    if report.around:
        with st.expander("Lines above and below the table", icon=":material/unfold_more:"):
            st.dataframe(
                [{"Line": row.line, "Where": row.place, "Text": row.text[:300]} for row in report.around[:ROWS]],
                hide_index=True,
                key="upload_around",
                alt="Titles and notes that are no rows of the table",
            )
    if report.refused:
        _draw_refused(data)
    _draw_aside(data)


def _draw_refused(data: Dataset) -> None:
    """Draw the rows that could not be read, and their download."""
    refused = data.report.refused
    st.warning(
        f"{rows_of(len(refused))} could not be read and {'is' if len(refused) == 1 else 'are'} not part of the table.",
        icon=":material/warning:",
    )
    with st.expander("Refused rows"):
        shown = [{"Line": row.line, "Reason": row.reason, "Text": row.text[:300]} for row in refused[:ROWS]]
        st.dataframe(shown, hide_index=True, key="upload_refused", alt="Rows that could not be read, with the reason")
        st.download_button(
            "Download refused rows",
            (data.folder / "refused.csv").read_bytes() if (data.folder / "refused.csv").exists() else b"",
            "refused.csv",
            "text/csv",
            key="upload_refused_download",
            icon=":material/download:",
            help="Line, reason and text of every refused row, to mend them and upload again.",
        )


def _draw_aside(data: Dataset) -> None:
    """Draw the rows that rules set aside when the table was made, and their download."""
    rows = _rows_aside(str(data.folder), data.fingerprint)
    if rows is None:
        return
    st.warning(
        f"{rows_of(len(rows))} {'was' if len(rows) == 1 else 'were'} set aside by rules and "
        f"{'is' if len(rows) == 1 else 'are'} not part of the table.",
        icon=":material/rule:",
    )
    with st.expander("Rows set aside"):
        st.dataframe(rows.head(ROWS), hide_index=True, key="upload_aside", alt="Rows that rules set aside, with the reason")
        st.download_button(
            "Download rows set aside",
            lambda: table_csv(rows),
            "aside.csv",
            "text/csv",
            key="upload_aside_download",
            icon=":material/download:",
            help="Number, reason and cells of every such row, to mend them and upload again.",
        )


@st.cache_resource(max_entries=4, show_spinner=False)
def _rows_aside(folder: str, fingerprint: str) -> pd.DataFrame | None:
    from automl_core.cleaning.appending import rows_aside

    return rows_aside(Path(folder))


def table_csv(cells: pd.DataFrame) -> bytes:
    """Return text cells as CSV that no spreadsheet runs formulas from."""
    from automl_core.predicting import write_csv

    with tempfile.TemporaryDirectory(dir=caches.workspace().root, prefix=".upload-") as folder:
        path = Path(folder) / "table.csv"
        write_csv(path, cells)
        return path.read_bytes()


def _lines(count: int) -> str:
    return {0: "none", 1: "1 line"}.get(count, f"{count} lines")


def draw_rows(data: Dataset) -> None:
    """Draw the first rows."""
    st.subheader("First rows", anchor=False)
    rows = caches.head(data, ROWS)
    st.dataframe(rows, key="upload_rows", column_config=layout.days(rows), alt=f"First rows of {data.name}")

"""A table as it was read: the report, the first rows, the kinds of its columns, and reading it another way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.data.origin import FORM_WORDS
from automl_core.data.wording import rows_of
from automl_core.errors import AutoMLError
from automl_core.schema import KINDS
from automl_core.workspace import new_id
from pages.shared import caches, errors, layout, people, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.data.dialect import Dialect

ROWS = 200
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon", "": "none, one column"}
QUOTES = {'"': "double quote", "'": "single quote", "": "none"}
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "cp1252",
    "latin-1",
    "utf-16",
    "cp1250",
    "cp1251",
    "mac_roman",
    "shift_jis",
    "gb18030",
    "big5",
    "euc_kr",
)


def draw_report(data: Dataset) -> None:
    """Draw how a table was read: its size and dialect, what was repaired, what was refused."""
    report = data.report
    with st.grid("auto", min_column_width=140):
        st.metric("Rows", f"{data.rows:,}")
        st.metric("Columns", f"{len(data.schema):,}")
        if report.dialect:
            st.metric("Encoding", report.dialect.encoding)
            st.metric("Delimiter", DELIMITERS.get(report.dialect.delimiter, repr(report.dialect.delimiter)))
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


def _lines(count: int) -> str:
    return {0: "none", 1: "1 line"}.get(count, f"{count} lines")


def draw_rows(data: Dataset) -> None:
    """Draw the first rows."""
    st.subheader("First rows", anchor=False)
    rows = caches.head(data, ROWS)
    st.dataframe(rows, key="upload_rows", column_config=layout.days(rows), alt=f"First rows of {data.name}")


def draw_kinds(data: Dataset) -> None:
    """Draw each column's kind with its evidence; another choice reads the file again."""
    import pandas as pd

    from automl_core.data.rereading import change_kind

    st.subheader("Columns", anchor=False)
    if data.source is None:
        st.caption("This table was made from others; kinds are changed in those.")
    else:
        st.caption("Change a kind where it was taken for something else; the file is then read again.")
    table = pd.DataFrame(
        {
            "Column": list(data.schema.names),
            "Kind": [column.kind for column in data.schema],
            "Why": [column.evidence for column in data.schema],
            "Did not fit": [data.faults[name].count if name in data.faults else 0 for name in data.schema.names],
            "For example": [
                ", ".join(data.faults[name].examples[:3]) if name in data.faults else "" for name in data.schema.names
            ],
        }
    )
    key = f"upload_kinds_{data.fingerprint[:12]}"
    edited = st.data_editor(
        table,
        key=key,
        hide_index=True,
        disabled=["Column", "Why", "Did not fit", "For example"] if data.source and not people.changing("")["disabled"] else True,
        column_config={
            "Kind": st.column_config.SelectboxColumn(
                options=list(KINDS), required=True, help="number, category, boolean, date, text, or id (a key that says nothing)"
            ),
            "Why": st.column_config.TextColumn(width="large", help="What spoke for this kind."),
            "Did not fit": st.column_config.NumberColumn(
                format="localized", help="Cells that are no such value and count as missing."
            ),
        },
    )
    changed = [position for position in range(len(table)) if edited["Kind"].iloc[position] != table["Kind"].iloc[position]]
    if not changed:
        return
    with errors.shown() as outcome, st.spinner("Reading the table again"):
        data = spare(data)
        for position in changed:
            data = change_kind(data, table["Column"].iloc[position], edited["Kind"].iloc[position])
    if not outcome.failed:
        state.say("The file was read again with the kinds you chose.")
        st.rerun()


def spare(data: Dataset) -> Dataset:
    """Return the table to change: itself, or a copy of it where a run learned from it, which is opened instead."""
    from automl_core.data.rereading import copy_dataset
    from automl_core.runs import Run

    project = caches.project_folder(state.get("project"))
    for run_id in project.list("runs"):
        try:
            used = Run(project.run(run_id)).params.get("dataset")
        except AutoMLError:
            continue  # a run without a readable request refers to nothing
        if used == data.id:
            copy = copy_dataset(data, project.dataset(new_id("ds")))
            state.choose(dataset=copy.id)
            return copy
    return data


def change_dialect(data: Dataset) -> None:
    """Let the person overrule how the file was read."""
    from automl_core.data.rereading import read_again

    dialect, origin = data.report.dialect, data.report.origin
    if data.source is None:
        st.caption("This table was made from others, so there is no file to read again.")
        return
    if dialect is None and origin.form != "workbook":
        st.caption("Such a file says itself how it is read. Kinds of columns are changed in the table above.")
        return
    with st.form("upload_dialect", border=False):
        if dialect is not None:
            wanted = replace(data.report.choice, dialect=_dialect_form(dialect))
        else:
            skip, header = _ask_lines(origin.skip_rows, origin.header_rows)
            wanted = replace(data.report.choice, skip_rows=skip, header_rows=header)
        again = st.form_submit_button(
            "Read again", icon=":material/refresh:", **people.changing("Reads the same file this way; kinds you chose stay.")
        )
    if not again:
        return
    with errors.shown() as outcome, st.spinner("Reading the table again"):
        read_again(spare(data), wanted)
    if not outcome.failed:
        state.say("The file was read again your way.")
        st.rerun()


def _dialect_form(dialect: Dialect) -> Dialect:
    def options(known: list[str], current: str) -> list[str]:
        return known if current in known else [current, *known]

    with st.grid("auto", min_column_width=180):
        encodings = options(list(ENCODINGS), dialect.encoding)
        encoding = st.selectbox(
            "Encoding",
            encodings,
            index=encodings.index(dialect.encoding),
            key="upload_encoding",
            help="How letters are stored. Choose another one where letters look wrong.",
        )
        delimiters = options(list(DELIMITERS), dialect.delimiter)
        delimiter = st.selectbox(
            "Delimiter",
            delimiters,
            index=delimiters.index(dialect.delimiter),
            format_func=lambda sign: DELIMITERS.get(sign, repr(sign)),
            key="upload_delimiter",
            help="The sign between two cells.",
        )
        quotes = options(list(QUOTES), dialect.quote)
        quote = st.selectbox(
            "Quote",
            quotes,
            index=quotes.index(dialect.quote),
            format_func=lambda sign: QUOTES.get(sign, repr(sign)),
            key="upload_quote",
            help="The sign around a cell that holds the delimiter.",
        )
        skip, header = _ask_lines(dialect.skip_rows, dialect.header_rows)
    return replace(dialect, encoding=encoding, delimiter=delimiter, quote=quote, skip_rows=skip, header_rows=header)


def _ask_lines(skip: int, header: int) -> tuple[int, int]:
    before = st.number_input(
        "Lines before the header", 0, 10_000, skip, key="upload_skip", help="Titles and notes above the table."
    )
    named = st.number_input(
        "Header lines",
        0,
        5,
        header,
        key="upload_header",
        help="0 when the file does not name its columns; several are joined to one name.",
    )
    return int(before), int(named)

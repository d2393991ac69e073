"""Reading a table's file another way: encoding, delimiter, quote, the lines above it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.data.dialect import Dialect
from automl_core.errors import AutoMLError
from automl_core.workspace import new_id
from pages.shared import caches, errors, intake, people, reading, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space", ":": "colon", "": "none, one column"}
QUOTES = {'"': "double quote", "'": "single quote", "": "none"}
ESCAPES = {"": "written twice", "\\": "behind a backslash"}
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
            wanted = replace(data.report.choice, dialect=ask_dialect(dialect, "upload"))
        else:
            skip, header = _ask_lines(origin.skip_rows, origin.header_rows, "upload")
            wanted = replace(data.report.choice, skip_rows=skip, header_rows=header)
        again = st.form_submit_button(
            "Read again", icon=":material/refresh:", **people.changing("Reads the same file this way; kinds you chose stay.")
        )
    if not again:
        return
    large = data.source.stat().st_size > intake.LARGE
    with errors.shown() as outcome, st.spinner("Reading the table again"):
        if large:
            reading.large_again(caches.project_folder(state.get("project")), spare(data), wanted)
        else:
            read_again(spare(data), wanted)
    if not outcome.failed:
        if not large:
            state.say("The file was read again your way.")
        st.rerun()


def ask_dialect(dialect: Dialect, prefix: str) -> Dialect:
    """Draw the parts of a dialect, filled with those of `dialect`, and return what they say; `prefix` is of the widgets' keys."""

    def options(known: list[str], current: str) -> list[str]:
        return known if current in known else [current, *known]

    with st.grid("auto", min_column_width=180):
        encodings = options(list(ENCODINGS), dialect.encoding)
        encoding = st.selectbox(
            "Encoding",
            encodings,
            index=encodings.index(dialect.encoding),
            key=f"{prefix}_encoding",
            help="How letters are stored. Choose another one where letters look wrong.",
        )
        delimiters = options(list(DELIMITERS), dialect.delimiter)
        delimiter = st.selectbox(
            "Delimiter",
            delimiters,
            index=delimiters.index(dialect.delimiter),
            format_func=lambda sign: DELIMITERS.get(sign, repr(sign)),
            key=f"{prefix}_delimiter",
            help="The sign between two cells.",
        )
        quotes = options(list(QUOTES), dialect.quote)
        quote = st.selectbox(
            "Quote",
            quotes,
            index=quotes.index(dialect.quote),
            format_func=lambda sign: QUOTES.get(sign, repr(sign)),
            key=f"{prefix}_quote",
            help="The sign around a cell that holds the delimiter.",
        )
        escapes = options(list(ESCAPES), dialect.escape)
        escape = st.selectbox(
            "A quote inside a cell is",
            escapes,
            index=escapes.index(dialect.escape),
            format_func=lambda sign: ESCAPES.get(sign, f"behind {sign!r}"),
            key=f"{prefix}_escape",
            help="How a cell holds the sign that stands around cells.",
        )
        skip, header = _ask_lines(dialect.skip_rows, dialect.header_rows, prefix)
    return Dialect(encoding, delimiter, quote, escape, skip, header)


def _ask_lines(skip: int, header: int, prefix: str) -> tuple[int, int]:
    before = st.number_input(
        "Lines before the header", 0, 10_000, skip, key=f"{prefix}_skip", help="Titles and notes above the table."
    )
    named = st.number_input(
        "Header lines",
        0,
        5,
        header,
        key=f"{prefix}_header",
        help="0 when the file does not name its columns; several are joined to one name.",
    )
    return int(before), int(named)

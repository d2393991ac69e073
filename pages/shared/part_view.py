"""Which part of its file a table is, and reading another one: a file of an archive, a sheet, one of several tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from pages.shared import errors, state, uploads
from pages.shared.dialect_form import spare

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from automl_core.data.dataset import Dataset
    from automl_core.data.origin import Choice, Origin


def draw_parts(data: Dataset) -> None:
    """Draw the choice of the part where there is one; another part is read at once."""
    origin = data.report.origin
    if data.source is None or origin.form == "query":
        return
    asked = ask_part(origin, "upload", f"{data.id}_{data.fingerprint[:8]}", "Choosing another one reads it in place of this one.")
    if asked:
        _read(data, asked)


def ask_part(origin: Origin, page: str, suffix: str, said: str) -> dict[str, Any]:
    """Ask which part of a file is meant, where it has several; return what differs from the one that is read otherwise."""
    asked: dict[str, Any] = {}
    parts = (
        ("member", "File in the archive", origin.members, origin.member, "Archives may hold several tables."),
        ("sheet", "Table of the database" if origin.form == "sqlite" else "Sheet", origin.sheets, origin.sheet, "One is read."),
    )
    with st.container(horizontal=True):
        for name, label, known, current, why in parts:
            if len(known) > 1:
                chosen = st.selectbox(
                    label,
                    known,
                    known.index(current) if current in known else 0,
                    key=f"{page}_{name}_{suffix}",
                    help=f"{why} {said}",
                )
                if chosen != current:
                    asked = {name: chosen}
        if origin.tables:
            number = st.selectbox(
                "Table in the file",
                range(1, len(origin.tables) + 1),
                max(origin.table - 1, 0),
                format_func=lambda place: f"{place}, {origin.tables[place - 1]}",
                key=f"{page}_block_{suffix}",
                help=f"Several tables stand below each other in this file. {said}",
            )
            if number != origin.table:
                asked = {"table": number}
    return asked


def ask_part_of(uploaded: UploadedFile, page: str, said: str) -> Choice:
    """Ask which part of an uploaded file is meant where it has several; raises AutoMLError where it is no table.

    `said` tells what is done with the part.
    """
    from automl_core.data.origin import Choice

    origin = _origin_of(uploaded, page)
    asked = ask_part(origin, page, uploaded.file_id, said)
    if member := asked.get("member", ""):
        # Another file of the archive has sheets or tables of its own.
        inside = replace(_origin_of(uploaded, page, member), members=())
        asked |= ask_part(inside, f"{page}_inside", f"{uploaded.file_id}_{member}", said)
    return Choice(**asked)


def _origin_of(uploaded: UploadedFile, page: str, member: str = "") -> Origin:
    """Return the parts of an uploaded file, which is looked at once."""
    from automl_core.data.origin import Choice, Origin
    from automl_core.data.sources.opening import parts_of

    key = f"{page}_parts_{member}"
    known = state.draft(key)
    if not known or known["file"] != uploaded.file_id:
        with st.spinner("Looking for the tables in the file"), uploads.on_disk(uploaded) as path:
            try:
                known = {"file": uploaded.file_id, "origin": parts_of(path, Choice(member=member)).to_dict()}
            except AutoMLError as error:
                raise uploads.renamed(error, path.name, uploaded.name) from error
        state.put_draft(key, known)
    return Origin.from_dict(known["origin"])


def _read(data: Dataset, asked: dict[str, Any]) -> None:
    from automl_core.data.origin import other_part
    from automl_core.data.rereading import read_again

    with errors.shown() as outcome, st.spinner("Reading the other part"):
        data = spare(data)
        made = read_again(data, other_part(data.report.choice, **asked), kinds={})
    if not outcome.failed:
        state.say(f"Another part of the file was read: {made.rows:,} rows and {len(made.schema):,} columns.")
        st.rerun()

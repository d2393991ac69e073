"""How a table comes in: the uploader, the samples, the other sources, and a large file while it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.data.dialect import Dialect
from automl_core.data.origin import Choice
from automl_core.data.wording import size_of
from automl_core.errors import AutoMLError, DialectError
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import caches, errors, intake, job_state, jobs, people, reading, state
from pages.shared.dialect_form import ask_dialect
from pages.upload.sources_form import draw_sources

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile


def take_file(label: str) -> None:
    """Offer the uploader; a file is read once, and what was wrong with it stays shown until another is chosen."""
    turn = state.draft("upload_turn", 0)
    uploaded = st.file_uploader(
        label,
        key=f"upload_file_{turn}",
        **people.changing("Up to 2 GB. What it is and how it is written is found from the file."),
    )
    if uploaded is None:
        st.caption("CSV or other text, Excel, OpenDocument, Parquet, Feather, JSON or SQLite, also compressed.")
        return
    failed = state.draft("upload_failed")
    if failed and failed["file"] == uploaded.file_id:
        errors.show(AutoMLError(*failed["parts"]))
        if failed["dialect"] and (choice := _another_way(f"upload_failed_{turn}", Choice())):
            _read(uploaded, turn, choice)
        return
    _read(uploaded, turn)


def _read(uploaded: UploadedFile, turn: int, choice: Choice | None = None) -> None:
    """Read an uploaded file, and keep what is wrong with it until another is chosen."""
    try:
        with st.spinner("Reading the table"):
            data = intake.add_upload(uploaded, choice)
    except AutoMLError as error:
        parts = [error.received, error.needed, error.action]
        failed = {"file": uploaded.file_id, "parts": parts, "dialect": isinstance(error, DialectError)}
        state.put_draft("upload_failed", failed)
        st.rerun()
    state.put_draft("upload_turn", turn + 1)
    if data is not None:
        state.say(f"{errors.plain(data.name)} was read: {size_of(data.rows, len(data.schema))}.")
    st.rerun()


def _another_way(prefix: str, tried: Choice) -> Choice | None:
    """Let the person say how a file is written that could not be read by what was found; None until they did."""
    with st.expander("Read it another way", icon=":material/settings:"), st.form(prefix, border=False):
        dialect = ask_dialect(tried.dialect or Dialect(), prefix)
        again = st.form_submit_button(
            "Read it this way", icon=":material/refresh:", **people.changing("Reads the file by what you say.")
        )
    return replace(tried, dialect=dialect) if again else None


def offer_samples() -> None:
    """Offer the bundled tables to somebody who has no file at hand."""
    from automl_core.data.samples import SAMPLES

    names = {sample.id: f"{sample.name}: {sample.description}" for sample in SAMPLES}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Or try a sample",
            list(names),
            key="upload_sample",
            format_func=lambda sample_id: names[sample_id],
            help="A table that comes with Tablewright; it becomes a project of its own.",
        )
        clicked = st.button(
            "Use it", key="upload_use_sample", icon=":material/science:", help="Makes a new project of this table."
        )
    if clicked:
        with errors.shown() as tried:
            intake.add_sample(chosen)
        if not tried.failed:
            st.rerun()


def other_sources() -> None:
    """Offer what is not uploaded."""
    with st.expander("Other sources", icon=":material/database:"):
        draw_sources()


def follow_reading(folder: ProjectFolder) -> None:
    """Draw how far a large file is read; when it is, open it, and when it is no table, say so and leave nothing behind."""
    job_id = reading.job_of(folder)
    if not job_id:
        return
    asked = read_json(folder.job(job_id) / "request.json")["params"]
    ended = job_state.follow(folder.job(job_id)).state in ("failed", "stopped")
    st.markdown(f"{'File' if ended else 'Reading'} {errors.plain(asked['file'])}")
    following = jobs.panel(folder, job_id, key=f"upload_reading_{job_id}")
    otherwise = reading.has_another_way(following, folder, asked)
    if otherwise:
        tried = Choice.from_dict(asked.get("choice", {}))
        if choice := _another_way(f"upload_failed_{job_id}", tried):
            with errors.shown() as outcome:
                reading.another_way(folder, asked, choice)
            if not outcome.failed:
                st.rerun()
    waits = otherwise or following.state == "lost"
    if waits and st.button(
        "Leave this file out", icon=":material/close:", **people.changing("Removes it; another can be uploaded.")
    ):
        reading.leave(folder, asked)
        st.rerun()
    if waits or following.active:
        if not folder.list("datasets"):
            st.stop()
        return
    state.put_draft("upload_reading", None)
    if following.state == "finished":
        state.choose(dataset=asked["into"])
        data = caches.dataset(folder.id, asked["into"])
        state.say(f"{errors.plain(data.name)} was read: {size_of(data.rows, len(data.schema))}.")
        st.rerun()
    reading.leave(folder, asked)
    if not state.get("project"):
        take_file("Another table")
        st.stop()

"""The backup on the Settings page: the whole workspace as one file, and back."""

from __future__ import annotations

import time

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.people.person import acting
from automl_core.profiling.wording import counted
from pages.shared import caches, errors, state, uploads

DOWNLOADED = 200 << 20
"""Bytes of the largest export that is offered to the browser."""


def draw_backup() -> None:
    """Make an export of the workspace, and bring one in."""
    st.markdown(
        "An export holds every project, table, run and registered model, with a hash of each file, made also while jobs run. "
        "It can be brought into another workspace, and writes over nothing there."
    )
    if not acting().everywhere:
        st.caption("Administrators make it.")
        return
    _draw_export()
    _draw_import()


def _draw_export() -> None:
    from automl_core.moving import export_workspace

    folder = caches.workspace().root / "exports"
    if st.button(
        "Export the workspace", key="settings_export", type="primary", icon=":material/archive:",
        help=f"Writes a file into {folder}.",
    ):  # fmt: skip
        bar = st.progress(0.0, text="Exporting")
        with errors.shown():
            folder.mkdir(mode=0o700, exist_ok=True)
            out = folder / f"workspace-{time.strftime('%Y%m%d-%H%M%S')}.zip"
            export_workspace(caches.workspace(), out, tell=lambda done, doing: bar.progress(min(done, 1.0), text=doing))
        bar.empty()
    newest = max(folder.glob("workspace-*.zip"), key=lambda path: path.name, default=None)
    if newest is None:
        return
    size = newest.stat().st_size
    st.markdown(f"The newest is {errors.plain(str(newest))}, {size / 2**20:,.1f} MB.")
    if size <= DOWNLOADED:
        st.download_button(
            "Download it", newest.read_bytes, newest.name, "application/zip", key="settings_download", icon=":material/download:",
            help="It holds all data of all projects: keep it as safe as the workspace.",
        )  # fmt: skip
    else:
        st.caption("It is too large for the browser; copy it from there.")


def _draw_import() -> None:
    from automl_core.moving import import_workspace

    st.subheader("Bring one in", anchor=False)
    turn = state.draft("settings_import_turn", 0)
    uploaded = st.file_uploader(
        "An export", type="zip", key=f"settings_import_file_{turn}",
        help="Its projects join the ones here. If one of them is here already, nothing of it is taken.",
    )  # fmt: skip
    clicked = st.button(
        "Import it", key="settings_import", icon=":material/unarchive:", disabled=uploaded is None,
        help="Checks every file's hash first.",
    )  # fmt: skip
    place = st.container()
    st.caption("One that is too large for the browser is brought in on the machine itself, from the folder of Tablewright:")
    st.code("python -m automl_core workspace import FILE", language="bash")
    if not clicked or uploaded is None:
        return
    place.caption("Stay on this page until it is done; one that is left halfway brings nothing in.")
    bar = place.progress(0.0, text="Importing")
    with place, errors.shown() as outcome, uploads.on_disk(uploaded) as path:
        try:
            imported = import_workspace(
                caches.workspace(), path, tell=lambda done, doing: bar.progress(min(done, 1.0), text=doing)
            )
        except AutoMLError as error:
            raise uploads.renamed(error, path.name, uploaded.name) from error
    bar.empty()
    if not outcome.failed:
        state.put_draft("settings_import_turn", turn + 1)
        told = f"{counted(imported.projects, 'project', 'projects')} with {counted(imported.files, 'file', 'files')} came in."
        state.say(errors.plain(" ".join([told, *imported.left])))
        st.rerun()

"""Tables that are not uploaded: a file that lies on the server, and the rows of a database."""

from __future__ import annotations

import os

import streamlit as st

from automl_core.data.wording import size_of
from pages.shared import errors, intake, people, state


def draw_sources() -> None:
    """Draw the two forms."""
    server, database = st.tabs(["A file on the server", "A database"])
    with server:
        _server()
    with database:
        _database()


def _server() -> None:
    from automl_core.data.sources.server import SETTING, data_folders, listed_files

    folders = data_folders()
    if not folders:
        st.caption(
            f"No folder of this server is open for reading. The person who runs Tablewright opens folders by setting {SETTING}, "
            f"for example {SETTING}=/data{os.pathsep}/exports, and starting it again."
        )
        return
    st.caption(f"Files below {errors.plain(', '.join(map(str, folders)))} can be read, also those too large to upload.")
    chosen = st.selectbox(
        "File",
        listed_files(),
        index=None,
        key="upload_server_file",
        accept_new_options=True,
        placeholder="Choose a file or type its path",
        help="Any kind of table that can be uploaded. It is copied into the project, so that it can be read again.",
    )
    if st.button(
        "Read the file",
        key="upload_server_read",
        icon=":material/folder_open:",
        **people.changing("Makes a table of it. A large file is read in the background.", disabled=not chosen),
    ):
        with errors.shown() as outcome, st.spinner("Reading the table"):
            data = intake.add_server_file(str(chosen))
        if not outcome.failed:
            if data is not None:
                state.say(f"{errors.plain(data.name)} was read: {size_of(data.rows, len(data.schema))}.")
            st.rerun()


def _database() -> None:
    st.caption("One statement is run in a transaction that only reads. The password is used once and kept nowhere.")
    with st.form("upload_database", border=False):
        address = st.text_input(
            "Address",
            key="upload_database_address",
            placeholder="postgresql://user@host:5432/database",
            help="A PostgreSQL database, or sqlite:///path of a file in a folder that is open for reading.",
        )
        password = st.text_input(
            "Password",
            type="password",
            key="upload_database_password",
            help="Left empty where none is needed.",
        )
        sql = st.text_area(
            "Statement",
            key="upload_database_sql",
            placeholder="SELECT * FROM orders WHERE ordered_at >= '2024-01-01'",
            help="Begins with SELECT or WITH. Up to 2,000,000 rows are taken.",
        )
        clicked = st.form_submit_button(
            "Read the rows", icon=":material/database:", **people.changing("Makes a table of the rows.")
        )
    if clicked:
        with errors.shown() as outcome, st.spinner("Reading the rows"):
            data = intake.add_query(address, sql, password)
        if not outcome.failed:
            state.say(f"{size_of(data.rows, len(data.schema))} were read.")
            st.rerun()

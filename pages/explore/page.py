"""Explore: what is in it, and what is wrong with it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.explore import alerts_view, cards_view, leakage_view, profile_view
from pages.shared import errors, guards, jobs, layout, people, state

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.profiling.profile import Profile
    from automl_core.workspace import ProjectFolder


def choose_target(data: Dataset) -> str:
    """Ask which column is to be predicted, where that is known already."""
    known = data.schema.names
    draft = state.draft(f"target_{data.id}", "")
    chosen = st.selectbox(
        "Column to predict",
        known,
        index=known.index(draft) if draft in known else None,
        placeholder="Not chosen yet",
        key=f"explore_target_{data.id}",
        help="With it, columns that give the outcome away and rare outcomes are found as well.",
    )
    state.put_draft(f"target_{data.id}", chosen or "")
    return chosen or ""


def look(project: ProjectFolder, data: Dataset, target: str) -> Profile | None:
    """Return the profile: at once for small tables, by a job for large ones; None while it is made."""
    columns = len(data.schema)
    if data.rows * columns <= profile_view.AT_ONCE and columns <= profile_view.AT_ONCE_COLUMNS:
        with st.spinner("Looking at every column"):
            return profile_view.at_once(data, target)
    params = {"dataset": data.id, "fingerprint": data.fingerprint, "target": target}
    folder = jobs.find(project, "profile", params)
    if folder is None and not people.may_change(project):
        st.info("Nobody has looked at this table yet, and it is too large to do it at once.", icon=":material/info:")
        return None
    if folder is None:
        jobs.start(project, "profile", params)
        st.rerun()
    following = jobs.panel(project, folder.name, key="explore")
    if following.state == "finished":
        return profile_view.from_file(folder / "profile.json")
    if not following.active and st.button("Look again", key="explore_again", type="primary", **people.changing("Starts over.")):
        jobs.start(project, "profile", params)
        st.rerun()
    return None


layout.header("explore")
data = guards.require_dataset()
project = guards.require_project()
with errors.shown():
    target = choose_target(data)
    found = look(project, data, target)
    if found is not None:
        profile_view.draw_numbers(found)
        for note in found.notes:
            st.caption(f":material/info: {errors.plain(note)}")
        st.subheader("What to look at", anchor=False)
        alerts_view.draw_alerts(data, found)
        st.subheader("Columns", anchor=False)
        cards_view.draw_columns(found)
        st.subheader("What is missing together", anchor=False)
        profile_view.draw_missing(found)
        st.subheader("What goes together", anchor=False)
        profile_view.draw_associations(found)
        st.subheader("What gives the outcome away", anchor=False)
        leakage_view.draw(project, data, found)

        def html() -> str:
            """Return the profile as a page, made when it is asked for."""
            from automl_core.profiling.html import profile_html

            return profile_html(found, data.name)

        st.download_button(
            "Download the profile",
            html,
            "profile.html",
            "text/html",
            key="explore_download",
            icon=":material/download:",
            help="One HTML page with everything above, to read and to send.",
        )
layout.next_step("clean", "Choose what is done about it.", "Clean", primary=True)

"""Projects: where was I, what can I try?"""

from __future__ import annotations

import streamlit as st

from automl_core.data.samples import SAMPLES
from automl_core.people.limits import space_of
from automl_core.people.person import acting
from automl_core.projects import Project, create_project, delete_project, list_projects, rename_project
from automl_core.workspace import folder_size
from pages.projects import sharing_form
from pages.shared import caches, errors, intake, layout, people, state
from pages.shared.models_view import when

TASKS = {"binary": "two outcomes", "multiclass": "several outcomes", "regression": "a number"}


def size(count: int) -> str:
    """Return bytes as people read them."""
    return (
        f"{count / 2**30:,.1f} GB"
        if count >= 2**30
        else f"{count / 2**20:,.1f} MB"
        if count >= 2**20
        else f"{count / 1024:,.0f} kB"
    )


@st.dialog("Rename project")
def ask_name(project: Project) -> None:
    """Ask for a project's new name."""
    name = st.text_input(
        "Name", project.name, key="projects_new_name", max_chars=80, help="The name you see; nothing on disk moves."
    )
    if st.button("Rename", key="projects_rename_confirm", type="primary", help="Gives the project this name."):
        with errors.shown() as outcome:
            rename_project(caches.workspace(), project.id, name)
        if not outcome.failed:
            st.rerun()


@st.dialog("Delete project")
def ask_delete(project: Project) -> None:
    """Ask before a project is deleted for good."""
    st.markdown(f"**{errors.plain(project.name)}** and all its tables, runs and models will be deleted. This cannot be undone.")
    if st.button(
        "Delete for good", key="projects_delete_confirm", type="primary", help="Removes the project's folder from the disk."
    ):
        with errors.shown() as outcome:
            delete_project(caches.workspace(), project.id)
            if state.get("project") == project.id:
                state.choose(project="")
        if not outcome.failed:
            state.say(f"{errors.plain(project.name)} was deleted.")
            st.rerun()


def card(project: Project) -> None:
    """Draw one project with what can be done with it."""
    folder = caches.project_folder(project.id)
    tables, runs = len(folder.list("datasets")), len(folder.list("runs"))
    with st.container(border=True, key=f"projects_card_{project.id}"):
        st.markdown(f"**{errors.plain(project.name)}**")
        st.caption(
            f"{tables} table{'s' * (tables != 1)}, {runs} run{'s' * (runs != 1)}, {size(folder_size(folder.path))}. "
            f"Created {when(project.created)}, last used {when(last_used(project))}."
        )
        if people.configured():
            st.caption(f":material/group: {errors.plain(sharing_form.whose(folder))}")
        with st.container(horizontal=True):
            if st.button(
                "Open", key=f"projects_open_{project.id}", icon=":material/folder_open:", help="Opens its tables and runs."
            ):
                page = "compare" if runs else "upload"
                layout.go_to(page, project=project.id)
            if st.button(
                "Rename", key=f"projects_rename_{project.id}", icon=":material/edit:",
                **people.changing("Gives it another name.", project=project.id),
            ):  # fmt: skip
                ask_name(project)
            if people.configured() and st.button(
                "Share", key=f"projects_share_{project.id}", icon=":material/group_add:",
                **people.changing("Says who may look at it or change it.", act="own", project=project.id),
            ):  # fmt: skip
                sharing_form.ask(project.id, project.name)
            if st.button(
                "Delete", key=f"projects_delete_{project.id}", icon=":material/delete:",
                **people.changing("Asks first.", act="own", project=project.id),
            ):  # fmt: skip
                ask_delete(project)


def last_used(project: Project) -> float:
    """Return when something was last added to a project, in seconds since the epoch."""
    folder = caches.project_folder(project.id)
    places = [folder.path, *(folder.path / what for what in ("datasets", "runs", "jobs"))]
    return max((place.stat().st_mtime for place in places if place.exists()), default=project.created)


layout.header("projects")
with errors.shown():
    projects = sorted(list_projects(caches.workspace()), key=last_used, reverse=True)
    if not projects:
        st.markdown(
            "Bring a table, watch models being compared on it, and leave with the best one, a report and predictions. "
            "Everything stays on this machine."
        )
    if st.button(
        "Upload a table",
        key="projects_upload",
        type="primary",
        icon=":material/upload_file:",
        help="Starts a new project named after your file.",
    ):
        layout.go_to("upload", project="")
    if projects:
        st.subheader("Your projects", anchor=False)
        space = space_of(caches.workspace(), acting().id)
        if space.filling:
            st.warning(f"{space.sentence} When it is full, nothing new is begun.", icon=":material/hard_drive:")
            layout.link_to("settings", "Clean up old runs")
        with st.grid(2):
            for entry in projects:
                card(entry)

    st.subheader("Samples to try", anchor=False)
    with st.grid(4 if len(SAMPLES) == 4 else 3):
        for sample in SAMPLES:
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{sample.name}**")
                st.caption(f"{sample.description} Predicts {TASKS.get(sample.task, sample.task)}: {sample.target}.")
                if st.button(
                    "Try it",
                    key=f"projects_sample_{sample.id}",
                    icon=":material/science:",
                    help="Makes a new project of this table.",
                ):
                    with errors.shown() as tried:
                        intake.add_sample(sample.id)
                    if not tried.failed:
                        layout.go_to("upload")

    with st.expander("Start an empty project", icon=":material/create_new_folder:"), st.form("projects_new", border=False):
        name = st.text_input("Name", key="projects_name", max_chars=80, help="What you will know it by; it can be changed.")
        if st.form_submit_button("Create", help="Makes an empty project and opens it."):
            with errors.shown() as created:
                state.choose(project=create_project(caches.workspace(), name).id)
            if not created.failed:
                layout.go_to("upload")

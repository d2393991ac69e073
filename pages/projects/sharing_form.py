"""With whom a project is shared: the sentence on its card, and the dialog that changes it."""

from __future__ import annotations

import streamlit as st

from automl_core.people import access
from automl_core.people.access import GIVEN
from automl_core.people.person import acting
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors

ROLES = {"viewer": "Viewer: looks, changes nothing", "editor": "Editor: works in it like you"}


def whose(project: ProjectFolder) -> str:
    """Return whose a project is, as the person who looks reads it."""
    sharing, person = access.sharing_of(project), acting()
    count = len(sharing.members)
    shared = f", shared with {count} {'person' if count == 1 else 'people'}" if count else ""
    if person.id == sharing.owner:
        return f"Yours{shared}."
    owner = f"Belongs to {sharing.owner or 'nobody'}"
    role = sharing.members.get(person.id)
    return f"{owner}; shared with you as {role}." if role else f"{owner}{shared}."


@st.dialog("Share project")
def ask(project_id: str, name: str) -> None:
    """Show who may do what with a project, and change it."""
    project = caches.project_folder(project_id)
    sharing = access.sharing_of(project)
    owner = errors.plain(sharing.owner or "nobody")
    st.markdown(f"**{errors.plain(name)}** belongs to {owner}. Administrators see every project.")
    for person, role in sharing.members.items():
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"{errors.plain(person)}, {role}")
            if st.button(
                "Take back", key=f"projects_unshare_{person}", icon=":material/person_remove:",
                help="This person sees the project no longer, from the next click on.",
            ):  # fmt: skip
                access.unshare(project, person)
                st.rerun(scope="fragment")
    with st.form("projects_share_form", border=False, clear_on_submit=True):
        address = st.text_input(
            "E-mail address", key="projects_share_address", max_chars=254, placeholder="ada@example.org",
            help="The address this person signs in with; no message is sent.",
        )  # fmt: skip
        role = st.radio(
            "May", GIVEN, key="projects_share_role", format_func=ROLES.__getitem__, help="Naming a person again changes the role."
        )
        sent = st.form_submit_button("Share", type="primary", icon=":material/group_add:", help="Holds at once.")
    if sent:
        with errors.shown() as outcome:
            access.share(project, address, role)
        if not outcome.failed:
            st.rerun(scope="fragment")
    with st.expander("Give it away", icon=":material/swap_horiz:"):
        heir = st.text_input(
            "New owner", key="projects_give_address", max_chars=254, placeholder="ben@example.org",
            help="The address this person signs in with. You stay an editor.",
        )  # fmt: skip
        if st.button("Give it away", key="projects_give", icon=":material/swap_horiz:", help="Only the new owner can undo this."):
            with errors.shown() as outcome:
                access.give(project, heir)
            if not outcome.failed:
                st.rerun()

"""The door: who signs in, who is let in, and the account in the sidebar with the way out."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from automl_core.errors import AutoMLError
from automl_core.people import audit
from automl_core.people.person import acting, identify
from pages.shared import caches, errors, people, state


def gate() -> None:
    """Let the page be drawn for somebody who may see it; stop here for anybody else."""
    identify(people.current)
    try:
        people.check_open()
        if not people.configured():
            return
        if not people.claims().get("is_logged_in"):
            _ask()
        person = people.current()
    except AutoMLError as error:
        _refuse(error)
    if state.draft("signed_in") != person.id:
        state.put_draft("signed_in", person.id)
        audit.record(caches.workspace(), "signed-in")


def account() -> None:
    """Say who is signed in, with the way out, in the sidebar."""
    if not people.configured():
        return
    person = acting()
    kind = ", administrator" if person.everywhere else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f":material/person: {errors.plain(person.name)}{kind}", help=errors.plain(person.id))
        _sign_out("account_sign_out")


def _ask() -> None:
    st.title("Tablewright", anchor=False)
    st.caption("Sign in to see your projects and those that are shared with you.")
    section = st.secrets["auth"]
    named = [name for name, value in section.items() if isinstance(value, Mapping) and "client_id" in value]
    if "client_id" in section:
        st.button(
            "Sign in", key="sign_in", type="primary", icon=":material/login:", on_click=st.login,
            help="Takes you to the provider of this installation and back.",
        )  # fmt: skip
    for name in named:
        st.button(
            f"Sign in with {name.title()}", key=f"sign_in_{name}", icon=":material/login:", on_click=st.login, args=(name,),
            type="primary" if len(named) == 1 and "client_id" not in section else "secondary",
            help="Takes you to this provider and back.",
        )  # fmt: skip
    st.stop()


def _refuse(error: AutoMLError) -> None:
    st.title("Tablewright", anchor=False)
    errors.show(error)
    known = people.claims() if get_script_run_ctx() is not None else {}
    if known.get("is_logged_in"):
        who = str(known.get("email") or known.get("sub") or "somebody")
        if state.draft("signed_in") != f"refused {who}":
            state.put_draft("signed_in", f"refused {who}")
            audit.record(caches.workspace(), "refused", who=who, detail=error.received, outcome="refused")
        _sign_out("refused_sign_out")
    st.stop()


def _sign_out(key: str) -> None:
    st.button(
        "Sign out", key=key, icon=":material/logout:", type="tertiary", on_click=_leave,
        help="Ends this session here and at the provider.",
    )  # fmt: skip


def _leave() -> None:
    audit.record(caches.workspace(), "signed-out", who=str(people.claims().get("email", "")))
    st.logout()

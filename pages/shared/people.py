"""Who looks at the pages: sign-in through Streamlit's own login, the account in the sidebar, what a viewer may not press."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.secrets import secrets_singleton

from automl_core.errors import AccessError, AutoMLError
from automl_core.people import access, audit
from automl_core.people.entry import check_listening, person_of
from automl_core.people.person import Person, acting, identify, owner
from automl_core.people.settings import settings_of
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors, state


class Controls(TypedDict):
    """What is said of a control and whether it can be used."""

    help: str
    disabled: bool


def configured() -> bool:
    """Return whether people sign in; raises AccessError where that was meant and cannot be."""
    if secrets_singleton.load_if_toml_exists():
        return "auth" in st.secrets
    if any(Path(file).exists() for file in st.get_option("secrets.files")):
        raise AccessError("secrets.toml cannot be read, and it may say who signs in.", action="Correct it, then start again.")
    return False


def check_open() -> None:
    """Raise an AccessError where the app would let in people whom nobody knows."""
    sign_in = configured()
    check_listening(st.get_option("server.address"), sign_in=sign_in)
    settings = settings_of(caches.workspace())
    if not sign_in and (settings.administrators or settings.allowed):
        raise AccessError(
            "The settings say who may come in, but sign-in is not set up.",
            "Without it nobody can be told from anybody else.",
            "Put the [auth] section back into .streamlit/secrets.toml, or clear both settings: "
            "`python -m automl_core settings administrators= allowed=`.",
        )


def current() -> Person:
    """Return who looks at the page; raises AccessError where nobody signed in who may."""
    if get_script_run_ctx() is None or not configured():
        return owner()  # a thread of the server itself, or the one person of this machine
    known = claims()
    if not known.get("is_logged_in"):
        raise AccessError("You are not signed in.", action="Sign in, then open the page again.")
    return person_of(known, settings_of(caches.workspace()))


def claims() -> Mapping[str, Any]:
    """Return what the provider says of who looks at the page."""
    return st.user.to_dict()


def recognised() -> bool:
    """Return whether the app is open to who looks at it."""
    try:
        check_open()
        return bool(current())
    except AutoMLError:
        return False  # `gate` says why


def gate() -> None:
    """Let the page be drawn for somebody who may see it; stop here for anybody else."""
    identify(current)
    try:
        check_open()
        if not configured():
            return
        if not claims().get("is_logged_in"):
            _ask()
        person = current()
    except AutoMLError as error:
        _refuse(error)
    if state.draft("signed_in") != person.id:
        state.put_draft("signed_in", person.id)
        audit.record(caches.workspace(), "signed-in")


def account() -> None:
    """Say who is signed in, with the way out, in the sidebar."""
    if not configured():
        return
    person = acting()
    kind = ", administrator" if person.everywhere else ""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(f":material/person: {errors.plain(person.name)}{kind}", help=errors.plain(person.id))
        _sign_out("account_sign_out")


def changing(help: str | None, *, disabled: bool = False, act: access.Act = "change", project: str = "") -> Controls:
    """Return `help` and `disabled` of a control that changes a project, by default the open one.

    For somebody who may only look it is disabled, and its help says why.
    """
    chosen = project or state.get("project")
    if chosen:
        decision = access.may(caches.workspace().project(chosen), act)
        if not decision.value:
            return {"help": decision.reason, "disabled": True}
    return {"help": help or "", "disabled": disabled}


def may_change(project: ProjectFolder) -> bool:
    """Return whether the person may change a project, for what a page would start by itself."""
    return access.may(project, "change").value


def tell_viewer() -> None:
    """Say that the open project can be looked at only."""
    try:
        sharing = access.sharing_of(caches.workspace().project(state.get("project")))
        if sharing.role(acting()) == "viewer":
            whose = f"{errors.plain(sharing.owner)} shares this project with you" if sharing.owner else "This project is shared"
            st.caption(f":material/visibility: {whose} to look at, not to change.")
    except AutoMLError:
        return  # the page itself says what is wrong


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
    known = claims() if get_script_run_ctx() is not None else {}
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
    audit.record(caches.workspace(), "signed-out", who=str(claims().get("email", "")))
    st.logout()

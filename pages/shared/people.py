"""Who looks at the pages, by Streamlit's own login, and what they may not press."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.secrets import secrets_singleton

from automl_core.errors import AccessError, AutoMLError
from automl_core.people import access
from automl_core.people.entry import check_listening, person_of
from automl_core.people.person import Person, acting, owner
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

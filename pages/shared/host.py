"""The job host is woken once a server, in the background, so that the first run need not wait for its engines."""

from __future__ import annotations

import threading

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import Workspace
from pages.shared import errors


def warm() -> None:
    """Wake the job host unless this server already did; returns at once."""
    _warm_once(str(Workspace.default().root))


@st.cache_resource(max_entries=4, show_spinner=False)
def _warm_once(root: str) -> bool:
    threading.Thread(target=_wake, name="wake-host", daemon=True).start()
    return True


def _wake() -> None:
    try:
        from automl_core.jobs.client import warm

        warm(Workspace.default())
    except (AutoMLError, OSError, ImportError) as error:
        errors.log(error)  # the first job wakes the host again and shows what is wrong beside its button

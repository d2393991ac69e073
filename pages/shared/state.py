"""The one module that owns session keys and URL parameters.

Which project, dataset, run and model a page shows stands in the URL, so that a link can be sent, a reload restores, and
two tabs differ. Streamlit drops the parameters when a page is chosen in the sidebar; `sync`, called at the top of every
rerun, puts them back from the session's copy. Session state holds these ids and small form drafts, nothing else.
"""

from __future__ import annotations

import contextlib
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

IDS = ("project", "dataset", "run", "model")
"""From upstream to downstream: choosing one clears those after it. `model` is a candidate id of the run."""

_PREFIX = "id_"
_NOTICE = "notice"


def sync() -> None:
    """Bring URL and session together; the URL wins wherever it names a project."""
    if st.query_params.get("project"):
        for name in IDS:
            st.session_state[_PREFIX + name] = st.query_params.get(name, "")
    else:
        _write_url()


def get(name: str) -> str:
    """Return the chosen id, empty when none is chosen."""
    _check(name)
    return str(st.session_state.get(_PREFIX + name, ""))


def ids() -> dict[str, str]:
    """Return the chosen ids without the empty ones, as URL parameters."""
    return {name: get(name) for name in IDS if get(name)}


def choose(**chosen: str) -> None:
    """Choose ids and clear what is downstream of them.

    Choosing what is chosen already changes nothing, and filling an empty id keeps what a link named downstream of it.
    ``choose(run="")`` clears the run and its model.
    """
    new = after(**chosen)
    for name in IDS:
        st.session_state[_PREFIX + name] = new.get(name, "")
    _write_url()


def choose_in(name: str, key: str) -> None:
    """Choose the id that stands in the widget of this key: as its callback, so that the page is drawn once and not twice."""
    choose(**{name: st.session_state[key]})


def after(**chosen: str) -> dict[str, str]:
    """Return the ids that `choose` would leave, as URL parameters for a link."""
    new = ids()
    for name in IDS:
        if name not in chosen:
            continue
        _check(name)
        if new.get(name) and new[name] != chosen[name]:
            for downstream in IDS[IDS.index(name) :]:
                new.pop(downstream, None)
        if chosen[name]:
            new[name] = chosen[name]
    unknown = set(chosen) - set(IDS)
    if unknown:
        raise KeyError(f"{sorted(unknown)} are no ids; the ids are {IDS}")
    return new


def draft(key: str, default: Any = None) -> Any:
    """Return a small serializable value that outlives its widgets, such as an opened row; see `put_draft`."""
    return st.session_state.get(f"draft_{key}", default)


def put_draft(key: str, value: Any) -> None:
    """Keep a small serializable value for this browser tab."""
    st.session_state[f"draft_{key}"] = value


def say(sentence: str) -> None:
    """Show a sentence once, after the next rerun or on the next page."""
    st.session_state[_NOTICE] = sentence


def take_notice() -> str:
    """Return what `say` left, once."""
    return str(st.session_state.pop(_NOTICE, ""))


def forget_strangers() -> None:
    """Drop what a browser says of widgets that this session has not drawn; called when a page is drawn to its end.

    A browser that is open while the server is started again says so of all that it shows, such as a step's settings that
    were opened. Streamlit drops that too, but only after it has looked whether the session can be stored, and fails there.
    """
    context = get_script_run_ctx()
    with contextlib.suppress(AttributeError):  # fields of Streamlit's own, which another version may name otherwise
        said = context.session_state._state._new_widget_state
        for widget_id in [name for name in said.states if name not in said.widget_metadata]:
            del said.states[widget_id]


def _write_url() -> None:
    wanted = ids()
    current = {name: st.query_params[name] for name in IDS if name in st.query_params}
    if wanted == current:
        return
    for name in IDS:
        if name in wanted:
            st.query_params[name] = wanted[name]
        elif name in st.query_params:
            del st.query_params[name]


def _check(name: str) -> None:
    if name not in IDS:
        raise KeyError(f"{name!r} is no id; the ids are {IDS}")

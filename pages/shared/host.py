"""What a server does once, in the background: it wakes the job host, and loads what the pages behind the first one need."""

from __future__ import annotations

import threading
from importlib import import_module

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import Workspace
from pages.shared import errors

AHEAD = (
    "plotly.graph_objects",
    "automl_core.profiling.profile",
    "automl_core.charts.profile",
    "automl_core.cleaning.preview",
    "automl_core.cleaning.propose",
    "automl_core.cleaning.store",
)
"""Modules that Explore and Clean would otherwise load while somebody waits for the page."""


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


def load_ahead() -> None:
    """Load the modules of `AHEAD` unless this server already did; returns at once. Called when the first page is drawn."""
    _load_once()


@st.cache_resource(max_entries=1, show_spinner=False)
def _load_once() -> bool:
    threading.Thread(target=_load, name="load-ahead", daemon=True).start()
    return True


def _load() -> None:
    try:
        for name in AHEAD:
            import_module(name)
        # Plotly loads the classes of a chart when the first one is made.
        graph_objects = import_module("plotly.graph_objects")
        graph_objects.Figure({"data": [{"type": "bar"}], "layout": {"xaxis": {}, "yaxis": {}, "legend": {}}}).to_dict()
        _try_rules()
    except ImportError as error:
        errors.log(error)  # the page that needs it says so in its place


def _try_rules() -> None:
    """Hold two rules against a row: the first ones wait for their engine and for the parser of conditions."""
    import pandas as pd

    from automl_core.cleaning.rules import Rule
    from automl_core.engines.pandera import check_rules

    check_rules(pd.DataFrame({"x": [1.0], "y": [2.0]}), (Rule("range", "x", 0.0, 1.0), Rule("relation", text="x < y")))

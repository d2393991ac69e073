"""What a server does for all sessions: it wakes the job host, loads what later pages need, and keeps the collector from it."""

from __future__ import annotations

import gc
import sys
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


MANY = 50
"""Modules whose objects are worth another `spare_collector`."""
_SPARED = {"modules": 0}
"""How many there were at the last one: of the process, not of Streamlit's caches, which can be emptied."""


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


def spare_collector() -> None:
    """Take what was imported out of the garbage collector's sight, when much was since the last time.

    Streamlit collects after every run of a page, and looking at the libraries' 170,000 objects again took 120 ms each time:
    most of what a click cost, and of what a page takes that follows a job.
    """
    if len(sys.modules) >= _SPARED["modules"] + MANY:
        _SPARED["modules"] = len(sys.modules)
        gc.collect()
        gc.freeze()

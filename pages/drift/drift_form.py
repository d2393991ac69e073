"""How new rows are compared: rule, method, time line."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import errors

RULES = {"effect": "By what matters", "evidently": "By the methods' thresholds"}
PERIODS = {"D": "By day", "W": "By week", "M": "By month", "Q": "By quarter"}
CHUNKS = {"": "No time line", "rows": "By number of rows", **PERIODS}


def ask(columns: dict[str, str]) -> dict[str, Any]:
    """Ask for the settings of a comparison; returns fields of `drift.check.DriftSettings`.

    Parameters
    ----------
    columns : dict of str to str
        The kinds of the old table's columns, by name; empty where they are not known.
    """
    from automl_core.drift.methods import METHODS

    settings: dict[str, Any] = {}
    with st.expander("Settings", icon=":material/settings:"):
        chunk = st.selectbox(
            "Time line", list(CHUNKS), format_func=CHUNKS.get, key="drift_chunk",
            help="Also compares the rows piece by piece. Days, weeks and months need a column of dates.",
        )  # fmt: skip
        if chunk == "rows":
            chunk = str(
                st.number_input(
                    "Rows in a piece", 50, 1_000_000, 1000, 50, key="drift_chunk_rows",
                    help="Pieces of so many rows, one after another.",
                )
            )  # fmt: skip
        if chunk:
            settings |= _date(chunk, [name for name, kind in columns.items() if kind == "date"])
        settings["rule"] = st.selectbox(
            "Verdict", list(RULES), format_func=RULES.get, key="drift_rule",
            help="By what matters: what moved beyond chance, weighted by how much the model depends on it; the size of the file "
            "does not change it. By the methods' thresholds: as Evidently does, a table drifted when half of its columns did.",
        )  # fmt: skip
        method = st.selectbox(
            "Method", ["", *METHODS], format_func=lambda name: METHODS[name].label if name else "What fits each column",
            key="drift_method", help="Columns that it cannot compare keep the one that fits.",
        )  # fmt: skip
        settings["method"] = method
        if method:
            found = METHODS[method]
            st.caption(found.explanation)
            settings["thresholds"] = {
                method: st.number_input(
                    "Threshold", 0.0, 1.0, found.threshold, 0.01, key=f"drift_threshold_{method}",
                    help="A column drifted below it, for tests, or from it on, for distances.",
                )
            }  # fmt: skip
        if own := _own_methods(columns):
            settings["methods"] = own
        settings["chunk"] = chunk
    return settings


def _date(chunk: str, dates: list[str]) -> dict[str, str]:
    """Ask which column of dates the time line goes by; nothing where there is none."""
    if chunk in PERIODS and not dates:
        st.caption(":material/info: No column of dates is known. Where the rows have none, choose a number of rows.")
    if not dates:
        return {}
    return {
        "date": st.selectbox(
            "By the column", dates if chunk in PERIODS else ["", *dates], key=f"drift_date_{chunk in PERIODS}",
            format_func=lambda name: name or "As the rows stand in the file",
            help="The dates that say which piece a row belongs to.",
        )
    }  # fmt: skip


def _own_methods(columns: dict[str, str]) -> dict[str, str]:
    """Ask which columns are compared by a method of their own, and by which."""
    from automl_core.drift.methods import METHODS

    comparable = [name for name, kind in columns.items() if kind != "id"]
    chosen = st.multiselect(
        "Columns with a method of their own", comparable, key="drift_own", help="All others are compared as chosen above."
    )
    found = {}
    for name in chosen:
        counted = columns[name] in ("category", "boolean")
        fitting = [one for one, method in METHODS.items() if (method.counted if counted else method.ordered)]
        found[name] = st.selectbox(
            f"Method of {errors.plain(name)}", fitting, format_func=lambda one: METHODS[one].label, key=f"drift_own_{name}",
            help="Its threshold is the usual one of the method.",
        )  # fmt: skip
    return found

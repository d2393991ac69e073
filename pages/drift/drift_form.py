"""How new rows are compared: rule, method, time line."""

from __future__ import annotations

from typing import Any

import streamlit as st

RULES = {"effect": "By what matters", "evidently": "By the methods' thresholds"}
CHUNKS = {"": "No time line", "rows": "By number of rows", "D": "By day", "W": "By week", "M": "By month", "Q": "By quarter"}


def ask() -> dict[str, Any]:
    """Ask for the settings of a comparison; returns fields of `drift.check.DriftSettings`."""
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
                    help="In the order in which the rows stand in the file.",
                )
            )  # fmt: skip
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
        settings["chunk"] = chunk
    return settings

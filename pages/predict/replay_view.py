"""What each step of the recipe did to the rows that were predicted."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.shared import caches, errors


def draw(report: Path) -> None:
    """Draw the steps of a prediction's report; an older one has none."""
    if not report.exists():
        return
    found = caches.result(report)
    if found.get("aside"):
        rows = "1 row has" if found["aside"] == 1 else f"{found['aside']:,} rows have"
        st.warning(f"{rows} no prediction: a rule of the table sets them aside.", icon=":material/rule:")
    steps = found.get("steps", [])
    if steps:
        with st.expander("What each step did to these rows"):
            for step in steps:
                st.markdown(f"- {errors.plain(step['title'])}: **{errors.plain(step['sentence'])}**")

"""Calibration: which row's probabilities are set right, how, and what that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, state
from pages.tune import orders

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.workspace import ProjectFolder


def calibrate(project: ProjectFolder, run: Run) -> None:
    """Ask which row is calibrated and how, start it, and draw what the newest calibration did."""
    from automl_core.combining.calibrate import HOWS
    from automl_core.worker.combined import Order

    if run.config.task == "regression":
        st.info("This run predicts numbers. What is calibrated are the probabilities of labels.", icon=":material/info:")
        return
    rows = {row.id: row for row in run.leaderboard().ranked() if row.state == "scored" and not row.calibration}
    chosen = state.get("model") if state.get("model") in rows else next(iter(rows))
    name = st.selectbox(
        "Model", list(rows), index=list(rows).index(chosen), format_func=lambda name: orders.told(rows[name]),
        key=f"calibrate_model_{run.id}", help="Any row of the leaderboard that gives probabilities, best first.",
    )  # fmt: skip
    how = st.segmented_control(
        "Curve", list(HOWS), default="isotonic", required=True, format_func=str.capitalize, key="calibrate_how",
        help="How the probabilities are set right. The order of the rows stays, but for ties.",
    )  # fmt: skip
    st.caption(HOWS[how])  # type: ignore[index]  # of HOWS, since it is required
    orders.start(project, run, Order(how, (name,)), "Calibrate", "calibrate_start")  # type: ignore[arg-type]
    orders.newest(project, run, ("isotonic", "sigmoid"), "calibrate", _curve)


def _curve(run: Run, row: Candidate) -> None:
    from automl_core.charts.calibration import reliability_figure
    from automl_core.combining.calibrate import load_check

    check = load_check(run, row)
    icon = ":material/trending_up:" if check.helped else ":material/trending_flat:"
    st.markdown(f"{icon} {errors.plain(check.sentence)}")
    labels = list(check.curves)
    label = labels[0]
    if len(labels) > 1:
        label = st.selectbox("Label", labels, key=f"calibrate_label_{row.id}", help="Each label has a curve of its own.")
    st.plotly_chart(
        reliability_figure(check, label), key=f"calibrate_{row.id}_{label}", config={"displayModeBar": False},
        alt=f"Predicted probability of {label} against how often it came true, before and after",
    )  # fmt: skip
    st.caption("On the dashed line a probability of 30 % means that 30 of 100 such rows had it. Bars are 95 % intervals.")

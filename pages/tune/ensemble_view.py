"""Ensembles by hand: what is made of which rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, job_state, layout, state
from pages.tune import orders

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.worker.combined import Order
    from automl_core.workspace import ProjectFolder

WAYS = {"blend": "Blend", "stack": "Stack", "bag": "Bag", "boost": "Boost"}
SAID = {
    "blend": "A weighted mean of what several models predict.",
    "stack": "A final model learns from what several models predict for rows that they had not seen.",
    "bag": "One model many times, each on a random draw of the rows; steadies models that jump.",
    "boost": "One model many times, each on rows weighed by what the ones before got wrong; for simple models.",
}
WEIGHTS = {"same": "All the same", "hand": "By hand", "greedy": "Chosen on out-of-fold predictions"}


def combine(project: ProjectFolder, run: Run) -> None:
    """Ask what is made of which rows, start it, and draw the newest that was made."""
    rows = {row.id: row for row in run.leaderboard().ranked() if row.state == "scored" and row.role != "baseline"}
    if not rows:
        layout.empty("No model of this run has a score that could be combined.", "compare", "Compare models")
        st.stop()
    how = st.segmented_control(
        "Way", list(WAYS), default="blend", required=True, format_func=WAYS.__getitem__, key="ensemble_how",
        help="What is made of the chosen rows; the result joins the leaderboard, and nothing is replaced.",
    )  # fmt: skip
    st.caption(SAID[str(how)])
    order: Order | None = None
    with errors.shown():
        order = _several(str(how), rows, run) if how in ("blend", "stack") else _repeated(str(how), rows, run)
    orders.start(project, run, order, "Make it", "ensemble_start")
    orders.newest(project, run, ("bag", "boost", "blend", "stack"), "ensemble")


def _several(how: str, rows: dict[str, Candidate], run: Run) -> Order:
    from automl_core.combining.blend import check_weights
    from automl_core.combining.rows import is_mean
    from automl_core.combining.stack import FINALS
    from automl_core.errors import InputError
    from automl_core.worker.combined import Order

    may = {name: row for name, row in rows.items() if (is_mean(row) if how == "blend" else not row.members)}
    singles = [name for name, row in may.items() if not row.members]
    names = st.multiselect(
        "Models", list(may), default=singles[:3] if len(singles) > 1 else [], format_func=lambda name: orders.told(may[name]),
        key=f"ensemble_rows_{how}_{run.id}", help="Two or more, best first. Models of different kinds gain most together.",
    )  # fmt: skip
    if how == "stack":
        final = st.selectbox(
            "Final model", list(FINALS), format_func=lambda name: FINALS[name].label, key="ensemble_final",
            help="What learns from the models' predictions.",
        )  # fmt: skip
        st.caption(FINALS[final].sentence)
        order = Order("stack", tuple(names), final=final)
    else:
        kind = st.selectbox(
            "Weights", list(WEIGHTS), format_func=WEIGHTS.__getitem__, key="ensemble_weights",
            help="How much each model counts. Chosen weights are judged on rows that did not choose them.",
        )  # fmt: skip
        weights = _weights(names, rows) if kind == "hand" else {}
        check_weights([rows[name] for name in names], weights)
        order = Order("blend", tuple(names), weights=weights, greedy=kind == "greedy")
    if len(names) < 2:
        raise InputError("Fewer than two models are chosen.", action="Choose another one.")
    return order


def _weights(names: list[str], rows: dict[str, Candidate]) -> dict[str, float]:
    if not names:
        return {}
    edited = st.data_editor(
        [{"Model": rows[name].name, "Weight": 1.0} for name in names],
        key=f"ensemble_table_{'_'.join(names)}",
        hide_index=True,
        disabled=["Model"],
        num_rows="fixed",
        column_config={"Weight": st.column_config.NumberColumn(min_value=0.0, help="Only the shares of their sum count.")},
    )
    return {name: float(row["Weight"] or 0.0) for name, row in zip(names, edited, strict=True)}


def _repeated(how: str, rows: dict[str, Candidate], run: Run) -> Order:
    from automl_core.errors import InputError
    from automl_core.worker.combined import Order

    may = {
        name: row for name, row in rows.items()
        if row.role == "model" and row.spec and (how == "bag" or not row.spec.get("early_stopping"))
    }  # fmt: skip
    if not may:
        raise InputError(
            "No row of this run can be used.", "It takes a single model that does not stop early." if how == "boost" else "",
            "Choose another way.",
        )  # fmt: skip
    chosen = state.get("model") if state.get("model") in may else next(iter(may))
    left, right = st.columns([3, 1])
    with left:
        name = st.selectbox(
            "Model", list(may), index=list(may).index(chosen), format_func=lambda name: orders.told(may[name]),
            key=f"ensemble_row_{how}_{run.id}", help="A single model of the leaderboard, best first.",
        )  # fmt: skip
    with right:
        copies = st.number_input(
            "Copies", min_value=2, max_value=50, value=10, key="ensemble_copies",
            help="More steady the result and make every prediction slower.",
        )  # fmt: skip
    st.caption(f"About {job_state.duration(may[name].fit_seconds * copies)} of fitting on one core.")
    return Order(how, (name,), copies=int(copies))  # type: ignore[arg-type]  # of How, by the control

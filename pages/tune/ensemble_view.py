"""Ensembles by hand and calibration: what is made of which rows, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.leaderboard import in_words
from automl_core.workspace import ProjectFolder, read_json
from pages.shared import errors, job_state, jobs, layout, people, state

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.worker.combined import Order

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
    _start(project, run, order, "Make it", "ensemble_start")
    _newest(project, run, ("bag", "boost", "blend", "stack"), "ensemble")


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
        "Model", list(rows), index=list(rows).index(chosen), format_func=lambda name: _told(rows[name]),
        key=f"calibrate_model_{run.id}", help="Any row of the leaderboard that gives probabilities, best first.",
    )  # fmt: skip
    how = st.segmented_control(
        "Curve", list(HOWS), default="isotonic", required=True, format_func=str.capitalize, key="calibrate_how",
        help="How the probabilities are set right. The order of the rows stays, but for ties.",
    )  # fmt: skip
    st.caption(HOWS[how])  # type: ignore[index]  # of HOWS, since it is required
    _start(project, run, Order(how, (name,)), "Calibrate", "calibrate_start")  # type: ignore[arg-type]
    _newest(project, run, ("isotonic", "sigmoid"), "calibrate")


def _several(how: str, rows: dict[str, Candidate], run: Run) -> Order:
    from automl_core.combining.blend import check_weights
    from automl_core.combining.rows import is_mean
    from automl_core.combining.stack import FINALS
    from automl_core.errors import InputError
    from automl_core.worker.combined import Order

    may = {name: row for name, row in rows.items() if (is_mean(row) if how == "blend" else not row.members)}
    singles = [name for name, row in may.items() if not row.members]
    names = st.multiselect(
        "Models", list(may), default=singles[:3] if len(singles) > 1 else [], format_func=lambda name: _told(may[name]),
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
            "Model", list(may), index=list(may).index(chosen), format_func=lambda name: _told(may[name]),
            key=f"ensemble_row_{how}_{run.id}", help="A single model of the leaderboard, best first.",
        )  # fmt: skip
    with right:
        copies = st.number_input(
            "Copies", min_value=2, max_value=50, value=10, key="ensemble_copies",
            help="More steady the result and make every prediction slower.",
        )  # fmt: skip
    st.caption(f"About {job_state.duration(may[name].fit_seconds * copies)} of fitting on one core.")
    return Order(how, (name,), copies=int(copies))  # type: ignore[arg-type]  # of How, by the control


def _start(project: ProjectFolder, run: Run, order: Order | None, label: str, key: str) -> None:
    clicked = st.button(
        label, key=key, type="primary", icon=":material/join:",
        **people.changing("Joins the leaderboard as a row of its own.", disabled=order is None),
    )  # fmt: skip
    if clicked and order is not None:
        with errors.shown() as started, st.spinner("Starting"):
            jobs.start(project, "combine", {"run": run.id, "order": order.to_dict()})
        if not started.failed:
            st.rerun()


def _newest(project: ProjectFolder, run: Run, hows: tuple[str, ...], key: str) -> None:
    """Follow the newest order of one of these kinds, and draw its row."""
    for job_id in project.list("jobs"):
        try:
            request = read_json(project.job(job_id) / "request.json")
        except AutoMLError:
            continue  # a folder that is being made
        params = request.get("params", {})
        if request.get("kind") == "combine" and params.get("run") == run.id and params["order"]["how"] in hows:
            following = jobs.panel(project, job_id, key=f"{key}_{job_id}")
            if following.state == "finished":
                _made(project, job_id, run)
            return


def _made(project: ProjectFolder, job_id: str, run: Run) -> None:
    from automl_core.events import Finished, read_events
    from automl_core.relearning import held_out

    events, _ = read_events(project.job(job_id) / "events.jsonl")
    found = next((event.result for event in reversed(events) if isinstance(event, Finished)), {})
    board = run.leaderboard()
    if found.get("candidate") not in [row.id for row in board]:
        return
    row, best = board[found["candidate"]], board.ranked()[0]
    label = board.label or board.metric
    with st.container(border=True):
        st.markdown(f"{errors.plain(row.name)}: **{errors.plain(label)} {in_words(row.score or 0.0, row.spread)}**")
        if best.id != row.id:
            st.caption(f"The best row is {errors.plain(best.name)} with {in_words(best.score or 0.0, best.spread)}.")
        if (verdict := held_out(run, row.id)) is not None:
            st.caption(f"On the held-out rows: {in_words(verdict.value)}.")
        if row.members and len(row.members) > 1 and not row.stack and not row.calibration:
            _members(row, {one.id: one.name for one in board})
        layout.link_to("explain", "Inspect it", model=row.id)
    if row.calibration:
        _calibration(run, row)


def _members(row: Candidate, names: dict[str, str]) -> None:
    if any(name not in names for name in row.members):
        return  # the draws of a bag, which all count the same
    told = ", ".join(f"{errors.plain(names[name])} {weight:.0%}" for name, weight in row.members.items())
    st.caption(f"Made of {told}.")


def _calibration(run: Run, row: Candidate) -> None:
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


def _told(row: Candidate) -> str:
    return f"{row.name}, {in_words(row.score or 0.0, row.spread)}"

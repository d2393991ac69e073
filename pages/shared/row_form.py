"""A form for one row: the columns the model learned from, filled with a usual row, and what the model says to it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from automl_core.leaderboard import Candidate
    from automl_core.predicting import FormField, RowPrediction
    from automl_core.runs import Run
    from automl_core.scoring.bundle import Model

METRIC = 20
"""Most letters of a prediction that a metric shows whole."""
OUTCOMES = 5
"""Most outcomes whose probability is drawn."""


def draw_form(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the form of one model, and its prediction once it was sent."""
    bundle = result_of(
        project,
        run,
        candidate,
        "model",
        run.model,
        label="Load the model",
        why="Packs the model once, so that it can answer here.",
        icon=":material/inventory_2:",
    )
    if bundle is None:
        return
    from automl_core.predicting import row_form

    with st.spinner("Loading the model"):
        model = caches.model(bundle)
    fields = row_form(model)
    with st.form(f"predict_form_{candidate.id}", border=False):
        with st.grid("auto", min_column_width=200):
            values: dict[str, Any] = {field.column: ask(field, f"predict_field_{field.column}") for field in fields}
        sent = st.form_submit_button(
            "Predict this row", icon=":material/online_prediction:", help="A field that is left empty counts as missing."
        )
    if not sent:
        return
    with errors.shown():
        answer = _answered(project, run, candidate, model, values)
        _draw_answer(model, answer)


def tell_threshold(model: Model) -> None:
    """Say above which probability the event is predicted where that is not one half, as it looks wrong otherwise."""
    if len(model.classes) == 2 and model.threshold != 0.5:
        from automl_core.evaluation.wording import decided_above

        if told := decided_above(model.target, model.positive, model.threshold):
            st.caption(f":material/rule: {errors.plain(told)}")


def _answered(project: ProjectFolder, run: Run, candidate: Candidate, model: Model, values: dict[str, Any]) -> RowPrediction:
    """Return the prediction for one row; logged where the model is registered and its log is on."""
    import time

    from automl_core.monitoring.log import log_row, version_of
    from automl_core.predicting import predict_row

    started = time.perf_counter()
    version = version_of(project, run.id, candidate.id)
    try:
        answer = predict_row(model, values)
    except AutoMLError as error:
        if version is not None:
            log_row(*version, model, values, None, time.perf_counter() - started, error=error.received)
        raise
    if version is not None:
        with errors.shown():  # the prediction is shown, whatever becomes of its line in the log
            log_row(*version, model, values, answer, time.perf_counter() - started)
    return answer


def ask(field: FormField, key: str) -> Any:
    """Ask for the value of one column; `key` is the widget's."""
    from automl_core.data.wording import cut

    label = errors.plain(cut(field.column, 60))
    if field.choices:
        known = field.default in ("", *field.choices)
        options = ["", *field.choices] if known else ["", str(field.default), *field.choices]
        index = options.index(field.default) if field.default in options else 0
        return st.selectbox(label, options, index=index, key=key, help="Empty counts as missing.", accept_new_options=True)
    learned = (
        f", {field.low:,.6g} to {field.high:,.6g} in the training rows"
        if field.low is not None and field.high is not None
        else ""
    )
    if field.kind == "number":
        # The widget gives a number, so that no decimal mark or unit of the training table comes into it.
        default = float(field.default) if field.default != "" else None
        whole = field.whole and (default is None or default.is_integer())
        return st.number_input(
            label,
            value=int(default) if whole and default is not None else default,
            step=1 if whole else _step(field),
            format="%d" if whole else "%.6g",
            key=key,
            help=f"A number{learned}. Empty counts as missing.",
        )
    words = "A date, as in the training table" if field.kind == "date" else "Words"
    return st.text_input(label, str(field.default), key=key, help=f"{words}. Empty counts as missing.")


def _step(field: FormField) -> float:
    """Return what a press of plus or minus changes: a power of ten near a hundredth of the range."""
    spread = (field.high - field.low) if field.high is not None and field.low is not None else 0.0
    return 10.0 ** math.floor(math.log10(spread / 30)) if spread > 0 else 0.01


def draw_said(target: str, shown: str) -> None:
    """Draw what is predicted; a long label in letters that wrap, where a metric would be cut."""
    if len(shown) <= METRIC and len(target) <= 2 * METRIC:
        st.metric(errors.plain(target), shown)
        return
    st.caption(errors.plain(target))
    st.markdown(f"**{errors.plain(shown)}**")


def draw_shares(probabilities: Mapping[str, float]) -> None:
    """Draw the probabilities of the outcomes, the likeliest first."""
    ranked = sorted(probabilities.items(), key=lambda entry: -entry[1])
    for label, share in ranked[:OUTCOMES]:
        st.progress(min(max(share, 0.0), 1.0), text=f"{errors.plain(label)}: {100 * share:.1f} %")
    if len(ranked) > OUTCOMES:
        rest = len(ranked) - OUTCOMES
        st.caption("One other outcome has the rest." if rest == 1 else f"{rest:,} other outcomes share the rest.")


def _draw_answer(model: Model, answer: RowPrediction) -> None:
    from automl_core.profiling.wording import number

    shown = number(answer.prediction) if isinstance(answer.prediction, float) else answer.prediction
    with st.container(border=True):
        draw_said(model.target, shown)
        draw_shares(answer.probabilities)
        tell_threshold(model)
    for difference in answer.differences:
        st.warning(errors.plain(difference.sentence), icon=":material/warning:")
    for sentence in answer.rules:
        st.warning(errors.plain(sentence), icon=":material/rule:")

"""What a model says to one row: the prediction, why in words and as a waterfall, rows like it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors, row_form
from pages.whatif import whatif_cache

if TYPE_CHECKING:
    from automl_core.runs import Run
    from automl_core.scoring.bundle import Model
    from automl_core.whatif.answer import Answer

BARE = {"displayModeBar": False}


def draw_answer(model: Model, answer: Answer, known: str) -> None:
    """Draw the prediction and its warnings."""
    with st.container(border=True):
        row_form.draw_said(answer.target, answer.shown)
        row_form.draw_shares(answer.probabilities)
        row_form.tell_threshold(model)
        for icon, sentence in (("expand", answer.range), ("payments", answer.worth)):
            if sentence:
                st.caption(f":material/{icon}: {errors.plain(sentence)}")
        if known:
            st.caption(f"In the table the outcome of the row it started from is {errors.plain(known)}.")
    for sentence in answer.warnings:
        st.warning(errors.plain(sentence), icon=":material/warning:")


def draw_why(answer: Answer) -> None:
    """Say why in words, then draw it, then tell every number."""
    from automl_core.charts.reasons import READING, waterfall_figure, waterfall_rows
    from automl_core.profiling.wording import number, percent
    from automl_core.whatif.answer import why_sentences

    for sentence in why_sentences(answer):
        st.markdown(errors.plain(sentence))
    unit = " Beside each bar is by how many percentage points it moves." if answer.chance is not None else ""
    st.caption(READING["waterfall"] + unit)
    st.plotly_chart(waterfall_figure(answer), key="whatif_waterfall", config=BARE, alt="What each column added")
    with st.expander("As a table", icon=":material/table:"):
        st.dataframe(waterfall_rows(answer), hide_index=True, key="whatif_contributions", alt="What each column added")
    told = []
    if answer.scale == "log_odds":
        told.append("How much a column moves the probability depends on its turn; those that matter most come first.")
        if abs(answer.gap) >= 5e-4:
            told.append(
                "The model averages the probabilities of its parts, the contributions their log-odds: their sum is "
                f"{100 * answer.summed:.1f} %, {100 * abs(answer.gap):.2g} percentage points from the model's own."
            )
    sampled = [member for member in answer.members if not member.exact]
    if sampled:
        weight = sum(member.weight for member in sampled)
        told.append(
            f"{percent(weight)} of the model is explained by sampling, with a standard error of {number(sampled[0].error, 2)}."
        )
    for sentence in told:
        st.caption(f":material/info: {sentence}")


def draw_exact(run: Run, bundle: Path, model: Model, values: dict[str, Any]) -> None:
    """Offer contributions that add up to the prediction itself, by sampling."""
    from automl_core.charts.reasons import exact_rows
    from automl_core.profiling.wording import counted, number
    from automl_core.whatif.answer import exact_sum

    if not st.button(
        "Exact sum by sampling",
        key="whatif_exact",
        icon=":material/functions:",
        help="Shares out the prediction itself, in its own unit, by asking the model many mixed rows. Takes some seconds.",
    ):
        return
    with st.spinner("Asking the model many mixed rows"):
        background = whatif_cache.unknown(run, bundle)
        shares = exact_sum(model, background, values)
    place = int(shares.predicted[0].argmax()) if len(shares.outputs) > 1 else 0
    base, total = float(shares.base[place]), float(shares.base[place] + shares.values[0, :, place].sum())
    ends = [f"{100 * value:.1f} %" for value in (base, total)] if model.classes else [number(base), number(total)]
    what = f"the probability of {shares.outputs[place]}" if model.classes else shares.outputs[place]
    rows = exact_rows(shares, place, share=bool(model.classes))
    right = {name: st.column_config.TextColumn(alignment="right") for name in list(rows[0])[1:]}
    st.dataframe(rows, hide_index=True, key="whatif_exact_table", alt="Contributions that add up exactly", column_config=right)
    st.caption(
        f"On average over {counted(len(background), 'row', 'rows')} {errors.plain(what)} is {ends[0]}; with what each column of "
        f"this row adds it is {ends[1]}, the prediction itself."
    )


def draw_similar(run: Run, bundle: Path, model: Model, values: dict[str, Any], weights: dict[str, float]) -> None:
    """Draw the training rows most like the row, with their outcomes."""
    from automl_core.data.wording import cut
    from automl_core.predicting import read_row
    from automl_core.profiling.wording import percent
    from automl_core.whatif.neighbours import looked_through, outcomes_sentence

    known = whatif_cache.neighbours(run, bundle, weights)
    if known is None:
        if model.manifest.get("real_rows") == 0:
            st.caption("This model was packed without real rows, so none are shown.")
        else:
            st.caption("The table this run learned from is no longer in the project, so no rows like this one can be shown.")
        return
    found = known.similar(read_row(model, values).typed)
    if found:
        st.markdown(errors.plain(outcomes_sentence(model, found)))
    rows = [{"Alike": percent(row.alike), model.target: cut(row.outcome), **row.cells} for row in found]
    st.dataframe(rows, hide_index=True, key="whatif_similar", alt="Training rows like this one")
    left = [name for name in model.used if name not in known.columns]
    hidden = f" Columns with personal data are left out: {errors.plain(', '.join(left))}." if left else ""
    st.caption(
        f"{looked_through(known)} A column counts as much as it moves predictions; numbers are as far apart as their "
        f"ranks.{hidden}"
    )

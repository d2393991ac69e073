"""Whether an explanation can be believed: a small tree that says about the same, and the checks of the contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.explain import rules_table

if TYPE_CHECKING:
    from automl_core.explaining.reasons import Reasons


def draw_tree(reasons: Reasons) -> None:
    """Draw a small tree that stands for the model, with how far it can be believed."""
    from automl_core.profiling.wording import percent

    found = reasons.surrogate
    if found is None:
        st.caption("There are too few rows to grow a small tree, or the model predicts the same for all of them.")
        return
    st.caption(
        "A small tree that was grown on what the model predicts. It is not the model, only about the same: believe it as far "
        "as the shares below go. A missing number counts as the column's median."
    )
    with st.container(horizontal=True):
        st.metric("Caught of the model", percent(max(found.r2, 0.0)), help="Share of the spread of the model's predictions.")
        if found.same is not None:
            st.metric("Decides alike", percent(found.same), help="Share of the rows for which both predict the same outcome.")
    st.caption(f"Grown on {found.grown:,} rows, judged on {found.judged:,} others.")
    labels = reasons.scale == "log_odds"
    rules_table.draw(found.rules, reasons.outputs, labels=labels, key="explain_surrogate", alt="Rules of the small tree")


def draw_belief(reasons: Reasons, names: dict[str, str]) -> None:
    """Draw whether contributions add up, stay the same, and agree; `names` are those of the candidates by id."""
    from automl_core.profiling.wording import number, percent

    st.subheader("Do the contributions add up?", anchor=False)
    rows = [
        {
            "Part of the model": names.get(member.candidate, member.candidate),
            "Weight": percent(member.weight),
            "Method": member.method + (", stretched to log-odds" if member.rescaled else ""),
            "Exact": "exact" if member.exact else f"sampled, ± {member.error:.2g}",
            "Adds up": f"yes, {member.gap:.1g} off" if member.adds_up else f"no, {member.gap:.1g} off",
            "Allowed": f"{member.allowed:.0e}",
        }
        for member in reasons.members
    ]
    st.markdown(
        "Yes: for each part, what the columns add is what the part says."
        if all(member.adds_up for member in reasons.members)
        else "No: for some parts what the columns add is not what the part says, so do not rely on the contributions."
    )
    st.dataframe(rows, hide_index=True, key="explain_members", alt="How each part of the model was explained")
    mean, worst = reasons.gap
    if reasons.scale == "value":
        st.caption(f"Start and contributions are the prediction: at most {number(worst, 2)} off.")
    elif sum(member.models for member in reasons.members) > 1:
        st.caption(
            "The model averages probabilities of its parts. Contributions are averages of their log-odds instead, by weight. "
            f"Their sum is {100 * mean:.2g} percentage points from the model's own probability on average, {100 * worst:.2g} at "
            "most. The What-if page offers an exact sum for one row, by sampling."
        )
    else:
        st.caption(f"Contributions add up to the model's own probability: at most {100 * worst:.1g} percentage points off.")
    st.subheader("Is it the same again?", anchor=False)
    steady = reasons.stability
    st.markdown(
        f"Yes: the {steady.of} columns that matter most are the same each time."
        if steady.common == steady.of
        else f"Mostly: of the {steady.of} columns that matter most {steady.common} are the same each time."
        if 2 * steady.common > steady.of
        else f"No: of the {steady.of} columns that matter most only {steady.common} are the same each time."
    )
    order = f"a rank correlation of at least {steady.correlation:.2f}" if steady.correlation is not None else "no ranking"
    st.caption(
        f"With {steady.seeds} seeds, each with {steady.rows:,} other rows: {order} between the orders of the columns; "
        f"{steady.common} of the first {steady.of} columns are the same for all seeds."
    )
    st.subheader("Do other methods say the same?", anchor=False)
    table = [
        {
            "One": entry.first,
            "Other": entry.second,
            "Rank correlation": "–" if entry.correlation is None else f"{entry.correlation:.2f}",
            "Same among the first": f"{entry.common} of {entry.of}",
        }
        for entry in reasons.agreement
    ]
    if reasons.agreement:
        least = min(reasons.agreement, key=lambda entry: entry.common / max(entry.of, 1))
        common = "all" if least.common == least.of else f"at least {least.common}"
        st.markdown(f"Of the {least.of} columns that matter most, any two methods have {common} in common.")
    st.dataframe(table, hide_index=True, key="explain_agreement", alt="Agreement of the methods")
    st.caption("1 is the same order of columns, 0 is chance. Columns that say the same thing lower it.")

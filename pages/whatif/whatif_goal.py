"""What a search for changes is asked: the goal, and rules for the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.predicting import FormField
    from automl_core.scoring.bundle import Model
    from automl_core.whatif.answer import Answer


def ask_goal(model: Model, answer: Answer) -> dict[str, Any]:
    """Ask what the model should say instead."""
    if model.classes:
        others = [name for name in model.classes if name != answer.prediction]
        others.sort(key=lambda name: -answer.probabilities[name])  # the nearest goal comes first
        label = st.selectbox("It should say", others, key="whatif_goal", help="The outcome to be reached.")
        return {"label": label, "low": None, "high": None}
    with st.container(horizontal=True):
        text = "The prediction should be in this range; leave one end empty for any."
        low = st.number_input("At least", value=None, key="whatif_least", help=text)
        high = st.number_input("At most", value=None, key="whatif_most", help=text)
    return {"label": "", "low": low, "high": high}


def ask_rules(fields: list[FormField]) -> list[dict[str, Any]]:
    """Ask what may be changed, and how."""
    names = [field.column for field in fields]
    ordered = [field.column for field in fields if field.kind in ("number", "date")]
    with st.expander("Rules: what may be changed", icon=":material/rule:"):
        fixed = st.multiselect("Stay as they are", names, key="whatif_fixed", help="Such as age or sex, which nobody can change.")
        up = st.multiselect(
            "May only rise", [name for name in ordered if name not in fixed], key="whatif_up", help="Such as years."
        )
        down = st.multiselect(
            "May only fall", [name for name in ordered if name not in (*fixed, *up)], key="whatif_down", help="Such as a debt."
        )
        limited = st.multiselect(
            "Have limits of their own",
            [name for name in names if name not in fixed],
            key="whatif_limited",
            help="A range, or some words.",
        )
        limits = {field.column: _limits(field) for field in fields if field.column in limited}
    ways = {**dict.fromkeys(fixed, "fixed"), **dict.fromkeys(up, "up"), **dict.fromkeys(down, "down")}
    chosen = [name for name in names if name in ways or name in limits]
    plain: dict[str, Any] = {"low": None, "high": None, "allowed": ()}
    return [{"column": name, "way": ways.get(name, "free"), **plain, **limits.get(name, {})} for name in chosen]


def _limits(field: FormField) -> dict[str, Any]:
    name = errors.plain(field.column)
    if field.kind == "number":
        with st.container(horizontal=True):
            low = st.number_input(
                f"{name}: from", value=field.low, key=f"whatif_low_{field.column}", help="Empty for the lowest."
            )
            high = st.number_input(
                f"{name}: to", value=field.high, key=f"whatif_high_{field.column}", help="Empty for the highest."
            )
        return {"low": low, "high": high}
    if field.kind == "date":
        import pandas as pd

        with st.container(horizontal=True):
            ends = [
                st.date_input(f"{name}: {word}", value=None, key=f"whatif_{word}_{field.column}", help="Empty for any.")
                for word in ("from", "to")
            ]
        low, high = (None if end is None else pd.Timestamp(end).timestamp() for end in ends)
        return {"low": low, "high": high}
    words = st.multiselect(f"{name}: allowed", field.choices, key=f"whatif_allowed_{field.column}", help="Empty for all.")
    return {"allowed": tuple(words)}

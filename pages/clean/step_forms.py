"""A form made from an operation's parameters, and the picture of what a step would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.data.wording import cut
from pages.clean import variants_form
from pages.shared import errors, layout

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from automl_core.cleaning.preview import Distribution, Preview
    from automl_core.cleaning.recipe import Step
    from automl_core.cleaning.steps import Param
    from automl_core.schema import Schema

CHOSEN = ("drop_columns", "order_columns", "change_kind", "parse_dates", "ratios")
"""Steps that do nothing before columns are chosen; others act on all that fit."""
BEFORE, AFTER = "#999999", "#0F766E"


def ask(step: Step, schema: Schema, prefix: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Draw one control for each parameter of a step and return what they say, in plain JSON types.

    `frame` is the table that the step meets, to find spelling variants in.
    """
    from automl_core.cleaning.steps import operation, value

    if step.op == "merge_variants":
        return variants_form.ask(step, schema, prefix, frame)
    said: dict[str, Any] = {}
    for param in operation(step).params:
        given = value(step, param.name)
        empty = "Choose columns" if step.op in CHOSEN else "All that fit"
        said[param.name] = _control(param, given, schema, f"{prefix}_{param.name}", empty) if param.says(said) else given
    return said


def lacking(step: Step) -> str:
    """Return what a new step still needs before it can be shown, empty when nothing."""
    from automl_core.cleaning.steps import operation, value

    for param in operation(step).params:
        given = value(step, param.name)
        if param.kind in ("formula", "pattern") and not given:
            return f"Write the {param.label.lower()} to see what it does."
        if step.op == "merge_variants" and param.kind == "mapping" and not given:
            return "Nothing would be merged: tick a group, or find variants another way."
        if param.kind in ("names", "mapping") and not given:
            return f"{param.label}: say what becomes what to see what it does."
    if step.op == "replace" and not value(step, "find"):
        return "Write the old value to see what it does."
    if step.op in CHOSEN and not value(step, "columns"):
        return "Choose columns to see what it does."
    if step.op == "clip_outliers" and value(step, "method") == "limits" and value(step, "low") is value(step, "high") is None:
        return "Type the lowest or the highest value."
    return ""


def _control(param: Param, given: Any, schema: Schema, key: str, empty: str) -> Any:
    fitting = schema.of_kind(*param.kinds) if param.kinds else schema.names
    if param.kind == "columns":
        chosen = [name for name in given if name in fitting]
        return st.multiselect(param.label, fitting, chosen, key=key, help=param.help, placeholder=empty)
    if param.kind == "column":
        index = fitting.index(given) if given in fitting else 0
        return st.selectbox(param.label, fitting, index if fitting else None, key=key, help=param.help) or ""
    if param.kind == "choice":
        words = dict(param.choices)
        names = list(words)
        return st.selectbox(
            param.label, names, names.index(given), format_func=lambda name: words[name], key=key, help=param.help
        )
    if param.kind == "flag":
        return st.checkbox(param.label, bool(given), key=key, help=param.help)
    if param.kind == "number":
        if isinstance(param.default, int):
            return int(st.number_input(param.label, int(param.low), int(param.high), int(given), 1, key=key, help=param.help))
        step = 0.5 if param.high > 1 else 0.005
        return float(
            st.number_input(
                param.label, float(param.low), float(param.high), float(given), step, "%.3f", key=key, help=param.help
            )
        )
    if param.kind == "parts":
        words = dict(param.choices)
        return st.multiselect(param.label, list(words), list(given), format_func=words.__getitem__, key=key, help=param.help)
    if param.kind == "words":
        text = st.text_input(
            param.label, ", ".join(str(word) for word in given), key=key, help=f"{param.help} Commas between them."
        )
        return [word.strip() for word in text.split(",") if word.strip()]
    if param.kind == "limit":
        number = st.number_input(param.label, value=None if given is None else float(given), key=key, help=param.help)
        return None if number is None else float(number)
    if param.kind in ("text", "pattern"):
        return st.text_input(param.label, given, key=key, help=param.help)
    if param.kind == "formula":
        shown = ", ".join(schema.names[:12])
        text = st.text_area(param.label, given, key=key, help=f"{param.help} Columns: {shown}.", height=80)
        return text.strip()
    lines = "\n".join(f"{old} = {new}" for old, new in given.items())
    text = st.text_area(param.label, lines, key=key, help="One pair a line: old = new.", placeholder="Londn = London")
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {old.strip(): new.strip() for old, new in pairs}


def draw_preview(preview: Preview, key: str) -> None:
    """Draw what a step would do: the sentence, the distributions, and a few rows before and after."""
    st.markdown(f":material/visibility: {errors.plain(preview.sentence)}")
    for position, shown in enumerate(preview.distributions[:2]):
        st.plotly_chart(
            chart(shown),
            key=f"{key}_chart_{position}",
            config={"displayModeBar": False},
        )
    left, right = st.columns(2)
    with left:
        st.caption("Before")
        st.dataframe(preview.before, key=f"{key}_before", column_config=layout.days(preview.before))
    with right:
        st.caption("After")
        st.dataframe(preview.after, key=f"{key}_after", column_config=layout.days(preview.after))


def chart(shown: Distribution) -> go.Figure:
    """Return how one column is distributed before and after."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for name, labels, counts, missing, colour in (
        ("before", shown.before_labels, shown.before_counts, shown.before_missing, BEFORE),
        ("after", shown.after_labels, shown.after_counts, shown.after_missing, AFTER),
    ):
        if shown.kind == "number":
            figure.add_scatter(
                x=labels, y=counts, name=f"{name}, {missing:,} missing", mode="lines", line={"color": colour, "shape": "hvh"}
            )
        else:
            texts = [str(label)[:40] for label in labels] + (["missing"] if missing else [])
            rows = [*counts, *([missing] if missing else [])]
            figure.add_bar(x=texts, y=rows, name=name, marker_color=colour)
    before, after = cut(shown.before_column), cut(shown.after_column)
    title = before if shown.before_column == shown.after_column else f"{before}, then {after}"
    figure.update_layout(
        title={"text": title.replace("<", "&lt;"), "font": {"size": 14}},
        height=240,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.18},
        yaxis_title="rows",
    )
    figure.update_xaxes(type="category" if shown.kind == "category" else "linear")
    return figure

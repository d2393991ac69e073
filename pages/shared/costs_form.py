"""Money and figures of one's own: the cost table, the formula, and what both say about this table before the start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from pages.shared import caches, errors

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset

CELLS = (
    ("true_positive", "Event, and predicted", "What one event that is found is worth."),
    ("false_negative", "Event, but missed", "What one missed event costs: a negative number."),
    ("false_positive", "No event, but predicted", "What one false alarm costs: a negative number."),
    ("true_negative", "No event, left alone", "Mostly 0: nothing was done and nothing happened."),
)
RANKS = ":material/leaderboard: Every model is judged by it. It ranks them only if you choose it under Metric above."
TRIED = 20_000
"""Rows that a formula is tried on while it is typed; the start tries it on all."""


def ask(data: Dataset, frame: pd.DataFrame, config: ExperimentConfig, suffix: str) -> ExperimentConfig:
    """Draw the expander and return the configuration with the cost table and the formula, where they are filled in.

    What is wrong with them is said beside the field; the start refuses with the same sentence.
    """
    with st.expander("Money and figures of your own", icon=":material/payments:"):
        if config.task == "binary":
            config = replace(config, costs=_costs(data, frame, config, suffix))
        return replace(config, kpi=_kpi(data, frame, config, suffix))


def fields(data: Dataset, config: ExperimentConfig, prefix: str, suffix: str) -> Costs:
    """Draw the cells of a cost table, filled with that of `config`, and return what they hold.

    Parameters
    ----------
    data : Dataset
        Whose columns of numbers can multiply the cells.
    config : ExperimentConfig
    prefix, suffix : str
        Of the widgets' keys.
    """
    now = config.costs or Costs()
    st.caption(f"What one row is worth when **{errors.plain(config.positive)}** is the event. Losses are negative.")
    values = {}
    with st.grid(2, min_column_width=180):
        for name, label, why in CELLS:
            values[name] = st.number_input(
                label, value=float(getattr(now, name)), step=1.0, format="%.2f", key=f"{prefix}_{name}_{suffix}", help=why
            )
        columns = ["", *(name for name in data.schema.of_kind("number") if name != config.target)]
        amount = st.selectbox(
            "Multiply by",
            columns,
            index=columns.index(now.amount) if now.amount in columns else 0,
            format_func=lambda name: name or "Nothing: each row counts the same",
            key=f"{prefix}_amount_{suffix}",
            help="A column with the size of each row, such as the value of an order. The four numbers are then shares of it.",
        )
        currency = st.text_input(
            "Currency",
            now.currency,
            max_chars=12,
            key=f"{prefix}_currency_{suffix}",
            help="Shown behind amounts, such as EUR.",
        )
    return Costs(**values, amount=amount or "", currency=currency.strip())


def _costs(data: Dataset, frame: pd.DataFrame, config: ExperimentConfig, suffix: str) -> Costs | None:
    if not st.toggle(
        "Count money",
        key=f"compare_costs_{suffix}",
        help="Says what right and wrong decisions are worth. Models are then judged by it, can be ranked by it, and the best "
        "one decides where that pays.",
    ):
        return None
    costs = fields(data, config, "compare_costs", suffix)
    from automl_core.own_figures import check_costs, describe_costs

    if costs == replace(Costs(), amount=costs.amount, currency=costs.currency):
        st.caption(":material/info: Fill in the table: at least what a found event is worth and what a false alarm costs.")
        return costs
    try:
        rows = caches.columns(data, [costs.amount] if costs.amount else []).loc[frame[config.target].dropna().index]
        notes = check_costs(costs, config, rows, data.schema, ())
    except AutoMLError as error:
        errors.show(error)
        return costs
    for told in (describe_costs(costs), *notes):
        st.caption(f":material/info: {errors.plain(told)}")
    st.caption(RANKS)
    return costs


def _kpi(data: Dataset, frame: pd.DataFrame, config: ExperimentConfig, suffix: str) -> Kpi | None:
    formula = st.text_area(
        "Formula of a figure of your own",
        "",
        height=80,
        max_chars=2000,
        placeholder='sum(if(prediction == "yes" and truth == "yes", 20, 0)) / count()'
        if config.task != "regression"
        else "mean(if(error > 0, error, -3 * error))",
        key=f"compare_kpi_formula_{suffix}",
        help="Counts over prediction, truth and your columns; it is checked as you leave the field. "
        "What it may hold is listed below.",
    )
    with st.popover("What a formula may hold", icon=":material/help:"):
        from automl_core.kpi import HELP

        for written, meaning in HELP:
            st.markdown(f"**{errors.plain(written)}**  \n{errors.plain(meaning)}")
    if not formula.strip():
        return None
    with st.grid("auto", min_column_width=220):
        name = st.text_input(
            "Its name", "Own figure", max_chars=60, key=f"compare_kpi_name_{suffix}", help="Shown wherever the figure is."
        )
        better = st.selectbox(
            "Better is",
            [True, False],
            format_func=lambda higher: "Higher" if higher else "Lower",
            key=f"compare_kpi_better_{suffix}",
            help="Whether a higher or a lower figure is better.",
        )
    kpi = Kpi(name.strip(), formula.strip(), bool(better))
    _try(data, frame, replace(config, kpi=kpi))
    st.caption(RANKS)
    return kpi


def _try(data: Dataset, frame: pd.DataFrame, config: ExperimentConfig) -> None:
    """Say what is wrong with the formula, or what it gives for made-up predictions."""
    from automl_core.own_figures import try_kpi
    from automl_core.profiling.wording import number
    from automl_core.scorer import needed_columns

    try:
        target = frame[config.target].dropna().iloc[:TRIED]
        named = set(needed_columns(config))
        known = named <= set(data.schema.names)
        # A formula that names a column which is not there is told which there are.
        trial = try_kpi(config, target, caches.columns(data, named).loc[target.index] if known else caches.head(data, 1))
    except AutoMLError as error:
        errors.show(error)
        return
    told = ["is not defined" if value != value else number(value) for value in (trial.perfect, trial.plain)]
    plain = "the mean" if config.task == "regression" else "the most frequent label"
    st.caption(f":material/check: With perfect predictions it is {told[0]}, with {plain} for every row {told[1]}.")

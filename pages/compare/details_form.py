"""What the form of a comparison asks beyond what most people need: rows kept aside, split, folds, seed, columns left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.experiment import ExperimentConfig, Split, SplitKind
from automl_core.profiling.wording import counted
from pages.compare import split_form
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.data.dataset import Dataset
    from automl_core.proposals import Proposal

SPLIT_WORDS: dict[SplitKind, str] = {
    "random": "At random",
    "group": "Keep the rows of a group together",
    "time": "Learn from earlier rows, judge on later ones",
}


def ask(data: Dataset, config: ExperimentConfig, proposal: Proposal, labels: Mapping[str, int], suffix: str) -> ExperimentConfig:
    """Draw these choices and return the settings with what they say; `labels` are those of the target with their rows."""
    others = [name for name in data.schema.names if name != config.target]
    with st.grid("auto", min_column_width=260):
        holdout = st.slider(
            "Rows kept aside, in percent",
            0,
            50,
            round(config.holdout * 100),
            5,
            key=f"compare_holdout_{suffix}",
            help=errors.plain(proposal.decisions["holdout"].reason),
        )
        kind = st.selectbox(
            "Split",
            list(SPLIT_WORDS),
            format_func=lambda value: SPLIT_WORDS[value],
            key=f"compare_split_{suffix}",
            help=errors.plain(proposal.decisions["split"].reason),
        )
        column = split_form.column(data, kind, others, suffix)
        gap = split_form.gap(data, kind, column, suffix)
        folds = st.number_input(
            "Folds",
            0,
            20,
            0,
            key=f"compare_folds_{suffix}",
            help="In how many parts the rows are judged; 0 lets the search choose.",
        )
        seed = st.number_input("Seed", 0, 2**31 - 1, 0, key=f"compare_seed_{suffix}", help="The same seed gives the same split.")
    split_form.tell_unread(data, config, kind, column)
    if config.task != "regression" and labels and 0 < min(labels.values()) < folds:
        rarest = min(labels, key=lambda label: labels[label])
        st.caption(
            f":material/info: {errors.plain(rarest)} stands in {counted(labels[rarest], 'row', 'rows')}, so {folds} folds cannot "
            "each have one. The search takes fewer folds, or judges this label in some of them only, and says so."
        )
    ignored = st.multiselect(
        "Columns to leave out",
        others,
        key=f"compare_ignored_{suffix}",
        help="Columns you will not know when you predict, for example.",
    )
    reasons = [proposal.decisions["holdout"].reason]
    if kind == "random" and not proposal.splits:  # otherwise it is said above, beside its button
        reasons.append(proposal.decisions["split"].reason)
    st.caption(":material/lightbulb: " + errors.plain(" ".join(reasons)))
    return replace(
        config,
        holdout=holdout / 100,
        split=Split(kind, column, gap),
        folds=int(folds),
        seed=int(seed),
        ignored=tuple(ignored),
    )

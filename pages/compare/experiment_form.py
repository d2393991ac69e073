"""The form of a comparison: every choice is proposed with its reason and can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.experiment import TASKS, ExperimentConfig, Preset
from pages.compare import budget_form, details_form, fast_form, split_form
from pages.shared import costs_form, errors, state

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.data.dataset import Dataset
    from automl_core.proposals import Proposal

LABELS = 50
"""Labels to choose the event from."""
PRESET_WORDS: dict[Preset, tuple[str, str]] = {
    "quick": ("Quick look", "A few fast models for a first answer; gives up some accuracy."),
    "balanced": (
        "Balanced",
        "Good accuracy in the time you give. It ends with an ensemble (several models that answer together), which predicts more "
        "slowly than one model.",
    ),
    "best": ("Best quality", "Every kind of model we know; worth it from 5 minutes on, and predicts slowest."),
    "fast": (
        "Fast predictions",
        "Only models that answer within a limit that you set and that is measured; gives up some accuracy.",
    ),
    "explainable": (
        "Explainable",
        "Only models that can be read as a whole: linear ones, small trees, additive ones; gives up some accuracy.",
    ),
    "pycaret": (
        "PyCaret classic",
        "PyCaret's own way for those who know it: its models one by one, the best three tuned, the best blended, the winner "
        "refitted. It takes some seconds to start, and longer for the same models.",
    ),
}
TASK_WORDS = {"binary": "One of two outcomes", "multiclass": "One of several outcomes", "regression": "A number"}


def choose_target(data: Dataset, earlier: str = "") -> str:
    """Ask for the target column; nothing is chosen for the person, except by a sample or by `earlier`, that of a run."""
    names = list(data.schema.names)
    earlier = state.draft(f"target_{data.id}", earlier)
    chosen = st.selectbox(
        "What shall be predicted?",
        names,
        index=names.index(earlier) if earlier in names else None,
        placeholder="Choose the target column",
        key="compare_target",
        help="The column whose value the models learn to predict from the others.",
    )
    if chosen:
        state.put_draft(f"target_{data.id}", chosen)
    return chosen or ""


def ask(data: Dataset, frame: pd.DataFrame, proposal: Proposal, labels: Mapping[str, int]) -> ExperimentConfig:
    """Draw the form and return what it says; `labels` are those of the target with their rows, the most frequent first.

    Widget keys carry the target, so that another target gets its own proposal.
    """
    config, decisions = proposal.config, proposal.decisions
    suffix = f"{data.id}_{config.target}"
    with st.grid("auto", min_column_width=190):
        task = st.selectbox(
            "Task",
            TASKS,
            index=TASKS.index(config.task),
            format_func=lambda value: TASK_WORDS[value],
            key=f"compare_task_{suffix}",
            help=f"What kind of answer is wanted. {errors.plain(decisions['task'].reason)}",
        )
        positive = _positive(labels, proposal, suffix) if task == "binary" else ""
        place = st.container()  # for the metric, which may be one of the figures asked for below
        budget = budget_form.ask(suffix)
    preset = st.segmented_control(
        "What matters most",
        list(PRESET_WORDS),
        default="balanced",
        required=True,
        format_func=lambda value: PRESET_WORDS[value][0],
        key=f"compare_preset_{suffix}",
        help="  \n".join(f"**{name}**: {trade}" for name, trade in PRESET_WORDS.values()),
        on_change=budget_form.propose,
        args=(suffix, f"compare_preset_{suffix}"),
    )
    st.caption(PRESET_WORDS[preset][1])
    budget_form.tell_short(preset, budget)
    limit = fast_form.ask_limit(preset, suffix)
    reasons = [decisions["task"].reason, *([decisions["positive"].reason] if positive else []), decisions["metric"].reason]
    st.caption(":material/lightbulb: " + errors.plain(" ".join(reasons)))
    config = replace(config, task=task, positive=positive, budget=budget, preset=preset, predict_limit_ms=limit)
    config = costs_form.ask(data, frame, config, suffix)
    with place:
        config = replace(config, metric=_metric(proposal, config, suffix))
    split_form.suggest(proposal, suffix)
    with st.expander("Rows kept aside, split, columns", icon=":material/settings:"):
        return details_form.ask(data, config, proposal, labels, suffix)


def _positive(counts: Mapping[str, int], proposal: Proposal, suffix: str) -> str:
    labels = list(counts)
    proposed = proposal.config.positive
    return st.selectbox(
        "Which outcome is the event?",
        labels,
        index=labels.index(proposed) if proposed in labels else 0,
        format_func=lambda label: f"{label} ({counts[label]:,} rows)",
        key=f"compare_positive_{suffix}",
        help=f"Probabilities are of this outcome. {errors.plain(proposal.decisions['positive'].reason)}",
    )


def _metric(proposal: Proposal, config: ExperimentConfig, suffix: str) -> str:
    from automl_core.metrics import metrics_of

    known = {metric.name: metric for metric in metrics_of(config)}
    metrics, proposed = list(known), proposal.config.metric
    return st.selectbox(
        "Metric",
        metrics,
        index=metrics.index(proposed) if proposed in metrics else 0,
        format_func=lambda name: known[name].label,
        key=f"compare_metric_{config.task}_{suffix}",
        help="What the models are ranked by.  \n"
        + "  \n".join(f"**{errors.plain(metric.label)}**: {errors.plain(metric.explanation)}" for metric in known.values()),
    )

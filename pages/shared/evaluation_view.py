"""An evaluation and an explanation, drawn: headline numbers with their interval, curves, importance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import caches, errors

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.metrics import Metric
    from automl_core.runs import Run


def draw_scores(path: Path, candidate: Candidate, run: Run) -> None:
    """Draw the scores with their intervals, beside those of the folds."""
    from automl_core.metrics import metrics_of
    from automl_core.profiling.wording import number

    found: dict[str, Any] = caches.result(path)
    held_out = found["source"] == "held-out"
    whose = " that the search never saw" if held_out else ", each by a model that did not learn from it"
    column = "Held-out" if held_out else "Out-of-fold"
    st.caption(
        f"Judged on {found['rows']:,} rows{whose}. "
        "With other rows of the same kind, 95 of 100 such ranges would hold the true value."
    )
    first, known = run.config.metric, {metric.name: metric for metric in metrics_of(run.config)}
    names = sorted(found["metrics"], key=lambda name: (name != first,))
    table, threshold = [], float(found.get("threshold", 0.5))
    for name in names:
        value = found["metrics"][name]
        metric = known.get(name)
        table.append(
            {
                "Metric": metric.label if metric else name,
                column: number(value["value"]),
                "From": "" if value["low"] is None else number(value["low"]),
                "To": "" if value["high"] is None else number(value["high"]),
                "Folds": ""
                if name not in candidate.metrics or _elsewhere(metric, threshold, run)
                else number(candidate.metrics[name]),
                "Meaning": metric.explanation if metric else "",
            }
        )
    headline = found["metrics"].get(first)
    if headline is not None:
        low, high = headline["low"], headline["high"]
        between = f"between {number(low)} and {number(high)}" if low is not None and high is not None else None
        label = f"{errors.plain(known[first].label)} {'on held-out rows' if held_out else 'out-of-fold'}"
        st.metric(label, number(headline["value"]), between, delta_color="off", delta_arrow="off")
    _decisions(found)
    text = st.column_config.TextColumn
    st.dataframe(
        table,
        hide_index=True,
        key="explain_scores",
        alt=f"Scores {column.lower()}",
        column_config={
            column: text(alignment="right", help="On the rows kept aside." if held_out else "Over all rows at once."),
            "From": text(alignment="right", help="Lower end of the 95 % interval."),
            "To": text(alignment="right", help="Upper end of the 95 % interval."),
            "Folds": text(
                alignment="right",
                help="Mean over the folds, for comparison."
                + (" Empty where they decided at another threshold." if threshold != 0.5 else ""),
            ),
            "Meaning": text(width="large"),
        },
    )
    for note in found["notes"]:
        st.caption(f":material/info: {errors.plain(note)}")


def _elsewhere(metric: Metric | None, threshold: float, run: Run) -> bool:
    """Whether a metric judges decisions, and those of the folds were made at another threshold."""
    from automl_core.scorer import best_threshold

    if metric is None:
        return False
    if metric.name == "cost" and run.config.costs is not None:
        return not math.isclose(threshold, best_threshold(run.config.costs))
    return threshold != 0.5 and (metric.needs == "label" or metric.name == "kpi")


def _decisions(found: dict[str, Any]) -> None:
    """Say above which probability the event is predicted, and what the decisions are worth."""
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.evaluation.wording import money_sentence, threshold_sentence

    evaluation = Evaluation.from_dict(found)
    for icon, sentence in (("rule", threshold_sentence(evaluation)), ("payments", money_sentence(evaluation))):
        if sentence:
            st.caption(f":material/{icon}: {errors.plain(sentence)}")


def draw_curves(path: Path) -> None:
    """Draw the curves and tables that fit the task."""
    from automl_core.charts.evaluation import READING, figures
    from automl_core.evaluation.evaluate import Evaluation

    for title, figure in figures(Evaluation.from_dict(caches.result(path))).items():
        st.subheader(title, anchor=False)
        st.caption(READING[title])
        st.plotly_chart(figure, key=f"explain_curve_{title}", config={"displayModeBar": False}, alt=title)


def draw_importance(path: Path) -> None:
    """Draw permutation importance and SHAP values by the person's own columns."""
    from automl_core.charts.importance import READING, importance_figures
    from automl_core.explaining.importance import Explanation

    explanation = Explanation.from_dict(caches.result(path))
    for title, figure in importance_figures(explanation).items():
        st.subheader(title, anchor=False)
        st.caption(READING[title])
        st.plotly_chart(figure, key=f"explain_importance_{title}", config={"displayModeBar": False}, alt=title)
    for note in explanation.notes:
        st.caption(f":material/info: {errors.plain(note)}")

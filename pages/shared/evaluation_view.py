"""An evaluation and an explanation, drawn: headline numbers with their interval, curves, importance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import caches, errors

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.leaderboard import Candidate
    from automl_core.metrics import Metric
    from automl_core.runs import Run


def draw_scores(path: Path, candidate: Candidate, run: Run, *, beside: tuple[Candidate, Path] | None = None) -> None:
    """Draw the scores with their intervals, beside those of the folds, and those of a second model."""
    from automl_core.metrics import metrics_of
    from automl_core.profiling.wording import number

    found: dict[str, Any] = caches.result(path)
    other: dict[str, Any] = caches.result(beside[1])["metrics"] if beside else {}
    held_out = found["source"] == "held-out"
    out_of_fold = found["source"] == "out-of-fold"
    whose = " that the search never saw" if held_out else ", each by a model that did not learn from it" if out_of_fold else ""
    column = "Held-out" if held_out else "Out-of-fold" if out_of_fold else "In the file"
    st.caption(
        f"Judged on {found['rows']:,} rows{whose}. "
        "With other rows of the same kind, 95 of 100 such ranges would hold the true value."
    )
    first, known = run.config.metric, {metric.name: metric for metric in metrics_of(run.config)}
    names = sorted(found["metrics"], key=lambda name: (name != first,))
    table, threshold = [], float(found.get("threshold", 0.5))
    for metric_name in names:
        value = found["metrics"][metric_name]
        metric = known.get(metric_name)
        table.append(
            {
                "Metric": metric.label if metric else metric_name,
                column: number(value["value"]),
                "From": "" if value["low"] is None else number(value["low"]),
                "To": "" if value["high"] is None else number(value["high"]),
                "Folds": ""
                if metric_name not in candidate.metrics or _elsewhere(metric, threshold, run)
                else number(candidate.metrics[metric_name]),
                **({beside[0].name: _between(other.get(metric_name))} if beside else {}),
                "Meaning": metric.explanation if metric else "",
            }
        )
    headline = found["metrics"].get(first)
    if headline is not None:
        low, high = headline["low"], headline["high"]
        between = f"between {number(low)} and {number(high)}" if low is not None and high is not None else None
        where = "on held-out rows" if held_out else "out-of-fold" if out_of_fold else "in the file"
        label = f"{errors.plain(known[first].label)} {where}"
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
            **({beside[0].name: text(alignment="right", help="The other model on the same rows.")} if beside else {}),
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


def _between(score: dict[str, Any] | None) -> str:
    from automl_core.profiling.wording import number

    if score is None:
        return ""
    between = "" if score["low"] is None else f" ({number(score['low'])} to {number(score['high'])})"
    return f"{number(score['value'])}{between}"


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


def draw_curves(path: Path, *, beside: tuple[Candidate, Path] | None = None, name: str = "") -> None:
    """Draw the curves and tables that fit the task; those of a second model stand on the right."""
    from automl_core.charts.evaluation import READING, mixed_up
    from automl_core.evaluation.evaluate import Evaluation

    evaluation = Evaluation.from_dict(caches.result(path))
    second = _figures(str(beside[1]), *caches.stamp(beside[1])) if beside else {}
    for title, figure in _figures(str(path), *caches.stamp(path)).items():
        st.subheader(title, anchor=False)
        st.caption(READING[title])
        if beside is None or title not in second:
            st.plotly_chart(figure, key=f"explain_curve_{title}", config={"displayModeBar": False}, alt=title)
        else:
            left, right = st.columns(2)
            for place, told, drawn, key in ((left, name, figure, ""), (right, beside[0].name, second[title], "_beside")):
                with place:
                    st.caption(f"**{errors.plain(told)}**")
                    alt = f"{title}, {told}"
                    st.plotly_chart(drawn, key=f"explain_curve_{title}{key}", config={"displayModeBar": False}, alt=alt)
        if title == "Confusion table":
            _report(evaluation)
            if len(evaluation.classes) > 2 and (pairs := mixed_up(evaluation)):
                _mixed_up(pairs)


@st.cache_resource(max_entries=8, show_spinner=False)
def _figures(path: str, changed: int, size: int) -> dict[str, go.Figure]:
    """Return the figures of an evaluation, shared: do not change them."""
    from automl_core.charts.evaluation import figures
    from automl_core.evaluation.evaluate import Evaluation

    return figures(Evaluation.from_dict(caches.result(Path(path))))


def _report(evaluation: Evaluation) -> None:
    from automl_core.profiling.wording import number

    rows = [
        {
            "Label": row["label"],
            "Precision": number(row["precision"], 3),
            "Recall": number(row["recall"], 3),
            "F1": number(row["f1"], 3),
            "Rows": f"{row['rows']:,}",
        }
        for row in evaluation.curves["report"]
    ]
    text = st.column_config.TextColumn
    st.dataframe(
        rows,
        hide_index=True,
        key="explain_report_by_label",
        alt="Precision and recall of each label",
        column_config={
            "Precision": text(alignment="right", help="Of the rows with this prediction, how many were right."),
            "Recall": text(alignment="right", help="Of the rows that truly have it, how many were found."),
            "F1": text(alignment="right", help="High only where both are."),
            "Rows": text(alignment="right", help="Rows that truly have it."),
        },
    )


def _mixed_up(pairs: list[tuple[str, str, int, float]]) -> None:
    from automl_core.profiling.wording import percent

    st.caption("Labels that are mixed up most:")
    rows = [
        {"True": true, "Predicted": other, "Rows": f"{count:,}", "Of the true ones": percent(share)}
        for true, other, count, share in pairs
    ]
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Rows", "Of the true ones")}
    st.dataframe(rows, hide_index=True, key="explain_mixed_up", alt="Labels that are mixed up most", column_config=right)


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

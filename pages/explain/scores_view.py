"""Scores with their intervals, and those of a second model with the differences."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.shared import caches, errors

if TYPE_CHECKING:
    from automl_core.evaluation.beside import Difference
    from automl_core.leaderboard import Candidate
    from automl_core.metrics import Metric
    from automl_core.runs import Run


def draw_scores(path: Path, candidate: Candidate, run: Run, source: str, *, beside: tuple[Candidate, Path] | None = None) -> None:
    """Draw the scores with their intervals, beside those of the folds, and those of a second model with the differences."""
    from automl_core.evaluation.beside import verdict
    from automl_core.metrics import metrics_of
    from automl_core.profiling.wording import number

    found: dict[str, Any] = caches.result(path)
    other: dict[str, Any] = caches.result(beside[1])["metrics"] if beside else {}
    apart = _apart(run, candidate, path, source, beside) if beside else {}
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
                **({beside[0].name: _between(other.get(metric_name)), **_compared(apart.get(metric_name))} if beside else {}),
            }
        )
    headline = found["metrics"].get(first)
    if headline is not None:
        low, high = headline["low"], headline["high"]
        between = f"between {number(low)} and {number(high)}" if low is not None and high is not None else None
        where = "on held-out rows" if held_out else "out-of-fold" if out_of_fold else "in the file"
        label = f"{errors.plain(known[first].label)} {where}"
        st.metric(label, number(headline["value"]), between, delta_color="off", delta_arrow="off")
    if beside and first in apart:
        st.markdown(errors.plain(verdict(apart[first], candidate.name, beside[0].name)))
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
            "Difference": text(
                alignment="right",
                help="This model's score minus the other's, with the 95 % interval over resamples of the same rows.",
            ),
            "Better": text(help="Which of the two is better beyond chance."),
            "From": text(alignment="right", help="Lower end of the 95 % interval."),
            "To": text(alignment="right", help="Upper end of the 95 % interval."),
            "Folds": text(
                alignment="right",
                help="Mean over the folds, for comparison."
                + (" Empty where they decided at another threshold." if threshold != 0.5 else ""),
            ),
        },
    )
    with st.expander("What these metrics mean", icon=":material/help:", key="explain_meanings"):
        told = [known[name] for name in names if name in known]
        st.markdown("\n".join(f"- **{errors.plain(metric.label)}**: {errors.plain(metric.explanation)}" for metric in told))
    for note in found["notes"]:
        st.caption(f":material/info: {errors.plain(note)}")


def _apart(run: Run, candidate: Candidate, path: Path, source: str, beside: tuple[Candidate, Path]) -> dict[str, Difference]:
    """Return by how much each metric differs between two models on the same rows."""
    with errors.shown():
        found = _differences(
            str(run.path),
            candidate.id,
            beside[0].id,
            source,
            str(path),
            caches.stamp(path),
            str(beside[1]),
            caches.stamp(beside[1]),
        )
        return {entry.metric: entry for entry in found}
    return {}


@st.cache_resource(max_entries=16, show_spinner="Comparing the two on the same rows")
def _differences(
    run: str, one: str, other: str, source: str, first: str, stamp: Any, second: str, other_stamp: Any
) -> tuple[Difference, ...]:
    from automl_core.evaluation.beside import differences
    from automl_core.evaluation.evaluate import Evaluation
    from automl_core.runs import Run

    told = (Evaluation.from_dict(caches.result(Path(first))), Evaluation.from_dict(caches.result(Path(second))))
    return differences(Run(Path(run)), one, other, source, told)


def _compared(difference: Difference | None) -> dict[str, str]:
    if difference is None:
        return {"Difference": "", "Better": ""}
    words = {"better": "This one", "worse": "The other", "level": "Within chance", "": ""}
    return {"Difference": difference.words, "Better": words[difference.outcome]}


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

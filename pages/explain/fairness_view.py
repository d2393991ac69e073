"""Fairness: how decisions differ between the groups of a chosen column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import fairness_tables
from pages.explain.side_by_side import Side, each, found_of
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.fairness import Fairness
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, source: str, judged: Sequence[tuple[Side, Path]]) -> None:
    """Let the person choose a column, and draw its groups, beside those of a second model, or offer to compare them."""
    from automl_core.evaluation.fairness import Fairness

    evaluation: dict[str, Any] = caches.result(judged[0][1])
    asked = _ask(run, evaluation)
    if asked is None:
        st.caption("There is no column whose values form groups.")
        return
    files = found_of([side for side, _ in judged], lambda side: _file(project, run, source, side, *asked))
    if files:
        _draw([(side, Fairness.from_dict(caches.result(path))) for side, path in files], str(evaluation["target"]))


def _ask(run: Run, evaluation: dict[str, Any]) -> tuple[str, str] | None:
    """Ask for the column whose groups are compared and, of many labels, for the one that is meant; None without a column."""
    from automl_core.data.wording import cut

    schema = run.dataset().schema
    columns = [column.name for column in schema if column.kind not in ("id", "text") and column.name != evaluation["target"]]
    if not columns:
        return None
    with st.container(horizontal=True):
        column = st.selectbox(
            "Groups of",
            columns,
            format_func=lambda name: cut(name, 38),
            key="explain_fair_column",
            width=320,
            help="Any column of the table, also one that the model does not look at. Numbers are parted into ranges.",
        )
        label = ""
        if len(evaluation["classes"]) > 2:
            label = st.selectbox(
                "Selected means",
                evaluation["classes"],
                format_func=lambda name: cut(name, 30),
                key="explain_fair_label",
                width=260,
                help="The label whose rates are compared.",
            )
    return str(column), str(label)


def _file(project: ProjectFolder, run: Run, source: str, side: Side, column: str, label: str) -> Path | None:
    from automl_core.evaluation.judged import fairness_path, judged_folder

    return result_of(
        project,
        run,
        side.candidate,
        "fairness",
        lambda _: fairness_path(judged_folder(run, side.candidate.id, source), column, label),
        label=side.named("Compare the groups"),
        why="Computes how often each group is selected, found, and alarmed for nothing.",
        icon=":material/balance:",
        more={"source": source, "column": column, "label": label},
    )


def _draw(found: Sequence[tuple[Side, Fairness]], target: str) -> None:
    from automl_core.charts.beside import same_scale
    from automl_core.charts.judging import fairness_figure
    from automl_core.evaluation.fairness import fairness_sentence
    from automl_core.evaluation.wording import event_words

    label = found[0][1].label
    if label:
        st.caption(
            f"Selected: {errors.plain(event_words(target, label))} is predicted. Found: how many of the rows that truly are so "
            "were selected (true positive rate). False alarms: how many of the others were (false positive rate)."
        )
    for _, fairness in each(found):
        st.markdown(errors.plain(fairness_sentence(fairness)))
    figures = [fairness_figure(fairness) for _, fairness in found]
    same_scale(figures, "x")
    for place, (side, fairness) in enumerate(each(found)):
        alt = f"Rates by {fairness.column}, {side.candidate.name}"
        st.plotly_chart(figures[place], key=f"explain_fairness{side.key}", config={"displayModeBar": False}, alt=alt)
    fairness_tables.rates(found)
    st.subheader("How far apart", anchor=False)
    fairness_tables.gaps(found)
    rule = "Below a ratio of 0.8 the four-fifths rule of United States employment law asks for a reason. " if label else ""
    st.caption(
        f"In parentheses the 95 % interval. Groups differ by chance alone, small ones more. {rule}Whether a difference is "
        "unfair, numbers cannot say."
    )

"""Fairness: how decisions differ between the groups of a chosen column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.evaluate import Score
    from automl_core.evaluation.fairness import Fairness
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, candidate: Candidate, source: str, evaluation: Path) -> None:
    """Let the person choose a column, and draw its groups or offer to compare them."""
    from automl_core.evaluation.fairness import Fairness
    from automl_core.evaluation.judged import fairness_path, judged_folder

    judged: dict[str, Any] = caches.result(evaluation)
    columns = [
        column.name for column in run.dataset().schema if column.kind not in ("id", "text") and column.name != judged["target"]
    ]
    if not columns:
        st.caption("There is no column whose values form groups.")
        return
    with st.container(horizontal=True):
        column = st.selectbox(
            "Groups of",
            columns,
            key="explain_fair_column",
            width=320,
            help="Any column of the table, also one that the model does not look at. Numbers are parted into ranges.",
        )
        label = ""
        if len(judged["classes"]) > 2:
            label = st.selectbox(
                "Selected means",
                judged["classes"],
                key="explain_fair_label",
                width=260,
                help="The label whose rates are compared.",
            )
    folder = judged_folder(run, candidate.id, source)
    path = result_of(
        project,
        run,
        candidate,
        "fairness",
        lambda _: fairness_path(folder, column, label),
        label="Compare the groups",
        why="Computes how often each group is selected, found, and alarmed for nothing.",
        icon=":material/balance:",
        more={"source": source, "column": column, "label": label},
    )
    if path is not None:
        _draw(Fairness.from_dict(caches.result(path)), str(judged["target"]))


def _draw(found: Fairness, target: str) -> None:
    from automl_core.charts.judging import fairness_figure
    from automl_core.evaluation.fairness import LABELS, fairness_sentence

    st.markdown(errors.plain(fairness_sentence(found)))
    if found.label:
        st.caption(
            f"Selected: {errors.plain(target)} is predicted to be {errors.plain(found.label)}. Found: how many of the rows that "
            "truly are were selected (true positive rate). False alarms: how many of the others were (false positive rate)."
        )
    st.plotly_chart(
        fairness_figure(found), key="explain_fairness", config={"displayModeBar": False}, alt=f"Rates by {found.column}"
    )
    text = st.column_config.TextColumn
    rows = [
        {
            "Group": group.name,
            "Rows": f"{group.rows:,}",
            **{LABELS[name]: _told(score, bool(found.label)) for name, score in group.rates.items()},
        }
        for group in found.groups
    ]
    right = {name: text(alignment="right") for name in ("Rows", *LABELS.values())}
    st.dataframe(rows, hide_index=True, key="explain_fair_groups", alt="Rates of each group", column_config=right)
    st.subheader("How far apart", anchor=False)
    gaps = [
        {
            "Measure": LABELS[name],
            "Largest difference": _told(found.differences[name], bool(found.label)),
            "Lowest over highest": _told(found.ratios[name], False) if name in found.ratios else "",
        }
        for name in found.differences
    ]
    right = {name: text(alignment="right") for name in ("Largest difference", "Lowest over highest")}
    st.dataframe(gaps, hide_index=True, key="explain_fair_gaps", alt="Differences and ratios", column_config=right)
    st.caption(
        "In parentheses the 95 % interval. Groups differ by chance alone, small ones more. Below a ratio of 0.8 the four-fifths "
        "rule of United States employment law asks for a reason; whether a difference is unfair, numbers cannot say."
    )
    for note in found.notes:
        st.caption(f":material/info: {errors.plain(note)}")


def _told(score: Score, share: bool) -> str:
    from automl_core.profiling.wording import number

    def write(value: float) -> str:
        return f"{100 * value:.1f} %" if share else number(value, 3)

    between = f" ({write(score.low)} to {write(score.high)})" if score.low is not None and score.high is not None else ""
    return f"{write(score.value)}{between}"

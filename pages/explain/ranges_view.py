"""Ranges of predictions, with whether they hold; and the learning curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, candidate: Candidate, source: str, evaluation: Path) -> None:
    """Draw whether a model's ranges hold on the judged rows."""
    from automl_core.charts.judging import coverage_figure
    from automl_core.evaluation.coverage import Coverage
    from automl_core.evaluation.judged import OUT_OF_FOLD, judged_folder, main_source
    from automl_core.profiling.wording import counted, listed, number, percent

    file = judged_folder(run, candidate.id, source) / "coverage.json"
    if not file.exists():
        st.caption("The model was packed or judged by an older version, which knew no ranges. Train it again to get them.")
        if source == main_source(run):
            result_of(
                project,
                run,
                candidate,
                "evaluate",
                lambda _: file,
                label="Judge it again",
                why="Computes the scores, and whether the ranges hold.",
                icon=":material/fact_check:",
            )
        return
    found, judged = Coverage.from_dict(caches.result(file)), caches.result(evaluation)
    values = not judged["classes"]
    what = "two values between which the truth lies" if values else "the labels among which the truth is"
    st.markdown(f"Beside each prediction the model can tell {what}, with the certainty you ask for.")
    st.caption(f":material/verified: {errors.plain(found.sentence(judged['target']))}")
    if source == OUT_OF_FOLD:
        st.caption(":material/info: The ranges were learned from these rows, so here they hold by construction.")
    st.plotly_chart(
        coverage_figure(found), key="explain_coverage", config={"displayModeBar": False}, alt="Certainty asked for and kept"
    )
    st.caption(f"On the dashed line the promise is kept. Learned from {counted(found.learned, 'row', 'rows')} out-of-fold.")
    size = "Mean width" if values else "Labels on average"
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Asked", "Inside", "From", "To", size, "Rows")}
    rows = [
        {
            "Asked": percent(held.asked),
            "Inside": percent(held.inside),
            "From": percent(held.low),
            "To": percent(held.high),
            size: "endless" if held.size is None else number(held.size, 4 if values else 3),
        }
        for held in found.held
    ]
    st.dataframe(rows, hide_index=True, key="explain_coverage_table", alt="Certainty asked for and kept", column_config=right)
    name = "Predicted" if values else "True label"
    st.subheader("At 90 %, by prediction" if values else "At 90 %, by label", anchor=False)
    parts = [
        {
            name: held.name,
            "Rows": f"{held.rows:,}",
            "Inside": percent(held.inside),
            "From": percent(held.low),
            "To": percent(held.high),
            size: "endless" if held.size is None else number(held.size, 4 if values else 3),
        }
        for held in found.parts
    ]
    st.dataframe(parts, hide_index=True, key="explain_coverage_parts", alt="Certainty kept in each part", column_config=right)
    if found.sets:
        told = [
            f"{counted(rows, 'row', 'rows')} with {counted(place + 1, 'label', 'labels')}"
            for place, rows in enumerate(found.sets)
            if rows
        ]
        st.caption(f"At 90 %: {', '.join(told)}. One label means that the others can be ruled out.")
    if found.together:
        many = len(found.together) > 1
        words = ("Labels", "have", "their") if many else ("The label", "has", "its")
        names = errors.plain(listed(found.together))
        st.caption(f":material/info: {words[0]} {names} {words[1]} too few rows for a limit of {words[2]} own.")


def draw_learning(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the learning curve, or offer it."""
    from automl_core.charts.judging import learning_figure
    from automl_core.evaluation.learning import LearningCurve
    from automl_core.profiling.wording import number

    path = result_of(
        project,
        run,
        candidate,
        "learning",
        lambda _: run.judged(candidate.id) / "learning.json",
        label="Draw the learning curve",
        why="Learns the model again from a tenth of its rows, a fifth, and so on, and judges it each time on the same rows.",
        icon=":material/show_chart:",
    )
    if path is None:
        return
    found = LearningCurve.from_dict(caches.result(path))
    st.markdown(errors.plain(found.sentence))
    if found.candidate != candidate.id:
        st.caption(f":material/info: The curve is that of {errors.plain(found.name)}, the ensemble's heaviest member.")
    st.plotly_chart(learning_figure(found), key="explain_learning", config={"displayModeBar": False}, alt="Score by rows")
    st.caption(
        "Points are means over folds, with the lowest and the highest. Far apart at the right: it learns its rows by heart, and "
        "more rows or a simpler model help. Close together: other columns are needed."
    )

    def mean(values: tuple[float, ...]) -> str:
        return number(round(sum(values) / len(values), 9))

    rows = [
        {"Rows": f"{point.rows:,}", "Rows not learned from": mean(point.judged), "Rows learned from": mean(point.learned)}
        for point in found.points
    ]
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Rows", "Rows not learned from", "Rows learned from")}
    st.dataframe(rows, hide_index=True, key="explain_learning_table", alt="Score by rows", column_config=right)

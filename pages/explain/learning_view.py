"""The learning curve: how the score grows with the rows, of one model or of two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain.side_by_side import Side, each, found_of
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.learning import LearningCurve
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, of: Sequence[Side]) -> None:
    """Draw the learning curves, or offer them."""
    from automl_core.charts.beside import same_scale
    from automl_core.charts.judging import LEARNING, learning_figure
    from automl_core.evaluation.learning import LearningCurve

    st.caption("Would more rows make it better? The model is learned again from ever more of the rows, and judged each time.")
    files = found_of(of, lambda side: _file(project, run, side))
    found = [(side, LearningCurve.from_dict(caches.result(path))) for side, path in files]
    if not found:
        return
    figures = [learning_figure(curve) for _, curve in found]
    same_scale(figures, "y")
    for side, curve in each(found):
        st.markdown(errors.plain(curve.sentence))
        if curve.candidate != side.candidate.id:
            st.caption(f":material/info: The curve is that of {errors.plain(curve.name)}, the ensemble's heaviest member.")
    for place, (side, curve) in enumerate(each(found)):
        key = f"explain_learning{side.key}"
        st.plotly_chart(figures[place], key=key, config={"displayModeBar": False}, alt=f"Score by rows, {curve.name}")
    st.caption(LEARNING)
    for side, curve in each(found):
        _table(side, curve)


def _file(project: ProjectFolder, run: Run, side: Side) -> Path | None:
    return result_of(
        project,
        run,
        side.candidate,
        "learning",
        lambda _: run.learning(side.candidate.id),
        label=side.named("Draw the learning curve"),
        why="Learns the model again from a tenth of its rows, a fifth, and so on, and judges it each time on the same rows.",
        icon=":material/show_chart:",
    )


def _table(side: Side, curve: LearningCurve) -> None:
    from automl_core.profiling.wording import number

    def mean(values: tuple[float, ...]) -> str:
        return number(round(sum(values) / len(values), 9))

    rows = [
        {"Rows": f"{point.rows:,}", "Rows not learned from": mean(point.judged), "Rows learned from": mean(point.learned)}
        for point in curve.points
    ]
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Rows", "Rows not learned from", "Rows learned from")}
    key = f"explain_learning_table{side.key}"
    st.dataframe(rows, hide_index=True, key=key, alt="Score by rows", column_config=right)

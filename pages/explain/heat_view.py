"""The error of a model over the values of two columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from pages.explain.side_by_side import Side, each
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.evaluation.failing import Failing
    from automl_core.evaluation.heat import Heat
    from automl_core.runs import Run


def draw(run: Run, source: str, found: Sequence[tuple[Side, Failing]], thresholds: dict[str, float]) -> None:
    """Let the person choose two columns and draw the error over their values, of each model in its place."""
    from automl_core.charts.judging import heat_ends, heat_figure
    from automl_core.data.wording import cut
    from automl_core.evaluation.heat import FEW

    st.subheader("Error over two columns", anchor=False)
    with errors.shown():
        names = _columns(run, source, found)
        if len(names) < 2:
            st.caption("These rows have fewer than two columns to look at.")
            return
        with st.container(horizontal=True):
            options = {"options": names, "format_func": lambda name: cut(name, 30), "width": 260}
            down = st.selectbox("Down", **options, key="explain_heat_down", help="Its values stand one below the other.")
            across = st.selectbox("Across", **options, index=1, key="explain_heat_across", help="Its values stand side by side.")
        heats = [(side, _cells(run, source, side, thresholds[side.key], down, across)) for side, _ in found]
        ends = heat_ends(made for _, made in heats)
        for side, made in each(heats):
            st.plotly_chart(
                heat_figure(made, found[0][1].error_name, down, across, ends),
                key=f"explain_heat{side.key}",
                config={"displayModeBar": False},
                alt=f"Error by {down} and {across}, {side.candidate.name}",
            )
        st.caption(f"The stronger the colour, the worse. Combinations of fewer than {FEW} rows are left empty.")


def _columns(run: Run, source: str, found: Sequence[tuple[Side, Failing]]) -> list[str]:
    """Return the columns that form groups and the judged rows have: those the model looks at, then the table's others."""
    from automl_core.evaluation.judged import judged_folder, stored_names

    others = [column.name for column in run.dataset().schema if column.kind not in ("id", "text")]
    names = list(dict.fromkeys([*found[0][1].columns, *others]))
    for side, _ in found:
        there = stored_names(judged_folder(run, side.candidate.id, source))
        names = names if there is None else [name for name in names if name in there]
    return names


def _cells(run: Run, source: str, side: Side, threshold: float, down: str, across: str) -> Heat:
    """Return a model's error in each combination of the values of two columns."""
    from automl_core.evaluation.failing import errors_of
    from automl_core.evaluation.heat import heat
    from automl_core.evaluation.judged import Judged, judged_columns, judged_folder

    folder = judged_folder(run, side.candidate.id, source)
    judged = Judged.load(folder)
    frame = judged_columns(run, folder, judged, list(dict.fromkeys([down, across])))
    return heat(errors_of(judged, threshold)[1], frame, run.dataset().schema, down, across)

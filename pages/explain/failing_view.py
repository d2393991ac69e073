"""Where a model fails: the worst groups in words, the error over two columns, the worst rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.failing import Failing
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

MEANING = {
    "wrong": "Error is the share of rows whose label is wrong.",
    "absolute": "Error is how far predictions are off on average, in the unit of the target.",
}


def draw(project: ProjectFolder, run: Run, candidate: Candidate, source: str, evaluation: Path) -> None:
    """Draw where a model fails on the judged rows, or offer to find out."""
    from automl_core.evaluation.failing import Failing
    from automl_core.evaluation.judged import judged_folder

    folder = judged_folder(run, candidate.id, source)
    path = result_of(
        project,
        run,
        candidate,
        "failing",
        lambda _: folder / "fails.json",
        label="Find out where it fails",
        why="Looks for groups of rows in which the model errs more than elsewhere.",
        icon=":material/travel_explore:",
        more={"source": source},
    )
    if path is None:
        return
    found = Failing.from_dict(caches.result(path))
    st.caption(MEANING[found.error_name])
    _groups(found)
    if len(found.columns) >= 2:
        _heat(run, folder, found, float(caches.result(evaluation)["threshold"]))
    _worst(found)


def _groups(found: Failing) -> None:
    from automl_core.evaluation.failing import error_words
    from automl_core.profiling.wording import counted, number, percent

    st.subheader("Groups in which it errs most", anchor=False)
    whole = error_words(found.error_name, found.error)
    if not found.groups:
        st.caption(f"No group is surely worse than all {found.rows:,} rows together, whose error is {whole}.")
    for group in found.groups:
        low, high = error_words(found.error_name, group.low), error_words(found.error_name, group.high)
        error = error_words(found.error_name, group.error)
        with st.container(border=True):
            st.markdown(f"**Where {errors.plain(group.words)}**")
            st.caption(
                f"Error {error} ({low} to {high}), {number(group.lift, 3)} times that of all rows ({whole}). Has "
                f"{counted(group.rows, 'row', 'rows')}, {percent(group.share)} of all, and {percent(group.of_all)} of errors."
            )
    for note in found.notes:
        st.caption(f":material/info: {errors.plain(note)}")


def _heat(run: Run, folder: Path, found: Failing, threshold: float) -> None:
    from automl_core.charts.judging import heat_figure
    from automl_core.evaluation.failing import errors_of
    from automl_core.evaluation.heat import FEW, heat
    from automl_core.evaluation.judged import Judged, judged_columns

    st.subheader("Error over two columns", anchor=False)
    names = list(found.columns)
    with st.container(horizontal=True):
        down = st.selectbox("Down", names, key="explain_heat_down", width=260, help="Its values stand one below the other.")
        across = st.selectbox(
            "Across", names, index=1, key="explain_heat_across", width=260, help="Its values stand side by side."
        )
    with errors.shown():
        judged = Judged.load(folder)
        frame = judged_columns(run, folder, judged, list(dict.fromkeys([down, across])))
        name, error = errors_of(judged, threshold)
        made = heat(error, frame, run.dataset().schema, down, across)
        st.plotly_chart(
            heat_figure(made, name, down, across),
            key="explain_heat",
            config={"displayModeBar": False},
            alt=f"Error by {down} and {across}",
        )
        st.caption(f"The stronger the colour, the worse. Combinations of fewer than {FEW} rows are left empty.")


def _worst(found: Failing) -> None:
    from automl_core.profiling.wording import number

    st.subheader("Rows with the largest errors", anchor=False)
    if not found.worst:
        st.caption("No row is wrong.")
        return
    labels = found.error_name == "wrong"
    told = "The labels it was surest of and wrong about." if labels else "The values that were furthest off."
    st.caption(f"{told} Rows are counted from 1, as in the table.")
    size = "Probability of the true one" if labels else "Off by"
    rows = []
    for row in found.worst:
        truth, predicted = (row["truth"], row["predicted"]) if labels else (number(row["truth"]), number(row["predicted"]))
        head = {"Row": f"{row['row']:,}", "True": truth, "Predicted": predicted, size: number(row["error"], 3)}
        taken = {column if column not in head else f"{column} (column)": cell for column, cell in row["cells"].items()}
        rows.append({**head, **taken})
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Row", size, *(() if labels else ("True", "Predicted")))}
    st.dataframe(
        rows, hide_index=True, key="explain_worst", height=320, alt="The rows with the largest errors", column_config=right
    )

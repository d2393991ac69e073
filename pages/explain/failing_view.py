"""Where a model fails: the worst groups in words, the error over two columns, the worst rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain import heat_view
from pages.explain.side_by_side import Side, each, found_of
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.failing import Failing
    from automl_core.runs import Run

MEANING = {
    "wrong": "Error is the share of rows whose label is wrong.",
    "absolute": "Error is how far predictions are off on average, in the unit of the target.",
}


def draw(project: ProjectFolder, run: Run, source: str, judged: Sequence[tuple[Side, Path]]) -> None:
    """Draw where a model fails on the judged rows, beside a second one, or offer to find out."""
    from automl_core.evaluation.failing import Failing
    from automl_core.profiling.wording import number

    files = found_of([side for side, _ in judged], lambda side: _file(project, run, source, side))
    found = [(side, Failing.from_dict(caches.result(path))) for side, path in files]
    if not found:
        return
    thresholds = {side.key: float(caches.result(path)["threshold"]) for side, path in judged}
    threshold = thresholds[found[0][0].key]
    at = f" The threshold is {number(threshold, 3)}, not 0.5: more of them are wrong on purpose." if threshold != 0.5 else ""
    st.caption(MEANING[found[0][1].error_name] + at)
    st.subheader("Groups in which it errs most", anchor=False)
    for _, failing in each(found):
        _groups(failing)
    if len(found[0][1].columns) >= 2:
        heat_view.draw(run, source, found, thresholds)
    st.subheader("Rows with the largest errors", anchor=False)
    for side, failing in each(found):
        _worst(side, failing)


def _file(project: ProjectFolder, run: Run, source: str, side: Side) -> Path | None:
    from automl_core.evaluation.judged import judged_folder

    return result_of(
        project,
        run,
        side.candidate,
        "failing",
        lambda _: judged_folder(run, side.candidate.id, source) / "fails.json",
        label=side.named("Find out where it fails"),
        why="Looks for groups of rows in which the model errs more than elsewhere.",
        icon=":material/travel_explore:",
        more={"source": source},
    )


def _groups(found: Failing) -> None:
    from automl_core.evaluation.failing import error_words
    from automl_core.profiling.wording import counted, number, percent

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


def _worst(side: Side, found: Failing) -> None:
    from automl_core.data.wording import cut
    from automl_core.evaluation.parting import MISSING
    from automl_core.profiling.wording import number, percent

    if not found.worst:
        st.caption("No row is wrong.")
        return
    labels = found.error_name == "wrong"
    told = "The labels it was surest of and wrong about." if labels else "The values that were furthest off."
    st.caption(f"{told} Rows are counted from 1, as in the table.")
    size = "Probability of the true one" if labels else "Off by"
    rows = []
    for row in found.worst:
        truth, predicted = (
            (cut(row["truth"], 30), cut(row["predicted"], 30)) if labels else (number(row["truth"]), number(row["predicted"]))
        )
        head = {
            "Row": f"{row['row']:,}",
            "True": truth,
            "Predicted": predicted,
            size: percent(row["error"]) if labels else number(row["error"], 3),
        }
        taken = {column if column not in head else f"{column} (column)": cell for column, cell in row["cells"].items()}
        rows.append({**head, **taken})
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in ("Row", size, *(() if labels else ("True", "Predicted")))}
    # A column of short cells is as wide as its first ones, and a later "(missing)" would be cut.
    lacking = {name: text(width=90) for name in rows[0] if _short_with(MISSING, [row[name] for row in rows])}
    st.dataframe(
        rows,
        hide_index=True,
        key=f"explain_worst{side.key}",
        height=320,
        alt="The rows with the largest errors",
        column_config=lacking | right,
    )


def _short_with(word: str, cells: list[str]) -> bool:
    return word in cells and max(map(len, cells)) <= len(word)

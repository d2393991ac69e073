"""Ranges of predictions, with whether they hold, of one model or of two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.workspace import ProjectFolder
from pages.explain.side_by_side import Side, each, found_of
from pages.shared import caches, errors
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.evaluation.coverage import Coverage, Held
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, source: str, judged: Sequence[tuple[Side, Path]]) -> None:
    """Draw whether ranges hold on the judged rows."""
    from automl_core.charts.beside import same_scale
    from automl_core.charts.judging import coverage_figure
    from automl_core.evaluation.coverage import Coverage
    from automl_core.evaluation.judged import OUT_OF_FOLD

    files = found_of([side for side, _ in judged], lambda side: _file(project, run, source, side))
    found = [(side, Coverage.from_dict(caches.result(path))) for side, path in files]
    if not found:
        return
    evaluation: dict[str, Any] = caches.result(judged[0][1])
    values = not evaluation["classes"]
    what = "two values between which the truth lies" if values else "the labels among which the truth is"
    st.markdown(f"Beside each prediction the model can tell {what}, with the certainty you ask for.")
    if source == OUT_OF_FOLD:
        st.caption(":material/info: The ranges were learned from these rows, so here they hold by construction.")
    figures = [coverage_figure(coverage) for _, coverage in found]
    same_scale(figures, "y")
    for _, coverage in each(found):
        st.caption(f":material/verified: {errors.plain(coverage.sentence(evaluation['target']))}")
    for place, (side, _) in enumerate(each(found)):
        alt = f"Certainty asked for and kept, {side.candidate.name}"
        st.plotly_chart(figures[place], key=f"explain_coverage{side.key}", config={"displayModeBar": False}, alt=alt)
    st.caption("On the dashed line the promise is kept.")
    for side, coverage in each(found):
        _asked(side, coverage, values=values)
    st.subheader("At 90 %, by prediction" if values else "At 90 %, by label", anchor=False)
    for side, coverage in each(found):
        _parts(side, coverage, values=values)


def _file(project: ProjectFolder, run: Run, source: str, side: Side) -> Path | None:
    """Return what was found out about a model's ranges; older versions knew none."""
    from automl_core.evaluation.judged import judged_folder, main_source

    file = judged_folder(run, side.candidate.id, source) / "coverage.json"
    if file.exists():
        return file
    whose = errors.plain(side.candidate.name)
    st.caption(f"{whose} was packed or judged by an older version, which knew no ranges. Train it again to get them.")
    if source == main_source(run):
        result_of(
            project,
            run,
            side.candidate,
            "evaluate",
            lambda _: file,
            label=side.named("Judge it again"),
            why="Computes the scores, and whether the ranges hold.",
            icon=":material/fact_check:",
        )
    return None


def _asked(side: Side, found: Coverage, *, values: bool) -> None:
    from automl_core.profiling.wording import counted, percent

    rows = [{"Asked": percent(held.asked), **_held(held, values=values)} for held in found.held]
    _table(rows, f"explain_coverage_table{side.key}", "Certainty asked for and kept")
    st.caption(f"Learned from {counted(found.learned, 'row', 'rows')} out-of-fold.")


def _parts(side: Side, found: Coverage, *, values: bool) -> None:
    from automl_core.data.wording import cut
    from automl_core.profiling.wording import counted, listed

    name = "Predicted" if values else "True label"
    rows = [{name: cut(held.name, 40), "Rows": f"{held.rows:,}", **_held(held, values=values)} for held in found.parts]
    _table(rows, f"explain_coverage_parts{side.key}", "Certainty kept in each part")
    if found.sets:
        told = [
            f"{counted(rows, 'row', 'rows')} with {counted(place + 1, 'label', 'labels')}"
            for place, rows in enumerate(found.sets)
            if rows
        ]
        st.caption(f"At 90 %: {', '.join(told)}. One label means that the others can be ruled out.")
    if found.note:
        st.caption(f":material/info: {found.note}")
    if found.together:
        many = len(found.together) > 1
        words = ("Labels", "have", "their") if many else ("The label", "has", "its")
        names = errors.plain(listed(found.together))
        st.caption(f":material/info: {words[0]} {names} {words[1]} too few rows for a limit of {words[2]} own.")


def _held(held: Held, *, values: bool) -> dict[str, str]:
    """Return what came of an asked certainty, as a row of a table."""
    from automl_core.profiling.wording import number, percent

    return {
        "Inside": percent(held.inside),
        "From": percent(held.low),
        "To": percent(held.high),
        "Mean width" if values else "Labels on average": "endless"
        if held.size is None
        else number(held.size, 4 if values else 3),
    }


def _table(rows: list[dict[str, str]], key: str, alt: str) -> None:
    text = st.column_config.TextColumn
    right = {name: text(alignment="right") for name in rows[0] if name not in ("Predicted", "True label")} if rows else {}
    st.dataframe(rows, hide_index=True, key=key, alt=alt, column_config=right)

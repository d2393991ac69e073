"""How good a model is: on which rows, beside which other model, and in which respect; one part is drawn at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.relearning import origin_of
from automl_core.workspace import ProjectFolder
from pages.explain import failing_view, fairness_view, judged_rows, learning_view, ranges_view, threshold_view
from pages.explain.evaluation_view import draw_curves
from pages.explain.scores_view import draw_scores
from pages.explain.side_by_side import Side, sides
from pages.shared import errors, relearn_view
from pages.shared.candidate_jobs import result_of

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run

SCORES, CURVES, THRESHOLD, FAILS, GROUPS, RANGES, ROWS = (
    "Scores",
    "Curves",
    "Threshold",
    "Where it fails",
    "Fairness",
    "Ranges",
    "More rows",
)
NONE = ""


def draw(project: ProjectFolder, run: Run, candidate: Candidate) -> None:
    """Draw the chosen part of how good a model is, or what has to be computed first."""
    from automl_core.evaluation.judged import main_source

    relearn_view.tell_origin(run)
    if not run.config.holdout and origin_of(run) is None:
        st.info(
            "This run learned from every row, so none are left to judge it on. Scores are out-of-fold: each row is judged by "
            "a model that did not learn from it, but the search has seen these scores. Keep rows aside to judge the winner.",
            icon=":material/info:",
        )
    parts = [SCORES, CURVES, *([THRESHOLD] if run.config.task == "binary" else []), FAILS, GROUPS, RANGES, ROWS]
    part = st.segmented_control(
        "What to look at",
        parts,
        default=SCORES,
        required=True,
        key="explain_part",
        label_visibility="collapsed",
        help="One part of the evaluation at a time.",
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = judged_rows.choose(project, run, candidate)
        other = _choose_other(run, candidate)
    judged_rows.follow_file(project, run, candidate)
    if part == ROWS:
        learning_view.draw(project, run, sides(candidate, other))
        return
    path = _evaluated(project, run, Side(candidate), source, primary=source == main_source(run))
    if path is None:
        return
    judged = [(Side(candidate), path)]
    if other is not None:
        beside = Side(other, "_beside")
        second = _evaluated(project, run, beside, source)
        judged += [(beside, second)] if second is not None else []
    _draw_part(str(part), project, run, source, judged)


def _draw_part(part: str, project: ProjectFolder, run: Run, source: str, judged: list[tuple[Side, Path]]) -> None:
    """Draw one part of how good one model is, or two beside each other, from their evaluations on the same rows."""
    from automl_core.evaluation.judged import main_source

    if part == SCORES:
        (first, path), *second = judged
        beside = (second[0][0].candidate, second[0][1]) if second else None
        draw_scores(path, first.candidate, run, source, beside=beside)
        if source == main_source(run):
            relearn_view.offer(run, first.candidate, "explain")
    elif part == CURVES:
        draw_curves(judged)
    else:
        views = {THRESHOLD: threshold_view, FAILS: failing_view, GROUPS: fairness_view, RANGES: ranges_view}
        views[part].draw(project, run, source, judged)


def _evaluated(project: ProjectFolder, run: Run, side: Side, source: str, *, primary: bool = False) -> Path | None:
    """Return the evaluation on these rows, or offer it."""
    from automl_core.evaluation.judged import OUT_OF_FOLD, evaluation_path, main_source

    candidate = side.candidate

    held_out = bool(run.config.holdout)
    if source == main_source(run):
        return result_of(
            project,
            run,
            candidate,
            "evaluate",
            run.evaluation,
            label=side.named("Judge it on the held-out rows" if held_out else "Judge it out-of-fold"),
            why="Scores the model on the rows that were kept aside and that no search saw."
            if held_out
            else "Scores each row by the fold's model that did not learn from it.",
            icon=":material/fact_check:",
            primary=primary,
        )
    path = evaluation_path(run, candidate.id, source)
    if source != OUT_OF_FOLD:
        if path.exists():
            return path
        st.caption(f"{errors.plain(candidate.name)} was not judged on this file. Choose it above and judge it there first.")
        return None
    return result_of(
        project,
        run,
        candidate,
        "judge",
        lambda _: path,
        label=side.named("Judge it out-of-fold"),
        why="Scores each row by the fold's model that did not learn from it.",
        icon=":material/fact_check:",
        more={"source": source},
    )


def _choose_other(run: Run, candidate: Candidate) -> Candidate | None:
    """Let the person choose a second model, which is looked at beside this one."""
    others = {row.id: row for row in run.leaderboard().ranked() if row.state == "scored" and row.id != candidate.id}
    if not others:
        return None
    chosen = st.selectbox(
        "Beside",
        [NONE, *others],
        format_func=lambda key: others[key].name if key else "No other model",
        key=f"explain_beside_{run.id}_{candidate.id}",
        width=320,
        help="A second model, judged on the same rows and drawn on the right, on the same scale.",
    )
    return others.get(chosen)

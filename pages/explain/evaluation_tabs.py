"""How good a model is: on which rows, beside which other model, and in which respect; one part is drawn at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.relearning import origin_of
from automl_core.workspace import ProjectFolder
from pages.explain import failing_view, fairness_view, judged_rows, ranges_view, threshold_view
from pages.explain.evaluation_view import draw_curves
from pages.explain.scores_view import draw_scores
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
    source = judged_rows.choose(project, run, candidate)
    if part == ROWS:
        ranges_view.draw_learning(project, run, candidate)
        return
    path = _evaluated(project, run, candidate, source, primary=source == main_source(run))
    if path is None:
        return
    if part == SCORES:
        other = _beside(project, run, candidate, source)
        draw_scores(path, candidate, run, source, beside=other)
        if source == main_source(run):
            relearn_view.offer(run, candidate, "explain")
    elif part == CURVES:
        draw_curves(path, beside=_beside(project, run, candidate, source), name=candidate.name)
    elif part == THRESHOLD:
        threshold_view.draw(project, run, candidate, source, path)
    elif part == FAILS:
        failing_view.draw(project, run, candidate, source, path)
    elif part == GROUPS:
        fairness_view.draw(project, run, candidate, source, path)
    else:
        ranges_view.draw(project, run, candidate, source, path)


def _evaluated(project: ProjectFolder, run: Run, candidate: Candidate, source: str, *, primary: bool = False) -> Path | None:
    """Return the evaluation on these rows, or offer it."""
    from automl_core.evaluation.judged import OUT_OF_FOLD, evaluation_path, main_source

    held_out = bool(run.config.holdout)
    if source == main_source(run):
        return result_of(
            project,
            run,
            candidate,
            "evaluate",
            run.evaluation,
            label="Judge it on the held-out rows" if held_out else "Judge it out-of-fold",
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
        label="Judge it out-of-fold",
        why="Scores each row by the fold's model that did not learn from it.",
        icon=":material/fact_check:",
        more={"source": source},
    )


def _beside(project: ProjectFolder, run: Run, candidate: Candidate, source: str) -> tuple[Candidate, Path] | None:
    """Let the person choose a second model, and return it with its evaluation on the same rows."""
    others = {row.id: row for row in run.leaderboard().ranked() if row.state == "scored" and row.id != candidate.id}
    if not others:
        return None
    chosen = st.selectbox(
        "Beside",
        [NONE, *others],
        format_func=lambda key: others[key].name if key else "No other model",
        key=f"explain_beside_{run.id}_{candidate.id}",
        width=320,
        help="A second model, judged on the same rows and drawn on the right.",
    )
    if not chosen:
        return None
    path = _evaluated(project, run, others[chosen], source)
    return None if path is None else (others[chosen], path)

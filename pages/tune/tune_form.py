"""What a study is asked for: method, budget, and the space of each parameter with its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, job_state
from pages.tune import space_form

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.search.place import Place
    from automl_core.tuning.study import Course, Settings

AIMS = {"": "None, the score alone", "predict_ms": "A short time to predict", "size_bytes": "A small model"}
PRUNERS = {
    "median": "Below the median of the others",
    "halving": "Below the better half",
    "none": "Never",
}


COURSES = {"batches": "In batches, repeatable", "busy": "Keep every machine busy (Ray Tune)"}


def ask(run: Run, row: Candidate, place: Place) -> Settings:
    """Draw the form and return what it says; raises InputError for a space or a budget that makes no sense."""
    from automl_core.search.prepare import cores
    from automl_core.tuning.edits import from_rows
    from automl_core.tuning.methods import (
        FOR_AIMS,
        METHODS,
        check_method,
        expected_trials,
        propose_for_aims,
        propose_method,
        why_not,
    )
    from automl_core.tuning.study import Settings

    counted, amount, seed = _budget()
    trials, seconds = (amount, 60.0) if counted else (0, float(amount))
    aim = st.selectbox(
        "Second aim", list(AIMS), format_func=AIMS.__getitem__, key="tune_aim",
        help="Beside the score. The trials that no other one beats in both are kept, and you pick from them.",
    )  # fmt: skip
    cleaning = st.toggle(
        "Try cleaning choices too", key=f"tune_cleaning_{row.id}",
        disabled=not space_form.cleaning_reaches(run.id, row.id, run, row),
        help="What fills gaps, turns words into numbers, scales them, and how many columns are kept, beside the model's own "
        "parameters. The tuned model carries the choices that won. Not for models that read words and gaps by themselves.",
    )  # fmt: skip
    start = space_form.space(run.config.task, run.id, row.id, cleaning, run, row)
    edited = space_form.edit(start, row, cleaning)
    space = from_rows(start, edited)
    count = expected_trials(trials, seconds, row.fit_seconds, cores(run.config))
    proposal = propose_method(space, count) if not aim else propose_for_aims()
    reasons = {name: why_not(name, space) for name in METHODS}
    names = [name for name in METHODS if not aim or name in FOR_AIMS]
    chosen = st.selectbox(
        "Method",
        names,
        index=names.index(proposal.value),
        format_func=lambda name: METHODS[name].label + (" (not here)" if reasons[name] else ""),
        key=f"tune_method_{row.id}_{proposal.value}",
        help="Each is a way of choosing what is tried next.",
    )
    st.caption(errors.plain(METHODS[chosen].sentence))
    if chosen == proposal.value:
        st.caption(f"Proposed: {errors.plain(proposal.reason)}")
    if reasons[chosen]:
        st.caption(f":material/block: {errors.plain(reasons[chosen])}")
    method = check_method(chosen, space)
    if method == "grid":
        size, folds = space.grid_size(), max(len(row.fold_scores), 1)
        st.caption(f"The grid has {size:,} points, {size * folds:,} fits over {folds} folds, {_time(size, row, run)} in all.")
    course = _course() if place.cluster and not aim else "batches"
    busy = course == "busy"
    pruner = st.selectbox(
        "Give trials up by their first folds",
        [name for name in PRUNERS if not busy or name != "median"],
        format_func=PRUNERS.__getitem__,
        key=f"tune_pruner_{course}",
        help="A trial that is worse than others on its first folds is not fitted on the rest. "
        + ("Successive halving (ASHA) compares it with all that came as far." if busy else "The first ten always are."),
    )
    return Settings(row.id, method, space, trials, seconds, seed, pruner=pruner, aim=aim, course=course)


def _course() -> Course:
    """Ask how trials are begun on a cluster; raises EngineError where what Ray Tune needs is not installed."""
    from automl_core.tuning.busy import check_tune

    course: Course = st.segmented_control(
        "How trials are begun", list(COURSES), default="batches", required=True, format_func=COURSES.__getitem__,
        key="tune_course",
        help="Batches wait until all of their trials have ended. Ray Tune begins one as soon as a core is free, which is faster "
        "where trials take different times, or where there are more cores than a batch uses.",
    )  # fmt: skip
    if course == "busy":
        st.caption("The same seed will not give exactly the same trials again: what is tried depends on which trial ended first.")
        check_tune()
    return course


def _budget() -> tuple[bool, int, int]:
    left, middle, right = st.columns(3)
    with left:
        kind = st.segmented_control(
            "Budget in", ("Trials", "Seconds"), default="Trials", required=True, key="tune_budget_kind",
            help="Counted in trials, the same seed gives the same result on any computer.",
        )  # fmt: skip
    counted = kind == "Trials"
    with middle:
        amount = st.number_input(
            str(kind), min_value=1, max_value=100_000, value=40 if counted else 60, key=f"tune_budget_{kind}",
            help="Beside the model as it is, which is always the first." if counted else "Of wall-clock time.",
        )  # fmt: skip
    with right:
        seed = st.number_input(
            "Seed", min_value=0, max_value=2**31 - 1, value=0, key="tune_seed", help="Where the random choices begin."
        )
    return counted, int(amount), int(seed)


def _time(trials: int, row: Candidate, run: Run) -> str:
    from automl_core.search.prepare import cores

    return f"about {job_state.duration(trials * row.fit_seconds / cores(run.config))}"

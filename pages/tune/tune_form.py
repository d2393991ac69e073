"""What a study is asked for: method, budget, and the space of each parameter with its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.shared import errors, job_state

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate
    from automl_core.runs import Run
    from automl_core.tuning.spaces import Space
    from automl_core.tuning.study import Settings

AIMS = {"": "None, the score alone", "predict_ms": "A short time to predict", "size_bytes": "A small model"}
PRUNERS = {
    "median": "Below the median of the others",
    "halving": "Below the better half",
    "none": "Never",
}


def ask(run: Run, row: Candidate) -> Settings:
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
        "Try cleaning choices too", key=f"tune_cleaning_{row.id}", disabled=not _cleaning_reaches(run.id, row.id, run, row),
        help="What fills gaps, turns words into numbers, scales them, and how many columns are kept, beside the model's own "
        "parameters. The tuned model carries the choices that won. Not for models that read words and gaps by themselves.",
    )  # fmt: skip
    start = _space(run.config.task, run.id, row.id, cleaning, run, row)
    edited = _edit(start, row, cleaning)
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
    pruner = st.selectbox(
        "Give trials up by their first folds",
        list(PRUNERS),
        format_func=PRUNERS.__getitem__,
        key="tune_pruner",
        help="A trial that is worse than others on its first folds is not fitted on the rest. The first ten always are.",
    )
    return Settings(row.id, method, space, trials, seconds, seed, pruner=pruner, aim=aim)


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


def _edit(space: Space, row: Candidate, cleaning: bool) -> list[dict]:
    from automl_core.tuning.edits import as_rows

    st.caption("What is tried of each parameter. Narrow it, widen it, or fix it by the same number twice or by one value.")
    fixed = ["Parameter", "Now", "Scale", "What it does"]
    edited = st.data_editor(
        as_rows(space),
        key=f"tune_space_{row.id}_{cleaning}",
        hide_index=True,
        disabled=fixed,
        num_rows="fixed",
        placeholder="",
        column_config={
            "Parameter": st.column_config.TextColumn(width=150),
            "From": st.column_config.NumberColumn(width=85, format="%.6g", help="The lowest value that is tried."),
            "To": st.column_config.NumberColumn(width=85, format="%.6g", help="The highest value that is tried."),
            "Values": st.column_config.TextColumn(width=150, help="For choices: the values that are tried, with commas."),
            "Now": st.column_config.TextColumn(width=75, help="Of the model as it is; null means no limit."),
            "Scale": st.column_config.TextColumn(width=90, help="On a logarithmic scale 0.01 to 0.1 counts as much as 0.1 to 1."),
            "What it does": st.column_config.TextColumn(width="large"),
        },
    )
    return list(edited)


@st.cache_resource(max_entries=20, show_spinner="Looking up what can be tuned")
def _space(task: str, run_id: str, row_id: str, cleaning: bool, _run: Run, _row: Candidate) -> Space:
    from automl_core.tuning.run import features_of, space_of_row

    return space_of_row(task, _row, features_of(_run) if cleaning else None)  # type: ignore[arg-type]


@st.cache_resource(max_entries=20, show_spinner=False)
def _cleaning_reaches(run_id: str, row_id: str, _run: Run, _row: Candidate) -> bool:
    """Return whether any cleaning choice changes what the model gets."""
    from automl_core.cleaning.variants import offered
    from automl_core.tuning.run import features_of

    return bool(offered(_row.view, features_of(_run)))


def _time(trials: int, row: Candidate, run: Run) -> str:
    from automl_core.search.prepare import cores

    return f"about {job_state.duration(trials * row.fit_seconds / cores(run.config))}"

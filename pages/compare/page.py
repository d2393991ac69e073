"""Compare: which model is best, how sure is that, and how long will it take?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.compare import experiment_form, forecast_actual, forecast_view, proof_view
from pages.shared import caches, errors, guards, jobs, layout, money_view, people, place_form, recipes, run_view, state

if TYPE_CHECKING:
    from automl_core.cleaning.apply import Cleaned
    from automl_core.cleaning.recipe import Recipe
    from automl_core.data.dataset import Dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.proposals import Proposal
    from automl_core.search.place import Place
    from automl_core.workspace import ProjectFolder


def cleaned(data: Dataset, target: str) -> tuple[Cleaned, str]:
    """Return the target as the models would get it, after the steps that act on the table, and what was passed over.

    Raises AutoMLError.
    """
    from automl_core.cleaning.lineage import check_target
    from automl_core.cleaning.store import export_recipe

    recipe = recipes.current(data, target)
    check_target(recipe, data.schema, target)
    return _cleaned(data.fingerprint, export_recipe(recipe), target, data, recipe)


@st.cache_resource(max_entries=4, show_spinner="Looking at what is to be predicted")
def _cleaned(fingerprint: str, recipe_text: str, target: str, _data: Dataset, _recipe: Recipe) -> tuple[Cleaned, str]:
    from automl_core.cleaning.outcome import clean_outcome

    return clean_outcome(_data, _recipe, target)


def proposal(data: Dataset, target: str, table: Cleaned) -> tuple[Proposal, dict[str, int]]:
    """Return what is proposed for a target, and how often its labels occur; looked at once, and not at every click."""
    from automl_core.cleaning.store import export_recipe

    return _proposal(data.fingerprint, export_recipe(recipes.current(data, target)), target, data, table)


@st.cache_resource(max_entries=16, show_spinner=False)
def _proposal(
    fingerprint: str, recipe_text: str, target: str, _data: Dataset, _table: Cleaned
) -> tuple[Proposal, dict[str, int]]:
    from automl_core.proposals import propose, split_columns
    from automl_core.target import label_text

    keys, dates = split_columns(_data.schema, target)
    uploaded = _data.frame([*keys, *dates]), _data.schema
    counts = label_text(_table.frame[target].dropna()).value_counts().head(experiment_form.LABELS)
    return propose(_table.frame, _table.schema, target, uploaded=uploaded), {str(label): int(n) for label, n in counts.items()}


def request(data: Dataset, config: ExperimentConfig) -> dict[str, Any]:
    """Return what is asked of a run, or of its forecast."""
    recipe = recipes.current(data, config.target)
    return {"dataset": data.id, "fingerprint": data.fingerprint, "config": config.to_dict(), "recipe": recipe.to_dict()}


def start(project: ProjectFolder, data: Dataset, config: ExperimentConfig, place: Place) -> str:
    """Check the settings against the cleaned table, submit the run and return its id; raises AutoMLError."""
    from automl_core.config_checks import check_config
    from automl_core.scorer import needed_columns

    table, _ = cleaned(data, config.target)
    named = {*needed_columns(config), *([config.split.column] if config.split.kind != "random" else [])}
    # Of a column that is not there, what is wrong is said by the names of all.
    rows = caches.columns(data, named if named <= set(data.schema.names) else data.schema.names)
    checked, notes = check_config(table.frame, table.schema, config, uploaded=(rows, data.schema))
    forecast = forecast_view.before_start(project, request(data, config))
    return jobs.start(project, "train", {**request(data, checked), **forecast, **place_form.checked(place)}, notes=notes)


@st.fragment
def ask_and_start(project: ProjectFolder, data: Dataset, *, primary: bool, earlier: str = "") -> None:
    """Ask for the settings and start a run; `earlier` is the target of the run that is looked at.

    Another setting draws this again and nothing else of the page.
    """
    target = experiment_form.choose_target(data, earlier)
    if not target:
        st.caption("The task, the metric and the rest are proposed once the target is known.")
        return
    with errors.shown() as outcome:
        table, passed_over = cleaned(data, target)
        if passed_over:
            st.caption(f":material/info: {passed_over}")
        config = experiment_form.ask(data, table.frame, *proposal(data, target, table))
        place = place_form.ask("compare")
    if outcome.failed:
        return
    with st.container(horizontal=True):
        clicked = st.button(
            "Start",
            key="compare_start",
            type="primary" if primary else "secondary",
            icon=":material/play_arrow:",
            **people.changing("Starts the comparison. It goes on when you close this page."),
        )
        asked = forecast_view.button(project, request(data, config))
    if clicked:
        with errors.shown() as started, st.spinner("Starting"):
            run_id = start(project, data, config, place)
        if not started.failed:
            state.choose(run=run_id)
            st.rerun()
    if asked:
        forecast_view.ask(project, request(data, config))
    forecast_view.draw(project, request(data, config))


def choose_run(project: ProjectFolder, known: list[str]) -> None:
    """Let the person choose among the project's runs and remember the choice."""
    if state.get("run") not in known:
        state.choose(run=known[0])
    # The state is part of the key: a browser keeps the text of a choice whose key stays.
    now = run_view.state_of(project, state.get("run"))
    key = f"compare_run_{state.get('run')}_{now}"
    st.selectbox(
        "Run",
        known,
        index=known.index(state.get("run")),
        format_func=lambda run_id: run_view.label(project, run_id),
        key=key,
        help="Every comparison of this project, newest first.",
        on_change=state.choose_in,
        args=("run", key),
    )


layout.header("compare")
project = guards.require_project()
runs = project.list("runs")
if not runs:
    ask_and_start(project, guards.require_dataset(), primary=True)
    st.stop()

choose_run(project, runs)
run = guards.require_run()
following = run_view.draw(project, run, f"compare_{run.id}")
ended = not following.active and (run.path / "leaderboard.json").exists()
if ended:
    forecast_actual.against(run)
    money_view.draw(project, run, "compare")
proof_view.draw(run, f"compare_{run.id}")
with st.expander("New comparison", icon=":material/add:", expanded=False):
    table = guards.require_dataset()
    ask_and_start(project, table, primary=False, earlier=run.config.target if run.params["dataset"] == table.id else "")
if ended:
    where = "on rows it never saw" if run.config.holdout else "out-of-fold"
    layout.next_step("explain", f"See how good a model is {where}, and what it looks at.", "Inspect a model")

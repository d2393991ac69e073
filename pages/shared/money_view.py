"""The cost table of a run that has ended: entered, changed or taken away, and used by every model from then on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from automl_core.errors import AutoMLError
from automl_core.workspace import ProjectFolder
from pages.shared import caches, costs_form, errors, job_state, jobs, people

if TYPE_CHECKING:
    from automl_core.experiment import Costs
    from automl_core.runs import Run


def draw(project: ProjectFolder, run: Run, key: str) -> None:
    """Draw what decisions are worth by now, and the form that changes it; nothing for runs of another task."""
    from automl_core.evaluation.wording import costs_sentence

    config = run.config
    if config.task != "binary" or run.params.get("relearn"):
        return
    with st.expander("Money: what right and wrong decisions are worth", icon=":material/payments:"):
        if config.costs is not None:
            st.caption(f"By now: {errors.plain(costs_sentence(config.costs))}.")
        else:
            st.caption("Say what decisions are worth, and the models are judged by it, and the threshold is the one that pays.")
        try:
            data = run.dataset()
        except AutoMLError as error:  # the table is gone
            errors.show(error)
            return
        with st.form(f"{key}_money", border=False):
            costs = costs_form.fields(data, config, f"{key}_money", run.id)
            with st.container(horizontal=True):
                counted = st.form_submit_button(
                    "Count money",
                    key=f"{key}_money_count",
                    icon=":material/payments:",
                    **people.changing(
                        "Judges every model by this table and chooses their thresholds by it. Nothing is learned again."
                    ),
                )
                dropped = (
                    config.costs is not None
                    and config.metric != "cost"
                    and st.form_submit_button(
                        "Take it away",
                        key=f"{key}_money_drop",
                        icon=":material/delete:",
                        **people.changing("Models are then judged without money, and decide as they would have without it."),
                    )
                )
        if counted or dropped:
            _submit(project, run, None if dropped else costs)
        _follow(project, run, key)


def _submit(project: ProjectFolder, run: Run, costs: Costs | None) -> None:
    from automl_core.own_figures import check_costs

    with errors.shown() as outcome, st.spinner("Starting"):
        if costs is not None:
            data = run.dataset()
            check_costs(costs, run.config, caches.columns(data, [costs.amount] if costs.amount else []), data.schema)
        jobs.start(project, "price", {"run": run.id, "costs": asdict(costs) if costs else None})
    if not outcome.failed:
        st.rerun()


def _follow(project: ProjectFolder, run: Run, key: str) -> None:
    """Follow the newest table while models are judged by it."""
    found = jobs.newest(project, "price", {"run": run.id})
    if found is not None and job_state.follow(found).state != "finished":
        jobs.panel(project, found.name, key=f"{key}_money_job")

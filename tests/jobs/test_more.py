"""A comparison that is given more through the host: it does something with it, or says what to do instead."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from automl_core.events import Message, read_events
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.jobs.control import resume
from automl_core.jobs.job import ACTIVE, Job
from automl_core.leaderboard import Leaderboard

if TYPE_CHECKING:
    from tests.jobs.conftest import Desk


def scored(job: Job) -> set[str]:
    """Wait until a job has ended well; return the single models that have a score."""
    deadline = time.monotonic() + 60
    while job.state in ACTIVE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert job.state == "finished"
    rows = Leaderboard.load(job.folder / "leaderboard.json")
    return {row.id for row in rows if row.state == "scored" and row.role == "model"}


@pytest.mark.parametrize(("budget", "more"), [(Budget(60, 2), {"models": 3}), (Budget(60, 9), {"models": 2})])
def test_more_models_are_that_many_more(desk: Desk, budget: Budget, more: dict[str, int]) -> None:
    """Regression: a page said that it searched on for 20 more models, and nothing was fitted."""
    project = desk.project()
    params = desk.params(project)
    config = replace(ExperimentConfig.from_dict(params["config"]), preset="quick", candidates=(), budget=budget)
    job = desk.start(project, {**params, "config": config.to_dict()})
    first = scored(job)
    assert len(first) == min(budget.trials, 7), "a quick look has seven"
    resume(desk.workspace, project.id, job.id, **more)
    assert len(scored(job)) == len(first) + more["models"]
    assert first < scored(job)
    resume(desk.workspace, project.id, job.id)
    assert len(scored(job)) == len(first) + more["models"]
    said = [event.text for event in read_events(job.journal)[0] if isinstance(event, Message)]
    assert said[-1] == "All models that this run was given had been tried before. Give it more models to go on."


def test_more_time_is_used(desk: Desk) -> None:
    project = desk.project()
    params = desk.params(project)
    config = replace(ExperimentConfig.from_dict(params["config"]), preset="quick", candidates=(), budget=Budget(30))
    job = desk.start(project, {**params, "config": config.to_dict()})
    first = scored(job)
    resume(desk.workspace, project.id, job.id, seconds=8.0)
    assert first < scored(job)

"""More for a search that has ended: what it is given, and what it was given at first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from automl_core.errors import InputError
from automl_core.experiment import Budget
from automl_core.profiling.wording import counted
from automl_core.relearning import origin_of
from automl_core.runs import Run
from automl_core.workspace import read_json, write_json

FILE = "first.json"
"""In a run's folder: how many models it was given at first, where that was counted."""
USUAL = 60.0
"""Seconds that a run counted in time is given where nothing is said."""


def with_more(run: Run, *, seconds: float = 0.0, models: int = 0) -> dict[str, Any]:
    """Return the request of a run that goes on.

    Parameters
    ----------
    run : Run
    seconds : float
        Of the next session; a run that was counted in models goes on by the clock then.
    models : int
        Beyond those that it was given. With neither, a run gets `USUAL` seconds, or as many models as at first.

    Raises
    ------
    InputError
        When the run is no search, or what it is given is no budget for it.
    """
    if origin_of(run):
        raise InputError(
            f"{run.path} holds a model that learned every row, not a search.", action="Extend the run that it was chosen in."
        )
    if seconds < 0 or models < 0 or (seconds and models):
        raise InputError(
            f"{seconds:g} seconds and {counted(models, 'model', 'models')} are no budget.",
            "A search goes on for a time or for a number of models.",
            "Give one of them, above 0.",
        )
    config, before = run.config, run.config.budget
    if models and not before.trials:
        raise InputError(
            "This run is counted in seconds.", "Models can be added where it was counted in models.", "Give it seconds."
        )
    if before.trials and not seconds:
        budget = replace(before, trials=before.trials + (models or first_models(run, given_more=True) or before.trials))
    else:
        budget = Budget(seconds or USUAL, 0)
    return {**run.params, "config": replace(config, budget=budget).to_dict()}


def first_models(run: Run, *, given_more: bool) -> int | None:
    """Return how many models a run that was given more was given at first, 0 where time was; None for one that was not.

    In the first session of a run it is noted.
    """
    path, trials = run.path / FILE, run.config.budget.trials
    if not given_more:
        if trials and not path.exists():
            write_json(path, {"format": 1, "models": trials})
        return None
    if path.exists():
        return int(read_json(path)["models"])
    return 0

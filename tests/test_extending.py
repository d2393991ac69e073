"""More for a search that has ended: seconds or models, and what is no budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from automl_core.errors import InputError
from automl_core.events import Event, Failed, Finished, Progress, Started, Stopped, append_event
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.extending import MORE, budgets, given, with_more
from automl_core.honesty import HeldOut
from automl_core.relearning import KIND, Origin
from automl_core.runs import Run, write_request

CONFIG = ExperimentConfig("y", "binary", "roc_auc", "1")


def run_of(folder: Path, budget: Budget) -> Run:
    write_request(folder, "train", {"dataset": "dataset", "config": replace(CONFIG, budget=budget).to_dict(), "recipe": {}})
    return Run(folder)


@pytest.mark.parametrize(
    ("before", "more", "after"),
    [
        (Budget(15), {}, Budget(60)),
        (Budget(15), {"seconds": 600.0}, Budget(600)),
        (Budget(60, 20), {}, Budget(60, 40)),
        (Budget(60, 20), {"models": 5}, Budget(60, 25)),
        (Budget(60, 20), {"seconds": 600.0}, Budget(600, 0)),
    ],
)
def test_what_a_run_is_given(tmp_path: Path, before: Budget, more: dict[str, float], after: Budget) -> None:
    run = run_of(tmp_path, before)
    params = with_more(run, **more)  # type: ignore[arg-type]
    assert ExperimentConfig.from_dict(params["config"]).budget == after
    assert {**params, "config": None} == {**run.params, "config": None, MORE: params[MORE]}
    assert run.config.budget == before, "the request is written by who asks"


def gone_on(run: Run, *events: Event, **more: float) -> Run:
    """Return the run after a session of 10 s that ended so, given more."""
    for event in (Started(1, time=100.0), *events):
        append_event(run.path / "events.jsonl", event)
    write_request(run.path, "train", with_more(run, **more))  # type: ignore[arg-type]
    return run


def test_as_many_more_as_at_first_and_not_as_there_are_by_now(tmp_path: Path) -> None:
    run = run_of(tmp_path, Budget(60, 20))
    assert given(run) == (0.0, None)
    for after, trials in ((10.0, 40), (20.0, 60)):
        gone_on(run, Finished(time=110.0))
        assert (given(run), run.config.budget.trials) == ((after, 20), trials)


def test_every_budget_is_remembered(tmp_path: Path) -> None:
    run = run_of(tmp_path, Budget(60, 20))
    assert budgets(run) == [Budget(60, 20)]
    gone_on(run, Finished(time=110.0), models=5)
    gone_on(run, Finished(time=110.0), seconds=15.0)
    assert budgets(run) == [Budget(60, 20), Budget(60, 25), Budget(15, 0)]


def test_what_learned_every_row_has_the_budget_of_its_own(tmp_path: Path) -> None:
    """Its request is made from that of the search, which may have been given more."""
    run = gone_on(run_of(tmp_path, Budget(60, 20)), Finished(time=110.0), models=5)
    origin = Origin("rn261124-aaaaaaaa", "lr", "Line", {}, (), "roc_auc", HeldOut(0.9, 0.85, 0.95, 60))
    write_request(tmp_path, "train", {**run.params, KIND: origin.to_dict()})
    assert budgets(run) == [Budget(60, 25)]


@pytest.mark.parametrize(
    "last", [Finished(time=110.0), Stopped(time=110.0), Failed("x", time=110.0), Progress(0.5, "", time=110.0)]
)
def test_only_what_had_ended_well_goes_beyond_its_list_in_more_time(tmp_path: Path, last: Event) -> None:
    """Regression: a quick look that was stopped and went on became a tuned search."""
    run = gone_on(run_of(tmp_path, Budget(60)), last, seconds=60.0)
    assert given(run) == (10.0, 0 if isinstance(last, Finished) else None)
    gone_on(run, Finished(time=110.0), seconds=60.0)
    gone_on(run, Stopped(time=110.0), seconds=60.0)
    assert given(run) == (30.0, 0), "once it was given more, it stays so"


def test_models_that_are_added_to_a_stopped_run_are_more(tmp_path: Path) -> None:
    assert given(gone_on(run_of(tmp_path, Budget(60, 20)), Stopped(time=110.0), models=5)) == (10.0, 20)


@pytest.mark.parametrize(
    ("before", "more", "sentence"),
    [
        (
            Budget(60),
            {"models": 5},
            "This run is counted in seconds. Models can be added where it was counted in models. Give it seconds.",
        ),
        (
            Budget(60, 5),
            {"models": -1},
            "0 seconds and -1 models are no budget. A search goes on for a time or for a number of models. "
            "Give one of them, above 0.",
        ),
        (
            Budget(60, 5),
            {"models": 2, "seconds": 9.0},
            "9 seconds and 2 models are no budget. A search goes on for a time or for a number of models. "
            "Give one of them, above 0.",
        ),
    ],
)
def test_what_is_no_budget_is_refused(tmp_path: Path, before: Budget, more: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        with_more(run_of(tmp_path, before), **more)  # type: ignore[arg-type]
    assert str(refused.value) == sentence

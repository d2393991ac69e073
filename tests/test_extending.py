"""More for a search that has ended: seconds or models, and what is no budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from automl_core.errors import InputError
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.extending import first_models, with_more
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
    assert {**params, "config": None} == {**run.params, "config": None}
    assert run.config.budget == before, "the request is written by who asks"


def test_as_many_more_as_at_first_and_not_as_there_are_by_now(tmp_path: Path) -> None:
    run = run_of(tmp_path, Budget(60, 20))
    assert first_models(run, given_more=False) is None
    run = run_of(tmp_path, Budget(60, 40))
    assert first_models(run, given_more=True) == 20
    assert ExperimentConfig.from_dict(with_more(run)["config"]).budget.trials == 60


def test_a_run_counted_in_seconds_had_no_models_at_first(tmp_path: Path) -> None:
    run = run_of(tmp_path, Budget(60))
    assert first_models(run, given_more=False) is None
    assert first_models(run, given_more=True) == 0
    assert not (tmp_path / "first.json").exists()


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

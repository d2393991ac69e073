"""A small finished run whose models are tuned."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from automl_core.data.dataset import dataset_from_frame
from automl_core.experiment import Budget
from automl_core.runs import Run, write_request
from automl_core.search.place import HERE, Place
from automl_core.tuning.run import space_of_row, tune
from automl_core.tuning.study import Settings, Study, new_study
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people

Tune = Callable[..., Study]


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a logistic regression, a tree and a booster; to be copied."""
    from automl_core.search.run import run_search

    folder = tmp_path_factory.mktemp("searched") / "run"
    config = replace(CONFIG, candidates=("lr", "dt", "lightgbm-own"), budget=Budget(60, 3))
    dataset = dataset_from_frame(folder / "dataset", make_people(), SCHEMA, "people.csv")
    write_request(
        folder,
        "train",
        {"dataset": dataset.id, "fingerprint": dataset.fingerprint, "config": config.to_dict(), "recipe": RECIPE.to_dict()},
    )
    run_search(
        dataset.frame(), dataset.schema, RECIPE, config, folder,
        emit=lambda event: None, should_stop=lambda: False, started=time.time(),
    )  # fmt: skip
    return folder


@pytest.fixture
def run(searched: Path, tmp_path: Path) -> Run:
    """A copy of the run that a test may change."""
    return Run(shutil.copytree(searched, tmp_path / "run"))


@pytest.fixture
def tuned() -> Tune:
    """Return a function that tunes a model of a run: tuned(run, candidate, study=, emit=, should_stop=, **settings)."""

    def make(
        run: Run,
        candidate: str = "dt",
        *,
        study: str = "",
        emit: Any = None,
        should_stop: Any = None,
        place: Place = HERE,
        **more: Any,
    ) -> Study:
        row = run.leaderboard()[candidate]
        space = more.pop("space", None) or space_of_row("binary", row)
        settings = Settings(candidate, more.pop("method", "tpe"), space, **{"trials": 6, **more})
        return tune(
            run,
            study or new_study(run.path, candidate),
            settings,
            emit=emit or (lambda event: None),
            should_stop=should_stop or (lambda: False),
            place=place,
        )

    return make

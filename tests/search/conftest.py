"""A small table and a small search that the search's tests share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.events import Event
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.schema import Column, Schema
from automl_core.search.live_board import Look
from automl_core.search.place import HERE, Place

RECIPE = Recipe((Step("impute", {}), Step("encode", {}), Step("scale", {})))
SCHEMA = Schema((Column("age", "number"), Column("town", "category"), Column("bought", "boolean")))
CONFIG = ExperimentConfig("bought", "binary", "roc_auc", positive="yes", folds=3, budget=Budget(60, 2), threads=2)


def make_people(rows: int = 150, seed: int = 0) -> pd.DataFrame:
    """Return rows in which the old and those of Ulm buy; some ages are missing."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(18, 80, rows)
    town = rng.choice(["Ulm", "Bonn"], rows)
    bought = np.where(age + 20 * (town == "Ulm") + rng.normal(0, 10, rows) > 60, "yes", "no")
    age[::17] = np.nan
    return pd.DataFrame({"age": age, "town": town.astype(object), "bought": bought.astype(object)})


@pytest.fixture
def people() -> pd.DataFrame:
    """The small table."""
    return make_people()


@pytest.fixture
def search() -> Callable[..., Leaderboard]:
    """Return a function that runs a small search: search(folder, frame=, schema=, emit=, should_stop=, **config)."""

    def run(
        folder: Path,
        *,
        frame: pd.DataFrame | None = None,
        schema: Schema = SCHEMA,
        recipe: Recipe = RECIPE,
        emit: Callable[[Event], None] = lambda event: None,
        should_stop: Callable[[], bool] = lambda: False,
        place: Place = HERE,
        look: Look | None = None,
        first: int | None = None,
        **config: Any,
    ) -> Leaderboard:
        from automl_core.search.run import run_search

        return run_search(
            make_people() if frame is None else frame,
            schema,
            recipe,
            replace(CONFIG, **config),
            folder,
            emit=emit,
            should_stop=should_stop,
            started=time.time(),
            place=place,
            look=look,
            first=first,
        )

    return run

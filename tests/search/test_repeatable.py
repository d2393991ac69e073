"""Counted in trials, a search is the same whoever is faster: the portfolio, what is tuned after it, and the ensemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import Budget
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.schema import Column, Schema
from automl_core.search import supply
from automl_core.search.candidates import Spec, catalogue, portfolio
from automl_core.search.tuner import TUNED
from tests.search.conftest import SCHEMA

Search = Callable[..., Leaderboard]
ROWS = 160
"""Of which a fold judges enough for early stopping to stop early."""
FIRST = 14
"""Models of a task's list, among which are boosters of all three kinds, a forest and a network."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portfolio of three, so that a few trials go beyond it."""
    own = portfolio("binary").values()
    kinds = ("ExtraTreesClassifier", "XGBClassifier")
    chosen = [next(spec for spec in own if spec.class_path.endswith(kind)) for kind in kinds]
    monkeypatch.setattr(supply, "choose", lambda config, rows=0, n_classes=0: [catalogue("binary")["lr"], *chosen])
    monkeypatch.setattr(supply, "balancing_specs", lambda *args, **options: [])


def what(row: Candidate) -> tuple[Any, ...]:
    """Everything of a row that is not a time."""
    return row.id, row.state, row.params, row.fold_scores, row.score, row.metrics, row.members, row.temperature, row.spec


@pytest.mark.usefixtures("small")
def test_the_same_seed_gives_the_same_models_and_scores_whatever_the_threads(search: Search, tmp_path: Path) -> None:
    options: dict[str, Any] = {"budget": Budget(60, 8), "seed": 3}
    one = search(tmp_path / "one", threads=1, **options)
    two = search(tmp_path / "two", threads=2, **options)
    again = search(tmp_path / "again", threads=2, **options)
    tuned = [row.id for row in one if TUNED.match(row.id)]
    assert [int(name.partition("-t")[2]) for name in tuned] == [1, 2, 3, 4, 5]
    assert [what(row) for row in one] == [what(row) for row in two] == [what(row) for row in again]
    assert one["ensemble"].state == "scored"
    other = search(tmp_path / "other", threads=2, **{**options, "seed": 4})
    assert [row.params for row in other if TUNED.match(row.id)] != [row.params for row in one if TUNED.match(row.id)]


@pytest.mark.usefixtures("small")
def test_a_run_that_goes_on_keeps_its_numbers_and_counts_on(search: Search, tmp_path: Path) -> None:
    first = search(tmp_path, budget=Budget(60, 5))
    tuned = [row.id for row in first if TUNED.match(row.id)]
    assert len(tuned) == 2 and {name.partition("-t")[2] for name in tuned} == {"1", "2"}
    fitted = (tmp_path / "fits.log").read_text().splitlines()
    more = search(tmp_path, budget=Budget(60, 7))
    numbers = sorted(int(row.id.partition("-t")[2]) for row in more if TUNED.match(row.id))
    assert numbers == [1, 2, 3, 4]
    for name in tuned:
        assert what(more[name]) == what(first[name])
    later = (tmp_path / "fits.log").read_text().splitlines()
    assert later[: len(fitted)] == fitted
    assert not {line.split()[0] for line in later[len(fitted) :]} & {row.id for row in first}
    assert all(asdict(Spec(**more[name].spec)) == more[name].spec for name in tuned)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_first_models_of_each_task_repeat(search: Search, tmp_path: Path, task: str) -> None:
    """The real ones: boosters that stop early, networks that look at a clock, machines with random steps, and what joins them."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"age": rng.uniform(18, 80, ROWS), "town": rng.choice(["Ulm", "Bonn", "Kiel"], ROWS)})
    value = frame["age"] + 20 * (frame["town"] == "Ulm") + rng.normal(0, 10, ROWS)
    labels = {"binary": ["no", "yes"], "multiclass": ["never", "once", "often"]}.get(task, [])
    frame["bought"] = pd.qcut(value, len(labels), labels=labels).astype(object) if labels else value
    schema = Schema((*SCHEMA.columns[:2], Column("bought", "category" if labels else "number")))
    metric = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]
    options: dict[str, Any] = {"task": task, "metric": metric, "positive": "yes" if task == "binary" else "", "folds": 2}
    options |= {"frame": frame, "schema": schema, "budget": Budget(60, FIRST), "holdout": 0.0, "seed": 3}
    one = search(tmp_path / "one", threads=1, **options)
    two = search(tmp_path / "two", threads=2, **options)
    assert [what(row) for row in one] == [what(row) for row in two]
    families = {row.family for row in one if row.state == "scored"}
    assert families >= {"linear", "boosting", "forest", "neural", "ensemble"}, families
    assert sum(row.state == "scored" for row in one if row.role == "model") == FIRST

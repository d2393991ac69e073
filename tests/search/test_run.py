"""A whole search on a small table: what it leaves, how it stops, and what it does not do twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.events import CandidateScored, Event, Message, Progress
from automl_core.experiment import Budget
from automl_core.leaderboard import Leaderboard
from automl_core.metrics import score
from automl_core.schema import Column, Schema

Search = Callable[..., Leaderboard]


def fits(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "fits.log").read_text().splitlines()
    return [(line.split()[0], line.split()[1]) for line in lines]


def test_what_a_search_leaves(search: Search, tmp_path: Path, people: pd.DataFrame) -> None:
    events: list[Event] = []
    board = search(tmp_path, emit=events.append, candidates=("lr", "nb"))
    rows = {row.id: row for row in board}
    assert set(rows) == {"dummy", "lr", "nb", "ensemble"}
    assert all(row.state == "scored" and len(row.fold_scores) == 3 for row in board)
    assert rows["dummy"].score == 0.5
    assert rows["dummy"].role == "baseline"
    assert rows["lr"].score is not None and rows["lr"].score > 0.85
    assert sum(rows["ensemble"].members.values()) == pytest.approx(1)
    assert board.recommended in ("lr", "nb", "ensemble")
    assert board.recommendation
    assert Leaderboard.load(tmp_path / "leaderboard.json") == board
    # what stands in the row is what the predictions on disk give
    with np.load(tmp_path / "split.npz") as split:
        train, fold, holdout = split["train"], split["fold"], split["holdout"]
    from automl_core.run_parts import load_task

    config, classes = load_task(tmp_path)
    assert classes == ("no", "yes")
    assert config.candidates == ("lr", "nb")
    assert len(holdout) == 30
    assert not set(holdout) & set(train)

    truth = (people["bought"] == "yes").to_numpy().astype(int)
    for number in range(3):
        values = np.load(tmp_path / "candidates" / "lr" / f"fold{number}.npy")
        expected = score("roc_auc", truth[train[fold == number]], values)
        assert rows["lr"].fold_scores[number] == pytest.approx(expected, abs=1e-12)
        assert (tmp_path / "candidates" / "lr" / f"fold{number}.skops").exists()
        assert (tmp_path / "folds" / str(number) / "encoded.skops").exists()
    states = [
        event.candidate["state"] for event in events if isinstance(event, CandidateScored) and event.candidate["id"] == "lr"
    ]
    assert states[0] == "running" and states[-1] == "scored"
    assert any(isinstance(event, Progress) for event in events)
    assert Message("3 folds: as asked for.", time=0).text in [event.text for event in events if isinstance(event, Message)]


def test_the_same_seed_and_number_of_trials_give_the_same_scores(search: Search, tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"candidates": ("lr", "rf", "lightgbm-own"), "budget": Budget(60, 3), "seed": 7}
    first, second = search(tmp_path / "a", **chosen), search(tmp_path / "b", **chosen)
    for name in ("lr", "rf", "lightgbm-own", "ensemble"):
        assert first[name].fold_scores == second[name].fold_scores
    assert first["ensemble"].members == second["ensemble"].members


def test_nothing_that_was_scored_is_fitted_again(search: Search, tmp_path: Path) -> None:
    search(tmp_path, candidates=("lr", "nb"))
    before = fits(tmp_path)
    assert sorted(before) == sorted((name, str(k)) for name in ("dummy", "lr", "nb") for k in range(3))
    events: list[Event] = []
    board = search(tmp_path, candidates=("lr", "nb", "knn"), budget=Budget(60, 3), emit=events.append)
    assert fits(tmp_path)[: len(before)] == before
    assert sorted(fits(tmp_path)[len(before) :]) == [("knn", "0"), ("knn", "1"), ("knn", "2")]
    assert board["knn"].state == board["lr"].state == "scored"
    assert "Going on with 9 fits that were done before." in [event.text for event in events if isinstance(event, Message)]


def test_a_fold_that_is_missing_is_fitted_and_no_other(search: Search, tmp_path: Path) -> None:
    first = search(tmp_path, candidates=("lr",), budget=Budget(60, 1))
    (tmp_path / "candidates" / "lr" / "fold1.json").unlink()
    before = len(fits(tmp_path))
    again = search(tmp_path, candidates=("lr",), budget=Budget(60, 1))
    assert fits(tmp_path)[before:] == [("lr", "1")]
    assert again["lr"].fold_scores == first["lr"].fold_scores


def test_stop_ends_a_long_fit_at_once_and_keeps_what_is_done(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.search import fitting

    original = fitting.make_estimator

    def slow_forest(spec: Any, **options: Any) -> Any:
        if spec.id == "rf":
            (tmp_path / f"pid{os.getpid()}").touch()
            time.sleep(60)
        return original(spec, **options)

    monkeypatch.setattr(fitting, "make_estimator", slow_forest)
    pressed: list[float] = []

    def should_stop() -> bool:
        scored = (tmp_path / "candidates" / "lr" / "candidate.json").exists()
        if scored and list(tmp_path.glob("pid*")) and not pressed:
            pressed.append(time.monotonic())
        return bool(pressed)

    board = search(tmp_path, candidates=("lr", "rf"), should_stop=should_stop)
    assert time.monotonic() - pressed[0] < 2
    assert board["lr"].state == "scored"
    assert board["rf"].state == "stopped"
    assert board["rf"].reason == "You stopped the run before it was done."
    assert board.recommended == "lr"
    for path in tmp_path.glob("pid*"):
        assert not Path(f"/proc/{path.name[3:]}").exists()


def test_a_model_that_fails_keeps_its_row_with_the_reason(
    search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.search import fitting

    original = fitting.make_estimator

    def failing(spec: Any, **options: Any) -> Any:
        if spec.id == "nb":
            raise MemoryError
        return original(spec, **options)

    monkeypatch.setattr(fitting, "make_estimator", failing)
    board = search(tmp_path, candidates=("nb", "lr"))
    assert board["nb"].state == "failed"
    assert board["nb"].reason == "There was not enough memory."
    assert board["nb"].suggestion == "Leave out columns, or use fewer rows."
    assert board.recommended == "lr"


def test_the_budget_is_kept(search: Search, tmp_path: Path) -> None:
    start = time.time()
    board = search(tmp_path, budget=Budget(6), preset="balanced")
    assert time.time() - start < 8
    assert board.recommended
    real = [row for row in board if row.role == "model" and row.state == "scored"]
    assert {row.family for row in real} >= {"linear", "boosting"}
    assert max(row.at_seconds for row in real) < 6


def test_rows_without_a_target_are_left_out_and_counted(search: Search, tmp_path: Path, people: pd.DataFrame) -> None:
    people.loc[:4, "bought"] = np.nan
    events: list[Event] = []
    before = people.copy()
    search(tmp_path, frame=people, emit=events.append, candidates=("lr",))
    assert "5 rows have no value for the target 'bought' and are left out." in [
        event.text for event in events if isinstance(event, Message)
    ]
    with np.load(tmp_path / "split.npz") as split:
        assert split["rows"].min() == 5
        assert len(split["rows"]) == 145
    pd.testing.assert_frame_equal(people, before)


def test_regression_and_many_classes(search: Search, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=120)
    frame = pd.DataFrame({"x": x, "y": 3 * x + rng.normal(0, 0.1, 120), "k": np.digitize(x, [-0.5, 0.5]).astype(float)})
    schema = Schema((Column("x", "number"), Column("y", "number"), Column("k", "number")))
    chosen: dict[str, Any] = {"frame": frame, "schema": schema, "positive": "", "candidates": ("lr",)}
    board = search(tmp_path / "a", target="y", task="regression", metric="rmse", ignored=("k",), **chosen)
    assert board["lr"].score == pytest.approx(0.1, abs=0.03)
    assert board.ranked()[-1].id == "dummy"
    board = search(tmp_path / "b", target="k", task="multiclass", metric="log_loss", ignored=("y",), **chosen)
    assert board["lr"].score is not None and board["lr"].score < 0.5
    assert np.load(tmp_path / "b" / "candidates" / "lr" / "fold0.npy").shape == (32, 3)


def test_an_unknown_model_is_refused(search: Search, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no model 'magic' for a binary task. There are lr, knn, "):
        search(tmp_path, candidates=("magic",))


def test_importing_the_search_loads_no_engine() -> None:
    code = (
        "import sys, json; import automl_core.search.run, automl_core.search.loop; "
        "print(json.dumps([m for m in ('pycaret', 'mlflow', 'lightgbm', 'xgboost', 'catboost', 'streamlit') "
        "if m in sys.modules]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert json.loads(answer.stdout) == []


def test_a_heavy_fit_runs_alone(search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two fits at a time that each copy a large table in double precision took six times its memory."""
    from automl_core.search.executor import ForkExecutor
    from automl_core.search.fitting import FoldWork

    monkeypatch.setattr(FoldWork, "is_heavy", lambda self, spec, facts: spec.id == "lr")
    started: list[set[str]] = []
    submit = ForkExecutor.submit

    def watch(self: ForkExecutor, key: tuple[Any, ...], *more: Any) -> None:
        submit(self, key, *more)
        started.append({str(running[0]) for running in self.running()} | ({"two"} if len(self.running()) > 1 else set()))

    monkeypatch.setattr(ForkExecutor, "submit", watch)
    board = search(tmp_path, candidates=("nb", "lr", "rf"), budget=Budget(60, 3))
    assert {row.id for row in board if row.state == "scored"} == {"dummy", "nb", "lr", "rf", "ensemble"}
    assert [names for names in started if "lr" in names] == [{"lr"}] * 3
    assert any("two" in names for names in started), "the others still run beside each other"

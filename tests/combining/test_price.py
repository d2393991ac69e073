"""A cost table after the run: rows, thresholds, scores and monitoring are judged by it, and nothing is learned again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from automl_core.combining.price import price
from automl_core.errors import InputError, NotFoundError
from automl_core.evaluation.evaluate import Evaluation
from automl_core.experiment import Costs
from automl_core.honesty import judge
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.worker.candidates import evaluate_candidate, keep_model
from automl_core.worker.judging import price_run
from automl_core.workspace import at_work, read_json, write_json
from tests.conftest import MakeRun

COSTS = Costs(30, -5, -60, 0, currency="EUR")


@pytest.fixture(scope="module")
def made(make_run: MakeRun) -> Run:
    """A run that was judged and kept without a word about money."""
    run = make_run("binary")
    replace(run.leaderboard(), recommended="forest").save(run.path / "leaderboard.json")
    for name in ("ensemble", "forest"):
        evaluate_candidate(run, name)
    keep_model(run, "forest")
    return run


@pytest.fixture
def run(made: Run, tmp_path: Path) -> Run:
    shutil.copytree(made.path, tmp_path / "run", copy_function=shutil.copy2)
    return Run(tmp_path / "run")


def earned(run: Run, name: str) -> float:
    """Money a row, a mean over the folds, at the threshold that theory gives: 5 / (5 + 90)."""
    with np.load(run.path / "split.npz") as split:
        rows, fold = split["rows"][split["train"]], split["fold"]
    truth = (run.dataset().frame().loc[rows, "outcome"] == "left").to_numpy()
    found = []
    for number in (0, 1):
        act = np.load(run.path / "candidates" / name / f"fold{number}.npy")[:, 1] > 5 / 95
        event = truth[fold == number]
        found.append(float(np.select([act & event, act & ~event, ~act & event], [30.0, -5.0, -60.0], 0.0).mean()))
    return float(np.mean(found))


def test_every_row_is_judged_by_a_table_that_comes_later(run: Run) -> None:
    before = run.leaderboard()
    price(run, COSTS)
    board = run.leaderboard()
    for name in ("logistic", "forest"):
        assert board[name].metrics["cost"] == pytest.approx(earned(run, name))
        assert read_json(run.path / "candidates" / name / "candidate.json")["metrics"] == board[name].metrics
    assert "cost" in board["ensemble"].metrics and "cost" not in board["broken"].metrics
    assert [row.score for row in board] == [row.score for row in before], "another metric ranks"
    assert run.config.costs == COSTS and read_json(run.path / "task.json")["config"]["costs"]["currency"] == "EUR"
    best = max((row for row in board if "cost" in row.metrics), key=lambda row: row.metrics["cost"])
    assert "earns_most" in judge(board).marks[best.id]


def test_a_run_that_is_ranked_by_money_is_ranked_anew(run: Run) -> None:
    request = read_json(run.path / "request.json")
    request["params"]["config"] |= {"metric": "cost", "costs": {"true_positive": 1.0, "false_positive": -1.0}}
    write_json(run.path / "request.json", request)
    replace(run.leaderboard(), metric="cost").save(run.path / "leaderboard.json")
    price(run, COSTS)
    board = run.leaderboard()
    assert board["forest"].score == pytest.approx(earned(run, "forest")) and len(board["forest"].fold_scores) == 2
    assert board.label == "Money per row, EUR" and board.recommended and board.recommendation
    write_json(run.reasons("forest"), {})
    price_run(run, replace(COSTS, false_negative=-90))
    assert not run.reasons("forest").exists(), "what a column is worth was counted by the old table"
    with pytest.raises(InputError, match="This run is ranked by money"):
        price(run, None)


def test_packed_models_decide_by_it_and_are_judged_by_it(run: Run) -> None:
    assert load_model(run.model("ensemble")).threshold == 0.5
    price_run(run, COSTS)
    for path in (run.model("ensemble"), run.path / "model.zip"):
        model = load_model(path)
        assert model.threshold < 0.3 and model.lineage["config"]["costs"]["true_positive"] == 30
    found = Evaluation.from_dict(read_json(run.evaluation("ensemble")))
    assert found.curves["money"]["currency"] == "EUR" and found.threshold == load_model(run.model("ensemble")).threshold
    assert read_json(run.judged("ensemble") / "held-out" / "decisions.json")["currency"] == "EUR"
    price_run(run, None)
    assert "money" not in Evaluation.from_dict(read_json(run.evaluation("ensemble"))).curves
    assert load_model(run.model("ensemble")).threshold == 0.5
    assert all("cost" not in row.metrics for row in run.leaderboard())


def test_a_threshold_that_a_person_chose_stays(run: Run) -> None:
    write_json(run.threshold("ensemble"), {"format": 1, "threshold": 0.7, "reason": "A person chose it."})
    price_run(run, COSTS)
    assert load_model(run.model("ensemble")).threshold == 0.7


def test_tables_that_cannot_judge_are_refused_and_change_nothing(run: Run, finished_runs: dict[str, Run]) -> None:
    asked = read_json(run.path / "request.json")
    with pytest.raises(InputError, match="the right decision is worth -1 and the wrong one 0"):
        price(run, Costs(-1, -5, 0, 0))
    with pytest.raises(InputError, match="Only decisions between two labels"):
        price(finished_runs["regression"], COSTS)
    with at_work(run.path, "A search of this run"), pytest.raises(InputError, match="A search of this run is already at work"):
        price(run, COSTS)
    assert read_json(run.path / "request.json") == asked
    shutil.rmtree(run.path / "dataset")
    with pytest.raises(NotFoundError, match="The table this run learned from is no longer in its folder"):
        price(run, COSTS)

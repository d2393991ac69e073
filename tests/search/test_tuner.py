"""After the portfolio: whose turn it is, what is proposed, and that a run that goes on counts on."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any, get_args

import pytest

from automl_core.engines.optuna import Choice, Range
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import AMOUNTS, PORTFOLIO, Spec, catalogue, make_estimator, portfolio
from automl_core.search.racing import NOTHING_NEW
from automl_core.search.tuner import KINDS, TUNED, Tuner, is_proposed, kind_of, number_of, tuned_spec

TASKS: tuple[Task, ...] = get_args(Task)
SCORES = {"xgboost-p2": 0.9, "extra-p1": 0.8, "lightgbm-p8": 0.7, "neighbours-p1": 0.95}


def kinds_of(task: Task) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.regressor or task != "regression"]


def row(spec: Spec, score: float | None, state: str = "scored") -> Candidate:
    return Candidate(
        spec.id, spec.name, spec.family, view=spec.view, params=spec.params, state=state, score=score, spec=asdict(spec)
    )  # type: ignore[arg-type]


def board_of(scores: dict[str, float] = SCORES, *, greater: bool = True) -> Leaderboard:
    known = portfolio("binary")
    return Leaderboard("roc_auc", greater, tuple(row(known[name], score) for name, score in scores.items()))


def ends(kind: str) -> list[dict[str, Any]]:
    """Return the lowest, the highest and each chosen value of a space."""
    space = KINDS[kind].space
    low = {name: entry.values[0] if isinstance(entry, Choice) else entry.low for name, entry in space.items()}
    high = {name: entry.values[-1] if isinstance(entry, Choice) else entry.high for name, entry in space.items()}
    more = [{**low, name: value} for name, entry in space.items() if isinstance(entry, Choice) for value in entry.values[1:-1]]
    return [low, high, *more]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_model_is_made_at_both_ends_of_its_space(kind: str, task: Task) -> None:
    if kind not in kinds_of(task):
        assert KINDS[kind].regressor == ""
        return
    for params in ends(kind):
        spec = tuned_spec(kind, task, f"{kind}-t1", 1, params)
        known = make_estimator(spec, seed=3, threads=1).get_params()
        for name, value in params.items():
            assert known[name] == (tuple(value) if name == "hidden_layer_sizes" else value)
        assert known.get("n_jobs", known.get("thread_count", 1)) == 1
        assert known.get("random_state", known.get("random_seed", 3)) == 3
        assert kind_of(spec.class_path) == kind
        assert json.loads(json.dumps(asdict(spec))) == asdict(spec)


def test_whole_numbers_are_whole_at_both_ends() -> None:
    whole = [entry for kind in KINDS.values() for entry in kind.space.values() if isinstance(entry, Range) and entry.whole]
    assert len(whole) == 5
    assert all(isinstance(entry.low, int) and isinstance(entry.high, int) for entry in whole)


def test_the_kinds_are_those_of_the_portfolio() -> None:
    rows = json.loads(PORTFOLIO.read_text(encoding="utf-8"))
    found = {task: {kind_of(row["class_path"]) for row in rows[task]} - {""} for task in TASKS}
    assert found["binary"] == {"lightgbm", "xgboost", "catboost", "neural", "extra", "svm", "logistic"}
    assert set.union(*found.values()) == set(KINDS)
    assert kind_of("") == kind_of("sklearn.naive_bayes.GaussianNB") == ""


def test_the_best_family_gets_half_of_the_trials() -> None:
    tuner, board = Tuner("binary", 0, True), board_of()
    ids = [spec.id for spec in (tuner.propose(board) for _ in range(6)) if spec]
    assert ids == ["xgboost-t1", "xgboost-t2", "extra-t3", "xgboost-t4", "extra-t5", "lightgbm-t6"]
    assert all(TUNED.match(name) for name in ids)


def test_a_family_that_adds_nothing_gets_the_last_turn() -> None:
    """Boosting leads, but its last three were given up; the forest gets half of the trials and then the third."""
    board = board_of()
    for place in range(3):
        given_up = row(replace(portfolio("binary")["catboost-p2"], id=f"c{place}"), None, "skipped")
        board = board.with_candidate(replace(given_up, reason=NOTHING_NEW, at_seconds=9.0 + place))
    tuner = Tuner("binary", 0, True)
    ids = [spec.id for spec in (tuner.propose(board) for _ in range(6)) if spec]
    assert ids == ["extra-t1", "extra-t2", "xgboost-t3", "extra-t4", "xgboost-t5", "lightgbm-t6"]


def test_a_score_by_another_loss_says_nothing_of_the_parameters() -> None:
    known = portfolio("regression")
    rows = (row(known[AMOUNTS], 30.0), row(known["lightgbm-own"], 35.0))
    tuner = Tuner("regression", 0, False)
    proposed = tuner.propose(Leaderboard("rmse", False, rows))
    assert proposed is not None and proposed.id == "lightgbm-t1" and "objective" not in proposed.params
    assert learned(tuner, "lightgbm") == [("COMPLETE", -35.0), ("RUNNING", None)]


@pytest.mark.parametrize(("name", "expected"), [("svm-t12", True), ("lightgbm-own-longer", True), ("lightgbm-own", False)])
def test_what_was_proposed_is_known_by_its_id(name: str, expected: bool) -> None:
    assert is_proposed(replace(portfolio("binary")["lightgbm-own"], id=name)) is expected


def test_where_less_is_better_the_smallest_score_leads() -> None:
    proposed = Tuner("binary", 0, False).propose(board_of(greater=False))
    assert proposed is not None and proposed.id == "lightgbm-t1"


def test_nothing_is_proposed_while_no_family_that_can_be_tuned_is_scored() -> None:
    tuner = Tuner("binary", 0, True)
    assert tuner.propose(Leaderboard("roc_auc", True)) is None
    assert tuner.propose(board_of({"neighbours-p1": 0.9})) is None
    waiting = Leaderboard("roc_auc", True, (row(portfolio("binary")["xgboost-p2"], None, "running"),))
    assert tuner.propose(waiting) is None
    assert tuner.asked == 0


def proposals(seed: int, count: int = 8) -> list[Spec]:
    """Propose one by one; each is scored by its learning rate or its leaves."""
    tuner, board, found = Tuner("binary", seed, True), board_of(), []
    for _ in range(count):
        spec = tuner.propose(board)
        assert spec is not None
        found.append(spec)
        board = board.with_candidate(row(spec, 0.6 + float(next(iter(spec.params.values()), 0)) * 1e-6))
    return found


def test_the_same_seed_and_scores_propose_the_same() -> None:
    assert proposals(5) == proposals(5)
    assert [spec.params for spec in proposals(5)] != [spec.params for spec in proposals(6)]


def test_a_proposal_has_what_is_fixed_and_numbers_that_can_be_read() -> None:
    for spec in proposals(0):
        kind = KINDS[str(kind_of(spec.class_path))]
        assert set(spec.params) == set(kind.fixed) | set(kind.space)
        assert {name: spec.params[name] for name in kind.fixed} == kind.fixed
        assert all(len(f"{v:.10g}".replace(".", "").strip("0")) <= 4 for v in spec.params.values() if isinstance(v, float))
        assert (spec.view, spec.early_stopping, spec.family) == (kind.view, kind.early_stopping, kind.family)


def test_support_vectors_of_a_classification_give_probabilities() -> None:
    assert tuned_spec("svm", "binary", "svm-t1", 1, {}).params == {"probability": True}
    assert tuned_spec("svm", "regression", "svm-t1", 1, {}).params == {}


def learned(tuner: Tuner, kind: str) -> list[tuple[str, float | None]]:
    return [(trial.state.name, trial.value) for trial in tuner._samplers[kind]._study.trials]


def test_scores_of_the_portfolio_and_of_its_own_are_learned_once() -> None:
    tuner, board = Tuner("binary", 0, True), board_of({"xgboost-p2": 0.9, "xgboost-p3": 0.8})
    first = tuner.propose(board)
    assert first is not None
    assert learned(tuner, "xgboost") == [("COMPLETE", 0.9), ("COMPLETE", 0.8), ("RUNNING", None)]
    second = tuner.propose(board.with_candidate(row(first, 0.95)))
    assert second is not None and second.id == "xgboost-t2"
    assert learned(tuner, "xgboost")[2:] == [("COMPLETE", 0.95), ("RUNNING", None)]


def test_a_tuner_that_goes_on_counts_on_and_draws_anew() -> None:
    first, later = Tuner("binary", 0, True).propose(board_of()), Tuner("binary", 0, True, asked=6).propose(board_of())
    assert first is not None and later is not None
    assert (first.id, later.id) == ("xgboost-t1", "xgboost-t7")
    assert {name: later.params[name] for name in KINDS["xgboost"].space} != {
        name: first.params[name] for name in KINDS["xgboost"].space
    }
    assert [number_of(name) for name in ("xgboost-t7", "lightgbm-own", "lightgbm-own-longer", "lr-tuned-1")] == [7, 0, 0, 0]


def test_what_failed_is_told() -> None:
    tuner, board = Tuner("binary", 0, True), board_of({"xgboost-p2": 0.9})
    first = tuner.propose(board)
    assert first is not None
    tuner.propose(board.with_candidate(row(first, None, "failed")))
    assert [state for state, _ in learned(tuner, "xgboost")] == ["COMPLETE", "FAIL", "RUNNING"]


def test_smaller_scores_are_learned_as_better() -> None:
    tuner = Tuner("binary", 0, False)
    tuner.propose(board_of({"xgboost-p2": 0.9}, greater=False))
    assert learned(tuner, "xgboost")[0] == ("COMPLETE", -0.9)


def test_models_of_the_catalogue_do_not_end_the_tuning() -> None:
    """Regression: parameters that are words where a space has numbers ended the run."""
    for task in TASKS:
        known = {**catalogue(task), **portfolio(task)}
        board = Leaderboard("m", True, tuple(row(spec, 0.5 + place / 100) for place, spec in enumerate(known.values())))
        tuner = Tuner(task, 0, True)
        assert all(tuner.propose(board) for _ in range(12))

"""What is proposed after the portfolio: the same for the same seed, of the best families, and nothing that cannot be made."""

from __future__ import annotations

from typing import get_args

import pytest

from automl_core.engines.optuna import Choice, Range, Sampler
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import make_estimator
from automl_core.search.tuner import KINDS, Tuner, kind_of, tuned_spec


def scored(name: str, class_path: str, score: float, **params: object) -> Candidate:
    spec = {"class_path": class_path}
    return Candidate(name, name, "boosting", state="scored", score=score, fold_scores=(score,), params=params, spec=spec)


BOARD = Leaderboard(
    "roc_auc",
    True,
    (
        scored("a", "lightgbm.sklearn.LGBMClassifier", 0.9, learning_rate=0.05, num_leaves=31),
        scored("b", "xgboost.sklearn.XGBClassifier", 0.8, learning_rate=0.05, max_depth=4),
        scored("c", "sklearn.naive_bayes.GaussianNB", 0.95),
        scored("d", "sklearn.ensemble.ExtraTreesClassifier", 0.7, max_features="sqrt"),
    ),
)


def test_the_same_seed_and_scores_give_the_same_proposals():
    first, second = Tuner("binary", 3, True), Tuner("binary", 3, True)
    proposed = [first.propose(BOARD) for _ in range(8)]
    assert proposed == [second.propose(BOARD) for _ in range(8)]
    other = Tuner("binary", 4, True)
    assert proposed != [other.propose(BOARD) for _ in range(8)]


def test_the_best_family_gets_half_of_the_trials():
    tuner = Tuner("binary", 0, True)
    kinds = [kind_of(spec.class_path) for spec in (tuner.propose(BOARD) for _ in range(6)) if spec]
    assert kinds == ["lightgbm", "lightgbm", "xgboost", "lightgbm", "xgboost", "extra"]


def test_ids_count_on_and_names_say_what_they_are():
    tuner = Tuner("binary", 0, True)
    tuner.asked = 4
    spec = tuner.propose(BOARD)
    assert spec is not None
    assert (spec.id, spec.name, spec.view, spec.early_stopping) == ("xgboost-t5", "XGBoost, tuned 5", "native", True)


def test_nothing_is_proposed_where_no_family_can_be_tuned():
    board = Leaderboard("roc_auc", True, (scored("c", "sklearn.naive_bayes.GaussianNB", 0.95),))
    assert Tuner("binary", 0, True).propose(board) is None


@pytest.mark.parametrize("task", get_args(Task))
@pytest.mark.parametrize("kind", list(KINDS))
def test_both_ends_of_every_space_can_be_made(kind: str, task: Task):
    if task == "regression" and not KINDS[kind].regressor:
        return
    for end in (0, -1):
        params = {}
        for name, entry in KINDS[kind].space.items():
            params[name] = entry.values[end] if isinstance(entry, Choice) else (entry.low, entry.high)[end]
            if isinstance(entry, Range) and entry.whole:
                params[name] = int(params[name])
        spec = tuned_spec(kind, task, f"{kind}-t1", 1, params)
        known = make_estimator(spec, seed=0, threads=1).get_params()
        for name, value in params.items():
            assert known[name] == (tuple(value) if isinstance(value, list) else value)


def test_a_sampler_goes_where_scores_are_better():
    """A hill at 0.7: by chance half of the proposals would be further than 0.25 away from it."""
    sampler = Sampler({"x": Range(0.0, 1.0)}, 0)
    asked = []
    for number in range(40):
        asked.append(sampler.ask(str(number))["x"])
        sampler.tell(str(number), -((asked[-1] - 0.7) ** 2))
    assert sorted(abs(x - 0.7) for x in asked[20:])[10] < 0.12


def test_scores_from_outside_of_the_space_are_passed_over():
    sampler = Sampler({"x": Range(0.0, 1.0), "kind": Choice(("a", "b"))}, 0)
    sampler.learn({"x": 3.0, "kind": "a"}, 1.0)
    sampler.learn({"x": "sqrt", "kind": "a"}, 1.0)
    sampler.learn({"x": 0.5, "kind": "c"}, 1.0)
    sampler.learn({"x": 0.5, "kind": "b"}, 1.0)
    assert len(sampler._study.trials) == 1
    assert sampler.ask("next")["kind"] in ("a", "b")

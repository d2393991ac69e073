"""Ensembles by hand: they join the leaderboard, keep honest scores, and are exported like any other row."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from automl_core.combining.blend import blend_rows
from automl_core.combining.repeat import bag_row, boost_row
from automl_core.combining.stack import FINALS, stack_rows
from automl_core.errors import InputError, JobError
from automl_core.events import Event, Progress
from automl_core.experiment import Budget
from automl_core.leaderboard import Candidate
from automl_core.model import build_model
from automl_core.run_parts import out_of_fold
from automl_core.runs import Run
from automl_core.scoring.bundle import load_model
from automl_core.workspace import at_work


def quiet(**more: Any) -> dict[str, Any]:
    return {"emit": lambda event: None, "should_stop": lambda: False, **more}


def exported(run: Run, row: Candidate) -> np.ndarray:
    """Export a row, load it, and predict the run's own table."""
    path = build_model(run.path, row.id, run.path / "models" / f"{row.id}.zip")
    return load_model(path).predict_values(run.dataset().frame())


def test_a_blend_is_the_weighted_mean_of_its_rows(run: Run) -> None:
    row = blend_rows(run, ["lr", "dt"], {"lr": 3, "dt": 1})
    board = run.leaderboard()
    assert board[row.id] == row and (row.id, row.role, row.members) == ("blend-1", "ensemble", {"lr": 0.75, "dt": 0.25})
    own, places = out_of_fold(run.path, row)
    parts = [out_of_fold(run.path, board[name])[0] for name in ("lr", "dt")]
    np.testing.assert_allclose(own, 0.75 * parts[0] + 0.25 * parts[1])
    assert len(places) == 120
    alone = [exported(run, board[name]) for name in ("lr", "dt")]
    np.testing.assert_allclose(exported(run, row), 0.75 * alone[0] + 0.25 * alone[1], rtol=1e-6)


def test_without_weights_all_rows_count_the_same_and_a_second_blend_has_a_number(run: Run) -> None:
    first, second = blend_rows(run, ["lr", "dt"]), blend_rows(run, ["lr", "dt", "lightgbm-own"])
    assert first.members == {"lr": 0.5, "dt": 0.5}
    assert (second.id, second.name) == ("blend-2", "Blend of 3 (2)")


def test_greedy_weights_are_those_of_the_search(run: Run) -> None:
    row = blend_rows(run, ["lr", "dt", "lightgbm-own"], greedy=True)
    assert sum(row.members.values()) == pytest.approx(1)
    assert row.score is not None and row.score >= run.leaderboard()["dt"].score


def test_a_blend_of_a_blend_is_taken_apart(run: Run) -> None:
    inner = blend_rows(run, ["lr", "dt"])
    assert blend_rows(run, [inner.id, "lightgbm-own"]).members == {"lr": 0.25, "dt": 0.25, "lightgbm-own": 0.5}


@pytest.mark.parametrize("final", list(FINALS))
def test_a_stack_scores_what_rows_say_that_it_did_not_learn_from(final: str, run: Run) -> None:
    row = stack_rows(run, ["lr", "dt"], final)
    own, _ = out_of_fold(run.path, row)
    assert own.shape == (120, 2) and np.allclose(own.sum(axis=1), 1)
    assert row.stack == {"candidates": ["lr", "dt"], "final": final}
    assert len(row.fold_scores) == 3 and row.score == pytest.approx(np.mean(row.fold_scores))
    values = exported(run, row)
    assert values.shape == (150, 2) and np.isfinite(values).all()


def test_a_bag_is_the_mean_of_fits_on_random_draws(run: Run) -> None:
    told: list[Event] = []
    row = bag_row(run, "lightgbm-own", 3, **quiet(emit=told.append))
    assert row.members == {f"bag-lightgbm-own-1-draw{number}": 1 / 3 for number in (1, 2, 3)}
    assert row.name == f"{run.leaderboard()['lightgbm-own'].name}, bag of 3"
    assert any(isinstance(event, Progress) and "9 of 9 fits" in event.doing for event in told)
    parts = [np.load(run.path / "candidates" / name / "fold0.npy") for name in row.members]
    assert not np.allclose(parts[0], parts[1]), "each draw gives another model"
    assert exported(run, row).shape == (150, 2)


def test_the_same_bag_comes_out_again(run: Run) -> None:
    assert bag_row(run, "dt", 2, **quiet()).fold_scores == bag_row(run, "dt", 2, **quiet()).fold_scores


def test_boosting_joins_as_a_model_that_a_search_finds_again(run: Run) -> None:
    from automl_core.search.run import run_search

    row = boost_row(run, "dt", 4, **quiet())
    assert (row.id, row.role, row.params["n_estimators"]) == ("boost-dt-1", "model", 4)
    assert exported(run, row).shape == (150, 2)
    blend = blend_rows(run, ["lr", row.id])
    dataset = run.dataset()
    board = run_search(
        dataset.frame(), dataset.schema, run.recipe, replace(run.config, budget=Budget(60, 5)), run.path,
        emit=lambda event: None, should_stop=lambda: False, started=time.time(),
    )  # fmt: skip
    assert board[row.id].score == pytest.approx(row.score)
    assert board[blend.id] == blend, "what was made by hand outlives more time for the search"


def test_an_ensemble_is_judged_explained_and_reported_like_other_rows(run: Run) -> None:
    from automl_core.worker.candidates import evaluate_candidate, explain_candidate, report_candidate
    from automl_core.workspace import read_json

    row = stack_rows(run, ["lr", "dt"])
    assert read_json(evaluate_candidate(run, row.id))["metrics"]["roc_auc"]["value"] > 0.6
    assert explain_candidate(run, row.id).exists()
    assert report_candidate(run, row.id).exists()


REFUSED = [
    (lambda run: blend_rows(run, ["lr"]), "One row is chosen. A blend needs two or more. Choose another one."),
    (lambda run: blend_rows(run, ["lr", "dt"], {"lr": -1}), "The weight of lr is -1. It must be 0 or more. Change it."),
    (lambda run: blend_rows(run, ["lr", "dt"], {"lr": 0}), "All weights are 0. One at least must be above 0. Change one."),
    (
        lambda run: blend_rows(run, ["lr", "dt"], {"et": 1}),
        "There is a weight for 'et'. It is none of the chosen rows. Choose it, too.",
    ),
    (
        lambda run: stack_rows(run, ["lr", "dt"], "oracle"),
        "There is no final model 'oracle'. There are linear, ridge, forest, boosting. Choose one of them.",
    ),
    (lambda run: stack_rows(run, ["lr", "nothing"]), "This run has no model 'nothing'. Choose one from its leaderboard."),
    (lambda run: bag_row(run, "dt", 1, **quiet()), "1 copies are asked for. It must be 2 to 50. Change it."),
    (
        lambda run: bag_row(run, "dummy", 3, **quiet()),
        "Dummy Classifier is no single model. One model is bagged at a time. Choose a single model.",
    ),
]


@pytest.mark.parametrize(("make", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_what_cannot_be_made_is_said(make: Any, message: str, run: Run) -> None:
    before = run.leaderboard()
    with pytest.raises(Exception, match=".") as error:
        make(run)
    assert str(error.value) == message
    assert run.leaderboard() == before and not list(run.path.glob("candidates/*-1"))


def test_what_stops_early_or_takes_no_weights_is_not_boosted(run: Run) -> None:
    with pytest.raises(InputError, match=r"stops early on judged rows.*this one can be bagged"):
        boost_row(run, "lightgbm-own", 3, **quiet())


def test_a_stopped_bag_leaves_nothing(run: Run) -> None:
    with pytest.raises(JobError, match="was stopped before it was done"):
        bag_row(run, "dt", 3, **quiet(should_stop=lambda: True))
    assert not list(run.path.glob("candidates/bag-*"))


def test_nothing_is_combined_while_the_run_is_searched(run: Run) -> None:
    with at_work(run.path, "x"), pytest.raises(InputError, match="A search of this run is already at work"):
        blend_rows(run, ["lr", "dt"])


def test_two_rows_that_join_at_the_same_moment_both_stand(run: Run) -> None:
    """Two studies that ended together lost the second one's row."""
    import threading

    row = run.leaderboard()["dt"]
    threads = [threading.Thread(target=run.join, args=(replace(row, id=f"twin-{number}"),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {f"twin-{number}" for number in range(6)} <= {one.id for one in run.leaderboard()}

"""Greedy weights by exact values, honest scores, and what is recommended."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.selection import blend, greedy_weights, honest_blend, recommend


def row(name: str, folds: tuple[float, ...], role: str = "model", **more) -> Candidate:
    return Candidate(name, name.title(), "linear", role, state="scored", fold_scores=folds, score=float(np.mean(folds)), **more)


def test_two_opposite_errors_are_averaged_away():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    predictions = {"high": y + 1, "low": y - 1, "far": y + 5}
    weights = greedy_weights(predictions, y, "rmse")
    assert weights == {"high": 0.5, "low": 0.5}
    assert blend(predictions, weights).tolist() == y.tolist()


def test_the_best_alone_is_kept_alone():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"right": y, "wrong": y + 3}, y, "rmse") == {"right": 1.0}


def test_honest_scores_never_see_the_rows_they_are_judged_on():
    """On fold 0 the weights come from fold 1 alone, where `b` is right, so fold 0 is scored with `b`'s error."""
    y, fold = np.zeros(8), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    a = np.where(fold == 0, 0.0, 2.0)
    b = np.where(fold == 1, 0.0, 3.0)
    mixed = honest_blend({"a": a, "b": b}, y, fold, "rmse", deadline=float("inf"))
    assert mixed.tolist() == [3.0] * 4 + [2.0] * 4


def test_a_metric_that_is_not_defined_chooses_nothing():
    """Regression: a fold with one label ended the run with "All-NaN slice encountered"."""
    y = np.zeros(4)
    assert greedy_weights({"a": np.full((4, 2), 0.5), "b": np.full((4, 2), 0.5)}, y, "roc_auc") == {"a": 1.0}


@pytest.mark.parametrize(
    ("ensemble", "single", "chosen", "words"),
    [
        ((0.90, 0.91, 0.92), (0.89, 0.90, 0.91), "ensemble", "It combines 2 models and has the best ROC AUC"),
        ((0.90, 0.91, 0.92), (0.92, 0.90, 0.93), "ensemble", "the difference is within chance"),
        ((0.90, 0.91, 0.92), (0.95, 0.96, 0.97), "single", "It has the best ROC AUC over the folds"),
    ],
)
def test_the_ensemble_is_recommended_unless_one_is_clearly_better(ensemble, single, chosen, words):
    board = Leaderboard(
        "roc_auc",
        True,
        (
            row("single", single),
            row("other", (0.5, 0.5, 0.5)),
            row("ensemble", ensemble, "ensemble", members={"single": 0.5, "other": 0.5}),
        ),
    )
    name, reason = recommend(board)
    assert name == chosen
    assert words in reason


def test_nothing_better_than_the_baseline_is_said():
    board = Leaderboard("rmse", False, (row("dummy", (1.0, 1.0), "baseline"), row("lr", (1.1, 1.2))))
    assert recommend(board)[1].endswith("so there may be nothing to learn here.")


def test_without_any_score_nothing_is_recommended():
    assert recommend(Leaderboard("rmse", False)) == ("", "")
    assert recommend(Leaderboard("rmse", False, (row("dummy", (1.0,), "baseline"),)))[0] == "dummy"

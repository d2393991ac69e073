"""Greedy weights by exact values, and honest scores."""

from __future__ import annotations

import numpy as np

from automl_core.search.selection import blend, greedy_weights, honest_blend


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

"""Greedy weights by exact values, fast metrics against the scorer, temperatures, and honest scores."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import ExperimentConfig, Task
from automl_core.scorer import Scorer
from automl_core.scoring.ensemble import tempered
from automl_core.search.selection import blend, fit_temperature, greedy_weights, honest_blend, judge_of

NONE = pd.DataFrame(index=range(400))


def rmse(y: np.ndarray):
    return lambda values: -float(np.sqrt(np.mean((y - values) ** 2)))


def test_two_opposite_errors_are_averaged_away():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    predictions = {"high": y + 1, "low": y - 1, "far": y + 5}
    weights = greedy_weights(predictions, rmse(y))
    assert weights == {"high": 0.5, "low": 0.5}
    assert blend(predictions, weights).tolist() == y.tolist()


def test_the_best_alone_is_kept_alone():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"right": y, "wrong": y + 3}, rmse(y)) == {"right": 1.0}


def test_only_what_is_allowed_is_taken():
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"right": y, "wrong": y + 3}, rmse(y), allowed=lambda counts: ["wrong"]) == {"wrong": 1.0}
    assert greedy_weights({"right": y}, rmse(y), allowed=lambda counts: []) == {}


def test_honest_scores_never_see_the_rows_they_are_judged_on():
    """On fold 0 the weights come from fold 1 alone, where `b` is right, so fold 0 is scored with `b`'s error."""
    y, fold = np.zeros(8), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    a = np.where(fold == 0, 0.0, 2.0)
    b = np.where(fold == 1, 0.0, 3.0)
    mixed, warm = honest_blend({"a": a, "b": b}, lambda mask: rmse(y[mask]), None, fold, deadline=float("inf"))
    assert mixed.tolist() == warm.tolist() == [3.0] * 4 + [2.0] * 4


def test_a_metric_that_is_not_defined_chooses_nothing():
    """Regression: a fold with one label ended the run with "All-NaN slice encountered"."""
    scorer = Scorer(ExperimentConfig("y", "binary", "roc_auc"), np.zeros(4), NONE[:4], ("no", "yes"))
    judge = judge_of(scorer, np.arange(4))
    assert greedy_weights({"a": np.full((4, 2), 0.5), "b": np.full((4, 2), 0.5)}, judge) == {"a": 1.0}


@pytest.mark.parametrize(
    ("task", "metric", "classes"),
    [("binary", "roc_auc", 2), ("binary", "log_loss", 2), ("multiclass", "log_loss", 3), ("regression", "rmse", 0),
     ("multiclass", "roc_auc", 3), ("binary", "f1", 2)],
)  # fmt: skip
def test_the_fast_metrics_are_the_scorer_s(task: Task, metric: str, classes: int):
    rng = np.random.default_rng(0)
    y = rng.normal(size=400) if not classes else rng.integers(classes, size=400).astype(float)
    values = rng.normal(size=400) if not classes else rng.dirichlet(np.ones(classes), 400).round(2) + 0.001
    scorer = Scorer(ExperimentConfig("y", task, metric), y, NONE, tuple("abc"[:classes]))
    rows = np.arange(50, 400)
    sign = 1 if scorer.metric.greater_is_better else -1
    assert judge_of(scorer, rows)(values[rows]) == pytest.approx(sign * scorer.score(rows, values[rows]), rel=1e-12)


def test_a_known_temperature_is_found():
    """Labels are drawn from the probabilities, which are then flattened by 2; half the temperature makes them right again."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(3), 20_000)
    codes = (rng.random((20_000, 1)) > true.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(tempered(true, 2.0), codes) == pytest.approx(0.5, abs=0.02)
    assert fit_temperature(true, codes) == pytest.approx(1.0, abs=0.03)
    assert fit_temperature(rng.normal(size=10), codes) == 1.0


def test_a_temperature_keeps_the_order_and_the_sum():
    values = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
    sharp = tempered(values, 0.5)
    np.testing.assert_allclose(sharp, [[1 / 17, 16 / 17], [0.5, 0.5], [1.0, 0.0]], atol=1e-15)
    assert tempered(values, 1.0) is values
    assert tempered(np.array([3.0, 4.0]), 0.5).tolist() == [3.0, 4.0]

"""Greedy weights by exact values, metrics that are the scorer's own, temperatures, and honest scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import ExperimentConfig, Task
from automl_core.scorer import Scorer
from automl_core.scoring.ensemble import tempered
from automl_core.search.selection import COLDEST, HOTTEST, blend, fit_temperature, greedy_weights, honest_blend, judge_of


def rmse_of(y: np.ndarray) -> Any:
    return lambda values: -float(np.sqrt(np.mean((y - values) ** 2)))


def scorer_of(task: Task, metric: str, y: np.ndarray, classes: int) -> Scorer:
    config = ExperimentConfig("y", task, metric, positive="b" if task == "binary" else "")
    return Scorer(config, y, pd.DataFrame(index=range(len(y))), tuple("abcdefgh"[:classes]))


def test_two_opposite_errors_are_averaged_away() -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0])
    predictions = {"high": y + 1, "low": y - 1, "far": y + 5}
    weights = greedy_weights(predictions, rmse_of(y))
    assert weights == {"high": 0.5, "low": 0.5}
    assert blend(predictions, weights).tolist() == y.tolist()


def test_the_best_alone_is_kept_alone() -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"right": y, "wrong": y + 3}, rmse_of(y)) == {"right": 1.0}


def test_weights_are_shares_of_the_additions() -> None:
    """Three of `low` for each of `high` is exact, and nothing is added to what is exact."""
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"high": y + 3, "low": y - 1}, rmse_of(y)) == {"high": 0.25, "low": 0.75}


def test_ties_go_to_the_better_candidate() -> None:
    y = np.array([0.0, 1.0])
    assert greedy_weights({"first": y + 1, "second": y + 1}, rmse_of(y)) == {"first": 1.0}


def test_no_time_gives_the_first_choice_and_no_error() -> None:
    y = np.array([0.0, 1.0, 2.0, 3.0])
    assert greedy_weights({"high": y + 1, "low": y - 1}, rmse_of(y), deadline=float("-inf")) == {"high": 1.0}


def test_only_what_is_allowed_is_taken() -> None:
    y = np.array([0.0, 1.0])
    predictions = {"right": y, "wrong": y + 3}
    assert greedy_weights(predictions, rmse_of(y), allowed=lambda counts: ["wrong"]) == {"wrong": 1.0}
    assert greedy_weights(predictions, rmse_of(y), allowed=lambda counts: []) == {}


def test_a_metric_that_is_not_defined_chooses_nothing() -> None:
    """Regression: a fold with one label ended the run with "All-NaN slice encountered"."""
    judge = judge_of(scorer_of("binary", "roc_auc", np.zeros(4), 2), np.arange(4))
    assert greedy_weights({"a": np.full((4, 2), 0.5), "b": np.full((4, 2), 0.5)}, judge) == {"a": 1.0}


# -- judges -------------------------------------------------------------------------------------------------------


def probabilities(rows: int, classes: int, seed: int) -> np.ndarray:
    """Return probabilities with ties, zeros and ones among them."""
    values = np.random.default_rng(seed).dirichlet(np.ones(classes), rows).round(2)
    values[:3], values[3:6] = np.eye(classes)[0], np.eye(classes)[-1]
    values[6:] /= values[6:].sum(axis=1, keepdims=True)
    return values


@pytest.mark.parametrize(
    ("task", "metric", "classes", "sign"),
    [
        ("binary", "roc_auc", 2, 1),
        ("binary", "log_loss", 2, -1),
        ("binary", "average_precision", 2, 1),
        ("binary", "f1", 2, 1),
        ("multiclass", "log_loss", 5, -1),
        ("multiclass", "roc_auc", 5, 1),
        ("regression", "rmse", 0, -1),
        ("regression", "mae", 0, -1),
    ],
)
def test_a_judge_is_the_scorer_with_a_sign(task: Task, metric: str, classes: int, sign: int) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, 300).astype(float) if classes else rng.normal(size=300)
    scorer = scorer_of(task, metric, y, classes)
    rows = rng.permutation(300)[:200]
    for seed in range(3):
        values = probabilities(200, classes, seed) if classes else rng.normal(size=200)
        assert judge_of(scorer, rows)(values) == pytest.approx(sign * scorer.score(rows, values), abs=1e-12, rel=0)


def test_the_area_of_one_label_is_not_defined() -> None:
    judge = judge_of(scorer_of("binary", "roc_auc", np.ones(4), 2), np.arange(4))
    assert np.isnan(judge(np.full((4, 2), 0.5)))


def test_probabilities_that_do_not_add_up_to_one_are_judged_as_their_shares() -> None:
    judge = judge_of(scorer_of("multiclass", "log_loss", np.array([0.0, 1.0]), 3), np.arange(2))
    assert judge(np.array([[1.0, 0.5, 0.5], [0.4, 0.2, 0.2]])) == pytest.approx((np.log(0.5) + np.log(0.25)) / 2, abs=1e-15)


# -- temperature --------------------------------------------------------------------------------------------------


def drawn(classes: int, rows: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and labels drawn by them."""
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(classes), rows)
    return true, (true.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(max=classes - 1)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(classes: int, temperature: float) -> None:
    """What was flattened or sharpened by a temperature is set right by its inverse."""
    true, codes = drawn(classes)
    assert fit_temperature(tempered(true, temperature), codes) == pytest.approx(1 / temperature, rel=0.03)


def test_a_temperature_stays_within_its_bounds() -> None:
    certain, codes = np.tile([0.6, 0.4], (50, 1)), np.zeros(50, dtype=np.int64)
    assert fit_temperature(certain, codes) == pytest.approx(COLDEST, rel=0.02)
    assert fit_temperature(certain, 1 - codes) == pytest.approx(HOTTEST, rel=0.02)


def test_values_have_no_temperature() -> None:
    assert fit_temperature(np.array([1.0, 2.0]), np.array([0, 1])) == 1.0
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, dtype=np.int64)) == 1.0


def test_a_temperature_keeps_the_order_and_the_sum() -> None:
    values = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
    sharp = tempered(values, 0.5)
    np.testing.assert_allclose(sharp, [[1 / 17, 16 / 17], [0.5, 0.5], [1.0, 0.0]], atol=1e-15)
    assert tempered(values, 1.0) is values
    assert tempered(np.array([3.0, 4.0]), 0.5).tolist() == [3.0, 4.0]


# -- honest scores ------------------------------------------------------------------------------------------------


def test_honest_scores_never_see_the_rows_they_are_judged_on() -> None:
    """On fold 0 the weights come from fold 1 alone, where `b` is right, so fold 0 is scored with `b`'s error."""
    y, fold = np.zeros(8), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    a = np.where(fold == 0, 0.0, 2.0)
    b = np.where(fold == 1, 0.0, 3.0)
    asked = []

    def judge_rows(mask: np.ndarray) -> Any:
        asked.append(mask.tolist())
        return rmse_of(y[mask])

    mixed, warm = honest_blend({"a": a, "b": b}, judge_rows, None, fold, deadline=float("inf"))
    assert mixed.tolist() == warm.tolist() == [3.0] * 4 + [2.0] * 4
    assert asked == [(fold == 1).tolist(), (fold == 0).tolist()]


def test_a_row_that_is_judged_twice_never_selects_for_itself() -> None:
    """Four rows in two divisions: what selects for a fold is without its rows in both of them."""
    fold, places = np.array([0, 0, 1, 1, 2, 3, 2, 3]), np.array([0, 1, 2, 3, 0, 1, 2, 3])
    asked = []

    def judge_rows(mask: np.ndarray) -> Any:
        asked.append(np.flatnonzero(mask).tolist())
        return rmse_of(np.zeros(int(mask.sum())))

    honest_blend({"a": np.ones(8)}, judge_rows, None, fold, places, deadline=float("inf"))
    assert asked == [[2, 3, 6, 7], [0, 1, 4, 5], [1, 3, 5, 7], [0, 2, 4, 6]]


def test_the_temperature_of_a_fold_comes_from_the_others() -> None:
    """All of fold 1 was right at 0.6, so fold 0 is sharpened, though it was wrong; fold 0 flattens fold 1."""
    fold, codes = np.repeat([0, 1], 50), np.repeat([1, 0], 50)
    values = np.tile([0.6, 0.4], (100, 1))
    mixed, warm = honest_blend({"a": values}, lambda mask: lambda part: 0.0, codes, fold, deadline=float("inf"))
    assert mixed == pytest.approx(values, abs=1e-15)
    cold, hot = fit_temperature(values[:50], codes[50:]), fit_temperature(values[:50], codes[:50])
    assert cold < 0.2 and hot > 3.9
    assert warm[:50] == pytest.approx(tempered(values[:50], cold), abs=1e-15)
    assert warm[50:] == pytest.approx(tempered(values[50:], hot), abs=1e-15)


def test_the_judged_rows_change_nothing_of_their_own_choice() -> None:
    """Whatever the truth of fold 0 is, its predictions are the same."""
    rng = np.random.default_rng(0)
    fold = np.arange(120) % 3
    codes = rng.integers(0, 2, 120)
    predictions = {name: np.column_stack([1 - p, p]) for name, p in ((n, rng.uniform(0.05, 0.95, 120)) for n in "abcd")}
    turned = np.where(fold == 0, 1 - codes, codes)
    first, second = (
        honest_blend(
            predictions,
            lambda mask, truth=truth: judge_of(scorer_of("binary", "log_loss", truth.astype(float), 2), np.flatnonzero(mask)),
            truth,
            fold,
            deadline=float("inf"),
        )
        for truth in (codes, turned)
    )
    for one, other in zip(first, second, strict=True):
        assert one[fold == 0].tolist() == other[fold == 0].tolist()
        assert one[fold == 1].tolist() != other[fold == 1].tolist()

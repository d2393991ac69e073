"""Intervals by the bootstrap: the fast ways equal scikit-learn's, and the value lies inside."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from automl_core.evaluation.bootstrap import (
    HIGHEST,
    LOWEST,
    WORK,
    Predicted,
    headline,
    paired,
    resamples,
    weighted_auc,
    weighted_average_precision,
    weighted_log_loss,
    weighted_pairs_auc,
)
from automl_core.experiment import ExperimentConfig
from automl_core.metrics import METRICS, all_scores, metrics_for
from automl_core.scorer import Scorer


def sorted_rows(seed: int, digits: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows sorted by probability, with many ties, some of them drawn several times or never."""
    rng = np.random.default_rng(seed)
    proba = np.sort(rng.random(60).round(digits))
    truth = (rng.random(60) < proba).astype(float)
    return truth, proba, rng.integers(0, 4, 60).astype(float)


def binary(rows: int = 80, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    proba = rng.random(rows).round(2)
    truth = (rng.random(rows) < 0.15 + 0.7 * proba).astype(float)
    return truth, np.column_stack([1 - proba, proba])


@pytest.mark.parametrize("seed", range(5))
def test_weighted_auc_equals_scikit_learn(seed: int) -> None:
    truth, proba, weights = sorted_rows(seed)
    assert weighted_auc(truth, proba, weights) == pytest.approx(
        metrics.roc_auc_score(truth, proba, sample_weight=weights), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_weighted_average_precision_equals_scikit_learn(seed: int) -> None:
    truth, proba, weights = sorted_rows(seed)
    assert weighted_average_precision(truth, proba, weights) == pytest.approx(
        metrics.average_precision_score(truth, proba, sample_weight=weights), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(3))
def test_weighted_log_loss_equals_scikit_learn(seed: int) -> None:
    truth, proba, weights = sorted_rows(seed, digits=2)
    proba = np.clip(proba, 0.01, 0.99)
    assert weighted_log_loss(truth, proba, weights) == pytest.approx(
        metrics.log_loss(truth, proba, sample_weight=weights), abs=1e-12
    )


def test_weighted_auc_by_hand() -> None:
    # Pairs of an event and another row: 0.8 over 0.2 right, 0.8 over 0.5 right, 0.5 over 0.2 right, 0.5 with 0.5 counts half.
    truth, proba = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.2, 0.5, 0.5, 0.8])
    assert weighted_auc(truth, proba, np.ones(4)) == 3.5 / 4
    # The row with 0.2 taken out, the one with 0.8 twice: one and a half right of two, weighted 2.5 of 3.
    assert weighted_auc(truth, proba, np.array([0.0, 1.0, 1.0, 2.0])) == pytest.approx(2.5 / 3)


def test_weighted_pairs_auc_by_hand() -> None:
    """One row a label: label 0 is above label 1 and ties with label 2, and so on; the pairs count alike."""
    truth = np.array([0, 1, 2])
    proba = np.array([[0.5, 0.3, 0.2], [0.4, 0.2, 0.4], [0.5, 0.2, 0.3]])
    # By the column of 0: over 1 right, with 2 a tie; of 1: both wrong (0.3 is higher; 0.2 ties); of 2: over 0 right, under 1.
    expected = (1 + 0.5 + 0 + 0.5 + 1 + 0) / 6
    assert weighted_pairs_auc(truth, proba, np.ones((1, 3))).tolist() == [expected]
    # A label that was not drawn leaves it undefined, and the weight of a row alone in its label changes nothing.
    found = weighted_pairs_auc(truth, proba, np.array([[3.0, 0.0, 0.0], [1.0, 2.0, 5.0]]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_weighted_pairs_auc_equals_the_metric_on_rows_drawn_so_often(seed: int) -> None:
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(4), 120).round(1) + 0.01
    proba /= proba.sum(axis=1, keepdims=True)
    truth = rng.integers(0, 4, 120)
    draws = [rng.integers(0, 120, 120) for _ in range(5)]
    weights = np.stack([np.bincount(chosen, minlength=120).astype(float) for chosen in draws])
    expected = [metrics.roc_auc_score(truth[chosen], proba[chosen], multi_class="ovo") for chosen in draws]
    assert weighted_pairs_auc(truth, proba, weights) == pytest.approx(expected, abs=1e-12)


def test_intervals_over_pairs_of_labels_are_those_of_one_resample_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resamples are judged many at once, in several portions; nothing of the interval may depend on where they are cut."""
    rng = np.random.default_rng(4)
    values = rng.dirichlet(np.ones(3), 90)
    truth = np.array([rng.choice(3, p=row) for row in values]).astype(float)
    monkeypatch.setattr("automl_core.evaluation.bootstrap.AT_ONCE", 90 * 7)
    drawn, draws = [], np.random.default_rng(0)
    for _ in range(resamples(90)):
        chosen = draws.integers(0, 90, 90)
        drawn.append(metrics.roc_auc_score(truth[chosen], values[chosen], multi_class="ovo"))
    _, low, high = headline("multiclass", truth, values, first="log_loss")["roc_auc_ovo"]
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-12)


def test_a_resample_without_one_class_has_no_curve() -> None:
    truth, proba = np.array([0.0, 1.0]), np.array([0.1, 0.9])
    assert np.isnan(weighted_auc(truth, proba, np.array([0.0, 3.0])))
    assert np.isnan(weighted_auc(truth, proba, np.array([3.0, 0.0])))
    assert np.isnan(weighted_average_precision(truth, proba, np.array([3.0, 0.0])))


def test_two_classes_have_every_metric_with_the_chosen_one_first() -> None:
    truth, values = binary()
    found = headline("binary", truth, values, first="accuracy")
    assert list(found) == ["accuracy", *(metric.name for metric in metrics_for("binary") if metric.name != "accuracy")]
    expected = all_scores("binary", truth.astype(int), values)
    assert {name: entry[0] for name, entry in found.items()} == pytest.approx(expected, abs=1e-12)
    for name, (value, low, high) in found.items():
        if not METRICS[name].interval:
            assert (low, high) == (None, None), name
            continue
        assert low is not None and high is not None
        assert low < value < high, name


def test_several_classes_have_every_metric() -> None:
    rng = np.random.default_rng(1)
    values = rng.dirichlet(np.ones(3), 90)
    truth = np.array([rng.choice(3, p=row) for row in values]).astype(float)
    found = headline("multiclass", truth, values, first="log_loss")
    assert {name: entry[0] for name, entry in found.items()} == pytest.approx(
        all_scores("multiclass", truth.astype(int), values), abs=1e-12
    )
    for name, (value, low, high) in found.items():
        if not METRICS[name].interval:
            assert (low, high) == (None, None), name
            continue
        assert low is not None and high is not None
        assert low < value < high, name


def test_numbers_have_every_metric() -> None:
    rng = np.random.default_rng(2)
    truth = rng.gamma(3, 10, 100)
    values = truth + rng.normal(0, 4, 100)
    found = headline("regression", truth, values, first="mae")
    assert next(iter(found)) == "mae"
    assert {name: entry[0] for name, entry in found.items()} == pytest.approx(all_scores("regression", truth, values))
    for name, (value, low, high) in found.items():
        if not METRICS[name].interval:
            assert (low, high) == (None, None), name
            continue
        assert low is not None and high is not None
        assert low < value < high, name


def test_metrics_that_are_not_defined_are_left_out() -> None:
    found = headline("regression", np.array([-1.0, 2.0, 3.0, 5.0]), np.array([0.0, 2.0, 3.0, 4.0]), first="rmse")
    assert "rmsle" not in found
    assert found["rmse"][0] == pytest.approx(np.sqrt(2 / 4))


def test_an_interval_of_the_mean_error_is_that_of_the_theory() -> None:
    """Absolute errors of 400 rows: the interval is about the mean plus and minus 1.96 standard errors."""
    errors = np.random.default_rng(5).exponential(2.0, 400)
    value, low, high = headline("regression", np.arange(400.0), np.arange(400.0) + errors, first="mae")["mae"]
    half = 1.96 * errors.std(ddof=1) / np.sqrt(400)
    assert value == pytest.approx(errors.mean())
    assert low == pytest.approx(value - half, abs=0.3 * half)
    assert high == pytest.approx(value + half, abs=0.3 * half)


def test_the_threshold_moves_the_metrics_of_labels_only() -> None:
    truth, values = binary()
    at_half = headline("binary", truth, values, first="recall")
    lower = headline("binary", truth, values, first="recall", threshold=0.3)
    predicted = (values[:, 1] > 0.3).astype(int)
    assert lower["recall"][0] == pytest.approx(metrics.recall_score(truth, predicted))
    assert lower["precision"][0] == pytest.approx(metrics.precision_score(truth, predicted))
    assert lower["recall"][0] > at_half["recall"][0]
    for name in ("roc_auc", "log_loss", "average_precision"):
        assert lower[name] == at_half[name]


def test_a_probability_on_the_threshold_is_judged_as_it_is_predicted() -> None:
    """A model predicts the event above its threshold; the evaluation once counted rows on it as events."""
    truth, proba = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.5, 0.5, 0.5, 0.9])
    found = headline("binary", truth, np.column_stack([1 - proba, proba]), first="accuracy")
    assert found["accuracy"][0] == 3 / 4
    assert found["recall"][0] == 1 / 2


def test_the_seed_decides_the_interval() -> None:
    truth, values = binary()
    first = headline("binary", truth, values, first="roc_auc", seed=1)
    assert headline("binary", truth, values, first="roc_auc", seed=1) == first
    other = headline("binary", truth, values, first="roc_auc", seed=2)
    assert other["roc_auc"][0] == first["roc_auc"][0]
    assert other["roc_auc"][1:] != first["roc_auc"][1:]


def test_too_few_defined_resamples_give_no_interval() -> None:
    """One event among forty rows: a third of the resamples lack it, those that have it still tell."""
    truth = np.zeros(40)
    truth[0] = 1
    proba = np.linspace(0.9, 0.1, 40)
    value, low, high = headline("binary", truth, np.column_stack([1 - proba, proba]), first="roc_auc")["roc_auc"]
    assert (value, low, high) == (1.0, 1.0, 1.0)
    # Five labels with one row each: hardly a resample has all of them.
    values = np.full((5, 5), 0.1) + 0.5 * np.eye(5)
    value, low, high = headline("multiclass", np.arange(5.0), values, first="roc_auc")["roc_auc"]
    assert (value, low, high) == (1.0, None, None)


def test_more_rows_get_fewer_resamples() -> None:
    assert resamples(0) == resamples(10) == HIGHEST
    assert resamples(WORK // 100) == 100
    assert resamples(10**9) == LOWEST


def test_many_labels_get_fewer_resamples() -> None:
    """A confusion table of a thousand labels has a million cells; three hundred of them took a minute."""
    assert resamples(100, labels=50) == HIGHEST
    assert resamples(100, labels=400) == WORK * 25 // 400**2
    assert resamples(100, labels=1000) == LOWEST


def scorer(truth: np.ndarray) -> Scorer:
    return Scorer(ExperimentConfig("y", "binary", "accuracy", "1"), truth, pd.DataFrame(index=range(len(truth))), ("0", "1"))


def test_the_same_rows_are_drawn_for_both_models() -> None:
    """Two models whose predictions differ in nothing but one row in ten differ by exactly these rows in every resample."""
    truth = np.tile([0.0, 1.0], 100)
    right = np.where(truth == 1, 0.9, 0.1)
    off = right.copy()
    off[::10] = 0.9  # rows without the event
    one, other = (Predicted(np.column_stack([1 - event, event]), 0.5) for event in (right, off))
    value, low, high = paired(scorer(truth), one, other)["accuracy"]
    assert value == pytest.approx(0.1) and low is not None and high is not None
    assert 0.04 < low < 0.1 < high < 0.16
    assert paired(scorer(truth), one, one)["accuracy"] == (0.0, 0.0, 0.0)
    swapped = paired(scorer(truth), other, one)["accuracy"]
    assert swapped == pytest.approx((-value, -high, -low))


def test_a_paired_interval_is_narrower_than_two_that_know_nothing_of_each_other() -> None:
    truth, values = binary(400)
    event = np.clip(values[:, 1] + 0.05 * np.random.default_rng(0).normal(size=400), 0, 1)
    near = np.column_stack([1 - event, event])
    _, low, high = paired(scorer(truth), Predicted(values, 0.5), Predicted(near, 0.5))["roc_auc"]
    alone = headline("binary", truth, values, first="roc_auc")["roc_auc"]
    assert high - low < 0.5 * (alone[2] - alone[1])

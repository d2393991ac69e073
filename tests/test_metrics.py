"""Metrics: exact values on tiny tables, and a clear sentence where a metric does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.errors import InputError
from automl_core.metrics import METRICS, all_scores, check_metric, labels_of, metrics_for, score

TWO = np.array([[0.9, 0.1], [0.6, 0.4], [0.7, 0.3], [0.2, 0.8]])
TWO_TRUTH = np.array([0, 0, 1, 1])
THREE = np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.3, 0.3, 0.4], [0.5, 0.3, 0.2]])
THREE_TRUTH = np.array([0, 1, 2, 2])
VALUES, VALUES_TRUTH = np.array([1.0, 2.0, 5.0]), np.array([1.0, 3.0, 3.0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("roc_auc", 0.75),
        ("log_loss", -np.mean(np.log([0.9, 0.6, 0.3, 0.8]))),
        ("average_precision", 0.5 * 1 + 0.5 * 2 / 3),
        ("accuracy", 0.75),
        ("balanced_accuracy", 0.75),
        ("f1", 2 / 3),
        ("precision", 1.0),
        ("recall", 0.5),
        ("cohen_kappa", 0.5),
        ("matthews_corrcoef", 1 / np.sqrt(3)),
    ],
)
def test_two_classes(name: str, expected: float) -> None:
    assert score(name, TWO_TRUTH, TWO) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # one class against the rest: 1, 1, 0.5; weights 1, 1, 2
        ("roc_auc", (1 + 1 + 2 * 0.75) / 4),
        ("log_loss", -np.mean(np.log([0.8, 0.5, 0.4, 0.2]))),
        ("accuracy", 0.75),
        ("balanced_accuracy", (1 + 1 + 0.5) / 3),
        ("recall", 0.75),
        ("precision", (0.5 + 1 + 2 * 1) / 4),
        ("f1", (2 / 3 + 1 + 2 * 2 / 3) / 4),
    ],
)
def test_three_classes_are_weighted_by_size(name: str, expected: float) -> None:
    assert score(name, THREE_TRUTH, THREE) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rmse", np.sqrt(5 / 3)),
        ("mae", 1.0),
        ("median_ae", 1.0),
        ("r2", 1 - 5 / (8 / 3)),
        ("mape", (0 + 1 / 3 + 2 / 3) / 3),
        ("rmsle", np.sqrt((0 + np.log(3 / 4) ** 2 + np.log(6 / 4) ** 2) / 3)),
    ],
)
def test_values(name: str, expected: float) -> None:
    assert score(name, VALUES_TRUTH, VALUES) == pytest.approx(expected, abs=1e-12)


def test_every_metric_is_named_and_explained() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label
        assert metric.explanation.endswith(".")
        assert metric.tasks


@pytest.mark.parametrize(("task", "first"), [("binary", "roc_auc"), ("multiclass", "log_loss"), ("regression", "rmse")])
def test_the_default_metric_comes_first(task: str, first: str) -> None:
    assert metrics_for(task)[0].name == first  # type: ignore[arg-type]


def test_a_fold_with_one_class_has_no_ranking() -> None:
    truth = np.array([1, 1, 1, 1])
    assert np.isnan(score("roc_auc", truth, TWO))
    scores = all_scores("binary", truth, TWO)
    assert "roc_auc" not in scores
    assert scores["accuracy"] == 0.25


def test_a_class_that_a_fold_lacks_does_not_break_the_log_loss() -> None:
    truth = np.array([0, 1, 1, 0])
    expected = -np.mean(np.log([0.8, 0.5, 0.3, 0.5]))
    assert score("log_loss", truth, THREE) == pytest.approx(expected)
    assert "log_loss" in all_scores("multiclass", truth, THREE)


def test_rmsle_is_not_defined_for_negative_truth() -> None:
    assert np.isnan(score("rmsle", np.array([-1.0, 2.0]), np.array([1.0, 2.0])))


def test_a_tie_is_not_the_event_as_in_scikit_learn() -> None:
    assert labels_of(np.array([[0.5, 0.5], [0.49, 0.51]])).tolist() == [0, 1]
    assert labels_of(TWO, threshold=0.25).tolist() == [0, 1, 1, 1]


def test_an_unknown_metric_names_those_that_fit() -> None:
    with pytest.raises(InputError) as error:
        check_metric("speed", "regression")
    assert str(error.value) == (
        "There is no metric 'speed'. For a regression task there are rmse, mae, median_ae, max_error, r2, explained_variance, "
        "d2_absolute_error, mape, smape, wape, rmsle, poisson_deviance, gamma_deviance. Choose one of them."
    )


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(InputError, match="The metric ROC AUC does not fit a regression task. Fitting ones are rmse, mae"):
        check_metric("roc_auc", "regression")


def test_an_unknown_task_is_refused() -> None:
    with pytest.raises(InputError, match="'ranking' is no task. The tasks are binary, multiclass, regression."):
        metrics_for("ranking")  # type: ignore[arg-type]

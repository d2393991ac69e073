"""Metrics: exact values on tiny tables, and a clear sentence where a metric does not fit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn import metrics as sk

from automl_core.errors import InputError
from automl_core.metrics import METRICS, Metric, all_scores, check_metric, labels_of, metrics_for, register, score, score_of

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


# -- what every metric has to do, those that are added later among them -----------------------------------------


def case_of(metric: Metric, rows: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, perfect predictions and poor ones for a metric's first task."""
    rng = np.random.default_rng(5)
    if metric.needs == "value":
        truth = rng.gamma(3, 2, rows)
        return truth, truth.copy(), np.abs(truth + rng.normal(0, 2, rows))
    k = 2 if "binary" in metric.tasks else 5
    truth = np.arange(rows) % k
    return truth, np.eye(k)[truth], rng.dirichlet(np.ones(k), rows)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_perfect_predictions_are_the_best_in_the_metrics_own_direction(metric: Metric) -> None:
    truth, perfect, poor = case_of(metric)
    best, worse = score_of(metric, truth, perfect), score_of(metric, truth, poor)
    assert np.isfinite([best, worse]).all()
    assert best > worse if metric.greater_is_better else best < worse
    assert best == pytest.approx(1 if metric.greater_is_better else 0, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_order_of_the_rows_does_not_matter(metric: Metric) -> None:
    truth, _, poor = case_of(metric)
    order = np.random.default_rng(1).permutation(len(truth))
    assert score_of(metric, truth[order], poor[order]) == pytest.approx(score_of(metric, truth, poor), abs=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_what_is_not_defined_is_nan_without_a_warning(metric: Metric) -> None:
    """No rows, one row, and rows of one class; warnings are errors here."""
    truth, perfect, poor = case_of(metric)
    for rows in (0, 1):
        found = score_of(metric, truth[:rows], poor[:rows])
        assert isinstance(found, float)
        assert rows or np.isnan(found) or metric.needs == "label"
    for code in (0, 1):
        same = np.full(len(truth), code)
        assert isinstance(score_of(metric, same, poor), float)
        assert isinstance(score_of(metric, same, perfect), float)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_sentence_says_which_direction_is_better(metric: Metric) -> None:
    assert ("Lower is better" in metric.explanation) == (not metric.greater_is_better)


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.counts], ids=lambda metric: metric.name)
def test_tables_are_judged_all_at_once(metric: Metric) -> None:
    rng = np.random.default_rng(0)
    k = 2 if "binary" in metric.tasks else 4
    tables = rng.integers(0, 9, (3, 6, k, k)).astype(float)
    found = metric.counts(tables)  # type: ignore[misc]
    assert found.shape == (3, 6)
    for place in np.ndindex(3, 6):
        assert found[place] == pytest.approx(float(metric.counts(tables[place])), abs=1e-12, nan_ok=True)  # type: ignore[misc]


SKLEARN = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "f1": partial(sk.f1_score, zero_division=0.0),
    "f2": partial(sk.fbeta_score, beta=2, zero_division=0.0),
    "precision": partial(sk.precision_score, zero_division=0.0),
    "recall": partial(sk.recall_score, zero_division=0.0),
    "specificity": partial(sk.recall_score, pos_label=0, zero_division=0.0),
    "matthews_corrcoef": sk.matthews_corrcoef,
    "cohen_kappa": sk.cohen_kappa_score,
    "quadratic_kappa": partial(sk.cohen_kappa_score, weights="quadratic"),
}


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("name", SKLEARN)
def test_labels_are_judged_as_scikit_learn_does(name: str, k: int) -> None:
    assert set(SKLEARN) == {metric.name for metric in METRICS.values() if metric.needs == "label"}
    if name in ("f2", "specificity") and k > 2:
        return
    rng = np.random.default_rng(k)
    truth = rng.integers(0, k, 70)
    predicted = np.where(rng.random(70) < 0.6, truth, rng.integers(0, k - 1, 70))  # the last label is predicted only where true
    more = {"average": "weighted"} if k > 2 and name in ("f1", "precision", "recall") else {}
    assert score(name, truth, np.eye(k)[predicted]) == pytest.approx(SKLEARN[name](truth, predicted, **more), abs=1e-12)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.parametrize("name", [name for name in SKLEARN if name not in ("f2", "specificity", "quadratic_kappa")])
def test_labels_that_are_never_predicted_or_never_true(name: str) -> None:
    truth, predicted = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 0, 2, 2])
    more = {"average": "weighted"} if name in ("f1", "precision", "recall") else {}
    assert score(name, truth, np.eye(3)[predicted]) == pytest.approx(SKLEARN[name](truth, predicted, **more), abs=1e-12)


def test_kappa_is_not_defined_when_only_one_label_is_there() -> None:
    assert np.isnan(score("cohen_kappa", np.zeros(5, dtype=int), np.eye(2)[[0] * 5]))


@pytest.mark.parametrize("k", [2, 3, 6])
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_are_judged_as_scikit_learn_does(k: int, seed: int) -> None:
    """With many ties, and classes of all sizes."""
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(k), 90).round(1) + 1e-3
    proba /= proba.sum(axis=1, keepdims=True)
    truth = np.r_[np.arange(k), np.array([rng.choice(k, p=row) for row in proba])[k:]]
    labels = np.arange(k)
    assert score("log_loss", truth, proba) == pytest.approx(sk.log_loss(truth, proba, labels=labels), abs=1e-12)
    if k == 2:
        assert score("roc_auc", truth, proba) == pytest.approx(sk.roc_auc_score(truth, proba[:, 1]), abs=1e-12)
        assert score("average_precision", truth, proba) == pytest.approx(
            sk.average_precision_score(truth, proba[:, 1]), abs=1e-12
        )
        assert score("brier_score", truth, proba) == pytest.approx(sk.brier_score_loss(truth, proba[:, 1]), abs=1e-12)
        fpr, tpr, _ = sk.roc_curve(truth, proba[:, 1])
        assert score("ks", truth, proba) == pytest.approx((tpr - fpr).max(), abs=1e-12)
        assert score("gini", truth, proba) == pytest.approx(2 * sk.roc_auc_score(truth, proba[:, 1]) - 1, abs=1e-12)
        return
    weighted = sk.roc_auc_score(truth, proba, multi_class="ovr", average="weighted")
    assert score("roc_auc", truth, proba) == pytest.approx(weighted, abs=1e-12)
    assert score("roc_auc_ovo", truth, proba) == pytest.approx(sk.roc_auc_score(truth, proba, multi_class="ovo"), abs=1e-12)
    each = [sk.average_precision_score(truth == code, proba[:, code]) for code in labels]
    assert score("average_precision", truth, proba) == pytest.approx(np.average(each, weights=np.bincount(truth)), abs=1e-12)
    assert score("brier_score", truth, proba) == pytest.approx(np.mean(((np.eye(k)[truth] - proba) ** 2).sum(axis=1)), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("brier_score", (0.01 + 0.16 + 0.49 + 0.04) / 4),
        ("calibration_error", (0.1 + 0.4 + 0.7 + 0.2) / 4),
        ("gini", 0.5),
        ("ks", 0.5),
        ("f2", 5 / 9),
        ("specificity", 1.0),
    ],
)
def test_more_of_two_classes(name: str, expected: float) -> None:
    assert score(name, TWO_TRUTH, TWO) == pytest.approx(expected, abs=1e-12)


def test_probabilities_in_the_same_group_make_up_for_each_other() -> None:
    truth, event = np.array([0, 1, 1]), np.array([0.51, 0.52, 0.99])
    expected = (abs(0.51 + 0.52 - 1) + abs(0.99 - 1)) / 3
    assert score("calibration_error", truth, np.column_stack([1 - event, event])) == pytest.approx(expected)
    # For many labels: what is told of the most probable label against how often it is right.
    assert score("calibration_error", THREE_TRUTH, THREE) == pytest.approx((0.2 + abs(0.5 + 0.5 - 1) + 0.6) / 4)


def test_the_three_most_probable_labels() -> None:
    proba = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1]])
    # Found; not found; one of four that tie for three places; one of three that tie for two.
    assert score("top_3_accuracy", np.array([2, 0, 1, 3]), proba) == pytest.approx((1 + 0 + 3 / 4 + 2 / 3) / 4)
    assert np.isnan(score("top_3_accuracy", THREE_TRUTH, THREE))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max_error", 2.0),
        ("explained_variance", 1 - ((0 + 1 + 4) / 3 - 1 / 9) / (8 / 9)),
        ("d2_absolute_error", 1 - 1 / (2 / 3)),
        ("smape", (0 + 1 / 2.5 + 2 / 4) / 3),
        ("wape", 3 / 7),
        ("poisson_deviance", 2 * (3 * np.log(3 / 2) - 1 + 3 * np.log(3 / 5) + 2) / 3),
        ("gamma_deviance", 2 * (np.log(2 / 3) + 1 / 2 + np.log(5 / 3) - 2 / 5) / 3),
    ],
)
def test_more_of_values(name: str, expected: float) -> None:
    assert score(name, VALUES_TRUTH, VALUES) == pytest.approx(expected, abs=1e-12)


def test_deviances_take_what_a_model_may_predict() -> None:
    truth = np.array([1.0, 3.0])
    assert score("poisson_deviance", truth, np.array([-5.0, 3.0])) == score("poisson_deviance", truth, np.array([0.002, 3.0]))
    assert np.isnan(score("poisson_deviance", np.array([-1.0, 3.0]), truth))
    assert np.isnan(score("gamma_deviance", np.array([0.0, 3.0]), truth))
    assert np.isfinite(score("poisson_deviance", np.array([0.0, 3.0]), truth))
    assert np.isnan(score("poisson_deviance", np.zeros(2), truth))


def test_a_function_is_registered_once_and_complete() -> None:
    before = dict(METRICS)
    try:
        gap = register(Metric("gap", "Gap", "Mean gap. Lower is better.", ("regression",), False, "value", lambda y, v: 1.0))
        assert METRICS["gap"] is gap
        assert "gap" in [metric.name for metric in metrics_for("regression")]
        assert all_scores("regression", VALUES_TRUTH, VALUES)["gap"] == 1.0
        for name in ("gap", "rmse", "cost", "kpi"):
            with pytest.raises(InputError) as refused:
                register(replace(gap, name=name))
            assert str(refused.value) == f"There is a metric {name!r} already. Each needs a name of its own. Choose another name."
        with pytest.raises(InputError) as refused:
            register(replace(gap, name="my gap"))
        assert str(refused.value) == (
            "The metric 'my gap' cannot be registered. It needs a name without spaces, a label, an explanation that ends with a "
            "full stop, and its tasks. Complete it."
        )
    finally:
        METRICS.clear()
        METRICS.update(before)

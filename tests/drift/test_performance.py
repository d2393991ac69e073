"""Estimates without labels, where the truth is known."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from automl_core.drift.performance import Calibration, estimate_errors, estimate_labels, expected_scores


def test_with_known_outcomes_the_scores_are_the_true_ones():
    rng = np.random.default_rng(0)
    event = np.round(rng.random(300), 1)  # with ties
    truth = (rng.random(300) < event).astype(int)
    proba = np.column_stack([1 - event, event])
    found = expected_scores(proba, np.eye(2)[truth], (event > 0.5).astype(int))
    decided = (event > 0.5).astype(int)
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, decided))
    assert found["f1"] == pytest.approx(f1_score(truth, decided))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(truth, event))


def test_more_than_two_labels_are_weighted_by_size():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 1, 1], 400)
    truth = np.array([rng.choice(3, p=row) for row in proba])
    found = expected_scores(proba, np.eye(3)[truth], proba.argmax(axis=1))
    assert found["f1"] == pytest.approx(f1_score(truth, proba.argmax(axis=1), average="weighted"))
    assert found["roc_auc"] == pytest.approx(roc_auc_score(truth, proba, multi_class="ovr", average="weighted"))


def test_a_probability_says_how_often_it_is_right():
    event = np.array([0.9, 0.8, 0.3, 0.1])
    proba = np.column_stack([1 - event, event])
    found = expected_scores(proba, proba, (event > 0.5).astype(int))
    assert found["accuracy"] == pytest.approx((0.9 + 0.8 + 0.7 + 0.9) / 4)
    assert found["f1"] == pytest.approx(2 * 1.7 / (2 + 2.1))


def made(rows, shift, rng):
    score = rng.normal(shift, 1.5, rows)
    event = 1 / (1 + np.exp(-score))
    truth = (rng.random(rows) < event).astype(int)
    said = 1 / (1 + np.exp(-2 * score))  # too sure, and the calibration has to find out
    return np.column_stack([1 - said, said]), truth, (said > 0.5).astype(int)


def test_estimates_follow_a_shift_and_hold_the_truth():
    rng = np.random.default_rng(0)
    old, truth, decided = made(3000, 0.0, rng)
    new, really, fresh = made(3000, 2.0, rng)
    found = {one.metric: one for one in estimate_labels(old, truth, decided, new, fresh, seed=0)}
    assert found["accuracy"].before < found["accuracy"].value - 0.05
    assert found["accuracy"].low < accuracy_score(really, fresh) < found["accuracy"].high
    assert found["accuracy"].value == pytest.approx(accuracy_score(really, fresh), abs=0.02)
    assert found["roc_auc"].true is None


def test_with_labels_the_truth_decides():
    rng = np.random.default_rng(0)
    old, truth, decided = made(2000, 0.0, rng)
    new, really, fresh = made(2000, 0.0, rng)
    found = estimate_labels(old, truth, decided, new, fresh, true=1 - really, seed=0)
    assert {one.verdict for one in found} == {"act"}
    assert found[-1].true == pytest.approx(1 - accuracy_score(really, fresh))
    assert "; from the labels it is " in found[-1].sentence
    assert {one.verdict for one in estimate_labels(old, truth, decided, new, fresh, true=really, seed=0)} == {"nothing"}


def test_too_few_labelled_rows_give_no_estimate():
    proba = np.full((99, 2), 0.5)
    assert estimate_labels(proba, np.arange(99) % 2, np.zeros(99, dtype=int), proba, np.zeros(99, dtype=int)) == ()


def test_calibration_of_many_labels_adds_to_one():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 1, 1], 400)
    found = Calibration(proba, proba.argmax(axis=1))(proba)
    assert found.sum(axis=1) == pytest.approx(1.0)


def test_errors_grow_where_the_rows_are_harder():
    rng = np.random.default_rng(0)

    def rows(count, share):
        hard = rng.random(count) < share
        return hard[:, None].astype(float), np.zeros(count), rng.normal(0, np.where(hard, 3.0, 1.0))

    features, predicted, truth = rows(2000, 0.2)
    fresh, new, really = rows(2000, 0.8)
    found = {one.metric: one for one in estimate_errors(features, predicted, truth, fresh, new)}
    assert found["rmse"].before == pytest.approx(np.sqrt(0.2 * 9 + 0.8), abs=0.15)
    assert found["rmse"].value == pytest.approx(np.sqrt((really**2).mean()), abs=0.2)
    assert found["mae"].low < np.abs(really).mean() < found["mae"].high
    assert found["rmse"].verdict == "act"

"""The data of curves and tables by exact values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn import metrics

from automl_core.evaluation.curves import (
    LABELS,
    POINTS,
    SAMPLE,
    calibration,
    classification_curves,
    gain,
    kolmogorov_smirnov,
    precision_recall,
    regression_curves,
    roc,
)

TRUTH = np.array([0, 0, 1, 1])
PROBA = np.array([0.1, 0.4, 0.35, 0.8])


def test_roc_by_hand() -> None:
    found = roc(TRUTH, PROBA)
    assert found == {
        "fpr": [0.0, 0.0, 0.5, 0.5, 1.0],
        "tpr": [0.0, 0.5, 0.5, 1.0, 1.0],
        "threshold": [1.0, 0.8, 0.4, 0.35, 0.1],  # the first, infinite one is clipped
        "auc": 0.75,
    }
    assert found["auc"] == metrics.roc_auc_score(TRUTH, PROBA)


def test_precision_and_recall_by_hand() -> None:
    found = precision_recall(TRUTH, PROBA)
    assert found["recall"] == [1.0, 1.0, 0.5, 0.5, 0.0]
    assert found["precision"] == pytest.approx([2 / 4, 2 / 3, 1 / 2, 1.0, 1.0])
    assert found["threshold"] == [0.1, 0.35, 0.4, 0.8, 1.0]
    assert found["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert found["share"] == 0.5


def test_long_curves_are_thinned_and_keep_their_ends_and_their_area() -> None:
    rng = np.random.default_rng(0)
    truth, proba = rng.integers(0, 2, 5000), rng.random(5000)
    found = roc(truth, proba)
    assert len(found["fpr"]) == len(found["tpr"]) == len(found["threshold"]) == POINTS
    assert (found["fpr"][0], found["tpr"][0], found["fpr"][-1], found["tpr"][-1]) == (0, 0, 1, 1)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth, proba), abs=1e-12)
    assert len(precision_recall(truth, proba)["recall"]) == POINTS


def test_calibration_in_ten_groups_of_equal_size() -> None:
    proba = np.arange(100) / 100
    truth = (np.arange(100) % 10 < np.arange(100) // 10).astype(int)  # in the group of n tenths, n of ten have the event
    found = calibration(truth[::-1], proba[::-1])
    assert found["rows"] == [10] * 10
    assert found["predicted"] == pytest.approx([n / 10 + 0.045 for n in range(10)])
    assert found["observed"] == pytest.approx([n / 10 for n in range(10)])
    # Wilson's interval of 5 of 10, as published in tables: 23.7 % to 76.3 %.
    assert (found["low"][5], found["high"][5]) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert (found["low"][0], found["high"][0]) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert all(low <= seen <= high for low, seen, high in zip(found["low"], found["observed"], found["high"], strict=True))


def test_calibration_of_few_rows_has_few_groups() -> None:
    assert calibration(np.array([0, 1, 1]), np.array([0.2, 0.4, 0.9]))["rows"] == [3]
    assert calibration(np.array([0, 1] * 6), np.linspace(0, 1, 12))["rows"] == [6, 6]


def test_two_classes_are_drawn_for_the_event() -> None:
    values = np.column_stack([1 - PROBA, PROBA])
    found, notes = classification_curves(TRUTH, values, ("no", "yes"), 0.5)
    assert notes == ()
    assert found["confusion"] == [[2, 0], [1, 1]]
    assert found["report"] == [
        {"label": "no", "precision": 2 / 3, "recall": 1.0, "f1": 0.8, "rows": 2},
        {"label": "yes", "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "rows": 2},
    ]
    assert set(found["roc"]) == set(found["pr"]) == set(found["calibration"]) == {"yes"}
    assert found["roc"]["yes"] == roc(TRUTH, PROBA)
    assert found["distribution"]["edges"] == pytest.approx([n / 20 for n in range(21)])
    assert {name: sum(counts) for name, counts in found["distribution"]["counts"].items()} == {"no": 2, "yes": 2}
    assert found["distribution"]["counts"]["no"][2] == 1
    json.dumps(found, allow_nan=False)


def test_the_threshold_decides_the_confusion_table() -> None:
    values = np.column_stack([1 - PROBA, PROBA])
    assert classification_curves(TRUTH, values, ("no", "yes"), 0.3)[0]["confusion"] == [[1, 1], [0, 2]]
    # On the threshold the event is not predicted: that is how the model predicts.
    assert classification_curves(TRUTH, values, ("no", "yes"), 0.35)[0]["confusion"] == [[1, 1], [1, 1]]
    half = np.full((4, 2), 0.5)
    assert classification_curves(TRUTH, half, ("no", "yes"), 0.5)[0]["confusion"] == [[2, 0], [2, 0]]


def test_a_probability_a_rounding_error_above_one_is_counted() -> None:
    values = np.array([[0.0, 1.0 + 2e-16 * 2], [1.0, -1e-17], [0.5, 0.5]])
    found, _ = classification_curves(np.array([1, 0, 0]), values, ("no", "yes"), 0.5)
    assert {name: sum(counts) for name, counts in found["distribution"]["counts"].items()} == {"no": 2, "yes": 1}


def test_several_classes_have_a_curve_each() -> None:
    truth = np.array([0, 0, 1, 1, 2, 2])
    values = np.array([[0.8, 0.1, 0.1], [0.4, 0.5, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2], [0.3, 0.3, 0.4], [0.5, 0.3, 0.2]])
    found, notes = classification_curves(truth, values, ("a", "b", "c"), 0.5)
    assert found["confusion"] == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    expected = metrics.classification_report(truth, values.argmax(axis=1), output_dict=True)
    for code, row in enumerate(found["report"]):
        assert (row["precision"], row["recall"], row["f1"], row["rows"]) == pytest.approx(tuple(expected[str(code)].values()))
    for code, name in enumerate("abc"):
        assert found["roc"][name]["auc"] == metrics.roc_auc_score(truth == code, values[:, code])
    assert "distribution" not in found
    assert notes == ()


def test_a_label_without_rows_has_no_curve_and_is_told() -> None:
    values = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.2, 0.6, 0.2]])
    found, notes = classification_curves(np.array([0, 1, 1]), values, ("a", "b", "c"), 0.5)
    assert set(found["roc"]) == {"a", "b"}
    assert found["report"][2] == {"label": "c", "precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}
    assert notes == ("No row has the label 'c'.",)
    found, notes = classification_curves(np.array([0, 0, 1]), np.full((3, 4), 0.25), ("a", "b", "c", "d"), 0.5)
    assert notes == ("No row has the labels 'c', 'd'.",)


def test_of_many_labels_the_most_frequent_have_a_curve_and_it_says_so() -> None:
    """Only eight of the curves were drawn, the first by name, and nobody was told."""
    truth = np.concatenate([np.repeat(code, code + 1) for code in range(12)])
    values = np.full((len(truth), 12), 1 / 12)
    names = tuple(f"label {code}" for code in range(12))
    found, notes = classification_curves(truth, values, names, 0.5)
    assert LABELS == 8
    for part in ("roc", "pr", "calibration"):
        assert list(found[part]) == list(names[4:])
    assert notes == ("Curves are those of the 8 most frequent of 12 labels.",)
    assert len(found["confusion"]) == len(found["report"]) == 12


def test_regression_by_hand() -> None:
    truth, values = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.5, 2.0, 2.0, 4.0])
    found, notes = regression_curves(truth, values)
    assert notes == ()
    assert found["predicted_actual"] == {"actual": [1.0, 2.0, 3.0, 4.0], "predicted": [1.5, 2.0, 2.0, 4.0]}
    histogram = found["residual_hist"]
    assert len(histogram["edges"]) == 41 and len(histogram["counts"]) == 40
    assert histogram["edges"][0] == pytest.approx(-0.5, abs=0.01) and histogram["edges"][-1] == pytest.approx(1.0, abs=0.01)
    assert (histogram["counts"][0], histogram["counts"][-1], sum(histogram["counts"])) == (1, 1, 4)
    assert found["by_quantile"] == [{"low": 1.0, "high": 4.0, "rows": 4, "mae": 0.375, "bias": -0.125}]


def test_errors_by_tenths_of_the_true_value() -> None:
    truth = np.arange(100.0)
    groups = regression_curves(truth[::-1], (truth + truth // 10)[::-1])[0]["by_quantile"]
    assert [group["rows"] for group in groups] == [10] * 10
    assert [group["low"] for group in groups] == [10.0 * n for n in range(10)]
    assert [group["high"] for group in groups] == [10.0 * n + 9 for n in range(10)]
    assert [group["mae"] for group in groups] == [float(n) for n in range(10)]
    assert [group["bias"] for group in groups] == [float(n) for n in range(10)]


@pytest.mark.parametrize("offset", [0.0, 3.0, -1e12])
def test_residuals_that_are_all_alike_have_a_histogram(offset: float) -> None:
    """A constant error of a large number once gave bars without a width."""
    truth = np.arange(8.0)
    histogram = regression_curves(truth, truth - offset)[0]["residual_hist"]
    assert sum(histogram["counts"]) == 8
    assert all(low < high for low, high in zip(histogram["edges"][:-1], histogram["edges"][1:], strict=True))
    assert histogram["edges"][0] < offset < histogram["edges"][-1]


def test_tiny_residuals_are_told_apart() -> None:
    truth = np.arange(8.0) * 1e-12
    assert sum(count > 0 for count in regression_curves(truth, truth * 0)[0]["residual_hist"]["counts"]) == 8


def test_many_rows_are_drawn_as_a_sample_that_is_announced() -> None:
    truth = np.arange(3000.0)
    found, notes = regression_curves(truth, truth + 1)
    assert len(found["predicted_actual"]["actual"]) == SAMPLE
    assert notes == ("Charts of single rows show 2,000 of 3,000, drawn at random.",)
    assert sum(found["residual_hist"]["counts"]) == 3000
    assert sum(group["rows"] for group in found["by_quantile"]) == 3000
    assert all(p == a + 1 for a, p in zip(*found["predicted_actual"].values(), strict=True))


@pytest.mark.parametrize("outcome", [0, 1])
def test_an_interval_holds_its_share_to_the_last_digit(outcome: int) -> None:
    """Where every row of a group had the event, rounding once put the interval's end below 1, and the report's chart failed."""
    for rows in range(5, 60):
        found = calibration(np.full(rows, outcome), np.linspace(0.1, 0.9, rows))
        for low, seen, high in zip(found["low"], found["observed"], found["high"], strict=True):
            assert 0 <= low <= seen <= high <= 1


def test_gain_by_hand() -> None:
    found = gain(np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.5, 0.5]))
    assert found == {"share": [0.0, 0.25, 0.75, 1.0], "found": [0.0, 0.5, 1.0, 1.0], "base": 0.5}


def test_kolmogorov_smirnov_by_hand() -> None:
    """Its value is that of SciPy's two-sample test."""
    from scipy.stats import ks_2samp

    truth, proba = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.5, 0.9])
    found = kolmogorov_smirnov(truth, proba)
    assert (found["at"], found["value"]) == (0.2, pytest.approx(2 / 3))
    assert found["value"] == pytest.approx(ks_2samp(proba[truth == 1], proba[truth == 0]).statistic)
    assert found["events"][-1] == found["others"][-1] == 1.0

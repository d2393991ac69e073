"""The statistics over folds by values that can be computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from automl_core.fold_tests import beats, corrected_error, differ, fold_ratio, half_width, holm, selection_bias


def test_ratio_of_equal_folds_is_one_over_the_others() -> None:
    assert fold_ratio([80] * 5, [20] * 5) == 0.25


def test_ratio_forward_in_time_is_the_mean() -> None:
    assert fold_ratio([10, 20], [10, 10]) == 0.75


def test_error_is_corrected_for_shared_rows() -> None:
    """Standard deviation 1 over three folds: the root of 1/3 + 1/2, not of 1/3."""
    assert corrected_error([1.0, 2.0, 3.0]) == pytest.approx(math.sqrt(5 / 6))
    assert corrected_error([1.0, 2.0, 3.0], ratio=0.1) == pytest.approx(math.sqrt(1 / 3 + 0.1))


def test_half_an_interval_is_that_of_student() -> None:
    """With two degrees of freedom the 97.5 % point is 4.303."""
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302653 * math.sqrt(5 / 6))


def test_two_folds_follow_the_arctangent() -> None:
    """With one degree of freedom the distribution is Cauchy's: p = 1 - 2 atan(t) / pi, here with t = 0.2 / 0.03 ** 0.5."""
    expected = 1 - 2 * math.atan(0.2 / math.sqrt(0.03)) / math.pi
    assert differ([0.9, 0.9], [[0.8, 0.6]]) == [pytest.approx(expected)]
    assert expected == pytest.approx(0.4544, abs=1e-4)


def test_three_folds_follow_the_root() -> None:
    """With two degrees of freedom p = 1 - t / (2 + t ** 2) ** 0.5, here with t = 2 / (5/6) ** 0.5."""
    t = 2 / math.sqrt(5 / 6)
    expected = 1 - t / math.sqrt(2 + t * t)
    assert differ([4.0, 4.0, 4.0], [[3.0, 2.0, 1.0], [5.0, 6.0, 7.0]]) == [pytest.approx(expected)] * 2
    assert beats([4.0, 4.0, 4.0], [3.0, 2.0, 1.0]) == pytest.approx(expected / 2)
    assert beats([3.0, 2.0, 1.0], [4.0, 4.0, 4.0]) == pytest.approx(1 - expected / 2)


def test_a_lead_is_taken_off_first() -> None:
    assert beats([4.0, 4.0, 4.0], [3.0, 2.0, 1.0], lead=2.0) == pytest.approx(0.5)


def test_the_same_scores_do_not_differ_and_the_same_gain_is_no_chance() -> None:
    assert differ([0.7, 0.8], [[0.7, 0.8], [0.6, 0.7]]) == [1.0, pytest.approx(0.0, abs=1e-9)]
    assert differ([0.7, 0.8], []) == []


def test_holm_is_that_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    values = [0.01, 0.04, 0.03, 0.005, 0.9]
    assert holm(values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.9])
    assert holm(values) == pytest.approx(list(multipletests(values, method="holm")[1]))
    assert holm([]) == []


def test_bias_is_what_each_fold_would_have_chosen_instead() -> None:
    """Fold 2 prefers the second model by 0.06, fold 3 the third by 0.03; the first has the best mean."""
    scores = np.array([[0.90, 0.80, 0.85], [0.80, 0.86, 0.84], [0.81, 0.80, 0.88]])
    assert selection_bias(scores, 0) == pytest.approx((0.0 + 0.06 + 0.03) / 3)
    assert selection_bias(scores[:1], 0) == 0.0

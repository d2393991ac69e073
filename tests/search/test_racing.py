"""Who runs on, by exact values."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.racing import NOTHING_NEW, exhausted, kind_of_model, too_dear, worth_going_on, worth_starting

TRUTH = np.tile([0.0, 1.0, 2.0, 3.0], 100)
HIGH = TRUTH + 1


def judge(values: np.ndarray) -> float:
    return -float(np.sqrt(np.mean((TRUTH - values) ** 2)))


def test_a_weak_candidate_that_errs_elsewhere_runs_on():
    """It is three times as wrong as the ensemble, but on the other side: a quarter of it makes the mixture right."""
    assert worth_going_on(HIGH, TRUTH - 3, judge, need=10, budget=60).value


def test_what_adds_nothing_is_stopped_with_the_reason():
    decision = worth_going_on(HIGH, TRUTH + 2, judge, need=10, budget=60)
    assert not decision.value
    assert decision.reason == "Its first folds add nothing to the models that are there, so its time went to others."


def test_cheap_ones_and_runs_in_trials_are_never_stopped():
    assert worth_going_on(HIGH, TRUTH + 2, judge, need=0.4, budget=6).value
    assert worth_going_on(HIGH, TRUTH + 2, judge, need=1.1, budget=60).value
    assert worth_going_on(HIGH, TRUTH + 2, judge, need=100, budget=float("inf")).value
    assert worth_going_on(None, HIGH, judge, need=10, budget=60).value


def test_few_judged_rows_stop_only_what_is_dear():
    def few(values: np.ndarray) -> float:
        return -float(np.sqrt(np.mean((TRUTH[:200] - values) ** 2)))

    assert worth_going_on(HIGH[:200], TRUTH[:200] + 2, few, need=5.9, budget=60).value
    assert not worth_going_on(HIGH[:200], TRUTH[:200] + 2, few, need=6.1, budget=60).value


def test_a_kind_that_is_far_behind_is_not_begun_again():
    """From the baseline's 0.5 to the best 0.9, a quarter of the way back is 0.8."""
    assert worth_starting([0.81, 0.6], best=0.9, floor=0.5).value
    assert not worth_starting([0.79, 0.6], best=0.9, floor=0.5).value
    assert worth_starting([], best=0.9, floor=0.5).value
    assert worth_starting([0.4], best=0.45, floor=0.5).value


def test_kernels_are_left_out_by_the_square_of_the_rows():
    assert not too_dear("kernel", 4_000, 5, 2, 60.0).value  # 4 s of 4.8
    decision = too_dear("kernel", 9_000, 4, 2, 60.0)
    assert decision.value
    assert decision.reason == "On 9,000 rows it would take about 16 s, too much of the 60 s there are."
    assert not too_dear("boosting", 10**6, 4, 2, 60.0).value


def test_boosters_speak_for_their_own_class_only():
    one = {"family": "boosting", "class_path": "lightgbm.sklearn.LGBMRegressor", "resampling": ""}
    assert kind_of_model(one) != kind_of_model({**one, "class_path": "xgboost.sklearn.XGBRegressor"})
    assert kind_of_model(one) != kind_of_model({**one, "resampling": "jitter"})
    linear = {"family": "linear", "class_path": "a", "resampling": ""}
    assert kind_of_model(linear) == kind_of_model({**linear, "class_path": "b"})


def test_what_is_no_better_than_the_ensemble_is_stopped():
    assert not worth_going_on(HIGH, HIGH, judge, need=10, budget=60).value


def test_a_metric_that_is_not_defined_stops_nobody():
    assert worth_going_on(HIGH, TRUTH + 2, lambda values: float("nan"), need=10, budget=60).value


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("sxx", False),  # scored, then two that added nothing
        ("sxxx", True),
        ("xxxs", False),
        ("xxsx", False),
        ("xx-x", True),  # one that was skipped for its price says nothing
        ("xx~x", True),  # nor does one that learned from resampled rows
        ("xx?x", True),  # nor one of another family
    ],
)
def test_a_family_is_exhausted_when_its_last_three_added_nothing(ends: str, expected: bool):
    rows = tuple(
        Candidate(
            f"m{place}",
            "",
            "forest" if end == "?" else "boosting",
            state="scored" if end in "s~?" else "skipped",
            reason={"x": NOTHING_NEW, "-": "It would take too long."}.get(end, ""),
            spec={"resampling": "jitter" if end == "~" else ""},
            at_seconds=float(place),
        )
        for place, end in enumerate(ends)
    )
    assert exhausted(Leaderboard("auc", True, rows[::-1]), "boosting") is expected

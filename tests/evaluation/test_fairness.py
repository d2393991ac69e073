"""Groups of a column: rates by hand, fairlearn's gaps, intervals, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.engines.fairlearn import gap, group_rates
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.fairness import Fairness, fairness, fairness_sentence
from automl_core.evaluation.judged import Judged
from tests.evaluation.test_evaluate import model

YES_NO = model("no", "yes")


def by_hand() -> tuple[Judged, pd.Series]:
    """Forty rows each: of 'a' 20 are true, 15 of them found, 5 alarms; of 'b' 10 are true, 5 found, 10 alarms."""
    truth = np.r_[np.ones(20), np.zeros(20), np.ones(10), np.zeros(30)]
    decided = np.r_[np.ones(15), np.zeros(5), np.ones(5), np.zeros(15), np.ones(5), np.zeros(5), np.ones(10), np.zeros(20)]
    values = np.c_[1 - (0.1 + 0.8 * decided), 0.1 + 0.8 * decided]
    return Judged(truth, values, np.arange(80)), pd.Series(["a"] * 40 + ["b"] * 40, name="town", dtype=object)


def test_rates_and_gaps_by_hand() -> None:
    judged, town = by_hand()
    found = fairness(YES_NO, judged, town, "category")
    a, b = found.groups
    assert (a.name, a.rows, b.name, b.rows) == ("a", 40, "b", 40)
    assert {name: score.value for name, score in a.rates.items()} == pytest.approx(
        {"selection": 0.5, "found": 0.75, "alarms": 0.25}
    )
    assert {name: score.value for name, score in b.rates.items()} == pytest.approx(
        {"selection": 0.375, "found": 0.5, "alarms": 1 / 3}
    )
    assert {name: score.value for name, score in found.differences.items()} == pytest.approx(
        {"selection": 0.125, "found": 0.25, "alarms": 1 / 12}
    )
    assert {name: score.value for name, score in found.ratios.items()} == pytest.approx(
        {"selection": 0.75, "found": 2 / 3, "alarms": 0.75}
    )
    for score in (*found.differences.values(), *found.ratios.values(), *a.rates.values()):
        assert score.low is not None and score.high is not None and score.low <= score.value <= score.high
    assert (found.label, found.notes) == ("yes", ())
    assert fairness_sentence(found) == "Decisions do not differ clearly beyond chance between the groups of 'town'."
    assert Fairness.from_dict(found.to_dict()) == found


def test_a_difference_beyond_chance_is_said() -> None:
    truth = np.tile([0.0, 1.0], 500)
    decided = np.r_[truth[:500], np.zeros(500)]
    judged = Judged(truth, np.c_[1 - decided, decided], np.arange(1000))
    found = fairness(YES_NO, judged, pd.Series(["a"] * 500 + ["b"] * 500, name="town", dtype=object), "category")
    assert fairness_sentence(found) == (
        "Beyond chance: 50 % of 'a' are selected, 0 % of 'b'; of those that truly are, 100 % of 'a' are found, 0 % of 'b'."
    )


def test_ranges_of_numbers_stand_in_their_order() -> None:
    """Regression: the ranges of an age stood by their size, 23 to 31 before the younger ones."""
    ages = np.r_[np.repeat(20.0, 60), np.repeat(40.0, 80), np.repeat(60.0, 100)]
    judged = Judged(np.zeros(240), np.arange(240.0), np.arange(240))
    found = fairness(model(), judged, pd.Series(ages, name="age"), "number")
    assert [group.rows for group in found.groups] == [60, 80, 100]
    words = pd.Series(np.where(ages == 20, "young", np.where(ages == 40, "middle", "old")), name="age", dtype=object)
    assert [group.name for group in fairness(model(), judged, words, "category").groups] == ["old", "middle", "young"]


def test_small_groups_are_left_out_and_told() -> None:
    judged, town = by_hand()
    town[:3] = "c"
    found = fairness(YES_NO, judged, town, "category")
    assert [group.name for group in found.groups] == ["b", "a"]
    assert found.notes == ("Groups of fewer than 30 rows are left out: 'c'.",)


def test_a_group_without_events_has_no_rate_for_them() -> None:
    counts = np.array([[[30, 10], [0, 0]], [[20, 10], [5, 5]]])
    rates, gaps = group_rates(counts)
    assert np.isnan(rates[0]["found"]) and rates[1]["found"] == 0.5
    assert gaps["found"] == (0.0, 1.0)  # of the one group that has it
    assert gap(np.array([np.nan])) != gap(np.array([0.5]))
    assert gap(np.array([0.0, 0.0]))[0] == 0.0 and np.isnan(gap(np.array([0.0, 0.0]))[1])


def test_our_gaps_are_those_of_fairlearn() -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        counts = rng.integers(1, 50, (4, 2, 2))
        rates, gaps = group_rates(counts)
        for name, pair in gaps.items():
            assert gap(np.array([rate[name] for rate in rates])) == pytest.approx(pair)


def test_numbers_are_parted_and_many_labels_need_one() -> None:
    three = model("low", "mid", "top")
    rng = np.random.default_rng(6)
    judged = Judged(rng.integers(0, 3, 600).astype(float), rng.dirichlet(np.ones(3), 600), np.arange(600))
    age = pd.Series(rng.normal(size=600), name="age")
    found = fairness(three, judged, age, "number", label="top")
    assert (len(found.groups), found.label) == (6, "top")
    assert fairness(three, judged, age, "number").label == "low"
    with pytest.raises(InputError) as caught:
        fairness(three, judged, age, "number", label="high")
    assert str(caught.value) == "The model knows no label 'high'. It knows 'low', 'mid' and 'top'. Choose one of them."


def test_values_are_compared_by_their_errors() -> None:
    truth = np.zeros(80)
    values = np.r_[np.tile([1.0, -1.0], 20), np.tile([4.0, 2.0], 20)]
    town = pd.Series(["a"] * 40 + ["b"] * 40, name="town", dtype=object)
    found = fairness(model(), Judged(truth, values, np.arange(80)), town, "category")
    a, b = found.groups
    assert (a.rates["error"].value, a.rates["bias"].value) == (1.0, 0.0)
    assert (b.rates["error"].value, b.rates["bias"].value) == (3.0, 3.0)
    assert (found.differences["error"].value, found.ratios["error"].value) == (2.0, pytest.approx(1 / 3))
    assert fairness_sentence(found) == "Predictions are 3 times as far off for 'b' as for 'a'."


def test_one_group_cannot_be_compared() -> None:
    judged, _ = by_hand()
    with pytest.raises(InputError) as caught:
        fairness(YES_NO, judged, pd.Series(["a"] * 80, name="town", dtype=object), "category")
    assert str(caught.value) == (
        "'town' has 1 group of at least 30 rows here. Two are needed to compare them. "
        "Choose another column, or judge the model on more rows."
    )
    with pytest.raises(FormatError, match=r"^This comparison of groups has format 2\."):
        Fairness.from_dict({"format": 2})

"""Folds by time: the past is learned, the future judged, with a gap where one was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.search.by_time import divide_by_time
from automl_core.search.division import Division
from automl_core.search.fold_count import propose_parts

CONFIG = ExperimentConfig("y", "regression", "rmse", split=Split("time", "k"), holdout=0.2)
LABELS = np.arange(120) % 2


def divided(keys, labels=None, **changes) -> tuple[Division, list[str]]:
    config = replace(CONFIG, **changes)
    config = replace(config, split=replace(config.split, kind="time", column="k"))
    series = pd.Series(keys, name="k")
    return divide_by_time(config, series, np.arange(len(series)), labels)


def ends(division: Division, keys) -> list[tuple[float, float, float]]:
    """Return for each fold the last learned, the first judged and the last judged time."""
    times = np.asarray(keys)[division.train]
    return [
        (times[division.learned(fold)].max(), times[division.judged(fold)].min(), times[division.judged(fold)].max())
        for fold in range(division.folds)
    ]


def test_each_block_is_judged_by_all_earlier_ones() -> None:
    days = np.random.default_rng(0).permutation(120)
    division, notes = divided(days, LABELS)
    assert division.forward
    assert sorted(days[division.holdout]) == list(range(96, 120))
    assert ends(division, days) == [(15, 16, 31), (31, 32, 47), (47, 48, 63), (63, 64, 79), (79, 80, 95)]
    assert notes == [
        "5 folds by time: each learns from all earlier rows and is judged on the next ones. Why 5: with more, the first would "
        "learn from very few rows. They are divided once, since time has one order only.",
        "The exported model is that of the last fold, which learned from the longest past; the newest rows judge it.",
    ]


@pytest.mark.parametrize(
    ("changes", "rows", "work", "folds", "reason"),
    [
        ({}, 20_000, 1.0, 5, "Why 5: with more, the first would learn from very few rows."),
        ({}, 60_000, 1.0, 5, "Why 5: the usual balance of time and reliable scores."),
        ({}, 60_000, 2.0, 4, "Why 4: with more, 60,000 rows would leave time for few models."),
        ({"budget": Budget(10)}, 60_000, 1.0, 3,
         "Why 3: 60,000 rows are enough for each fold, and time is better spent on more models."),
        ({"budget": Budget(600)}, 60_000, 1.0, 5, "Why 5: with more, the first would learn from very few rows."),
        ({"preset": "quick"}, 500, 1.0, 5, "Why 5: the usual balance of time and reliable scores."),
        ({}, 100, 1.0, 5, "Why 5: with more, the first would learn from very few rows. They are divided once, since time has one "
         "order only."),
        ({"folds": 7}, 100, 1.0, 7, ""),
    ],
)  # fmt: skip
def test_folds_by_time_follow_from_rows_work_and_budget(changes, rows: int, work: float, folds: int, reason: str) -> None:
    decision = propose_parts(replace(CONFIG, **changes), rows, work=work)
    assert (decision.value, decision.reason) == (folds, reason)


def test_a_gap_is_left_before_every_judged_row_and_counted() -> None:
    days = np.arange(120)
    division, notes = divided(days, split=Split(gap=7))
    # 96 to 119 are kept aside, 89 to 95 lie in the gap before them
    assert division.holdout.tolist() == list(range(96, 120))
    assert division.train.tolist() == list(range(89))
    assert ends(division, days) == [(7, 15, 29), (22, 30, 44), (37, 45, 59), (52, 60, 74), (67, 75, 88)]
    assert notes[1] == (
        "A gap of 7 in 'k' is kept: each fold does not learn from the 7 rows just before those it judges, and 7 rows just "
        "before the rows kept aside are left out."
    )


def test_a_gap_of_days_counts_days_whatever_the_clock_says() -> None:
    hours = pd.date_range("2024-01-01", periods=480, freq="h")
    division, notes = divided(hours, split=Split(gap=1.5), holdout=0.0, folds=3)
    times = hours[division.train]
    for fold in range(3):
        assert times[division.judged(fold)].min() - times[division.learned(fold)].max() == pd.Timedelta(hours=37)
    assert notes[1] == "A gap of 1.5 days is kept: each fold does not learn from the 36 rows just before those it judges."


def test_rows_of_the_same_time_stay_on_the_same_side() -> None:
    """Regression: blocks were cut by rows, so that a day could be learned from and judged at once."""
    days = np.repeat(np.arange(13), 10)
    division, _ = divided(days, folds=3)
    for last, first, _ in ends(division, days):
        assert last < first
    assert days[division.train].max() < days[division.holdout].min()


def test_fewer_times_than_folds_give_fewer_folds() -> None:
    division, notes = divided(np.repeat(np.arange(5), 20))
    assert division.folds == 3
    assert notes[:2] == [
        "3 folds by time: each learns from all earlier rows and is judged on the next ones.",
        "'k' has only 4 different times before the rows kept aside, so there are 3 folds instead of 5.",
    ]


def test_folds_before_which_only_one_label_occurs_are_learned_from_only() -> None:
    labels = np.r_[np.zeros(40), np.arange(56) % 2, np.arange(24) % 2].astype(int)
    division, notes = divided(np.arange(120), labels)
    assert division.folds == 3
    assert ends(division, np.arange(120))[0] == (47, 48, 63)
    assert notes[1] == "The first 2 of 5 parts are not judged: all rows before have the same label."


def test_a_gap_wider_than_the_first_part_moves_the_first_judged_rows() -> None:
    division, notes = divided(np.arange(120), split=Split(gap=20))
    assert division.folds == 3
    assert ends(division, np.arange(120))[0][:2] == (18, 39)
    assert notes[1] == "The first 2 of 5 parts are not judged: less the gap, the rows before are too few or of one label."


def test_rows_without_a_time_are_left_out() -> None:
    keys = np.r_[np.full(7, np.nan), np.arange(113.0)]
    division, notes = divided(keys)
    assert not set(range(7)) & {*division.train.tolist(), *division.holdout.tolist()}
    assert notes[-1] == "7 rows without a time are left out."


@pytest.mark.parametrize(
    ("keys", "labels", "changes", "sentence"),
    [
        (
            [np.nan] * 20,
            None,
            {},
            "No cell of the time column 'k' could be read as a time. Rows are put in order by it. "
            "Correct on the Upload page how it is read, or split at random.",
        ),
        (
            [4.0] * 40,
            None,
            {},
            "All rows have the same time in 'k'. Later rows are judged by what earlier ones taught. "
            "Choose another column, or split at random.",
        ),
        (
            np.repeat([1.0, 2.0], 20),
            None,
            {},
            "'k' has only 1 time before the rows kept aside. Two folds by time need at least 3. "
            "Keep no rows aside, choose another column, or split at random.",
        ),
        (
            np.repeat([1.0, 2.0], 20),
            None,
            {"holdout": 0.0},
            "'k' has only 2 different times. Two folds by time need at least 3. Choose another column, or split at random.",
        ),
        (
            np.arange(12.0),
            None,
            {},
            "Only 10 rows have a time and are not kept aside. 5 folds by time need at least 12. "
            "Choose fewer folds, keep fewer rows aside, or split at random.",
        ),
        (
            np.arange(60.0),
            None,
            {"split": Split(gap=45)},
            "Only 3 rows have a time and are neither kept aside nor in the gap of 45 in 'k' before those. "
            "5 folds by time need at least 12. Choose a smaller gap, fewer folds, or split at random.",
        ),
        (
            np.arange(120.0),
            None,
            {"split": Split(gap=60), "holdout": 0.0, "folds": 2},
            "A gap of 60 in 'k' leaves too little to learn from. At least two folds need earlier rows. "
            "Choose a smaller gap, or split at random.",
        ),
        (
            np.arange(120.0),
            np.r_[np.zeros(90), np.ones(30)].astype(int),
            {},
            "Rows of a second label come too late to be learned from. At least two folds need earlier rows of two labels. "
            "Choose another column, or split at random.",
        ),
    ],
)
def test_what_cannot_be_divided_by_time_is_refused_in_a_sentence(keys, labels, changes, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        divided(keys, labels, **changes)
    assert str(refused.value) == sentence

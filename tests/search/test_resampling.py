"""Balanced, weighed and noisy rows: exact on tiny tables, refused in words, and inside training folds only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.events import Event, Message
from automl_core.experiment import Budget
from automl_core.leaderboard import Leaderboard
from automl_core.schema import Column, Schema
from automl_core.search import resampling
from automl_core.search.candidates import catalogue, make_estimator, portfolio
from automl_core.search.prepare import prepare
from automl_core.search.resampling import (
    METHODS,
    applicable,
    balancing_specs,
    not_tried,
    numeric_share,
    resample,
    rows_after,
    weight_arguments,
    with_resampling,
)
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people

X = np.array([[0.0, 0], [1, 0], [2, 1], [3, 1], [10, 0], [12, 1]])
Y = np.array([0, 0, 0, 0, 1, 1])
APART = np.repeat([[0.0, 0], [9, 9]], 15, axis=0) + np.arange(30)[:, None] / 100
HALVES = np.repeat([0, 1], 15)
MIXED = np.random.default_rng(0).normal(size=(80, 2))


def test_every_label_weighs_the_same():
    made = resample("weights", X, Y, seed=0)
    assert made.weights is not None
    assert made.weights.tolist() == [0.75] * 4 + [1.5] * 2
    assert made.X is X and made.y is Y
    assert made.note == "Rows weigh between 0.75 and 1.5, so that every label weighs the same."
    rare = resample("weights", np.zeros((403, 1)), np.r_[np.zeros(402), 1.0], seed=0)
    assert rare.note == "Rows weigh between 0.5 and 202, so that every label weighs the same.", "not 2e+02"


def test_smote_makes_rows_between_rows_of_the_rare_label():
    made = resample("smote", X, Y, seed=0)
    assert made.weights is None
    np.testing.assert_array_equal(made.X[:6], X)
    assert made.y.tolist() == [*Y, 1, 1] and made.y.dtype == Y.dtype
    new = made.X[6:]
    assert ((new[:, 0] > 10) & (new[:, 0] < 12)).all()
    np.testing.assert_allclose(new[:, 1], (new[:, 0] - 10) / 2)  # on the line between the two
    assert made.note == "2 rows of rarer labels were made, from 1 neighbours each."


def test_smote_keeps_codes_of_words_whole():
    made = resample("smote", X, Y, seed=0, categories=(1,))
    assert set(made.X[6:, 1]) <= {0.0, 1.0}
    assert ((made.X[6:, 0] >= 10) & (made.X[6:, 0] <= 12)).all()


def test_a_gap_between_words_is_a_word() -> None:
    """Most rows of the rare label have no word, so neither have the rows that are made; numbers lie between two rows."""
    table = np.array([[0.0, 0], [1, 0], [2, 1], [3, 1], [4, 1], [5, 1], [10, np.nan], [11, np.nan], [12, np.nan]])
    y = np.repeat([0, 1], [6, 3])
    made = resample("smotenc", table, y, seed=0, categories=(1,))
    np.testing.assert_array_equal(made.X[:9], table)
    assert made.y.tolist() == [*y, 1, 1, 1]
    assert np.isnan(made.X[9:, 1]).all() and ((made.X[9:, 0] >= 10) & (made.X[9:, 0] <= 12)).all()
    assert made.note == "3 rows of rarer labels were made, from 2 neighbours each. A word is that of most neighbours."


def test_rows_are_not_made_among_more_words_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "MOST_NUMBERS", 29)
    with pytest.raises(ValueError, match=r"^There are too many different words to make rows among\.$"):
        resample("smotenc", X, Y, seed=0, categories=(1,))  # 2 rows of 5 neighbours with 1 number and 2 words
    monkeypatch.setattr(resampling, "MOST_NUMBERS", 30)
    assert len(resample("smotenc", X, Y, seed=0, categories=(1,)).X) == 8


def test_rows_of_frequent_labels_are_left_out():
    made = resample("under", X, Y, seed=0)
    assert sorted(made.y) == [0, 0, 1, 1]
    assert {tuple(row) for row in made.X} <= {tuple(row) for row in X}
    assert made.note == "2 rows of more frequent labels were left out."


def test_borderline_rows_are_made_near_the_other_label():
    rng = np.random.default_rng(0)
    far, near = rng.normal(20, 0.1, (10, 2)), rng.normal(0.5, 0.5, (10, 2))
    table, y = np.concatenate([rng.normal(0, 0.5, (60, 2)), far, near]), np.repeat([0, 1], [60, 20])
    made = resample("borderline", table, y, seed=0)
    assert np.bincount(made.y).tolist() == [60, 60]
    assert (made.X[80:].max(axis=1) < 2).sum() > 30  # most of them near the border, and not around 20


@pytest.mark.parametrize("method", ["", *METHODS])
def test_how_many_rows_a_way_makes_of_each_is_known_before(method):
    rng = np.random.default_rng(0)
    table, y = rng.normal(size=(90, 2)), np.repeat([0, 1, 2], [50, 25, 15])
    after = len(table) if not method else len(resample(method, table, y, seed=0).X)
    assert rows_after(method, y) == pytest.approx(after / 90)


def test_noise_moves_numbers_and_nothing_else():
    rng = np.random.default_rng(1)
    table = np.column_stack([rng.normal(0, 5, 4000), np.arange(4000) % 2, np.arange(4000) % 7, rng.normal(size=4000)])
    table[::3, 3] = np.nan
    y = rng.normal(size=4000)
    made = resample("jitter", table, y, seed=0, categories=(2,))
    assert made.X.shape == (12000, 4)
    np.testing.assert_array_equal(made.X[:4000], table)
    np.testing.assert_array_equal(made.y, np.tile(y, 3))
    copy = made.X[4000:8000]
    np.testing.assert_array_equal(copy[:, 1:3], table[:, 1:3])
    np.testing.assert_array_equal(np.isnan(copy[:, 3]), np.isnan(table[:, 3]))
    moved = copy[:, 0] - table[:, 0]
    np.testing.assert_allclose([moved.mean(), moved.std()], [0, 0.1 * table[:, 0].std()], atol=0.02)
    assert made.note == "8,000 copies were added, their numbers moved by 0.1 standard deviations."


@pytest.mark.parametrize("method", METHODS)
def test_the_seed_alone_decides(method):
    first, again = (resample(method, MIXED, np.repeat([0, 1], [60, 20]), seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.X, again.X)
    np.testing.assert_array_equal(first.y, again.y)


@pytest.mark.parametrize(
    ("method", "table", "y", "categories", "sentence"),
    [
        ("smote", X, np.array([0, 0, 0, 0, 0, 1]), (),
         "A label has a single row in this fold; new rows are made between at least two."),
        ("smote", np.where(X == 12, np.nan, X), Y, (), "New rows cannot be made between rows with missing values."),
        ("smote", X, Y, (0, 1), "Every column is a category; new rows are made between numbers."),
        ("borderline", X, Y, (1,), "Borderline-SMOTE takes numbers only, and this model gets categories."),
        ("borderline", APART, HALVES, (), "No row of a rarer label lies at the border to others, so nothing was made."),
        ("jitter", X[:, 1:], Y, (), "No column holds numbers that noise could be added to."),
        ("smotenc", np.where(X == 12, np.nan, X), Y, (1,), "New rows cannot be made between rows with missing values."),
        ("magic", X, Y, (), "There is no resampling 'magic'; there are weights, smote, smotenc, borderline, under, jitter."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_words(method, table, y, categories, sentence):
    with pytest.raises(ValueError) as caught:
        resample(method, table, y, seed=0, categories=categories)
    assert str(caught.value) == sentence


def test_a_model_that_weighs_no_rows_is_refused():
    weights = np.ones(6)
    knn = make_estimator(catalogue("binary")["knn"], seed=0, threads=1)
    with pytest.raises(ValueError, match=r"^This model cannot weigh rows, so labels cannot be weighed evenly\.$"):
        weight_arguments(knn, weights)
    assert weight_arguments(knn, None) == {}
    logistic = make_estimator(catalogue("binary")["lr"], seed=0, threads=1)
    assert weight_arguments(logistic, weights)["sample_weight"] is weights


def labels(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


DECISIONS: list[tuple[Any, np.ndarray, int, float, bool, str]] = [
    ("weights", labels(90, 10), 2, 0.0, True, "The most frequent label has 9.0 rows for one of the rarest."),
    (
        "weights",
        labels(29, 10),
        2,
        1.0,
        False,
        "The most frequent label has 2.9 rows for one of the rarest, which is even enough.",
    ),
    ("weights", np.linspace(0, 1, 50), 0, 1.0, False, "Only labels can be balanced, and the target is a number."),
    ("smote", labels(90, 10), 2, 0.5, True, "The most frequent label has 9.0 rows for one of the rarest."),
    ("smote", labels(90, 9), 2, 1.0, False, "The rarest label has 9 rows; 10 are needed."),
    ("smote", labels(90, 10), 2, 0.25, False, "Only 25% of the columns are numbers, between which rows can be made."),
    ("smote", labels(100_001, 5000), 2, 1.0, False, "The table would grow to more than 200,000 rows."),
    ("smotenc", labels(90, 10), 2, 0.25, True, "The most frequent label has 9.0 rows for one of the rarest."),
    ("smotenc", labels(90, 10), 2, 0.5, False, "50% of the columns are numbers, so all are taken as such."),
    ("smotenc", labels(90, 10), 2, 0.0, False, "No column is a number, between which rows can be made."),
    (
        "smotenc",
        labels(18_000, 2001),
        2,
        0.25,
        False,
        "Neighbours among words are looked for up to 20,000 rows; there are 20,001.",
    ),
    ("borderline", labels(90, 19), 2, 1.0, False, "The rarest label has 19 rows; 20 are needed."),
    ("under", labels(5000, 499), 2, 0.0, False, "The rarest label has 499 rows; 500 are needed."),
    ("under", labels(5000, 500), 2, 0.0, True, "The most frequent label has 10.0 rows for one of the rarest."),
    ("jitter", labels(999, 1000), 2, 0.5, True, "1,999 rows are few, and 50% of the columns are numbers."),
    ("jitter", labels(1000, 1000), 2, 1.0, False, "Noisy copies help small tables; 2,000 rows are not below 2,000."),
    ("jitter", np.linspace(0, 1, 50), 0, 0.4, False, "Only 40% of the columns are numbers, which noise can be added to."),
]


@pytest.mark.parametrize(("method", "y", "n_classes", "share", "tried", "reason"), DECISIONS)
def test_what_is_tried_for_which_table(method, y, n_classes, share, tried, reason):
    decision = applicable(method, y, n_classes=n_classes, numeric_share=share)
    assert (decision.value, decision.reason) == (tried, reason)


def test_words_and_numbers_are_not_mixed_where_numbers_are_missing() -> None:
    asked: list[bool] = []

    def gaps() -> bool:
        asked.append(True)
        return True

    decision = applicable("smotenc", labels(90, 10), n_classes=2, numeric_share=0.25, gaps=gaps)
    assert (decision.value, len(asked)) == (False, 1)
    assert decision.reason == "Numbers are missing, and the models that read words as such get them so."
    applicable("smotenc", labels(90, 10), n_classes=2, numeric_share=0.75, gaps=gaps)
    assert not_tried(labels(10, 10), n_classes=2, numeric_share=0.25, gaps=gaps) == ""
    assert len(asked) == 1, "the table is looked through only where it matters"


@pytest.mark.parametrize(
    ("y", "n_classes", "share", "told"),
    [
        (np.linspace(0, 1, 50), 0, 0.0, ""),
        (labels(190, 100), 2, 0.0, ""),
        (
            labels(280, 100),
            2,
            0.1,
            "The most frequent label has 2.8 rows for one of the rarest, which is even enough: balancing is tried from 3 on.",
        ),
        (labels(5000, 1000), 2, 1.0, ""),
        (
            labels(5000, 499),
            2,
            0.25,
            "The most frequent label has 10.0 rows for one of the rarest. Not tried: making rows of rare labels by "
            "Borderline-SMOTE (only 25% of the columns are numbers, between which rows can be made); leaving out frequent rows "
            "(the rarest label has 499 rows; 500 are needed).",
        ),
        (
            labels(50, 9),
            2,
            1.0,
            "The most frequent label has 5.6 rows for one of the rarest. Not tried: making rows of rare labels by SMOTE "
            "(the rarest label has 9 rows; 10 are needed); making rows of rare labels by Borderline-SMOTE (the rarest label has "
            "9 rows; 20 are needed); leaving out frequent rows (the rarest label has 9 rows; 500 are needed).",
        ),
        (
            labels(60_000, 6_000),
            2,
            0.0,
            "The most frequent label has 10.0 rows for one of the rarest. Not tried: making rows of rare labels by "
            "SMOTE-NC (no column is a number, between which rows can be made); making rows of rare labels by Borderline-SMOTE "
            "(only 0% of the columns are numbers, between which rows can be made).",
        ),
    ],
)
def test_why_labels_are_not_balanced_is_told_where_somebody_may_ask(
    y: np.ndarray, n_classes: int, share: float, told: str
) -> None:
    """Regression: nobody learned why there was no SMOTE."""
    assert not_tried(y, n_classes=n_classes, numeric_share=share) == told


def ids(task: Any, y: np.ndarray, n_classes: int, share: float) -> list[str]:
    return [spec.id for spec in balancing_specs(task, y, n_classes=n_classes, numeric_share=share)]


def test_candidates_follow_from_the_table():
    assert ids("binary", labels(900, 100), 2, 1.0) == [
        "lr-weights", "lightgbm-own-weights", "extra-own-weights", "xgboost-own-weights", "lr-smote", "extra-own-smote",
        "extra-own-borderline", "extra-own-jitter", "neural-own-jitter", "lightgbm-own-jitter",
    ]  # fmt: skip
    assert ids("multiclass", labels(5000, 5000, 600), 3, 0.0) == [
        "lr-weights", "lightgbm-own-weights", "extra-own-weights", "xgboost-own-weights", "lightgbm-own-under", "extra-own-under"
    ]  # fmt: skip
    assert ids("binary", labels(3000, 3000), 2, 1.0) == []
    assert ids("binary", labels(3000, 300), 2, 0.25)[4:] == ["lightgbm-own-smotenc"]
    assert ids("regression", np.linspace(0, 1, 500), 0, 1.0) == ["extra-own-jitter", "neural-own-jitter", "lightgbm-own-jitter"]


def test_a_candidate_says_what_is_done_to_its_rows():
    spec = with_resampling(catalogue("binary")["lr"], "smote")
    assert (spec.id, spec.name, spec.resampling) == ("lr-smote", "Logistic Regression, rare labels filled up (SMOTE)", "smote")
    assert spec.params == catalogue("binary")["lr"].params


def test_the_share_of_numbers():
    assert numeric_share(Schema((Column("a", "number"), Column("b", "category")))) == 0.5
    assert numeric_share(Schema(())) == 0.0


@pytest.mark.parametrize("name", ["lr", "extra-own", "lightgbm-own", "xgboost-own", "catboost-own", "ebm"])
def test_weights_reach_every_kind_of_model(name: str, tmp_path: Path) -> None:
    """With labels weighed evenly a rare event is predicted far more often, in the fold's judged rows that stay as they are."""
    frame = make_people(300)
    frame["bought"] = np.where(np.arange(300) % 10 == 0, "yes", "no")
    work = prepare(frame, SCHEMA, RECIPE, CONFIG, tmp_path).work
    spec = {**catalogue("binary"), **portfolio("binary")}[name]
    means = []
    for one in (with_resampling(spec, "weights"), spec):
        facts = work.prepare(0, one.view)
        work.fit(one, 0, facts, 5.0)
        values = np.load(tmp_path / "candidates" / one.id / "fold0.npy")
        assert len(values) == len(work.division.train[work.division.judged(0)])
        means.append(values[:, 1].mean())
    assert means[0] > means[1] + 0.1


def test_a_model_that_takes_no_weights_says_so(tmp_path: Path) -> None:
    work = prepare(make_people(), SCHEMA, RECIPE, CONFIG, tmp_path).work
    facts = work.prepare(0, "encoded")
    with pytest.raises(ValueError, match="cannot weigh rows"):
        work.fit(with_resampling(catalogue("binary")["knn"], "weights"), 0, facts, 5.0)


def test_made_rows_are_learned_from_and_never_judged(tmp_path: Path) -> None:
    work = prepare(make_people(), SCHEMA, RECIPE, CONFIG, tmp_path).work
    facts = work.prepare(0, "encoded")
    result = work.fit(with_resampling(catalogue("binary")["lr"], "jitter"), 0, facts, 5.0)
    plain = work.fit(catalogue("binary")["lr"], 0, facts, 5.0)
    assert (
        np.load(tmp_path / "candidates" / "lr-jitter" / "fold0.npy").shape
        == np.load(tmp_path / "candidates" / "lr" / "fold0.npy").shape
    )
    assert result["metrics"]["roc_auc"] == pytest.approx(plain["metrics"]["roc_auc"], abs=0.05)


def test_words_and_numbers_are_filled_up_for_a_booster_that_reads_words(tmp_path: Path) -> None:
    frame = make_people(300)
    frame["age"] = frame["age"].fillna(50.0)
    frame["bought"] = np.where(np.arange(300) % 10 == 0, "yes", "no")
    frame.loc[::20, "town"] = None
    work = prepare(frame, SCHEMA, RECIPE, CONFIG, tmp_path).work
    spec = with_resampling(portfolio("binary")["lightgbm-own"], "smotenc")
    facts = work.prepare(0, spec.view)
    assert len(facts["categories"]) == 1
    result = work.fit(spec, 0, facts, 5.0)
    learned = work.y[work.division.train[work.division.learned(0)]]
    made = int((learned == 0).sum() - (learned == 1).sum())
    assert result["note"] == (
        f"{made:,} rows of rarer labels were made, from 5 neighbours each. A word is that of most neighbours."
    )


def test_a_run_says_what_was_made_and_what_was_not_tried(tmp_path: Path, search: Callable[..., Leaderboard]) -> None:
    """Regression: how many rows were made was read by nobody."""
    from automl_core.search.run import run_search

    frame = make_people(300)
    frame["bought"] = np.where(np.arange(300) % 10 == 0, "yes", "no")
    specs = tuple(with_resampling(catalogue("binary")["lr"], method) for method in ("weights", "smote", "jitter"))
    options: dict[str, Any] = {"emit": lambda event: None, "should_stop": lambda: False, "started": time.time()}
    board = run_search(frame, SCHEMA, RECIPE, replace(CONFIG, budget=Budget(60, 3)), tmp_path / "a", specs=specs, **options)
    with np.load(tmp_path / "a" / "split.npz") as split:
        learned = frame["bought"].to_numpy()[split["train"][split["fold"] != 0]]
    made = (learned == "no").sum() - (learned == "yes").sum()
    assert board["lr-smote"].reason == f"In the first fold, {made} rows of rarer labels were made, from 5 neighbours each."
    assert board["lr-weights"].reason.startswith("In the first fold, rows weigh between 0.")
    assert board["lr-jitter"].reason.startswith(f"In the first fold, {2 * len(learned)} copies were added, ")
    assert board["dummy"].reason == ""
    told: list[Event] = []
    for trials in (1, 2):  # the second goes on, and says it no more
        search(tmp_path / "b", frame=frame, emit=told.append, budget=Budget(60, trials))
    said = [event.text for event in told if isinstance(event, Message) and "Not tried" in event.text]
    assert said == [
        "The most frequent label has 9.0 rows for one of the rarest. Not tried: leaving out frequent rows (the rarest label has "
        "24 rows; 500 are needed)."
    ]

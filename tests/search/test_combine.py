"""The ensemble of a search by exact values: its limit, weights that were chosen before, and when a temperature is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.experiment import ExperimentConfig, Task
from automl_core.leaderboard import Candidate
from automl_core.scorer import Scorer
from automl_core.scoring.ensemble import tempered
from automl_core.search.combine import _better, combine
from automl_core.search.division import Division
from automl_core.search.selection import COLDEST

ERROR = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0])
NEVER = float("inf")
Y = np.array([0.0, 1.0, 2.0, 3.0, 0.0, 1.0, 2.0, 3.0])


def candidate(name: str, predict_ms: float = 0.0) -> Candidate:
    return Candidate(
        name, name.title(), "linear", state="scored", score=0.5, fit_seconds=1.5, predict_ms=predict_ms, size_bytes=10
    )


def division(rows: int, folds: int = 2, aside: int = 0) -> Division:
    """Every other row is judged by each fold; the first `aside` are only learned from."""
    fold = np.arange(rows) % folds
    fold[:aside] = -1
    return Division(np.arange(rows), np.array([], dtype=np.int64), np.arange(rows), fold)


def scorer_of(task: Task, metric: str, y: np.ndarray) -> Scorer:
    classes = tuple("abc"[: int(y.max()) + 1]) if task != "regression" else ()
    return Scorer(ExperimentConfig("y", task, metric), y, pd.DataFrame(index=range(len(y))), classes)


def combined(
    predictions: dict[str, np.ndarray], y: np.ndarray = Y, *, task: Task = "regression", metric: str = "rmse",
    took: dict[str, float] | None = None, aside: int = 0, **options: Any,
) -> Candidate | None:  # fmt: skip
    rows = [candidate(name, (took or {}).get(name, 0.0)) for name in predictions]
    return combine(
        rows, predictions, scorer_of(task, metric, y), division(len(y), aside=aside), deadline=NEVER, at_seconds=7.0, **options
    )


def test_two_opposite_errors_make_an_ensemble_of_two() -> None:
    row = combined({"high": Y + 1, "low": Y - 1, "far": Y + 9})
    assert row is not None
    assert row.members == {"high": 0.5, "low": 0.5}
    assert (row.id, row.name, row.family, row.role, row.state) == ("ensemble", "Ensemble of 2", "ensemble", "ensemble", "scored")
    assert row.fold_scores == (0.0, 0.0)
    assert (row.score, row.spread, row.at_seconds) == (0.0, 0.0, 7.0)
    assert (row.fit_seconds, row.size_bytes, row.temperature) == (3.0, 20, 1.0)
    assert row.metrics["mae"] == 0.0


def test_one_that_is_best_alone_is_an_ensemble_of_one() -> None:
    row = combined({"right": Y, "wrong": Y + 3})
    assert row is not None
    assert (row.members, row.name) == ({"right": 1.0}, "Ensemble: Right alone")


def test_members_stand_by_their_weight() -> None:
    row = combined({"high": Y + 3, "low": Y - 1})
    assert row is not None
    assert list(row.members.items()) == [("low", 0.75), ("high", 0.25)]


def test_rows_that_no_fold_judges_do_not_count() -> None:
    """Their predictions are NaN."""
    high, low = Y + 1, Y - 1
    high[:2] = low[:2] = np.nan
    row = combined({"high": high, "low": low}, aside=2)
    assert row is not None and row.members == {"high": 0.5, "low": 0.5} and row.fold_scores == (0.0, 0.0)


# -- the limit of a prediction ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "members"),
    [
        (0.0, {"high": 0.5, "low": 0.5}),
        (3.0, {"high": 0.5, "low": 0.5}),  # two folds of 500 and of 1,000 ms for 1,000 rows: 1 and 2 ms a row
        (2.9, {"high": 1.0}),
        (1.5, {"high": 1.0}),
    ],
)
def test_a_limit_is_kept(limit: float, members: dict[str, float]) -> None:
    row = combined({"high": Y + ERROR, "low": Y - 1.1 * ERROR}, took={"high": 500.0, "low": 1000.0}, limit_ms=limit)
    assert row is not None and row.members == pytest.approx(members, abs=0.1) and list(row.members) == list(members)


def test_split_by_time_one_fold_model_answers() -> None:
    """Regression: the models of all folds were counted, though the last one's alone is exported."""
    rows = [candidate("high", 500.0), candidate("low", 1000.0)]
    parts = Division(np.arange(8), np.array([], dtype=np.int64), np.arange(8), np.arange(8) % 2, forward=True)
    predictions = {"high": Y + ERROR, "low": Y - 1.1 * ERROR}
    row = combine(rows, predictions, scorer_of("regression", "rmse", Y), parts, deadline=NEVER, at_seconds=1.0, limit_ms=1.5)
    assert row is not None and list(row.members) == ["high", "low"]


def test_what_was_measured_counts_for_a_limit() -> None:
    rows = [replace(candidate("high", 500.0), answer_ms=3.0), candidate("low", 1000.0)]
    predictions = {"high": Y + ERROR, "low": Y - 1.1 * ERROR}
    row = combine(
        rows, predictions, scorer_of("regression", "rmse", Y), division(8), deadline=NEVER, at_seconds=1.0, limit_ms=2.5
    )
    assert row is not None and list(row.members) == ["low"]


def test_without_anybody_within_the_limit_there_is_no_ensemble() -> None:
    assert combined({"high": Y + 1, "low": Y - 1}, took={"high": 500.0, "low": 1000.0}, limit_ms=0.9) is None


# -- weights that were chosen before ------------------------------------------------------------------------------


def test_fixed_weights_are_taken_as_they_are() -> None:
    """What is off by half stays off by half: no line through the mean of probabilities is looked for."""
    y = np.tile([0.0, 0.0, 1.0, 1.0], 4)
    high, low = (np.column_stack([1 - p, p]) for p in (0.4 + 0.2 * y, 0.3 + 0.4 * y))
    row = combined({"high": high, "low": low}, y, task="binary", metric="roc_auc", fixed={"high": 0.25, "low": 0.75})
    assert row is not None
    assert row.members == {"low": 0.75, "high": 0.25}
    assert (row.fold_scores, row.line) == ((1.0, 1.0), (0.0, 1.0))


# -- a second level for values ------------------------------------------------------------------------------------

LONG = np.repeat([0.0, 1.0, 2.0, 3.0], 4)
OFF = np.tile([1.0, 1.0, -1.0, -1.0], 4)


def test_weights_that_were_chosen_before_get_a_line() -> None:
    """Values of variance 1.25 with an error of variance 0.25 are best shrunk by 1.25 / 1.5 towards their mean of 1.5."""
    row = combined({"high": LONG + OFF, "low": LONG - OFF}, LONG, fixed={"high": 0.25, "low": 0.75})
    assert row is not None
    assert row.members == {"low": 0.75, "high": 0.25}
    assert row.line == pytest.approx((0.25, 5 / 6))
    assert row.fold_scores == pytest.approx((np.sqrt(1.25 / 6),) * 2)


def test_a_plain_mean_has_neither_a_line_nor_a_temperature() -> None:
    """PyCaret's blends are such, and one that learns every row later stays what was judged."""
    row = combined({"high": LONG + OFF, "low": LONG - OFF}, LONG, fixed={"high": 0.25, "low": 0.75}, plain=True)
    assert row is not None and row.line == (0.0, 1.0)
    assert row.fold_scores == pytest.approx((0.5, 0.5))
    values, y = careful()
    flat = tempered(values, 4.0)
    one = combined({"one": flat}, y, task="binary", metric="log_loss", fixed={"one": 1.0}, plain=True)
    assert one is not None and one.temperature == 1.0


def test_models_that_all_stay_too_close_to_the_mean_are_stretched() -> None:
    row = combined({"a": 1.5 + 0.5 * (LONG - 1.5) + 0.1 * OFF, "b": 1.5 + 0.5 * (LONG - 1.5) - 0.1 * OFF}, LONG)
    assert row is not None
    assert row.members == pytest.approx({"a": 0.5, "b": 0.5})
    assert row.line == pytest.approx((-1.5, 2.0))
    assert row.score == pytest.approx(0.0, abs=1e-12)


def test_a_line_that_rows_it_has_not_seen_do_not_confirm_is_not_kept() -> None:
    """In one fold the values are stretched, in the other shrunk; what one teaches is wrong for the other."""
    fold = np.arange(16) % 2
    values = 1.5 + np.where(fold == 0, 2.0, 0.5) * (LONG - 1.5)
    row = combined({"a": values, "b": values + 3 * OFF}, LONG)
    assert row is not None and row.members == {"a": 1.0} and row.line == (0.0, 1.0)


@pytest.mark.parametrize(
    ("gains", "kept"), [((0.3, -0.1), True), ((0.1, -0.3), False), ((0.1, np.nan), False), ((0.0, 0.0), False)]
)
def test_a_second_level_is_kept_where_the_folds_gain_on_the_mean(gains: tuple[float, float], kept: bool) -> None:
    new, old = np.array(gains), np.zeros(2)
    assert _better(new, old, np.array([0, 1]), lambda mask: lambda values: float(values.sum())) is kept


def test_a_limit_leaves_no_second_level() -> None:
    row = combined({"a": 0.5 * LONG, "b": 0.5 * LONG + OFF}, LONG, limit_ms=5.0)
    assert row is not None and row.line == (0.0, 1.0)


# -- temperature --------------------------------------------------------------------------------------------------


def careful(rows: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities that are right as they are, and labels drawn by them."""
    rng = np.random.default_rng(seed)
    event = rng.uniform(0.02, 0.98, rows)
    return np.column_stack([1 - event, event]), (rng.random(rows) < event).astype(float)


def test_a_temperature_that_helps_is_kept_and_sets_the_scores() -> None:
    true, y = careful()
    flat = tempered(true, 4.0)
    row = combined({"flat": flat}, y, task="binary", metric="log_loss")
    assert row is not None
    assert row.temperature == pytest.approx(0.25, abs=0.05)
    plain = scorer_of("binary", "log_loss", y)
    before = [plain.score(np.arange(400)[k::2], flat[k::2]) for k in range(2)]
    assert all(now < then - 0.02 for now, then in zip(row.fold_scores, before, strict=True))


def test_a_temperature_that_only_helps_the_rows_it_was_chosen_on_is_not_kept() -> None:
    """Fold 0 would be sharpened by fold 1's rows, all of which are right, though all of its own are wrong."""
    fold = np.arange(60) % 2
    y, values = (fold == 0).astype(float), np.tile([0.6, 0.4], (60, 1))
    row = combined({"one": values}, y, task="binary", metric="log_loss")
    assert row is not None
    assert row.temperature == 1.0
    assert row.fold_scores == pytest.approx((-np.log(0.4), -np.log(0.6)), abs=1e-12)


def test_fixed_weights_get_their_own_temperature() -> None:
    values = np.tile([0.6, 0.4], (60, 1))
    row = combined({"one": values, "two": values}, np.zeros(60) + (np.arange(60) == 59), task="binary", metric="log_loss",
                   fixed={"one": 0.5, "two": 0.5})  # fmt: skip
    assert row is not None
    assert COLDEST < row.temperature < 0.2


def test_a_temperature_changes_no_order() -> None:
    true, y = careful()
    plain = scorer_of("binary", "roc_auc", y)
    row = combined({"flat": tempered(true, 2.0)}, y, task="binary", metric="roc_auc")
    assert row is not None and row.temperature < 1
    expected = [plain.score(np.arange(400)[k::2], true[k::2]) for k in range(2)]
    assert row.fold_scores == pytest.approx(expected, abs=1e-12)


def test_a_metric_that_no_fold_defines_gives_no_ensemble() -> None:
    values = np.tile([0.6, 0.4], (8, 1))
    assert combined({"one": values}, np.zeros(8) + (np.arange(8) == 9), task="binary", metric="roc_auc") is None


def test_a_fold_on_which_the_metric_is_not_defined_is_left_out() -> None:
    true, y = careful(40)
    y[::2] = 0.0
    y[1], y[3] = 0.0, 1.0
    row = combined({"one": true}, y, task="binary", metric="roc_auc")
    assert row is not None and len(row.fold_scores) == 1 and row.spread is None

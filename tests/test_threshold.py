"""The threshold: exact sweeps, moved only by more than chance, and why it stays where it is."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.metrics import METRICS, metric_of
from automl_core.scorer import Scorer
from automl_core.threshold import choose_threshold, cuts, judge_of_labels, standard_error, sweep

CONFIG = ExperimentConfig("y", "binary", "f1", "yes")
COSTS = Costs(10, -2, -50, 0)


def scorer_for(y: np.ndarray, metric: str = "f1", columns: pd.DataFrame | None = None, **more: object) -> Scorer:
    table = pd.DataFrame(index=range(len(y))) if columns is None else columns
    return Scorer(replace(CONFIG, metric=metric, **more), y.astype(float), table, ("no", "yes"))


def two(event: list[float] | np.ndarray) -> np.ndarray:
    event = np.asarray(event, dtype=float)
    return np.column_stack([1 - event, event])


def drawn(rows: int, seed: int = 0, power: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose event has the probability told to the power of `power`: with 1 what is told is right."""
    rng = np.random.default_rng(seed)
    event = rng.random(rows)
    return (rng.random(rows) < event**power).astype(float), event


def test_thresholds_lie_between_the_probabilities() -> None:
    thresholds, above = cuts(np.array([0.2, 0.6, 0.2, 0.8]))
    assert thresholds == pytest.approx([0.1, 0.4, 0.7, 0.9])
    assert above.tolist() == [4, 2, 1, 0]


def test_below_zero_and_between_neighbours_there_is_no_threshold() -> None:
    thresholds, above = cuts(np.array([0.0, 0.5, np.nextafter(0.5, 1), 1.0]))
    assert 0.25 in thresholds and thresholds[-1] == 1.0
    assert above[0] == 3 and above[-1] == 0
    for threshold, count in zip(thresholds, above, strict=True):
        assert (np.array([0.0, 0.5, np.nextafter(0.5, 1), 1.0]) > threshold).sum() == count


@pytest.mark.parametrize("name", [name for name, m in METRICS.items() if m.needs == "label" and "binary" in m.tasks])
def test_a_sweep_equals_the_metric_at_each_threshold(name: str) -> None:
    y, event = drawn(60)
    scorer, rows, proba = scorer_for(y), np.arange(60), two(event.round(1))
    found = sweep(scorer, METRICS[name], rows, proba)
    assert len(found.values) == len(np.unique(event.round(1))) + 1 - (event.round(1).min() == 0)
    for threshold, value in zip(found.thresholds, found.values, strict=True):
        assert value == pytest.approx(scorer.value(METRICS[name], rows, proba, float(threshold)), abs=1e-12, nan_ok=True)


def test_a_sweep_of_money_equals_the_money_at_each_threshold() -> None:
    y, event = drawn(60)
    amounts = pd.DataFrame({"amount": np.where(np.arange(60) % 7 == 0, np.nan, np.arange(60.0))})
    scorer = scorer_for(y, "cost", amounts, costs=replace(COSTS, amount="amount"))
    rows = np.arange(60)[::-1]
    found = sweep(scorer, scorer.metric, rows, two(event[rows]))
    for threshold, value in zip(found.thresholds, found.values, strict=True):
        assert value == pytest.approx(scorer.value(scorer.metric, rows, two(event[rows]), float(threshold)), abs=1e-9)


def test_f1_of_a_rare_event_wants_a_lower_threshold() -> None:
    rng = np.random.default_rng(1)
    event = rng.beta(1, 6, 4000)
    y = (rng.random(4000) < event).astype(float)
    chosen = choose_threshold(scorer_for(y), np.arange(4000), two(event))
    best = max(sk.f1_score(y, event > t) for t in np.unique(event))
    assert sk.f1_score(y, event > chosen.value) == pytest.approx(best)
    assert chosen.value < 0.35
    told = re.fullmatch(
        r"On rows that had no part in choosing it, F1 is (0\.\d+) with a threshold found this way and (0\.\d+) at the usual "
        r"0\.5\.",
        chosen.reason,
    )
    assert told
    assert float(told[1]) <= best  # judged by other rows than those that chose
    assert float(told[2]) == pytest.approx(sk.f1_score(y, event > 0.5), abs=1e-4)


def test_chance_does_not_move_the_threshold() -> None:
    """With true probabilities 0.5 is best for accuracy; on few rows another one always looks a little better."""
    moved = 0
    for seed in range(20):
        y, event = drawn(150, seed)
        chosen = choose_threshold(scorer_for(y, "accuracy"), np.arange(150), two(event))
        moved += chosen.value != 0.5
        if chosen.value == 0.5 and chosen.reason.startswith("Another threshold"):
            assert re.fullmatch(
                r"Another threshold, 0\.\d+, looked better, but on rows that had no part in choosing it the difference is within "
                r"chance \(Accuracy: 0\.\d+ against 0\.\d+\)\.",
                chosen.reason,
            )
    assert moved <= 4  # the best on the rows themselves would have moved it nearly every time


def test_probabilities_that_are_off_move_it() -> None:
    y, event = drawn(5000, power=3.0)
    chosen = choose_threshold(scorer_for(y, "accuracy"), np.arange(5000), two(event))
    assert chosen.value == pytest.approx(0.5 ** (1 / 3), abs=0.05)


def test_costs_start_from_what_the_table_gives() -> None:
    y, event = drawn(3000)
    scorer = scorer_for(y, "cost", costs=COSTS)
    chosen = choose_threshold(scorer, np.arange(3000), two(event))
    assert chosen.value == pytest.approx(2 / 62) or abs(chosen.value - 2 / 62) < 0.05
    y, event = drawn(5000, power=3.0)
    chosen = choose_threshold(scorer_for(y, "cost", costs=COSTS), np.arange(5000), two(event))
    assert chosen.value == pytest.approx((2 / 62) ** (1 / 3), abs=0.1)
    assert chosen.reason.startswith("On rows that had no part in choosing it, Money per row is ")
    assert chosen.reason.endswith(" at the 0.032 that the cost table gives.")


def test_a_clear_case_by_hand() -> None:
    y = np.array([0, 0, 0, 1, 1, 1] * 20)
    event = np.array([0.1, 0.15, 0.2, 0.3, 0.35, 0.4] * 20)
    chosen = choose_threshold(scorer_for(y), np.arange(120), two(event))
    assert chosen.value == pytest.approx(0.25)
    assert chosen.reason == (
        "On rows that had no part in choosing it, F1 is 1 with a threshold found this way and 0 at the usual 0.5."
    )


def test_nothing_better_leaves_it() -> None:
    chosen = choose_threshold(scorer_for(np.array([0, 1, 0, 1])), np.arange(4), two([0.1, 0.9, 0.2, 0.8]))
    assert (chosen.value, chosen.reason) == (0.5, "No other is better by F1 on the rows that each model did not learn from.")


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("roc_auc", "ROC AUC does not depend on a threshold."),
        ("brier_score", "Brier score does not depend on a threshold."),
        ("precision", "Precision alone would be best where almost no row is predicted as the event."),
        ("recall", "Recall alone would be best where every row is predicted as the event."),
        ("specificity", "Specificity alone would be best where no row is predicted as the event."),
    ],
)
def test_why_half_is_kept(metric: str, reason: str) -> None:
    y, event = drawn(400)
    chosen = choose_threshold(scorer_for(y, metric), np.arange(400), two(event / 3))
    assert (chosen.value, chosen.reason) == (0.5, reason)


def test_a_cost_table_decides_unless_a_metric_of_labels_ranks() -> None:
    y = np.array([0.0, 1.0])
    assert judge_of_labels(scorer_for(y, "roc_auc", costs=COSTS)).value == metric_of(scorer_for(y, costs=COSTS).config, "cost")
    assert judge_of_labels(scorer_for(y, "f1", costs=COSTS)).value is METRICS["f1"]
    lacking = judge_of_labels(scorer_for(y, "roc_auc", costs=replace(COSTS, amount="gone")))
    assert (lacking.value, lacking.reason) == (None, "ROC AUC does not depend on a threshold.")


def test_a_formula_chooses_where_it_looks_at_the_decision() -> None:
    rng = np.random.default_rng(0)
    y, event = drawn(2000)
    columns = pd.DataFrame({"value": rng.gamma(2, 10, 2000)})
    formula = 'mean(if(prediction == "yes", if(truth == "yes", 1, -9), 0))'
    scorer = scorer_for(y, "kpi", columns, kpi=Kpi("Gain", formula))
    chosen = choose_threshold(scorer, np.arange(2000), two(event))
    assert chosen.value == pytest.approx(0.9, abs=0.06)
    assert chosen.reason.startswith("On rows that had no part in choosing it, Gain is ")
    free = scorer_for(y, "kpi", columns, kpi=Kpi("Gap", 'mean(abs(probability - (truth == "yes")))', False))
    assert choose_threshold(free, np.arange(2000), two(event)).reason == "Gap does not depend on a threshold."


def test_a_lower_own_figure_is_better() -> None:
    y, event = drawn(2000)
    kpi = Kpi("Loss", 'mean(if(prediction == "yes", if(truth == "yes", 0, 9), if(truth == "yes", 1, 0)))', False)
    assert choose_threshold(scorer_for(y, "kpi", kpi=kpi), np.arange(2000), two(event)).value == pytest.approx(0.9, abs=0.06)


def test_an_undefined_metric_leaves_it() -> None:
    kpi = Kpi("Nothing", 'sum(if(prediction == "yes", 1, 0)) / 0')
    chosen = choose_threshold(scorer_for(np.array([0, 1]), "kpi", kpi=kpi), np.arange(2), two([0.2, 0.8]))
    assert (chosen.value, chosen.reason) == (0.5, "Nothing is not defined for the rows that could tell a better one.")


def test_the_uncertainty_of_a_difference_is_that_of_the_theory() -> None:
    """Accuracy differs only on the rows between the thresholds; their outcomes are coins."""
    y, event = drawn(2000)
    between = (event > 0.4) & (event <= 0.5)
    right = np.where(between, np.where(y == 1, 1.0, -1.0), 0.0)
    expected = right.std(ddof=1) / np.sqrt(2000)
    scorer = scorer_for(y, "accuracy")
    assert standard_error(scorer, METRICS["accuracy"], np.arange(2000), two(event), 0.5, 0.4) == pytest.approx(expected, rel=0.15)
    kpi = scorer_for(y, "kpi", kpi=Kpi("Right", "share(prediction == truth)"))
    assert standard_error(kpi, kpi.metric, np.arange(2000), two(event), 0.5, 0.4) == pytest.approx(expected, rel=0.35)
    money = scorer_for(y, "cost", costs=Costs(1, 0, 0, 1))
    assert standard_error(money, money.metric, np.arange(2000), two(event), 0.5, 0.4) == pytest.approx(expected)


def test_the_same_rows_give_the_same_threshold() -> None:
    y, event = drawn(500, 3, power=2.0)
    found = {choose_threshold(scorer_for(y, "matthews_corrcoef"), np.arange(500), two(event)).value for _ in range(3)}
    assert len(found) == 1

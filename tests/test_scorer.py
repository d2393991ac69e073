"""The scorer: money and own figures with exact values, what is left out, and that it is fast enough for a selection."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.metrics import METRICS, Metric, all_scores, metric_of, metrics_of, register
from automl_core.scorer import Scorer, best_threshold, needed_columns

COSTS = Costs(10, -2, -50, 0)
CONFIG = ExperimentConfig("y", "binary", "cost", "yes", costs=COSTS)
Y = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
PROBA = np.array([[0.4, 0.6], [0.99, 0.01], [0.9, 0.1], [0.97, 0.03], [0.8, 0.2]])
EVERY = np.arange(5)
AMOUNTS = pd.DataFrame({"amount": [1.0, 2.0, 3.0, np.nan, 10.0], "kind": pd.Series(["a", "b", "a", "b", "a"], dtype=object)})
NONE = pd.DataFrame(index=range(5))


def test_the_table_says_from_which_probability_on_it_pays_to_act() -> None:
    # 10 p - 2 (1 - p) = -50 p + 0 (1 - p)  at  p = 2 / 62
    assert best_threshold(COSTS) == pytest.approx(2 / 62)
    assert best_threshold(Costs(1, 0, 0, 1)) == 0.5
    assert best_threshold(Costs(0, -1, -9, 0)) == pytest.approx(0.1)
    assert Scorer(CONFIG, Y, NONE).threshold == pytest.approx(2 / 62)
    assert Scorer(replace(CONFIG, metric="f1", costs=None), Y, NONE).threshold == 0.5


def test_money_is_the_mean_of_what_the_decisions_earn() -> None:
    scorer = Scorer(CONFIG, Y, NONE)
    # Above 0.032: rows 0, 2 and 4; row 1 is missed, row 3 rightly left alone.
    assert scorer.score(EVERY, PROBA) == pytest.approx((10 - 50 - 2 + 0 + 10) / 5)
    assert scorer.value(scorer.metric, EVERY, PROBA, 0.5) == pytest.approx((10 - 50 + 0 + 0 - 50) / 5)
    assert scorer.score(EVERY[:2], PROBA[:2]) == pytest.approx((10 - 50) / 2)


def test_an_amount_multiplies_and_a_missing_one_does_not_count() -> None:
    scorer = Scorer(replace(CONFIG, costs=replace(COSTS, amount="amount")), Y, AMOUNTS)
    assert scorer.score(EVERY, PROBA) == pytest.approx((10 * 1 - 50 * 2 - 2 * 3 + 10 * 10) / 4)
    assert np.isnan(scorer.score(np.array([3]), PROBA[3:4]))
    act, leave, known = scorer.money(EVERY)
    assert act.tolist() == [10, 20, -6, 0, 100]
    assert leave.tolist() == [-50, -100, 0, 0, -500]
    assert known.tolist() == [True, True, True, False, True]


def test_rows_are_positions_in_any_order() -> None:
    scorer = Scorer(replace(CONFIG, costs=replace(COSTS, amount="amount")), Y, AMOUNTS)
    rows = np.array([4, 0])
    assert scorer.score(rows, PROBA[rows]) == pytest.approx((100 + 10) / 2)
    # Another array after it is looked up anew, the same one is not.
    assert scorer.score(np.array([2]), PROBA[2:3]) == -6
    assert scorer.score(rows, PROBA[rows]) == pytest.approx(55)


def test_a_formula_judges_with_columns() -> None:
    kpi = Kpi("Won", 'sum(if(prediction == "yes" and kind == "a", amount, 0))')
    scorer = Scorer(ExperimentConfig("y", "binary", "kpi", "yes", kpi=kpi), Y, AMOUNTS, ("no", "yes"))
    assert (scorer.metric.label, scorer.metric.greater_is_better) == ("Won", True)
    assert scorer.score(EVERY, PROBA) == 1.0
    assert scorer.value(scorer.metric, EVERY, PROBA, 0.15) == 11.0
    assert scorer.score(np.array([4, 2]), np.array([[0.1, 0.9], [0.2, 0.8]])) == 13.0


def test_a_formula_of_numbers() -> None:
    kpi = Kpi("Too low costs three", "mean(if(error > 0, error, -3 * error))", greater_is_better=False)
    scorer = Scorer(ExperimentConfig("y", "regression", "kpi", kpi=kpi), np.array([1.0, 2.0, 3.0]), NONE.iloc[:3])
    assert scorer.score(np.arange(3), np.array([2.0, 2.0, 1.0])) == pytest.approx((1 + 0 + 6) / 3)
    assert not scorer.metric.greater_is_better


def test_everything_that_judges_is_shown_the_one_that_ranks_first() -> None:
    config = replace(CONFIG, metric="f1", kpi=Kpi("Right", "share(prediction == truth)"))
    scorer = Scorer(config, Y, NONE, ("no", "yes"))
    names = [metric.name for metric in scorer.metrics]
    assert names[:3] == ["f1", "cost", "kpi"]
    found = scorer.all(EVERY, PROBA)
    assert found["kpi"] == found["accuracy"] == pytest.approx(3 / 5)
    assert found["cost"] == pytest.approx(-32 / 5)
    without = {name: value for name, value in found.items() if name not in ("cost", "kpi")}
    assert without == pytest.approx(all_scores("binary", Y.astype(int), PROBA))


def test_a_figure_whose_column_is_missing_is_left_out() -> None:
    config = replace(CONFIG, costs=replace(COSTS, amount="amount"), kpi=Kpi("Won", "sum(amount * probability)"))
    scorer = Scorer(config, Y, NONE, ("no", "yes"))
    assert scorer.missing(metric_of(config, "cost")) == ("amount",)
    assert scorer.missing(metric_of(config, "kpi")) == ("amount",)
    assert {"cost", "kpi"}.isdisjoint(metric.name for metric in scorer.metrics)
    assert needed_columns(config) == ("amount",)


def test_grades_are_judged_as_grades_and_many_labels_in_short() -> None:
    config = ExperimentConfig("y", "multiclass", "log_loss")
    y = np.array([0.0, 1.0, 2.0])
    graded, named = Scorer(config, y, NONE.iloc[:3], ("1", "2", "3")), Scorer(config, y, NONE.iloc[:3], ("a", "b", "c"))
    # True 0, 1, 2 and predicted 0, 1, 1: one is off by one. By chance, truth 1, 1, 1 against prediction 1, 2, 0 of three:
    # (0 + 1 * 2 + 1 * 1 + 0 + 4 * 1 + 1 * 2) / 3 = 3.
    proba = np.eye(3)[[0, 1, 1]]
    assert graded.all(np.arange(3), proba)["quadratic_kappa"] == pytest.approx(1 - 1 / 3)
    assert "quadratic_kappa" not in named.all(np.arange(3), proba)
    many = Scorer(config, y, NONE.iloc[:3], tuple(map(str, range(60))))
    assert {"roc_auc", "roc_auc_ovo", "average_precision"}.isdisjoint(metric.name for metric in many.metrics)
    ranked = Scorer(replace(config, metric="roc_auc"), y, NONE.iloc[:3], tuple(map(str, range(60))))
    assert ranked.metrics[0].name == "roc_auc"


def test_a_python_function_of_the_register_sees_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automl_core.metrics.registry.METRICS", METRICS)
    before = dict(METRICS)

    def found_value(y: np.ndarray, codes: np.ndarray, n_classes: int, *, columns: dict[str, np.ndarray]) -> float:
        return float(columns["amount"][(y == 1) & (codes == 1)].sum())

    try:
        register(
            Metric(
                "found_value",
                "Found value",
                "Amount of the events found.",
                ("binary",),
                True,
                "label",
                found_value,
                columns=("amount",),
            )
        )
        config = ExperimentConfig("y", "binary", "found_value", "yes")
        assert needed_columns(config) == ("amount",)
        scorer = Scorer(config, Y, AMOUNTS, ("no", "yes"))
        assert scorer.score(EVERY, PROBA) == 1.0
        assert scorer.value(scorer.metric, EVERY, PROBA, 0.15) == 11.0
        assert "found_value" not in [metric.name for metric in Scorer(replace(config, metric="f1"), Y, NONE).metrics]
    finally:
        METRICS.clear()
        METRICS.update(before)


def test_the_metrics_of_a_run_are_named_everywhere_alike() -> None:
    euro = replace(CONFIG, costs=replace(COSTS, currency="EUR", amount="amount"))
    assert metric_of(euro).label == "Money per row, EUR"
    assert metric_of(euro).explanation == (
        "What the decisions earn on average by the cost table, multiplied by 'amount': gains are positive, losses negative."
    )
    assert metric_of(euro, "f1") is METRICS["f1"]
    assert [metric.name for metric in metrics_of(euro)][:2] == ["cost", "roc_auc"]
    kpi = replace(euro, kpi=Kpi("Right", "share(prediction == truth) ", False))
    assert metric_of(kpi, "kpi").explanation == "Your own figure, share(prediction == truth). Lower is better."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "cost",
            "The metric 'cost' needs a cost table. It says what each right and each wrong decision is worth. "
            "Fill in the cost table, or choose another metric.",
        ),
        ("kpi", "The metric 'kpi' needs a formula. It says what is counted. Write the formula, or choose another metric."),
    ],
)
def test_an_own_figure_that_was_not_given_is_refused(name: str, text: str) -> None:
    with pytest.raises(InputError) as refused:
        metric_of(ExperimentConfig("y", "binary", name, "yes"))
    assert str(refused.value) == text


def test_a_selection_can_call_it_thousands_of_times() -> None:
    """A hundred thousand rows: money in milliseconds, however often it is asked for the same rows."""
    rng = np.random.default_rng(0)
    rows, y = np.arange(100_000), (rng.random(100_000) < 0.3).astype(float)
    proba = rng.dirichlet([1, 1], 100_000)
    columns = pd.DataFrame({"amount": rng.gamma(2, 50, 100_000)})
    scorer = Scorer(replace(CONFIG, costs=replace(COSTS, amount="amount")), y, columns, ("no", "yes"))
    scorer.score(rows, proba)
    start = time.process_time()
    for _ in range(20):
        scorer.score(rows, proba)
    assert (time.process_time() - start) / 20 < 0.02

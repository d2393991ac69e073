"""Costs and figures of one's own all the way: from a run to its threshold, evaluation, explanation, report and predictions."""

from __future__ import annotations

import itertools
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.charts.evaluation import figures
from automl_core.charts.svg import evaluation_charts
from automl_core.errors import InputError
from automl_core.evaluation.evaluate import Evaluation, evaluate
from automl_core.evaluation.wording import costs_sentence, decision_sentences, money, money_sentence, threshold_sentence
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.explaining.importance import explain
from automl_core.metrics import score
from automl_core.model import build_model
from automl_core.reporting import write_report
from automl_core.run_parts import out_of_fold
from automl_core.runs import Run
from automl_core.scorer import Scorer
from automl_core.scoring.bundle import load_model
from automl_core.threshold import choose_threshold
from automl_core.worker.candidates import evaluate_candidate
from automl_core.workspace import read_json
from tests.conftest import CUSTOMERS, customers, make_estimators, write_run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
COSTS = Costs(30, -5, -60, 0, amount="amount", currency="EUR")
KPI = Kpi("Saved", 'sum(if(prediction == "left" and truth == "left", income, 0)) / sum(income)')
CONFIG = ExperimentConfig(
    "outcome", "binary", "cost", "left", holdout=0.25, ignored=("level", "amount", "income"), costs=COSTS, kpi=KPI
)
CLASSES = ("stayed", "left")


def amounts(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows whose amount is missing now and then, and never negative."""
    frame = frame.assign(amount=frame["income"].round(-2) / 10_000)
    frame.loc[frame.index % 19 == 2, "amount"] = np.nan
    return frame


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run ranked by money whose amount is not learned from."""
    folder = tmp_path_factory.mktemp("money")
    return write_run(
        folder, amounts(customers(400)), CUSTOMERS, CONFIG, make_estimators("binary"), classes=CLASSES,
        ensemble={"logistic": 0.5, "forest": 0.5},
    )  # fmt: skip


@pytest.fixture(scope="module")
def judged(run: Run) -> Evaluation:
    return Evaluation.from_dict(read_json(evaluate_candidate(run, "logistic")))


def earned(truth: np.ndarray, event: np.ndarray, amount: np.ndarray, threshold: float) -> float:
    act = event > threshold
    worth = np.select([act & truth, act & ~truth, ~act & truth], [30.0, -5.0, -60.0], 0.0) * amount
    return float(np.nansum(worth) / np.isfinite(amount).sum())


def test_the_threshold_of_an_exported_model_comes_from_its_out_of_fold_predictions(run: Run, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "ensemble", tmp_path / "model.zip"))
    values, rows = out_of_fold(run.path, run.leaderboard()["ensemble"])
    frame = run.dataset().frame().iloc[rows].reset_index(drop=True)
    y = (frame["outcome"] == "left").to_numpy(dtype=float)
    expected = choose_threshold(Scorer(CONFIG, y, frame[["amount", "income"]], CLASSES), np.arange(len(y)), values)
    assert (model.threshold, model.manifest["threshold_reason"]) == (expected.value, expected.reason)
    assert 0 < model.threshold < 0.5
    assert model.manifest["metric_label"] == "Money per row, EUR"
    predicted = model.predict(frame)
    assert ((predicted["prediction"] == "left") == (predicted["probability_left"] > model.threshold)).all()
    told = (tmp_path / "model.zip", "README.md")
    import zipfile

    with zipfile.ZipFile(told[0]) as archive:
        text = archive.read(told[1]).decode()
    assert f"left is predicted where its probability is above {model.threshold:.3g}. {expected.reason}" in text
    assert "Cross-validated Money per row, EUR 0.86" in text


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"metric": "roc_auc", "costs": None}, False),
        ({"metric": "recall", "costs": None}, False),
        ({"metric": "roc_auc"}, True),
        ({"metric": "cost"}, True),
    ],
)
def test_other_metrics_leave_it_unless_there_is_a_cost_table(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], moved: bool
) -> None:
    monkeypatch.setattr("automl_core.model.load_task", lambda folder: (replace(CONFIG, **changes), CLASSES))
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    assert (model.threshold != 0.5) == moved
    assert model.manifest["threshold_reason"].endswith(".")


def test_held_out_rows_are_judged_by_money_with_exact_values(run: Run, judged: Evaluation, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    frame = run.holdout()
    event, truth = model.predict_values(frame)[:, 1], (frame["outcome"] == "left").to_numpy()
    amount, income = frame["amount"].to_numpy(), frame["income"].to_numpy()
    assert next(iter(judged.metrics)) == "cost"
    expected = earned(truth, event, amount, model.threshold)
    assert judged.metrics["cost"].value == pytest.approx(expected)
    low, high = judged.metrics["cost"].low, judged.metrics["cost"].high
    assert low is not None and high is not None and low < expected < high
    assert judged.metrics["kpi"].value == pytest.approx(income[(event > model.threshold) & truth].sum() / income.sum())
    assert judged.metrics["f1"].value == pytest.approx(
        score("f1", truth.astype(int), np.column_stack([1 - event, event]), model.threshold)
    )
    part = judged.curves["money"]
    assert part["at"] == pytest.approx(expected)
    assert part["half"] == pytest.approx(earned(truth, event, amount, 0.5))
    assert part["none"] == pytest.approx(earned(truth, event, amount, 1.0))
    assert part["every"] == pytest.approx(earned(truth, event, amount, -1.0))
    assert part["rows"] == np.isfinite(amount).sum() < len(frame)
    assert part["total"] == pytest.approx(expected * part["rows"])
    assert (part["currency"], part["amount"]) == ("EUR", "amount")
    for threshold, value in zip(part["threshold"], part["per_row"], strict=True):
        assert value == pytest.approx(earned(truth, event, amount, threshold))
    assert max(part["per_row"]) >= max(part["at"], part["none"])
    assert json.loads(json.dumps(judged.to_dict(), allow_nan=False)) == judged.to_dict()
    assert Evaluation.from_dict(judged.to_dict()) == judged


def test_a_labelled_file_is_read_as_the_upload_was(run: Run, judged: Evaluation, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    frame = run.holdout()
    text = frame.astype(object).where(frame.notna(), "").astype(str)
    found = evaluate(model, text, rows="file.csv")
    assert found.metrics["cost"].value == pytest.approx(judged.metrics["cost"].value)
    assert found.metrics["kpi"].value == pytest.approx(judged.metrics["kpi"].value)


def test_what_cannot_be_computed_for_a_file_is_told(run: Run, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    found = evaluate(model, run.holdout().drop(columns=["amount", "income"]), rows="file.csv")
    assert {"cost", "kpi"}.isdisjoint(found.metrics)
    assert "money" not in found.curves
    assert found.notes == (
        "Money per row, EUR is not computed, since the column 'amount' is missing.",
        "Saved is not computed, since the column 'income' is missing.",
    )
    words = evaluate(model, run.holdout().assign(amount="much"), rows="file.csv")
    assert "cost" not in words.metrics and "money" not in words.curves


def test_columns_are_judged_by_what_shuffling_them_costs(run: Run, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    found = explain(model, run.holdout())
    assert (found.metric, found.metric_label) == ("cost", "Money per row, EUR")
    assert found.permutation[0].column == "age"
    assert found.permutation[0].mean > 0
    without = explain(model, run.holdout().drop(columns=["amount"]))
    assert without.metric == "roc_auc" or without.metric == "kpi"
    assert any("Money per row, EUR is not defined for these rows;" in note for note in without.notes)


def test_decisions_are_told_in_sentences(judged: Evaluation) -> None:
    plain = replace(
        judged,
        threshold=0.25,
        threshold_reason="It is so.",
        curves={
            **judged.curves,
            "money": {"at": 1.5, "half": 1.0, "none": -2.0, "every": 0.25, "total": 1500.0, "rows": 1000, "currency": "EUR",
                      "amount": "", "threshold": [0.5], "per_row": [1.0]},
        },
    )  # fmt: skip
    assert decision_sentences(plain) == (
        "'outcome' = 'left' is predicted where its probability is above 0.25. It is so.",
        "By the cost table the decisions for these 1,000 rows are worth 1,500 EUR, 1.50 EUR a row. With a threshold of 0.5 it "
        "would be 1 EUR. Predicting 'outcome' = 'left' for no row would give -2 EUR a row, for every row 0.25 EUR.",
    )
    assert "threshold of 0.5" not in money_sentence(replace(plain, threshold=0.5))
    regression = replace(plain, classes=(), curves={})
    assert (threshold_sentence(regression), money_sentence(regression)) == ("", "")
    assert [money(value, "EUR") for value in (0.0, -12.5, 12345.6)] == ["0 EUR", "-12.50 EUR", "12,346 EUR"]
    assert money(3, "") == "3"
    assert costs_sentence(COSTS) == (
        "event found 30 EUR, false alarm -5 EUR, event missed -60 EUR, rightly left alone 0 EUR; each multiplied by 'amount'"
    )


def test_the_money_is_drawn_with_its_own_numbers(judged: Evaluation) -> None:
    part = judged.curves["money"]
    figure = figures(judged)["Money by threshold"]
    assert next(iter(figures(judged))) == "Money by threshold"
    assert list(figure.data[0].x) == part["threshold"]
    assert list(figure.data[0].y) == part["per_row"]
    assert {shape.x0 for shape in figure.layout.shapes if shape.x0 == shape.x1} == {judged.threshold}
    assert {shape.y0 for shape in figure.layout.shapes if shape.y0 == shape.y1} == {max(part["none"], part["every"])}
    assert figure.layout.yaxis.title.text == "Money per row, EUR"
    assert evaluation_charts(judged)["Money by threshold"].startswith("<svg")


def test_the_report_tells_money_threshold_and_figure(run: Run, judged: Evaluation, tmp_path: Path) -> None:
    text = write_report(run.path, "logistic", tmp_path / "report.html").read_text(encoding="utf-8")
    for told in (
        "its Money per row, EUR is ",
        "<td>Saved</td>",
        "Money by threshold",
        "event found 30 EUR, false alarm -5 EUR",
        "Saved: sum(if(prediction == &#34;left&#34;",
        *(sentence.replace("'", "&#39;") for sentence in decision_sentences(judged)),
    ):
        assert told in text, told


def test_the_command_of_a_report_brings_cost_table_formula_and_columns_left_out(run: Run) -> None:
    """The command asked for neither the cost table nor the formula, so it ranked by another metric and learned more columns."""
    from automl_core.cleaning.recipe import Recipe
    from automl_core.own_figures import parse_costs, parse_kpi
    from automl_core.reporting.repeat import repeat_of

    command = shlex.split(repeat_of(run, run.config).command)
    given = dict(itertools.pairwise(command))
    assert given["--metric"] == "cost"
    assert given["--costs"] == "tp=30,fp=-5,fn=-60,tn=0,amount=amount,currency=EUR"
    assert parse_costs(given["--costs"]) == COSTS
    assert parse_kpi(given["--kpi"]) == KPI and "--kpi-lower" not in command
    odd = replace(CONFIG, costs=Costs(1 / 3, -1e-7, -2.5e9, 0, amount="a, b"), kpi=replace(KPI, greater_is_better=False))
    told = shlex.split(repeat_of(run, odd).command)
    assert parse_costs(told[told.index("--costs") + 1]).false_negative == -2.5e9
    assert "--kpi-lower" in told
    last = Recipe.from_dict(json.loads(repeat_of(run, run.config).recipe)).steps[-1]
    assert (last.op, last.params) == ("drop_columns", {"columns": ["level", "amount", "income"]})


def test_the_same_rows_as_out_of_fold_say_that_they_chose_the_threshold(run: Run, tmp_path: Path) -> None:
    from automl_core.evaluation.evaluate import evaluate_out_of_fold

    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    notes = evaluate_out_of_fold(run.path, "logistic", model).notes
    assert "The threshold was chosen on these same rows, so what depends on it is a little too good." in notes


def test_a_model_made_before_thresholds_were_chosen_is_judged_as_ever(run: Run, tmp_path: Path) -> None:
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    config = {name: value for name, value in CONFIG.to_dict().items() if name not in ("costs", "kpi", "predict_limit_ms")}
    manifest = {name: value for name, value in model.manifest.items() if not name.startswith("threshold")}
    old = replace(model, metric="roc_auc", threshold=0.5, manifest=manifest, lineage={"config": {**config, "metric": "roc_auc"}})
    found = evaluate(old, run.holdout())
    assert next(iter(found.metrics)) == "roc_auc" and "cost" not in found.metrics
    assert found.threshold_reason == ""
    data = found.to_dict()
    del data["threshold_reason"]
    assert Evaluation.from_dict(data) == found


def test_a_search_ranks_by_money_and_by_a_formula(tmp_path: Path) -> None:
    """The amount is ignored and its column dropped by the recipe: it still judges."""
    import time

    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.experiment import Budget
    from automl_core.search.run import run_search
    from tests.conftest import RECIPE

    recipe = Recipe((Step("drop_columns", {"columns": ["amount", "income"]}, "known afterwards", id="bbbb0001"), *RECIPE.steps))
    frame = amounts(customers(160))
    for metric in ("cost", "kpi"):
        config = replace(
            CONFIG, metric=metric, ignored=("level",), candidates=("lr", "nb"), budget=Budget(60, 2), folds=3, threads=1
        )
        board = run_search(
            frame, CUSTOMERS, recipe, config, tmp_path / metric, emit=lambda event: None, should_stop=lambda: False,
            started=time.time(),
        )  # fmt: skip
        assert (board.metric, board.greater_is_better) == (metric, True)
        assert board.label == {"cost": "Money per row, EUR", "kpi": "Saved"}[metric]
        row = board["lr"]
        assert row.score == pytest.approx(row.metrics[metric])
        assert {"cost", "kpi", "roc_auc", "f1"} <= set(row.metrics)
        assert board.label in board.recommendation
        with np.load(tmp_path / metric / "split.npz") as split:
            rows, fold = split["rows"][split["train"]], split["fold"]
        values = np.load(tmp_path / metric / "candidates" / "lr" / "fold1.npy")
        judged = frame.loc[rows[fold == 1]]
        truth, event = (judged["outcome"] == "left").to_numpy(), values[:, 1]
        if metric == "cost":
            assert row.fold_scores[1] == pytest.approx(earned(truth, event, judged["amount"].to_numpy(), 5 / 95))
        else:
            income = judged["income"].to_numpy()
            assert row.fold_scores[1] == pytest.approx(income[(event > 0.5) & truth].sum() / income.sum())


def test_a_search_that_cannot_be_judged_does_not_start(tmp_path: Path) -> None:
    from automl_core.search.prepare import prepare
    from tests.conftest import RECIPE

    with pytest.raises(InputError, match="The amount column 'city' is of kind category"):
        prepare(amounts(customers(60)), CUSTOMERS, RECIPE, replace(CONFIG, costs=replace(COSTS, amount="city")), tmp_path / "run")

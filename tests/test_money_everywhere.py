"""One cost table, entered once: the same money, computed by hand, wherever a model is ranked, decided, asked, told or watched."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.batch.predict import Options, predict_file
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.rules import Rule, rules_to
from automl_core.evaluation.evaluate import Evaluation
from automl_core.experiment import Costs, ExperimentConfig
from automl_core.explaining.explainer import Explainer, draw_background
from automl_core.honesty import judge
from automl_core.monitoring.check import check, predict_and_log
from automl_core.monitoring.log import add_labels
from automl_core.monitoring.settings import Settings, save_settings
from automl_core.monitoring.summary import Seen
from automl_core.projects import create_project
from automl_core.registry.store import Registered, create_registered
from automl_core.reporting import write_card, write_report
from automl_core.reporting.repeat import repeat_of
from automl_core.retraining.policy import Policy
from automl_core.retraining.rows import Rows
from automl_core.runs import Run
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import Model, load_model
from automl_core.whatif.answer import answer
from automl_core.worker.candidates import evaluate_candidate
from automl_core.worker.judging import price_run
from automl_core.worker.renewing import _new_run
from automl_core.worker.versions import register_candidate
from automl_core.workspace import Workspace, read_json
from tests.conftest import write_run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
SCHEMA = Schema((Column("id", "category"), Column("x", "number"), Column("size", "number"), Column("bought", "category")))
PLAIN = Costs(10, -10, -20, 0, currency="EUR")
SIZED = replace(PLAIN, amount="size")
# Of 320 rows 160 have x = 1, and 40 % of them the event; of the others 10 %. Every eighth part of them is alike, so that the
# 80 rows kept aside and both folds have these shares, too. By the table it pays to act above 10 / (10 + 30) = 0.25: where x is 1.
#   x = 1: 40 of 80 kept aside, 16 events: 16 * 10 - 24 * 10 = -80; left alone 16 * -20 = -320
#   x = 0: 40 of 80 kept aside,  4 events:  4 * 10 - 36 * 10 = -320; left alone  4 * -20 = -80
# With an amount of 2 where x is 1, and of 3 otherwise, they count twice and three times.
MONEY = {
    "plain": {"costs": PLAIN, "at": -160 / 80, "none": -400 / 80, "every": -400 / 80, "total": "-160 EUR", "row": "-2 EUR"},
    "sized": {"costs": SIZED, "at": -400 / 80, "none": -880 / 80, "every": -1120 / 80, "total": "-400 EUR", "row": "-5 EUR"},
}


def table() -> pd.DataFrame:
    block = np.arange(320) // 8
    x = (block < 20).astype(float)
    event = np.where(x == 1, block % 20 < 8, block % 20 < 2)
    return pd.DataFrame(
        {
            "id": [f"r{number}" for number in range(320)],
            "x": x,
            "size": np.where(x == 1, 2.0, 3.0),
            "bought": np.where(event, "yes", "no").astype(object),
        }
    )


def stump() -> object:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=1, random_state=0)


def blind() -> object:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior")


@pytest.fixture(scope="module", params=list(MONEY))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict, Registered]:
    """A run in a project without a word about money, for which a cost table is then entered once."""
    told = MONEY[request.param]
    workspace = Workspace(tmp_path_factory.mktemp("money") / "home")
    project = workspace.project(create_project(workspace, "Shop").id)
    config = ExperimentConfig("bought", "binary", "roc_auc", "yes", holdout=0.25, ignored=("size", "id"))
    recipe = Recipe((Step("impute", {}, id="aaaa0001"),))
    folder = project.run("rn261201-aaaaaaaa")
    folder.mkdir(parents=True)
    run = write_run(
        folder, table(), SCHEMA, config, {"stump": (stump, "encoded"), "blind": (blind, "encoded")}, recipe=recipe,
        classes=("no", "yes"),
    )  # fmt: skip
    evaluate_candidate(run, "stump")
    price_run(run, told["costs"])
    replace(run.leaderboard(), recommended="stump").save(run.path / "leaderboard.json")
    registered = create_registered(project, "shop")
    register_candidate(run, "stump", registered, emit=lambda event: None)
    return run, told, registered


@pytest.fixture
def model(case: tuple[Run, dict, Registered]) -> Model:
    return load_model(case[0].model("stump"))


def test_rows_are_ranked_by_it(case: tuple[Run, dict, Registered]) -> None:
    run, told, _ = case
    board = run.leaderboard()
    assert board["stump"].metrics["cost"] == pytest.approx(told["at"])
    assert board["blind"].metrics["cost"] == pytest.approx(told["none"])  # 0.25 for every row, which is not above 0.25
    assert "earns_most" in judge(board).marks["stump"]


def test_the_threshold_is_chosen_by_it(model: Model) -> None:
    assert model.threshold == pytest.approx(0.25)
    assert list(model.predict(pd.DataFrame({"x": [1.0, 0.0]}))["prediction"]) == ["yes", "no"]  # of 40 % and 10 %


def test_scores_report_and_card_tell_it(case: tuple[Run, dict, Registered], tmp_path: Path) -> None:
    run, told, _ = case
    found = Evaluation.from_dict(read_json(run.evaluation("stump")))
    assert found.metrics["cost"].value == pytest.approx(told["at"])
    curve = found.curves["money"]
    assert [curve[name] for name in ("at", "none", "every", "half")] == pytest.approx(
        [told["at"], told["none"], told["every"], told["none"]]
    )
    by_hand = (
        f"By the cost table the decisions for these 80 rows are worth {told['total']}, {told['row']} a row. With a threshold of "
        f"0.5 it would be {told['none']:.0f} EUR. Predicting 'bought' = 'yes' for no row would give {told['none']:.0f} EUR a "
        f"row, for every row {told['every']:.0f} EUR."
    )
    cells = "event found 10 EUR, false alarm -10 EUR, event missed -20 EUR, rightly left alone 0 EUR"
    for page in (write_report(run.path, "stump", tmp_path / "r.html"), write_card(run.path, "stump", tmp_path / "c.html")):
        text = html.unescape(page.read_text(encoding="utf-8"))
        assert by_hand in text and cells in text, page.name
    costs = "tp=10,fp=-10,fn=-20,tn=0" + (",amount=size" if told["costs"].amount else "") + ",currency=EUR"
    assert f"--costs {costs} " in repeat_of(run, run.config).command


def test_one_row_is_told_by_it(case: tuple[Run, dict, Registered], model: Model) -> None:
    """What the two decisions are worth on average: 0.4 * 10 - 0.6 * 10 and 0.4 * -20."""
    sized = case[1]["costs"].amount
    explainer = Explainer(model, draw_background(model.checked(table())[list(model.used)], 0))
    unit = "EUR × 'size'" if sized else "EUR"  # the amount is not learned from, so a form does not ask for it
    assert answer(model, explainer, {"x": 1.0}).worth == (
        f"By the cost table, predicting 'yes' for this row is worth -2 {unit} on average, not predicting it -8 {unit}."
    )


def test_a_file_of_rows_is_told_by_it(case: tuple[Run, dict, Registered], model: Model, tmp_path: Path) -> None:
    run, told, _ = case
    rows = run.holdout()
    rows.drop(columns="bought").to_csv(tmp_path / "new.csv", index=False)
    report = predict_file(model, tmp_path / "new.csv", tmp_path / "out.csv")
    out = pd.read_csv(tmp_path / "out.csv")
    times = rows["size"].to_numpy() if told["costs"].amount else 1.0
    assert out["expected_money"].to_numpy() == pytest.approx(-2.0 * times)  # 0.4 * 10 - 0.6 * 10, and 0.1 * -20
    assert report.notes == (f"By the cost table these decisions are worth {told['total']} in all on average.",)
    predict_file(model, tmp_path / "new.csv", tmp_path / "plain.csv", Options(money=False))
    assert "expected_money" not in pd.read_csv(tmp_path / "plain.csv")


def test_rows_without_an_amount_do_not_count(case: tuple[Run, dict, Registered], model: Model, tmp_path: Path) -> None:
    sized = bool(case[1]["costs"].amount)

    def told(text: str) -> tuple[list[float], tuple[str, ...]]:
        (tmp_path / "new.csv").write_text(text)
        report = predict_file(model, tmp_path / "new.csv", tmp_path / "out.csv")
        return pd.read_csv(tmp_path / "out.csv")["expected_money"].tolist(), report.notes

    worth, notes = told("x,size\n1,2\n1,\n0,3\n")
    assert worth == pytest.approx([-4.0, np.nan, -6.0] if sized else [-2.0] * 3, nan_ok=True)
    missing = " 1 row has no amount in 'size' and does not count." if sized else ""
    total = -10 if sized else -6
    assert notes == (f"By the cost table these decisions are worth {total} EUR in all on average.{missing}",)
    worth, notes = told("x\n1\n0\n")
    assert worth == pytest.approx([np.nan] * 2 if sized else [-2.0] * 2, nan_ok=True)
    assert notes == (
        "What these decisions are worth cannot be told: no row has an amount in 'size'."
        if sized
        else "By the cost table these decisions are worth -4 EUR in all on average.",
    )


def test_a_version_in_use_is_watched_by_it(case: tuple[Run, dict, Registered], tmp_path: Path) -> None:
    run, told, registered = case
    save_settings(registered, Settings(on=True, key="id"))
    rows = run.holdout()
    rows.drop(columns="bought").to_csv(tmp_path / "new.csv", index=False)
    live = load_model(registered.model(1))
    predict_and_log(live, tmp_path / "new.csv", tmp_path / "out.csv", registered, 1)
    add_labels(registered, rows, "id", "bought")
    status = check(registered, drift=lambda model, frame: Seen("nothing", "Fine.", (), {}))[0]
    assert status.total.labelled == 80
    assert status.total.money == pytest.approx(told["at"])
    assert status.currency == "EUR"


@pytest.mark.parametrize("how", ["refit", "anew"])
def test_a_version_that_is_learned_anew_keeps_it(case: tuple[Run, dict, Registered], how: str) -> None:
    run, told, registered = case
    policy = Policy("Nightly", "time", how=how)
    made = _new_run(registered, policy, run, Rows(table(), table(), table(), ""), SCHEMA, "newer rows")
    asked = json.loads((made.path / "request.json").read_text())["params"]["config"]
    assert ExperimentConfig.from_dict(asked).costs == told["costs"]


def test_nothing_is_said_of_money_where_a_rule_sets_all_rows_aside(
    case: tuple[Run, dict, Registered], model: Model, tmp_path: Path
) -> None:
    """Regression: without an amount in the table it said that no row has one in ''."""
    (tmp_path / "new.csv").write_text("x,size\n1,2\n0,3\n")
    rules = rules_to([Rule("range", "x", high=-1.0, action="aside")])
    negative = replace(model, manifest={**model.manifest, "rules": rules})
    report = predict_file(negative, tmp_path / "new.csv", tmp_path / "out.csv")
    assert (report.aside, report.notes) == (2, ())

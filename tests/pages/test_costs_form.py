"""Money and figures of one's own on the pages: asked for, checked as they are typed, submitted, and shown with the results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset, create_dataset
from automl_core.evaluation.evaluate import Score
from automl_core.leaderboard import Leaderboard
from automl_core.workspace import ProjectFolder, new_id, read_json, write_json
from pages.shared.costs_form import RANKS
from tests.pages.conftest import Jobs, assert_clean, open_page, write_evaluation
from tests.pages.test_explain import evaluation

MONEY = {
    "threshold": [0.1, 0.5, 0.9],
    "per_row": [1.0, 0.5, 0.0],
    "at": 1.0,
    "half": 0.5,
    "none": 0.0,
    "every": 0.75,
    "total": 40.0,
    "rows": 40,
    "currency": "EUR",
    "amount": "",
}
COSTS = {
    "true_positive": 10.0,
    "false_positive": -2.0,
    "false_negative": -50.0,
    "true_negative": 0.0,
    "amount": "",
    "currency": "EUR",
}


def form(project: ProjectFolder, table: Dataset) -> tuple[AppTest, str]:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    assert_clean(app)
    return app, f"{table.id}_bought"


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.main.caption]


def fill(app: AppTest, suffix: str, **cells: float) -> AppTest:
    app.toggle(key=f"compare_costs_{suffix}").set_value(True).run()
    for name, value in cells.items():
        app.number_input(key=f"compare_costs_{name}_{suffix}").set_value(value)
    app.run()
    assert_clean(app)
    return app


def test_money_is_not_asked_for_until_it_is_wanted(project: ProjectFolder, table: Dataset) -> None:
    app, suffix = form(project, table)
    assert app.toggle(key=f"compare_costs_{suffix}").value is False
    assert f"compare_costs_true_positive_{suffix}" not in [field.key for field in app.number_input]
    options = app.selectbox(key=f"compare_metric_binary_{suffix}").options
    assert options[0] == "ROC AUC" and "Money per row" not in options


def test_a_cost_table_ranks_and_is_submitted(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, table)
    app.toggle(key=f"compare_costs_{suffix}").set_value(True).run()
    assert any("Fill in the table" in caption for caption in captions(app))
    fill(app, suffix, true_positive=10.0, false_positive=-2.0, false_negative=-50.0)
    assert ":material/info: By this table it pays to predict the event where its probability is above 0.0323." in captions(app)
    assert RANKS in captions(app)
    app.text_input(key=f"compare_costs_currency_{suffix}").set_value("EUR").run()
    metric = app.selectbox(key=f"compare_metric_binary_{suffix}")
    assert metric.value == "roc_auc"
    assert metric.options[0] == "Money per row, EUR"
    metric.set_value("cost").run()
    assert_clean(app)
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["config"]["metric"] == "cost"
    assert params["config"]["costs"] == COSTS
    assert params["config"]["kpi"] is None


def test_a_metric_that_is_taken_back_is_no_longer_chosen(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, table)
    fill(app, suffix, true_positive=10.0, false_positive=-2.0)
    app.selectbox(key=f"compare_metric_binary_{suffix}").set_value("cost").run()
    app.toggle(key=f"compare_costs_{suffix}").set_value(False).run()
    assert_clean(app)
    assert app.selectbox(key=f"compare_metric_binary_{suffix}").value == "roc_auc"
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert (params["config"]["metric"], params["config"]["costs"]) == ("roc_auc", None)


def test_a_table_that_cannot_judge_is_told_at_once_and_stops_the_start(
    project: ProjectFolder, table: Dataset, jobs: Jobs
) -> None:
    app, suffix = form(project, table)
    fill(app, suffix, true_positive=-5.0, false_positive=-2.0)
    said = (
        "In the cost table, for a row with the event the right decision is worth -5 and the wrong one 0. Then not predicting it "
        "is never the worse choice, whatever the model says.\n\n**Make the right decision worth more; losses are negative.**"
    )
    assert [error.value for error in app.main.error] == [said]
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert [error.value for error in app.main.error] == [said, said]
    assert jobs.submitted == []


def test_a_column_multiplies(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, table)
    fill(app, suffix, true_positive=0.1, false_positive=-0.02)
    amount = app.selectbox(key=f"compare_costs_amount_{suffix}")
    assert amount.options == ["Nothing: each row counts the same", "age"]
    amount.set_value("age").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["config"]["costs"]["amount"] == "age"


def test_a_formula_is_checked_as_it_is_typed(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, table)
    field = app.text_area(key=f"compare_kpi_formula_{suffix}")
    field.set_value('share(prediction == "Yes")').run()
    assert_clean(app)
    (error,) = app.main.error
    assert error.value == (
        "The formula is wrong at character 21\\: 'Yes' is no label of the target. Its labels are 'no', 'yes'.\n\n"
        "**Correct the formula.**"
    )
    app.text_area(key=f"compare_kpi_formula_{suffix}").set_value("mean(if(error, -1, [age] / 100))").run()
    assert_clean(app)
    assert not app.main.error
    told = [caption for caption in captions(app) if caption.startswith(":material/check:")]
    assert len(told) == 1
    assert told[0].startswith(":material/check: With perfect predictions it is 0.")
    assert ", with the most frequent label for every row " in told[0]
    assert RANKS in captions(app)
    app.text_input(key=f"compare_kpi_name_{suffix}").set_value("Years").run()
    metric = app.selectbox(key=f"compare_metric_binary_{suffix}")
    assert metric.options[0] == "Years"
    metric.set_value("kpi").run()
    app.selectbox(key=f"compare_kpi_better_{suffix}").set_value(False).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["config"]["metric"] == "kpi"
    assert params["config"]["kpi"] == {
        "name": "Years",
        "formula": "mean(if(error, -1, [age] / 100))",
        "greater_is_better": False,
    }


def test_a_broken_formula_stops_the_start(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, table)
    app.text_area(key=f"compare_kpi_formula_{suffix}").set_value("share(error").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert len(app.main.error) == 2
    assert all(error.value.startswith("The formula ends too early.") for error in app.main.error)
    assert jobs.submitted == []


def test_numbers_have_a_figure_and_no_cost_table(project: ProjectFolder, tmp_path: Path) -> None:
    source = tmp_path / "houses.csv"
    source.write_text("size,price\n" + "".join(f"{row},{row * 3.5 + row % 7}\n" for row in range(60)))
    data = create_dataset(project.dataset(new_id("ds")), source, "houses")
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("price").run()
    assert_clean(app)
    suffix = f"{data.id}_price"
    assert not app.toggle
    app.text_area(key=f"compare_kpi_formula_{suffix}").set_value("mean(abs(error))").run()
    assert_clean(app)
    assert any(
        caption.startswith(":material/check: With perfect predictions it is 0, with the mean") for caption in captions(app)
    )


@pytest.fixture
def priced(run_folder: Path) -> Path:
    """The finished run, ranked by money."""
    request = read_json(run_folder / "request.json")
    request["params"]["config"].update(
        metric="cost", costs=COSTS, kpi={"name": "Own <b>", "formula": "share(error)", "greater_is_better": False}
    )
    write_json(run_folder / "request.json", request)
    board = Leaderboard.load(run_folder / "leaderboard.json").to_dict()
    write_json(run_folder / "leaderboard.json", {**board, "metric": "cost", "label": "Money per row, EUR"})
    return run_folder


def test_the_leaderboard_says_what_it_ranks_by(project: ProjectFolder, priced: Path) -> None:
    app = open_page("compare", project=project.id, run=priced.name)
    choice = app.selectbox(key=f"compare_run_{priced.name}_finished")
    assert choice.options[0].startswith("bought by Money per row, EUR, ")
    (chart,) = app.get("plotly_chart")
    assert "Money per row, EUR (higher is better)" in chart.proto.spec


def test_a_leaderboard_of_an_older_run_has_its_label_too(project: ProjectFolder, priced: Path) -> None:
    board = read_json(priced / "leaderboard.json")
    del board["label"]
    write_json(priced / "leaderboard.json", board)
    app = open_page("compare", project=project.id, run=priced.name)
    assert_clean(app)
    assert "Money per row, EUR (higher is better)" in app.get("plotly_chart")[0].proto.spec


def test_a_run_without_its_table_of_costs_is_called_damaged(project: ProjectFolder, priced: Path) -> None:
    request = read_json(priced / "request.json")
    request["params"]["config"]["costs"] = None
    write_json(priced / "request.json", request)
    app = open_page("compare", project=project.id)
    assert app.selectbox(key=f"compare_run_{priced.name}_finished").options == [f"{priced.name} (damaged)"]


def test_money_and_threshold_stand_beside_the_other_numbers(project: ProjectFolder, priced: Path) -> None:
    judged = evaluation()
    scores = {"cost": Score(1.0, 0.5, 1.5), "kpi": Score(0.25, 0.125, 0.5), **judged.metrics}
    write_evaluation(
        priced,
        "lightgbm",
        {
            **judged.to_dict(),
            "metrics": {name: dict(vars(score)) for name, score in scores.items()},
            "curves": {**judged.curves, "money": MONEY},
            "threshold": 0.25,
            "threshold_reason": "It is so.",
        },
    )
    app = open_page("explain", project=project.id, run=priced.name, model="lightgbm")
    (metric,) = app.main.metric
    assert (metric.label, metric.value, metric.delta) == ("Money per row, EUR on held-out rows", "1", "between 0.5 and 1.5")
    assert list(app.main.dataframe[0].value["Metric"])[:2] == ["Money per row, EUR", "Own <b>"]
    told = captions(app)
    assert ":material/rule: 'bought' = 'yes' is predicted where its probability is above 0.25. It is so." in told
    assert (
        ":material/payments: By the cost table the decisions for these 40 rows are worth 40 EUR, 1 EUR a row. "
        "With a threshold of 0.5 it would be 0.50 EUR. Predicting 'bought' = 'yes' for no row would "
        "give 0 EUR a row, for every row 0.75 EUR."
    ) in told
    app.segmented_control(key="explain_part").set_value("Curves").run()
    assert app.main.subheader[0].value == "Money by threshold"


def test_a_table_is_entered_after_the_run(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    app = open_page("compare", project=project.id)
    key = f"compare_money_{{}}_{run_folder.name}"
    assert any(caption.startswith("Say what decisions are worth") for caption in captions(app))
    app.number_input(key=key.format("true_positive")).set_value(10.0)
    app.number_input(key=key.format("false_negative")).set_value(20.0)
    app.button(key="compare_money_count").click().run()
    assert not jobs.submitted
    assert "the right decision is worth 10 and the wrong one 20" in app.error[0].value
    app.number_input(key=key.format("false_negative")).set_value(-50.0)
    app.number_input(key=key.format("false_positive")).set_value(-2.0)
    app.text_input(key=key.format("currency")).set_value("EUR")
    app.button(key="compare_money_count").click().run()
    assert_clean(app)
    assert [(kind, params) for _, kind, params in jobs.submitted] == [("price", {"run": run_folder.name, "costs": COSTS})]


def test_a_table_that_is_there_is_shown_and_taken_away(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    request = read_json(run_folder / "request.json")
    request["params"]["config"]["costs"] = COSTS
    write_json(run_folder / "request.json", request)
    board = Leaderboard.load(run_folder / "leaderboard.json")
    best = board[board.recommended]
    board.with_candidate(replace(best, metrics={**best.metrics, "cost": 1.25})).save(run_folder / "leaderboard.json")
    app = open_page("compare", project=project.id)
    assert any(caption.startswith("By now: event found 10 EUR, false alarm -2 EUR") for caption in captions(app))
    assert app.number_input(key=f"compare_money_false_negative_{run_folder.name}").value == -50.0
    assert app.dataframe[0].value["Money a row"].iloc[0] == "1.25"
    app.button(key="compare_money_drop").click().run()
    assert_clean(app)
    assert [(kind, params) for _, kind, params in jobs.submitted] == [("price", {"run": run_folder.name, "costs": None})]

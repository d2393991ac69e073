"""How good a model is, part by part, on runs of each task: offered, computed, drawn, beside another model, stored."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.data.tables import write_table
from automl_core.evaluation.judged import judged_folder
from automl_core.evaluation.learning import LearningCurve, Point
from automl_core.events import Failed, append_event
from automl_core.runs import Run, write_request
from automl_core.worker.candidates import evaluate_candidate
from automl_core.worker.judging import compare_groups, decide, find_failing, judge_file
from automl_core.worker.sources import judge_source
from automl_core.workspace import ProjectFolder, new_id, read_json, write_json
from tests.conftest import MakeRun, customers
from tests.pages.conftest import Jobs, assert_clean, open_page
from tests.pages.test_explain import captions, part, subheaders

TASKS = ("binary", "multiclass", "regression")


@pytest.fixture(scope="module")
def judged_runs(make_run: MakeRun) -> dict[str, Path]:
    """One judged run of each task; copied before a page opens it."""
    found = {}
    for task in TASKS:
        run = make_run(task, frame=customers(1200))
        evaluate_candidate(run, "ensemble")
        evaluate_candidate(run, "forest")
        found[task] = run.path
    return found


@pytest.fixture
def run(request: pytest.FixtureRequest, project: ProjectFolder, judged_runs: dict[str, Path]) -> Run:
    """Return a copy of a judged run inside the project."""
    folder = project.run(new_id("rn"))
    shutil.copytree(judged_runs[getattr(request, "param", "binary")], folder, copy_function=shutil.copy2)
    return Run(folder)


def opened(project: ProjectFolder, run: Run, name: str = "Scores") -> AppTest:
    app = open_page("explain", project=project.id, run=run.id, model="ensemble")
    return app if name == "Scores" else part(app, name)


def keys(app: AppTest) -> list[str]:
    return [str(button.key) for button in app.main.button if str(button.key).endswith("_start")]


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_where_it_fails_is_offered_and_then_drawn(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    app = opened(project, run, "Where it fails")
    app.button(key="explain_failing_ensemble_held-out_start").click().run()
    assert_clean(app)
    assert jobs.submitted[0][1:] == ("failing", {"run": run.id, "candidate": "ensemble", "source": "held-out"})
    find_failing(run, "ensemble", "held-out")
    app = opened(project, run, "Where it fails")
    assert subheaders(app) == ["Groups in which it errs most", "Error over two columns", "Rows with the largest errors"]
    assert len(app.main.get("plotly_chart")) == 1
    others = set(app.selectbox(key="explain_heat_down").options)
    assert {column.name for column in run.dataset().schema if column.kind not in ("id", "text")} <= others
    app.selectbox(key="explain_heat_across").set_value(app.selectbox(key="explain_heat_down").value).run()
    assert_clean(app)
    assert [error.value for error in app.main.error] == [
        "Both columns are 'age'. Two different ones are needed.\n\n**Choose another one.**"
    ]


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_fairness_by_a_column(project: ProjectFolder, run: Run) -> None:
    app = opened(project, run, "Fairness")
    app.selectbox(key="explain_fair_column").set_value("city").run()
    assert_clean(app)
    label = "low" if run.config.task == "multiclass" else ""
    compare_groups(run, "ensemble", "held-out", "city", label)
    app.run()
    assert_clean(app)
    table = app.main.dataframe[0].value
    assert sorted(table["Group"]) == ["(missing)", "London", "Paris", "Rome"] or "(missing)" not in list(table["Group"])
    assert "How far apart" in subheaders(app)


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_ranges_are_checked_and_said(project: ProjectFolder, run: Run) -> None:
    app = opened(project, run, "Ranges")
    assert any(text.startswith(":material/verified: Asked for 90 %\\: the truth lay inside for ") for text in captions(app))
    assert len(app.main.dataframe) == 2
    assert len(app.main.get("plotly_chart")) == 1


def test_the_slider_counts_and_the_button_stores(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    app = opened(project, run, "Threshold")
    before = [metric.value for metric in app.main.metric]
    slider = app.slider(key=f"explain_threshold_{run.id}_ensemble")
    assert slider.value == 0.5
    assert app.button(key=f"{slider.key}_store").disabled
    slider.set_value(0.2).run()
    assert_clean(app)
    after = [metric.value for metric in app.main.metric]
    assert sum(map(int, before)) == sum(map(int, after)) == 300
    assert int(after[0]) > int(before[0]) and int(after[2]) > int(before[2])
    store = app.button(key=f"{slider.key}_store")
    assert (store.label, store.disabled) == ("Use 0.200 from now on", False)
    store.click().run()
    assert_clean(app)
    params = {"run": run.id, "candidate": "ensemble", "threshold": 0.2, "reason": "A person chose it."}
    assert jobs.submitted[0][1:] == ("decide", params)
    decide(run, "ensemble", 0.2, "A person chose it.")
    app = opened(project, run, "Threshold")
    assert ":material/rule: 'outcome' = 'left' is predicted where its probability is above 0.2. A person chose it." in captions(
        app
    )


def test_the_best_threshold_by_a_metric_moves_the_slider(project: ProjectFolder, run: Run) -> None:
    app = opened(project, run, "Threshold")
    key = f"explain_threshold_{run.id}_ensemble"
    best = {
        entry["metric"]: entry["threshold"] for entry in read_json(run.judged("ensemble") / "held-out" / "decisions.json")["best"]
    }
    app.selectbox(key=f"{key}_by").set_value("f2").run()
    app.button(key=f"{key}_best").click().run()
    assert_clean(app)
    assert app.slider(key=key).value == best["f2"]


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_two_models_stand_side_by_side_on_every_chart(project: ProjectFolder, run: Run) -> None:
    app = opened(project, run)
    app.selectbox(key=f"explain_beside_{run.id}_ensemble").set_value("forest").run()
    assert_clean(app)
    table = app.main.dataframe[0].value
    assert {"Forest", "Difference", "Better"} <= set(table.columns) and " to " in table["Difference"].iloc[0]
    assert set(table["Better"]) <= {"This one", "The other", "Within chance", ""} and table["Better"].iloc[0]
    assert any("minus that of Forest" in text.value for text in app.main.markdown)
    app = part(app, "Curves")
    app.selectbox(key=f"explain_beside_{run.id}_ensemble").set_value("forest").run()
    assert_clean(app)
    assert len(app.main.get("plotly_chart")) == 2 * len(subheaders(app))


def beside(app: AppTest, run: Run) -> AppTest:
    """Put a second model beside the ensemble."""
    app.selectbox(key=f"explain_beside_{run.id}_ensemble").set_value("forest").run()
    assert_clean(app)
    return app


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_two_models_fail_side_by_side(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    find_failing(run, "ensemble", "held-out")
    app = beside(opened(project, run, "Where it fails"), run)
    start = app.button(key="explain_failing_forest_held-out_start")
    assert start.label == "Find out where it fails: Forest"
    assert len(app.main.get("plotly_chart")) == 1
    start.click().run()
    assert jobs.submitted[0][1:] == ("failing", {"run": run.id, "candidate": "forest", "source": "held-out"})
    find_failing(run, "forest", "held-out")
    app = beside(opened(project, run, "Where it fails"), run)
    one, other = (json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart"))
    cells = [[error for row in made["data"][0]["z"] for error in row if error is not None] for made in (one, other)]
    assert cells[0] != cells[1]
    for made in (one, other):  # the same colour is the same error
        assert (made["data"][0]["zmin"], made["data"][0]["zmax"]) == (min(map(min, cells)), max(map(max, cells)))
    assert captions(app).count("**Ensemble**") == captions(app).count("**Forest**") == 3
    worst = [table.value for table in app.main.dataframe]
    told = [
        [f"{row['row']:,}" for row in read_json(run.judged(name) / "held-out" / "fails.json")["worst"]]
        for name in ("ensemble", "forest")
    ]
    assert [list(table["Row"]) for table in worst] == told


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_the_groups_of_two_models_stand_side_by_side(project: ProjectFolder, run: Run) -> None:
    label = "low" if run.config.task == "multiclass" else ""
    paths = [compare_groups(run, name, "held-out", "city", label) for name in ("ensemble", "forest")]
    app = beside(opened(project, run, "Fairness"), run)
    app.selectbox(key="explain_fair_column").set_value("city").run()
    assert_clean(app)
    one, other = (json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart"))
    assert one["layout"]["xaxis"]["range"] == other["layout"]["xaxis"]["range"]
    for made, path in zip((one, other), paths, strict=True):
        found = read_json(path)
        measure = "selection" if found["label"] else "error"
        shown = next(
            trace for trace in made["data"] if trace["x"] == [group["rates"][measure]["value"] for group in found["groups"]]
        )
        assert max(shown["x"]) < one["layout"]["xaxis"]["range"][1]
    rates, gaps = (table.value for table in app.main.dataframe)  # one table of both, so that no column is cut off
    groups = [group["name"] for group in read_json(paths[0])["groups"]]
    assert list(rates["Group"]) == [name for name in groups for _ in paths]
    assert list(rates["Model"]) == ["Ensemble", "Forest"] * len(groups)
    assert list(gaps["Model"]) == ["Ensemble", "Forest"] * (len(gaps) // 2)


@pytest.mark.parametrize("run", TASKS, indirect=True)
def test_the_ranges_of_two_models_stand_side_by_side(project: ProjectFolder, run: Run) -> None:
    app = beside(opened(project, run, "Ranges"), run)
    made = [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]
    told = [read_json(run.judged(name) / "held-out" / "coverage.json")["held"] for name in ("ensemble", "forest")]
    assert [figure["data"][1]["y"] for figure in made] == [[held["inside"] for held in found] for found in told]
    assert made[0]["layout"]["yaxis"]["range"] == made[1]["layout"]["yaxis"]["range"]
    assert len([text for text in captions(app) if text.startswith(":material/verified: Asked for 90 %")]) == 2
    assert len(app.main.dataframe) == 4


def test_each_of_two_models_has_its_own_slider(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    app = beside(opened(project, run, "Threshold"), run)
    one, other = (f"explain_threshold_{run.id}_{name}" for name in ("ensemble", "forest"))
    before = [metric.value for metric in app.main.metric]
    app.slider(key=other).set_value(0.1).run()
    assert_clean(app)
    after = [metric.value for metric in app.main.metric]
    assert len(after) == 8 and after[:4] == before[:4] and sum(map(int, after[4:])) == 300
    assert int(after[4]) >= int(before[4]) and int(after[6]) > int(before[6])
    assert app.button(key=f"{one}_store").disabled and not app.button(key=f"{other}_store").disabled
    app.button(key=f"{other}_store").click().run()
    params = {"run": run.id, "candidate": "forest", "threshold": 0.1, "reason": "A person chose it."}
    assert jobs.submitted[0][1:] == ("decide", params)


def test_learning_curves_stand_side_by_side_on_one_scale(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    for name, scores in (("ensemble", (0.6, 0.7)), ("forest", (0.5, 0.9))):
        points = (Point(50, 0.5, (scores[0],) * 2, (0.95, 0.95)), Point(100, 1.0, (scores[1],) * 2, (0.95, 0.95)))
        curve = LearningCurve(name, name.title(), "roc_auc", "ROC AUC", True, points)
        write_json(run.judged(name) / "learning.json", curve.to_dict())
    app = beside(opened(project, run, "More rows"), run)
    made = [json.loads(chart.proto.spec) for chart in app.main.get("plotly_chart")]
    assert [figure["data"][0]["y"] for figure in made] == [[0.6, 0.7], [0.5, 0.9]]
    assert made[0]["layout"]["yaxis"]["range"] == made[1]["layout"]["yaxis"]["range"] == pytest.approx([0.482, 0.968])
    assert [list(table.value["Rows not learned from"]) for table in app.main.dataframe] == [["0.6", "0.7"], ["0.5", "0.9"]]


def test_what_there_is_of_the_second_model_alone_bears_its_name(project: ProjectFolder, run: Run) -> None:
    points = (Point(50, 0.5, (0.5,) * 2, (0.95, 0.95)), Point(100, 1.0, (0.9,) * 2, (0.95, 0.95)))
    curve = LearningCurve("forest", "Forest", "roc_auc", "ROC AUC", True, points)
    write_json(run.judged("forest") / "learning.json", curve.to_dict())
    app = beside(opened(project, run, "More rows"), run)
    assert len(app.main.get("plotly_chart")) == 1
    assert "**Forest**" in [caption.value for caption in app.main.caption]


def test_a_second_model_that_was_not_judged_yet_is_offered_by_name(project: ProjectFolder, run: Run) -> None:
    run.evaluation("forest").unlink()
    app = beside(opened(project, run, "Ranges"), run)
    assert app.button(key="explain_evaluate_forest_start").label == "Judge it on the held-out rows: Forest"
    assert len(app.main.get("plotly_chart")) == 1  # the first stays


def test_out_of_fold_rows_and_a_file_are_judged_too(project: ProjectFolder, run: Run, jobs: Jobs, tmp_path: Path) -> None:
    from automl_core.scoring.bundle import load_model
    from automl_core.worker.candidates import bundle

    judge_source(run, "ensemble", "out-of-fold", load_model(bundle(run, "ensemble")))
    path = tmp_path / "new.csv"
    customers(150, seed=7).to_csv(path, index=False)
    source = judge_file(run, "ensemble", path, "new people.csv")
    app = opened(project, run)
    rows = app.selectbox(key=f"explain_rows_{run.id}_ensemble_3")
    assert rows.options == ["Held-out rows", "Out-of-fold rows", "new people.csv"]
    rows.set_value("out-of-fold").run()
    assert_clean(app)
    assert app.main.metric[0].label == "ROC AUC out-of-fold"
    app.selectbox(key=f"explain_rows_{run.id}_ensemble_3").set_value(source).run()
    assert_clean(app)
    assert app.main.metric[0].label == "ROC AUC in the file"
    find_failing(run, "ensemble", source)
    app = part(app, "Where it fails")
    assert len(app.main.get("plotly_chart")) == 1


def test_errors_are_shown_over_columns_that_the_file_has(project: ProjectFolder, run: Run, tmp_path: Path) -> None:
    """Regression: every column of the table was offered, and one that the file lacks took the place of the chart."""
    path = tmp_path / "new.csv"
    customers(150, seed=7).to_csv(path, index=False)
    source = judge_file(run, "ensemble", path, "new people.csv")
    find_failing(run, "ensemble", source)
    stored = judged_folder(run, "ensemble", source) / "table.parquet"
    frame = pd.read_parquet(stored)
    write_table(frame.drop(columns="city"), stored)
    app = opened(project, run)
    app.selectbox(key=f"explain_rows_{run.id}_ensemble_3").set_value(source).run()
    app = part(app, "Where it fails")
    assert_clean(app)
    for name in ("down", "across"):
        assert app.selectbox(key=f"explain_heat_{name}").options == [
            "age",
            "income",
            "member",
            "joined",
            "mail",
            "outcome",
            "level",
            "amount",
        ]
    assert len(app.main.get("plotly_chart")) == 1
    write_table(frame[["age"]], stored)
    app.run()
    assert_clean(app)
    assert "These rows have fewer than two columns to look at." in captions(app)


def test_a_file_that_cannot_judge_says_why(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    folder = project.job(new_id("jb"))
    write_request(folder, "judge", {"run": run.id, "candidate": "ensemble", "file": "x", "name": "new.csv"})
    append_event(folder / "events.jsonl", Failed("Every row has the label 'left'.", "Add rows with other outcomes.", ""))
    jobs.states[folder.name] = "failed"
    app = opened(project, run)
    assert [error.value for error in app.main.error] == ["Every row has the label 'left'.\n\n**Add rows with other outcomes.**"]


def test_more_rows_are_offered(project: ProjectFolder, run: Run, jobs: Jobs) -> None:
    app = opened(project, run, "More rows")
    app.button(key="explain_learning_ensemble_start").click().run()
    assert_clean(app)
    assert jobs.submitted[0][1:] == ("learning", {"run": run.id, "candidate": "ensemble"})


def test_a_deleted_table_is_told_where_it_is_needed(project: ProjectFolder, run: Run) -> None:
    find_failing(run, "ensemble", "held-out")
    shutil.rmtree(run.path / "dataset")
    request = read_json(run.path / "request.json")
    request["params"]["dataset"] = new_id("ds")
    write_json(run.path / "request.json", request)
    app = opened(project, run)
    assert app.main.metric  # scores are there all the same
    app = part(app, "Where it fails")
    (error,) = app.main.error
    assert error.value.startswith(
        f"The table this run learned from ({request['params']['dataset']}) is no longer in the project."
    )
    app = part(app, "Fairness")
    assert len(app.main.error) == 1


def test_an_evaluation_of_an_older_version_can_be_made_anew(project: ProjectFolder, run: Run) -> None:
    shutil.rmtree(run.judged("ensemble"))
    assert keys(opened(project, run, "Threshold"))[0] == "explain_evaluate_ensemble_start"
    assert keys(opened(project, run, "Ranges"))[0] == "explain_evaluate_ensemble_start"
    app = opened(project, run, "Where it fails")
    assert keys(app)[0] == "explain_failing_ensemble_held-out_start"

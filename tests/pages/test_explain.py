"""Inspect: what is on disk is drawn, what is missing is offered, what failed is explained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.evaluation.curves import classification_curves, regression_curves
from automl_core.evaluation.evaluate import Evaluation, Score
from automl_core.events import Event, Failed, Progress
from automl_core.explaining.contributions import Contributions
from automl_core.explaining.importance import Explanation
from automl_core.explaining.shuffling import ColumnImportance
from automl_core.leaderboard import Leaderboard
from automl_core.reporting.contents import CONTENTS
from automl_core.runs import Run, write_request
from automl_core.workspace import ProjectFolder, new_id, read_json, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page, write_evaluation

LABELS = ("no", "yes")
PARTS = ["Scores", "Curves", "Threshold", "Where it fails", "Fairness", "Ranges", "More rows"]
HELD_OUT = "Judged on 40 rows that the search never saw. "


def evaluation(**other: Any) -> Evaluation:
    truth = np.arange(40) % 2
    proba = np.where(np.arange(40) % 5 == 0, 0.4, 0.2 + 0.6 * truth)
    curves, _ = classification_curves(truth, np.column_stack([1 - proba, proba]), LABELS, 0.5)
    scores = {"accuracy": Score(0.9, 0.8, 0.975), "roc_auc": Score(0.81239, 0.75, 0.875), "f1": Score(0.5, None, None)}
    made = Evaluation("binary", 40, "held-out", scores, curves, LABELS, "yes", target="bought", notes=("1 row is left out.",))
    return replace(made, **other)


def explanation(columns: tuple[str, str] = ("age", "city")) -> Explanation:
    shared = Contributions(
        columns,
        ("yes",),
        (0.3,),
        ((0.2, 0.1),),
        ((0.2, -0.1), (-0.2, 0.1)),
        (("30", "Rome"), ("40", "")),
        ((0.5, None), (1.0, None)),
    )
    permutation = (ColumnImportance(columns[0], 0.125, 0.01), ColumnImportance(columns[1], 0.0, 0.0))
    return Explanation("roc_auc", 40, permutation, shared, ("Contributions are those of 2 held-out rows.",))


def inspect(project: ProjectFolder, run_folder: Path) -> AppTest:
    return open_page("explain", project=project.id, run=run_folder.name)


def buttons(app: AppTest) -> dict[str, str]:
    """Return the labels of the page's own buttons, by key."""
    return {button.key: button.label for button in app.main.button if button.key and button.key.startswith("explain_")}


def part(app: AppTest, name: str) -> AppTest:
    """Open one part of how good the model is."""
    app.segmented_control(key="explain_part").set_value(name).run()
    assert_clean(app)
    return app


def captions(app: AppTest) -> list[str]:
    return [caption.value for caption in app.main.caption]


def subheaders(app: AppTest) -> list[str]:
    return [subheader.value for subheader in app.main.subheader]


def change_config(run_folder: Path, **changes: Any) -> None:
    request = read_json(run_folder / "request.json")
    request["params"]["config"].update(changes)
    write_json(run_folder / "request.json", request)


def test_without_a_run_it_says_what_comes_first(project: ProjectFolder) -> None:
    app = open_page("explain", project=project.id)
    assert app.info[0].value == "This project has no model yet. Models come from a comparison."
    assert app.page_link[0].label == "Compare models"


def test_a_run_without_a_scored_model_links_to_the_reason(project: ProjectFolder, run_folder: Path) -> None:
    board = Leaderboard.load(run_folder / "leaderboard.json")
    replace(board, candidates=(board["svm"],), recommended="").save(run_folder / "leaderboard.json")
    app = inspect(project, run_folder)
    assert app.info[0].value == "No model of this run was scored."
    assert app.page_link[0].label == "See why"


def test_what_is_not_there_yet_is_offered(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    app = inspect(project, run_folder)
    assert [tab.label for tab in app.tabs] == ["How good", "What matters", "The whole model", "Download"]
    assert list(app.segmented_control(key="explain_part").options) == PARTS
    assert buttons(app) == {
        "explain_evaluate_lightgbm_start": "Judge it on the held-out rows",
        "explain_explain_lightgbm_start": "Find out what matters",
        "explain_model_lightgbm_start": "Pack the model",
        "explain_edge_lightgbm_start": "Write it as ONNX",
        "explain_report_lightgbm_start": "Write the report",
        "explain_code_lightgbm_start": "Write the script and prove it",
    }
    assert jobs.submitted == []
    assert not app.dataframe


@pytest.mark.parametrize("kind", ["evaluate", "explain", "model", "edge", "code", "report"])
def test_a_button_starts_its_job_once_and_follows_it(
    project: ProjectFolder, run_folder: Path, jobs: Jobs, kind: str, emit: Callable[[Path, Event], None]
) -> None:
    app = inspect(project, run_folder)
    app.button(key=f"explain_{kind}_lightgbm_start").click().run()
    assert_clean(app)
    ((job_id, found, params),) = jobs.submitted
    quick = [name for name in CONTENTS if name not in ("fails", "effects", "learning")]
    more = {"document": "report", "contents": quick, "pdf": False} if kind == "report" else {}
    assert (found, params) == (kind, {"run": run_folder.name, "candidate": "lightgbm", **more})
    assert f"explain_{kind}_lightgbm_start" not in buttons(app)
    assert app.button(key=f"explain_{kind}_lightgbm_stop").label == "Stop"
    # A reload finds the job again.
    jobs.states[job_id] = "running"
    emit(project.job(job_id), Progress(-1.0, "Doing it"))
    again = inspect(project, run_folder)
    assert [bar.text for bar in again.main.get("progress")] == ["Doing it"]
    again.button(key=f"explain_{kind}_lightgbm_stop").click().run()
    assert_clean(again)
    assert jobs.stopped == [job_id]
    assert again.button(key=f"explain_{kind}_lightgbm_start").label == "Try again"


def test_an_evaluation_is_drawn_with_its_own_numbers(project: ProjectFolder, run_folder: Path) -> None:
    write_evaluation(run_folder, "lightgbm", evaluation().to_dict())
    app = inspect(project, run_folder)
    assert any(caption.startswith(HELD_OUT) for caption in captions(app))
    assert ":material/info: 1 row is left out." in captions(app)
    (metric,) = app.main.metric
    assert (metric.label, metric.value, metric.delta) == ("ROC AUC on held-out rows", "0.8124", "between 0.75 and 0.875")
    table = app.main.dataframe[0].value
    assert list(table["Metric"]) == ["ROC AUC", "Accuracy", "F1"]  # the run's metric first
    assert list(table["Held-out"]) == ["0.8124", "0.9", "0.5"]
    assert list(table["From"]) == ["0.75", "0.8", ""]
    assert list(table["To"]) == ["0.875", "0.975", ""]
    assert list(table["Folds"]) == ["0.8123", "0.75", ""]
    app = part(app, "Curves")
    assert subheaders(app) == [
        "Confusion table",
        "ROC curve",
        "Precision and recall",
        "Gain",
        "Lift",
        "Events and others by probability",
        "Calibration",
        "Probabilities by outcome",
    ]
    assert len(app.main.get("plotly_chart")) == 8
    assert "explain_evaluate_lightgbm_start" not in buttons(app)


def test_large_errors_are_written_for_people(project: ProjectFolder, run_folder: Path) -> None:
    """An error of 12,346 was once shown as 1.235e+04."""
    change_config(run_folder, task="regression", metric="rmse", positive="")
    truth = np.arange(30.0)
    curves, _ = regression_curves(truth, truth + 1)
    scores = {"rmse": Score(12345.6, 11000.4, 14000.2), "r2": Score(0.5, 0.25, 0.75)}
    judged = evaluation(task="regression", metrics=scores, curves=curves, classes=(), positive="", notes=())
    write_evaluation(run_folder, "lightgbm", judged.to_dict())
    app = inspect(project, run_folder)
    (metric,) = app.main.metric
    assert (metric.value, metric.delta) == ("12,346", "between 11,000 and 14,000")
    assert list(app.main.dataframe[0].value["Held-out"]) == ["12,346", "0.5"]
    assert subheaders(part(app, "Curves")) == ["Predicted against actual", "Residuals", "Error by size of the value"]


def test_a_metric_that_is_not_defined_has_no_headline(project: ProjectFolder, run_folder: Path) -> None:
    write_evaluation(run_folder, "lightgbm", evaluation(metrics={"accuracy": Score(0.9, 0.8, 1.0)}).to_dict())
    app = inspect(project, run_folder)
    assert not app.main.metric
    assert list(app.main.dataframe[0].value["Metric"]) == ["Accuracy"]


def test_an_explanation_is_drawn_with_its_notes(project: ProjectFolder, run_folder: Path) -> None:
    write_json(run_folder / "explanations" / "lightgbm.json", explanation().to_dict())
    app = inspect(project, run_folder)
    assert subheaders(app) == ["What the score loses without a column", "What each column adds", "Rows one by one"]
    assert len(app.main.get("plotly_chart")) == 3
    assert ":material/info: Contributions are those of 2 held-out rows." in captions(app)
    assert buttons(app)["explain_explain_lightgbm_start"] == "Look closer"  # an older one, without reasons


def test_names_are_shown_letter_by_letter(project: ProjectFolder, run_folder: Path) -> None:
    hostile = "<script>alert(1)</script> *bold* $x$"
    noted = replace(explanation((hostile, "city")), notes=(f"About {hostile}.",))
    write_json(run_folder / "explanations" / "lightgbm.json", noted.to_dict())
    judged = evaluation(notes=(f"No row has the label {hostile!r}.",), target=hostile)
    write_evaluation(run_folder, "lightgbm", judged.to_dict())
    app = inspect(project, run_folder)
    told = [text for text in captions(app) if "alert" in text]
    assert len(told) == 3
    for text in told:
        assert "<script" not in text.replace("\\<", "") and "\\*bold\\*" in text and "\\$x\\$" in text
    for chart in app.main.get("plotly_chart"):
        assert "<script" not in chart.proto.spec


def test_without_held_out_rows_it_says_so_and_still_explains(project: ProjectFolder, run_folder: Path) -> None:
    change_config(run_folder, holdout=0.0)
    app = inspect(project, run_folder)
    assert app.main.info[0].value == (
        "This run learned from every row, so none are left to judge it on. Scores are out-of-fold: each row is judged by a "
        "model that did not learn from it, but the search has seen these scores. Keep rows aside to judge the winner."
    )
    assert app.button(key="explain_evaluate_lightgbm_start").label == "Judge it out-of-fold"
    assert "explain_explain_lightgbm_start" in buttons(app)


def test_a_failed_job_says_why_and_can_be_tried_again(
    project: ProjectFolder, run_folder: Path, jobs: Jobs, emit: Callable[[Path, Event], None]
) -> None:
    folder = project.job(new_id("jb"))
    write_request(folder, "evaluate", {"run": run_folder.name, "candidate": "lightgbm"})
    emit(folder, Failed("The table <b>shop</b> is gone.", "Upload it again.", "ab12cd34"))
    jobs.states[folder.name] = "failed"
    app = inspect(project, run_folder)
    (error,) = app.main.error
    assert error.value == (
        "The table \\<b\\>shop\\</b\\> is gone. The details are in the log under ab12cd34.\n\n**Upload it again.**"
    )
    start = app.button(key="explain_evaluate_lightgbm_start")
    assert start.label == "Try again"
    start.click().run()
    assert_clean(app)
    assert [kind for _, kind, _ in jobs.submitted] == ["evaluate"]
    # The rest of the page is there all the same.
    assert "explain_report_lightgbm_start" in buttons(app)


def test_a_damaged_result_is_told_in_its_place(project: ProjectFolder, run_folder: Path) -> None:
    write_evaluation(run_folder, "lightgbm", evaluation().to_dict() | {"format": 7})
    app = inspect(project, run_folder)
    assert [error.value for error in app.main.error] == ["This evaluation has format 7. This version reads format 1."]
    assert {"explain_explain_lightgbm_start", "explain_report_lightgbm_start"} <= set(buttons(app))


def test_the_report_holds_what_is_ticked(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    run = Run(run_folder)
    write_json(run.learning("lightgbm"), {"format": 1})
    app = inspect(project, run_folder)
    ticked = {name: app.checkbox(key=f"explain_contents_{name}").value for name in CONTENTS}
    assert [name for name, value in ticked.items() if not value] == ["fails", "effects"]  # not found out yet
    for name in CONTENTS:
        app.checkbox(key=f"explain_contents_{name}").set_value(name == "effects")
    app.run()
    assert_clean(app)
    app.button(key="explain_report_lightgbm_start").click().run()
    assert_clean(app)
    asked = {"run": run.id, "candidate": "lightgbm", "document": "report", "contents": ["effects"], "pdf": False}
    assert jobs.submitted[0][1:] == ("report", asked)


def test_a_report_without_a_part_is_not_started(project: ProjectFolder, run_folder: Path) -> None:
    app = inspect(project, run_folder)
    for name in CONTENTS:
        app.checkbox(key=f"explain_contents_{name}").set_value(False)
    app.run()
    assert_clean(app)
    start = app.button(key="explain_report_lightgbm_start")
    assert start.disabled and start.help == "Choose at least one part."


def test_a_card_needs_no_parts(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    app = inspect(project, run_folder)
    app.segmented_control(key="explain_document").set_value("card").run()
    start = app.button(key="explain_report_lightgbm_start")
    assert start.label == "Write the card"
    start.click().run()
    assert_clean(app)
    asked = {"run": run_folder.name, "candidate": "lightgbm", "document": "card", "pdf": False}
    assert jobs.submitted[0][1:] == ("report", asked)


def test_what_is_packed_can_be_downloaded(project: ProjectFolder, run_folder: Path) -> None:
    run = Run(run_folder)
    for path in (run.model("lightgbm"), run.report("lightgbm")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 2**20)
    app = inspect(project, run_folder)
    downloads = {button.proto.label: button.proto.help for button in app.main.get("download_button")}
    assert downloads == {
        "Download the model": "1.0 MB, with a README that shows how to use it.",
        "Download the report": "1.0 MB, opens in every browser.",
    }


def test_another_model_can_be_chosen(project: ProjectFolder, run_folder: Path) -> None:
    write_evaluation(run_folder, "dummy", evaluation().to_dict())
    app = inspect(project, run_folder)
    choice = app.selectbox(key=f"explain_model_{run_folder.name}_lightgbm")
    assert choice.options == ["LightGBM, 0.812 ± 0.015, recommended", "Baseline, 0.5"]
    choice.set_value("dummy").run()
    assert_clean(app)
    assert app.query_params["model"] == "dummy"
    assert any(caption.startswith(HELD_OUT) for caption in captions(app))
    assert "explain_explain_dummy_start" in buttons(app)


def test_the_next_step_is_predict(project: ProjectFolder, run_folder: Path) -> None:
    app = inspect(project, run_folder)
    app.button(key="next_predict").click().run()
    assert_clean(app)
    assert app.title[0].value == "Predict"

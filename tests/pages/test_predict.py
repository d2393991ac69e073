"""The Predict page: a file of rows, what was different about it, one row by a form."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.data.origin import Choice
from automl_core.evaluation.evaluate import Evaluation
from automl_core.events import Failed, Finished, Message, Started
from automl_core.runs import Run
from automl_core.worker.candidates import bundle
from automl_core.workspace import ProjectFolder, new_id, write_json
from pages.predict import predictions_view
from pages.shared import row_form
from tests.conftest import MakeRun
from tests.pages.conftest import Jobs, assert_clean, open_page, two_sheets, write_evaluation

ROWS = b"age,city\n30,Rome\n40,Oslo\n"


def page_of(run: Path):
    return open_page("predict", project=run.parent.parent.name, run=run.name)


def predicted(project: ProjectFolder, run: Path, emit, *, messages: tuple[Message, ...] = ()) -> Path:
    """Write the folder of a prediction as the worker leaves it."""
    folder = project.job(new_id("jb"))
    params = {"run": run.name, "candidate": "lightgbm", "source": "x", "name": "new <b>rows</b>.csv"}
    write_json(folder / "request.json", {"format": 1, "kind": "predict", "params": params})
    for event in (Started(1), *messages, Finished({"rows": 2, "file": "predictions.csv"})):
        emit(folder, event)
    with open(folder / "predictions.csv", "w", newline="") as file:
        csv.writer(file).writerows(
            [["age", "prediction", "probability_no", "probability_yes"], [30, "no", 0.9, 0.1], [40, "yes", 0.2, 0.8]]
        )
    return folder


def test_without_a_run_it_says_where_one_comes_from(project: ProjectFolder) -> None:
    app = open_page("predict", project=project.id)
    assert len(app.info) == 1
    assert_clean(app)


def test_a_file_is_kept_and_handed_to_a_job(run_folder: Path, jobs: Jobs, project: ProjectFolder) -> None:
    app = page_of(run_folder)
    app.file_uploader(key="predict_file_0").upload("new.csv", ROWS).run()
    app.button(key="predict_start").click().run()
    (_, kind, params) = jobs.submitted[-1]
    assert kind == "predict"
    assert (params["run"], params["candidate"], params["name"]) == (run_folder.name, "lightgbm", "new.csv")
    assert Path(params["source"]).read_bytes() == ROWS
    assert Path(params["source"]).is_relative_to(project.path)
    assert_clean(app)


def test_of_several_tables_in_a_file_one_is_asked_for(run_folder: Path, jobs: Jobs) -> None:
    """The largest table of the file was predicted, whichever it was."""
    app = page_of(run_folder)
    content = b"price,shop\n1,a\n2,b\n3,c\n4,d\n\nage,city,n\n30,Rome,1\n40,Oslo,2\n"
    app.file_uploader(key="predict_file_0").upload("new.csv", content).run()
    part = next(box for box in app.selectbox if box.key.startswith("predict_block_"))
    assert part.options == [
        "1, lines 1 to 5: 4 rows of 2 columns (price, shop)",
        "2, lines 7 to 9: 2 rows of 3 columns (age, city, n)",
    ]
    part.set_value(2).run()
    app.button(key="predict_start").click().run()
    assert Choice.from_dict(jobs.submitted[-1][2]["choice"]) == Choice(table=2)
    assert_clean(app)


def test_of_several_sheets_one_is_asked_for(run_folder: Path, jobs: Jobs) -> None:
    app = page_of(run_folder)
    app.file_uploader(key="predict_file_0").upload("new.xlsx", two_sheets(("age", "city"), (30, "Rome"))).run()
    next(box for box in app.selectbox if box.key.startswith("predict_sheet_")).set_value("June").run()
    app.button(key="predict_start").click().run()
    assert Choice.from_dict(jobs.submitted[-1][2]["choice"]) == Choice(sheet="June")
    assert_clean(app)


def test_a_file_that_is_no_table_is_told_before_it_is_predicted(run_folder: Path, jobs: Jobs) -> None:
    app = page_of(run_folder)
    app.file_uploader(key="predict_file_0").upload("new.xlsx", b"PK\x03\x04" + b"\0" * 200).run()
    (error,) = app.error
    assert error.value.startswith("new.xlsx is a damaged zip archive")
    assert jobs.submitted == []


def test_predictions_are_shown_first_with_what_was_different(run_folder: Path, project: ProjectFolder, emit) -> None:
    predicted(project, run_folder, emit, messages=(Message("The column 'x' is not needed.", level="info"),))
    app = page_of(run_folder)
    assert "not needed" in app.info[0].value
    assert list(app.dataframe[0].value["prediction"]) == ["no", "yes"]
    assert list(app.dataframe[0].value.index) == [1, 2], "rows are counted from 1, as on the other pages"
    assert any("\\<b\\>rows" in entry.value for entry in app.markdown), "a file's name is shown letter by letter"
    assert_clean(app)


def test_predicted_values_are_shown_with_the_digits_that_people_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Regression: beside each other stood 17471.49951171875 and 31060.635750468748; and as words 1,000 came before 200."""
    shown: list[tuple[pd.DataFrame, dict[str, Any]]] = []
    monkeypatch.setattr(predictions_view.st, "dataframe", lambda table, **how: shown.append((table, how["column_config"])))
    out = tmp_path / "predictions.csv"
    out.write_text("age,prediction,prediction_low,prediction_high\n19,17471.49951171875,0.123456789,\n20,9000,0.2,\n")
    predictions_view._table(out, "jb", values=True)
    table, config = shown[0]
    assert table["prediction"].sort_values().tolist() == [9000, 17471.49951171875]
    assert list(table.loc[1, ["age", "prediction_low"]]) == ["19", 0.123456789]
    assert pd.isna(table.loc[1, "prediction_high"])
    formats = {name: config[name]["type_config"]["format"] for name in ("prediction", "prediction_low", "prediction_high")}
    assert formats == {"prediction": "%,.1f", "prediction_low": "%,.6f", "prediction_high": "%,.2f"}


def test_a_threshold_that_is_not_one_half_is_told(run_folder: Path, project: ProjectFolder, emit) -> None:
    """Regression: with a cost table "yes" stood beside a probability of 0.1, without a word."""
    predicted(project, run_folder, emit)
    made = Evaluation("binary", 2, "held-out", {}, {}, ("no", "yes"), "yes", target="bought", threshold=0.09)
    for threshold, told in (
        (0.09, [":material/rule: 'bought' = 'yes' is predicted where its probability is above 0.09."]),
        (0.5, []),
    ):
        write_evaluation(run_folder, "lightgbm", replace(made, threshold=threshold).to_dict())
        app = page_of(run_folder)
        assert_clean(app)
        assert [caption.value for caption in app.caption if "is predicted where" in caption.value] == told


def test_a_file_that_does_not_fit_is_explained(run_folder: Path, project: ProjectFolder, emit, jobs: Jobs) -> None:
    folder = predicted(project, run_folder, emit)
    emit(folder, Started(1))
    emit(folder, Failed("The column 'age' is missing.", "Add or rename the columns, then try again."))
    jobs.states[folder.name] = "failed"
    app = page_of(run_folder)
    assert "The column 'age' is missing." in app.error[0].value.replace("\\", "")
    assert "Add or rename the columns" in app.error[0].value
    assert not app.dataframe
    assert_clean(app)


@pytest.fixture
def real_run(make_run: MakeRun, project: ProjectFolder) -> Path:
    """A real finished run inside the project, its model packed."""
    import shutil

    made = make_run("binary", holdout=0.25)
    folder = project.run(new_id("rn"))
    shutil.copytree(made.path, folder)
    board = json.loads((folder / "leaderboard.json").read_text())
    board["recommended"] = "logistic"
    write_json(folder / "leaderboard.json", board)
    bundle(Run(folder), "logistic")
    return folder


@pytest.mark.parametrize(
    ("classes", "threshold", "told"),
    [
        (
            ("no", "yes"),
            0.0909,
            [
                ":material/rule: 'bought' = 'yes' is predicted above a probability of 9.09 %, even where the other outcome is "
                "likelier."
            ],
        ),
        (
            ("no", "yes"),
            0.8,
            [
                ":material/rule: 'bought' = 'yes' is predicted only above a probability of 80 %, not wherever it is the likelier "
                "outcome."
            ],
        ),
        (("no", "yes"), 0.5, []),
        (("no", "yes"), 0.5001, []),  # "only above 50 %, not wherever it is the likelier outcome" contradicts itself
        (("no", "yes"), 0.4999, []),
        (("a", "b", "c"), 0.2, []),
    ],
)
def test_a_row_says_where_its_label_begins(monkeypatch: pytest.MonkeyPatch, classes, threshold: float, told: list[str]) -> None:
    """Regression: with a cost table "1" stood above a probability of 0.3, without a word."""
    said: list[str] = []
    monkeypatch.setattr(row_form.st, "caption", said.append)
    row_form.tell_threshold(SimpleNamespace(classes=classes, target="bought", positive="yes", threshold=threshold))
    assert said == told


def test_one_row_is_predicted_by_a_form(real_run: Path) -> None:
    app = open_page("predict", project=real_run.parent.parent.name, run=real_run.name, model="logistic")
    app.number_input(key="predict_field_age").set_value(70)
    app.selectbox(key="predict_field_city").set_value("Rome")
    next(button for button in app.button if button.label == "Predict this row").click().run()
    assert app.metric[-1].value == "left"
    assert [caption.value for caption in app.caption if "is predicted" in caption.value] == []
    assert_clean(app)
    app.text_input(key="predict_field_joined").set_value("not a date")
    next(button for button in app.button if button.label == "Predict this row").click().run()
    assert "not a date" in app.error[0].value
    assert_clean(app)


def test_a_large_value_of_one_row_is_written_out() -> None:
    """Regression: 17,471 was shown as 1.747e+04."""

    def script() -> None:
        from automl_core.predicting import RowPrediction
        from pages.shared.row_form import _draw_answer
        from tests.evaluation.test_evaluate import model

        _draw_answer(model(), RowPrediction(17471.4995, {}))

    app = AppTest.from_function(script).run()
    assert_clean(app)
    assert (app.metric[0].label, app.metric[0].value) == ("y", "17,471")

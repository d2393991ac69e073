"""The Drift page: new rows handed to a job, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from automl_core.data.dataset import Dataset, create_dataset
from automl_core.data.origin import Choice
from automl_core.drift.report import Chunk, ColumnDrift, DriftReport, Estimate, JointDrift, Picture
from automl_core.events import Failed, Finished, Started
from automl_core.runs import Run
from automl_core.schema import Column, Schema
from automl_core.workspace import ProjectFolder, new_id, write_json
from tests.pages.conftest import TABLE, Jobs, assert_clean, open_page, two_sheets

REPORT = DriftReport(
    "act", "Something should be done. 'age' moved, and the model depends on it.", 300, 1000, "frozen",
    columns=(
        ColumnDrift(
            "age", "number", "ks", 0.001, 0.05, True, 0.3, 0.1, 0.25, 1.0, "act", "'age': 30 % of the rows moved.",
            picture=Picture(("1", "2"), (0.5, 0.5), (0.2, 0.8)),
        ),
        ColumnDrift("city", "category", "z", 0.5, 0.05, False, 0.01, 0.1, 0.0, 0.4, "nothing", "'city' looks as before."),
    ),
    prediction=(ColumnDrift("Probability of yes", "prediction", "ks", 0.5, 0.05, picture=Picture(("0",), (1.0,), (1.0,))),),
    joint=JointDrift(0.8, 0.55, (("age", 0.2),), sentence="A classifier tells old rows from new ones."),
    performance=(Estimate("roc_auc", "ROC AUC", True, 0.8, 0.7, 0.68, 0.72, verdict="act"),),
    chunks=(Chunk("2024-01", 150, "nothing", 0, {"age": 0.0}, {"roc_auc": 0.8}), Chunk("2024-02", 150, "act", 1, {"age": 0.3})),
    notes=("The model does not know 'x'.",),
    name="new <b>rows</b>.csv",
)  # fmt: skip


def page_of(run: Path):
    return open_page("drift", project=run.parent.parent.name, run=run.name)


def checked(project: ProjectFolder, run: Path, emit, report: DriftReport | None = REPORT) -> Path:
    """Write the folder of a comparison as the worker leaves it."""
    folder = project.job(new_id("jb"))
    params = {"run": run.name, "candidate": "lightgbm", "source": "x", "name": "new <b>rows</b>.csv"}
    write_json(folder / "request.json", {"format": 1, "kind": "drift", "params": params})
    emit(folder, Started(1))
    if report is not None:
        write_json(folder / "drift.json", report.to_dict())
        emit(folder, Finished({"file": "drift.json"}))
    return folder


def second_table(project: ProjectFolder, tmp_path: Path, text: str = TABLE) -> Dataset:
    source = tmp_path / "May.csv"
    source.write_text(text, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "May")


def test_without_a_table_it_says_where_one_comes_from(project: ProjectFolder) -> None:
    app = open_page("drift", project=project.id)
    assert [entry.value for entry in app.info] == [
        "This project has no table yet. New rows are compared with a table or a model."
    ]
    assert_clean(app)


def test_two_tables_are_compared_without_any_model(project: ProjectFolder, table, jobs: Jobs, tmp_path: Path) -> None:
    """The page stopped and asked for a model."""
    new = second_table(project, tmp_path)
    app = open_page("drift", project=project.id)
    assert "There is no model here yet, so tables are compared." in app.info[0].value
    app.segmented_control(key="drift_where").set_value("A table of this project").run()
    assert app.selectbox(key="drift_table").options == ["May", "customers"]
    assert app.selectbox(key="drift_old").options == ["customers"], "a table is not compared with itself"
    app.multiselect(key="drift_own").set_value(["age"]).run()
    app.button(key="drift_start").click().run()
    (_, kind, params) = jobs.submitted[-1]
    assert (kind, params["table"], params["dataset"], params["name"]) == ("drift", table.id, new.id, "May")
    assert "run" not in params
    assert_clean(app)


def test_one_table_alone_is_compared_with_nothing_but_a_file(project: ProjectFolder, table, jobs: Jobs) -> None:
    app = open_page("drift", project=project.id)
    app.segmented_control(key="drift_where").set_value("A table of this project").run()
    assert app.button(key="drift_start").disabled
    assert any("There is no other table to compare it with." in entry.value for entry in app.caption)
    assert_clean(app)


def test_a_file_is_compared_with_a_table_without_any_model(project: ProjectFolder, table, jobs: Jobs) -> None:
    app = open_page("drift", project=project.id)
    app.file_uploader(key="drift_file_0").upload("new.csv", b"age,city\n30,Rome\n").run()
    app.button(key="drift_start").click().run()
    (_, kind, params) = jobs.submitted[-1]
    assert (kind, params["table"], params["against"], params["name"]) == ("drift", table.id, "customers", "new.csv")
    assert_clean(app)


def test_a_comparison_of_two_tables_is_there_before_and_after_a_model(
    project: ProjectFolder, table, tmp_path: Path, emit, request
) -> None:
    folder = project.job(new_id("jb"))
    params = {"table": table.id, "against": "customers", "dataset": table.id, "name": "May"}
    write_json(folder / "request.json", {"format": 1, "kind": "drift", "params": params})
    emit(folder, Started(1))
    write_json(folder / "drift.json", replace(REPORT, mode="exact").to_dict())
    emit(folder, Finished({"file": "drift.json"}))
    app = open_page("drift", project=project.id)
    assert app.error[0].value.startswith("Something should be done.")
    assert any("rows of the old table, judged by what moved beyond chance; every column" in entry.value for entry in app.caption)
    assert not any("Importance" in frame.value.columns for frame in app.dataframe)
    assert_clean(app)
    app = page_of(request.getfixturevalue("run_folder"))
    assert app.error[0].value.startswith("Something should be done.")
    assert_clean(app)


def test_a_run_without_a_model_does_not_hinder_the_comparison_of_tables(run_folder: Path) -> None:
    (run_folder / "leaderboard.json").unlink()
    app = page_of(run_folder)
    assert "There is no model here yet" in app.info[0].value
    assert_clean(app)


def test_a_file_is_kept_and_handed_to_a_job(run_folder: Path, jobs: Jobs, project: ProjectFolder) -> None:
    app = page_of(run_folder)
    assert app.button(key="drift_start").disabled
    app.file_uploader(key="drift_file_0").upload("new.csv", b"age,city\n30,Rome\n").run()
    app.button(key="drift_start").click().run()
    (_, kind, params) = jobs.submitted[-1]
    assert (kind, params["run"], params["candidate"], params["name"]) == ("drift", run_folder.name, "lightgbm", "new.csv")
    assert params["settings"] == {"rule": "effect", "method": "", "chunk": ""}
    assert Path(params["source"]).is_relative_to(project.path)
    assert_clean(app)


def test_of_several_sheets_one_is_asked_for(run_folder: Path, jobs: Jobs) -> None:
    app = page_of(run_folder)
    app.file_uploader(key="drift_file_0").upload("new.xlsx", two_sheets(("age", "city"), (30, "Rome"))).run()
    next(box for box in app.selectbox if box.key.startswith("drift_sheet_")).set_value("June").run()
    app.button(key="drift_start").click().run()
    assert Choice.from_dict(jobs.submitted[-1][2]["choice"]) == Choice(sheet="June")
    assert_clean(app)


def test_a_file_that_is_no_table_is_told_before_it_is_compared(run_folder: Path, jobs: Jobs) -> None:
    app = page_of(run_folder)
    app.file_uploader(key="drift_file_0").upload("new.xlsx", b"PK\x03\x04" + b"\0" * 200).run()
    (error,) = app.error
    assert error.value.startswith("new.xlsx is a damaged zip archive")
    assert jobs.submitted == []


def test_a_table_of_the_project_is_compared(run_folder: Path, jobs: Jobs, table) -> None:
    app = page_of(run_folder)
    app.segmented_control(key="drift_where").set_value("A table of this project").run()
    app.button(key="drift_start").click().run()
    assert (jobs.submitted[-1][2]["dataset"], jobs.submitted[-1][2]["name"]) == (table.id, "customers")
    assert_clean(app)


def test_two_tables_of_the_project_are_compared(
    run_folder: Path, jobs: Jobs, table, project: ProjectFolder, tmp_path: Path
) -> None:
    second_table(project, tmp_path)
    app = page_of(run_folder)
    app.segmented_control(key="drift_where").set_value("A table of this project").run()
    app.segmented_control(key="drift_against").set_value("A table of this project").run()
    app.selectbox(key="drift_table").set_value(table.id).run()
    assert app.selectbox(key="drift_old").options == ["May"]
    app.button(key="drift_start").click().run()
    (_, kind, params) = jobs.submitted[-1]
    assert (kind, params["against"], params["dataset"]) == ("drift", "May", table.id)
    assert_clean(app)


def test_of_several_dates_one_is_chosen_for_the_time_line(run_folder: Path, jobs: Jobs, monkeypatch) -> None:
    schema = Schema((Column("ordered", "date"), Column("age", "number"), Column("paid", "date")))
    monkeypatch.setattr(Run, "dataset", lambda self: SimpleNamespace(schema=schema))
    app = page_of(run_folder)
    app.selectbox(key="drift_chunk").set_value("M").run()
    assert app.selectbox(key="drift_date_True").options == ["ordered", "paid"]
    app.selectbox(key="drift_date_True").set_value("paid").run()
    app.file_uploader(key="drift_file_0").upload("new.csv", b"age,paid\n30,2024-01-01\n").run()
    app.button(key="drift_start").click().run()
    assert jobs.submitted[-1][2]["settings"] == {"rule": "effect", "method": "", "chunk": "M", "date": "paid"}
    assert_clean(app)


def test_the_dates_and_columns_are_those_of_the_old_table(
    run_folder: Path, jobs: Jobs, project: ProjectFolder, tmp_path: Path
) -> None:
    """They were those of the run's table, also where another one was compared."""
    days = "".join(f"2024-01-{day:02},{day % 9}.5\n" for day in range(1, 29))
    second_table(project, tmp_path, f"paid,amount\n{days}")
    app = page_of(run_folder)
    app.selectbox(key="drift_chunk").set_value("W").run()
    assert any("No column of dates is known." in entry.value for entry in app.caption)
    app.segmented_control(key="drift_against").set_value("A table of this project").run()
    assert app.selectbox(key="drift_old").value == project.list("datasets")[0]
    assert app.selectbox(key="drift_date_True").options == ["paid"]
    assert app.multiselect(key="drift_own").options == ["paid", "amount"]
    assert_clean(app)


def test_a_column_gets_a_method_of_its_own(run_folder: Path, jobs: Jobs, table) -> None:
    app = page_of(run_folder)
    app.segmented_control(key="drift_where").set_value("A table of this project").run()
    app.multiselect(key="drift_own").set_value(["age", "city"]).run()
    both = ["Jensen-Shannon", "PSI", "Hellinger"]
    assert app.selectbox(key="drift_own_age").options == ["Kolmogorov-Smirnov", "Wasserstein", *both]
    assert app.selectbox(key="drift_own_city").options == ["Chi-square", "Z-test", *both]
    app.selectbox(key="drift_own_age").set_value("psi").run()
    app.selectbox(key="drift_own_city").set_value("chisquare").run()
    app.button(key="drift_start").click().run()
    assert jobs.submitted[-1][2]["settings"]["methods"] == {"age": "psi", "city": "chisquare"}
    assert_clean(app)


def test_the_report_is_shown_summary_first(run_folder: Path, project: ProjectFolder, emit) -> None:
    folder = checked(project, run_folder, emit)
    app = page_of(run_folder)
    assert app.error[0].value == "Something should be done. 'age' moved, and the model depends on it."
    assert [entry.value for entry in app.subheader] == [
        "What the model makes of it",
        "Over time",
        "Columns",
        "All columns together",
    ]
    assert any("\\<b\\>rows" in entry.value for entry in app.caption), "a file's name is shown letter by letter"
    assert list(app.dataframe[1].value["Column"]) == ["age", "city"]
    app.segmented_control(key=f"drift_{folder.name}_line").set_value("ROC AUC").run()
    assert_clean(app)


def test_a_comparison_that_failed_says_why(run_folder: Path, project: ProjectFolder, emit, jobs: Jobs) -> None:
    folder = checked(project, run_folder, emit, None)
    emit(folder, Failed("The new table has 3 rows.", "Wait for more rows, or put several files together."))
    jobs.states[folder.name] = "failed"
    app = page_of(run_folder)
    assert "The new table has 3 rows." in app.error[0].value
    assert_clean(app)

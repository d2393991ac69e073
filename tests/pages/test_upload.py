"""Upload: a good file, bad files, kinds, another dialect."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset, create_dataset, load_dataset
from automl_core.errors import LimitError
from automl_core.events import Failed, append_event
from automl_core.projects import create_project
from automl_core.workspace import ProjectFolder, Workspace, new_id, read_json
from pages.shared.layout import days
from tests.pages.conftest import TABLE, Jobs, assert_clean, open_page


def upload(app: AppTest, name: str, content: bytes, turn: int = 0) -> AppTest:
    app.file_uploader(key=f"upload_file_{turn}").upload(name, content)
    app.run()
    assert_clean(app)
    return app


def test_a_file_makes_a_project_of_its_name(workspace: Workspace) -> None:
    app = upload(open_page("upload"), "customers.csv", TABLE.encode())
    (project_id,) = workspace.project_ids()
    assert read_json(workspace.project(project_id).meta)["name"] == "customers"
    assert app.success[0].value == "customers was read: 60 rows and 3 columns."
    assert {metric.label: metric.value for metric in app.metric} == {
        "Rows": "60",
        "Columns": "3",
        "Encoding": "utf-8",
        "Delimiter": "comma",
        "Header": "1 line",
    }
    assert app.query_params["project"] == project_id
    assert not list(workspace.root.glob(".upload-*"))


@pytest.mark.parametrize(
    ("name", "content", "needle"),
    [
        ("empty.csv", b"", "empty.csv"),
        ("book.csv", b"PK\x03\x04" + b"\0" * 200, "a damaged zip archive"),
        ("header.csv", b"a,b,c\n", "header.csv"),
        ("noise.csv", bytes(range(256)) * 20, "noise.csv"),
    ],
)
def test_a_bad_file_is_explained_and_nothing_is_lost(
    workspace: Workspace, project: ProjectFolder, table: Dataset, name: str, content: bytes, needle: str
) -> None:
    app = upload(open_page("upload", project=project.id, dataset=table.id), name, content)
    assert needle in app.error[0].value.replace("\\", "")
    assert "upload.csv" not in app.error[0].value
    assert project.list("datasets") == [table.id]
    app.run()
    assert len(app.error) == 1
    assert workspace.project_ids() == [project.id]


def test_a_bad_first_file_leaves_no_project(workspace: Workspace) -> None:
    app = upload(open_page("upload"), "empty.csv", b"")
    assert app.error
    assert workspace.project_ids() == []


def test_another_kind_reads_the_file_again(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    key = f"upload_kinds_{table.fingerprint[:12]}"
    app.session_state[key] = {"edited_rows": {0: {"Kind": "category"}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert_clean(app)
    assert load_dataset(table.folder).schema["age"].kind == "category"
    assert load_dataset(table.folder).schema["age"].overruled
    assert app.success[0].value == "The file was read again as you chose."


def test_a_guess_about_dates_is_overruled_in_the_table_of_columns(project: ProjectFolder, tmp_path: Path) -> None:
    source = tmp_path / "days.csv"
    source.write_text("day,x\n" + "".join(f"0{row % 9 + 1}/02/2024,{row}.5\n" for row in range(30)))
    data = create_dataset(project.dataset(new_id("ds")), source, "days")
    app = open_page("upload", project=project.id, dataset=data.id)
    columns = next(table.value for table in app.dataframe if "Written" in table.value)
    assert columns["Written"].tolist() == ["month first", "decimal point"]
    key = f"upload_kinds_{data.fingerprint[:12]}"
    app.session_state[key] = {"edited_rows": {0: {"Written": "decimal comma"}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert "It can be read day first or month first." in app.error[0].value
    app.session_state[key] = {"edited_rows": {0: {"Written": "day first"}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert_clean(app)
    assert load_dataset(data.folder).frame()["day"].iloc[0].isoformat() == "2024-02-01T00:00:00"


def test_values_that_their_file_typed_offer_no_way_of_writing(project: ProjectFolder, tmp_path: Path) -> None:
    source = tmp_path / "prices.parquet"
    pd.DataFrame({"price": [1.5, 2.25] * 20, "told": ["1,5", "2,25"] * 20}).to_parquet(source)
    data = create_dataset(project.dataset(new_id("ds")), source, "prices")
    app = open_page("upload", project=project.id, dataset=data.id)
    columns = next(table.value for table in app.dataframe if "Written" in table.value)
    assert columns["Written"].tolist() == ["–", "decimal comma"]
    key = f"upload_kinds_{data.fingerprint[:12]}"
    app.session_state[key] = {"edited_rows": {0: {"Written": "decimal comma"}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert "Its file holds values, not text, so there is only one way to read them." in app.error[0].value
    assert load_dataset(data.folder).schema == data.schema


def test_another_delimiter_reads_the_file_again(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    app.selectbox(key="upload_delimiter").set_value(";")
    next(button for button in app.button if button.label == "Read again").click().run()
    assert_clean(app)
    assert load_dataset(table.folder).schema.names == ["age,city,bought"]


def test_a_file_that_cannot_be_read_can_be_read_another_way(workspace: Workspace) -> None:
    """Regression: the message asked for another delimiter, and there was no place to choose one."""
    app = upload(open_page("upload"), "places.csv", b"Rome,Oslo,Lima\n")
    assert app.error[0].value.startswith("places.csv has column names but no rows that can be read.")
    assert not workspace.project_ids()
    app.number_input(key="upload_failed_0_header").set_value(0)
    app.button(key="FormSubmitter:upload_failed_0-Read it this way").click().run()
    assert_clean(app)
    assert app.success[0].value == "places was read: 1 row and 3 columns."
    (project_id,) = workspace.project_ids()
    (dataset_id,) = workspace.project(project_id).list("datasets")
    data = load_dataset(workspace.project(project_id).dataset(dataset_id))
    assert data.frame().to_numpy().tolist() == [["Rome", "Oslo", "Lima"]]


def test_no_other_way_is_offered_for_what_is_no_text(workspace: Workspace) -> None:
    app = upload(open_page("upload"), "picture.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    assert app.error[0].value.startswith("picture.csv is a PNG picture, whatever its name says.")
    assert "Read it another way" not in [entry.label for entry in app.expander]


def test_refused_rows_are_counted_and_can_be_downloaded(project: ProjectFolder) -> None:
    app = open_page("upload", project=project.id)
    rows = "".join(f"{number},b{number},c\n" for number in range(30))
    upload(app, "ragged.csv", ("id,b,c\n" + rows + "1,2,3,4,5,6,7,8,9\n").encode())
    (dataset_id,) = project.list("datasets")
    refused = load_dataset(project.dataset(dataset_id)).report.refused
    assert [warning.value for warning in app.warning] == (
        [f"{len(refused)} row could not be read and is not part of the table."] if refused else []
    )
    assert app.metric[0].value == str(31 - len(refused))


def test_lines_around_the_table_are_shown_and_are_no_rows_that_failed(project: ProjectFolder) -> None:
    """A note below the table was announced as a row that could not be read, and lines above it were not shown."""
    app = open_page("upload", project=project.id)
    rows = "".join(f"{number},b{number},c\n" for number in range(30))
    upload(app, "noted.csv", f"Sales of the year\n\nid,b,c\n{rows}\nSource: the office\n".encode())
    assert [warning.value for warning in app.warning] == []
    around = next(table.value for table in app.dataframe if "Where" in table.value)
    assert around.to_numpy().tolist() == [[1, "above", "Sales of the year"], [35, "below", "Source: the office"]]
    assert app.metric[0].value == "30"


def test_dates_at_midnight_are_days_and_others_keep_their_times() -> None:
    frame = pd.DataFrame(
        {"day": pd.to_datetime(["2024-01-01", None]), "at": pd.to_datetime(["2024-01-01", "2024-01-01 10:00"], format="ISO8601")}
    )
    assert list(days(frame)) == ["day"]


def test_a_table_that_a_run_learned_from_is_copied_before_it_is_changed(
    run_folder, project: ProjectFolder, table: Dataset
) -> None:
    """Regression: reading the file another way changed the table under its finished runs."""
    from automl_core.data.rereading import change_kind
    from pages.shared import dialect_form, state

    open_page("upload", project=project.id, dataset=table.id)
    state_before = load_dataset(table.folder).fingerprint
    chosen: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "get", lambda name: project.id if name == "project" else "")
        patch.setattr(state, "choose", lambda **ids: chosen.update(ids))
        copy = dialect_form.spare(table)
    assert copy.id != table.id and chosen == {"dataset": copy.id}
    changed = change_kind(copy, "age", "category")
    assert changed.folder == copy.folder and changed.fingerprint != state_before
    assert load_dataset(table.folder).fingerprint == state_before


def workbook() -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content)
    for name, rows in (("Prices", [["item", "price"], ["a", 1], ["b", 2]]), ("Shops", [["shop"], ["x"], ["y"], ["z"]])):
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return content.getvalue()


def opened(app: AppTest, workspace: Workspace) -> Dataset:
    return load_dataset(workspace.project(app.query_params["project"]).dataset(app.query_params["dataset"]))


def test_a_workbook_is_read_and_another_sheet_takes_its_place(workspace: Workspace) -> None:
    app = upload(open_page("upload"), "book.xlsx", workbook())
    data = opened(app, workspace)
    assert data.schema.names == ["item", "price"]
    assert {metric.label: metric.value for metric in app.metric}["Format"] == "Workbook"
    app.selectbox(key=f"upload_sheet_{data.id}_{data.fingerprint[:8]}").set_value("Shops").run()
    assert_clean(app)
    assert opened(app, workspace).schema.names == ["shop"]
    assert app.success[0].value == "Another part of the file was read: 3 rows and 1 columns."


def test_other_words_for_missing_read_the_file_again(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    app.multiselect(key=f"upload_null_words_{table.id}_{table.fingerprint[:8]}").set_value(["NA"])
    next(button for button in app.button if button.label == "Read again with these words").click().run()
    assert_clean(app)
    assert load_dataset(table.folder).report.null_words == ("", "NA")


def test_a_file_of_the_server_is_read_only_below_an_open_folder(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    captions = [entry.value for entry in open_page("upload").caption]
    assert any(said.startswith("No folder of this server is open for reading.") for said in captions)
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "shop.csv").write_text(TABLE)
    monkeypatch.setenv("AUTOML_DATA_FOLDERS", str(folder))
    app = open_page("upload")
    app.selectbox(key="upload_server_file").set_value(str(folder / "shop.csv")).run()
    app.button(key="upload_server_read").click().run()
    assert_clean(app)
    assert opened(app, workspace).rows == 60


def test_rows_of_a_database_are_read_and_the_password_is_forgotten(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUTOML_DATA_FOLDERS", str(tmp_path))
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (n INTEGER, word TEXT)")
        database.executemany("INSERT INTO orders VALUES (?, ?)", [(1, "a"), (2, "b")])
    database.close()
    app = open_page("upload")
    app.text_input(key="upload_database_address").set_value(f"sqlite:///{tmp_path}/shop.db")
    app.text_input(key="upload_database_password").set_value("hunter2")
    app.text_area(key="upload_database_sql").set_value("DELETE FROM orders")
    next(button for button in app.button if button.label == "Read the rows").click().run()
    assert "The statement begins with 'DELETE'." in app.error[0].value
    assert workspace.project_ids() == []
    app.text_area(key="upload_database_sql").set_value("SELECT * FROM orders")
    next(button for button in app.button if button.label == "Read the rows").click().run()
    assert_clean(app)
    assert opened(app, workspace).rows == 2
    assert not any(b"hunter2" in path.read_bytes() for path in workspace.root.rglob("*") if path.is_file())


def test_a_large_file_is_read_in_the_background(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> None:
    monkeypatch.setattr("pages.shared.intake.LARGE", 100)
    app = upload(open_page("upload"), "big.csv", TABLE.encode())
    (job_id, kind, params), *_ = jobs.submitted
    project = workspace.project(app.query_params["project"])
    assert (kind, params["file"], params["fresh"]) == ("read", "big.csv", True)
    assert any("Reading big" in entry.value for entry in app.markdown)
    create_dataset(project.dataset(params["into"]), Path(params["source"]), params["name"])
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    assert app.query_params["dataset"] == params["into"]
    assert app.success[0].value == "big was read: 60 rows and 3 columns."


@pytest.mark.parametrize("given", [True, False], ids=["a project is open", "none is"])
def test_a_large_file_whose_job_is_refused_leaves_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, given: bool
) -> None:
    """Regression: the upload stayed in the project, where nothing would have removed it."""
    monkeypatch.setattr("pages.shared.intake.LARGE", 100)

    def refuse(*args: object, **more: object) -> str:
        raise LimitError("2 jobs of you wait or work.", "One person may have 2 at a time.", "Wait until one ends.")

    monkeypatch.setattr("automl_core.jobs.control.submit", refuse)
    project = create_project(workspace, "Mine") if given else None
    app = upload(open_page("upload", **({"project": project.id} if project else {})), "big.csv", TABLE.encode())
    assert "2 jobs of you wait or work." in app.error[0].value
    assert workspace.project_ids() == ([project.id] if project else [])
    assert not list(workspace.root.glob("projects/*/uploads/*"))


def test_a_large_file_that_is_no_table_leaves_no_project(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, jobs: Jobs
) -> None:
    monkeypatch.setattr("pages.shared.intake.LARGE", 100)
    app = upload(open_page("upload"), "big.csv", b"%PDF" + b"x" * 200)
    job_id = jobs.submitted[0][0]
    folder = workspace.project(app.query_params["project"]).job(job_id)
    append_event(folder / "events.jsonl", Failed("big.csv is a PDF document.", action="Export the table it shows as CSV."))
    jobs.states[job_id] = "failed"
    app.run()
    assert "is a PDF document" in app.error[0].value
    assert workspace.project_ids() == []


@pytest.fixture
def background(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, jobs: Jobs) -> Callable[[AppTest], None]:
    """Make every file a large one, and return what does the work that a page has asked for last."""
    from automl_core.jobs import runner

    for limit in ("pages.shared.intake.LARGE", "automl_core.data.dataset.FAST_BYTES", "automl_core.data.reading.FAST_BYTES"):
        monkeypatch.setattr(limit, 10)
    monkeypatch.setattr(runner.signal, "signal", lambda *what: None)

    def work(app: AppTest) -> None:
        job_id = jobs.submitted[-1][0]
        folder = workspace.project(app.query_params["project"]).job(job_id)
        code = runner.run_job(folder)
        (folder / "worker.json").unlink()  # its process has ended
        jobs.states[job_id] = "finished" if code == 0 else "failed"
        app.run()
        assert_clean(app)

    return work


def test_a_large_file_that_cannot_be_read_can_be_read_another_way(
    workspace: Workspace, jobs: Jobs, background: Callable[[AppTest], None]
) -> None:
    """Regression: the message was all there was; the upload was gone, and so was the project."""
    app = upload(open_page("upload"), "places.csv", b"Rome,Oslo,Lima\n")
    background(app)
    assert app.error[0].value.startswith("places.csv has column names but no rows that can be read.")
    assert [entry.value for entry in app.markdown if "places.csv" in entry.value] == ["File places.csv"]
    (project_id,) = workspace.project_ids()
    reload = open_page("upload", project=project_id)
    assert reload.error[0].value == app.error[0].value
    form = f"upload_failed_{jobs.submitted[-1][0]}"
    reload.number_input(key=f"{form}_header").set_value(0)
    reload.button(key=f"FormSubmitter:{form}-Read it this way").click().run()
    assert_clean(reload)
    assert (len(jobs.submitted), jobs.submitted[-1][2]["choice"]["dialect"]["header_rows"]) == (2, 0)
    background(reload)
    assert reload.success[0].value == "places was read: 1 row and 3 columns."
    (dataset_id,) = workspace.project(project_id).list("datasets")
    data = load_dataset(workspace.project(project_id).dataset(dataset_id))
    assert data.frame().to_numpy().tolist() == [["Rome", "Oslo", "Lima"]]
    assert not list(workspace.root.glob("projects/*/uploads/*"))


def test_a_large_file_that_cannot_be_read_can_be_left_out(workspace: Workspace, background: Callable[[AppTest], None]) -> None:
    app = upload(open_page("upload"), "places.csv", b"Rome,Oslo,Lima\n")
    background(app)
    next(button for button in app.button if button.label == "Leave this file out").click().run()
    assert_clean(app)
    assert workspace.project_ids() == []
    assert [entry.label for entry in app.file_uploader] == ["Your table"]
    assert any(entry.value.startswith("CSV or other text, Excel, OpenDocument") for entry in app.caption)


def test_a_large_table_is_read_again_in_the_background(
    project: ProjectFolder, table: Dataset, jobs: Jobs, background: Callable[[AppTest], None]
) -> None:
    app = open_page("upload", project=project.id, dataset=table.id)
    app.selectbox(key="upload_delimiter").set_value("")
    next(button for button in app.button if button.label == "Read again").click().run()
    assert_clean(app)
    assert any("Reading customers" in entry.value for entry in app.markdown)
    background(app)
    assert app.success[0].value == "customers was read: 60 rows and 1 column."
    assert load_dataset(table.folder).schema.names == ["age,city,bought"]
    assert next(metric.value for metric in app.metric if metric.label == "Delimiter") == "none"

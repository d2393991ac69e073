"""Upload: a good file, bad files, kinds, another dialect."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset, load_dataset
from automl_core.workspace import ProjectFolder, Workspace, read_json
from tests.pages.conftest import TABLE, assert_clean, open_page


def upload(app: AppTest, name: str, content: bytes, turn: int = 0) -> AppTest:
    app.file_uploader(key=f"upload_file_{turn}").upload(name, content)
    app.run()
    assert_clean(app)
    return app


def test_a_file_makes_a_project_of_its_name(workspace: Workspace) -> None:
    app = upload(open_page("data/upload"), "customers.csv", TABLE.encode())
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
    app = upload(open_page("data/upload", project=project.id, dataset=table.id), name, content)
    assert needle in app.error[0].value.replace("\\", "")
    assert "upload.csv" not in app.error[0].value
    assert project.list("datasets") == [table.id]
    app.run()
    assert len(app.error) == 1
    assert workspace.project_ids() == [project.id]


def test_a_bad_first_file_leaves_no_project(workspace: Workspace) -> None:
    app = upload(open_page("data/upload"), "empty.csv", b"")
    assert app.error
    assert workspace.project_ids() == []


def test_another_kind_reads_the_file_again(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("data/upload", project=project.id, dataset=table.id)
    key = f"upload_kinds_{table.fingerprint[:12]}"
    app.session_state[key] = {"edited_rows": {0: {"Kind": "category"}}, "added_rows": [], "deleted_rows": []}
    app.run()
    assert_clean(app)
    assert load_dataset(table.folder).schema["age"].kind == "category"
    assert load_dataset(table.folder).schema["age"].overruled
    assert app.success[0].value == "The file was read again with the kinds you chose."


def test_another_delimiter_reads_the_file_again(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("data/upload", project=project.id, dataset=table.id)
    app.selectbox(key="upload_delimiter").set_value(";")
    next(button for button in app.button if button.label == "Read again").click().run()
    assert_clean(app)
    assert load_dataset(table.folder).schema.names == ["age,city,bought"]


def test_refused_rows_are_counted_and_can_be_downloaded(project: ProjectFolder) -> None:
    app = open_page("data/upload", project=project.id)
    rows = "".join(f"{number},b{number},c\n" for number in range(30))
    upload(app, "ragged.csv", ("id,b,c\n" + rows + "1,2,3,4,5,6,7,8,9\n").encode())
    (dataset_id,) = project.list("datasets")
    refused = load_dataset(project.dataset(dataset_id)).report.refused
    assert [warning.value for warning in app.warning] == (
        [f"{len(refused)} row could not be read and is not part of the table."] if refused else []
    )
    assert app.metric[0].value == str(31 - len(refused))


def test_a_table_that_a_run_learned_from_is_copied_before_it_is_changed(
    run_folder, project: ProjectFolder, table: Dataset
) -> None:
    """Regression: reading the file another way changed the table under its finished runs."""
    from automl_core.data.dataset import change_kind
    from pages.shared import dataset_view, state

    open_page("data/upload", project=project.id, dataset=table.id)
    state_before = load_dataset(table.folder).fingerprint
    chosen: dict[str, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(state, "get", lambda name: project.id if name == "project" else "")
        patch.setattr(state, "choose", lambda **ids: chosen.update(ids))
        copy = dataset_view.spare(table)
    assert copy.id != table.id and chosen == {"dataset": copy.id}
    changed = change_kind(copy, "age", "category")
    assert changed.folder == copy.folder and changed.fingerprint != state_before
    assert load_dataset(table.folder).fingerprint == state_before

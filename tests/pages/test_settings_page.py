"""Settings and Activity: limits, old work, the backup, who did what."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.moving import export_workspace
from automl_core.people import audit, person
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import settings_of
from automl_core.projects import create_project
from automl_core.workspace import ProjectFolder, Workspace
from pages.shared import people
from tests.pages.conftest import assert_clean, open_app, open_page

ADA = Person("ada@example.org", "Ada")


@pytest.fixture
def as_ada(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    from automl_core.people.settings import Settings, save_settings

    save_settings(workspace, Settings(allowed=("*",), administrators=("chief@example.org",)))
    monkeypatch.setattr(people, "configured", lambda: True)
    monkeypatch.setattr(people, "claims", lambda: {"is_logged_in": True, "email": ADA.id})
    monkeypatch.setattr(person, "_identify", person._identify)


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_limits_are_changed_in_the_form(workspace: Workspace) -> None:
    app = open_page("settings")
    app.number_input(key="settings_jobs").set_value(3)
    next(button for button in app.button if button.label == "Save").click().run()
    assert_clean(app)
    assert settings_of(workspace).limits.jobs == 3
    assert audit.entries(workspace)[0].detail == "jobs: 20 to 3"


def test_others_read_the_limits(as_ada: None) -> None:
    app = open_page("settings")
    assert not app.number_input
    assert "Jobs of one person: **20** jobs" in [text.value for text in app.markdown]
    assert not {"Save", "Export the workspace"} & set(labels(app))
    assert "Administrators make it." in [caption.value for caption in app.caption]
    assert not app.get("file_uploader")


def test_the_backup_is_written_and_offered(workspace: Workspace, project: ProjectFolder) -> None:
    app = open_page("settings")
    app.button(key="settings_export").click().run()
    assert_clean(app)
    (made,) = (workspace.root / "exports").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert f"projects/{project.id}/project.json" in archive.namelist()
    assert any(made.name in text.value.replace("\\", "") for text in app.markdown)


def test_an_export_is_brought_in_from_the_page(
    workspace: Workspace, project: ProjectFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_workspace(workspace, tmp_path / "backup.zip")
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "new"))
    app = open_page("settings")
    assert app.button(key="settings_import").disabled
    assert "python -m automl_core workspace import FILE" in [code.value for code in app.get("code")]
    whole = (tmp_path / "backup.zip").read_bytes()
    app.file_uploader(key="settings_import_file_0").set_value(("backup.zip", whole, "application/zip")).run()
    app.button(key="settings_import").click().run()
    assert_clean(app)
    assert Workspace.default().project_ids() == [project.id]
    assert app.button(key="settings_import").disabled  # the file is done with
    app.file_uploader(key="settings_import_file_1").set_value(("backup.zip", whole, "application/zip")).run()
    app.button(key="settings_import").click().run()
    assert "1 of its projects are here already" in app.error[0].value
    app.file_uploader(key="settings_import_file_1").set_value(("other.zip", b"PK", "application/zip")).run()
    app.button(key="settings_import").click().run()
    assert app.error[0].value.startswith("other.zip is no readable export")


def test_what_was_done_is_listed_and_narrowed(workspace: Workspace, project: ProjectFolder) -> None:
    with acting_as(ADA):
        create_project(workspace, "Garden")
    app = open_page("activity")
    table = app.dataframe[0].value
    assert list(table["What"]) == ["Made a project", "Made a project"]
    assert list(table["Project"]) == ["Garden", "Shop"]
    app.multiselect(key="activity_who").set_value([ADA.id]).run()
    assert list(app.dataframe[0].value["Project"]) == ["Garden"]
    app.button(key="activity_check").click().run()
    assert "All 2 entries follow from one another." in [one.value for one in app.success]


def test_a_person_reads_their_own_projects_only(as_ada: None, workspace: Workspace, project: ProjectFolder) -> None:
    with acting_as(ADA):
        create_project(workspace, "Garden")
    table = open_page("activity").dataframe[0].value
    assert "Shop" not in " ".join(table["Project"]) + " ".join(table["Object"])
    assert set(table["Who"]) == {ADA.id}


def test_a_space_that_fills_is_told_on_the_first_page(
    workspace: Workspace, project: ProjectFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.people import limits

    assert not open_app().warning
    monkeypatch.setattr(limits, "BELIEVED", 0.0)
    monkeypatch.setattr(limits, "folder_size", lambda path: 90 * 2**30)
    app = open_app()
    assert app.warning[0].value.startswith("The projects take 90 GB of 100 GB; ")


def test_a_cell_that_a_spreadsheet_would_run_is_text(tmp_path: Path) -> None:
    entry = audit.Entry(0.0, "=cmd()", "noted", "pr1", "@x", "-1+1")
    assert audit.as_csv([entry]).splitlines()[1] == "1970-01-01T00:00:00Z,'=cmd(),Wrote a note,pr1,'@x,'-1+1,done"


def test_networks_that_alerts_may_reach_are_set_in_the_form(workspace: Workspace) -> None:
    app = open_page("settings")
    app.text_input(key="settings_webhooks").set_value("10.0.0.7/8, 192.168.1.20")
    next(button for button in app.button if button.label == "Save").click().run()
    assert_clean(app)
    assert settings_of(workspace).webhooks == ("10.0.0.0/8", "192.168.1.20/32")
    app.text_input(key="settings_webhooks").set_value("my chat")
    next(button for button in app.button if button.label == "Save").click().run()
    assert "'my chat' is no network." in app.error[0].value
    assert settings_of(workspace).webhooks == ("10.0.0.0/8", "192.168.1.20/32")

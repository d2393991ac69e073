"""Projects: the first visit, the list, and what can be done with a project."""

from __future__ import annotations

from pathlib import Path

from automl_core.data.dataset import Dataset
from automl_core.data.samples import SAMPLES
from automl_core.workspace import ProjectFolder, Workspace, read_json
from tests.pages.conftest import Jobs, assert_clean, open_app


def test_the_first_visit_offers_samples_and_an_upload() -> None:
    app = open_app()
    assert_clean(app)
    assert next(button.key for button in app.button if button.key.startswith("projects_")) == "projects_upload"
    for sample in SAMPLES:
        assert app.button(key=f"projects_sample_{sample.id}").label == "Try it"
    assert [heading.value for heading in app.subheader] == ["Samples to try"]


def test_one_click_makes_a_project_of_a_sample(workspace: Workspace) -> None:
    app = open_app()
    app.button(key=f"projects_sample_{SAMPLES[0].id}").click().run()
    assert_clean(app)
    (project_id,) = workspace.project_ids()
    assert read_json(workspace.project(project_id).meta)["name"] == SAMPLES[0].name
    (dataset_id,) = workspace.project(project_id).list("datasets")
    assert app.query_params["project"] == project_id
    assert app.query_params["dataset"] == dataset_id
    assert app.title[0].value == "Upload"


def test_a_project_is_listed_with_what_it_holds(project: ProjectFolder, table: Dataset, run_folder: Path) -> None:
    app = open_app()
    assert_clean(app)
    caption = next(entry.value for entry in app.caption if entry.value.startswith("1 table"))
    assert caption.startswith("1 table, 1 run, ")
    assert " kB. Created " in caption
    app.button(key=f"projects_open_{project.id}").click().run()
    assert_clean(app)
    assert app.title[0].value == "Compare"
    assert app.query_params["project"] == project.id


def test_an_empty_project_is_made_by_name(workspace: Workspace) -> None:
    app = open_app()
    app.text_input(key="projects_name").set_value("Churn 2026")
    next(button for button in app.button if button.label == "Create").click().run()
    assert_clean(app)
    (project_id,) = workspace.project_ids()
    assert read_json(workspace.project(project_id).meta)["name"] == "Churn 2026"
    assert app.title[0].value == "Upload"


def test_delete_asks_first(workspace: Workspace, project: ProjectFolder, jobs: Jobs) -> None:
    app = open_app()
    app.button(key=f"projects_delete_{project.id}").click().run()
    assert_clean(app)
    assert any("cannot be undone" in text.value for text in app.markdown)
    assert workspace.project_ids() == [project.id]

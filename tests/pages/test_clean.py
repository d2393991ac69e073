"""The Clean page: proposals with reasons, previews before anything is applied, undo, export and import."""

from __future__ import annotations

import json

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.store import export_recipe, load_history
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.workspace import ProjectFolder, new_id
from tests.pages.conftest import assert_clean, open_page

MESSY = "key,city,age,same\n" + "".join(
    f"K{row:04d},{('Rome', 'rome ', 'Oslo')[row % 3]},{'' if row % 5 == 0 else 20 + row},x\n" for row in range(60)
)


def messy(project: ProjectFolder, tmp_path) -> Dataset:
    source = tmp_path / "messy.csv"
    source.write_text(MESSY, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "messy")


def page_of(data: Dataset, project: ProjectFolder):
    return open_page("data/clean", project=project.id, dataset=data.id)


def present(data: Dataset) -> Recipe:
    history = load_history(data.folder)
    assert history is not None
    return history.present


def step_of(app, op: str, data: Dataset, project: ProjectFolder) -> Step:
    from pages.shared import recipes

    return next(step for step in recipes.proposed(data) if step.op == op)


def test_without_a_table_it_says_where_one_comes_from(project: ProjectFolder) -> None:
    app = open_page("data/clean", project=project.id)
    assert [entry.value for entry in app.info] == ["This project has no table yet."]
    assert_clean(app)


def test_proposals_come_with_their_reason(project: ProjectFolder, tmp_path) -> None:
    app = page_of(messy(project, tmp_path), project)
    labels = [toggle.label for toggle in app.toggle]
    assert labels[0].startswith("**1. ")
    captions = " ".join(entry.value for entry in app.caption)
    assert "keys say nothing about new rows" in captions and "one value or none" in captions
    assert_clean(app)


def test_a_step_shows_what_it_does_before_it_is_applied(project: ProjectFolder, tmp_path) -> None:
    """Regression: an unsaved proposal had new ids at every rerun, so no step could be opened."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    step = step_of(app, "impute", data, project)
    app.button(key=f"clean_open_{step.id}").click().run()
    assert any("12 cells in 12 of 60 rows changed" in entry.value for entry in app.markdown)
    assert app.button(key=f"clean_apply_{step.id}").disabled
    assert load_history(data.folder) is None, "looking must not change anything"
    app.selectbox(key=f"clean_{step.id}_impute_strategy").set_value("mean").run()
    app.button(key=f"clean_apply_{step.id}").click().run()
    assert next(entry for entry in present(data) if entry.op == "impute").params["strategy"] == "mean"
    app.button(key="clean_undo").click().run()
    assert next(entry for entry in present(data) if entry.op == "impute").params.get("strategy", "auto") == "auto"
    app.button(key="clean_redo").click().run()
    assert next(entry for entry in present(data) if entry.op == "impute").params["strategy"] == "mean"
    assert_clean(app)


def test_steps_are_switched_moved_and_removed(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    first, second = app.toggle[0], app.toggle[1]
    ids = [toggle.key.split("_")[2] for toggle in (first, second)]
    app.toggle(key=first.key).set_value(False).run()
    assert present(data).steps[0].enabled is False
    app.button(key=f"clean_down_{ids[0]}").click().run()
    assert [step.id for step in present(data)][:2] == ids[::-1]
    app.button(key=f"clean_remove_{ids[0]}").click().run()
    assert ids[0] not in [step.id for step in present(data)]
    app.button(key="clean_reset").click().run()
    assert [step.id for step in present(data)][:2] == ids
    assert_clean(app)


def test_a_step_is_added_by_what_one_wants(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.selectbox(key="clean_intent").set_value("duplicates").run()
    app.button(key="clean_apply_new").click().run()
    assert [step.op for step in present(data)][-1] == "drop_duplicates"
    assert_clean(app)


def test_a_recipe_goes_out_and_comes_back(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    mine = Recipe((Step("drop_columns", {"columns": ["same"]}, "Mine."),))
    app.file_uploader(key="clean_import").upload("recipe.json", export_recipe(mine).encode()).run()
    app.button(key="clean_use").click().run()
    assert [(step.op, step.params) for step in present(data)] == [("drop_columns", {"columns": ["same"]})]
    assert_clean(app)


def test_a_broken_recipe_file_is_explained_and_changes_nothing(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    for content in (b"not json", json.dumps({"format": 99, "steps": []}).encode()):
        app.file_uploader(key="clean_import").upload("recipe.json", content).run()
        assert len(app.error) == 1 and "Traceback" not in app.error[0].value
        assert load_history(data.folder) is None


def test_a_damaged_stored_recipe_can_be_replaced(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    (data.folder / "recipe.json").write_text("{")
    app = page_of(data, project)
    assert len(app.error) == 1
    app.button(key="clean_mend").click().run()
    assert len(present(data)) > 0
    assert_clean(app)

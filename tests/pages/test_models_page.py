"""Models: register, promote with a reason, roll back, compare, and what MLflow lacks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from automl_core.events import Failed
from automl_core.registry.comparing import compare_records
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.workspace import ProjectFolder, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page
from tests.registry.conftest import a_version


@pytest.fixture
def shop(project: ProjectFolder, tmp_path: Path) -> Registered:
    registered = create_registered(project, "shop")
    for number in (1, 2, 3):
        file = tmp_path / f"{number}.zip"
        file.write_text(f"model {number}")
        registered.add(a_version(score=0.8 + number / 100), {MODEL: file}, who="ann")
    return registered


def test_without_a_run_the_page_says_what_comes_first(project: ProjectFolder):
    app = open_page("models", project=project.id)
    assert any("No model of this project was scored yet" in info.value for info in app.info)


def test_a_model_is_registered_under_a_proposed_name(project: ProjectFolder, run_folder: Path, jobs: Jobs):
    app = open_page("models", project=project.id)
    assert app.text_input(key="models_register_new_name").value == "shop"
    assert app.selectbox(key="models_register_new_run").value == run_folder.name
    app.text_input(key="models_register_new_name").set_value("a/b").run()
    app.button(key="models_register_new_start").click().run()
    assert "'a/b' cannot be a model's name" in app.error[0].value.replace("\\", "")
    assert jobs.submitted == []
    app.text_input(key="models_register_new_name").set_value("shop").run()
    app.button(key="models_register_new_start").click().run()
    assert_clean(app)
    [(_, kind, params)] = jobs.submitted
    assert kind == "register"
    assert params == {
        "run": run_folder.name, "candidate": "lightgbm", "model": "", "name": "shop", "note": "", "who": "",
    }  # fmt: skip


def test_promotion_needs_a_reason_and_moves_the_pointer(project: ProjectFolder, shop: Registered, jobs: Jobs):
    app = open_page("models", project=project.id)
    key = f"models_promote_{shop.id}"
    assert any("No champion yet" in entry.value for entry in app.markdown)
    app.button(key=f"{key}_do").click().run()
    assert "No reason was given" in app.error[0].value
    app.text_input(key=f"{key}_who").set_value("ann").run()
    app.text_input(key=f"{key}_reason_3").set_value("the best so far").run()
    app.button(key=f"{key}_do").click().run()
    assert_clean(app)
    assert shop.standing().aliases == {"champion": 3}
    assert (shop.log()[-1].who, shop.log()[-1].text) == ("ann", "the best so far")
    assert app.success[0].value == "Version 3 is champion."
    assert [kind for _, kind, _ in jobs.submitted] == ["mirror"]


def test_who_looked_at_an_older_state_is_told_what_came_between(project: ProjectFolder, shop: Registered):
    app = open_page("models", project=project.id)
    key = f"models_promote_{shop.id}"
    app.text_input(key=f"{key}_reason_3").set_value("the best so far").run()
    shown = shop.standing()
    assert shown.aliases == {}
    # Another one promotes while the page stands there: the page's own run sees it at its start, so the clash is made inside.
    import automl_core.registry.store as store

    real = store.Registered.promote

    def late(self, *args, **kwargs):
        real(self, 1, "champion", "first come", who="bob")
        return real(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.Registered, "promote", late)
        app.button(key=f"{key}_do").click().run()
    assert "Meanwhile bob changed it" in app.error[0].value
    assert shop.standing().aliases == {"champion": 1}


def test_roll_back_is_offered_when_there_was_a_champion_before(project: ProjectFolder, shop: Registered):
    for number in (1, 2):
        shop.promote(number, "champion", "newer")
    app = open_page("models", project=project.id)
    key = f"models_rollback_{shop.id}"
    app.text_input(key=f"{key}_reason_5").set_value("wrong prices").run()
    app.button(key=f"{key}_do").click().run()
    assert_clean(app)
    assert shop.standing().aliases == {"champion": 1}


def test_one_damaged_version_does_not_hide_the_others(project: ProjectFolder, shop: Registered, jobs: Jobs):
    """The page ended in three apologies."""
    shop.promote(2, "champion", "good")
    shop.promote(3, "challenger", "better")
    (shop.home(3) / "version.json").write_text("{")
    app = open_page("models", project=project.id)
    (told,) = [error.value.replace("\\", "") for error in app.error]
    assert told.startswith("version.json in 3 is damaged: ")
    assert list(app.dataframe[0].value["Version"]) == [2, 1]
    texts = [entry.value for entry in app.markdown]
    assert any("**Version 3** is challenger, and its files are damaged or gone" in text for text in texts)
    assert app.selectbox(key=f"models_promote_{shop.id}_version_1_2").options == ["2", "1"]


def test_a_champion_whose_folder_was_deleted_is_told(project: ProjectFolder, shop: Registered, jobs: Jobs):
    shop.promote(2, "champion", "good")
    shop.promote(1, "challenger", "other")
    for number in (1, 2):
        shutil.rmtree(shop.home(number))
    app = open_page("models", project=project.id)
    assert_clean(app)
    texts = [entry.value for entry in app.markdown]
    assert any("**Version 2** is champion, and its files are damaged or gone" in text for text in texts)
    assert any("**Version 1** is challenger, and its files are damaged or gone" in text for text in texts)


def test_without_any_readable_version_the_page_says_why(project: ProjectFolder, shop: Registered):
    for number in (1, 2, 3):
        (shop.home(number) / "version.json").write_text("{")
    app = open_page("models", project=project.id)
    assert len(app.error) == 3
    assert not app.dataframe


def test_an_altered_file_is_refused_at_the_button(project: ProjectFolder, shop: Registered):
    (shop.home(3) / MODEL).write_text("other")
    app = open_page("models", project=project.id)
    app.button(key=f"models_checked_{shop.id}_3_ask").click().run()
    assert "is not the one that was registered" in app.error[0].value


def test_two_versions_are_compared_by_a_job_and_shown(project: ProjectFolder, shop: Registered, jobs: Jobs):
    app = open_page("models", project=project.id)
    key = f"models_compare_{shop.id}_3"
    app.button(key=f"{key}_start").click().run()
    job_id, kind, params = jobs.submitted[-1]
    assert (kind, params) == ("versions", {"model": shop.id, "first": 2, "second": 3, "dataset": ""})
    found = compare_records(shop.version(2), shop.version(3))
    write_json(project.job(job_id) / "comparison.json", found.to_dict())
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    table = next(one for one in app.dataframe if "Version 2" in one.value.columns)
    assert table.value.iloc[0].tolist() == [
        "Area under the ROC curve, over the folds", "0.820 ± 0.020", "0.830 ± 0.020", "●",
    ]  # fmt: skip


def test_mlflow_is_brought_what_it_lacks(project: ProjectFolder, shop: Registered, jobs: Jobs):
    app = open_page("models", project=project.id)
    assert any("MLflow lacks versions 1, 2, 3." in entry.value for entry in app.markdown)
    app.button(key=f"models_mirror_{shop.id}_start").click().run()
    assert jobs.submitted[-1][1:] == ("mirror", {"model": shop.id})


def test_a_registry_that_is_away_is_told_and_can_be_tried_again(project: ProjectFolder, shop: Registered, jobs: Jobs, emit):
    app = open_page("models", project=project.id)
    app.button(key=f"models_mirror_{shop.id}_start").click().run()
    job_id = jobs.submitted[-1][0]
    emit(project.job(job_id), Failed("The MLflow registry at http://127.0.0.1:9 could not be used.", "Start it, then try again."))
    jobs.states[job_id] = "failed"
    app = open_page("models", project=project.id)
    assert any("The MLflow registry at" in entry.value and "could not be used." in entry.value for entry in app.error)
    assert not app.button(key=f"models_mirror_{shop.id}_start").disabled
    assert_clean(app)

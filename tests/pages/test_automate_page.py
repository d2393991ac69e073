"""Automate: suggestions become policies with one click, policies are switched, run and deleted, firings are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.cleaning.recipe import Recipe
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.experiment import ExperimentConfig
from automl_core.registry.store import Registered
from automl_core.retraining.policy import Firing, Policy, list_policies, save_firing, save_policy
from automl_core.retraining.suggestions import suggest
from automl_core.runs import write_request
from automl_core.workspace import ProjectFolder, new_id
from tests.pages.conftest import TABLE, Jobs, assert_clean, open_page
from tests.pages.test_models_page import shop  # noqa: F401 - a fixture


@pytest.fixture
def repeated(project: ProjectFolder, table: Dataset, tmp_path: Path) -> ProjectFolder:
    """Three uploads of one shape, two runs of one recipe, two predictions."""
    for name in ("may", "june"):
        source = tmp_path / f"{name}.csv"
        source.write_text(TABLE, encoding="utf-8")
        create_dataset(project.dataset(new_id("ds")), source, name)
    config = ExperimentConfig(target="bought", task="binary", metric="roc_auc", positive="yes")
    for _ in range(2):
        params = {"dataset": table.id, "config": config.to_dict(), "recipe": Recipe().to_dict()}
        write_request(project.run(new_id("rn")), "train", params)
        write_request(project.job(new_id("jb")), "predict", {"run": "x", "candidate": "y"})
    return project


def test_without_a_version_the_page_says_what_comes_first(project: ProjectFolder):
    app = open_page("automate", project=project.id)
    assert any("Policies belong to a registered model." in info.value for info in app.info)


def test_what_was_repeated_is_suggested(repeated: ProjectFolder, shop: Registered):  # noqa: F811
    found = suggest(repeated, shop)
    assert [(one.code, one.count) for one in found] == [("uploads", 3), ("runs", 2), ("checks", 2)]
    assert (
        found[0].sentence == "3 tables with the same columns were uploaded by hand. A watched folder can take the next ones in."
    )
    save_policy(shop, found[1].policy)
    assert [one.code for one in suggest(repeated, shop)] == ["uploads", "checks"]


def test_a_suggestion_becomes_a_policy_with_one_click(repeated: ProjectFolder, shop: Registered, tmp_path: Path):  # noqa: F811
    app = open_page("automate", project=repeated.id)
    app.button(key="automate_take_runs").click().run()
    assert_clean(app)
    [policy] = list_policies(shop)
    assert (policy.when, policy.how, policy.origin) == ("time", "search", "A suggestion that was taken.")
    app.button(key="automate_take_uploads").click().run()
    assert "Nothing is watched" in app.error[0].value
    app.text_input(key="automate_folder_uploads").set_value(str(tmp_path)).run()
    app.button(key="automate_take_uploads").click().run()
    assert_clean(app)
    assert [policy.when for policy in list_policies(shop)] == ["time", "data"]


def test_a_policy_is_made_switched_run_and_deleted(project: ProjectFolder, shop: Registered, jobs: Jobs, tmp_path: Path):  # noqa: F811
    app = open_page("automate", project=project.id)
    app.text_input(key="automate_watched").set_value(str(tmp_path)).run()
    app.text_input(key="automate_part").set_value("May").run()
    app.button(key="automate_save").click().run()
    assert_clean(app)
    [policy] = list_policies(shop)
    assert (policy.name, policy.when, policy.then, policy.part) == ("Policy 1", "data", "challenger", "May")
    app.button(key=f"automate_run_{policy.id}").click().run()
    assert jobs.submitted[-1][1:] == ("policy", {"model": shop.id, "policy": policy.id})
    app.button(key=f"automate_switch_{policy.id}").click().run()
    assert not list_policies(shop)[0].enabled
    app.button(key=f"automate_delete_{policy.id}").click().run()
    assert_clean(app)
    assert list_policies(shop) == []


def test_a_table_of_a_database_is_watched(project: ProjectFolder, shop: Registered):  # noqa: F811
    app = open_page("automate", project=project.id)
    app.segmented_control(key="automate_where").set_value("table").run()
    app.text_input(key="automate_database").set_value("postgresql://me:hunter2@db/shop").run()
    app.text_area(key="automate_query").set_value("SELECT * FROM orders").run()
    app.text_input(key="automate_key").set_value("id").run()
    app.text_input(key="automate_after").set_value("17").run()
    app.button(key="automate_save").click().run()
    assert "The address holds a password." in app.error[0].value and list_policies(shop) == []
    app.text_input(key="automate_database").set_value("postgresql://me@db/shop").run()
    app.button(key="automate_save").click().run()
    assert_clean(app)
    [policy] = list_policies(shop)
    found = (policy.database, policy.query, policy.key, policy.after, policy.least, policy.watched)
    assert found == ("postgresql://me@db/shop", "SELECT * FROM orders", "id", "17", 100, "")


def test_the_watcher_is_a_job(project: ProjectFolder, shop: Registered, jobs: Jobs):  # noqa: F811
    app = open_page("automate", project=project.id)
    app.button(key="automate_watch_start").click().run()
    assert jobs.submitted[-1][1:] == ("watch", {"every": 60})
    assert any("are watched, also when this page is closed" in entry.value for entry in app.markdown)


def test_a_damaged_policy_is_told_and_does_not_hide_the_others(project: ProjectFolder, shop: Registered):  # noqa: F811
    """It was left out without a word, and nobody knew why it never fired."""
    policy = save_policy(shop, Policy("Weekly", "time"))
    (shop.folder / "policies" / "po261124-aaaaaaaa.json").write_text('{"format": 1, "nmae": "x"}')
    app = open_page("automate", project=project.id)
    assert app.error[0].value.startswith("This policy cannot be read\\: it has nmae, which no policy has.")
    assert app.button(key=f"automate_run_{policy.id}")
    app.button(key="automate_delete_po261124-aaaaaaaa").click().run()
    assert not app.error and [one.id for one in list_policies(shop)] == [policy.id]
    assert_clean(app)


def test_firings_and_history_are_shown(project: ProjectFolder, shop: Registered):  # noqa: F811
    policy = save_policy(shop, Policy("Weekly", "time"))
    save_firing(
        shop,
        Firing("fi261124-aaaaaaaa", policy.id, "Weekly", 5.0, "7 days passed", outcome="kept", reason="It loses.", seconds=90),
    )
    app = open_page("automate", project=project.id)
    assert any("Kept, no alias" in caption.value and "It loses." in caption.value for caption in app.caption)
    assert any(caption.value == "It worked for 2 min in all." for caption in app.caption)
    frames = [one.value for one in app.dataframe]
    assert any("Decided" in frame.columns and frame["Decided"][0] == "It loses." for frame in frames)
    assert any("what" in frame.columns and frame["what"].tolist() == ["Version"] * 3 for frame in frames)

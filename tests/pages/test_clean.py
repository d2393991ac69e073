"""The Clean page: proposals with reasons, previews before anything is applied, undo, export and import."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st

from automl_core.cleaning.large import clean_dataset
from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.store import export_recipe, load_history, save_history
from automl_core.data.dataset import Dataset, create_dataset, load_dataset
from automl_core.errors import StorageError
from automl_core.search.ablation import Ablation, StepEffect
from automl_core.workspace import ProjectFolder, new_id, write_json
from pages.clean import whole_table
from pages.shared import caches, layout, recipes
from tests.pages.conftest import Jobs, assert_clean, open_page

MESSY = "key,city,age,same\n" + "".join(
    f"K{row:04d},{('Rome', 'rome ', 'Oslo')[row % 3]},{'' if row % 5 == 0 else 20 + row},x\n" for row in range(60)
)


def messy(project: ProjectFolder, tmp_path) -> Dataset:
    source = tmp_path / "messy.csv"
    source.write_text(MESSY, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "messy")


def page_of(data: Dataset, project: ProjectFolder):
    return open_page("clean", project=project.id, dataset=data.id)


def present(data: Dataset) -> Recipe:
    history = load_history(data.folder)
    assert history is not None
    return history.present


def recipe_of(data: Dataset) -> Recipe:
    return recipes.current(data)


def step_of(app, op: str, data: Dataset, project: ProjectFolder) -> Step:
    return next(step for step in recipes.proposed(data) if step.op == op)


def test_without_a_table_it_says_where_one_comes_from(project: ProjectFolder) -> None:
    app = open_page("clean", project=project.id)
    assert [entry.value for entry in app.info] == ["This project has no table yet."]
    assert_clean(app)


def test_proposals_come_with_their_reason(project: ProjectFolder, tmp_path) -> None:
    app = page_of(messy(project, tmp_path), project)
    labels = [toggle.label for toggle in app.toggle]
    assert labels[0].startswith("**1. ")
    captions = " ".join(entry.value for entry in app.caption)
    assert "keys say nothing about new rows" in captions and "one value or none" in captions
    assert_clean(app)


def test_a_click_draws_the_page_once(project: ProjectFolder, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: what a click changed was stored while the page was drawn, which then was drawn a second time."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    drawn: list[str] = []
    header = layout.header
    monkeypatch.setattr(layout, "header", lambda page, **how: (drawn.append(page), header(page, **how)))
    first, second = [step.id for step in recipe_of(data)][:2]
    for key, expected in (
        (f"clean_down_{first}", [second, first]),
        (f"clean_up_{first}", [first, second]),
        (f"clean_remove_{first}", [second]),
        ("clean_undo", [first, second]),
        ("clean_redo", [second]),
        ("clean_reset", [first, second]),
    ):
        drawn.clear()
        app.button(key=key).click().run()
        assert drawn == ["clean"], key
        assert [step.id for step in present(data)][: len(expected)] == expected, key
    drawn.clear()
    app.toggle(key=f"clean_on_{first}_1").set_value(False).run()
    assert drawn == ["clean"]
    assert [step.enabled for step in present(data)][:2] == [False, True]
    assert not app.toggle(key=f"clean_on_{first}_0").value
    assert_clean(app)


def test_proposed_steps_keep_their_ids_when_the_server_is_started_again(project: ProjectFolder, tmp_path) -> None:
    """Regression: an open browser then asked for widgets that were nowhere, and the page showed an exception."""
    data = messy(project, tmp_path)
    before = recipe_of(data)
    st.cache_resource.clear()
    assert recipe_of(data) == before
    assert len({step.id for step in before}) == len(before)


def test_a_step_that_went_in_another_tab_is_told(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    first = recipe_of(data).steps[0]
    save_history(data.folder, History().change(recipe_of(data).remove(first.id)))
    app.button(key=f"clean_remove_{first.id}").click().run()
    assert [entry.value for entry in app.error] == ["This step is no longer in the recipe.\n\n**Open the recipe again.**"]
    assert_clean(app)


def around(app, wanted):
    """Return the container that an element stands in."""
    return next(block for block in app.main if any(child is wanted for child in getattr(block, "children", {}).values()))


def test_what_goes_wrong_is_told_beside_what_was_clicked(
    project: ProjectFolder, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a callback's error stood above the title, far from the step."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    second = recipe_of(data).steps[1]

    def full(data: Dataset, history: History) -> None:
        raise StorageError("The disk is full.", action="Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(recipes, "save", full)
        app.button(key=f"clean_up_{second.id}").click().run()
        assert [entry.value for entry in app.error] == ["The disk is full.\n\n**Make room.**"]
        assert [toggle.key for toggle in around(app, app.error[0]).toggle] == [f"clean_on_{second.id}_1"]
        app.button(key="clean_reset").click().run()
        assert [entry.value for entry in app.error] == ["The disk is full.\n\n**Make room.**"]
        assert not around(app, app.error[0]).toggle and not app.success
    app.run()
    assert not app.error, "it is told once"
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
    ops = [step.op for step in present(data)]
    assert ops.count("drop_duplicates") == 1 and ops.index("drop_duplicates") < ops.index("impute"), (
        "a step on the table stands before those that learn, as it acts before them"
    )
    assert_clean(app)


def test_columns_to_leave_out_are_asked_for_before_anything_is_shown(project: ProjectFolder, tmp_path) -> None:
    """Regression: nothing chosen read "All that fit", as if every column would be left out."""
    app = page_of(messy(project, tmp_path), project)
    app.selectbox(key="clean_intent").set_value("columns").run()
    app.selectbox(key="clean_op_columns").set_value("drop_columns").run()
    assert app.multiselect(key="clean_new_drop_columns_columns").placeholder == "Choose columns"
    assert ":material/edit: Choose columns to see what it does." in [entry.value for entry in app.caption]
    assert "clean_apply_new" not in [button.key for button in app.button]
    app.multiselect(key="clean_new_drop_columns_columns").set_value(["city"]).run()
    assert not app.button(key="clean_apply_new").disabled
    app.selectbox(key="clean_op_columns").set_value("parse_numbers").run()
    assert app.multiselect(key="clean_new_parse_numbers_columns").placeholder == "All that fit"
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


def test_a_formula_is_asked_for_before_anything_is_shown(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.selectbox(key="clean_intent").set_value("features").run()
    app.selectbox(key="clean_op_features").set_value("formula").run()
    assert any("Write the formula to see what it does." in entry.value for entry in app.caption)
    app.text_area(key="clean_new_formula_formula").set_value("age * 2").run()
    assert any("1 new column." in entry.value for entry in app.markdown)
    app.button(key="clean_apply_new").click().run()
    (added,) = [step for step in present(data) if step.op == "formula"]
    assert added.params == {"name": "calculated", "formula": "age * 2"}
    app.selectbox(key="clean_intent").set_value("features").run()
    app.text_area(key="clean_new_formula_formula").set_value("mean(age)").run()
    assert ["The formula uses 'mean' over all rows." in entry.value for entry in app.error] == [True]


def test_spelling_variants_are_found_and_merged(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    switched = present_or_proposed(data, project)
    for step in switched:
        if step.op == "trim_text":
            app.button(key=f"clean_remove_{step.id}").click().run()
    app.selectbox(key="clean_intent").set_value("categories").run()
    app.selectbox(key="clean_op_categories").set_value("merge_variants").run()
    assert any("2 of 3 values are variants, in 1 group." in entry.value for entry in app.caption)
    assert any("20 cells changed." in entry.value for entry in app.markdown)
    app.button(key="clean_apply_new").click().run()
    (added,) = [step for step in present(data) if step.op == "merge_variants"]
    assert (added.op, added.params["column"], added.params["method"]) == ("merge_variants", "city", "fingerprint")
    assert added.params["mapping"] in ({"rome ": "Rome"}, {"rome": "Rome"})
    assert_clean(app)


def present_or_proposed(data: Dataset, project: ProjectFolder) -> Recipe:
    return recipes.proposed(data)


def test_rules_are_proposed_changed_and_removed(project: ProjectFolder, tmp_path) -> None:
    from automl_core.cleaning.rules import load_rules, save_rules

    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("rules").run()
    assert any("There are no rules yet." in entry.value for entry in app.info)
    app.button(key="clean_rules_propose").click().run()
    rules = load_rules(data.folder)
    assert {rule.kind for rule in rules} >= {"filled", "range", "allowed"} and all(rule.action == "warn" for rule in rules)
    app.selectbox(key=f"clean_rule_action_{rules[0].id}_warn").set_value("aside").run()
    assert load_rules(data.folder)[0].action == "aside"
    save_rules(data.folder, [replace(rule, action="refuse") if rule.id == rules[0].id else rule for rule in rules])  # another tab
    app.run()
    assert load_rules(data.folder)[0].action == "refuse"
    assert app.selectbox(key=f"clean_rule_action_{rules[0].id}_refuse").value == "refuse"
    app.button(key=f"clean_rule_remove_{rules[0].id}").click().run()
    assert len(load_rules(data.folder)) == len(rules) - 1
    app.selectbox(key="clean_rule_kind").set_value("relation").run()
    app.text_input(key="clean_rule_condition").set_value("age > 100").run()
    app.button(key="clean_rule_add").click().run()
    assert load_rules(data.folder)[-1].text == "age > 100"
    assert any("48 rows break the rule" in entry.value and "100" in entry.value for entry in app.markdown)
    assert_clean(app)


def test_a_rule_about_kinds_sees_the_cells_that_could_not_be_read(project: ProjectFolder, tmp_path) -> None:
    """Regression: the page looked at the typed table only, where such a cell is merely missing."""
    from automl_core.cleaning.rules import Rule, save_rules

    source = tmp_path / "ages.csv"
    source.write_text("age\n" + "".join(f"{row}\n" for row in range(60)) + "forty\n", encoding="utf-8")
    data = create_dataset(project.dataset(new_id("ds")), source, "ages", kinds={"age": "number"})
    save_rules(data.folder, [Rule("type", "age")])
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("rules").run()
    assert any("1 row breaks the rule 'age can be read as its kind' (forty)." in entry.value for entry in app.markdown)
    assert_clean(app)


def test_a_rule_is_changed_by_its_form(project: ProjectFolder, tmp_path) -> None:
    """Regression: a proposed limit could only be removed and typed anew."""
    from automl_core.cleaning.rules import Rule, load_rules, save_rules

    data = messy(project, tmp_path)
    rules = (Rule("range", "age", 20.0, 79.0, reason="Found.", id="r1"), Rule("filled", "key", id="r2"))
    save_rules(data.folder, rules)
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("rules").run()
    assert not [entry.key for entry in app.number_input if entry.key.startswith("clean_rule_change_")]
    app.session_state["clean_rule_change_r1"] = True
    app.run()
    assert app.number_input(key="clean_rule_change_r1_low").value == 20.0
    app.number_input(key="clean_rule_change_r1_high").set_value(50.0).run()
    app.button(key="clean_rule_change_r1_keep").click().run()
    assert_clean(app)
    assert load_rules(data.folder) == (Rule("range", "age", 20.0, 50.0, id="r1"), rules[1])
    assert any("24 rows break the rule 'age is at least 20 and at most 50'" in entry.value for entry in app.markdown)


def test_versions_are_compared_and_taken_back(project: ProjectFolder, tmp_path) -> None:
    data = messy(project, tmp_path)
    app = page_of(data, project)
    first = app.toggle[0].key.split("_")[2]
    app.button(key=f"clean_remove_{first}").click().run()
    app.segmented_control(key="clean_view").set_value("history").run()
    assert any(entry.value.startswith("- Removed") for entry in app.markdown)
    app.button(key="clean_version_use").click().run()
    history = load_history(data.folder)
    assert history is not None and first in [step.id for step in history.present] and len(history.past) == 2
    assert_clean(app)


def test_a_recipe_is_copied_to_another_table(project: ProjectFolder, tmp_path) -> None:
    data, other = messy(project, tmp_path), messy(project, tmp_path)
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("history").run()
    options = app.selectbox(key="clean_copy_to").options
    app.selectbox(key="clean_copy_to").set_value(options[0]).run()
    app.button(key="clean_copy").click().run()
    assert len(present(other)) > 0
    assert_clean(app)


def test_tables_of_one_name_are_told_apart(project: ProjectFolder, tmp_path) -> None:
    """Regression: of two tables of one name the list of copies had only the last."""
    data, first, second = (messy(project, tmp_path) for _ in range(3))
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("history").run()
    listed = app.selectbox(key="clean_copy_to")
    assert len(set(listed.options)) == 2
    assert all(option.startswith(f"Shop: {first.name}, ") for option in listed.options)
    listed.set_value(first.id).run()
    app.button(key="clean_copy").click().run()
    assert_clean(app)
    assert len(present(first)) > 0
    assert load_history(second.folder) is None


def test_a_target_is_asked_for_before_steps_are_measured(project: ProjectFolder, tmp_path) -> None:
    app = page_of(messy(project, tmp_path), project)
    app.segmented_control(key="clean_view").set_value("effect").run()
    app.selectbox(key="clean_effect_target").set_value("age").run()
    assert app.button(key="clean_effect_start")
    assert_clean(app)


def test_a_step_that_hurts_is_switched_off_where_that_was_measured(project: ProjectFolder, tmp_path, jobs: Jobs) -> None:
    """Regression: what was measured could only be read; the step had to be looked for among the others."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("effect").run()
    app.selectbox(key="clean_effect_target").set_value("age").run()
    app.button(key="clean_effect_start").click().run()
    ((job_id, kind, params),) = jobs.submitted
    first, second, *_ = Recipe.from_dict(params["recipe"]).enabled()
    effects = tuple(
        StepEffect(step.id, step.op, {"linear": 0.5}, {"linear": sign * 0.1}, {"linear": 0.01}, verdict, "Said.")
        for step, sign, verdict in ((first, 1, "helps"), (second, -1, "hurts"))
    )
    found = Ablation("rmse", {"linear": 0.6}, 60, 60, 5, effects)
    write_json(project.job(job_id) / "ablation.json", found.to_dict())
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    assert kind == "ablation" and app.multiselect(key=f"clean_effect_off_{job_id}").value == [second.id]
    app.button(key=f"clean_effect_switch_{job_id}").click().run()
    assert_clean(app)
    assert [step.id for step in present(data) if not step.enabled] == [second.id]
    assert len(present(data)) == len(params["recipe"]["steps"])
    assert app.success[0].value == "1 step is off. Undo brings them back."


def test_only_settings_that_say_something_are_asked_for(project: ProjectFolder, tmp_path) -> None:
    """Regression: limits to type stood empty beside a way of finding limits that does not look at them."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.selectbox(key="clean_intent").set_value("outliers").run()
    prefix = "clean_new_clip_outliers"
    shown = {entry.key for entry in app.number_input}
    assert f"{prefix}_factor" in shown and f"{prefix}_low" not in shown
    app.selectbox(key=f"{prefix}_method").set_value("limits").run()
    shown = {entry.key for entry in app.number_input}
    assert f"{prefix}_factor" not in shown and {f"{prefix}_low", f"{prefix}_high"} <= shown
    assert_clean(app)


def test_what_was_changed_in_another_tab_is_kept(project: ProjectFolder, tmp_path) -> None:
    """The form is drawn alone after a click, and must not store the recipe as it was when the page was drawn."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.selectbox(key="clean_intent").set_value("duplicates").run()
    other = Recipe((Step("drop_columns", {"columns": ["same"]}, "From another tab."),))
    from automl_core.cleaning.recipe import History
    from automl_core.cleaning.store import save_history

    save_history(data.folder, History(present=other))
    app.button(key="clean_apply_new").click().run()
    assert [step.op for step in present(data)] == ["drop_columns", "drop_duplicates"]
    assert_clean(app)


def test_many_rules_come_in_pages_with_broken_ones_first(project: ProjectFolder, tmp_path) -> None:
    """Regression: a table of 20 columns had 47 cards below each other, the one that was broken somewhere among them."""
    from automl_core.cleaning.rules import Rule, save_rules

    data = messy(project, tmp_path)
    save_rules(data.folder, (*(Rule("filled", "key") for _ in range(14)), Rule("range", "age", 0.0, 50.0)))
    app = page_of(data, project)
    app.segmented_control(key="clean_view").set_value("rules").run()
    assert any(entry.value.startswith("**15 rules, 1 broken by rows of this table**") for entry in app.markdown)
    shown = [entry.value for entry in app.markdown if entry.value.startswith((":material/check_circle:", ":material/error:"))]
    assert len(shown) == 12 and ["error" in text for text in shown] == [True] + [False] * 11
    app.number_input(key="clean_rules_page_2").set_value(2).run()
    assert sum(entry.value.startswith(":material/check_circle:") for entry in app.markdown) == 3
    assert_clean(app)


def test_the_cleaned_table_can_be_opened_and_taken_along(
    project: ProjectFolder, tmp_path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: a cleaned table could be opened in the app, and not be had as a file."""
    data = messy(project, tmp_path)
    app = page_of(data, project)
    app.button(key="clean_whole_start").click().run()
    ((job_id, kind, params),) = jobs.submitted
    assert kind == "clean" and params["name"] == "messy, cleaned"
    made = clean_dataset(data, Recipe.from_dict(params["recipe"]), project.dataset(params["into"]), params["name"])
    write_json(project.job(job_id) / "cleaned.json", made.to_dict())
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    assert [entry.label for entry in app.get("download_button")] == ["Export recipe", "Download the cleaned table"]
    cleaned = load_dataset(project.dataset(params["into"]))
    assert whole_table.as_file(cleaned).decode().splitlines()[:3] == ["city,age", "rome,", "rome,21"]
    monkeypatch.setattr(caches, "LARGE", 10)
    assert whole_table.as_file(cleaned)[:4] == b"PAR1"


def test_days_are_downloaded_as_days(tmp_path: Path) -> None:
    """They came with 00:00:00."""
    (tmp_path / "a.csv").write_text("day,at\n01.02.2024,2024-02-01 10:00\n15.02.2024,2024-02-02 11:30\n")
    data = create_dataset(tmp_path / "ds", tmp_path / "a.csv", "a")
    assert whole_table.as_file(data).decode().splitlines() == [
        "day,at",
        "2024-02-01,2024-02-01 10:00:00",
        "2024-02-15,2024-02-02 11:30:00",
    ]

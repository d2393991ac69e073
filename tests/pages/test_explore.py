"""Explore: without a table, with one, with a nasty one; steps into the recipe; the job for large tables."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.cleaning.recipe import History, Recipe, Step
from automl_core.cleaning.store import load_history, save_history
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.events import Failed, append_event
from automl_core.profiling.leakage import measure_leakage
from automl_core.profiling.profile import profile
from automl_core.workspace import ProjectFolder, new_id, write_json
from pages.explore import alerts_view, profile_view
from tests.pages.conftest import Jobs, assert_clean, open_app, open_page

HOSTILE = "<b>bold</b> `$x$` :red[y]"


def explore(project: ProjectFolder, data: Dataset) -> AppTest:
    return open_page("explore", project=project.id, dataset=data.id)


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def make(project: ProjectFolder, folder: Path, text: str, name: str = "table") -> Dataset:
    source = folder / f"{name}.csv"
    source.write_text(text, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, name)


@pytest.fixture
def nasty(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """A table with markup in names and cells, a constant, an empty column, untidy labels and copies."""
    rows = "".join(f"{row % 7},<i>{('Rome', 'rome')[row % 2]}</i>,one,,{('yes', 'no')[row % 2]}\n" for row in range(40))
    return make(project, tmp_path, f'"{HOSTILE}","[city](http://x)",same,empty,bought\n{rows}', "nasty *table*")


def test_without_a_project_it_says_what_comes_first() -> None:
    app = open_page("explore")
    assert app.info[0].value == "No project is open. Start with a sample or a file of your own."


def test_without_a_table_it_says_what_comes_first(project: ProjectFolder) -> None:
    app = open_page("explore", project=project.id)
    assert app.info[0].value == "This project has no table yet."
    assert not app.metric


def test_a_table_is_described(project: ProjectFolder, table: Dataset) -> None:
    app = explore(project, table)
    assert metrics(app) == {"Rows": "60", "Columns": "3", "Missing cells": "0", "Duplicate rows": "0", "To look at": "0"}
    assert app.success[0].value == "Nothing stands out in this table."
    cards = [text.value for text in app.markdown if text.value.startswith("**")]
    assert cards == ["**age** :gray[number]", "**city** :gray[category]", "**bought** :gray[boolean]"]
    assert set(app.selectbox(key="explore_column_").options) == {"age", "city", "bought"}
    assert not app.warning and not app.error


def test_the_target_finds_what_gives_it_away(project: ProjectFolder, tmp_path: Path) -> None:
    rows = "".join(f"{row % 9},{('left', 'here')[row % 2]},{('no', 'yes')[row % 2]}\n" for row in range(90))
    data = make(project, tmp_path, f"x,state,stays\n{rows}")
    app = explore(project, data)
    assert not [text for text in app.markdown if "almost perfectly" in text.value]
    app.selectbox(key=f"explore_target_{data.id}").set_value("stays").run()
    assert_clean(app)
    leaks = [text.value for text in app.markdown if "almost perfectly" in text.value]
    assert leaks[0].startswith(":red[:material/error:] 'state' tells the target almost perfectly ")
    assert app.selectbox(key="explore_column_stays").value == "stays"
    assert app.session_state[f"draft_target_{data.id}"] == "stays"


def test_a_nasty_table_is_shown_letter_by_letter(project: ProjectFolder, nasty: Dataset) -> None:
    app = explore(project, nasty)
    assert metrics(app)["Missing cells"] == "40"
    shown = [text.value for text in app.markdown if "bold" in text.value]
    assert shown[0] == r"**\<b\>bold\</b\> \`\$x\$\` \:red\[y\]** :gray[number]"
    for text in [*app.markdown, *app.caption]:
        assert not re.search(r"(?<!\\)[<`$]|(?<!\\)\]\(", text.value), text.value
    options = app.selectbox(key="explore_column_").options
    assert HOSTILE in options
    for name in options:
        app.selectbox(key="explore_column_").set_value(name).run()
        assert_clean(app)


def test_rows_that_miss_the_same_are_counted_as_everywhere_else(project: ProjectFolder, nasty: Dataset) -> None:
    """Regression: 7032 rows stood below 7,043 of the whole table."""
    table = next(table for table in explore(project, nasty).dataframe if "Missing in these rows" in table.value)
    assert json.loads(table.proto.columns)["Rows"]["type_config"] == {"type": "number", "format": "localized"}


def test_a_steps_button_adds_it_to_the_recipe_once(project: ProjectFolder, nasty: Dataset) -> None:
    save_history(nasty.folder, History(present=Recipe()))
    app = explore(project, nasty)
    (button,) = [button for button in app.button if button.key.endswith("_constant")]
    assert button.label == "Leave columns out"
    button.click().run()
    assert_clean(app)
    badges = [entry.value for entry in app.markdown if "In the recipe" in entry.value]
    assert badges == [":green-badge[:material/check: In the recipe]"]
    history = load_history(nasty.folder)
    assert history is not None
    assert [(step.op, step.params) for step in history.present] == [("drop_columns", {"columns": ["same", "empty"]})]
    assert not [button for button in app.button if button.key.endswith("_constant")]
    assert history.undo().present == Recipe()


def test_a_step_that_is_there_but_off_is_switched_on(project: ProjectFolder, nasty: Dataset) -> None:
    off = Step("drop_duplicates", {}, "Copies.", enabled=False, id="aaaa0001")
    save_history(nasty.folder, History(present=Recipe((off,))))
    app = explore(project, nasty)
    (button,) = [button for button in app.button if button.key.endswith("_duplicate_rows")]
    button.click().run()
    assert_clean(app)
    history = load_history(nasty.folder)
    assert history is not None
    assert [(step.id, step.enabled) for step in history.present] == [("aaaa0001", True)]


def test_what_the_proposed_recipe_does_is_told_to_be_there(project: ProjectFolder, nasty: Dataset) -> None:
    app = explore(project, nasty)
    assert "constant" in {alert.code for alert in profile(nasty.frame(), nasty.schema).alerts}
    assert not [button for button in app.button if button.key.endswith("_constant")]
    assert [button for button in app.button if button.key.endswith("_duplicate_rows")]
    assert load_history(nasty.folder) is None


def test_tidying_without_case_is_not_what_is_wanted(nasty: Dataset) -> None:
    """'Rome' and 'rome' stay apart when only spaces are tidied."""
    wanted = Step("trim_text", {"columns": ["[city](http://x)"], "case": "lower"})
    spaces = Step("trim_text", {"columns": ["[city](http://x)"], "case": "keep"})
    assert not alerts_view._done(Recipe((spaces,)), wanted, nasty)
    assert alerts_view._done(Recipe((spaces,)), spaces, nasty)
    assert alerts_view._done(Recipe((Step("trim_text", {"case": "title"}),)), wanted, nasty)
    assert alerts_view._done(Recipe((Step("drop_columns", {"columns": ["[city](http://x)"]}),)), wanted, nasty)
    assert not alerts_view._done(Recipe((Step("drop_columns", {"columns": ["same"]}),)), wanted, nasty)


def test_a_damaged_recipe_does_not_hide_the_profile(project: ProjectFolder, nasty: Dataset) -> None:
    (nasty.folder / "recipe.json").write_text('{"format": 1}', encoding="utf-8")
    app = explore(project, nasty)
    assert metrics(app)["Rows"] == "40"
    assert not [button for button in app.button if button.key.startswith("explore_step_")]


@pytest.fixture
def wide(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """A table of 1,000 columns: a number and a category in turn."""
    names = ",".join(f"{'n' if place % 2 else 'c'}{place:03d}" for place in range(1000))
    rows = "".join(
        ",".join(str(row * 7 % 31 + place) if place % 2 else "ab"[row * (place + 1) % 3 % 2] for place in range(1000)) + "\n"
        for row in range(30)
    )
    return make(project, tmp_path, f"{names}\n{rows}", "wide")


def cards(app: AppTest) -> list[str]:
    return [text.value.split("**")[1] for text in app.markdown if text.value.startswith("**") and ":gray[" in text.value]


def test_a_wide_table_is_shown_in_pages_with_search_and_filter(project: ProjectFolder, wide: Dataset) -> None:
    app = explore(project, wide)
    assert metrics(app)["Columns"] == "1,000"
    assert cards(app) == [f"{'n' if place % 2 else 'c'}{place:03d}" for place in range(12)]
    assert app.number_input(key="explore_page_84").label == "Page of 84"
    app.number_input(key="explore_page_84").set_value(84).run()
    assert cards(app) == ["c996", "n997", "c998", "n999"]
    app.text_input(key="explore_search").set_value(" N99").run()
    assert cards(app) == ["n991", "n993", "n995", "n997", "n999"]
    app.multiselect(key="explore_kinds").set_value(["category"]).run()
    assert cards(app) == []
    assert "No column fits. Change the search, the kinds, or the switch." in [text.value for text in app.caption]
    assert_clean(app)


def test_nothing_to_compare_is_said(project: ProjectFolder, tmp_path: Path) -> None:
    app = explore(project, make(project, tmp_path, "x,y\n1,2\n3,4\n"))
    assert [text.value for text in app.caption if text.value.startswith("There are no two columns")] == [
        "There are no two columns to compare. Keys, free texts and columns with one value take no part, "
        "and two columns need at least 10 rows in common."
    ]


def test_a_large_table_is_looked_at_by_a_job(
    project: ProjectFolder, table: Dataset, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_view, "AT_ONCE", 100)
    app = explore(project, table)
    ((job_id, kind, params),) = jobs.submitted
    assert (kind, params) == ("profile", {"dataset": table.id, "fingerprint": table.fingerprint, "target": ""})
    assert not app.metric
    app.run()
    assert len(jobs.submitted) == 1
    write_json(project.job(job_id) / "profile.json", profile(table.frame(), table.schema).to_dict())
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    assert metrics(app)["Rows"] == "60"
    assert len(jobs.submitted) == 1


def test_a_job_that_failed_can_be_started_again(
    project: ProjectFolder, table: Dataset, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile_view, "AT_ONCE", 100)
    app = explore(project, table)
    ((job_id, _, _),) = jobs.submitted
    append_event(project.job(job_id) / "events.jsonl", Failed("The memory was full.", "Use fewer rows.", "abcd1234"))
    jobs.states[job_id] = "failed"
    app.run()
    assert "The memory was full." in app.error[0].value
    app.button(key="explore_again").click().run()
    assert_clean(app)
    assert len(jobs.submitted) == 2


def test_cards_come_in_the_order_that_is_chosen(project: ProjectFolder, tmp_path: Path) -> None:
    rows = "".join(f"{row % 9},{row % 3 if row % 2 else ''},{('no', 'yes')[row % 9 > 4]}\n" for row in range(90))
    data = make(project, tmp_path, f"x,b,bought\n{rows}")
    app = explore(project, data)
    assert cards(app) == ["x", "b", "bought"]
    app.selectbox(key="explore_order_False").set_value("Most missing").run()
    assert cards(app) == ["b", "x", "bought"]
    app.toggle(key="explore_trouble").set_value(True).run()
    assert "x" not in cards(app)
    app.toggle(key="explore_trouble").set_value(False).run()
    app.selectbox(key=f"explore_target_{data.id}").set_value("bought").run()
    app.selectbox(key="explore_order_True").set_value("Tells most of the target").run()
    assert cards(app) == ["x", "b", "bought"]
    assert [expander.label for expander in app.expander].count("With the target") == 2
    assert_clean(app)


def test_leakage_is_measured_by_a_job(project: ProjectFolder, tmp_path: Path, jobs: Jobs) -> None:
    rows = "".join(f"{row % 9},{('left', 'here')[row % 2]},{('no', 'yes')[row % 2]}\n" for row in range(90))
    data = make(project, tmp_path, f"x,state,stays\n{rows}")
    app = explore(project, data)
    comes_first = "Choose the column to predict above; then it can be measured what gives it away."
    assert comes_first in [text.value for text in app.caption]
    app.selectbox(key=f"explore_target_{data.id}").set_value("stays").run()
    assert app.multiselect(key=f"explore_leakage_columns_{data.id}_stays").value == ["state"]
    app.button(key="explore_leakage_start").click().run()
    ((job_id, kind, params),) = jobs.submitted
    assert (kind, params["suspects"], params["target"]) == ("leakage", ["state"], "stays")
    found = measure_leakage(data.frame(), data.schema, profile(data.frame(), data.schema, "stays"), ["state"])
    write_json(project.job(job_id) / "leakage.json", found.to_dict())
    jobs.states[job_id] = "finished"
    app.run()
    assert_clean(app)
    shown = next(table.value for table in app.dataframe if "Quick model" in table.value)
    assert list(shown["Quick model"]) == ["All columns, rows split at random", "Without 'state'"]
    assert app.button(key="explore_leakage_start").disabled


def test_the_next_step_is_clean(project: ProjectFolder, table: Dataset) -> None:
    app = explore(project, table)
    assert app.button(key="next_clean").label == "Clean"


def test_a_link_opens_the_app_at_once(project: ProjectFolder, table: Dataset) -> None:
    assert_clean(open_app(project=project.id, dataset=table.id))

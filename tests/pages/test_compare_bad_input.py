"""Tables and settings that are hard to search, on the Compare page: a sentence beside the control, or what was adjusted."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset, create_dataset, dataset_from_frame
from automl_core.events import Message, append_event
from automl_core.runs import Run
from automl_core.schema import Column, Schema
from automl_core.workspace import ProjectFolder, new_id
from tests.pages.conftest import Jobs, assert_clean, open_page

LINES = [
    f"shop,{('early', 'noon', 'late')[row % 3]} {row % 11},{row * 7 % 31},{row // 2},{'yes' if row % 2 and row < 48 else 'no'}\n"
    for row in range(60)
]
SHOP = "place,hour,age,day,y\n" + "".join(LINES)
"""A place with one value, hours that are words, days, and one outcome in the last fifth."""


@pytest.fixture
def shop(project: ProjectFolder, tmp_path: Path) -> Dataset:
    source = tmp_path / "shop.csv"
    source.write_text(SHOP, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "shop")


def form(project: ProjectFolder, data: Dataset, target: str = "y") -> tuple[AppTest, str]:
    """Open the form for a target; return the keys' suffix, too."""
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value(target).run()
    assert_clean(app)
    return app, f"{data.id}_{target}"


def begin(project: ProjectFolder, jobs: Jobs) -> Run:
    """Let what was submitted begin as the worker does: cleaned, checked and divided, with what that says in the journal."""
    from automl_core.search.prepare import prepare

    run = Run(project.run(jobs.submitted[-1][0]))
    data = run.dataset()
    for note in prepare(data.frame(), data.schema, run.recipe, run.config, run.path).notes:
        append_event(run.path / "events.jsonl", Message(note))
    jobs.states[run.id] = "running"
    return run


def notes(app: AppTest) -> list[str]:
    """Return what stands under "What the run said", as it was written."""
    (box,) = [box for box in app.expander if box.label.startswith("What the run said")]
    lines = box.caption[0].value.split("  \n")
    assert box.label == f"What the run said ({len(lines)})"
    return [line.removeprefix(":material/info: ").replace("\\", "") for line in lines]


def test_a_group_column_of_one_group_is_refused_in_a_sentence(project: ProjectFolder, shop: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, shop)
    app.selectbox(key=f"compare_split_{suffix}").set_value("group").run()
    app.selectbox(key=f"compare_split_column_group_{suffix}").set_value("place").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    (error,) = app.error
    assert error.value == (
        "The group column 'place' has one value. At least 4 groups are needed to keep some aside.\n\n"
        "**Choose another column, or split at random.**"
    )
    assert jobs.submitted == []


def test_a_time_column_of_words_is_listed_and_says_what_to_do(project: ProjectFolder, shop: Dataset, jobs: Jobs) -> None:
    """Regression: only dates and numbers were listed, so a column of dates that were not read was missing without a word."""
    app, suffix = form(project, shop)
    app.selectbox(key=f"compare_split_{suffix}").set_value("time").run()
    column = app.selectbox(key=f"compare_split_column_time_{suffix}")
    assert column.options == ["age", "day", "place (category)", "hour (category)"]
    assert column.value == "age"
    assert not app.error
    column.set_value("hour").run()
    assert_clean(app)
    said = (
        "The time column 'hour' is of kind category, with cells such as 'early 0'. A date or a number that grows with time is "
        "needed.\n\n**Change its kind on the Upload page, or split at random.**"
    )
    assert [error.value for error in app.error] == [said]
    assert "Change how it is read" in [link.label for link in app.get("page_link")]
    assert not [field for field in app.number_input if str(field.key).startswith("compare_gap")]
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert [error.value for error in app.error] == [said, said]
    assert jobs.submitted == []


def test_a_target_that_is_constant_within_a_fold_is_told_in_the_run(project: ProjectFolder, shop: Dataset, jobs: Jobs) -> None:
    app, suffix = form(project, shop)
    app.selectbox(key=f"compare_split_{suffix}").set_value("time").run()
    app.selectbox(key=f"compare_split_column_time_{suffix}").set_value("day").run()
    app.slider(key=f"compare_holdout_{suffix}").set_value(0).run()
    app.number_input(key=f"compare_folds_{suffix}").set_value(4).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    run = begin(project, jobs)
    app = open_page("compare", project=project.id, run=run.id)
    said = "All rows that fold 4 judges have the same target; a metric that compares outcomes leaves such a fold out."
    assert said in notes(app)
    assert any(note.startswith("4 folds by time: each learns from all earlier rows") for note in notes(app))


@pytest.mark.parametrize("classes", [1000, 1001])
def test_a_thousand_classes_are_learned_and_one_more_is_refused(
    project: ProjectFolder, tmp_path: Path, jobs: Jobs, classes: int
) -> None:
    source = tmp_path / "many.csv"
    source.write_text(
        "x,y\n" + "".join(f"{row * 7 % 311},c{row % classes:04d}\n" for row in range(3 * classes)), encoding="utf-8"
    )
    data = create_dataset(project.dataset(new_id("ds")), source, "many", kinds={"y": "category"})
    app, suffix = form(project, data)
    assert app.selectbox(key=f"compare_task_{suffix}").value == "multiclass"
    assert f"compare_positive_{suffix}" not in [field.key for field in app.selectbox]
    app.button(key="compare_start").click().run()
    assert_clean(app)
    if classes > 1000:
        assert app.error[0].value.startswith("The target 'y' has 1,001 different labels. Up to 1,000 can be told apart.")
        assert jobs.submitted == []
        return
    app = open_page("compare", project=project.id, run=begin(project, jobs).id)
    assert any("the smallest class has only" in note for note in notes(app))


def test_a_hundred_rows_are_enough(project: ProjectFolder, tmp_path: Path, jobs: Jobs) -> None:
    source = tmp_path / "few.csv"
    source.write_text("a,b,y\n" + "".join(f"{r},{r * 7 % 31},{('yes', 'no')[r % 2]}\n" for r in range(100)), encoding="utf-8")
    data = create_dataset(project.dataset(new_id("ds")), source, "few")
    app, _ = form(project, data)
    app.button(key="compare_start").click().run()
    assert_clean(app)
    app = open_page("compare", project=project.id, run=begin(project, jobs).id)
    assert any(note.startswith("8 folds: ") for note in notes(app))


def test_a_table_of_twenty_thousand_columns_can_be_asked_about(project: ProjectFolder, jobs: Jobs) -> None:
    """Every select that names columns holds them all, and a change of a setting is answered at once."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 19_999)), columns=[f"x{place}" for place in range(19_999)])
    frame = pd.concat([frame, pd.DataFrame({"y": np.where(np.arange(40) % 2, "yes", "no").astype(object)})], axis=1)
    schema = Schema(tuple(Column(name, "category" if name == "y" else "number") for name in frame.columns))
    data = dataset_from_frame(project.dataset(new_id("ds")), frame, schema, "wide")
    app, suffix = form(project, data)
    assert len(app.selectbox(key="compare_target").options) == 20_000
    assert len(app.multiselect(key=f"compare_ignored_{suffix}").options) == 19_999
    begun = time.monotonic()
    app.selectbox(key=f"compare_split_{suffix}").set_value("time").run()
    assert len(app.selectbox(key=f"compare_split_column_time_{suffix}").options) == 19_999
    app.toggle(key=f"compare_costs_{suffix}").set_value(True).run()
    assert len(app.selectbox(key=f"compare_costs_amount_{suffix}").options) == 20_000
    app.toggle(key=f"compare_costs_{suffix}").set_value(False).run()
    app.multiselect(key=f"compare_ignored_{suffix}").set_value(["x0", "x19998"]).run()
    assert_clean(app)
    assert time.monotonic() - begun < 20
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["config"]["split"] == {"kind": "time", "column": "x0", "gap": 0.0}
    assert params["config"]["ignored"] == ["x0", "x19998"]

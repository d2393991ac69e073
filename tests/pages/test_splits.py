"""The split on the Compare page: what the table speaks for, the gap, and the proof after a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from automl_core.data.dataset import Dataset, create_dataset
from automl_core.search.proof import Check, Proof, Side
from automl_core.workspace import ProjectFolder, new_id, write_json
from tests.pages.conftest import Jobs, assert_clean, open_page

VISITS = "patient_id,day,age,bought\n" + "".join(
    f"p{row // 3},2024-{1 + row % 3:02d}-{1 + row // 3:02d},{20 + row * 7 % 41},{'yes' if row % 4 == 0 else 'no'}\n"
    for row in range(84)
)
GROUP = "'patient\\_id' repeats\\: 28 values in 84 rows."
TIME = "'day' gives each row a date, from 1 Jan 2024 to 28 Mar 2024."


@pytest.fixture
def visits(project: ProjectFolder, tmp_path: Path) -> Dataset:
    """A table whose key repeats and whose rows have dates."""
    source = tmp_path / "visits.csv"
    source.write_text(VISITS, encoding="utf-8")
    return create_dataset(project.dataset(new_id("ds")), source, "visits")


def ask(project: ProjectFolder, data: Dataset):
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    assert_clean(app)
    return app, f"{data.id}_bought"


def test_what_speaks_against_a_random_split_is_shown_and_not_chosen(project: ProjectFolder, visits: Dataset, jobs: Jobs) -> None:
    app, suffix = ask(project, visits)
    said = [caption.value for caption in app.caption]
    assert any(text.startswith(f":material/call_split: {GROUP}") for text in said)
    assert any(text.startswith(f":material/call_split: {TIME}") for text in said)
    assert app.selectbox(key=f"compare_split_{suffix}").value == "random"
    app.button(key="compare_start").click().run()
    assert jobs.submitted[0][2]["config"]["split"] == {"kind": "random", "column": "", "gap": 0.0}


def test_one_click_splits_by_time_a_gap_can_be_set_and_another_click_undoes_it(
    project: ProjectFolder, visits: Dataset, jobs: Jobs
) -> None:
    app, suffix = ask(project, visits)
    app.button(key=f"compare_split_use_1_{suffix}").click().run()
    assert_clean(app)
    assert app.selectbox(key=f"compare_split_{suffix}").value == "time"
    assert app.selectbox(key=f"compare_split_column_time_{suffix}").value == "day"
    assert ":material/check: Rows are split by 'day'." in [caption.value for caption in app.caption]
    assert app.number_input(key=f"compare_gap_True_{suffix}").label == "Gap in days"
    app.number_input(key=f"compare_gap_True_{suffix}").set_value(7.0).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert jobs.submitted[0][2]["config"]["split"] == {"kind": "time", "column": "day", "gap": 7.0}


def test_a_chosen_suggestion_is_undone_by_the_same_button(project: ProjectFolder, visits: Dataset) -> None:
    app, suffix = ask(project, visits)
    assert app.button(key=f"compare_split_use_0_{suffix}").label == "Keep them together"
    app.button(key=f"compare_split_use_0_{suffix}").click().run()
    assert app.selectbox(key=f"compare_split_{suffix}").value == "group"
    assert app.selectbox(key=f"compare_split_column_group_{suffix}").value == "patient_id"
    assert app.button(key=f"compare_split_use_0_{suffix}").label == "Split at random"
    app.button(key=f"compare_split_use_0_{suffix}").click().run()
    assert_clean(app)
    assert app.selectbox(key=f"compare_split_{suffix}").value == "random"


def test_a_split_by_a_number_has_its_gap_in_the_columns_unit(project: ProjectFolder, visits: Dataset) -> None:
    app, suffix = ask(project, visits)
    app.selectbox(key=f"compare_split_{suffix}").set_value("time").run()
    app.selectbox(key=f"compare_split_column_time_{suffix}").set_value("age").run()
    assert_clean(app)
    assert app.number_input(key=f"compare_gap_False_{suffix}").label == "Gap in units of age"


def test_a_gap_that_cannot_be_is_not_asked_for_where_there_is_no_time(project: ProjectFolder, visits: Dataset) -> None:
    app, _ = ask(project, visits)
    assert not [field for field in app.number_input if str(field.key).startswith("compare_gap")]


PROOF = Proof(
    (
        Check("rows_apart", "Rows", "ok", "No row is learned from and judged at once.", {"both": 0}),
        Check("groups_apart", "Groups", "not_applicable", "Rows were not divided by group."),
        Check("copies_apart", "Copies", "noted", "2 judged rows equal a learned one: *x*."),
    ),
    (
        Side("Kept aside", 90, 20, 3, "2024-01-01T00:00:00", "2024-03-01T00:00:00", "2024-03-09T00:00:00", "2024-04-01T12:00:00"),
        Side("Fold 1", 40, 30, 2, "2024-01-01T00:00:00", "2024-02-01T00:00:00", "2024-02-09T00:00:00", "2024-03-01T00:00:00"),
    ),
)


def test_the_proof_of_a_run_stands_under_its_leaderboard(project: ProjectFolder, run_folder: Path) -> None:
    PROOF.save(run_folder)
    app = open_page("compare", project=project.id)
    said = [text.value for text in app.markdown]
    assert ":material/check_circle: **Rows**: No row is learned from and judged at once." in said
    assert "Not checked: Rows were not divided by group." in [caption.value for caption in app.caption]
    assert ":material/info: **Copies**: 2 judged rows equal a learned one\\: \\*x\\*." in said
    assert any(box.label == "How rows were divided" for box in app.expander)
    table = app.dataframe[-1].value
    assert table.to_dict("records")[0] == {
        "Part": "Kept aside",
        "Learned from": 90,
        "Judged": 20,
        "In the gap": 3,
        "Learned until": "2024-03-01",
        "Judged from": "2024-03-09",
        "Judged until": "2024-04-01 12:00:00",
    }
    assert len(app.get("plotly_chart")) == 2


def test_a_check_that_failed_is_seen_without_opening(project: ProjectFolder, run_folder: Path) -> None:
    bad = Check("rows_apart", "Rows", "failed", "1 row is learned from and judged at once.", {"both": 1})
    Proof((bad,), (Side("Fold 1", 40, 30),)).save(run_folder)
    app = open_page("compare", project=project.id)
    (box,) = [box for box in app.expander if box.label.startswith("How rows were divided")]
    assert box.label == "How rows were divided: 1 of 1 checks failed"
    assert list(app.dataframe[-1].value.columns) == ["Part", "Learned from", "Judged"]
    assert len(app.get("plotly_chart")) == 1


def test_a_run_without_a_proof_shows_none_and_a_damaged_one_says_so(project: ProjectFolder, run_folder: Path) -> None:
    app = open_page("compare", project=project.id)
    assert not [box for box in app.expander if box.label.startswith("How rows were divided")]
    write_json(run_folder / "proof.json", {"format": 9})
    app = open_page("compare", project=project.id)
    assert app.error[0].value.startswith("This proof has format 9.")

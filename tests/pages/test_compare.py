"""Compare: proposals, the start, the live view, what became of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from automl_core.cleaning.recipe import History, Recipe
from automl_core.cleaning.store import save_history
from automl_core.data.dataset import Dataset, create_dataset
from automl_core.events import Event, Failed, Finished, Message, Progress, Started
from automl_core.leaderboard import Leaderboard
from automl_core.workspace import ProjectFolder, new_id, read_json, write_json
from pages.shared.run_view import number
from tests.pages.conftest import Jobs, assert_clean, open_page


def test_without_a_table_it_says_what_comes_first(project: ProjectFolder) -> None:
    app = open_page("compare", project=project.id)
    assert app.info[0].value == "This project has no table yet."
    assert app.page_link[0].label == "Upload a table"


def test_everything_is_proposed_with_a_reason_and_start_submits_it(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    assert_clean(app)
    suffix = f"{table.id}_bought"
    assert app.selectbox(key=f"compare_task_{suffix}").value == "binary"
    assert app.selectbox(key=f"compare_positive_{suffix}").value == "yes"
    assert app.selectbox(key=f"compare_metric_binary_{suffix}").value == "roc_auc"
    assert any("two values" in caption.value for caption in app.caption)
    app.selectbox(key=f"compare_budget_{suffix}").set_value(15).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((run_id, kind, params),) = jobs.submitted
    assert kind == "train"
    assert params["dataset"] == table.id
    assert params["config"]["target"] == "bought"
    assert params["config"]["budget"] == {"seconds": 15.0, "trials": 0}
    assert params["config"]["holdout"] == 0.2
    assert app.query_params["run"] == run_id
    assert app.main.get("progress")[0].text == "Waiting for its turn"


def test_a_number_of_models_takes_the_place_of_the_time(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    """Regression: runs that come out the same whatever the machine could be had on the command line only."""
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    suffix = f"{table.id}_bought"
    app.selectbox(key=f"compare_budget_{suffix}").set_value(-1).run()
    app.number_input(key=f"compare_models_{suffix}").set_value(12).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert params["config"]["budget"] == {"seconds": 60.0, "trials": 12}


def test_best_quality_proposes_five_minutes_and_says_what_less_gives_up(project: ProjectFolder, table: Dataset) -> None:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    suffix = f"{table.id}_bought"
    given, preset = f"compare_budget_{suffix}", f"compare_preset_{suffix}"
    short = "In less than 5 min the kinds of model that only this choice tries hardly get their turn"
    app.segmented_control(key=preset).set_value("best").run()
    assert app.selectbox(key=given).value == 300
    assert not any(short in caption.value for caption in app.caption)
    app.segmented_control(key=preset).set_value("quick").run()
    assert app.selectbox(key=given).value == 60
    app.selectbox(key=given).set_value(15).run()
    app.segmented_control(key=preset).set_value("best").run()
    assert_clean(app)
    assert app.selectbox(key=given).value == 15, "a time that was chosen stays"
    assert any(short in caption.value for caption in app.caption)
    app.selectbox(key=given).set_value(-1).run()
    assert not any(short in caption.value for caption in app.caption)


def test_a_form_that_is_drawn_anew_proposes_the_time_again() -> None:
    """Regression: it was back at a minute, and Best quality left it there as if a person had chosen that."""

    def form() -> None:
        import streamlit as st

        from pages.compare import budget_form

        if st.checkbox("Here", value=True, key="here"):
            budget_form.ask("x")

    app = AppTest.from_function(form).run()
    app.selectbox(key="compare_budget_x").set_value(15).run()
    assert app.session_state["draft_time_chosen_x"] is True
    app.checkbox(key="here").uncheck().run()
    app.checkbox(key="here").check().run()
    assert app.selectbox(key="compare_budget_x").value == 60
    assert app.session_state["draft_time_chosen_x"] is False


def test_the_fast_preset_asks_for_its_limit(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    suffix = f"{table.id}_bought"
    assert f"compare_limit_{suffix}" not in [box.key for box in app.number_input]
    app.segmented_control(key=f"compare_preset_{suffix}").set_value("fast").run()
    app.number_input(key=f"compare_limit_{suffix}").set_value(0.05).run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    ((_, _, params),) = jobs.submitted
    assert (params["config"]["preset"], params["config"]["predict_limit_ms"]) == ("fast", 0.05)


def test_more_folds_than_rows_of_a_label_are_told_before_the_start(project: ProjectFolder, tmp_path: Path) -> None:
    source = tmp_path / "few.csv"
    source.write_text("a,b\n" + "".join(f"{row},{'rare' if row % 10 == 0 else 'usual'}\n" for row in range(60)))
    data = create_dataset(project.dataset(new_id("ds")), source, "few")
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("b").run()
    folds = f"compare_folds_{data.id}_b"
    told = "rare stands in 6 rows, so 7 folds cannot each have one."
    app.number_input(key=folds).set_value(6).run()
    assert not any("cannot each have one" in caption.value for caption in app.caption)
    app.number_input(key=folds).set_value(7).run()
    assert_clean(app)
    assert any(told in caption.value for caption in app.caption)


def test_a_target_that_cannot_be_learned_is_explained_beside_the_form(project: ProjectFolder, tmp_path: Path, jobs: Jobs) -> None:
    source = tmp_path / "flat.csv"
    source.write_text("a,b\n" + "".join(f"{row},same\n" for row in range(30)))
    data = create_dataset(project.dataset(new_id("ds")), source, "flat")
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("b").run()
    assert_clean(app)
    assert app.error[0].value.startswith("The target 'b' has one value, 'same', in every row.")
    assert jobs.submitted == []


def test_labels_that_differ_by_case_stop_the_start(project: ProjectFolder, tmp_path: Path, jobs: Jobs) -> None:
    source = tmp_path / "case.csv"
    source.write_text("a,b\n" + "".join(f"{row * 7 % 31},{('yes', 'Yes', 'no')[row % 3]}\n" for row in range(60)))
    data = create_dataset(project.dataset(new_id("ds")), source, "case")
    save_history(data.folder, History(present=Recipe()))  # the proposed recipe would have tidied them
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("b").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert any("differ only by case or spaces" in error.value for error in app.error)
    assert jobs.submitted == []


def test_a_finished_run_recommends_a_model_and_opens_it(project: ProjectFolder, run_folder: Path) -> None:
    app = open_page("compare", project=project.id)
    rows = app.dataframe[0].value
    assert list(rows["Model"]) == ["LightGBM", "Baseline"]
    assert list(rows["Score"]) == ["0.812 ± 0.015", "0.5"]
    assert list(rows["Marks"]) == ["Recommended, Best single", "Baseline"]
    assert "1 model without a score, and why" in [box.label for box in app.expander]
    told = "**Failed\\: Support vectors**  \nIt ran out of memory. Use fewer rows."
    assert told in [caption.value for caption in app.caption]
    assert len(app.get("plotly_chart")) == 1
    app.button(key=f"compare_{run_folder.name}_inspect").click().run()
    assert_clean(app)
    assert app.title[0].value == "Inspect"
    assert app.query_params["model"] == "lightgbm"


def test_a_run_shows_where_it_is_and_stops(
    project: ProjectFolder, run_folder: Path, jobs: Jobs, emit: Callable[[Path, Event], None]
) -> None:
    jobs.states[run_folder.name] = "running"
    emit(run_folder, Message("'yes' is taken as the event."))
    emit(run_folder, Progress(0.5, "Fitting LightGBM, fold 2 of 5", 30.0))
    app = open_page("compare", project=project.id, run=run_folder.name)
    bar = app.main.get("progress")[0]
    assert bar.value == 50
    assert bar.text.startswith("Fitting LightGBM, fold 2 of 5, ")
    assert bar.text.endswith(" s left")
    assert ":material/info: 'yes' is taken as the event." in [caption.value for caption in app.caption]
    app.button(key=f"compare_{run_folder.name}_stop").click().run()
    assert_clean(app)
    assert jobs.stopped == [run_folder.name]


def test_an_interrupted_run_goes_on_with_what_is_left(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    jobs.states[run_folder.name] = "lost"
    app = open_page("compare", project=project.id, run=run_folder.name)
    app.button(key=f"compare_{run_folder.name}_resume").click().run()
    assert_clean(app)
    assert (jobs.resumed, jobs.more) == ([run_folder.name], [{"seconds": None, "models": None}])


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_an_ended_run_is_given_as_much_time_as_is_chosen(
    project: ProjectFolder, run_folder: Path, jobs: Jobs, state: str
) -> None:
    """Regression: a run of 15 s could be given 15 s more and nothing else."""
    jobs.states[run_folder.name] = state
    budget(run_folder, seconds=15.0)
    app = open_page("compare", project=project.id, run=run_folder.name)
    choice = app.segmented_control(key=f"compare_{run_folder.name}_more_15")
    assert (choice.options, choice.value) == (["15 s", "60 s", "10 min", "60 min"], 15.0)
    choice.set_value(600.0).run()
    app.button(key=f"compare_{run_folder.name}_resume").click().run()
    assert_clean(app)
    assert (jobs.resumed, jobs.more) == ([run_folder.name], [{"seconds": 600.0, "models": None}])


@pytest.mark.parametrize(("fault", "offered"), [("InputError", False), ("StorageError", True)])
def test_a_run_that_its_settings_forbid_does_not_offer_to_go_on(
    project: ProjectFolder, run_folder: Path, jobs: Jobs, emit: Callable[[Path, Event], None], fault: str, offered: bool
) -> None:
    """Regression: it did, and each time failed again."""
    (run_folder / "leaderboard.json").unlink()
    emit(run_folder, Failed("It is refused.", "Choose something else.", fault=fault))
    jobs.states[run_folder.name] = "failed"
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert [error.value for error in app.error] == ["It is refused.\n\n**Choose something else.**"]
    assert any(str(button.key).endswith("_resume") for button in app.button) == offered


def test_a_run_that_was_given_more_time_is_named_by_when_it_began(
    project: ProjectFolder, run_folder: Path, emit: Callable[[Path, Event], None]
) -> None:
    """Regression: its request is written anew then, and by that it was named."""
    (run_folder / "events.jsonl").unlink()
    emit(run_folder, Started(1, time=1_700_000_000.0))
    emit(run_folder, Finished({"recommended": "lightgbm"}))
    app = open_page("compare", project=project.id, run=run_folder.name)
    began = time.strftime("%d %b, %H:%M", time.localtime(1_700_000_000))
    assert [box.options for box in app.selectbox if str(box.key).startswith("compare_run_")] == [
        [f"bought by ROC AUC, {began}, finished"]
    ]


def test_a_run_that_had_a_minute_is_not_asked_twice_about_one(project: ProjectFolder, run_folder: Path) -> None:
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert app.segmented_control(key=f"compare_{run_folder.name}_more_60").options == ["60 s", "10 min", "60 min"]


def test_a_run_counted_in_models_is_given_models(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    budget(run_folder, trials=12)
    app = open_page("compare", project=project.id, run=run_folder.name)
    field = app.number_input(key=f"compare_{run_folder.name}_more_12_finished")
    assert (field.label, field.value, field.min) == ("How many more models", 12, 1)
    field.set_value(5).run()
    app.button(key=f"compare_{run_folder.name}_resume").click().run()
    assert_clean(app)
    assert jobs.more == [{"seconds": None, "models": 5}]


def test_a_stopped_run_counted_in_models_may_just_go_on(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    budget(run_folder, trials=12)
    jobs.states[run_folder.name] = "stopped"
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert app.number_input(key=f"compare_{run_folder.name}_more_12_stopped").value == 0
    app.button(key=f"compare_{run_folder.name}_resume").click().run()
    assert_clean(app)
    assert jobs.more == [{"seconds": None, "models": None}]


def budget(run: Path, **given: float) -> None:
    """Let a run have been asked for with this budget."""
    request = read_json(run / "request.json")
    request["params"]["config"]["budget"].update(given)
    write_json(run / "request.json", request)


def test_everything_that_was_adjusted_can_be_read_and_warnings_stand_in_view(
    project: ProjectFolder, run_folder: Path, emit: Callable[[Path, Event], None]
) -> None:
    """Regression: of what a run had said the last five sentences were shown, so that rows without a target went unseen."""
    emit(run_folder, Message("The cluster is gone.", "warning"))
    for place in range(8):
        emit(run_folder, Message(f"Note {place}: *x*."))
    emit(run_folder, Message("Note 0: *x*."))  # a run that goes on says it again
    app = open_page("compare", project=project.id, run=run_folder.name)
    (box,) = [box for box in app.expander if box.label.startswith("What the run said")]
    assert box.label == "What the run said (8)"
    lines = [f":material/info: Note {number}\\: \\*x\\*." for number in range(8)]
    assert [caption.value for caption in box.caption] == ["  \n".join(lines)]
    assert ":material/warning: The cluster is gone." in [caption.value for caption in app.caption]


def test_a_warning_stands_until_the_run_goes_on(
    project: ProjectFolder, run_folder: Path, emit: Callable[[Path, Event], None]
) -> None:
    """Regression: that all models had been tried still stood above the leaderboard when more had been given and fitted."""
    (run_folder / "events.jsonl").unlink()
    emit(run_folder, Message("The cluster is left out.", "warning"))  # while it waited
    emit(run_folder, Started(1))
    emit(run_folder, Message("A column is left out."))
    emit(run_folder, Message("Everything had been tried.", "warning"))
    emit(run_folder, Finished({"recommended": "lightgbm"}))

    def told() -> list[str]:
        app = open_page("compare", project=project.id, run=run_folder.name)
        (box,) = [box for box in app.expander if box.label == "What the run said (1)"]
        assert [caption.value for caption in box.caption] == [":material/info: A column is left out."]
        said = [caption.value for caption in app.caption]
        return [line.removeprefix(":material/warning: ") for line in said if line.startswith(":material/warning:")]

    assert told() == ["The cluster is left out.", "Everything had been tried."]
    emit(run_folder, Started(1, resumed=True))
    assert told() == ["The cluster is left out."]
    emit(run_folder, Message("Another thing.", "warning"))
    assert told() == ["The cluster is left out.", "Another thing."]


def test_what_is_adjusted_at_the_start_is_the_first_thing_that_the_run_says(
    project: ProjectFolder, tmp_path: Path, jobs: Jobs
) -> None:
    source = tmp_path / "gaps.csv"
    source.write_text("a,b\n" + "".join(f"{row},{('', 'yes', 'no', 'no')[row % 4]}\n" for row in range(60)))
    data = create_dataset(project.dataset(new_id("ds")), source, "gaps")
    save_history(data.folder, History(present=Recipe()))
    app = open_page("compare", project=project.id, dataset=data.id)
    app.selectbox(key="compare_target").set_value("b").run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert jobs.states[jobs.submitted[0][0]] == "queued"
    told = ":material/info: 15 rows have no value for the target 'b' and are left out."
    assert told in [caption.value for caption in app.caption]


def test_a_failed_run_says_why(project: ProjectFolder, run_folder: Path, jobs: Jobs, emit: Callable[[Path, Event], None]) -> None:
    jobs.states[run_folder.name] = "failed"
    emit(run_folder, Failed("The disk is full.", "Free some space.", "ab12cd34"))
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert app.error[0].value == "The disk is full. The details are in the log under ab12cd34.\n\n**Free some space.**"


def test_a_run_that_failed_before_its_first_row_offers_no_model(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    (run_folder / "leaderboard.json").unlink()
    jobs.states[run_folder.name] = "failed"
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert not [button for button in app.button if button.key == "next_explain"]


def test_a_run_without_its_first_row_is_waited_for(project: ProjectFolder, run_folder: Path, jobs: Jobs) -> None:
    (run_folder / "leaderboard.json").unlink()
    jobs.states[run_folder.name] = "running"
    app = open_page("compare", project=project.id, run=run_folder.name)
    assert "The first model's score will stand here in a moment." in [caption.value for caption in app.caption]


def test_the_leaderboard_of_another_run_is_never_shown(project: ProjectFolder, run_folder: Path) -> None:
    app = open_page("compare", project=project.id, run="rn261123-zzzzzzzz")
    assert_clean(app)
    assert app.query_params["run"] == run_folder.name


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [(0.81234, 0.0145, "0.812 ± 0.015"), (0.5, 0.0, "0.5"), (12345.6, 321.0, "12,346 ± 321"), (0.5, float("nan"), "0.5")],
)
def test_scores_have_the_digits_that_their_spread_supports(value: float, spread: float, text: str) -> None:
    assert number(value, spread) == text


def test_a_leaderboard_without_a_scored_row_draws_no_chart(project: ProjectFolder, run_folder: Path) -> None:
    board = Leaderboard.load(run_folder / "leaderboard.json")
    failed = tuple(replace(row, state="failed", score=None, reason="No time.") for row in board)
    replace(board, candidates=failed, recommended="").save(run_folder / "leaderboard.json")
    app = open_page("compare", project=project.id)
    assert len(app.get("plotly_chart")) == 0
    assert list(app.dataframe[0].value["State"]) == ["Failed", "Failed", "Failed"]

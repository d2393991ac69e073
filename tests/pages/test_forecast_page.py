"""Compare: the forecast before the start, and what became of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from streamlit.testing.v1 import AppTest

from automl_core.data.dataset import Dataset
from automl_core.events import Event, Progress, append_event
from automl_core.leaderboard import Leaderboard
from automl_core.search.forecast import FamilyForecast, Forecast
from automl_core.search.memory import GB
from automl_core.workspace import ProjectFolder
from tests.pages.conftest import Jobs, assert_clean, open_page

FORECAST = Forecast(
    38, 3, 5, 2, 60.0, 4 * GB, 3.0, FamilyForecast("preparation", "Preparing the data", (), "", 0.5, 0.25, 1.0), (
        FamilyForecast("linear", "Linear models", ("lr", "ridge"), "", 2.0, 1.0, 4.0, GB / 4, GB / 8, GB / 2),
        FamilyForecast("boosting", "Boosting, LightGBM", ("lightgbm",), "", 30.0, 0.5, 90.0, GB, GB / 2, 2 * GB, "shortened",
                       "It ends in time, with fewer rounds than it would use."),
        FamilyForecast("kernel", "Kernel methods", ("svm",), "", bytes=31 * GB, bytes_low=20 * GB, bytes_high=50 * GB,
                       verdict="no memory", reason="It would need about 31 GB, 4.0 GB are free."),
    )
)  # fmt: skip


def form(project: ProjectFolder, table: Dataset) -> AppTest:
    app = open_page("compare", project=project.id, dataset=table.id)
    app.selectbox(key="compare_target").set_value("bought").run()
    return app


def say(folder: Path, event: Event) -> None:
    append_event(folder / "events.jsonl", event)


def test_a_forecast_is_asked_for_followed_and_shown(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app = form(project, table)
    app.button(key="compare_forecast_start").click().run()
    assert_clean(app)
    ((job_id, kind, params),) = jobs.submitted
    assert kind == "forecast"
    assert params["config"]["target"] == "bought"
    jobs.states[job_id] = "running"
    say(project.job(job_id), Progress(0.5, "Fitting small samples"))
    app.run()
    assert [bar.text for bar in app.main.get("progress")] == ["Fitting small samples"]
    assert app.button(key="compare_start").label == "Start", "the run can be started meanwhile"

    jobs.states[job_id] = "finished"
    FORECAST.save(project.job(job_id) / "forecast.json")
    app.run()
    assert_clean(app)
    shown = app.dataframe[0].value
    assert list(shown["Models"]) == ["Preparing the data", "Linear models", "Boosting, LightGBM", "Kernel methods"]
    assert list(shown["Seconds"]) == ["0.50", "2.0", "30", ""]
    assert list(shown["Likely"]) == ["0.25 to 1.0", "1.0 to 4.0", "0.50 to 90", ""]
    assert list(shown["Memory"]) == ["", "256 MB", "1.0 GB", "31 GB"]
    assert list(shown["Likely memory"]) == ["", "128 MB to 512 MB", "512 MB to 2.0 GB", "20 GB to 50 GB"]
    assert list(shown["In time and memory"]) == ["Fits", "Fits", "Fits, shortened", "Too large"]
    assert shown["Reason"].iloc[3] == "It would need about 31 GB, 4.0 GB are free."
    assert len(app.get("plotly_chart")) == 2
    assert any("38 rows to learn from in each of 5 folds" in caption.value for caption in app.caption)
    assert len(jobs.submitted) == 1


def test_other_settings_have_a_forecast_of_their_own(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app = form(project, table)
    app.button(key="compare_forecast_start").click().run()
    FORECAST.save(project.job(jobs.submitted[0][0]) / "forecast.json")
    jobs.states[jobs.submitted[0][0]] = "finished"
    app.run()
    assert len(app.get("plotly_chart")) == 2
    app.selectbox(key=f"compare_budget_{table.id}_bought").set_value(300).run()
    assert_clean(app)
    assert len(app.get("plotly_chart")) == 0
    assert app.button(key="compare_forecast_start").label == "Forecast"


def test_a_run_takes_its_forecast_with_it(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    app = form(project, table)
    app.button(key="compare_forecast_start").click().run()
    job_id = jobs.submitted[0][0]
    FORECAST.save(project.job(job_id) / "forecast.json")
    jobs.states[job_id] = "finished"
    app.run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    _, kind, params = jobs.submitted[1]
    assert kind == "train"
    assert Forecast.from_dict(params["forecast"]) == FORECAST
    assert jobs.stopped == []


def test_a_start_does_not_wait_for_a_forecast(project: ProjectFolder, table: Dataset, jobs: Jobs) -> None:
    """One job runs at a time: the run would have stood behind a forecast that nobody wants any more."""
    app = form(project, table)
    app.button(key="compare_forecast_start").click().run()
    jobs.states[jobs.submitted[0][0]] = "running"
    app.run()
    app.button(key="compare_start").click().run()
    assert_clean(app)
    assert jobs.stopped == [jobs.submitted[0][0]]
    assert jobs.submitted[1][1] == "train"
    assert "forecast" not in jobs.submitted[1][2]


def test_a_finished_run_sets_its_forecast_against_what_it_took(project: ProjectFolder, run_folder: Path) -> None:
    FORECAST.save(run_folder / "forecast.json")
    app = open_page("compare", project=project.id)
    table = app.dataframe[-1].value
    assert list(table["Models"]) == ["Boosting, LightGBM"]
    # 1.25 s summed over five folds, two at a time; predicting 47.5 rows is nothing beside it.
    assert list(table["Took, s"]) == ["0.75"]
    assert list(table["As forecast"]) == ["Yes"]
    (said,) = [caption.value for caption in app.caption if "took as long as forecast" in caption.value]
    assert said.startswith("1 of 1 families ")
    assert said.endswith(" Of 2 more no model was scored.")
    assert not any(name.startswith("Memory") for name in table)


def test_memory_is_set_against_its_forecast_where_it_was_measured(project: ProjectFolder, run_folder: Path) -> None:
    FORECAST.save(run_folder / "forecast.json")
    path = run_folder / "leaderboard.json"
    board = Leaderboard.load(path)
    replace(board, candidates=tuple(replace(row, peak_bytes=GB) for row in board)).save(path)
    app = open_page("compare", project=project.id)
    assert_clean(app)
    table = app.dataframe[-1].value
    assert list(table["Memory, likely"]) == ["512 MB to 2.0 GB"]
    assert list(table["Memory, taken"]) == ["1.0 GB"]
    assert list(table["Memory as forecast"]) == ["Yes"]
    said = "1 of 1 families took as long as forecast, 1 of 1 as much memory. "
    assert any(caption.value.startswith(said) for caption in app.caption)


def test_a_run_without_a_forecast_or_with_a_damaged_one_shows_none(project: ProjectFolder, run_folder: Path) -> None:
    none = [frame.proto.id for frame in open_page("compare", project=project.id).dataframe]
    (run_folder / "forecast.json").write_text(json.dumps({"format": 1, "families": []}))
    assert [frame.proto.id for frame in open_page("compare", project=project.id).dataframe] == none
    assert not any("forecast" in name for name in none)

"""Tune: the form with its checks, a study as it goes and as it ended."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from automl_core.events import Event, Progress, append_event
from automl_core.leaderboard import Leaderboard
from automl_core.search.candidates import catalogue
from automl_core.tuning.gain import measure_gain
from automl_core.tuning.run import space_of_row
from automl_core.tuning.study import Settings, Study, TrialRow, study_folder
from automl_core.workspace import ProjectFolder
from tests.pages.conftest import Jobs, assert_clean, open_page


@pytest.fixture
def run(run_folder: Path) -> Path:
    """A finished run whose best model has what is needed to fit it again."""
    board = Leaderboard.load(run_folder / "leaderboard.json")
    spec = replace(catalogue("binary")["dt"], id="lightgbm", name="Tree")
    board.with_candidate(replace(board["lightgbm"], spec=asdict(spec), name="Tree")).save(run_folder / "leaderboard.json")
    return run_folder


def a_study(run: Path, *, ended: bool) -> Study:
    row = Leaderboard.load(run / "leaderboard.json")["lightgbm"]
    settings = Settings("lightgbm", "tpe", space_of_row("binary", row), trials=4)
    params = settings.space.start()
    rows = [
        TrialRow(0, "scored", 0.81, (0.80, 0.82), params),
        TrialRow(1, "scored", 0.83, (0.82, 0.84), {**params, "max_depth": 4}),
        TrialRow(2, "pruned", None, (0.6,), {**params, "max_depth": 1}, reason="Given up after 1 of 2 folds: others did better."),
        TrialRow(3, "scored", 0.82, (0.81, 0.83), {**params, "max_depth": 5}),
    ]
    made = Study(
        "lightgbm-tuned-1", "Tree", settings, "roc_auc", "Area under the ROC curve", True, 2, tuple(rows), goal_trials=4,
        running=() if ended else ("Trial 4, 1 of 2 folds",),
    )  # fmt: skip
    if ended:
        gain = measure_gain((0.80, 0.82), [(0.82, 0.84), (0.81, 0.83)], greater_is_better=True)
        held = {"before": {"value": 0.79}, "after": {"value": 0.805}}
        made = replace(made, gain=gain.to_dict(), importance={"max_depth": 0.9, "criterion": 0.1}, held_out=held)
    made.save(study_folder(run, made.id))
    return made


def test_without_a_run_the_page_says_what_comes_first(project: ProjectFolder) -> None:
    app = open_page("tune", project=project.id)
    assert any("no model yet" in info.value for info in app.info)


def test_a_study_is_asked_for_and_started(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    assert app.selectbox(key=f"tune_model_{run.name}").value == "lightgbm"
    assert any(caption.value == "Proposed: It makes the most of about 40 trials over 6 parameters." for caption in app.caption)
    app.number_input(key="tune_budget_Trials").set_value(12).run()
    app.button(key="tune_start").click().run()
    assert_clean(app)
    ((_, kind, params),) = jobs.submitted
    assert (kind, params["run"], params["study"]) == ("tune", run.name, "lightgbm-tuned-1")
    settings = Settings.from_dict(params["settings"])
    assert (settings.candidate, settings.method, settings.trials, settings.pruner) == ("lightgbm", "tpe", 12, "median")


def test_cleaning_choices_are_asked_for_beside_the_parameters(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    assert not app.toggle(key="tune_cleaning_lightgbm").disabled
    app.toggle(key="tune_cleaning_lightgbm").set_value(True).run()
    app.button(key="tune_start").click().run()
    assert_clean(app)
    names = [row["name"] for row in jobs.submitted[0][2]["settings"]["space"]]
    assert names[-5:] == ["clean_imputer", "clean_encoder", "clean_scaler", "clean_tails", "clean_selection"]


def test_what_a_method_needs_is_said_before_the_start(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    app.selectbox(key="tune_method_lightgbm_tpe").set_value("cmaes").run()
    assert any("criterion is a choice. Fix it" in error.value for error in app.error)
    assert app.button(key="tune_start").disabled
    app.selectbox(key="tune_method_lightgbm_tpe").set_value("grid").run()
    assert any("The grid has 486 points, 972 fits over 2 folds" in caption.value for caption in app.caption)
    assert not jobs.submitted


def test_ray_tune_is_a_choice_only_where_a_cluster_is_named(
    project: ProjectFolder, run: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUTOML_RAY_ADDRESS", raising=False)
    app = open_page("tune", project=project.id, run=run.name)
    assert "tune_course" not in [control.key for control in app.segmented_control]
    monkeypatch.setenv("AUTOML_RAY_ADDRESS", "127.0.0.1:1")
    app = open_page("tune", project=project.id, run=run.name)
    course = app.segmented_control(key="tune_course")
    assert (course.value, course.options) == ("batches", ["In batches, repeatable", "Keep every machine busy (Ray Tune)"])
    course.set_value("busy").run()
    assert_clean(app)
    assert any("The same seed will not give exactly the same trials again" in caption.value for caption in app.caption)
    assert app.selectbox(key="tune_pruner_busy").options == ["Below the better half", "Never"]
    app.checkbox(key="tune_or_here").set_value(True).run()
    app.button(key="tune_start").click().run()
    assert_clean(app)
    settings = Settings.from_dict(jobs.submitted[0][2]["settings"])
    assert (settings.course, settings.pruner) == ("busy", "halving")
    app.segmented_control(key="tune_place").set_value("here").run()
    assert "tune_course" not in [control.key for control in app.segmented_control]


def test_ray_tune_is_refused_where_what_it_needs_is_missing(
    project: ProjectFolder, run: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.engines import ray as engine

    monkeypatch.setenv("AUTOML_RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setattr(engine, "TUNE", ("no_such_package",))
    app = open_page("tune", project=project.id, run=run.name)
    app.segmented_control(key="tune_course").set_value("busy").run()
    assert [error.value for error in app.error] == [
        "Ray Tune cannot be used here. It needs no\\_such\\_package, which requirements-cluster.txt locks.\n\n"
        "**Install it with \\`pip install -r requirements-cluster.txt\\`, or begin trials in batches.**"
    ]
    assert app.button(key="tune_start").disabled


def test_a_run_that_is_still_searched_is_not_tuned(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    jobs.states[run.name] = "running"
    app = open_page("tune", project=project.id, run=run.name)
    assert any("still being searched" in info.value for info in app.info)


def test_a_study_is_followed_and_its_end_told(project: ProjectFolder, run: Path, jobs: Jobs) -> None:
    app = open_page("tune", project=project.id, run=run.name)
    app.button(key="tune_start").click().run()
    ((job_id, _, _),) = jobs.submitted
    jobs.states[job_id] = "running"
    say(project.job(job_id), Progress(0.5, "Tuning Tree: 3 of 4 trials"))
    a_study(run, ended=False)
    app.run()
    assert_clean(app)
    assert "Tuning Tree: 3 of 4 trials" in [bar.text for bar in app.main.get("progress")]
    assert any("Trial 4, 1 of 2 folds" in caption.value for caption in app.caption)
    assert any("Best: " in text.value and "trial 1" in text.value for text in app.markdown)

    jobs.states[job_id] = "finished"
    a_study(run, ended=True)
    app.run()
    assert_clean(app)
    assert any("better by 0.02" in text.value for text in app.markdown)
    assert any("On the held-out rows: 0.79 before, **0.805** after." in text.value for text in app.markdown)
    shown = next(frame.value for frame in app.dataframe if "Trial" in frame.value)
    assert list(shown["State"]) == ["As it was", "Scored", "Given up", "Scored"]
    assert list(shown["max_depth"])[1:] == [4, 1, 5]
    for kind in ("All parameters", "Importance", "One parameter"):
        app.segmented_control(key="tune_lightgbm-tuned-1_chart_3").set_value(kind).run()
        assert_clean(app)
    app.button(key="tune_lightgbm-tuned-1_resume").click().run()
    assert jobs.resumed == [job_id]


def say(folder: Path, event: Event) -> None:
    append_event(folder / "events.jsonl", event)

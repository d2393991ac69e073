"""How a run that goes on counts its time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.events import Finished, Message, Progress, Started, Stopped, append_event
from automl_core.extending import time_used, with_more
from automl_core.runs import Run, write_request
from automl_core.scoring.bundle import Model
from automl_core.worker.answering import tell_speed
from automl_core.worker.candidates import bundle, drop_stale, evaluate_candidate, judge_recommended, packed, write_out_candidate
from automl_core.worker.training import train
from automl_core.workspace import read_json, write_json
from tests.conftest import MakeRun, customers


def write(journal: Path, *events) -> Path:
    for event in events:
        append_event(journal, event)
    return journal


def test_sessions_add_up_and_a_cut_one_is_known(tmp_path: Path) -> None:
    journal = tmp_path / "events.jsonl"
    assert time_used(journal) == (0.0, 0.0)
    write(journal, Started(1, time=100.0))
    assert time_used(journal) == (0.0, 0.0), "a session that has only just started does not count"
    write(journal, Progress(0.5, "Fitting", time=110.0))
    assert time_used(journal) == (10.0, 0.0)
    write(journal, Started(2, True, time=200.0), Progress(0.9, "Fitting", time=203.0), Finished(time=205.0))
    assert time_used(journal) == (15.0, 15.0)
    write(journal, Started(3, True, time=900.0))
    assert time_used(journal) == (15.0, 15.0)
    write(journal, Progress(0.5, "Fitting", time=904.0))
    assert time_used(journal) == (19.0, 15.0)


@pytest.mark.parametrize(
    ("used", "since", "seconds"),
    [(0.0, 0.0, 60.0), (61.0, 61.0, 121.0), (20.0, 0.0, 60.0), (70.0, 0.0, 80.0), (91.0, 61.0, 121.0)],
)
def test_a_session_gets_what_it_was_given_and_one_that_was_cut_off_the_rest_of_it(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, used: float, since: float, seconds: float
) -> None:
    """Regression: a run that was given more time and then cut off had ten seconds left, however much it had been given."""
    run = make_run("binary")
    assert asked_for(run, monkeypatch, used, since) == (seconds, 1000.0 - used, None), "nobody has given it more"


def asked_for(run: Run, monkeypatch: pytest.MonkeyPatch, used: float, since: float) -> tuple[float, float, int | None]:
    """Return what a session at 1000 s is begun with: seconds of the whole run, its start, models at first."""
    from automl_core.search import run as search

    asked = []

    def refuse(*args: Any, **options: Any) -> None:
        asked.append((args[3].budget.seconds, options["started"], options["first"]))
        raise LookupError

    monkeypatch.setattr(search, "run_search", refuse)
    with pytest.raises(LookupError):
        train(run, emit=lambda event: None, should_stop=lambda: False, started=1000.0, used=used, since=since)
    (found,) = asked
    return found


@pytest.mark.parametrize("ended", [True, False])
def test_what_a_run_was_given_outlives_that_it_is_killed(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch, ended: bool) -> None:
    """Regression: 60 s for a run that was killed at 100 s, which was killed again after 20 s of them, were 10 s."""
    run = make_run("binary")
    journal = run.path / "events.jsonl"
    journal.unlink(missing_ok=True)
    write(journal, Started(1, time=100.0), Progress(0.5, "Fitting", time=200.0), *([Finished(time=200.0)] if ended else []))
    write_request(run.path, "train", with_more(run, seconds=60.0))
    first = 0 if ended else None
    assert asked_for(run, monkeypatch, *time_used(journal)) == (160.0, 900.0, first)
    write(journal, Started(2, True, time=300.0), Progress(0.5, "Fitting", time=320.0))
    assert asked_for(run, monkeypatch, *time_used(journal)) == (160.0, 880.0, first)


def test_idle_time_before_a_stop_does_not_count(tmp_path: Path) -> None:
    journal = write(tmp_path / "events.jsonl", Started(1, time=100.0), Finished(time=110.0), Stopped(time=90_000.0))
    assert time_used(journal) == (10.0, 10.0)


def test_a_run_refuses_a_table_that_was_read_anew(make_run: MakeRun) -> None:
    run = make_run("binary")
    request = read_json(run.path / "request.json")
    request["params"]["fingerprint"] = "another"
    write_json(run.path / "request.json", request)
    with pytest.raises(InputError, match="was read another way after this run had started"):
        run.dataset()


def test_results_of_a_changed_candidate_are_not_kept(make_run: MakeRun) -> None:
    """Regression: after more time, importance and report of the earlier ensemble were shown for the new one."""
    run = make_run("binary")
    for path in (run.evaluation("forest"), run.evaluation("ensemble"), run.report("forest")):
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    later = time.time() + 10
    os.utime(run.path / "candidates" / "ensemble" / "candidate.json", (later, later))
    drop_stale(run)
    assert run.evaluation("forest").exists()
    assert not run.evaluation("ensemble").exists()
    assert not run.report("forest").exists(), "a report shows the whole leaderboard"


def test_held_out_rows_that_cannot_judge_do_not_fail_a_run(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: a holdout with one label ended a run as failed that had found a good model."""
    run = make_run("binary")
    frame = run.holdout()
    monkeypatch.setattr(Run, "holdout", lambda self, table=None: frame[frame["outcome"] == "left"])
    told: list[Any] = []
    judge_recommended(run, "logistic", told.append, packed(run, "logistic"))
    assert told[0] == Progress(1.0, "Judging the recommended model on the held-out rows", time=told[0].time)
    assert told[1].level == "warning"
    assert told[1].text.startswith("The held-out rows cannot judge the model: Every row has the label 'left'.")


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_was_just_packed_is_neither_read_nor_asked_again(
    task: str, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: after the search a person waited up to 19 s, since the model was loaded twice and predicted twice."""
    run = make_run(task, frame=customers(480))
    expected = read_json(evaluate_candidate(run, "ensemble"))
    run.model("ensemble").unlink()
    run.evaluation("ensemble").unlink()
    found = packed(run, "ensemble")
    assert found.held.tolist() == list(range(120))

    def never(*args: object, **kwargs: object) -> None:
        raise AssertionError

    monkeypatch.setattr("automl_core.scoring.bundle.load_trusted", never)
    monkeypatch.setattr(Model, "values_of", never)
    assert read_json(evaluate_candidate(run, "ensemble", found)) == expected


def test_held_out_rows_that_packing_has_not_seen_are_predicted(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many held-out rows packing predicts a sample; the others are predicted when the model is judged."""
    run = make_run("binary", frame=customers(480))
    expected = read_json(evaluate_candidate(run, "ensemble"))
    run.model("ensemble").unlink()
    monkeypatch.setattr("automl_core.model.SAMPLE_ROWS", 50)
    found = packed(run, "ensemble")
    assert len(found.held) == 50
    asked, whole = [], Model.values_of
    monkeypatch.setattr(Model, "values_of", lambda self, frame: asked.append(len(frame)) or whole(self, frame))
    again = read_json(evaluate_candidate(run, "ensemble", found))
    assert asked == [70]
    assert again["rows"] == expected["rows"] == 120
    for name, score in expected["metrics"].items():  # sums over fewer rows at a time differ in their last bits
        assert again["metrics"][name] == pytest.approx(score, abs=1e-9), name


def test_a_model_that_was_read_from_its_file_has_predicted_nothing(make_run: MakeRun) -> None:
    run = make_run("binary")
    bundle(run, "forest")
    assert len(packed(run, "forest").held) == 0


def test_without_held_out_rows_a_model_is_judged_out_of_fold(make_run: MakeRun) -> None:
    run = make_run("binary", holdout=0.0)
    found = read_json(evaluate_candidate(run, "logistic"))
    assert (found["source"], found["rows"]) == ("out-of-fold", 240)


@pytest.mark.parametrize(
    ("limit", "level", "words"),
    [(1000.0, "info", "within the limit of 1,000 ms."), (1e-4, "warning", "; the limit is 0.0001 ms.")],
)
def test_the_exported_model_is_measured_against_its_limit(limit: float, level: str, words: str, make_run: MakeRun) -> None:
    run = make_run("binary")
    request = read_json(run.path / "request.json")
    request["params"]["config"] |= {"preset": "fast", "predict_limit_ms": limit}
    write_json(run.path / "request.json", request)
    (run.path / "model.zip").write_bytes(bundle(run, "logistic").read_bytes())
    told: list[Message] = []
    tell_speed(run, told.append)
    assert told[0].level == level
    assert told[0].text.startswith("One row takes ") and told[0].text.endswith(words)


def test_a_forecast_job_leaves_its_forecast_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.data.dataset import dataset_from_frame
    from automl_core.experiment import Budget, ExperimentConfig
    from automl_core.jobs.context import JobContext
    from automl_core.search.forecast import Forecast
    from automl_core.worker import KINDS
    from automl_core.workspace import ProjectFolder, new_id
    from tests.conftest import CUSTOMERS, RECIPE, customers

    project = ProjectFolder(tmp_path / "projects" / new_id("pr"))
    dataset = dataset_from_frame(project.dataset(new_id("ds")), customers(), CUSTOMERS, "customers.csv")
    config = ExperimentConfig("outcome", "binary", "roc_auc", "left", folds=3, candidates=("lr", "nb"), budget=Budget(30))
    params = {"dataset": dataset.id, "config": config.to_dict(), "recipe": RECIPE.to_dict()}
    told: list[Progress] = []
    folder = project.job(new_id("jb"))
    folder.mkdir(parents=True)
    job = JobContext(folder, project, {"kind": "forecast", "params": params}, told.append, lambda: False)
    assert KINDS["forecast"](job) == {"file": "forecast.json"}
    assert [path.name for path in folder.iterdir()] == ["forecast.json"]
    found = Forecast.load(folder / "forecast.json")
    assert [row.label for row in found.families] == ["Linear models", "Naive Bayes and the like"]
    assert (found.folds, found.budget) == (3, 30.0)
    assert {event.doing for event in told} == {"Preparing a sample of the table", "Fitting small samples"}


def test_a_forecast_of_a_large_table_holds_some_of_its_rows_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: the whole of a large table was held to fit a few small models."""
    from automl_core.data.dataset import dataset_from_frame
    from automl_core.experiment import ExperimentConfig
    from automl_core.jobs.context import JobContext
    from automl_core.search import probing
    from automl_core.worker import tables
    from automl_core.workspace import ProjectFolder, new_id
    from tests.conftest import CUSTOMERS, RECIPE, customers

    held: list[tuple[int, list[int], int]] = []

    def forecast(frame: pd.DataFrame, *rest: object, of: int, **more: object) -> None:
        held.append((len(frame), frame.index[:2].tolist(), of))
        raise InterruptedError

    monkeypatch.setattr(tables, "DRAWN", 120)
    monkeypatch.setattr(probing, "forecast_run", forecast)
    project = ProjectFolder(tmp_path / "projects" / new_id("pr"))
    dataset = dataset_from_frame(project.dataset(new_id("ds")), customers(300), CUSTOMERS, "customers.csv")
    config = ExperimentConfig("outcome", "binary", "roc_auc", "left")
    params = {"dataset": dataset.id, "config": config.to_dict(), "recipe": RECIPE.to_dict()}
    job = JobContext(
        project.job(new_id("jb")), project, {"kind": "forecast", "params": params}, lambda event: None, lambda: False
    )
    with pytest.raises(InterruptedError):
        tables.forecast_job(job)
    assert held == [(120, [0, 1], 300)]


def test_a_run_keeps_the_forecast_that_it_was_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from automl_core import worker
    from automl_core.experiment import ExperimentConfig
    from automl_core.jobs.context import JobContext
    from automl_core.runs import write_request
    from automl_core.search.forecast import Forecast
    from automl_core.workspace import ProjectFolder

    made = Forecast(10, 2, 5, 2, 60.0, 1)
    config = replace(ExperimentConfig("a", "regression", "rmse"), holdout=0.0)
    params = {"dataset": "x", "config": config.to_dict(), "recipe": {}, "forecast": made.to_dict()}
    write_request(tmp_path, "train", params)
    monkeypatch.setattr(worker.training, "train", lambda run, **more: {"recommended": "lr"})
    request = read_json(tmp_path / "request.json")
    worker.KINDS["train"](JobContext(tmp_path, ProjectFolder(tmp_path), request, lambda event: None, lambda: False))
    assert Forecast.load(tmp_path / "forecast.json") == made


def test_a_readable_model_is_written_out_and_forgotten_when_it_changes(make_run: MakeRun) -> None:
    run = make_run("binary")
    found = read_json(write_out_candidate(run, "logistic"))
    assert (found["kind"], found["outputs"], found["folds"]) == ("linear", ["left"], 2)
    with pytest.raises(InputError, match="cannot be read as a whole"):
        write_out_candidate(run, "ensemble")
    later = time.time() + 10
    os.utime(run.path / "candidates" / "logistic" / "candidate.json", (later, later))
    drop_stale(run)
    assert not run.readable("logistic").exists()


def test_cleaning_and_comparing_steps_are_jobs(tmp_path: Path) -> None:
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.data.dataset import dataset_from_frame, load_dataset
    from automl_core.experiment import ExperimentConfig
    from automl_core.jobs.context import JobContext
    from automl_core.search.ablation import Ablation
    from automl_core.worker import KINDS
    from automl_core.workspace import ProjectFolder, new_id
    from tests.conftest import CUSTOMERS, customers

    project = ProjectFolder(tmp_path / "projects" / new_id("pr"))
    source, into = new_id("ds"), new_id("ds")
    dataset_from_frame(project.dataset(source), customers(120), CUSTOMERS, "people")
    recipe = Recipe((Step("drop_columns", {"columns": ["key", "mail"]}), Step("filter_rows", {"condition": "age < 70"})))
    for kind, params, expected in (
        ("clean", {"into": into, "name": "tidy"}, {"dataset": into, "file": "cleaned.json"}),
        ("ablation", {"config": ExperimentConfig("amount", "regression", "rmse").to_dict()}, {"file": "ablation.json"}),
    ):
        folder, told = tmp_path / kind, []
        folder.mkdir()
        request = {"kind": kind, "params": {"dataset": source, "recipe": recipe.to_dict(), **params}}
        assert KINDS[kind](JobContext(folder, project, request, told.append, lambda: False)) == expected
        assert told and all(isinstance(event, Progress) for event in told)
    tidy = load_dataset(project.dataset(into))
    assert tidy.name == "tidy" and tidy.frame()["age"].max() < 70 and "key" not in tidy.schema
    first = read_json(tmp_path / "clean" / "cleaned.json")["outcomes"][0]
    assert first["step"].startswith("Leave columns out")
    assert len(Ablation.from_dict(read_json(tmp_path / "ablation" / "ablation.json")).effects) == 2

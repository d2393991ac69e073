"""A study: the same for the same seed, goes on after a stop, joins the leaderboard, and is Optuna's own on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest

from automl_core.engines.optuna import Choice, Range
from automl_core.engines.optuna_study import TuningStudy
from automl_core.errors import FormatError, InputError, NotFoundError, StorageError
from automl_core.events import Event, Message, Progress, TrialFinished
from automl_core.experiment import Budget
from automl_core.runs import Run, write_request
from automl_core.tuning.joining import pick_trial
from automl_core.tuning.loop import TuneLoop
from automl_core.tuning.run import space_of_row
from automl_core.tuning.spaces import Space
from automl_core.tuning.study import (
    STORAGE,
    Settings,
    Study,
    TrialRow,
    go_on,
    is_paused,
    list_studies,
    new_study,
    pause,
    study_folder,
)
from automl_core.worker import training
from automl_core.workspace import at_work, read_json, write_json
from tests.tuning.conftest import Tune


def what(row: TrialRow) -> tuple[Any, ...]:
    """Everything of a trial that is not a time."""
    return row.number, row.state, row.score, row.fold_scores, row.params, row.reason


def with_threads(run: Run, threads: int) -> Run:
    write_request(run.path, "train", {**run.params, "config": replace(run.config, threads=threads).to_dict()})
    return run


@pytest.mark.parametrize("method", ["random", "tpe", "nsga2", "grid"])
def test_the_same_seed_gives_the_same_trials_whatever_the_workers(
    method: str, searched: Path, tmp_path: Path, tuned: Tune
) -> None:
    import shutil

    found = []
    for name, threads in (("one", 1), ("three", 3)):
        run = with_threads(Run(shutil.copytree(searched, tmp_path / name)), threads)
        space = None
        if method == "grid":
            space = Space(space_of_row("binary", run.leaderboard()["dt"]).parameters[:2])
        found.append(tuned(run, "dt", method=method, trials=18, seed=5, space=space))
    one, three = found
    assert [what(row) for row in one.rows] == [what(row) for row in three.rows]
    assert one.rows[0].score == one.rows[0].score and len(one.rows) > 8
    assert one.gain == three.gain and one.importance == three.importance


def test_a_different_seed_gives_other_trials(run: Run, tuned: Tune) -> None:
    one, other = tuned(run, seed=1), tuned(run, seed=2)
    assert [row.params for row in one.rows[1:]] != [row.params for row in other.rows[1:]]
    assert (one.id, other.id) == ("dt-tuned-1", "dt-tuned-2")


def test_the_model_as_it_is_comes_first_and_is_not_fitted_again(run: Run, tuned: Tune) -> None:
    before = run.leaderboard()["dt"]
    events: list[Event] = []
    study = tuned(run, emit=events.append)
    first = study.rows[0]
    assert (first.number, first.score, first.fold_scores) == (0, before.score, before.fold_scores)
    assert first.params["max_depth"] is None, "what was fitted, not the point that stands for it"
    told = [event.trial["number"] for event in events if isinstance(event, TrialFinished)]
    assert told == [1, 2, 3, 4, 5, 6]
    assert any(isinstance(event, Progress) and "of 6 trials" in event.doing for event in events)


def test_a_better_model_joins_the_leaderboard_and_nothing_is_replaced(run: Run, tuned: Tune) -> None:
    from automl_core.model import build_model

    before = run.leaderboard()
    study = tuned(run, trials=10)
    board = run.leaderboard()
    assert study.joined == study.id == "dt-tuned-1", "an unlimited tree on noisy rows is easily improved"
    assert board.candidates[:-1] == before.candidates
    assert board.recommended == before.recommended
    row = board[study.joined]
    assert row.score == pytest.approx(study.best.score) and row.score > before["dt"].score
    assert row.name == "Decision Tree Classifier, tuned"
    assert read_json(run.path / "candidates" / row.id / "spec.json")["params"] == row.params
    assert build_model(run.path, row.id, run.path / "tuned.zip").exists()
    assert [path.name for path in (study_folder(run.path, study.id) / "candidates").iterdir()] == [str(study.best.number)]


def test_short_fits_leave_their_score_and_the_best_is_fitted_again(run: Run, tuned: Tune) -> None:
    study = tuned(run, trials=8, seed=1)
    assert {row.size_bytes for row in study.scored[1:]} == {0}
    row = run.leaderboard()[study.joined]
    folds = [read_json(path) for path in sorted((run.path / "candidates" / row.id).glob("fold*.json"))]
    metric = run.leaderboard().metric
    assert [fold["metrics"][metric] for fold in folds] == list(study.best.fold_scores)  # type: ignore[union-attr]
    assert set(row.metrics) == set(run.leaderboard()[study.settings.candidate].metrics)
    assert row.size_bytes == sum(path.stat().st_size for path in (run.path / "candidates" / row.id).glob("*.skops"))


def test_a_tuned_row_outlives_more_time_for_the_search(run: Run, tuned: Tune) -> None:
    import time

    from automl_core.search.run import run_search

    study = tuned(run, trials=10)
    config = replace(run.config, budget=Budget(60, 5))
    dataset = run.dataset()
    board = run_search(
        dataset.frame(), dataset.schema, run.recipe, config, run.path,
        emit=lambda event: None, should_stop=lambda: False, started=time.time(),
    )  # fmt: skip
    assert board[study.joined].score == pytest.approx(study.best.score)


def test_optuna_reads_the_study_with_its_own_tools(run: Run, tuned: Tune) -> None:
    import optuna

    study = tuned(run, trials=6)
    path = study_folder(run.path, study.id) / STORAGE
    loaded = optuna.load_study(study_name=study.id, storage=f"sqlite:///{path}")
    assert [trial.number for trial in loaded.trials] == [row.number for row in study.rows]
    assert loaded.best_value == pytest.approx(study.best.score)
    assert loaded.direction.name == "MAXIMIZE"
    assert loaded.trials[0].intermediate_values[2] == pytest.approx(study.rows[0].score)


def test_more_time_adds_trials_and_keeps_the_earlier_ones(run: Run, tuned: Tune) -> None:
    first = tuned(run, trials=6)
    more = tuned(run, trials=6, study=first.id)
    assert len(first.rows) == 7 and len(more.rows) == 13
    assert more.rows[:7] == first.rows
    assert more.goal_trials == 12 and more.seconds > first.seconds


def test_a_cut_study_goes_on_as_if_it_had_not_been_cut(
    run: Run, searched: Path, tmp_path: Path, tuned: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    whole = tuned(Run(shutil.copytree(searched, tmp_path / "whole")), trials=12, seed=3)
    study_id = new_study(run.path, "dt")
    batch = TuneLoop._batch

    def dies(self: TuneLoop) -> None:
        if len(self.study.rows) > 8:
            raise KeyboardInterrupt
        batch(self)

    monkeypatch.setattr(TuneLoop, "_batch", dies)
    with pytest.raises(KeyboardInterrupt):
        tuned(run, trials=12, seed=3, study=study_id)
    assert not Study.load(study_folder(run.path, study_id)).gain
    monkeypatch.setattr(TuneLoop, "_batch", batch)
    found = tuned(run, trials=12, seed=3, study=study_id)
    assert [what(row) for row in found.rows] == [what(row) for row in whole.rows]


def test_a_stop_keeps_what_was_scored(run: Run, tuned: Tune) -> None:
    told: list[Event] = []
    study = tuned(
        run, trials=200, emit=told.append, should_stop=lambda: sum(isinstance(event, TrialFinished) for event in told) >= 8
    )
    assert len(study.rows) == 9 and study.gain and all(row.state in ("scored", "failed") for row in study.rows)


def test_a_time_budget_ends(run: Run, tuned: Tune) -> None:
    import time

    began = time.monotonic()
    study = tuned(run, trials=0, seconds=3.0)
    assert 2 < time.monotonic() - began < 8
    assert len(study.rows) > 2 and {row.state for row in study.rows} <= {"scored", "pruned", "stopped", "failed"}


def test_a_trial_that_fails_is_a_row_with_its_reason_and_the_search_goes_on(run: Run, tuned: Tune) -> None:
    space = Space(space_of_row("binary", run.leaderboard()["lr"]).parameters[:1]).changed("C", Choice((-1.0, 1.0, 2.0)))
    study = tuned(run, "lr", method="grid", space=space, trials=3)
    states = {row.params["C"]: row for row in study.rows[1:]}
    assert states[-1.0].state == "failed" and "InvalidParameterError" in states[-1.0].reason
    assert states[2.0].state == "scored"
    assert states[1.0].reason == "The same values as trial 0, not fitted again."


def test_trials_are_given_up_by_their_first_folds(run: Run, tuned: Tune) -> None:
    study = tuned(run, "dt", method="random", trials=30, pruner="halving", seed=1)
    pruned = [row for row in study.rows if row.state == "pruned"]
    assert pruned and all(0 < len(row.fold_scores) < 3 and row.score is None for row in pruned)
    assert pruned[0].reason.startswith(f"Given up after {len(pruned[0].fold_scores)} of 3 folds")


def test_boosters_are_tuned_over_their_own_space(run: Run, tuned: Tune) -> None:
    study = tuned(run, "lightgbm-own", trials=4)
    assert {row.state for row in study.rows} == {"scored"}
    assert "n_estimators" not in study.rows[1].params, "early stopping finds the number of rounds"
    assert study.rows[1].params["learning_rate"] > 0


def test_evolution_needs_numbers(run: Run, tuned: Tune) -> None:
    with pytest.raises(InputError) as error:
        tuned(run, "dt", method="cmaes")
    assert str(error.value) == (
        "Evolution strategy (CMA-ES) cannot be used here. It moves numbers only, and criterion is a choice. "
        "Fix it to use this method. Choose another method."
    )
    space = space_of_row("binary", run.leaderboard()["dt"]).changed("criterion", Choice(("gini",)))
    assert len(tuned(run, "dt", method="cmaes", space=space, trials=10).scored) >= 8


def test_two_people_do_not_work_on_one_study(run: Run, tuned: Tune) -> None:
    study_id = new_study(run.path, "dt")
    with at_work(study_folder(run.path, study_id), "x"), pytest.raises(InputError) as error:
        tuned(run, study=study_id)
    assert str(error.value) == "This study is already at work. Wait for it to end, or stop it."
    assert new_study(run.path, "dt-tuned-1") == "dt-tuned-2"
    assert list_studies(run.path) == []


def test_nobody_tunes_a_run_that_is_still_searched(run: Run, tuned: Tune) -> None:
    with at_work(run.path, "x"), pytest.raises(InputError) as error:
        tuned(run, trials=2)
    assert str(error.value) == "A search of this run is already at work. Wait for it to end, or stop it."


def test_nobody_goes_on_searching_a_run_that_is_tuned(run: Run) -> None:
    with at_work(run.path, "x", shared=True), pytest.raises(InputError) as error:
        training.train(run, emit=lambda event: None, should_stop=lambda: False, started=0.0)
    assert str(error.value) == ("Another search or a study of this run is already at work. Wait for it to end, or stop it.")


def test_a_study_of_another_version_is_refused(run: Run, tuned: Tune) -> None:
    study = tuned(run, trials=2)
    folder = study_folder(run.path, study.id)
    data = json.loads((folder / "study.json").read_text())
    write_json(folder / "study.json", {**data, "format": 9})
    with pytest.raises(FormatError, match=r"This study has format 9\. This version reads format 1\. Start a new study\."):
        Study.load(folder)
    (folder / STORAGE).write_bytes(b"no database" * 100)
    (folder / "study.json").write_text(json.dumps(data))
    with pytest.raises(FormatError, match="cannot be read"):
        tuned(run, trials=2, study=study.id)
    with pytest.raises(NotFoundError, match="This run has no study"):
        study_folder(run.path, "../../etc")


def test_a_storage_of_another_space_is_refused_also_where_a_killed_session_left_a_trial_open(tmp_path: Path) -> None:
    """Regression: the open trial was ended by the parameters of the other space, which it does not have."""
    known = {"method": "random", "pruner": "none", "seed": 1, "greater_is_better": True}
    shared = TuningStudy(tmp_path / STORAGE, "s", {"a": Range(1, 9, whole=True)}, **known).shared()
    optuna.load_study(study_name=shared["study_name"], storage=shared["storage"]).ask(shared["space"])
    with pytest.raises(FormatError, match=r"The study 's' has the parameters a\. This one has b\. Start a new study\."):
        TuningStudy(tmp_path / STORAGE, "s", {"b": Range(1, 9, whole=True)}, **known)


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="The budget is 0 trials or 0 s. It must be above 0."):
        Settings("dt", "tpe", Space(()), seconds=0)


def test_a_study_outlives_its_file(run: Run, tuned: Tune) -> None:
    study = tuned(run, trials=2)
    assert Study.load(study_folder(run.path, study.id)) == study
    assert list_studies(run.path) == [study.id]
    assert Range(0, 1) != Choice((0, 1))


def test_a_pause_begins_nothing_and_costs_no_time(run: Run, tuned: Tune) -> None:
    import threading
    import time

    study_id = new_study(run.path, "dt")
    folder = study_folder(run.path, study_id)
    told: list[Event] = []
    seen: list[int] = []

    def emit(event: Event) -> None:
        told.append(event)
        if isinstance(event, TrialFinished) and event.trial["number"] == 4:
            pause(folder)
            threading.Thread(target=release).start()

    def release() -> None:
        while Study.load(folder).running != ("Paused",):
            time.sleep(0.02)
        time.sleep(1.0)
        seen.append(sum(isinstance(one, TrialFinished) for one in told))
        go_on(folder)

    began = time.monotonic()
    study = tuned(run, trials=8, study=study_id, emit=emit)
    assert seen == [4], "nothing was tried meanwhile"
    assert len(study.rows) == 9 and not is_paused(folder)
    assert study.seconds < time.monotonic() - began - 0.8


def test_a_stop_waits_no_longer_than_a_moment_for_the_best_trial(run: Run, tuned: Tune, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was too short to be stored is fitted once more at the end; a stop used to wait for that however long it took."""
    import time

    from automl_core.search.fitting import FoldWork

    fit = FoldWork.fit

    def slow(self: FoldWork, spec: Any, fold: int, facts: Any, seconds: float, keep: bool = True) -> dict[str, Any]:
        if keep:
            time.sleep(30)
        return fit(self, spec, fold, facts, seconds, keep)

    slow.__name__ = "fit"  # by which it is called in another process
    monkeypatch.setattr(FoldWork, "fit", slow)
    told: list[Event] = []
    at: list[float] = []

    def should_stop() -> bool:
        if sum(isinstance(event, TrialFinished) for event in told) >= 8 and not at:
            at.append(time.monotonic())
        return bool(at)

    study = tuned(run, trials=50, seed=1, emit=told.append, should_stop=should_stop)
    assert time.monotonic() - at[0] < 15  # half of what one fit takes
    assert study.best is not None and study.best.number and not study.joined
    said = [event.text for event in told if isinstance(event, Message)]
    assert "You stopped it before the best trial was kept. It joins the leaderboard when the study goes on." in said
    assert not list((study_folder(run.path, study.id) / "candidates").glob("*"))
    monkeypatch.setattr(FoldWork, "fit", fit)
    assert tuned(run, trials=1, seed=1, study=study.id).joined == study.id


def test_a_study_that_goes_on_after_a_kill_prepares_the_best_trials_data_when_time_is_up(
    run: Run, tuned: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its cleaning choice makes of the data is known to the process that was killed alone."""
    import shutil

    from automl_core.tuning.run import features_of

    board = run.leaderboard()
    poor = replace(board["lr"], fold_scores=(0.1, 0.1, 0.1), score=0.1)  # so that every trial is better
    board.with_candidate(poor).save(run.path / "leaderboard.json")
    space = space_of_row("binary", poor, features_of(run)).changed("clean_scaler", Choice(("robust",)))
    study_id = new_study(run.path, "lr")
    folder = study_folder(run.path, study_id)
    batch = TuneLoop._batch

    def dies(self: TuneLoop) -> None:
        batch(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(TuneLoop, "_batch", dies)
    options: dict[str, Any] = {"space": space, "method": "random", "trials": 0, "seconds": 60.0, "study": study_id}
    with pytest.raises(KeyboardInterrupt):
        tuned(run, "lr", **options)
    for name in ("folds", "candidates"):
        shutil.rmtree(folder / name, ignore_errors=True)

    def late(self: TuneLoop) -> bool:
        self.end = 0.0
        return True

    monkeypatch.setattr(TuneLoop, "_over", late)
    study = tuned(run, "lr", **options)
    assert len(study.rows) == 5 and study.joined == study_id
    view = run.leaderboard()[study_id].view
    assert "scaler_robust" in view and (run.path / "folds" / "0" / f"{view}.skops").exists()
    assert len(list((run.path / "candidates" / study_id).glob("fold*.skops"))) == 3


def test_a_paused_study_can_be_stopped(run: Run, tuned: Tune) -> None:
    import time

    study_id = new_study(run.path, "dt")
    folder = study_folder(run.path, study_id)
    began = time.monotonic()
    study = tuned(
        run, trials=50, study=study_id, should_stop=lambda: time.monotonic() - began > 3,
        emit=lambda event: pause(folder) if isinstance(event, TrialFinished) else None,
    )  # fmt: skip
    assert len(study.rows) <= 9 and study.gain


def test_two_aims_leave_a_front_to_pick_from(run: Run, tuned: Tune) -> None:
    import optuna

    study = tuned(run, "dt", method="nsga2", trials=24, aim="size_bytes", seed=2)
    front = study.front
    assert len(front) >= 2 and not study.joined
    assert [row.size_bytes for row in front] == sorted(row.size_bytes for row in front)
    assert [row.score for row in front] == sorted(row.score for row in front)
    loaded = optuna.load_study(study_name=study.id, storage=f"sqlite:///{study_folder(run.path, study.id) / STORAGE}")
    assert [one.name for one in loaded.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert {tuple(one.values) for one in loaded.best_trials} == {(row.score, float(row.size_bytes)) for row in front}
    smallest = next(row for row in front if row.number)
    made = pick_trial(run, study.id, smallest.number)
    board = run.leaderboard()
    assert board[made.id].size_bytes == smallest.size_bytes and made.name.endswith(f"tuned, trial {smallest.number}")
    assert Study.load(study_folder(run.path, study.id)).picked == (smallest.number,)
    with pytest.raises(InputError, match="Trial 0 is the model as it was"):
        pick_trial(run, study.id, 0)
    away = next(row for row in study.rows[1:] if row not in front and row.number != study.best.number)
    with pytest.raises(
        InputError, match=f"What trial {away.number} fitted was not kept. Kept are those that no other trial beats"
    ):
        pick_trial(run, study.id, away.number)
    more = tuned(run, "dt", method="nsga2", trials=4, aim="size_bytes", seed=2, study=study.id)
    assert more.rows[: len(study.rows)] == study.rows


def test_two_aims_need_a_method_that_knows_them(run: Run, tuned: Tune) -> None:
    with pytest.raises(InputError) as error:
        tuned(run, "dt", aim="predict_ms")
    assert str(error.value) == (
        "The method 'tpe' has one aim. Two aims need a method that keeps a population, or tries what it tries whatever came "
        "out. Choose nsga2, random or grid."
    )
    with pytest.raises(InputError, match="There is no second aim 'beauty'. There are predict_ms and size_bytes. Choose one."):
        tuned(run, "dt", aim="beauty")


def test_a_trial_that_runs_out_of_memory_is_a_row_and_the_search_goes_on(
    run: Run, tuned: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.search.fitting import FoldWork

    learn = FoldWork.learn

    def short(self: FoldWork, spec: Any, fold: int, facts: dict[str, Any], seconds: float) -> Any:
        if spec.params.get("max_depth", 0) and spec.params["max_depth"] > 8:
            raise MemoryError
        return learn(self, spec, fold, facts, seconds)

    monkeypatch.setattr(FoldWork, "learn", short)
    study = tuned(run, "dt", method="random", trials=12)
    failed = [row for row in study.rows if row.state == "failed"]
    assert failed and {row.reason for row in failed} == {"There was not enough memory."}
    assert any(row.state == "scored" for row in study.rows[1:])


def test_two_people_who_tune_the_same_model_get_two_studies_and_two_rows(run: Run, tuned: Tune) -> None:
    other: list[Study] = []

    def emit(event: Event) -> None:
        if isinstance(event, TrialFinished) and not other:
            other.append(tuned(run, trials=8, seed=2))  # begins and ends while the first is at work

    study = tuned(run, trials=8, seed=1, emit=emit)
    assert (study.id, other[0].id) == ("dt-tuned-1", "dt-tuned-2")
    assert {study.joined, other[0].joined} - {""} <= {row.id for row in run.leaderboard()}
    assert study.joined and other[0].joined


def test_a_database_that_does_not_answer_is_said_without_its_address(
    run: Run, tuned: Tune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_STUDIES_URL", "postgresql+psycopg://someone:secret@127.0.0.1:1/studies")
    with pytest.raises(StorageError) as error:
        tuned(run, trials=2)
    assert str(error.value).startswith("The database of the studies did not answer: OperationalError. AUTOML_STUDIES_URL must")
    assert "secret" not in str(error.value)


def test_a_study_in_a_database_needs_its_address(run: Run, tuned: Tune, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import optuna

    url = f"sqlite:///{tmp_path / 'all.db'}"
    monkeypatch.setenv("AUTOML_STUDIES_URL", url)
    study = tuned(run, trials=2)
    assert study.stored_as.startswith("dt-tuned-1-") and not (study_folder(run.path, study.id) / STORAGE).exists()
    assert len(optuna.load_study(study_name=study.stored_as, storage=url).trials) == 3
    assert len(tuned(run, trials=2, study=study.id).rows) == 5
    monkeypatch.delenv("AUTOML_STUDIES_URL")
    with pytest.raises(StorageError, match="is kept in a database whose address is not known"):
        tuned(run, trials=2, study=study.id)


def test_cleaning_choices_are_tuned_and_travel_with_the_model(run: Run, tuned: Tune, tmp_path: Path) -> None:
    """The winner's preparation is its own: exported, it predicts as its folds did, and its recipe says the choices."""
    from automl_core.model import build_model
    from automl_core.scoring.bundle import load_model
    from automl_core.tuning.run import features_of

    board = run.leaderboard()
    poor = replace(board["lr"], fold_scores=(0.1, 0.1, 0.1), score=0.1)  # so that every trial is better
    board.with_candidate(poor).save(run.path / "leaderboard.json")
    space = space_of_row("binary", poor, features_of(run))
    choices = ["clean_imputer", "clean_encoder", "clean_scaler", "clean_tails", "clean_selection"]
    assert [one.name for one in space][-5:] == choices
    assert space.start()["clean_scaler"] == "as_is"
    values = ("mean", "target", "robust", "limited", "50")
    chosen = dict(zip(choices, values, strict=True))
    for name, value in chosen.items():
        space = space.changed(name, Choice((value,)))
    study = tuned(run, "lr", space=space, method="random", trials=2)
    assert [row.state for row in study.rows] == ["scored"] * 3 and study.best is not None
    assert {name: study.best.params[name] for name in chosen} == chosen
    made = run.leaderboard()[study.joined]
    assert made.view == "encoded__imputer_mean__encoder_target__scaler_robust__tails_limited__selection_50"
    assert not [name for name in made.params if name.startswith("clean_")]
    model = load_model(build_model(run.path, made.id, tmp_path / "model.zip"))
    steps = {step["op"]: step["params"] for step in model.manifest["recipe"]["steps"]}
    assert (steps["impute"]["strategy"], steps["encode"]["method"], steps["scale"]["method"]) == ("mean", "target", "robust")
    assert steps["clip_outliers"] == {"method": "limits", "low": -3.0, "high": 3.0}
    assert steps["select"]["count"] == 1  # of two columns
    frame = run.dataset().frame()
    fold, prepared = model.ensemble.folds[0], run.path / "folds" / "0" / f"{made.view}.skops"
    assert prepared.exists() and made.view in fold.preprocessors
    assert model.predict_values(frame).shape == (len(frame), 2)
    assert not list(study_folder(run.path, study.id).glob("folds/*/*.npy"))
    again = tuned(run, "lr", study=study.id, method="random", space=space, trials=2)  # prepared once more
    assert [row.state for row in again.rows] == ["scored"] * 5


def test_models_that_read_words_themselves_have_no_cleaning_choices(run: Run) -> None:
    from automl_core.tuning.run import features_of

    with pytest.raises(InputError, match="This model reads words and gaps by itself"):
        space_of_row("binary", run.leaderboard()["lightgbm-own"], features_of(run))


def test_a_process_of_a_study_reads_a_small_matrix_once_and_a_fit_may_change_it(run: Run, tmp_path: Path) -> None:
    """Reading both matrices of each fold anew took each trial of a booster 3 ms."""
    import numpy as np

    from automl_core.search.prepare import prepare
    from automl_core.tuning import trial

    dataset = run.dataset()
    prepared = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path)
    work = trial.TrialWork.of(prepared.work, tmp_path)
    path = tmp_path / "matrix.npy"
    np.save(path, np.eye(3))
    first = work.matrix(path, exact=True)
    first[:] = 7.0
    path.rename(tmp_path / "gone.npy")
    (tmp_path / "gone.npy").rename(path)
    assert work.matrix(path, exact=True).tolist() == np.eye(3).tolist()
    assert len(work.loaded) == 1 and next(iter(work.loaded.values())).nbytes == 72
    np.save(path, np.zeros((2, 2)))
    assert work.matrix(path, exact=True).shape == (2, 2), "what was prepared anew is read anew"
    np.save(path, np.zeros(trial.KEPT_BYTES // 8))
    assert work.matrix(path, exact=True).size and len(work.loaded) == 2, "no more is kept than there is room for"
    assert "loaded" not in work.without_table().__dict__


def test_a_trial_that_was_cut_off_in_the_storage_is_a_row_with_its_reason(run: Run, tuned: Tune) -> None:
    """Ray Tune begins its trials in the storage; one that was under way when everything was killed kept its number."""
    import optuna

    study = tuned(run, trials=2)
    url = f"sqlite:///{study_folder(run.path, study.id) / STORAGE}"
    open_one = optuna.load_study(study_name=study.id, storage=url).ask()
    assert open_one.number == 3
    more = tuned(run, trials=2, study=study.id)
    assert [row.number for row in more.rows] == [0, 1, 2, 3, 4]
    cut = more.rows[3]
    assert (cut.state, cut.score, cut.reason) == ("stopped", None, "The study was cut off while it was fitted.")
    stored = optuna.load_study(study_name=study.id, storage=url).trials
    assert [trial.number for trial in stored] == [row.number for row in more.rows]
    assert stored[3].state.name == "FAIL"

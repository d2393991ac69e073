"""Tuning one model of a run, from its settings to its study."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from automl_core.cleaning.apply import apply_stateless
from automl_core.errors import InputError, StorageError
from automl_core.events import Event
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.schema import Schema
from automl_core.search.candidates import Spec
from automl_core.search.place import HERE, Place
from automl_core.search.prepare import prepare
from automl_core.tuning.busy import BusyLoop
from automl_core.tuning.loop import TuneLoop
from automl_core.tuning.methods import FOR_AIMS, check_method
from automl_core.tuning.spaces import Space, check_tunable, cleaning_space, space_of
from automl_core.tuning.study import FILE, Settings, Study, studies_url, study_folder
from automl_core.workspace import at_work


def space_of_row(task: Task, row: Candidate, schema: Schema | None = None) -> Space:
    """Return what can be tuned of a row of the leaderboard; raises InputError when it cannot be.

    With the schema of the run's features (`features_of`), the cleaning choices that reach the model are a part of it.
    """
    check_tunable(row)
    space = space_of(task, Spec(**row.spec))
    return space + cleaning_space(row.view, schema) if schema is not None else space


def features_of(run: Run) -> Schema:
    """Return the schema of what the models of a run get, after the recipe's steps that act on the table."""
    dataset = run.dataset()
    cleaned = apply_stateless(dataset.head(1), dataset.schema, run.recipe, training=False)
    return cleaned.schema.without({run.config.target, *run.config.ignored})


def check_settings(settings: Settings, row: Candidate) -> None:
    """Raise InputError when a study cannot be made as it is asked for."""
    check_tunable(row)
    check_method(settings.method, settings.space, settings.steps)
    if settings.aim and settings.method not in FOR_AIMS:
        raise InputError(
            f"The method {settings.method!r} has one aim.",
            "Two aims need a method that keeps a population, or tries what it tries whatever came out.",
            "Choose nsga2, random or grid.",
        )


def tune(
    run: Run,
    study_id: str,
    settings: Settings,
    *,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    started: float | None = None,
    place: Place = HERE,
) -> Study:
    """Tune a model, or go on with a study of it.

    A study that ended by itself, or that was stopped, gets its budget once more; one that was cut off gets what was left.

    Parameters
    ----------
    run : Run
    study_id : str
        Of `study.new_study`.
    settings : Settings
        Those of a study that goes on are kept but for its budget.
    emit, should_stop : callable
    started : float, optional
        `time.time` from which the budget counts; now by default.
    place : Place, optional
        Where the trials are fitted; on this machine by default.

    Raises
    ------
    InputError, NotFoundError
        When it cannot be done; the sentence says what to change.
    EngineError
        When the cluster cannot be reached and this machine may not be used instead.
    """
    began = time.time() if started is None else started
    folder = study_folder(run.path, study_id)
    board = run.leaderboard()
    row = board[settings.candidate]
    check_settings(settings, row)
    with at_work(run.path, "A search of this run", shared=True), at_work(folder, "This study"):
        dataset = run.dataset()
        prepared = prepare(dataset.frame(), dataset.schema, run.recipe, run.config, run.path)
        study = _goals(folder, study_id, settings, row, prepared.scorer.metric.label, board.greater_is_better, run)
        study = replace(study, folds=prepared.work.division.folds, metric=board.metric)
        kind = BusyLoop if study.settings.course == "busy" else TuneLoop
        loop = kind(
            prepared, row, study, folder, ratio=board.fold_ratio, emit=emit, should_stop=should_stop, started=began, place=place
        )
        return loop.run()


def _goals(
    folder: Path, study_id: str, settings: Settings, row: Candidate, label: str, greater_is_better: bool, run: Run
) -> Study:
    """Return the study with the end of its present session."""
    if not (folder / FILE).exists():
        return Study(
            study_id,
            row.name,
            settings,
            run.config.metric,
            label,
            greater_is_better,
            0,
            goal_trials=settings.trials,
            goal_seconds=settings.seconds,
            # Runs of several machines meet in one database; a file's study needs no more than its id.
            stored_as=f"{study_id}-{secrets.token_hex(4)}" if studies_url() else "",
        )
    study = Study.load(folder)
    if study.stored_as and not studies_url():
        raise StorageError(
            f"The study {study_id!r} is kept in a database whose address is not known.",
            "AUTOML_STUDIES_URL named it when the study was made.",
            "Set it again, or start a new study.",
        )
    kept = replace(study.settings, trials=settings.trials, seconds=settings.seconds)
    done = max(len(study.rows) - 1, 0)
    ended = bool(study.gain)
    trials = (done + settings.trials if ended else max(study.goal_trials, done)) if settings.trials else 0
    seconds = study.seconds + settings.seconds if ended else max(study.goal_seconds, study.seconds + 5.0)
    return replace(study, settings=kept, gain={}, goal_trials=trials, goal_seconds=seconds)

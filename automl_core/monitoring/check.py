"""One look at a registered model in use: its status is kept, and crossed limits are told."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from automl_core.batch.predict import Options, Tell, predict_file
from automl_core.data.origin import Choice
from automl_core.errors import AutoMLError, NotFoundError
from automl_core.evaluation.judge import config_of
from automl_core.monitoring.alerts import Alert, crossed, tell
from automl_core.monitoring.drift import kept_check
from automl_core.monitoring.health import look
from automl_core.monitoring.log import Answered, log_answer, read_log
from automl_core.monitoring.settings import folder_of, settings_of
from automl_core.monitoring.summary import Chunking, DriftCheck, Status, summarise
from automl_core.predicting import PredictionReport
from automl_core.registry.store import Registered
from automl_core.runs import Run
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.logged import DAY
from automl_core.workspace import read_json, write_json

MOST_ROWS = 100_000
"""Newest logged rows that a look takes in."""


def status_file(registered: Registered) -> Path:
    """Where the latest status is kept."""
    return folder_of(registered) / "status.json"


def stored_status(registered: Registered) -> Status | None:
    """Return the latest status; None before the first look."""
    path = status_file(registered)
    return Status.from_dict(read_json(path)) if path.exists() else None


def check(
    registered: Registered,
    *,
    days: float = 30.0,
    chunking: Chunking = "day",
    drift: DriftCheck | None = None,
    now: float | None = None,
) -> tuple[Status, tuple[Alert, ...]]:
    """Look at the champion of a registered model, or its newest version where there is no champion.

    Parameters
    ----------
    registered : Registered
    days : float
        How far back.
    chunking : Chunking
    drift : callable, optional
        In place of the comparison with what the model learned from, which is kept in ``drift.json``.
    now : float, optional

    Returns
    -------
    Status
        Also kept in ``status.json``.
    tuple of Alert
        What was told now.

    Raises
    ------
    NotFoundError
        When the model has no version.
    FormatError
        When its file was deleted or altered.
    """
    moment = time.time() if now is None else now
    number = registered.standing().aliases.get("champion") or next(iter(registered.numbers), 0)
    if not number:
        raise NotFoundError(f"{registered.name} has no version yet.", action="Register one.")
    settings = settings_of(registered)
    logged = read_log(registered, since=moment - days * DAY, until=moment + 1, last=MOST_ROWS)
    status = summarise(
        logged,
        judged_now(registered, number),
        name=registered.name,
        version=number,
        expected=registered.version(number).judged,
        chunking=chunking,
        drift=drift or kept_check(registered, number, chunking),
        now=moment,
    )
    gone = [f"The service's log {one} is not there; its rows are missing." for one in settings.services if not Path(one).is_dir()]
    status = replace(status, notes=(*status.notes, *gone))
    folder_of(registered).mkdir(parents=True, exist_ok=True)
    write_json(status_file(registered), status.to_dict())
    return status, tell(registered, settings, crossed(status, look(registered.workspace), settings.limits), now=moment)


def judged_now(registered: Registered, number: int) -> Model:
    """Return a version's model, judged by the cost table that its run has now; the registered file stays as it is.

    Raises
    ------
    NotFoundError, FormatError
        As `Registered.model`.
    """
    model = load_model(registered.model(number))
    lineage = registered.version(number).lineage
    try:
        costs = Run(registered.project.run(lineage["run"])).config.costs
    except (AutoMLError, KeyError):  # the run was deleted, or the model came from elsewhere: its own table stands
        return model
    config = replace(config_of(model), costs=costs)
    return replace(model, lineage={**model.lineage, "config": config.to_dict()})


def predict_and_log(
    model: Model,
    source: Path,
    out: Path,
    registered: Registered,
    number: int,
    *,
    options: Options = Options(),
    choice: Choice | None = None,
    tell: Tell = lambda done, doing: None,
) -> tuple[PredictionReport, str]:
    """Predict a file as `batch.predict.predict_file` does, and log it as the model's settings say.

    Returns
    -------
    PredictionReport
    str
        What hindered logging, empty when nothing did.

    Raises
    ------
    InputError
        As `predict_file`; the failed request is logged, too.
    """
    import pandas as pd

    if not settings_of(registered).on:
        return predict_file(
            model, source, out, options, choice=choice, tell=tell
        ), ""  # nothing of the rows is held for a log that is off
    started = time.perf_counter()
    kept: list[tuple[pd.DataFrame, pd.DataFrame]] = []

    def answered(report: PredictionReport | None, error: str = "") -> Answered:
        frame = pd.concat([piece for piece, _ in kept], ignore_index=True) if kept else None
        predicted = pd.concat([piece for _, piece in kept], ignore_index=True) if kept else None
        warnings = tuple(entry.sentence for entry in report.differences) + report.rules if report else ()
        seconds = time.perf_counter() - started
        return Answered(number, "batch", seconds, frame, predicted, model.classes, model.positive, warnings, error)

    try:
        report = predict_file(
            model, source, out, options, choice=choice, seen=lambda frame, predicted: kept.append((frame, predicted)), tell=tell
        )
    except AutoMLError as error:
        log_answer(registered, answered(None, error.received))
        raise
    try:
        log_answer(registered, answered(report))
    except OSError as error:
        return report, str(error)
    return report, ""

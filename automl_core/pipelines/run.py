"""A pipeline is run: its steps in order or one of them, each only when what it starts from has changed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from automl_core.errors import InputError
from automl_core.events import Event
from automl_core.pipelines.course import Course, Record, digest, project_of
from automl_core.pipelines.file import load_pipeline
from automl_core.pipelines.learning import validate_settings
from automl_core.pipelines.plan import NEEDS, StepName
from automl_core.pipelines.steps import WORK
from automl_core.workspace import Workspace, at_work

PATIENCE = 3.0
"""Seconds that another run of the same pipeline is waited for."""


def run_pipeline(
    path: Path,
    workspace: Workspace,
    *,
    step: StepName | None = None,
    again: bool = False,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool] = lambda: False,
    tell: Callable[[Record], None] = lambda record: None,
) -> list[Record]:
    """Run a pipeline, or one step of it.

    A step whose inputs have the same hash as the last time is not done again. One that was cut off, by whatever, goes on.

    Parameters
    ----------
    path : Path
        The pipeline's file.
    workspace : Workspace
    step : StepName, optional
        Only this one; those before it were done by earlier calls.
    again : bool
        Whether steps are done again although nothing changed.
    emit : callable
        Takes each event.
    should_stop : callable
    tell : callable
        Takes each record as soon as its step has ended.

    Returns
    -------
    list of Record
        Of the steps that were looked at; the last one may have ``stopped`` at a gate.

    Raises
    ------
    AutoMLError
        When the pipeline has a fault, another process runs it, or a step cannot be done.
    """
    pipeline = load_pipeline(path)
    if step is not None and step not in pipeline.steps:
        raise InputError(f"This pipeline has no step {step}.", f"Its steps are {', '.join(pipeline.steps)}.", "Name one of them.")
    course = Course(pipeline, path.resolve().parent, project_of(workspace, pipeline.project), emit, should_stop)
    records: list[Record] = []
    with ExitStack() as held:
        _hold(course, held)
        course.registered()  # refuses a name that is taken before anything is learned
        for name in pipeline.steps if step is None else (step,):
            records.append(_do(course, name, again))
            tell(records[-1])
            if records[-1].outcome == "stopped":
                break
    return records


def _hold(course: Course, held: ExitStack) -> None:
    """Hold the pipeline; fits of a run that was killed hold it a moment longer, until the system ends them, too."""
    begun = time.monotonic()
    while True:
        try:
            held.enter_context(at_work(course.folder, f"The pipeline {course.pipeline.name!r}"))
            return
        except InputError:
            if time.monotonic() - begun > PATIENCE:
                raise
            time.sleep(0.05)


def _do(course: Course, step: StepName, again: bool) -> Record:
    """Do a step, or return what it left where nothing changed, or where a step before it stopped at a gate."""
    for needed in NEEDS[step]:
        before = course.record(needed)
        ended = before is not None and before.outcome != "begun"
        if before is None or not ended or not _current(course, before):
            why = "has to be done again, since what it starts from has changed" if ended else "has not been done"
            raise InputError(f"The step {needed} {why}.", f"{step} starts from what it leaves.", f"Run --step {needed} first.")
        if before.outcome == "stopped":
            return Record(step, "", "stopped", f"{needed} stopped: {before.reason}", again=True)
    work = WORK[step]
    inputs = digest(work.inputs(course))
    old = course.record(step)
    if old is not None and old.inputs == inputs and old.outcome != "begun" and not again and _there(course, old):
        return replace(old, again=True)
    return course.keep(work.work(course, inputs))


def _there(course: Course, record: Record) -> bool:
    return record.outcome == "stopped" or WORK[record.step].there(course, record.made)


def _current(course: Course, record: Record) -> bool:
    """Return whether a step would leave the same again. The table is the one that was read, whatever its file holds since."""
    if record.step == "validate":
        return str(record.made["settings"]) == digest(validate_settings(course))
    return record.inputs == digest(WORK[record.step].inputs(course))

"""One model many times: bagging on random draws of the rows, boosting on rows that are weighed by earlier errors."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np

from automl_core.combining.rows import Array, check_scored, join, new_row, numbered, opened, scored_row
from automl_core.errors import InputError, JobError
from automl_core.events import Event, Progress
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.search.candidates import Spec
from automl_core.search.executor import ForkExecutor
from automl_core.search.preload import preload
from automl_core.search.prepare import Prepared, cores
from automl_core.search.ready import FOREVER, TICK, ready_folds
from automl_core.search.underway import UnderWay, defined_folds, out_of_fold
from automl_core.workspace import write_json

Emit = Callable[[Event], None]
ShouldStop = Callable[[], bool]
MOST = 50
"""Copies of a model: more gain nothing and make every prediction slower."""


def bag_row(run: Run, name: str, copies: int = 10, *, emit: Emit, should_stop: ShouldStop) -> Candidate:
    """Fit a model on several random draws of the rows and average what they predict (Breiman, 1996).

    Each copy is a fit like any other, early stopping and native categories included.

    Parameters
    ----------
    run : Run
    name : str
        A single model of the leaderboard.
    copies : int
        2 to 50.

    Raises
    ------
    InputError, NotFoundError, JobError
        When it cannot be done, a copy fails, or it was stopped.
    """
    row, base = _single(run, name, copies, "bagged")
    with opened(run) as prepared, new_row(run, f"bag-{name}") as folder:
        specs = [replace(base, id=f"{folder.name}-draw{number}", draw=number) for number in range(1, copies + 1)]
        made = _fit_all(prepared, specs, f"Bagging {row.name}", emit, should_stop)
        judged = prepared.work.division.layers >= 0
        values: Array = np.mean([out_of_fold(prepared.work, spec.id)[judged] for spec in specs], axis=0)
        label = numbered(f"{row.name}, bag of {copies}", folder)
        return join(run, scored_row(prepared, folder, label, {spec.id: 1 / copies for spec in specs}, values, made))


def boost_row(run: Run, name: str, copies: int = 10, *, emit: Emit, should_stop: ShouldStop) -> Candidate:
    """Fit a model again and again on rows weighed by what the models before got wrong (AdaBoost; Freund and Schapire, 1997).

    Parameters
    ----------
    run : Run
    name : str
        A single model that takes weights of rows and does not stop early.
    copies : int
        2 to 50, at most.

    Raises
    ------
    InputError, NotFoundError, JobError
        When it cannot be done, or it was stopped.
    """
    row, base = _single(run, name, copies, "boosted")
    if base.early_stopping:
        raise InputError(
            f"{row.name} stops early on judged rows, which a model inside of another one does not see.",
            "A boosted model has a fixed size.",
            "Choose another model, such as a tree; this one can be bagged.",
        )
    module, _, short = base.class_path.rpartition(".")
    cls = getattr(importlib.import_module(module), short)
    if "sample_weight" not in inspect.signature(cls.fit).parameters:
        raise InputError(
            f"{row.name} takes no weights of rows.", "Boosting weighs rows.", "Choose another model, such as a tree."
        )
    with opened(run) as prepared, new_row(run, f"boost-{name}") as folder:
        spec = _boosted(base, folder.name, numbered(f"{row.name}, boosted", folder), copies, prepared.config.task, cls)
        made = _fit_all(prepared, [spec], f"Boosting {row.name}", emit, should_stop)[0]
        # A search that goes on finds it by this file, as it finds a tuned one.
        write_json(folder / "spec.json", {"format": 1, **asdict(spec)})
        return join(run, made)


def _boosted(base: Spec, name: str, label: str, copies: int, task: str, cls: type) -> Spec:
    inner = {"class_path": base.class_path, "params": base.params}
    params: dict[str, Any] = {"estimator": inner, "n_estimators": copies}
    if task != "regression":
        # With probabilities of its parts it learns from how sure they were (Zhu and others, 2009).
        params["algorithm"] = "SAMME.R" if hasattr(cls, "predict_proba") else "SAMME"
    path = f"sklearn.ensemble.AdaBoost{'Regressor' if task == 'regression' else 'Classifier'}"
    return replace(base, id=name, name=label, family="boosting", class_path=path, params=params)


def _single(run: Run, name: str, copies: int, done: str) -> tuple[Candidate, Spec]:
    if not 2 <= copies <= MOST:
        raise InputError(f"{copies} copies are asked for.", f"It must be 2 to {MOST}.", "Change it.")
    row = run.leaderboard()[name]
    if row.role != "model" or not row.spec:
        raise InputError(f"{row.name} is no single model.", f"One model is {done} at a time.", "Choose a single model.")
    check_scored([row])
    return row, Spec(**row.spec)


def _fit_all(prepared: Prepared, specs: Sequence[Spec], doing: str, emit: Emit, should_stop: ShouldStop) -> list[Candidate]:
    """Fit models of one view on every fold and return their rows; raises InputError when one fails, JobError on a stop."""
    preload(specs[0].class_path)
    work = prepared.work
    executor = ForkExecutor(cores(prepared.config), work)
    try:
        facts = ready_folds(work, specs[0].view, executor, emit)
        jobs = {spec.id: UnderWay(spec, "model") for spec in specs}
        queue = [(spec, fold) for spec in specs for fold in range(work.division.folds)]
        done, total = 0, len(queue)
        while queue or executor.running():
            if should_stop():
                raise JobError(f"{doing} was stopped before it was done.", action="Start it again.")
            while queue and executor.free() > 0:
                spec, fold = queue.pop(0)
                executor.submit((spec.id, fold), partial(work.fit, spec, fold, facts[fold], FOREVER), FOREVER)
            for one in executor.wait(TICK):
                if one.error:
                    raise InputError(
                        f"{jobs[one.key[0]].spec.name} could not be fitted: {one.error}", action="Choose another model."
                    )
                jobs[one.key[0]].results[one.key[1]] = one.result
                done += 1
                emit(Progress(min(done / total, 0.99), f"{doing}: {done} of {total} fits"))
    finally:
        executor.kill()
    rows = []
    for job in jobs.values():
        row = job.row(prepared.scorer.metric.name, defined_folds(work, prepared.classes), 0.0, "scored")
        if row.score is None:
            raise InputError(
                f"{prepared.scorer.metric.label} could not be computed on every fold.", action="Choose another model."
            )
        row = replace(row, at_seconds=0.0)
        write_json(work.folder / "candidates" / row.id / "candidate.json", row.to_dict())
        rows.append(row)
    return rows

"""Ray Tune 2.60: trials that are begun as soon as a core of a cluster is free, proposed by Optuna, given up by ASHA.

Imported only where a cluster is at hand, since it imports Ray. What a trial does, and what becomes of what it tells, is
said by whoever asks: this module knows neither models nor folds but as steps.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from automl_core.engines.optuna_study import FACTS, Outcome, TuningStudy
from automl_core.engines.ray import Fault, own_signals

SCORE, STEP, TOLD, LAST = "score", "step", "told", "done"
"""What a step of a trial tells: the score so far, how many steps were done, a `Parcel`, and whether it was the last."""
AGAIN = 2
"""How often a trial is begun again whose process or machine was lost."""
FETCH = 60.0
"""Seconds that the files of a step may take to come."""
QUIET = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the study's own storage is the log
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1000000",
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",  # otherwise a trial waits for the process of the one before; the course has a limit
    "TUNE_FORCE_TRIAL_CLEANUP_S": "1",
    "TUNE_WARN_INSUFFICENT_RESOURCE_THRESHOLD_S": "1000000",
    "RAY_AIR_NEW_OUTPUT": "0",
}
Begin = Callable[[dict[str, Any]], Iterator[dict[str, Any]]]
How = Literal["ended", "lost", "cut"]
"""By itself or given up; because its process was lost, each time; with everything else."""
Ended = tuple[Outcome, float | None, dict[str, Any]]


Loss = tuple[Fault, str]
"""How a trial was lost, and the last line of what Ray says of it."""
WORDS: tuple[tuple[str, Fault], ...] = (
    ("running low on memory", "memory"),
    ("node has died", "node"),
    ("worker process has died", "crash"),
)
"""What Ray says of a process that was lost, in an error that has no other sign of it."""


def loss_in(told: str) -> Loss:
    """Return which loss Ray's words tell: an error in the trial itself where they name no other."""
    lines = told.strip().splitlines()
    fault: Fault = "error" if lines else ""
    return next((found for words, found in WORDS if words in told), fault), lines[-1].strip()[:300] if lines else ""


ASKING = ("ray.air.execution._internal.actor_manager", "ray.tune.execution.tune_controller")
"""Ray's own modules that look whether a process was lost; another version may name them otherwise."""


class Parcel:
    """What a step tells, on its way; emptied where it is taken out, so that nothing keeps it.

    Parameters
    ----------
    content : object
        Small: Ray brings it back with the answer, so that it is not lost with its machine.
    files : dict of str to bytes
        Brought back from the object store; empty when they were lost with their machine.
    """

    def __init__(self, content: Any, files: dict[str, bytes]) -> None:
        self._content, self._files = content, ray.put(files) if files else None

    def take(self) -> tuple[Any, dict[str, bytes]] | None:
        """Return content and files the first time, None from then on."""
        content, handle = self._content, self._files
        self._content = self._files = None
        if content is None:
            return None
        try:
            return content, ray.get(handle, timeout=FETCH) if handle is not None else {}
        except (ray.exceptions.RayError, TimeoutError):
            return content, {}


class Course(Protocol):
    """What decides about the trials while they run."""

    def over(self) -> bool:
        """Return whether all of them end now; looked at some ten times a second."""

    def wants(self) -> Literal["one", "none yet", "no more"]:
        """Return whether another trial is wanted."""

    def fixed(self) -> Mapping[str, Any] | None:
        """Return the point of the next trial, None where it is to be proposed."""

    def begin(self, number: int, point: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the process of a trial is told; None for one that need not be fitted, whose end is asked for next."""

    def heard(self, number: int, told: Any, files: dict[str, bytes]) -> None:
        """Take what a step of a trial told, and the files that it left, as far as they came."""

    def ended(self, number: int, how: How, loss: Loss) -> Ended:
        """Return what became of a trial that runs no more; `loss` is the last one of a trial that was lost."""


class _Steps(tune.Trainable):
    """A trial in its process, which the next one takes over."""

    def setup(self, config: dict[str, Any], begin: Begin) -> None:  # type: ignore[override]  # what `with_parameters` adds
        self._begin, self._steps = begin, begin(config)

    def step(self) -> dict[str, Any]:
        return next(self._steps)

    def reset_config(self, config: dict[str, Any]) -> bool:
        self.cleanup()
        self._steps = self._begin(config)
        return True

    def cleanup(self) -> None:
        self._steps.close()  # type: ignore[attr-defined]  # a generator, which leaves its folder now


class _Search(OptunaSearch):
    """Ray's search by Optuna, over the study's own storage, with what is known of each trial beside its values."""

    def __init__(self, study: TuningStudy, course: Course, running: _Running, mode: str) -> None:
        super().__init__(**study.shared(), metric=SCORE, mode=mode)
        self._asked, self._course, self._running = study, course, running
        self._study: Any = self._ot_study
        self._configs: dict[int, dict[str, Any]] = {}
        self._losses: dict[int, int] = {}
        self._again: list[Any] = []

    def suggest(self, trial_id: str) -> Any:
        wants = self._course.wants()
        if self._again and not self._course.over():
            trial = self._ot_trials[trial_id] = self._again.pop(0)
            return self._configs[trial.number]
        if wants != "one":
            # One that is under way may be lost, and begun again.
            return self.FINISHED if wants == "no more" and not self._ot_trials else None
        fixed = self._course.fixed()
        if fixed is not None:
            self._study.enqueue_trial(self._asked.coded(fixed))
        point = self._asked.point_of(super().suggest(trial_id) or {})
        config = self._course.begin(self._ot_trials[trial_id].number, point)
        if config is None:
            self._end(trial_id, "ended")
        else:
            self._configs[self._ot_trials[trial_id].number] = config
        return config

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self._take(trial_id, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        if trial_id in self._ot_trials:
            if result and STEP in result:
                self._take(trial_id, result)
            if error and self._lost(self._ot_trials[trial_id].number) <= AGAIN:
                self._again.append(self._ot_trials.pop(trial_id))
            elif error:
                self._end(trial_id, "lost", self._running.loss_of(trial_id))
            else:
                self._end(trial_id, "ended")

    def _lost(self, number: int) -> int:
        self._losses[number] = self._losses.get(number, 0) + 1
        return self._losses[number]

    def end_all(self) -> None:
        """Tell the end of the trials that were under way when everything ended."""
        self._ot_trials.update({f"again-{trial.number}": trial for trial in self._again})
        for trial_id in list(self._ot_trials):
            self._end(trial_id, "cut")

    def _take(self, trial_id: str, result: dict[str, Any]) -> None:
        trial = self._ot_trials[trial_id]
        told = result[TOLD].take()
        if told is not None:
            if not math.isnan(result[SCORE]):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # a trial that is begun again reports its first steps twice
                    trial.report(float(result[SCORE]), int(result[STEP]) - 1)
            self._course.heard(trial.number, *told)

    def _end(self, trial_id: str, how: How, loss: Loss = ("", "")) -> None:
        trial = self._ot_trials.pop(trial_id)
        outcome, value, facts = self._course.ended(trial.number, how, loss)
        trial.set_user_attr(FACTS, facts)
        self._asked.end(self._study, trial, outcome, value)

    def save(self, checkpoint_path: str) -> None:
        """Keep nothing: the storage has it."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Stop(tune.Stopper):
    """Ends everything at once when the course is over, processes in the middle of a step too."""

    def __init__(self, course: Course, running: _Running) -> None:
        self._course, self._running = course, running

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        if self._course.over():
            self._running.kill()
            return True
        return False

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Running(tune.Callback):
    """Knows the processes of the trials."""

    def __init__(self) -> None:
        self._trials: list[Any] = []

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        self._trials = trials

    def loss_of(self, trial_id: str) -> Loss:
        """Return how a trial was lost, by what Ray wrote of it."""
        for trial in self._trials:
            if trial.trial_id == trial_id and trial.local_path:
                with contextlib.suppress(OSError):
                    return loss_in(Path(trial.error_file).read_text(encoding="utf-8", errors="replace"))
        return "", ""

    def kill(self) -> None:
        """End them all, whatever they are at."""
        for trial in self._trials:
            actor = trial.temporary_state.ray_actor
            if actor is not None:
                with contextlib.suppress(ValueError, ray.exceptions.RayError):  # it has ended
                    ray.kill(actor)

    def __getstate__(self) -> dict[str, Any]:
        return {}


@contextlib.contextmanager
def _memory_is_a_loss() -> Iterator[None]:
    """Let Ray Tune take a process that was ended for want of memory as lost, as it does with every other one.

    Ray raises an error for it that Ray Tune does not expect, which would end all trials.
    """
    known = ray.exceptions.RayActorError
    modules = []
    for name in ASKING:
        with contextlib.suppress(ImportError):
            modules.append(importlib.import_module(name))
    modules = [module for module in modules if getattr(module, "RayActorError", None) is known]
    for module in modules:
        vars(module)["RayActorError"] = (known, ray.exceptions.OutOfMemoryError)  # they only ask `isinstance`
    try:
        yield
    finally:
        for module in modules:
            vars(module)["RayActorError"] = known


def run(study: TuningStudy, begin: Begin, course: Course, *, steps: int, mode: Literal["max", "min"], prune: bool) -> None:
    """Let Ray Tune try what Optuna proposes until the course wants no more; its cluster is connected to.

    Parameters
    ----------
    study : TuningStudy
        Whose storage the trials are written into; it has to `catch_up` afterwards.
    begin : callable
        Given what `Course.begin` said, in a process of the cluster; yields what each step tells.
    course : Course
    steps : int
        Of a trial that is not given up.
    mode : {"max", "min"}
    prune : bool
        Whether a trial that is not in the better half after 1, 2, 4, ... steps is given up (ASHA: Li and others, *A system
        for massively parallel hyperparameter tuning*, 2020).
    """
    os.environ.update(QUIET)
    running = _Running()
    search = _Search(study, course, running, mode)
    scheduler = ASHAScheduler(time_attr=STEP, max_t=steps, grace_period=1, reduction_factor=2) if prune else None
    folder = tempfile.mkdtemp(prefix="tablewright-ray-")
    try:
        with own_signals(), _memory_is_a_loss():
            tune.Tuner(
                tune.with_parameters(_Steps, begin=begin),  # on one core each
                tune_config=tune.TuneConfig(
                    metric=SCORE,
                    mode=mode,
                    search_alg=search,
                    scheduler=scheduler,
                    num_samples=-1,
                    reuse_actors=True,
                    trial_name_creator=lambda trial: trial.trial_id,
                    trial_dirname_creator=lambda trial: trial.trial_id,
                ),
                run_config=tune.RunConfig(
                    storage_path=folder,
                    verbose=0,
                    stop=_Stop(course, running),
                    callbacks=[running],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    failure_config=tune.FailureConfig(max_failures=0),  # Ray Tune itself may give up the second time
                ),
            ).fit()
    finally:
        search.end_all()
        shutil.rmtree(folder, ignore_errors=True)

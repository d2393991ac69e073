"""A study that keeps every machine of a cluster busy: Ray Tune begins a trial as soon as a core is free.

What is proposed then depends on which trial ended first, so the same seed does not give the same trials; the batches of
`TuneLoop` do, and are what is used by default and where there is no cluster.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from automl_core.engines.optuna_study import Outcome, Trial
from automl_core.engines.ray import Fault, why_no_tune
from automl_core.errors import EngineError, InputError, StorageError
from automl_core.events import Message, TrialFinished
from automl_core.search.candidates import Spec
from automl_core.search.place import Place
from automl_core.search.remote import Order, RayExecutor, do
from automl_core.search.tasks import done_of
from automl_core.tuning.loop import TuneLoop
from automl_core.tuning.spaces import CLEANING
from automl_core.tuning.study import is_paused
from automl_core.tuning.trial import Try
from automl_core.tuning.trial import begin as begin_try

LOST: dict[Fault, str] = {
    "memory": "its machine ran out of memory, so that Ray ended its process.",
    "node": "the machine that it ran on was lost.",
    "crash": "its process ended, by a crash inside the library or for want of memory.",
    "error": "it raised an error: {told}",
}
"""What became of a trial the last time that it was tried."""
UNKNOWN = "its process was lost; Ray does not say how."
ASYNC = "Trials are begun as soon as a core is free. The same seed will not give exactly the same trials again."


def check_tune() -> None:
    """Raise EngineError where what Ray Tune needs is not installed."""
    if why := why_no_tune():
        raise EngineError(
            "Ray Tune cannot be used here.",
            why,
            "Install it with `pip install -r requirements-cluster.txt`, or begin trials in batches.",
        )


def check_busy(place: Place) -> None:
    """Raise InputError where no cluster is named, EngineError where what Ray Tune needs is not installed."""
    if not place.cluster:
        raise InputError(
            "Every machine is to be kept busy, and no cluster is named.",
            "AUTOML_RAY_ADDRESS names one.",
            "Set it, or begin trials in batches.",
        )
    check_tune()


class BusyLoop(TuneLoop):
    """A session whose trials Ray Tune begins, a `ray_tune.Course`; on this machine the same as `TuneLoop`."""

    def _search(self) -> None:
        if not isinstance(self.executor, RayExecutor):
            self.emit(Message("There is no cluster, so trials are begun in batches.", "warning"))
            super()._search()
            return
        from automl_core.engines import ray_tune

        self.tries: dict[int, Try] = {}
        self.fault: StorageError | None = None
        self.looked = time.time()
        if self.wants() == "no more":
            return
        self.emit(Message(ASYNC))
        folds, view = range(self.work.division.folds), self.base.view
        cleaning = any(one.name.startswith(CLEANING) for one in self.settings.space.open)
        orders = [self.executor.order(self.work.needs(self.base, fold), table=cleaning) for fold in folds]
        begin = FoldsOf(orders, [self.facts[fold, view] for fold in folds], view, self.metric.name)
        mode: Literal["max", "min"] = "max" if self.study.greater_is_better else "min"
        prune = self.settings.pruner != "none"
        ray_tune.run(self.optuna, begin, self, steps=len(folds), mode=mode, prune=prune)
        self.optuna.catch_up()
        self._keep_best()

    def over(self) -> bool:
        """Return whether everything ends now."""
        if self.fault is not None:
            raise self.fault
        assert isinstance(self.executor, RayExecutor)
        self.executor.look_for_machines()
        self._pass_time()
        if self.tries:
            self._tell_progress(list(self.tries.values()))
        return self._ends()

    def _pass_time(self) -> None:
        """Let a pause count for nobody's time."""
        now = time.time()
        if is_paused(self.folder) and not self.tries:
            self.end += now - self.looked
            self.started += now - self.looked
            if self.study.running != ("Paused",):
                self.study = replace(self.study, running=("Paused",))
                self._save()
        self.looked = now

    def wants(self) -> Literal["one", "none yet", "no more"]:
        """Return whether another trial is wanted."""
        self._pass_time()
        goals = [goal for goal in (self.study.goal_trials, len(self.points or ())) if goal]
        if self._ends() or (goals and self._begun() >= min(goals)):
            return "no more"
        # One more than there are cores, so that a process has its next trial at once.
        full = len(self.tries) > self.executor.cores
        return "none yet" if full or is_paused(self.folder) else "one"

    def _begun(self) -> int:
        return len(self.study.rows) - 1 + len(self.tries)

    def fixed(self) -> Mapping[str, Any] | None:
        """Return the next point of a grid."""
        return None if self.points is None else self.points[self._begun()]

    def begin(self, number: int, point: dict[str, Any]) -> dict[str, Any] | None:
        """Return what a trial is told; None where one with the same values has ended."""
        one = self.tries[number] = begin_try(Trial(number, point), self.base, self.study.rows)
        return None if one.again is not None else {"spec": Sealed(one.spec), "seconds": self._left()}

    def heard(self, number: int, told: Any, files: dict[str, bytes]) -> None:
        """Take a fold of a trial; where its files were lost and it is the best, it is fitted once more at the end."""
        fold, answer = told
        assert isinstance(self.executor, RayExecutor)
        try:
            self.executor.write(files)
            self._take(self.tries[number], done_of((number, fold), answer, 0.0))
        except StorageError as error:  # told by `over`: Ray would make a text of it
            self.fault = error

    def ended(
        self, number: int, how: Literal["ended", "lost", "cut"], loss: tuple[Fault, str]
    ) -> tuple[Outcome, float | None, dict[str, Any]]:
        """Return what became of a trial, and make it a row."""
        one = self.tries.pop(number)
        folds = self.work.division.folds
        if one.alive and one.again is None and (how == "lost" or len(one.results) < folds):
            if how == "lost":
                fault, told = loss
                last = LOST.get(fault, UNKNOWN).format(told=told)
                one.state, one.reason = "failed", f"It was lost each time that it was tried. The last time, {last}"
            elif how == "cut":
                late = "The time was up." if self._ends() else "The study was cut off while it was fitted."
                one.state, one.reason = "stopped", "You stopped it before it was done." if self.stopped else late
            else:
                one.state = "pruned"
                one.reason = f"Given up after {len(one.results)} of {folds} folds: others did better on them."
        row = self._row(one)
        rows = sorted((*self.study.rows, row), key=lambda row: row.number)
        self.study = replace(self.study, rows=tuple(rows))
        self._keep_best(list(self.tries))
        self.emit(TrialFinished(row.to_dict()))
        outcomes: dict[str, Outcome] = {"scored": "complete", "pruned": "pruned"}
        return outcomes.get(row.state, "failed"), row.score, row.to_dict()


# -- on the machines of the cluster -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """What a trial fits, in one piece, since Ray Tune would look into parameters for what it could replace."""

    spec: Spec


@dataclass(frozen=True)
class FoldsOf:
    """Fits a trial fold by fold.

    Parameters
    ----------
    orders : list of Order
        For each fold the task without its call.
    facts : list of dict
        What `FoldWork.prepare` gave for each fold and `view`.
    view : str
        Of the model as it is; what a cleaning choice makes of the data is prepared by the trial.
    metric : str
    """

    orders: list[Order]
    facts: list[dict[str, Any]]
    view: str
    metric: str

    def __call__(self, config: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the mean score so far with what was fitted, for one fold after the other."""
        from automl_core.engines.ray_tune import LAST, SCORE, STEP, TOLD, Parcel

        spec, began, scores = config["spec"].spec, time.monotonic(), []
        for fold in range(len(self.orders)):
            answer, files = self._fitted(spec, fold, max(config["seconds"] - (time.monotonic() - began), 0.1))
            scores.append(answer.get("result", {}).get("metrics", {}).get(self.metric, np.nan))
            finite = [score for score in scores if np.isfinite(score)]
            yield {
                SCORE: float(np.mean(finite)) if finite else float("nan"),
                STEP: fold + 1,
                LAST: "error" in answer or fold + 1 == len(self.orders),
                TOLD: Parcel((fold, answer), files),
            }

    def _fitted(self, spec: Spec, fold: int, seconds: float) -> tuple[dict[str, Any], dict[str, bytes]]:
        order, facts = self.orders[fold], self.facts[fold]
        made: dict[str, bytes] = {}
        if spec.view != self.view:
            answer, made = do([replace(order, call=pickle.dumps(("prepare", (fold, spec.view))), files={})])
            if "error" in answer:
                return {"error": f"The data could not be prepared: {answer['error']}"}, {}
            facts = answer["result"]
            order = replace(order, files={name: data for name, data in made.items() if name.endswith(".npy")})
        call = pickle.dumps(("fit", (spec, fold, facts, seconds, False)))
        answer, files = do([replace(order, call=call, table=None)])
        return answer, {**files, **{name: data for name, data in made.items() if not name.endswith(".npy")}}

"""The preset *PyCaret classic*: PyCaret's own `setup`, `create_model`, `tune_model`, `blend_models`, `finalize_model`, live.

PyCaret runs in a process of its own, one call at a time, each in a forked child that can be ended. It gives the scores of
the leaderboard. Beside it, the same class with the same parameters is fitted by `FoldWork` on the same folds: this gives the
out-of-fold predictions and models that leave without PyCaret, and a check, since both scores are the same up to rounding.
While PyCaret is imported these fits are ahead of it, so that a first score is there at once.

A blend is PyCaret's soft voting, which is the plain mean of its members: it is kept as an ensemble with equal weights.
`finalize_model` is run for the recommended model, for a blend member by member (which is what fitting the blend does); the
exported model is then that one refit on all learned rows and not the mean of the fold models. Split by time it is not run:
there the last fold's model is exported, as everywhere.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.engines.pycaret import SAME, can_use_optuna, tuned_by
from automl_core.errors import AutoMLError, InputError, StorageError
from automl_core.events import CandidateScored, Event, Message, Progress
from automl_core.leaderboard import Candidate, Leaderboard, Role, State
from automl_core.metrics import METRICS, all_scores
from automl_core.search import classic_plan as plan
from automl_core.search.candidates import Spec, baseline
from automl_core.search.classic_work import FINAL, begin
from automl_core.search.executor import Done, ForkExecutor
from automl_core.search.keeper import Keeper
from automl_core.search.selection import recommend
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    from automl_core.search.run import Prepared

TICK = 0.05
"""Seconds between two looks at the stop button."""
HEAD_START = 1.5
"""Seconds for a first score of our own before PyCaret's import takes a core."""
CREATING, TUNING, BLENDING = 0.55, 0.85, 0.8
"""Shares of the time after PyCaret's start until which models are created and tuned, and of the rest that a blend may take."""
LARGEST = 0.5
"""Share of the time left for creating that one model may take while others wait, 3 s at least."""
PYCARET = ("pycaret",)
FIRST = ("sklearn.compose", "sklearn.metrics", "sklearn.model_selection", "sklearn.pipeline", "skops.io", "threadpoolctl")
"""Imported before the first fork, since every forked fit uses them."""
MORE_TIME = "Give the run more time."


@dataclass
class _Job:
    """A candidate: our fits of its folds, and PyCaret's scores."""

    spec: Spec
    role: Role = "model"
    folds: dict[int, dict[str, Any]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    running: int = 0
    longest: float = 0.0
    spent: float = 0.0
    members: dict[str, float] = field(default_factory=dict)
    theirs: dict[str, list[float]] | None = None
    seconds: float = 0.0
    asked: bool = False
    closed: bool = False
    at: float = 0.0


class ClassicLoop:
    """One search in PyCaret's way over a prepared run.

    Parameters
    ----------
    prepared : Prepared
    emit : callable
    should_stop : callable
    started : float
        `time.time` from which the budget counts; PyCaret's start counts.
    ids : sequence of str
        Only these of PyCaret's models; empty for its turbo list.
    """

    def __init__(
        self,
        prepared: Prepared,
        *,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        started: float,
        ids: Sequence[str] = (),
    ) -> None:
        from automl_core.search.run import cores

        self.work, self.config, self.classes = prepared.work, prepared.config, prepared.classes
        self.emit, self.should_stop, self.started = emit, should_stop, started
        for module in FIRST:
            importlib.import_module(module)
        self.cores = cores(self.config)
        self.executor = ForkExecutor(self.cores + 1)
        self.metric = METRICS[self.config.metric]
        self.count = self.work.division.folds
        self.facts: dict[int, dict[str, Any]] = {}
        self.preparing: set[int] = set()
        self.unprepared: dict[int, str] = {}
        self.jobs: dict[str, _Job] = {}
        self.board = Leaderboard(self.metric.name, self.metric.greater_is_better)
        self.keeper: Keeper | None = None
        self.ready = False
        self.lost = ""
        self.phase = "create"
        self.doing = ""
        self.to_tune: list[tuple[str, str]] = []
        self.tries: dict[str, int] = {}
        self.finals: list[str] = []
        self.told = 0.0
        self.stopped = False
        self.begun = time.time()
        budget, self.limit = self.config.budget.seconds, self.config.budget.trials
        self.end = float("inf") if self.limit else started + budget - min(max(0.06 * budget, 0.7), 6.0)
        self.create_end = self.tune_end = self.end
        chosen = plan.models(self.config, ids)
        self._add(_Job(baseline(self.config.task), "baseline", asked=True))
        for spec in chosen[: self.limit] if self.limit else chosen:
            self._add(_Job(spec))

    def _add(self, job: _Job) -> _Job:
        self.jobs[job.spec.id] = job
        if not job.members:
            job.waiting = [fold for fold in range(self.count) if fold not in job.folds]
        return job

    # -- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> Leaderboard:
        """Search until the models or the time are used up, or a person stops it."""
        self._resume()
        try:
            while not self._over():
                self._ask()
                self._fit()
                for done in self.executor.wait(TICK):
                    self._take(done)
                for done in self.keeper.answers() if self.keeper else ():
                    self._hear(done)
                self._tell()
        finally:
            self.executor.kill()
        self._finish()
        return self.board

    def _over(self) -> bool:
        self.stopped = self.stopped or self.should_stop()
        if self.stopped or self._left() <= 0:
            return True
        if self._fitting() or any(job.waiting for job in self.jobs.values()):
            return False
        return bool(self.lost) or (self.phase == "done" and not (self.keeper and self.keeper.busy))

    def _left(self, end: float | None = None) -> float:
        return (self.end if end is None else end) - time.time()

    def _fitting(self) -> int:
        return sum(key != PYCARET for key in self.executor.running())

    def _places(self) -> int:
        """Return how many fits of ours may run: PyCaret has one core, the only one if need be."""
        if self.keeper is None or self.lost:
            return self.cores
        return self.cores - 1 if self.cores > 1 else int(self.keeper.busy is None)

    # -- our fits -----------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        while self._fitting() < self._places():
            task = self._next_fit()
            if task is None:
                return
            self.executor.submit(*task)

    def _next_fit(self) -> tuple[tuple[Any, ...], Callable[[], dict[str, Any]], float] | None:
        for job in list(self.jobs.values()):
            for fold in list(job.waiting):
                if fold in self.unprepared:
                    self._close(job, "failed", f"The data could not be prepared: {self.unprepared[fold]}")
                    break
                if fold not in self.facts:
                    if fold in self.preparing:
                        continue
                    self.preparing.add(fold)
                    return ("prepare", fold), partial(self.work.prepare, fold, job.spec.view), self._limited(self._left())
                share = self._share(job)
                if job.folds and job.longest * len(job.waiting) > share:
                    self._close(
                        job,
                        "skipped",
                        f"One fold took {job.longest:.1f} s; the other {len(job.waiting)} did not fit into its share of the "
                        f"time, {max(share, 0):.0f} s.",
                        MORE_TIME,
                    )
                    break
                job.waiting.remove(fold)
                job.running += 1
                with contextlib.suppress(ImportError):  # a missing library fails in the fit, and becomes the row's reason
                    importlib.import_module(job.spec.class_path.rpartition(".")[0])  # once, so that no forked fit has to
                if not job.folds and job.running == 1:
                    self._emit_row(self._row(job, "running"))
                work = partial(self.work.fit, job.spec, fold, self.facts[fold], share)
                return ("fit", job.spec.id, fold), work, self._limited(share)
        return None

    def _share(self, job: _Job) -> float:
        """Return the seconds that a candidate's fits may still take."""
        if job.role == "baseline" or self.phase != "create" or self.lost:
            return self._left()
        others = any(other.waiting for other in self.jobs.values() if other is not job)
        return self._model_share(others) - job.spent

    def _model_share(self, others: bool) -> float:
        left = self._left(self.create_end)
        return min(max(LARGEST * left if others else left, 3.0), self._left())

    @staticmethod
    def _limited(seconds: float) -> float:
        return min(max(seconds, 0.1), 1e6)

    def _take(self, done: Done) -> None:
        if done.disk:  # the next fit would meet the same disk, and the candidate is none the worse for it
            raise StorageError(done.error) from OSError(done.disk, os.strerror(done.disk))
        if done.key == PYCARET:
            self._lose(done.error or "Its process ended.")
            return
        if done.key[0] == "prepare":
            self.preparing.discard(done.key[1])
            if done.error:
                self.unprepared[done.key[1]] = done.error
            else:
                self.facts[done.key[1]] = done.result
            return
        job = self.jobs[done.key[1]]
        job.running -= 1
        job.spent += done.seconds
        if job.closed:
            return
        if done.error:
            self._fail(job, done)
            return
        job.folds[done.key[2]] = done.result
        job.longest = max(job.longest, done.seconds)
        self._settle(job)

    def _lose(self, reason: str) -> None:
        """Go on without PyCaret."""
        self.lost = reason
        self.emit(Message(f"PyCaret cannot be used: {reason} Its models are fitted and scored without it.", "warning"))
        for job in self.jobs.values():
            if job.asked and not job.closed and not job.folds and not job.waiting:
                self._close(job, "failed", reason)

    # -- what PyCaret is asked ----------------------------------------------------------------------------------

    def _ask(self) -> None:
        if self.keeper is None:
            first = any(job.role == "model" and len(job.folds) == self.count for job in self.jobs.values())
            if not self.lost and (first or time.time() - self.begun > HEAD_START) and not (self.cores == 1 and self._fitting()):
                self.doing = "Starting PyCaret"
                self.emit(Message("Starting PyCaret; until it is ready its models are fitted and scored on the same folds."))
                self.keeper = Keeper(self.executor, PYCARET, partial(begin, self.work))
            return
        if self.lost or not self.ready or self.keeper.busy is not None or (self.cores == 1 and self._pending()):
            return
        task = next(self._requests(), None)
        if task is not None:
            key, request, timeout = task
            self.keeper.ask(key, request, self._limited(timeout))

    def _pending(self) -> bool:
        return bool(self._fitting()) or any(job.waiting for job in self.jobs.values() if not job.closed)

    def _requests(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], float]]:
        """Yield what can be asked now, if anything, and move on from phase to phase; only the first one is ever taken."""
        if self.phase == "create":
            yield from self._creations()
            if self._pending() and self._left(self.create_end) > 0:
                return  # what is tuned is chosen when all scores are there
            self._end_creating()
        if self.phase == "tune":
            yield from self._tunings()
            self.phase = "blend"
        if self.phase == "blend":
            if self._pending() and self._left(self.tune_end) > 0:
                return
            self.phase = "choose"
            yield from self._blend()
        if self.phase == "choose":
            self.phase = "finalize"
            self.finals = self._choose_final()
        if self.phase == "finalize":
            yield from self._finalizations()
            self.phase = "done"

    def _creations(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], float]]:
        wanted = [job for job in self.jobs.values() if not job.asked and not job.closed]
        # Those that would take longer than one model's share, as our own fits tell, wait for all others.
        share, left = self._model_share(others=True), self._left(self.create_end)
        wanted.sort(key=lambda job: (self.count + 1) * job.longest > share)
        for job in wanted:
            share = self._model_share(others=len(wanted) > 1)
            if left <= 0 or (self.count + 1) * job.longest > left:
                continue
            share = max(share, min(1.5 * (self.count + 1) * job.longest, left))
            number = sum(other.asked for other in self.jobs.values() if other.role == "model") + 1
            total = sum(other.role == "model" for other in self.jobs.values())
            self.doing = f"PyCaret fits {job.spec.name} ({number} of {total})"
            job.asked = True
            yield ("create", job.spec.id), {"call": "create", "specs": [asdict(job.spec)]}, share

    def _end_creating(self) -> None:
        for job in self.jobs.values():
            if not job.asked and not job.closed and len(job.folds) < self.count:
                self._close(job, "skipped", "There was no time left for it.", MORE_TIME)
        self.phase = "tune"
        best = [row.id for row in self._ranked() if "-tuned" not in row.id and self.jobs[row.id].theirs is not None]
        for library in ("scikit-learn", *(["optuna"] if can_use_optuna() else [])):
            self.to_tune += [
                (name, library) for name in best if not self._is_scored(plan.tuned_spec(self.jobs[name].spec, library).id)
            ][: plan.BEST]
        if self.limit:
            self.to_tune = self.to_tune[: max(self.limit - sum(job.role == "model" for job in self.jobs.values()), 0)]
        looked_at = tuned_by(self.metric.name, self.config.task)
        if self.to_tune and looked_at != SAME.get(self.metric.name):
            self.emit(Message(f"PyCaret cannot tune for {self.metric.label} here: it looks for the best {looked_at}."))

    def _ranked(self) -> list[Candidate]:
        return [row for row in self.board.ranked() if row.state == "scored" and row.role == "model"]

    def _is_scored(self, name: str) -> bool:
        return any(row.id == name and row.state == "scored" for row in self.board)

    def _tunings(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], float]]:
        while self.to_tune:
            name, library = self.to_tune.pop(0)
            base = self.jobs[name]
            job = self._add(_Job(plan.tuned_spec(base.spec, library), asked=True))
            job.waiting = []  # until its parameters are known
            left = self._left(self.tune_end)
            tries = plan.plan_tries(left / (len(self.to_tune) + 1), base.seconds)
            if not tries.value:  # rather one that is tuned than three that are not
                tries = plan.plan_tries(left, base.seconds)
            if not tries.value:
                self._close(job, "skipped", tries.reason, MORE_TIME)
                continue
            self.tries[job.spec.id] = tries.value
            self._emit_row(self._row(job, "running"))
            self.doing = f"PyCaret tunes {base.spec.name}, {tries.value} tries"
            yield (
                ("tune", job.spec.id),
                {
                    "call": "tune",
                    "specs": [asdict(base.spec)],
                    "tries": tries.value,
                    "metric": tuned_by(self.metric.name, self.config.task),
                    "library": library,
                },
                left,
            )

    def _blend(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], float]]:
        took = {name: job.seconds for name, job in self.jobs.items() if job.theirs is not None}
        specs = {name: job.spec for name, job in self.jobs.items()}
        left = BLENDING * self._left()
        chosen = plan.choose_blend(self._ranked(), specs, took, left, classify=bool(self.classes))
        members = {name: 1 / len(chosen.value) for name in chosen.value}
        known = self.jobs.get("blend")
        if known is not None and known.members == members and known.theirs is not None:
            return
        spec = Spec("blend", f"Blend of {len(members)}" if members else "Blend", "ensemble", "", view="")
        job = self._add(_Job(spec, "ensemble", members=members, asked=True))
        if not members:
            self._close(job, "skipped", chosen.reason)
            return
        self._emit_row(self._row(job, "running"))
        self.doing = f"PyCaret blends {len(members)} models"
        yield ("blend", "blend"), {"call": "blend", "specs": [asdict(specs[name]) for name in members]}, left

    def _choose_final(self) -> list[str]:
        """Return what `finalize_model` is run for."""
        name, _ = recommend(self.board)
        if not name or self.board[name].role == "baseline" or self.work.division.forward:
            return []
        return [member for member in self.board[name].members or [name] if not self._final(member).exists()]

    def _final(self, name: str) -> Path:
        return self.work.folder / "candidates" / name / f"{FINAL}.skops"

    def _finalizations(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any], float]]:
        while self.finals:
            name = self.finals.pop(0)
            self.doing = f"PyCaret refits {self.jobs[name].spec.name} on all learned rows"
            yield ("finalize", name), {"call": "finalize", "specs": [asdict(self.jobs[name].spec)]}, self._left()

    # -- what PyCaret answers -----------------------------------------------------------------------------------

    def _hear(self, done: Done) -> None:
        if done.disk:
            raise StorageError(done.error) from OSError(done.disk, os.strerror(done.disk))
        if done.key[0] == "ready":
            self.ready = True
            now, left = time.time(), self._left()
            self.create_end, self.tune_end = now + CREATING * left, now + TUNING * left
            return
        if done.key[0] == "finalize":
            if done.error:
                self.finals = []  # a blend is finalised whole or not at all
            return
        job = self.jobs[done.key[1]]
        if job.closed:
            return
        if done.timed_out and len(job.folds) == self.count:
            self.emit(Message(f"PyCaret was not done with {job.spec.name} in its share of the time; its scores are our own."))
            job.closed = True
        elif done.error:
            self._fail(job, done)
        else:
            finite = {name: values for name, values in done.result["scores"].items() if np.isfinite(values).all()}
            tries = self.tries.get(job.spec.id, 0) + 1  # of a tuning, what scoring its result once took
            job.theirs, job.seconds = finite, done.result["seconds"] / tries
            if "params" in done.result:
                job.spec = replace(job.spec, params=done.result["params"])
                job.waiting = list(range(self.count))
            if job.members:
                job.folds = self._mixed(job.members)
            self._save(job)
            self._settle(job)

    def _mixed(self, members: dict[str, float]) -> dict[int, dict[str, Any]]:
        """Return what a fold of a blend comes to: the mean of its members' predictions for rows they did not learn from."""
        division, mixed = self.work.division, {}
        for fold in range(self.count):
            values = sum(
                weight * np.load(self.work.folder / "candidates" / name / f"fold{fold}.npy") for name, weight in members.items()
            )
            truth = self.work.y[division.train[division.judged(fold)]]
            parts = [self.jobs[name].folds[fold] for name in members]
            mixed[fold] = {
                "metrics": all_scores(self.config.task, truth, np.asarray(values)),
                **{key: sum(part[key] for part in parts) for key in ("fit_seconds", "predict_ms", "size_bytes")},
            }
        return mixed

    def _save(self, job: _Job) -> None:
        told = {"format": 1, "scores": job.theirs, "seconds": job.seconds, "spec": asdict(job.spec), "members": job.members}
        write_json(self.work.folder / "candidates" / job.spec.id / "pycaret.json", told)

    # -- rows ---------------------------------------------------------------------------------------------------

    def _settle(self, job: _Job) -> None:
        """Show what is known of a candidate by now."""
        if len(job.folds) < self.count:
            self._emit_row(self._row(job, "running"))
            return
        job.at = job.at or max(time.time() - self.started, 0.0)
        row = self._row(job, "scored")
        if job.role == "baseline" and not row.fold_scores:
            raise InputError(
                f"{self.metric.label} cannot be computed on any of the {self.count} folds.",
                "Each fold needs rows of at least two outcomes, and values that the metric is made for.",
                "Choose another metric or another split.",
            )
        if row.score is None:
            self._close(job, "failed", f"{self.metric.label} could not be computed on every fold.")
            return
        if job.theirs is not None or job.role == "baseline":
            job.closed = True
            self._compare(job, row)
        self._keep(row)

    def _compare(self, job: _Job, row: Candidate) -> None:
        ours = self._own_scores(job)
        if job.theirs is not None and plan.disagreement(ours, row.fold_scores):
            self.emit(
                Message(
                    f"{job.spec.name}: PyCaret's {self.metric.label} is {row.score:.6g}, that of the fold models that are kept "
                    f"is {np.mean(ours):.6g}. The leaderboard shows PyCaret's."
                )
            )
        if job.theirs is not None and self._column(job) is None and SAME.get(self.metric.name) in job.theirs:
            self.emit(Message(f"{job.spec.name}: PyCaret gives no {self.metric.label}; the score is our own, on the same folds."))

    def _column(self, job: _Job) -> list[float] | None:
        """Return PyCaret's scores for the run's metric, None where it has none: it gives an AUC that it cannot compute as 0."""
        values = (job.theirs or {}).get(SAME.get(self.metric.name, ""))
        return values if values and (self.metric.name != "roc_auc" or any(values)) else None

    def _own_scores(self, job: _Job) -> list[float]:
        values = [job.folds[fold]["metrics"].get(self.metric.name, np.nan) for fold in sorted(job.folds)]
        return [float(value) for value in values if np.isfinite(value)]

    def _row(self, job: _Job, state: State, reason: str = "", suggestion: str = "") -> Candidate:
        results = [job.folds[fold] for fold in sorted(job.folds)]
        scores = self._own_scores(job)
        theirs = self._column(job)
        whole = len(job.folds) == self.count
        # A fold on which the metric is not defined has no score, whatever PyCaret gives for it.
        if theirs is not None and whole and len(scores) == self.count:
            scores = theirs
        names = set.intersection(*(set(result["metrics"]) for result in results)) if results else set()
        metrics = {name: float(np.mean([result["metrics"][name] for result in results])) for name in sorted(names)}
        if scores is theirs:
            metrics[self.metric.name] = float(np.mean(scores))
        complete = state == "scored" and whole and len(scores) == self._defined(scores)
        return Candidate(
            id=job.spec.id,
            name=job.spec.name,
            family=job.spec.family,
            role=job.role,
            view=job.spec.view,
            params=job.spec.params,
            state=state,
            reason=reason,
            suggestion=suggestion,
            fold_scores=tuple(scores),
            score=float(np.mean(scores)) if complete and scores else None,
            spread=float(np.std(scores, ddof=1)) if complete and len(scores) > 1 else None,
            metrics=metrics,
            fit_seconds=sum(result["fit_seconds"] for result in results),
            predict_ms=float(np.mean([result["predict_ms"] for result in results])) if results else 0.0,
            size_bytes=sum(result["size_bytes"] for result in results),
            at_seconds=job.at or max(time.time() - self.started, 0.0),
            members=job.members,
        )

    def _defined(self, scores: list[float]) -> int:
        """Return on how many folds the metric is defined, which the baseline tells."""
        base = self.jobs[baseline(self.config.task).id]
        return len(self._own_scores(base)) if len(base.folds) == self.count else len(scores)

    def _fail(self, job: _Job, done: Done) -> None:
        if done.timed_out:
            self._close(job, "stopped", f"It was ended after {done.seconds:.0f} s, its share of the time.", MORE_TIME)
        else:
            self._close(job, "failed", done.error, "The other models do not depend on it.")

    def _close(self, job: _Job, state: State, reason: str = "", suggestion: str = "") -> None:
        job.closed = True
        job.waiting = []
        for key in self.executor.running():
            if key[:2] == ("fit", job.spec.id):
                self.executor.kill(key)
                job.running -= 1
        if self.keeper is not None and self.keeper.busy is not None and self.keeper.busy[1:] == (job.spec.id,):
            self.keeper.drop()
        self._keep(self._row(job, state, reason, suggestion))

    def _keep(self, row: Candidate) -> None:
        write_json(self.work.folder / "candidates" / row.id / "candidate.json", row.to_dict())
        self._emit_row(row)

    def _emit_row(self, row: Candidate) -> None:
        self.board = self.board.with_candidate(row)
        if row.state == "scored":
            name, why = recommend(self.board)
            self.board = replace(self.board, recommended=name, recommendation=why)
        self.board.save(self.work.folder / "leaderboard.json")
        self.emit(CandidateScored(row.to_dict()))

    # -- telling and ending -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        now = time.time()
        if now - self.told < 0.5:
            return
        self.told = now
        fits = [self.jobs[key[1]].spec.name for key in self.executor.running() if key[0] == "fit"]
        idle = f"Fitting {' and '.join(dict.fromkeys(fits))}" if fits else "Preparing the data of the folds"
        doing = self.doing if self.keeper is not None and self.keeper.busy and not self.lost else idle
        if self.limit:
            done = sum(job.closed for job in self.jobs.values())
            self.emit(Progress(min(done / (len(self.jobs) + 2), 0.99), doing))
        else:
            budget = self.config.budget.seconds
            self.emit(Progress(min((now - self.started) / budget, 0.99), doing, max(self.started + budget - now, 0.0)))

    def _finish(self) -> None:
        reason = "You stopped the run before it was done." if self.stopped else "The time was up before it was done."
        own = [
            job.spec.name for job in self.jobs.values() if job.role == "model" and self._is_scored(job.spec.id) and not job.theirs
        ]
        for job in self.jobs.values():
            if not job.closed and len(job.folds) < self.count:
                self._close(job, "stopped", reason, MORE_TIME)
        if own and not self.lost:
            self.emit(Message(f"PyCaret had no time for {', '.join(own)}: these scores are our own, on the same folds."))
        name, why = recommend(self.board)
        if name and self.board[name].role != "baseline":
            row = self.board[name]
            members = list(row.members or [name])
            if all(self._final(member).exists() for member in members):
                said = "Refitted on all learned rows by finalize_model; that is what is exported."
                # Written anew, so that what was packed or judged before the refit is done again.
                for member in {name, *members}:
                    self._keep(replace(self.board[member], reason=said))
                why += f" {said}"
            else:
                why += " finalize_model was not run: what is exported is " + (
                    "the model of the last fold." if self.work.division.forward else "the mean of the models of the folds."
                )
        self.board = replace(self.board, recommended=name, recommendation=why)
        self.board.save(self.work.folder / "leaderboard.json")

    # -- going on with earlier work -----------------------------------------------------------------------------

    def _resume(self) -> None:
        """Take over what an interrupted search left; nothing that was scored is fitted again."""
        root = self.work.folder
        for path in sorted(root.glob("folds/*/encoded.json")):
            self.facts[int(path.parent.name)] = read_json(path)
        for path in sorted(root.glob("candidates/*/pycaret.json")):
            told = read_json(path)
            spec = Spec(**told["spec"])
            known = self.jobs.get(spec.id)
            if known is None and not told["members"] and spec.id.split("-tuned")[0] not in self.jobs:
                continue
            job = _Job(spec, "ensemble" if told["members"] else "model", members=told["members"], asked=True)
            job.theirs, job.seconds = told["scores"], told["seconds"]
            self._add(job)
        for job in sorted(self.jobs.values(), key=lambda job: bool(job.members)):
            self._restore(job)
        taken = sum(job.closed for job in self.jobs.values())
        if taken:
            self.emit(Message(f"Going on with {taken} models that were scored before."))

    def _restore(self, job: _Job) -> None:
        folder = self.work.folder / "candidates" / job.spec.id
        old = None
        with contextlib.suppress(AutoMLError, TypeError, KeyError):
            old = Candidate.from_dict(read_json(folder / "candidate.json"))
        if job.members:
            if all(name in self.jobs and len(self.jobs[name].folds) == self.count for name in job.members):
                job.folds = self._mixed(job.members)
        else:
            for fold in range(self.count):
                if all((folder / f"fold{fold}{suffix}").exists() for suffix in (".skops", ".npy", ".json")):
                    job.folds[fold] = read_json(folder / f"fold{fold}.json")
            job.waiting = [fold for fold in job.waiting if fold not in job.folds]
        if len(job.folds) == self.count:
            job.at = old.at_seconds if old is not None and old.state == "scored" else 0.0
            self._settle(job)
        elif old is not None and old.state in ("failed", "skipped", "stopped"):
            self.board = self.board.with_candidate(old)  # shown until it has been tried again

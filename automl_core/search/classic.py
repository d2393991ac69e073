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
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from automl_core.errors import StorageError
from automl_core.events import Event, Message, Progress
from automl_core.leaderboard import Leaderboard, State
from automl_core.search import classic_plan as plan
from automl_core.search.candidates import baseline
from automl_core.search.classic_board import ClassicBoard, Job
from automl_core.search.classic_course import MORE_TIME, NO_TIME, Clock, Course
from automl_core.search.classic_work import CACHE, begin
from automl_core.search.executor import Done, ForkExecutor
from automl_core.search.keeper import Keeper
from automl_core.search.live_board import Look
from automl_core.search.preload import preload
from automl_core.search.prepare import Prepared, cores
from automl_core.search.rescue import closing_words, make_room
from automl_core.search.supply import LEAST, words_at_the_end
from automl_core.workspace import read_json

TICK = 0.05
"""Seconds between two looks at the stop button."""
HEAD_START = 1.5
"""Seconds for a first score of our own before PyCaret's import takes a core."""
PYCARET = ("pycaret",)


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
    look : callable, optional
        See `LiveBoard`.
    given_more : bool
        Whether the run was given more: the models that come next by their score are tuned then, and it is said when none is
        left.
    """

    def __init__(
        self,
        prepared: Prepared,
        *,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        started: float,
        ids: Sequence[str] = (),
        look: Look | None = None,
        given_more: bool = False,
    ) -> None:
        self.work, self.config, self.classes = prepared.work, prepared.config, prepared.classes
        self.emit, self.should_stop, self.started = emit, should_stop, started
        preload()
        self.cores = cores(self.config)
        self.executor = ForkExecutor(self.cores + 1)
        self.metric = prepared.scorer.metric
        self.count = self.work.division.folds
        self.facts: dict[int, dict[str, Any]] = {}
        self.preparing: set[int] = set()
        self.unprepared: dict[int, str] = {}
        self.rows = ClassicBoard(self.work, self.config, emit, started, look)
        self.jobs = self.rows.jobs
        self.keeper: Keeper | None = None
        self.ready = False
        self.lost = ""
        self.told, self.said = 0.0, ""
        self.stopped = False
        self.given_more, self.fitted = given_more, False
        self.begun = time.time()
        budget, self.limit = self.config.budget.seconds, self.config.budget.trials
        end = float("inf") if self.limit else started + budget - min(max(0.06 * budget, 0.7), 6.0)
        self.clock = Clock(end, end, end)
        self.course = Course(self.rows, self.clock, self._close, given_more=given_more)
        chosen = plan.models(self.config, ids)
        self.rows.add(Job(baseline(self.config.task), "baseline", asked=True))
        for spec in chosen[: self.limit] if self.limit else chosen:
            self.rows.add(Job(spec))

    # -- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> Leaderboard:
        """Search until the models or the time are used up, or a person stops it."""
        for path in sorted(self.work.folder.glob("folds/*/encoded.json")):
            self.facts[int(path.parent.name)] = read_json(path)
        self.rows.resume()
        try:
            while not self._over():
                self._ask()
                self._fit()
                for done in self.executor.wait(TICK):
                    self._take(done)
                for done in self.keeper.answers() if self.keeper else ():
                    self._hear(done)
                self._tell()
        except (OSError, MemoryError) as error:
            self._rescue(error)
            raise
        finally:
            self.executor.kill()
            shutil.rmtree(self.work.folder / CACHE, ignore_errors=True)
        if self.given_more and not (self.stopped or self.lost) and self.clock.left() > LEAST:
            used = sum(job.role == "model" for job in self.jobs.values())
            at_the_end = not self.course.untuned() or 0 < self.limit <= used
            if at_the_end and (text := words_at_the_end(self.config, self.limit - used, fitted=self.fitted)):
                self.emit(Message(text, "warning"))
        self._finish()
        return self.rows.board

    def _rescue(self, error: BaseException) -> None:
        """Keep what is scored when the disk or the memory gives out, blended by ourselves; as `SearchLoop` does."""
        self.executor.kill()
        shutil.rmtree(self.work.folder / CACHE, ignore_errors=True)
        make_room(self.work.folder)
        with contextlib.suppress(OSError, MemoryError):
            self.course.blend_by_ourselves()
            self._finish(closing_words(error))

    def _over(self) -> bool:
        self.stopped = self.stopped or self.should_stop()
        if self.stopped or self.clock.left() <= 0:
            return True
        if self._fitting() or any(job.waiting for job in self.jobs.values()):
            return False
        return bool(self.lost) or (self.course.phase == "done" and not (self.keeper and self.keeper.busy))

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
        for job in self._in_turn():
            for fold in list(job.waiting):
                if fold in self.unprepared:
                    self._close(job, "failed", f"The data could not be prepared: {self.unprepared[fold]}")
                    break
                if fold not in self.facts:
                    if fold in self.preparing:
                        continue
                    self.preparing.add(fold)
                    return ("prepare", fold), partial(self.work.prepare, fold, job.spec.view), self._limited(self.clock.left())
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
                preload(job.spec.class_path)
                if not job.folds and len(job.waiting) == self.count - 1:
                    self.rows.show(self.rows.row(job, "running"))
                work = partial(self.work.fit, job.spec, fold, self.facts[fold], share)
                return ("fit", job.spec.id, fold), work, self._limited(share)
        return None

    def _in_turn(self) -> list[Job]:
        """Return the candidates whose folds may be fitted now: on a single core PyCaret and we take turns."""
        turns = self.cores == 1 and self.ready and not self.lost
        return [job for job in self.jobs.values() if not turns or job.asked or job.folds]

    def _share(self, job: Job) -> float:
        """Return the seconds that a candidate's fits may still take."""
        if job.role == "baseline" or self.course.phase != "create" or self.lost:
            return self.clock.left()
        others = any(other.waiting for other in self.jobs.values() if other is not job)
        return self.clock.share(others) - job.spent

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
        job.spent += done.seconds
        if job.closed:
            return
        if done.error:
            self._fail(job, done)
            return
        job.folds[done.key[2]] = done.result
        self.fitted = True
        job.longest = max(job.longest, done.seconds)
        self.rows.settle(job)

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
            first = any(job.role == "model" and self.rows.whole(job) for job in self.jobs.values())
            if not self.lost and (first or time.time() - self.begun > HEAD_START) and not (self.cores == 1 and self._fitting()):
                self.course.doing = "Starting PyCaret"
                self.emit(Message("Starting PyCaret; until it is ready its models are fitted and scored on the same folds."))
                self.keeper = Keeper(self.executor, PYCARET, partial(begin, self.work))
            return
        if self.lost or not self.ready or self.keeper.busy is not None or (self.cores == 1 and self._our_turn()):
            return
        task = next(self.course.requests(self._pending()), None)
        if task is not None:
            key, request, timeout = task
            self.keeper.ask(key, request, self._limited(timeout))

    def _our_turn(self) -> bool:
        return bool(self._fitting()) or any(job.waiting for job in self._in_turn())

    def _pending(self) -> bool:
        return bool(self._fitting()) or any(job.waiting for job in self.jobs.values() if not job.closed)

    # -- what PyCaret answers -----------------------------------------------------------------------------------

    def _hear(self, done: Done) -> None:
        if done.disk:
            raise StorageError(done.error) from OSError(done.disk, os.strerror(done.disk))
        if done.key[0] == "ready":
            self.ready = True
            self.clock.divide()
            return
        if done.key[0] == "finalize":
            if done.error:
                self.course.finals = []  # a blend is finalised whole or not at all
            return
        job = self.jobs[done.key[1]]
        if job.closed:
            return
        if done.timed_out and self.rows.whole(job):
            job.closed = True  # told at the end
        elif done.error:
            self._fail(job, done)
        else:
            finite = {name: values for name, values in done.result["scores"].items() if np.isfinite(values).all()}
            tries = self.course.tries.get(job.spec.id, 0) + 1  # of a tuning, what scoring its result once took
            job.theirs, job.seconds = finite, done.result["seconds"] / tries
            if "params" in done.result:
                job.spec = replace(job.spec, params=done.result["params"])
                job.waiting = list(range(self.count))
            if job.members:
                job.folds = self.rows.mixed(job.members)
            self.rows.note(job)
            self.rows.settle(job)

    def _fail(self, job: Job, done: Done) -> None:
        if done.timed_out:
            self.course.tries.pop(job.spec.id, None)  # it can be tuned in more time
            self._close(job, "stopped", f"It was ended after {done.seconds:.0f} s, its share of the time.", MORE_TIME)
        else:
            self._close(job, "failed", done.error, "The other models do not depend on it.")

    def _close(self, job: Job, state: State, reason: str = "", suggestion: str = "") -> None:
        job.closed = True
        job.waiting = []
        for key in self.executor.running():
            if key[:2] == ("fit", job.spec.id):
                self.executor.kill(key)
        if self.keeper is not None and self.keeper.busy is not None and self.keeper.busy[1:] == (job.spec.id,):
            self.keeper.drop()
        self.rows.keep(self.rows.row(job, state, reason, suggestion))

    # -- telling and ending -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        self.rows.tell()
        now = time.time()
        fits = [self.jobs[key[1]].spec.name for key in self.executor.running() if key[0] == "fit"]
        idle = f"Fitting {' and '.join(dict.fromkeys(fits))}" if fits else "Preparing the data of the folds"
        theirs = self.keeper is not None and self.keeper.busy and not self.lost
        doing = self.course.doing if theirs else idle
        # A step of PyCaret's is told once, however short it is.
        if now - self.told < 0.5 and (not theirs or doing == self.said):
            return
        self.told, self.said = now, doing
        self.rows.flush()
        if self.limit:
            done = sum(job.closed for job in self.jobs.values())
            self.emit(Progress(min(done / (len(self.jobs) + 2), 0.99), doing))
        else:
            budget = self.config.budget.seconds
            self.emit(Progress(min((now - self.started) / budget, 0.99), doing, max(self.started + budget - now, 0.0)))

    def _finish(self, fault: tuple[str, str] | None = None) -> None:
        """End what is open with a reason, by default that of the time; `fault` is another one, with its suggestion."""
        reason = "You stopped the run before it was done." if self.stopped else "The time was up before it was done."
        reason, suggestion = fault or (reason, MORE_TIME)
        self.rows.end_look()
        own = [self.jobs[row.id].spec.name for row in self.rows.scored() if not self.jobs[row.id].theirs]
        for job in self.jobs.values():
            if not job.closed and not self.rows.whole(job):
                begun = fault or self.stopped or job.folds or len(job.waiting) < self.count
                self._close(job, *(("stopped", reason) if begun else ("skipped", NO_TIME)), suggestion)
        if own and not self.lost:
            told = f"PyCaret was not done in time with {', '.join(own)}: these scores are ours, on the same folds."
            self.emit(Message(told, "warning"))
        self.rows.recommend()
        name, more = self.rows.board.recommended, ""
        if name and self.rows.board[name].role != "baseline":
            row = self.rows.board[name]
            members = list(row.members or [name])
            if all(self.rows.final(member).exists() for member in members):
                said = "Refitted on all learned rows by finalize_model; that is what is exported."
                # Written anew, so that what was packed or judged before the refit is done again.
                for member in {name, *members}:
                    self.rows.keep(replace(self.rows.board[member], reason=said))
                more = f" {said}"
            else:
                more = " finalize_model was not run: what is exported is " + (
                    "the model of the last fold." if self.work.division.forward else "the mean of the models of the folds."
                )
        self.rows.recommend(more)
        self.rows.save()

"""The loop of a search: what runs next, what came back, when it ends."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from automl_core.errors import StorageError
from automl_core.events import Event, Message, Progress
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import Spec
from automl_core.search.combine import combine
from automl_core.search.executor import Done
from automl_core.search.fold_count import LEAST_FOLD, SHARE
from automl_core.search.live_board import LiveBoard, Look, new_board
from automl_core.search.memory import SUGGESTION
from automl_core.search.place import HERE, Place, executor_at
from automl_core.search.preload import preload
from automl_core.search.prepare import Prepared, cores
from automl_core.search.referee import Referee
from automl_core.search.rescue import closing_words, make_room
from automl_core.search.resuming import as_before, combined_rows, fitted_folds, old_row, prepared_folds, proposals
from automl_core.search.selection import POOL
from automl_core.search.supply import supply_for
from automl_core.search.tuner import LONGER, is_proposed
from automl_core.search.underway import UnderWay, defined_folds, failed_without_score, out_of_fold, suggestion_for
from automl_core.workspace import write_json

TICK = 0.05
"""Seconds between two looks at the stop button."""
RESERVE = 0.025
"""Share of the budget kept for the ensemble, between 0.7 and 6 seconds."""
AFTERWARDS = 3.0
"""Seconds of saving that may come after the budget; what takes longer is taken from it."""
AGAIN = 4.0
"""How many times that share a candidate gets that was cut off while it was the best."""


class SearchLoop:
    """One search over a prepared run.

    Parameters
    ----------
    prepared : Prepared
    emit : callable
    should_stop : callable
    started : float
        `time.time` from which the budget counts.
    specs : tuple of Spec, optional
        What is fitted, instead of the preset's own; nothing is searched beyond them.
    weights : dict of str to float, optional
        With `specs`, of the ensemble of them that was chosen before.
    plain : bool
        With `weights`, whether that is a mean as it is.
    place : Place, optional
        Where the fits are made; on this machine by default.
    look : callable, optional
        See `LiveBoard`.
    first : int, optional
        See `Supply`.

    Raises
    ------
    EngineError
        When the cluster cannot be reached.
    """

    def __init__(
        self,
        prepared: Prepared,
        *,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        started: float,
        specs: tuple[Spec, ...] | None = None,
        weights: dict[str, float] | None = None,
        plain: bool = False,
        place: Place = HERE,
        look: Look | None = None,
        first: int | None = None,
    ) -> None:
        self.work, self.config, self.classes = prepared.work, prepared.config, prepared.classes
        self.emit, self.should_stop, self.started = emit, should_stop, started
        self.specs, self.weights, self.plain = specs, weights or {}, plain
        preload()
        self.executor = executor_at(place, self.work, cores(self.config), self.config.threads, emit)
        self.scorer, self.metric = prepared.scorer, prepared.scorer.metric
        self.folds = self.work.division.folds
        self.defined = defined_folds(self.work, self.classes)
        self.referee = Referee(self.work, self.config, self.executor, given=specs is not None)
        self.facts: dict[tuple[int, str], dict[str, Any]] = {}
        self.preparing: set[tuple[int, str]] = set()
        self.alone = False
        self.open: dict[str, UnderWay] = {}
        self.order: list[str] = []
        self.supply = supply_for(self.work, self.config, specs, first)
        self.failed_view: dict[tuple[int, str], str] = {}
        self.rows = LiveBoard(new_board(self.work, self.config), self.work.folder, emit, look)
        self.told = 0.0
        self.stopped = self.ran_dry = self.fitted = False
        budget = self.config.budget.seconds
        self.end = started + budget - min(max(RESERVE * budget, 0.7), 6.0) if not self.config.budget.trials else float("inf")

    # -- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> Leaderboard:
        """Search until the candidates or the time are used up, or a person stops it."""
        self._resume()
        try:
            while not self._over():
                self._start_tasks()
                self._tell()
                for done in self.executor.wait(TICK):
                    self._take(done)
            self.rows.tell()
        except (OSError, MemoryError) as error:
            self._rescue(error)
            raise
        finally:
            self.executor.close()
        self._close_open()
        if self.ran_dry and (text := self.supply.nothing_left(self._left(), fitted=self.fitted)):
            self.emit(Message(text, "warning"))
        self._finish()
        return self.rows.board

    def _rescue(self, error: BaseException) -> None:
        """Combine what is scored when the disk or the memory gives out; where even that fails the last saved board stands."""
        self.executor.kill()
        make_room(self.work.folder)
        with contextlib.suppress(OSError, MemoryError):
            self._close_open(*closing_words(error))
            self._finish()

    def _over(self) -> bool:
        if self.should_stop():
            self.stopped = True
            return True
        if self._left() <= 0:
            return True
        busy = self.executor.free() < self.executor.cores
        self.ran_dry = not busy and all(job.closed for job in self.open.values()) and not self._more()
        return self.ran_dry

    def _more(self) -> bool:
        return self.supply.refill(self.rows, self.open, self._left(), 1.5 * SHARE * self.config.budget.seconds)

    def _left(self) -> float:
        """Return the seconds that are left to search: without those of saving the models, at most a sixth of the budget."""
        saving = min(max(self.rows.saving_seconds() - AFTERWARDS, 0.0), self.config.budget.seconds / 6)
        return self.end - saving - time.time()

    # -- starting tasks -----------------------------------------------------------------------------------------

    def _start_tasks(self) -> None:
        while self.executor.free() > 0 and not self.alone:
            task = self._next_task()
            if task is None:
                return
            key, work, timeout = task
            self.executor.submit(key, work, timeout)

    def _next_task(self) -> tuple[tuple[Any, ...], Callable[[], dict[str, Any]], float] | None:
        """Return the next fit whose data is ready, or the preparation that the first waiting fit needs."""
        timeout = max(self._left(), 0.1) if self.end != float("inf") else 1e6
        wanted: tuple[int, str] | None = None
        for name in list(self.order):
            job = self.open[name]
            for fold in job.waiting:
                place = (fold, job.spec.view)
                if place in self.failed_view:
                    self._close(job, "failed", f"The data could not be prepared: {self.failed_view[place]}")
                    break
                if place in self.facts:
                    if not job.results and not job.running and not self._fits(job, self.facts[place]):
                        break
                    if job.results and self._gives_up(job):
                        break
                    if self.executor.together and self.work.is_heavy(job.spec, self.facts[place]):
                        if self.executor.running():
                            return None  # once they have ended
                        self.alone = True
                    job.waiting.remove(fold)
                    job.running += 1
                    if len(job.results) + job.running == 1:
                        self.rows.show(self._row(job, "running"))
                    share = self._share(job, timeout)
                    facts = self.facts[place]
                    spec = job.spec
                    return (name, fold), partial(self.work.fit, spec, fold, facts, share), timeout
                if place not in self.preparing and wanted is None:
                    wanted = place
        if wanted is not None:
            if self.preparing and self.work.large:
                return None
            if self.executor.together and self.work.wide:
                if self.executor.running():
                    return None  # once they have ended
                self.alone = True
            fold, view = wanted
            self.preparing.add(wanted)
            return ("prepare", fold, view), partial(self.work.prepare, fold, view), timeout
        if self.preparing or not self._more():
            return None
        spec, role = self.supply.pop()
        start = self.referee.may_start(spec, self.rows.board)
        if start.value or role == "baseline" or spec.id in self.open:
            self._open(spec, role)
        else:
            job = self.open[spec.id] = UnderWay(spec, role)
            self._close(job, "skipped", start.reason, "Start it by itself.")
        return self._next_task()

    def _share(self, job: UnderWay, left: float) -> float:
        """Return the seconds one fold of a booster or network may take so that its other folds fit as well."""
        if self.end == float("inf"):
            return left
        rounds = -(-(len(job.waiting) + 1) // self.executor.cores)
        share = SHARE * self.config.budget.seconds * (AGAIN if job.spec.id.endswith(LONGER) else 1.0)
        whole = -(-self.folds // self.executor.cores)
        return max(min(0.9 * left / rounds, share / whole), LEAST_FOLD)

    def _open(self, spec: Spec, role: str) -> None:
        preload(spec.class_path)
        job = self.open.get(spec.id)
        if job is None:
            job = self.open[spec.id] = UnderWay(spec, role)
            self.order.append(spec.id)
        job.waiting = [fold for fold in range(self.folds) if fold not in job.results]
        if is_proposed(spec):  # for when the run goes on after a crash
            write_json(self.work.folder / "candidates" / spec.id / "spec.json", {"format": 1, **asdict(spec)})

    def _fits(self, job: UnderWay, facts: dict[str, Any]) -> bool:
        """Close a candidate that would not fit into memory."""
        decision = self.referee.has_room(job.spec, facts["columns"])
        if not decision.value:
            self._close(job, "skipped", decision.reason, SUGGESTION)
        return decision.value

    def _gives_up(self, job: UnderWay) -> bool:
        """Close a candidate whose other folds would not fit into the time left, or that the ensemble does not gain by."""
        if self.end == float("inf") or job.role == "baseline":
            return False
        need = -(-len(job.waiting) // self.executor.cores) * job.longest
        if need > self._left() and not job.spec.early_stopping:
            self._close(
                job,
                "skipped",
                f"One fold took {job.longest:.1f} s; the other {len(job.waiting)} would not fit into "
                f"the {max(self._left(), 0):.0f} s left.",
                "Give the run more time.",
            )
            return True
        decision = self.referee.goes_on(job, self.rows.board, need)
        if not decision.value:
            self._close(job, "skipped", decision.reason, "Start it by itself.")
        return not decision.value

    # -- taking results -----------------------------------------------------------------------------------------

    def _take(self, done: Done) -> None:
        self.alone = False  # only one task was running
        if done.disk:  # the next fit would meet the same disk, and the candidate is none the worse for it
            raise StorageError(done.error) from OSError(done.disk, os.strerror(done.disk))
        if done.key[0] == "prepare":
            place = (done.key[1], done.key[2])
            self.preparing.discard(place)
            if done.error:
                self.failed_view[place] = done.error
            else:
                self.facts[place] = done.result
            return
        job = self.open[done.key[0]]
        job.running -= 1
        if job.closed:
            return
        if done.error:
            if done.timed_out:
                self._close(job, "stopped", "The time was up before it was done.", "Give the run more time.")
            else:
                self._close(job, "failed", done.error, suggestion_for(done.error))
            return
        job.results[done.key[1]] = done.result
        job.longest = max(job.longest, done.seconds)
        if len(job.results) == self.folds:
            self.fitted = True
            self._close(job, "scored")
        else:
            self.rows.show(self._row(job, "running"))

    def _row(self, job: UnderWay, state: str, reason: str = "", suggestion: str = "") -> Candidate:
        return job.row(self.metric.name, self.defined, self.started, state, reason, suggestion)

    def _close(self, job: UnderWay, state: str, reason: str = "", suggestion: str = "") -> None:
        job.closed = True
        job.waiting = []
        for key in self.executor.running():
            if key[0] == job.spec.id:
                self.executor.kill(key)
                job.running -= 1
        self.rows.keep(failed_without_score(self._row(job, state, reason, suggestion), self.defined, self.metric.label))

    # -- telling and ending -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        self.rows.tell()
        now = time.time()
        if now - self.told < 0.5:
            return
        self.told = now
        self.rows.flush()
        names = [self.open[key[0]].spec.name for key in self.executor.running() if key[0] in self.open]
        doing = f"Fitting {' and '.join(dict.fromkeys(names))}" if names else "Preparing the data of the folds"
        budget = self.config.budget.seconds
        if self.config.budget.trials:
            done = sum(job.closed for job in self.open.values())
            self.emit(Progress(min(done / max(self.config.budget.trials + 1, 1), 0.99), doing))
        else:
            self.emit(Progress(min((now - self.started) / budget, 0.99), doing, max(self.started + budget - now, 0.0)))

    def _close_open(self, why: str = "", suggestion: str = "Give the run more time.") -> None:
        reason = "You stopped the run before it was done." if self.stopped else "The time was up before it was done."
        for job in self.open.values():
            if not job.closed:
                self._close(job, "stopped", why or reason, suggestion)

    def _finish(self) -> None:
        left = self.started + self.config.budget.seconds - time.time()
        counted = bool(self.config.budget.trials)  # then no clock decides, so that a run repeats
        allowed = math.inf if counted else max(left - 0.2, 0.3)
        if not self.stopped:
            self.emit(Progress(0.99, "Combining the best models", -1.0 if counted else max(left, 0.0)))
        self._ensemble(time.monotonic() + (2.0 if self.stopped else allowed))
        self.rows.end_look()
        self.rows.recommend()
        self.rows.save()

    def _ensemble(self, deadline: float) -> None:
        """Combine the best candidates by their out-of-fold predictions."""
        singles = self.rows.scored()[:POOL]
        if len(singles) < 2 or (self.specs is None and self.config.preset in ("explainable", "pycaret")):
            return
        if self.specs is not None and (not self.weights or set(self.weights) - {row.id for row in singles}):
            return
        ensemble = combine(
            singles,
            {row.id: out_of_fold(self.work, row.id) for row in singles},
            self.scorer,
            self.work.division,
            deadline=deadline,
            at_seconds=max(time.time() - self.started, 0.0),
            fixed=self.weights,
            limit_ms=self.config.predict_limit_ms if self.config.preset == "fast" else 0.0,
            plain=self.plain,
        )
        if ensemble is not None:
            self.rows.keep(ensemble)

    # -- going on with earlier work -----------------------------------------------------------------------------

    def _resume(self) -> None:
        """Take over what an interrupted search left; nothing that was scored is fitted again."""
        root = self.work.folder
        self.facts.update(prepared_folds(root))
        if not (root / "candidates").exists():
            if self.supply.note:
                self.emit(Message(self.supply.note))
            return
        for spec in proposals(root):
            self.supply.known(spec)
        taken = 0
        for spec, role in list(self.supply.queue):
            folder = root / "candidates" / spec.id
            old, results = old_row(folder), fitted_folds(folder, self.folds)
            if not results:
                if old is not None and old.state in ("failed", "skipped", "stopped"):
                    self.rows.put(old)  # shown until it has been tried again
                continue
            taken += len(results)
            job = self.open[spec.id] = UnderWay(spec, role, results)
            self.order.append(spec.id)
            self.supply.drop(spec.id)
            if len(results) == self.folds:
                job.closed = True
                self.rows.keep(as_before(self._row(job, "scored"), old))
            else:
                job.waiting = [fold for fold in range(self.folds) if fold not in results]
        for row in combined_rows(root):
            self.rows.put(row)
        if taken:
            self.emit(Message(f"Going on with {taken} fits that were done before."))

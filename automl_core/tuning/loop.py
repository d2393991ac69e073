"""The loop of a study: batches of trials over the run's folds, pruned at the ends of rounds, told in order."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.engines.optuna_study import STARTUP, Trial, TuningStudy
from automl_core.errors import StorageError
from automl_core.events import Event, Message, Progress, TrialFinished
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec
from automl_core.search.executor import Done
from automl_core.search.place import HERE, Place, executor_at
from automl_core.search.preload import preload
from automl_core.search.prepare import Prepared, cores
from automl_core.search.ready import FOREVER, prepare_folds, ready_folds
from automl_core.tuning.gain import measure_gain
from automl_core.tuning.joining import join_trial
from automl_core.tuning.study import STORAGE, Settings, Study, TrialRow, go_on, is_paused, studies_url
from automl_core.tuning.trial import TrialWork, Try, begin, first_row, spec_of

TICK = 0.05
"""Seconds between two looks at the stop button."""
GRACE = 1.5
"""Seconds that a study goes on for after it was stopped, to keep its best trial."""
STALE = 0.5
"""Seconds after which the study is written again while a batch runs."""


class TuneLoop:
    """One session of a study.

    Parameters
    ----------
    prepared : Prepared
        The run, with its folds as they were.
    row : Candidate
        The model that is tuned.
    study : Study
        As an earlier session left it, or a new one.
    folder : Path
        The study's.
    ratio : float
        Rows judged for each row learned from.
    emit, should_stop : callable
    started : float
        `time.time` from which this session counts.
    place : Place, optional
        Where the trials are fitted; on this machine by default.

    Raises
    ------
    EngineError
        When the cluster cannot be reached.
    """

    def __init__(
        self,
        prepared: Prepared,
        row: Candidate,
        study: Study,
        folder: Path,
        *,
        ratio: float,
        emit: Callable[[Event], None],
        should_stop: Callable[[], bool],
        started: float,
        place: Place = HERE,
    ) -> None:
        self.base = Spec(**row.spec)
        preload(self.base.class_path)
        self.row, self.study, self.folder, self.ratio = row, study, folder, ratio
        self.settings: Settings = study.settings
        self.work = TrialWork.of(prepared.work, folder)
        self.emit, self.should_stop, self.started = emit, should_stop, started
        self.metric = prepared.scorer.metric
        self.before = study.seconds
        self.end = started + study.goal_seconds - study.seconds if not study.goal_trials else float("inf")
        self.saved = 0.0
        self.stopped, self.pressed = False, 0.0
        self.facts: dict[tuple[int, str], dict[str, Any]] = {}
        go_on(folder)
        self.optuna = TuningStudy(
            folder / STORAGE,
            study.stored_as or study.id,
            self.settings.space.entries,
            method=self.settings.method,
            pruner=self.settings.pruner,
            seed=self.settings.seed,
            greater_is_better=study.greater_is_better,
            second=bool(self.settings.aim),
            url=studies_url() if study.stored_as else "",
        )
        self.points = self.settings.points()
        self.executor = executor_at(place, self.work, cores(prepared.config), prepared.config.threads, emit)

    # -- the session --------------------------------------------------------------------------------------------

    def run(self) -> Study:
        """Try until the budget is used up or a person stops it; return the study, which is also stored."""
        self.study = replace(self.study, rows=tuple(TrialRow.from_dict(told.facts) for told in self.optuna.told()))
        try:
            self._first()
            ready = ready_folds(self.work, self.base.view, self.executor, self.emit, self._left)
            self.facts = {(fold, self.base.view): facts for fold, facts in ready.items()}
            self._search()
            self._store_best()
        finally:
            self.executor.close()
            self.optuna.store()
            self.study = replace(self.study, running=(), seconds=self._at())
            self.study.save(self.folder)
        return self._finish()

    def _search(self) -> None:
        while not self._over():
            self._batch()

    def _over(self) -> bool:
        if self.should_stop():
            self.stopped = True
        return self.stopped or time.time() >= self.end or self._count() <= 0

    def _count(self) -> int:
        """Return how many trials the next batch has."""
        done = len(self.study.rows) - 1
        left = self.study.goal_trials - done if self.study.goal_trials else self.settings.width
        if self.points is not None:
            left = min(left, len(self.points) - done)
        return min(self.settings.width, left)

    def _at(self) -> float:
        return self.before + max(time.time() - self.started, 0.0)

    # -- trials -------------------------------------------------------------------------------------------------

    def _first(self) -> None:
        """Let the model as it is be the first trial; its folds were fitted by the run."""
        if self.study.rows:
            return
        trial = self.optuna.ask(1, [self.settings.space.start()])[0]
        for step in range(len(self.row.fold_scores)):
            self.optuna.report(trial.number, step, float(np.mean(self.row.fold_scores[: step + 1])))
        self._tell(first_row(self.row, trial.number, self.settings.space, self._at()))
        self.optuna.store()
        self._save()

    def _batch(self) -> None:
        """Ask for a batch, fit it fold by fold, and tell its scores in order."""
        count, first = self._count(), len(self.study.rows) - 1
        fixed = self.points[first : first + count] if self.points is not None else ()
        tries = [begin(trial, self.base, self.study.rows) for trial in self.optuna.ask(count, fixed)]
        folds = list(range(self.work.division.folds))
        pruner = self.settings.pruner
        if self.settings.aim:
            pruner = "none"  # a cheap trial may be worse in its score, and still be wanted
        waits = pruner == "halving" or (pruner == "median" and len(self.study.scored) >= STARTUP)
        for part in [[fold] for fold in folds] if waits else [folds]:
            self._fit([one for one in tries if one.alive and one.again is None], part, tries)
            self._report(tries, part, prune=waits and part != folds[-1:])
            if self.stopped or time.time() >= self.end:
                break
        for one in tries:
            row = self._row(one)
            self._tell(row)
            self.emit(TrialFinished(row.to_dict()))
        self._keep_best()
        self._save()

    def _fit(self, tries: Sequence[Try], folds: Sequence[int], batch: Sequence[Try]) -> None:
        """Fit some folds of some trials; one that fails is not fitted further."""
        known = {one.trial.number: one for one in tries}
        self._prepare(tries, folds)
        queue = [(one, fold) for fold in folds for one in tries]
        running = 0
        while queue or running:
            if self.should_stop():
                self.stopped = True
            if self.stopped or time.time() >= self.end:
                self.executor.kill()
                for one in tries:
                    if one.alive:
                        one.state = "stopped"
                        one.reason = "You stopped it before it was done." if self.stopped else "The time was up."
                return
            if is_paused(self.folder):
                if not running:
                    self._wait()
                    continue
                queue, waiting = [], queue
            else:
                waiting = []
            while queue and self.executor.free() > 0:
                one, fold = queue.pop(0)
                if not one.alive:
                    continue
                left, facts = self._left(), self.facts[fold, one.spec.view]
                # With two aims the size is one of them, and a person may pick any trial of the front.
                work = partial(self.work.fit, one.spec, fold, facts, left, bool(self.settings.aim))
                self.executor.submit((one.trial.number, fold), work, left)
                running += 1
            queue += waiting
            self.optuna.store()  # the batch before, while this one is fitted
            for done in self.executor.wait(TICK):
                running -= 1
                self._take(known[done.key[0]], done)
            self._tell_progress(batch)

    def _ends(self) -> bool:
        self.stopped = self.stopped or self.should_stop()
        return self.stopped or time.time() >= self.end

    def _prepare(self, tries: Sequence[Try], folds: Sequence[int], *, late: bool = False) -> None:
        """Prepare the data for cleaning choices that no trial had, also `late`, when time is up; trials fail where that does."""
        left, over = (lambda: FOREVER, self._hurried) if late else (self._left, self._ends)
        wanted = dict.fromkeys((fold, one.spec.view) for fold in folds for one in tries if one.alive)
        places = [place for place in wanted if place not in self.facts]
        for place, done in prepare_folds(self.work, places, self.executor, left, over).items():
            if not done.error:
                self.facts[place] = done.result
                continue
            for one in tries:
                if one.spec.view == place[1] and one.alive:
                    one.state, one.reason = "failed", f"The data could not be prepared: {done.error}"

    def _wait(self) -> None:
        """Do nothing while the study is paused; the pause counts for nobody's time."""
        began = time.time()
        self.optuna.store()
        self.study = replace(self.study, running=("Paused",))
        self._save()
        while is_paused(self.folder) and not self.should_stop():
            time.sleep(TICK)
        self.end += time.time() - began
        self.started += time.time() - began

    def _take(self, one: Try, done: Done) -> None:
        if done.disk:  # the next fit would meet the same disk
            raise StorageError(done.error) from OSError(done.disk, os.strerror(done.disk))
        if done.error:
            one.state = one.state or ("stopped" if done.timed_out else "failed")
            one.reason = one.reason or ("The time was up." if done.timed_out else done.error)
        else:
            one.results[done.key[1]] = done.result

    def _report(self, tries: Sequence[Try], folds: Sequence[int], *, prune: bool) -> None:
        """Report the means so far, all of a batch before the first is given up."""
        for one in tries:
            if not one.alive or one.again is not None:
                continue
            for fold in folds:
                scores = one.scores(self.metric.name, fold + 1)
                if scores:
                    self.optuna.report(one.trial.number, fold, float(np.mean(scores)))
        for one in tries if prune else ():
            if one.alive and one.again is None and self.optuna.should_prune(one.trial.number):
                one.state = "pruned"
                one.reason = f"Given up after {len(one.results)} of {self.work.division.folds} folds: others did better on them."

    def _row(self, one: Try) -> TrialRow:
        undefined = f"{self.metric.label} could not be computed on every fold."
        scores = one.scores(self.metric.name, self.work.division.folds)
        return one.row(scores, len(self.row.fold_scores), self._at(), undefined)

    def _tell(self, row: TrialRow) -> None:
        outcome = {"scored": "complete", "pruned": "pruned"}.get(row.state, "failed")
        second = float(getattr(row, self.settings.aim)) if self.settings.aim else 0.0
        self.optuna.tell(row.number, outcome, row.score, row.to_dict(), second)  # type: ignore[arg-type]  # of Outcome
        self.study = replace(self.study, rows=(*self.study.rows, row))

    def _left(self) -> float:
        return max(self.end - time.time(), 0.1) if self.end != float("inf") else FOREVER

    # -- keeping and telling ------------------------------------------------------------------------------------

    def _keep_best(self, running: Sequence[int] = ()) -> None:
        """Remove the fitted folds of every trial but the best one, those that a person may pick, and those under way."""
        kept = {str(row.number) for row in [*self.study.front, self.study.best] if row is not None} | {*map(str, running)}
        for path in (self.folder / "candidates").glob("*"):
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def _store_best(self) -> None:
        """Fit the best trial once more where its fits were too short to be stored; the same seed gives the same model.

        That is done when time is up too, but whoever stops the study waits for no more than `GRACE`.
        """
        best, folds = self.study.best, range(self.work.division.folds)
        if self.settings.aim or best is None or not best.number:
            return
        folder = self.folder / "candidates" / str(best.number)
        if all((folder / f"fold{fold}.json").exists() for fold in folds):
            return
        spec = spec_of(self.base, best.params, str(best.number))
        one = Try(Trial(best.number, {}), spec, best.params)
        self._prepare([one], folds, late=True)
        queue = list(folds) if one.alive and not self._hurried() else []
        while queue or self.executor.running():
            if self._hurried():
                self.executor.kill()
                break
            while queue and self.executor.free() > 0:
                fold = queue.pop(0)
                work = partial(self.work.fit, spec, fold, self.facts[fold, spec.view], FOREVER)
                self.executor.submit((best.number, fold), work, FOREVER)
            for done in self.executor.wait(TICK):
                self._take(one, done)
        if one.alive and len(one.results) == len(folds):
            return
        shutil.rmtree(folder, ignore_errors=True)
        if one.alive:
            self.emit(Message("You stopped it before the best trial was kept. It joins the leaderboard when the study goes on."))
        else:
            self.emit(Message(f"The best trial could not be fitted again to be kept: {one.reason}", "warning"))

    def _hurried(self) -> bool:
        """Return whether it has been a moment since somebody stopped the study."""
        self.stopped = self.stopped or self.should_stop()
        if self.stopped and not self.pressed:
            self.pressed = time.monotonic()
        return self.stopped and time.monotonic() - self.pressed > GRACE

    def _let_go(self) -> None:
        """Remove the data that cleaning choices made; the fitted preparation stays for the trials that are kept."""
        best = [row for row in [*self.study.front, self.study.best] if row is not None]
        views = {spec_of(self.base, row.params, "").view for row in best}
        for path in (self.folder / "folds").glob("*/*"):
            if path.suffix == ".npy" or path.stem not in views:
                path.unlink(missing_ok=True)

    def _tell_progress(self, tries: Sequence[Try]) -> None:
        now = time.time()
        if now - self.saved < STALE:
            return
        folds = self.work.division.folds
        lines = tuple(
            f"Trial {one.trial.number}, {len(one.results)} of {folds} folds" for one in tries if one.alive and one.again is None
        )
        self.study = replace(self.study, running=lines)
        self._save()

    def _save(self) -> None:
        self.saved = time.time()
        self.study = replace(self.study, seconds=self._at())
        self.study.save(self.folder)
        done, goal = len(self.study.rows) - 1, self.study.goal_trials
        if self.points is not None:
            goal = min(goal or len(self.points), len(self.points))
        doing = f"{done:,} of {goal:,} trials" if goal else f"{done:,} trials"
        if self.study.goal_trials or self.points is not None:
            share = done / max(goal, 1)
            left = (self._at() - self.before) / max(done, 1) * (goal - done) if done > 2 and not self.before else -1.0
        else:
            share, left = self._at() / self.study.goal_seconds, max(self.end - self.saved, 0.0)
        paused = is_paused(self.folder)
        word = "Paused, tuning" if paused else "Tuning"
        self.emit(Progress(min(share, 0.99), f"{word} {self.row.name}: {doing}", -1.0 if paused else left))

    def _finish(self) -> Study:
        """Store what was gained, and let a better model join the leaderboard."""
        rows = self.study.scored
        gain = measure_gain(
            rows[0].fold_scores,
            [row.fold_scores for row in rows[1:]],
            greater_is_better=self.study.greater_is_better,
            ratio=self.ratio,
        )
        best = self.study.best
        joined = self.study.joined
        # With two aims a person picks.
        if (
            not self.settings.aim
            and best is not None
            and best.number
            and gain.gain > 0
            and (self.folder / "candidates" / str(best.number)).exists()
        ):
            joined = join_trial(self.work.folder, self.study, self.row, best, self.folder).id
        self.study = replace(
            self.study, importance=self.optuna.importance(), gain=gain.to_dict(), joined=joined, seconds=self._at()
        )
        self.study.save(self.folder)
        self._let_go()
        self.emit(Message(gain.sentence))
        return self.study

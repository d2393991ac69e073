"""The loop of a search: what runs next, what came back, when it ends."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, StorageError
from automl_core.events import CandidateScored, Event, Message, Progress
from automl_core.fold_tests import fold_ratio
from automl_core.honesty import recommend
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import Spec, baseline, choose
from automl_core.search.combine import combine
from automl_core.search.executor import Done
from automl_core.search.memory import SUGGESTION
from automl_core.search.place import HERE, Place, executor_at
from automl_core.search.referee import Referee
from automl_core.search.resampling import balancing_specs, numeric_share
from automl_core.search.rescue import closing_words, make_room
from automl_core.search.selection import POOL
from automl_core.search.tuner import TUNED, Tuner
from automl_core.search.underway import UnderWay, defined_folds, out_of_fold, suggestion_for
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    from automl_core.search.run import Prepared

TICK = 0.05
"""Seconds between two looks at the stop button."""
RESERVE = 0.025
"""Share of the budget kept for the ensemble, between 0.7 and 6 seconds."""
AFTERWARDS = 3.0
"""Seconds of saving that may come after the budget; what takes longer is taken from it."""
SHARE = 0.25
"""Share of the budget that one booster or network may take in all its folds; what it lacks, it may get later."""
LONGER = 4.0
"""How many times that share a candidate gets that was cut off while it was the best."""
BATCH = 2
"""Proposals at a time where a run is counted in trials, so that the same seed gives the same ones whoever is faster."""
SAVING = 2.5e-8
"""Seconds for each byte of a stored model to be loaded, checked and exported (187 MB took 4.5 s, 209 MB 5.5 s)."""
MAX_TUNED = 500
PRELOADED = (
    "sklearn.compose",
    "sklearn.decomposition",
    "sklearn.feature_extraction.text",
    "sklearn.impute",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.pipeline",
    "sklearn.preprocessing",
    "skops.io",
    "threadpoolctl",
    "automl_core.cleaning.transformers",
)
"""Imported before the first fork, since every forked fit uses them."""


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
    place : Place, optional
        Where the fits are made; on this machine by default.

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
        place: Place = HERE,
    ) -> None:
        from automl_core.search.run import cores

        self.work, self.config, self.classes = prepared.work, prepared.config, prepared.classes
        self.emit, self.should_stop, self.started = emit, should_stop, started
        self.specs, self.weights = specs, weights or {}
        for module in PRELOADED:
            importlib.import_module(module)
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
        self.queue: list[tuple[Spec, str]] = [(baseline(self.config.task), "baseline")]
        chosen = [(spec, "model") for spec in (self._chosen() if specs is None else specs)]
        limit = self.config.budget.trials
        self.trials_left = limit - len(chosen) if limit else 0
        self.queue += chosen[:limit] if limit else chosen
        if len(self.queue) > 1 and not limit:
            # The first real model stands before the baseline, so that a person sees something at once.
            self.queue[0], self.queue[1] = self.queue[1], self.queue[0]
        self.tuner = Tuner(self.config.task, self.config.seed, self.metric.greater_is_better)
        self.longer: set[str] = set()
        self.failed_view: dict[tuple[int, str], str] = {}
        division = self.work.division
        sizes = [(len(division.learned(fold)), len(division.judged(fold))) for fold in range(self.folds)]
        ratio = fold_ratio([learned for learned, _ in sizes], [judged for _, judged in sizes])
        self.board = Leaderboard(
            self.metric.name,
            self.metric.greater_is_better,
            label=self.metric.label,
            preset=self.config.preset,
            fold_ratio=ratio,
            limit_ms=self.config.predict_limit_ms if self.config.preset == "fast" else 0.0,
        )
        self.told = 0.0
        self.unsaved = False
        self.stopped = False
        budget = self.config.budget.seconds
        self.end = started + budget - min(max(RESERVE * budget, 0.7), 6.0) if not limit else float("inf")

    # -- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> Leaderboard:
        """Search until the candidates or the time are used up, or a person stops it."""
        self._resume()
        try:
            while not self._over():
                self._start_tasks()
                for done in self.executor.wait(TICK):
                    self._take(done)
                self._tell()
        except (OSError, MemoryError) as error:
            self._rescue(error)
            raise
        finally:
            self.executor.close()
        self._close_open()
        self._finish()
        return self.board

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
        return not busy and not self.queue and not any(not job.closed for job in self.open.values()) and not self._more()

    def _chosen(self) -> list[Spec]:
        """Return the preset's candidates; where a label is rare or the table small, resampled ones after the first third."""
        specs = choose(self.config, len(self.work.division.train))
        if self.config.candidates or self.config.preset not in ("balanced", "best"):
            return specs
        y = self.work.y[self.work.division.train]
        share = numeric_share(self.work.schema)
        more = balancing_specs(self.config.task, y, n_classes=len(self.classes), numeric_share=share)
        place = max(len(specs) // 3, 1)
        return [*specs[:place], *more, *specs[place:]]

    def _more(self) -> bool:
        """Queue what may still improve when the portfolio is through; return whether anything was queued."""
        limit = self.config.budget.trials
        if self.specs is not None or self.config.candidates or self.config.preset not in ("balanced", "best"):
            return False
        if (limit and self.trials_left <= 0) or (not limit and self._left() < 3) or self.tuner.asked >= MAX_TUNED:
            return False
        if limit and any(not job.closed for job in self.open.values()):
            return False  # a batch is proposed when the one before it is scored, so that the order of ends does not matter
        found: list[Spec | None] = [] if limit else [self._longer()]
        if not any(found):
            found = [self.tuner.propose(self.board) for _ in range(min(BATCH, self.trials_left) if limit else 1)]
        for spec in found:
            if spec is not None:
                self.trials_left -= 1
                self.queue.append((spec, "model"))
        return any(found)

    def _longer(self) -> Spec | None:
        """Return the best candidate once more with more time, if time cut it off before it had stopped to improve."""
        for row in [row for row in self.board.ranked() if row.state == "scored" and row.role == "model"][:2]:
            job = self.open.get(row.id)
            if job is None or row.id in self.longer or not any(result.get("cut") for result in job.results.values()):
                continue
            self.longer.add(row.id)
            if self._left() > 1.5 * SHARE * self.config.budget.seconds:
                return replace(job.spec, id=f"{row.id}-longer", name=f"{row.name}, longer")
        return None

    def _left(self) -> float:
        return self.end - self._saving() - time.time()

    def _saving(self) -> float:
        """Return the seconds that saving the best models will take by their size, at most a sixth of the budget."""
        if self.end == float("inf"):
            return 0.0
        best = [row.size_bytes for row in self.board.ranked()[:3] if row.state == "scored"]
        return min(max(SAVING * sum(best) - AFTERWARDS, 0.0), self.config.budget.seconds / 6)

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
                        self._emit_row(self._row(job, "running"))
                    share = self._share(job, timeout)
                    facts = self.facts[place]
                    spec = job.spec
                    return (name, fold), partial(self.work.fit, spec, fold, facts, share), timeout
                if place not in self.preparing and wanted is None:
                    wanted = place
        if wanted is not None:
            if self.preparing and self.work.large:
                return None
            fold, view = wanted
            self.preparing.add(wanted)
            return ("prepare", fold, view), partial(self.work.prepare, fold, view), timeout
        if self.preparing or not (self.queue or self._more()):
            return None
        spec, role = self.queue.pop(0)
        start = self.referee.may_start(spec, self.board)
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
        share = SHARE * self.config.budget.seconds * (LONGER if job.spec.id.endswith("-longer") else 1.0)
        whole = -(-self.folds // self.executor.cores)
        return max(min(0.9 * left / rounds, share / whole), 0.5)

    def _open(self, spec: Spec, role: str) -> None:
        with contextlib.suppress(ImportError):  # a missing library fails in the fit, and becomes the row's reason
            # Imported here, once, so that no forked fit has to.
            importlib.import_module(spec.class_path.rpartition(".")[0])
        job = self.open.get(spec.id)
        if job is None:
            job = self.open[spec.id] = UnderWay(spec, role)
            self.order.append(spec.id)
        job.waiting = [fold for fold in range(self.folds) if fold not in job.results]
        if TUNED.match(spec.id) or spec.id.endswith("-longer"):
            # Nobody else knows its parameters when the run goes on after a crash.
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
        decision = self.referee.goes_on(job, self.board, need)
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
            self._close(job, "scored")
        else:
            self._emit_row(self._row(job, "running"))

    def _row(self, job: UnderWay, state: str, reason: str = "", suggestion: str = "") -> Candidate:
        return job.row(self.metric.name, self.defined, self.started, state, reason, suggestion)

    def _close(self, job: UnderWay, state: str, reason: str = "", suggestion: str = "") -> None:
        job.closed = True
        job.waiting = []
        for key in self.executor.running():
            if key[0] == job.spec.id:
                self.executor.kill(key)
                job.running -= 1
        row = self._row(job, state, reason, suggestion)
        if state == "scored" and row.score is None:
            where = "on any fold" if not row.fold_scores else f"on {self.defined - len(row.fold_scores)} of the folds"
            row = replace(row, state="failed", reason=f"{self.metric.label} could not be computed {where}.")
        write_json(self.work.folder / "candidates" / job.spec.id / "candidate.json", row.to_dict())
        self._emit_row(row)

    def _emit_row(self, row: Candidate) -> None:
        self.board = self.board.with_candidate(row)
        if row.state == "scored":
            name, why = recommend(self.board)
            self.board = replace(self.board, recommended=name, recommendation=why)
        self.unsaved = row.state == "running"  # a row that is not done is stored with the next progress, if it still is the news
        if not self.unsaved:
            self.board.save(self.work.folder / "leaderboard.json")
        self.emit(CandidateScored(row.to_dict()))

    # -- telling and ending -------------------------------------------------------------------------------------

    def _tell(self) -> None:
        now = time.time()
        if now - self.told < 0.5:
            return
        self.told = now
        if self.unsaved:
            self.board.save(self.work.folder / "leaderboard.json")
            self.unsaved = False
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
        budget = self.config.budget.seconds
        if not self.stopped:
            self.emit(Progress(0.99, "Combining the best models", max(self.started + budget - time.time(), 0.0)))
        limit = self.started + budget - time.time() - 0.2
        allowed = 2.0 if self.stopped else (30.0 if self.config.budget.trials else max(limit, 0.3))
        self._ensemble(time.monotonic() + allowed)
        name, why = recommend(self.board)
        self.board = replace(self.board, recommended=name, recommendation=why)
        self.board.save(self.work.folder / "leaderboard.json")

    def _ensemble(self, deadline: float) -> None:
        """Combine the best candidates by their out-of-fold predictions."""
        singles = [row for row in self.board.ranked() if row.state == "scored" and row.role == "model"][:POOL]
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
        )
        if ensemble is not None:
            write_json(self.work.folder / "candidates" / "ensemble" / "candidate.json", ensemble.to_dict())
            self._emit_row(ensemble)

    # -- going on with earlier work -----------------------------------------------------------------------------

    def _resume(self) -> None:
        """Take over what an interrupted search left; nothing that was scored is fitted again."""
        root = self.work.folder
        for path in sorted(root.glob("folds/*/*.json")):
            self.facts[(int(path.parent.name), path.stem)] = read_json(path)
        if not (root / "candidates").exists():
            return
        taken = 0
        known = {spec.id: (spec, role) for spec, role in self.queue}
        for path in sorted(root.glob("candidates/*/spec.json"), key=lambda path: path.stat().st_mtime):
            spec = Spec(**{key: value for key, value in read_json(path).items() if key != "format"})
            known[spec.id] = (spec, "model")
            self.queue.append((spec, "model"))
            self.trials_left -= 1
            tuned = TUNED.match(spec.id)
            if tuned:
                self.tuner.asked = max(self.tuner.asked, int(tuned["number"]))
            else:
                self.longer.add(spec.id.removesuffix("-longer"))
        for name, (spec, role) in known.items():
            folder = root / "candidates" / name
            results = {}
            for fold in range(self.folds):
                parts = [folder / f"fold{fold}{suffix}" for suffix in (".skops", ".npy", ".json")]
                if all(part.exists() for part in parts):
                    results[fold] = read_json(parts[2])
            if not results:
                self._recall(folder)
                continue
            taken += len(results)
            job = self.open[name] = UnderWay(spec, role, results)
            self.order.append(name)
            self.queue = [(other, kind) for other, kind in self.queue if other.id != name]
            if len(results) == self.folds:
                self._restore(job)
            else:
                job.waiting = [fold for fold in range(self.folds) if fold not in results]
        self._recall_combined()
        if taken:
            self.emit(Message(f"Going on with {taken} fits that were done before."))

    def _recall_combined(self) -> None:
        """Show the rows again that a person has made from others; they were never a part of the search."""
        for path in sorted(self.work.folder.glob("candidates/*-[0-9]*/candidate.json")):
            with contextlib.suppress(AutoMLError, TypeError, KeyError):
                row = Candidate.from_dict(read_json(path))
                if row.role == "ensemble" and row.state == "scored":
                    self.board = self.board.with_candidate(row)

    def _recall(self, folder: Path) -> None:
        """Show the row of a candidate that failed before, until it has been tried again."""
        with contextlib.suppress(AutoMLError, TypeError, KeyError):
            row = Candidate.from_dict(read_json(folder / "candidate.json"))
            if row.state in ("failed", "skipped", "stopped"):
                self.board = self.board.with_candidate(row)

    def _restore(self, job: UnderWay) -> None:
        job.closed = True
        path = self.work.folder / "candidates" / job.spec.id / "candidate.json"
        row = self._row(job, "scored")
        with contextlib.suppress(AutoMLError, KeyError, TypeError):  # an older row only keeps the time at which it was scored
            row = replace(row, at_seconds=read_json(path)["at_seconds"])
        write_json(path, row.to_dict())
        self._emit_row(row)

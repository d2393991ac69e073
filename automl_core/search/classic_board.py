"""The rows of *PyCaret classic*: PyCaret's scores, our fits beside them, and what of both lies on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.engines.pycaret_session import SAME
from automl_core.errors import InputError
from automl_core.events import Event, Message
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Candidate, Role, State
from automl_core.search import classic_plan as plan
from automl_core.search.candidates import Spec, baseline
from automl_core.search.classic_work import FINAL
from automl_core.search.fitting import FoldWork
from automl_core.search.live_board import LiveBoard, Look, new_board
from automl_core.search.resuming import added_rows, fitted_folds, old_row
from automl_core.workspace import read_json, write_json


@dataclass
class Job:
    """A candidate on its way.

    Parameters
    ----------
    spec : Spec
    role : Role
    folds : dict of int to dict
        What our own fit of each fold gave.
    waiting : list of int
        Folds that are still to be fitted.
    longest, spent : float
        Seconds of the longest of our fits, and of all.
    members : dict of str to float
        Of a blend, the weight of each candidate.
    theirs : dict of str to list of float, or None
        PyCaret's scores on each fold by its own names of the metrics.
    seconds : float
        What scoring it on all folds took PyCaret.
    asked : bool
        Whether PyCaret has been asked for it.
    closed : bool
        Whether nothing more is done about it.
    at : float
        When it was first scored, in seconds since the start; 0 for never.
    """

    spec: Spec
    role: Role = "model"
    folds: dict[int, dict[str, Any]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    longest: float = 0.0
    spent: float = 0.0
    members: dict[str, float] = field(default_factory=dict)
    theirs: dict[str, list[float]] | None = None
    seconds: float = 0.0
    asked: bool = False
    closed: bool = False
    at: float = 0.0


class ClassicBoard(LiveBoard):
    """The candidates of one run, and the leaderboard that is made of them.

    Parameters
    ----------
    work : FoldWork
    config : ExperimentConfig
    emit : callable
        Takes each event.
    started : float
        `time.time` of the start that the rows' times count from.
    look : callable, optional
        See `LiveBoard`.
    """

    def __init__(
        self,
        work: FoldWork,
        config: ExperimentConfig,
        emit: Callable[[Event], None],
        started: float,
        look: Look | None = None,
    ) -> None:
        self.work, self.config, self.started = work, config, started
        self.metric = work.scorer.metric
        self.count = work.division.folds
        self.jobs: dict[str, Job] = {}
        super().__init__(new_board(work, config), work.folder, emit, look)

    def add(self, job: Job) -> Job:
        """Take a candidate in, in place of an earlier one of its id."""
        self.jobs[job.spec.id] = job
        job.waiting = [] if job.members else [fold for fold in range(self.count) if fold not in job.folds]
        return job

    def whole(self, job: Job) -> bool:
        """Return whether all folds of a candidate have been fitted."""
        return len(job.folds) == self.count

    def final(self, name: str) -> Path:
        """Return where an estimator that was fitted on all learned rows lies."""
        return self.work.folder / "candidates" / name / f"{FINAL}.skops"

    def scored(self) -> list[Candidate]:
        """Return the scored single models of PyCaret's own, best first; what tuning has added since is not its business."""
        return [row for row in super().scored() if row.id in self.jobs]

    def is_scored(self, name: str) -> bool:
        """Return whether there is a scored row of an id."""
        return any(row.id == name and row.state == "scored" for row in self.board)

    def settle(self, job: Job) -> None:
        """Show what is known of a candidate by now.

        Raises
        ------
        InputError
            When the metric is not defined on any fold, as the baseline tells.
        """
        if not self.whole(job):
            self.show(self.row(job, "running"))
            return
        job.at = job.at or max(time.time() - self.started, 0.0)
        row = self.row(job, "scored")
        if job.role == "baseline" and not row.fold_scores:
            raise InputError(
                f"{self.metric.label} cannot be computed on any of the {self.count} folds.",
                "Each fold needs rows of at least two outcomes, and values that the metric is made for.",
                "Choose another metric or another split.",
            )
        if row.score is None:
            job.closed = True
            row = self.row(job, "failed", f"{self.metric.label} could not be computed on every fold.")
        elif job.theirs is not None or job.role == "baseline":
            job.closed = True
            self._compare(job, row)
        self.keep(row)

    def _compare(self, job: Job, row: Candidate) -> None:
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

    def _column(self, job: Job) -> list[float] | None:
        """Return PyCaret's scores for the run's metric, None where it has none: it gives an AUC that it cannot compute as 0."""
        values = (job.theirs or {}).get(SAME.get(self.metric.name, ""))
        return values if values and (self.metric.name != "roc_auc" or any(values)) else None

    def _own_scores(self, job: Job) -> list[float]:
        values = [job.folds[fold]["metrics"].get(self.metric.name, np.nan) for fold in sorted(job.folds)]
        return [float(value) for value in values if np.isfinite(value)]

    def row(self, job: Job, state: State, reason: str = "", suggestion: str = "") -> Candidate:
        """Return a candidate's row; its score is PyCaret's where it has given one."""
        results = [job.folds[fold] for fold in sorted(job.folds)]
        scores = self._own_scores(job)
        theirs = self._column(job)
        whole = self.whole(job)
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
            peak_bytes=max((result.get("peak_bytes", 0) for result in results), default=0),
            at_seconds=job.at or max(time.time() - self.started, 0.0),
            members=job.members,
            spec={} if job.members or not job.spec.class_path else asdict(job.spec),
        )

    def _defined(self, scores: list[float]) -> int:
        """Return on how many folds the metric is defined, which the baseline tells."""
        base = self.jobs[baseline(self.config.task).id]
        return len(self._own_scores(base)) if self.whole(base) else len(scores)

    def mixed(self, members: dict[str, float]) -> dict[int, dict[str, Any]]:
        """Return what a fold of a blend comes to: the mean of its members' predictions for rows they did not learn from."""
        division, mixed = self.work.division, {}
        for fold in range(self.count):
            values = sum(
                weight * np.load(self.work.folder / "candidates" / name / f"fold{fold}.npy") for name, weight in members.items()
            )
            judged = division.train[division.judged(fold)]
            parts = [self.jobs[name].folds[fold] for name in members]
            mixed[fold] = {
                "metrics": self.work.scorer.all(judged, np.asarray(values)),
                **{key: sum(part[key] for part in parts) for key in ("fit_seconds", "predict_ms", "size_bytes")},
            }
        return mixed

    def note(self, job: Job) -> None:
        """Store what PyCaret gave."""
        told = {"format": 1, "scores": job.theirs, "seconds": job.seconds, "spec": asdict(job.spec), "members": job.members}
        write_json(self.work.folder / "candidates" / job.spec.id / "pycaret.json", told)

    def resume(self) -> None:
        """Take over what an interrupted search left; nothing that was scored is fitted again."""
        for path in sorted(self.work.folder.glob("candidates/*/pycaret.json")):
            told = read_json(path)
            spec = Spec(**told["spec"])
            known = self.jobs.get(spec.id)
            if known is None and not told["members"] and spec.id.split("-tuned")[0] not in self.jobs:
                continue
            job = Job(spec, "ensemble" if told["members"] else "model", members=told["members"], asked=True)
            job.theirs, job.seconds = told["scores"], told["seconds"]
            self.add(job)
        for job in sorted(self.jobs.values(), key=lambda job: bool(job.members)):
            self._restore(job)
        for row in added_rows(self.folder):
            if row.id not in self.jobs:
                self.put(row)
        taken = sum(job.closed for job in self.jobs.values())
        if taken:
            self.emit(Message(f"Going on with {taken} models that were scored before."))

    def _restore(self, job: Job) -> None:
        folder = self.work.folder / "candidates" / job.spec.id
        old = old_row(folder)
        if job.members:
            if all(name in self.jobs and len(self.jobs[name].folds) == self.count for name in job.members):
                job.folds = self.mixed(job.members)
        else:
            job.folds.update(fitted_folds(folder, self.count))
            job.waiting = [fold for fold in job.waiting if fold not in job.folds]
        if self.whole(job):
            job.at = old.at_seconds if old is not None and old.state == "scored" else 0.0
            self.settle(job)
        elif old is not None and old.state in ("failed", "skipped", "stopped"):
            self.put(old)  # shown until it has been tried again

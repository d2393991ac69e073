"""A candidate under way: what its folds have given so far, and the row of the leaderboard that says so."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from automl_core.errors import InputError
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec

if TYPE_CHECKING:
    from automl_core.search.fitting import FoldWork


@dataclass
class UnderWay:
    """A candidate that is being fitted fold by fold.

    Parameters
    ----------
    spec : Spec
    role : str
        ``"model"`` or ``"baseline"``.
    results : dict of int to dict
        By fold, what `FoldWork.fit` gave.
    waiting : list of int
        Folds that are not begun.
    running : int
        Folds that are being fitted.
    closed : bool
        Whether no fold will be fitted any more.
    longest : float
        Seconds of the fold that took longest.
    """

    spec: Spec
    role: str
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    running: int = 0
    closed: bool = False
    longest: float = 0.0

    def row(self, metric: str, defined: int, started: float, state: str, reason: str = "", suggestion: str = "") -> Candidate:
        """Return its row.

        Parameters
        ----------
        metric : str
        defined : int
            Folds on which the metric is defined at all; the score stands when all of them have one.
        started : float
            `time.time` of the run's start.
        state, reason, suggestion : str
        """
        results = [self.results[fold] for fold in sorted(self.results)]
        scores = tuple(float(result["metrics"].get(metric, np.nan)) for result in results)
        finite = tuple(value for value in scores if np.isfinite(value))
        complete = state == "scored" and len(finite) == defined > 0
        names = set.intersection(*(set(result["metrics"]) for result in results)) if results else set()
        return Candidate(
            id=self.spec.id,
            name=self.spec.name,
            family=self.spec.family,
            role="baseline" if self.role == "baseline" else "model",
            view=self.spec.view,
            params=self.spec.params,
            state=state,  # type: ignore[arg-type]  # one of State, by the callers
            reason=reason or (self._made() if state == "scored" else ""),
            suggestion=suggestion,
            fold_scores=finite,
            score=float(np.mean(finite)) if complete else None,
            spread=float(np.std(finite, ddof=1)) if complete and len(finite) > 1 else None,
            metrics={name: float(np.mean([result["metrics"][name] for result in results])) for name in sorted(names)},
            fit_seconds=sum(result["fit_seconds"] for result in results),
            predict_ms=float(np.mean([result["predict_ms"] for result in results])) if results else 0.0,
            size_bytes=sum(result["size_bytes"] for result in results),
            peak_bytes=max((result.get("peak_bytes", 0) for result in results), default=0),
            at_seconds=max(time.time() - started, 0.0),
            spec=asdict(self.spec),
        )

    def _made(self) -> str:
        """Return what was done to the rows of the first fold before it was learned; empty for nothing."""
        note = str(self.results[min(self.results)].get("note", "")) if self.results else ""
        return f"In the first fold, {note[0].lower()}{note[1:]}" if note else ""


def failed_without_score(row: Candidate, defined: int, label: str) -> Candidate:
    """Return a row as failed whose metric, called `label`, has no value on some of the `defined` folds."""
    if row.state != "scored" or row.score is not None:
        return row
    where = "on any fold" if not row.fold_scores else f"on {defined - len(row.fold_scores)} of the folds"
    return replace(row, state="failed", reason=f"{label} could not be computed {where}.")


def defined_folds(work: FoldWork, classes: tuple[str, ...]) -> int:
    """Return on how many folds the run's metric is defined at all, whatever is predicted.

    Raises
    ------
    InputError
        When it is defined on none.
    """
    division, defined, metric = work.division, 0, work.scorer.metric
    if metric.needs == "rows":
        return division.folds  # whether a formula gives a number depends on what is predicted
    for fold in range(division.folds):
        judged = division.train[division.judged(fold)]
        truth = work.y[judged]
        even = np.full((len(truth), len(classes)), 1 / max(len(classes), 1)) if classes else np.abs(truth)
        defined += bool(np.isfinite(work.scorer.score(judged, even)))
    if not defined:
        raise InputError(
            f"{metric.label} cannot be computed on any of the {division.folds} folds.",
            "Each fold needs rows of at least two outcomes, and values that the metric is made for.",
            "Choose another metric or another split.",
        )
    return defined


def out_of_fold(work: FoldWork, name: str, folds: tuple[int, ...] | None = None) -> npt.NDArray[np.float64]:
    """Return a candidate's out-of-fold predictions for every row of `division.places`, NaN where never judged.

    Parameters
    ----------
    work : FoldWork
    name : str
    folds : tuple of int, optional
        Those that are finished; all by default.

    Returns
    -------
    ndarray, shape (repeats * n_train, n_classes) or (repeats * n_train,)
    """
    layers = work.division.layers
    values = np.full((len(layers), work.n_classes) if work.n_classes else len(layers), np.nan)
    for fold in range(work.division.folds) if folds is None else folds:
        values[layers == fold] = np.load(work.folder / "candidates" / name / f"fold{fold}.npy")
    return values


def suggestion_for(error: str) -> str:
    """Return one step that fits a library's complaint."""
    text = error.lower()
    if "missing values" in text or "nan" in text:
        return "Switch on 'Fill missing values' on the Clean page."
    if "memory" in text:
        return "Leave out columns, or use fewer rows."
    if "targets are equal" in text:
        return "In a fold, every row to learn from has the same value: choose fewer folds or another split, or leave it."
    if "negative" in text or "positive" in text:
        return "This model suits other numbers; the others do not mind."
    return "The other models do not depend on it."

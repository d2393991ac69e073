"""A trial under way, and where its fits go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from automl_core.cleaning.variants import variant
from automl_core.engines.optuna_study import Trial
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec
from automl_core.search.fitting import FoldWork
from automl_core.search.matrices import Matrix
from automl_core.tuning.spaces import CLEANING, Space
from automl_core.tuning.study import TrialRow

KEPT_BYTES = 16 * 2**20
"""Of matrices that a process keeps for the next trial."""


class TrialWork(FoldWork):
    """The run's folds, with what is fitted, and what cleaning choices make of the data, kept in the study's folder."""

    trials: Path
    loaded: dict[tuple[Path, bool, int], Matrix]
    """The matrices that a process of the study has read; it ends with the study."""
    durable = False

    @classmethod
    def of(cls, work: FoldWork, folder: Path) -> TrialWork:
        """Return the same data with another home."""
        made = cls.__new__(cls)
        made.__dict__.update(copy(work).__dict__)
        made.trials, made.loaded = folder, {}
        return made

    def without_table(self) -> FoldWork:
        """Return what a machine of a cluster needs of it, which keeps no matrices."""
        made = super().without_table()
        del made.__dict__["loaded"], made.__dict__["trials"]
        return made

    def matrix(self, path: Path, *, exact: bool) -> Matrix:
        """Return prepared rows; small matrices are read once in a process, since each trial takes the same ones."""
        key = (path, exact, path.stat().st_mtime_ns)
        if key not in self.loaded:
            matrix = super().matrix(path, exact=exact)
            held = sum(one.nbytes for one in self.loaded.values())
            if matrix.base is not None or held + matrix.nbytes > KEPT_BYTES:  # large ones are mapped, and stay in the file
                return matrix
            self.loaded[key] = matrix
        return self.loaded[key].copy()

    @property
    def home(self) -> Path:
        """Where the fitted trials go."""
        return self.trials


@dataclass
class Try:
    """A trial under way."""

    trial: Trial
    spec: Spec
    params: dict[str, Any]
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    state: str = ""
    reason: str = ""
    again: TrialRow | None = None

    @property
    def alive(self) -> bool:
        """Whether it is fitted further."""
        return not self.state

    def scores(self, metric: str, folds: int) -> list[float]:
        """Return the finite scores of the first folds."""
        values = [self.results[fold]["metrics"].get(metric, np.nan) for fold in range(folds) if fold in self.results]
        return [float(value) for value in values if np.isfinite(value)]

    def row(self, scores: list[float], least: int, at: float, undefined: str) -> TrialRow:
        """Return its row of the study.

        Parameters
        ----------
        scores : list of float
            Of all its folds.
        least : int
            How many of them a score needs; with fewer the trial has failed, and `undefined` is the reason.
        at : float
            Seconds of the study.
        undefined : str
        """
        if self.again is not None:
            same = f"The same values as trial {self.again.number}, not fitted again."
            return replace(self.again, number=self.trial.number, at_seconds=at, reason=self.again.reason or same)
        results = list(self.results.values())
        state, reason = self.state or "scored", self.reason
        if state == "scored" and len(scores) < least:
            state, reason = "failed", undefined
        return TrialRow(
            self.trial.number,
            state,  # type: ignore[arg-type]  # one of State, as the loop sets it
            float(np.mean(scores)) if state == "scored" else None,
            tuple(scores),
            self.params,
            sum(result["fit_seconds"] for result in results),
            float(np.mean([result["predict_ms"] for result in results])) if results else 0.0,
            sum(result["size_bytes"] for result in results),
            at,
            reason,
        )


def begin(trial: Trial, base: Spec, rows: Sequence[TrialRow]) -> Try:
    """Return a trial to be fitted, with the row that says the same already where there is one; `base` is what is tuned."""
    params = {name: _rounded(value) for name, value in trial.point.items()}
    key = _key(params)
    again = next((row for row in rows if row.state in ("scored", "failed") and _key(row.params) == key), None)
    return Try(trial, spec_of(base, params, str(trial.number)), params, again=again)


def first_row(model: Candidate, number: int, space: Space, at_seconds: float) -> TrialRow:
    """Return the model as it is as a trial; its folds were fitted by the run."""
    start = {one.name: one.start for one in space}
    costs = model.fit_seconds, model.predict_ms, model.size_bytes
    return TrialRow(number, "scored", model.score, model.fold_scores, start, *costs, at_seconds)


def spec_of(base: Spec, params: Mapping[str, Any], ident: str) -> Spec:
    """Return what a trial fits: the model with its parameters, on the view that its cleaning choices make."""
    choices = {name.removeprefix(CLEANING): str(value) for name, value in params.items() if name.startswith(CLEANING)}
    own = {name: value for name, value in params.items() if not name.startswith(CLEANING)}
    return replace(base, id=ident, params={**base.params, **own}, view=variant(base.view, choices))


def _rounded(value: Any) -> Any:
    """Return a number with six significant digits, so that rows can be read and fitted again from what they show."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _key(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True, default=str)

"""Who is begun and who runs on: the rules of `racing` with what a run knows at that moment."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Decision, ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.scoring.ensemble import tempered
from automl_core.search.candidates import Spec
from automl_core.search.memory import fits_in_memory
from automl_core.search.racing import DEAR, FEW, LEAST, TRIES, exhausted, kind_of_model, too_dear, worth_going_on, worth_starting
from automl_core.search.selection import blend, fit_temperature, greedy_weights, judge_of
from automl_core.search.tuner import is_proposed
from automl_core.search.underway import UnderWay, out_of_fold

if TYPE_CHECKING:
    from automl_core.search.fitting import FoldWork
    from automl_core.search.tasks import Executor

WATCHED = 20_000
"""Rows on which a race is decided; more cost time and say the same."""
MIXED = 8
"""Best candidates that a newcomer is held against."""
YES = Decision(True, "")


class Referee:
    """Judges the candidates of one run.

    Parameters
    ----------
    work : FoldWork
    config : ExperimentConfig
    executor : Executor
        Where the fits are made.
    given : bool
        Whether a person named the candidates, who are then all fitted.
    """

    def __init__(self, work: FoldWork, config: ExperimentConfig, executor: Executor, *, given: bool) -> None:
        self.work, self.config, self.executor = work, config, executor
        self.timed = not config.budget.trials
        self.given = given or bool(config.candidates)
        self._mixed: tuple[dict[str, float], npt.NDArray[np.float64]] | None = None

    @property
    def learned(self) -> int:
        """Rows that one fold learns from."""
        return int(len(self.work.division.train) * (1 - 1 / max(self.work.division.each, 2)))

    def may_start(self, spec: Spec, board: Leaderboard) -> Decision[bool]:
        """Decide whether a candidate is begun at all."""
        if not self.timed or self.given or self.config.preset not in ("balanced", "best"):
            return YES
        dear = too_dear(spec.family, self.learned, self.work.division.folds, self.executor.cores, self.config.budget.seconds)
        if dear.value:
            return Decision(False, dear.reason)
        sign = 1.0 if board.greater_is_better else -1.0
        scored = [row for row in board.ranked() if row.state == "scored" and row.score is not None]
        base = next((sign * (row.score or 0.0) for row in scored if row.role == "baseline"), None)
        models = [row for row in scored if row.role == "model"]
        if not models:
            return YES
        if exhausted(board, spec.family) and not spec.resampling and not is_proposed(spec):
            return Decision(False, f"The last {TRIES} of its family added nothing, so its time went to others.")
        kind = [sign * (row.score or 0.0) for row in models if kind_of_model(row.spec) == kind_of_model(asdict(spec))]
        return worth_starting(kind, sign * (models[0].score or 0.0), base)

    def has_room(self, spec: Spec, columns: int) -> Decision[bool]:
        """Decide whether the fits of a candidate would find room in memory."""
        parallel, free = self.executor.each, self.executor.memory
        return fits_in_memory(spec, self.learned, columns, self.work.n_classes, parallel=parallel, free=free)

    def goes_on(self, candidate: UnderWay, board: Leaderboard, need: float) -> Decision[bool]:
        """Decide by its finished folds whether a candidate runs on; the others will take `need` seconds."""
        budget = self.config.budget.seconds
        if not self.timed or self.given or need < max(DEAR * budget, LEAST) or self.work.scorer.metric.needs == "rows":
            return YES
        division, mixture = self.work.division, self._mixture(board)
        done = np.flatnonzero(np.isin(division.layers, list(candidate.results)))[:WATCHED]
        if mixture is None or not len(done) or (len(done) < FEW and len(candidate.results) == 1 < division.folds):
            return YES  # one small fold alone says too little
        own = out_of_fold(self.work, candidate.spec.id, tuple(candidate.results))[done]
        now, places = mixture[done], division.places[done]
        if self.work.n_classes:
            # Forests and kernels are too careful, boosters too sure; the ensemble sets that right, so the race must not mind.
            codes = self.work.y[places].astype(np.int64)
            own, now = (tempered(values, fit_temperature(values, codes)) for values in (own, now))
        return worth_going_on(now, own, judge_of(self.work.scorer, places), need=need, budget=budget)

    def _mixture(self, board: Leaderboard) -> npt.NDArray[np.float64] | None:
        """Return the out-of-fold predictions of a small ensemble of what is scored; None while nothing is."""
        rows = [row for row in board.ranked() if row.state == "scored" and row.role == "model"][:MIXED]
        if not rows:
            return None
        known = {row.id: row.at_seconds for row in rows}
        if self._mixed is None or self._mixed[0] != known:
            division = self.work.division
            watched = np.flatnonzero(division.layers >= 0)[:: max(1, len(division.layers) // WATCHED)]
            values = {row.id: out_of_fold(self.work, row.id) for row in rows}
            judge = judge_of(self.work.scorer, division.places[watched])
            weights = greedy_weights({name: value[watched] for name, value in values.items()}, judge, rounds=10)
            self._mixed = (known, blend(values, weights))
        return self._mixed[1]

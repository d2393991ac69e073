"""What a search fits next: the preset's candidates in their order, then what may still improve."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from automl_core.cleaning.preprocessing import left_out
from automl_core.experiment import ExperimentConfig
from automl_core.leaderboard import Leaderboard
from automl_core.schema import Schema
from automl_core.search.candidates import AMOUNTS, MANY_LABELS, Spec, baseline, choose, portfolio
from automl_core.search.fitting import FoldWork
from automl_core.search.live_board import LiveBoard
from automl_core.search.resampling import balancing_specs, not_tried, numeric_share
from automl_core.search.tuner import LONGER, Tuner, number_of
from automl_core.search.underway import UnderWay

BATCH = 2
"""Proposals at a time where a run is counted in trials, so that the same seed gives the same ones whoever is faster."""
MAX_TUNED = 500
LEAST = 3.0
"""Seconds that must be left for a new proposal."""
BALANCING = ("balanced", "best")
"""Presets that try to balance uneven labels."""
FEW = 30
"""Rows that a fold judges, below which nothing stops early by them."""
STEADY = 5.0
"""Rounds times learning rate of a booster that does not stop early: 100 rounds of 0.05."""
WIDENED = ("quick", "fast")
"""Presets whose list ends before the time does, and whose models may have other parameters."""


class Supply:
    """The candidates of one run that are not begun.

    Parameters
    ----------
    config : ExperimentConfig
    specs : list of Spec
        The first ones, see `first_specs`.
    more : bool
        Whether more are proposed when they are through.
    few : bool
        Whether folds judge so few rows that nothing may stop early by them, see `steady`.
    greater_is_better : bool
        Of the run's metric.
    first : int, optional
        Of a run that was given more after it had ended: the models that it was given at first, 0 where time was. A preset of
        `WIDENED`, which ends with its list, then goes on as the larger ones do.

    Attributes
    ----------
    note : str
        What a person may miss among the candidates, and why; see `resampling.not_tried`.

    Notes
    -----
    Counted in models, 20 and then 20 more are the same as 40 at once, unless the preset is one of `WIDENED` or a person has
    added models of their own meanwhile.
    """

    def __init__(
        self,
        config: ExperimentConfig,
        specs: list[Spec],
        *,
        more: bool,
        greater_is_better: bool,
        few: bool = False,
        first: int | None = None,
    ) -> None:
        self.config = config
        self.note = ""
        self.queue: list[tuple[Spec, str]] = [(baseline(config.task), "baseline")]
        self.limit = config.budget.trials
        self.few = few
        chosen = [(steady(spec) if few else spec, "model") for spec in specs]
        self._given_more = first is not None
        widened = first is not None and config.preset in WIDENED
        # What such a preset was given beyond the length of its list, it never had.
        self.trials_left = self.limit - max(len(chosen), (first or 0) if widened else 0) if self.limit else 0
        self.queue += chosen[: self.limit] if self.limit else chosen
        if len(self.queue) > 1 and not self.limit:
            # The first real model stands before the baseline, so that a person sees something at once.
            self.queue[0], self.queue[1] = self.queue[1], self.queue[0]
        self.proposes = more and not config.candidates and (widened or config.preset in ("balanced", "best"))
        self.greater_is_better = greater_is_better
        self.tuner = Tuner(config.task, config.seed, greater_is_better)
        self.longer: set[str] = set()
        self._own = {spec.id for spec, _ in self.queue}
        self._earlier: list[Spec] = []
        self._spare: list[Spec] = []

    def pop(self) -> tuple[Spec, str]:
        """Return the next candidate and its role."""
        return self.queue.pop(0)

    def known(self, spec: Spec) -> None:
        """Take in what an earlier session had proposed, or a person has added; what a person has added is not counted."""
        self.queue.append((spec, "model"))
        if number_of(spec.id):
            self.trials_left -= 1
            self._earlier.append(spec)
        else:
            self.longer.add(spec.id.removesuffix(LONGER))

    def drop(self, name: str) -> None:
        """Leave out a candidate that is begun."""
        self.queue = [(spec, role) for spec, role in self.queue if spec.id != name]

    def refill(self, rows: LiveBoard, jobs: Mapping[str, UnderWay], left: float, long: float) -> bool:
        """Queue what may still improve when the queue is empty; return whether anything is queued.

        Parameters
        ----------
        rows : LiveBoard
        jobs : dict of str to UnderWay
        left : float
            Seconds; infinite where the budget is counted in trials.
        long : float
            Seconds that must be left to give a candidate more time that was cut off.
        """
        if self.queue:
            return True
        if not self.proposes or left < LEAST:
            return False
        if self.limit and (self.trials_left <= 0 or any(not job.closed for job in jobs.values())):
            return False  # a batch is proposed when the one before it is scored, so that the order of ends does not matter
        self._catch_up(rows.board)
        if self.tuner.asked >= MAX_TUNED and not self._spare:
            return False
        if self.limit:
            waiting = self._spare or self._proposed(rows.board, BATCH)
            found, self._spare = waiting[: self.trials_left], waiting[self.trials_left :]
            self.trials_left -= len(found)
        else:
            longer = self._longer(rows, jobs, left > long)
            found = [longer] if longer is not None else self._proposed(rows.board, 1)
        self.queue += [(spec, "model") for spec in found]
        return bool(found)

    def _proposed(self, board: Leaderboard, count: int) -> list[Spec]:
        specs = [self.tuner.propose(board) for _ in range(count)]
        return [steady(spec) if self.few else spec for spec in specs if spec is not None]

    def _catch_up(self, board: Leaderboard) -> None:
        """Bring the tuner to where the sessions before this one left it, once.

        Counted in models, what they were proposed is proposed again, batch by batch and each from what was scored before it:
        the run then goes on as one that never paused. Where that does not give the same, and in runs by the clock, whose
        order of ends is chance, the tuner learns from the scores and counts on.
        """
        earlier, self._earlier = sorted(self._earlier, key=lambda spec: number_of(spec.id)), []
        if not earlier or (self.limit and self._proposed_again(earlier, board)):
            return
        self._spare = []
        asked = number_of(earlier[-1].id)
        self.tuner = Tuner(self.config.task, self.config.seed, self.greater_is_better, asked)

    def _proposed_again(self, earlier: Sequence[Spec], board: Leaderboard) -> bool:
        own = [row for row in board if row.id in self._own or number_of(row.id)]
        for begun in range(0, len(earlier), BATCH):
            known = replace(board, candidates=tuple(row for row in own if number_of(row.id) <= begun))
            again = self._proposed(known, BATCH)
            if again[: len(earlier) - begun] != earlier[begun : begun + BATCH]:
                return False
            self._spare = again[len(earlier) - begun :]  # the second of a batch of which one was asked for
        return True

    def nothing_left(self, left: float, *, fitted: bool) -> str:
        """Return `words_at_the_end` of a run that was given more, empty for another and where no time is left either."""
        if not self._given_more or left < LEAST:
            return ""
        return words_at_the_end(self.config, self.trials_left, fitted=fitted)

    def _longer(self, rows: LiveBoard, jobs: Mapping[str, UnderWay], enough: bool) -> Spec | None:
        """Return the best candidate once more with more time, if time cut it off before it had stopped to improve."""
        for row in rows.scored()[:2]:
            job = jobs.get(row.id)
            if job is None or row.id in self.longer or not any(result.get("cut") for result in job.results.values()):
                continue
            self.longer.add(row.id)
            if enough:
                return replace(job.spec, id=f"{row.id}{LONGER}", name=f"{row.name}, longer")
        return None


def with_amounts(specs: Sequence[Spec], y: npt.NDArray[np.float64]) -> list[Spec]:
    """Return candidates with the booster for amounts after the first booster; without it where a value is negative or all are 0.

    Parameters
    ----------
    specs : sequence of Spec
    y : ndarray, shape (n_train,)
    """
    others = [spec for spec in specs if spec.id != AMOUNTS]
    if y.min() < 0 or y.max() <= 0:
        return others
    place = next((place for place, spec in enumerate(others) if spec.family == "boosting"), len(others) - 1) + 1
    return [*others[:place], portfolio("regression")[AMOUNTS], *others[place:]]


def steady(spec: Spec) -> Spec:
    """Return a candidate with a fixed number of rounds in place of early stopping.

    A booster or network that stops where a handful of judged rows are predicted best is judged on the same rows, and its
    score is then far too good. On tables of 20 to 200 rows (`benchmarks/tiny.py`) models chosen so lost 0.01 of the
    baseline's loss to those of a fixed length, and more the fewer rows there were.
    """
    if not spec.early_stopping or spec.family not in ("boosting", "neural"):
        return spec
    params = dict(spec.params)
    if spec.family == "boosting":
        rounds = "iterations" if "iterations" in params else "n_estimators"
        params[rounds] = round(STEADY / params.get("learning_rate", 0.1))
    else:
        params["early_stopping"] = False
    view = "encoded" if spec.view == "native" else spec.view
    name = spec.name.replace("early stopping", "fixed length")
    return replace(spec, name=name, params=params, view=view, early_stopping=False)


def supply_for(work: FoldWork, config: ExperimentConfig, given: Sequence[Spec] | None = None, first: int | None = None) -> Supply:
    """Return what a run fits: the candidates that were given, or the preset's and what is proposed after them."""
    better, division = work.scorer.metric.greater_is_better, work.division
    if given is not None:
        return Supply(config, list(given), more=False, greater_is_better=better)
    learned = min(len(division.learned(fold)) for fold in range(division.folds))
    judged = min(len(division.judged(fold)) for fold in range(division.folds))
    y, gaps = work.y[division.train], partial(gaps_in, work)
    specs = first_specs(config, work.schema, y, work.n_classes, learned=learned, gaps=gaps)
    few = judged < FEW and not config.candidates
    supply = Supply(config, specs, more=True, greater_is_better=better, few=few, first=first)
    if not config.candidates and config.preset in BALANCING:
        share = numeric_share(work.schema)
        supply.note = not_tried(y, n_classes=work.n_classes, numeric_share=share, gaps=gaps)
    return supply


def gaps_in(work: FoldWork) -> bool:
    """Return whether a number or a date that the models get is missing somewhere."""
    dropped = left_out(work.recipe, work.schema)
    names = [name for name in work.schema.of_kind("number", "date") if name not in dropped]
    return bool(work.features[names].isna().any(axis=None))


def first_specs(
    config: ExperimentConfig,
    schema: Schema,
    y: npt.NDArray[np.float64],
    n_classes: int,
    *,
    learned: int,
    gaps: Callable[[], bool] = lambda: False,
) -> list[Spec]:
    """Return the preset's candidates; where a label is rare or the table small, resampled ones after the first third.

    Models that compare with more neighbours than a fold learns from are left out.

    Parameters
    ----------
    config : ExperimentConfig
    schema : Schema
        Of the features.
    y : ndarray, shape (n_train,)
    n_classes : int
        0 for regression.
    learned : int
        Rows of the fold that learns from the fewest.
    gaps : callable
        Tells whether any number is missing; see `resampling.applicable`.
    """
    specs = choose(config, len(y), n_classes)
    if config.candidates or config.preset not in BALANCING:
        return specs
    specs = [spec for spec in specs if spec.params.get("n_neighbors", 0) <= learned]
    if config.task == "regression":
        specs = with_amounts(specs, y)
    more = balancing_specs(config.task, y, n_classes=n_classes, numeric_share=numeric_share(schema), gaps=gaps)
    # Copies of rows make the dear ones dearer, so where labels are many they come last.
    place = max(len(specs) // 3, 1) if n_classes < MANY_LABELS else len(specs)
    return [*specs[:place], *more, *specs[place:]]


def words_at_the_end(config: ExperimentConfig, trials_left: int, *, fitted: bool) -> str:
    """Return what is said of a run that was given more and has nothing left to try, with what to do instead.

    Parameters
    ----------
    config : ExperimentConfig
    trials_left : int
        Of a budget in models.
    fitted : bool
        Whether anything new was scored.

    Returns
    -------
    str
        Empty where the run has done what it was given.
    """
    if config.budget.trials and trials_left <= 0:
        return "" if fitted else "All models that this run was given had been tried before. Give it more models to go on."
    if config.candidates:
        what, instead = "Every model that was named", "start a comparison that chooses the models itself"
    elif config.preset == "explainable":
        what, instead = "Every readable model", "start a comparison with another preset"
    elif config.preset == "pycaret":
        what, instead = "All that PyCaret fits, tunes and blends", "start a comparison with the preset Balanced"
    else:
        what, instead = "Every model that there is for these settings", "start a comparison with other settings"
    return f"{what} has been tried, so more would change nothing. Tune one of the models, or {instead}."

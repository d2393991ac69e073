"""Two models on the same labelled rows: which is better, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.evaluation.evaluate import read_target
from automl_core.evaluation.judge import scorer_of
from automl_core.metrics import metric_of
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]
Outcome = Literal["better", "worse", "level", "too few rows"]
RESAMPLES = 1000
LEAST_ROWS = 30
"""Labelled rows below which chance is not told from skill, whatever they say."""
MOST_ROWS = 20_000
"""Labelled rows that are looked at; more are drawn from at random."""


@dataclass(frozen=True)
class Paired:
    """A challenger set against a champion on the same labelled rows.

    Parameters
    ----------
    metric, label : str
    greater_is_better : bool
    rows : int
    champion, challenger : float
        The metric of each.
    gain : float
        By how much the challenger is better in the metric's unit; negative where it is worse.
    low, high : float
        Between which the gain lies in 95 % of resamples of the rows (percentile bootstrap of the paired difference; Efron and
        Tibshirani, An introduction to the bootstrap, 1993, chapter 13).
    outcome : Outcome
    """

    metric: str
    label: str
    greater_is_better: bool
    rows: int
    champion: float
    challenger: float
    gain: float
    low: float
    high: float
    outcome: Outcome

    @property
    def sentence(self) -> str:
        """What it says, with its numbers."""
        scores = f"{self.label} {self.challenger:.4g} against {self.champion:.4g} on {self.rows:,} labelled rows"
        between = f"the difference in its favour is {self.gain:+.2g}, between {self.low:+.2g} and {self.high:+.2g}"
        if self.outcome == "too few rows":
            return f"{scores}: too few to tell a difference from chance, at least {LEAST_ROWS} are needed."
        told = {
            "better": "better by more than chance",
            "worse": "worse by more than chance",
            "level": "no difference that chance could not make",
        }[self.outcome]
        return f"{scores}, {told}: {between} (95 %)."

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def set_against(champion: Model, challenger: Model, frame: pd.DataFrame, *, seed: int = 0) -> Paired:
    """Judge two models on the same rows, by the champion's metric and each with its own threshold.

    Parameters
    ----------
    champion, challenger : Model
        Of the same target and task.
    frame : DataFrame, shape (n, n_columns)
        Raw labelled rows, as text or typed.
    seed : int
        Of the draw and the resamples.

    Raises
    ------
    InputError
        When the two predict different things, or the rows cannot judge them (see `evaluation.evaluate.read_target`).
    """
    if (champion.target, champion.task) != (challenger.target, challenger.task):
        raise InputError(
            f"One predicts {champion.target!r} ({champion.task}), the other {challenger.target!r} ({challenger.task}).",
            "Two models can be set against each other only when they predict the same.",
            "Choose two versions of one kind.",
        )
    rng = np.random.default_rng(seed)
    if len(frame) > MOST_ROWS:
        frame = frame.iloc[np.sort(rng.choice(len(frame), MOST_ROWS, replace=False))]
    known = read_target(champion, frame)[1] & read_target(challenger, frame)[1]
    rows = frame[known].reset_index(drop=True)
    positions = np.arange(len(rows))
    both = []
    config = None
    for model in (champion, challenger):
        truth, _ = read_target(model, rows)
        scorer = scorer_of(model, rows, truth)
        config = config or scorer.config
        threshold = model.threshold if len(model.classes) == 2 else None
        both.append((scorer, model.predict_values(rows), threshold))
    assert config is not None
    metric = metric_of(config)
    sign = 1.0 if metric.greater_is_better else -1.0

    def scores(chosen: npt.NDArray[np.int64]) -> tuple[float, float]:
        one, other = (scorer.value(metric, chosen, values[chosen], threshold) for scorer, values, threshold in both)
        return one, other

    before, after = scores(positions)
    drawn = np.array([scores(rng.integers(0, len(rows), len(rows))) for _ in range(_resamples(len(rows)))])
    gains = sign * (drawn[:, 1] - drawn[:, 0])
    gains = gains[np.isfinite(gains)]
    low, high = (float(value) for value in np.quantile(gains, (0.025, 0.975))) if len(gains) else (0.0, 0.0)
    return Paired(
        config.metric,
        metric.label,
        metric.greater_is_better,
        len(rows),
        before,
        after,
        sign * (after - before),
        low,
        high,
        _outcome(len(rows), low, high),
    )


def _resamples(rows: int) -> int:
    return RESAMPLES if rows <= 2000 else 300


def _outcome(rows: int, low: float, high: float) -> Outcome:
    if rows < LEAST_ROWS:
        return "too few rows"
    return "better" if low > 0 else "worse" if high < 0 else "level"

"""Who runs on: what a candidate's first folds say about the rest of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Decision
from automl_core.leaderboard import Leaderboard

Array = npt.NDArray[np.float64]
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of the ensemble that are offered to a newcomer."""
FAR = 0.25
"""Share of the way from the best score to the baseline's from which on a kind of model is far behind."""
KERNEL_SECONDS = 1e-7
"""Seconds of a support vector fit for each pair of rows (0.06 to 0.1 s for 1,000 rows, on 2024's processors)."""
DEAR = 0.02
"""Share of the budget from which on a candidate's other folds are worth a look before they are fitted."""
FEW = 300
"""Judged rows below which a race says little, so that only what is dear by `NOISY` of the budget is stopped by one."""
NOISY = 0.1
LEAST = 0.5
"""Seconds below which they always are cheap."""
NOTHING_NEW = "Its first folds add nothing to the models that are there, so its time went to others."
TRIES = 3
"""Candidates of a family in a row that added nothing, after which the family's others are left out."""


def worth_going_on(
    ensemble: Array | None, newcomer: Array, judge: Callable[[Array], float], *, need: float, budget: float
) -> Decision[bool]:
    """Decide whether the other folds of a candidate are fitted.

    A candidate is of use when the ensemble of what is there already gets better by it, however weak it is by itself:
    families that err elsewhere help most (Caruana and others, 2004). So it is not ranked against the best one but mixed
    into the ensemble, on the rows its first folds judged. Cheap candidates always run on, since one fold is noisy.

    Parameters
    ----------
    ensemble : ndarray, shape (n, k) or (n,), or None
        Out-of-fold predictions of the best mixture so far, on the rows that the candidate's finished folds judged.
    newcomer : ndarray
        The candidate's, of the same shape.
    judge : callable
        Gives the run's metric of predictions of these rows, larger is better.
    need : float
        Seconds that its other folds will take.
    budget : float
        Seconds of the whole run; infinite for a budget in trials, where nobody is stopped.
    """
    share = DEAR if len(newcomer) >= FEW else NOISY
    if ensemble is None or not np.isfinite(budget) or need < max(share * budget, LEAST):
        return Decision(True, "It is cheap.")
    now = judge(ensemble)
    mixed = max(judge((1 - share) * ensemble + share * newcomer) for share in SHARES)
    if not np.isfinite(now) or mixed > now:
        return Decision(True, "The ensemble gains by it.")
    return Decision(False, NOTHING_NEW)


def exhausted(board: Leaderboard, family: str) -> bool:
    """Return whether the last `TRIES` candidates of a family that were judged all added nothing to the models there are."""
    ends = [row for row in board if row.role == "model" and row.family == family and not row.spec.get("resampling")]
    ends = [row for row in ends if row.state == "scored" or row.reason == NOTHING_NEW]
    last = sorted(ends, key=lambda row: row.at_seconds)[-TRIES:]
    return len(last) == TRIES and all(row.reason == NOTHING_NEW for row in last)


def kind_of_model(spec: Mapping[str, Any]) -> str:
    """Return what two configurations must share for one to speak for the other: boosters and forests their class."""
    family = str(spec.get("family", ""))
    kind = str(spec.get("class_path", "")) if family in ("boosting", "forest") else family
    return f"{kind} {spec.get('resampling', '')}"


def worth_starting(kind_scores: list[float], best: float, floor: float | None) -> Decision[bool]:
    """Decide whether another configuration of a kind of model is fitted.

    Parameters
    ----------
    kind_scores : list of float
        Scores of the kind's configurations so far, larger is better; empty for a kind that was not tried.
    best : float
        The best score of all.
    floor : float or None
        The baseline's.
    """
    if not kind_scores or floor is None or best <= floor:
        return Decision(True, "Its kind was not tried yet.")
    if max(kind_scores) >= best - FAR * (best - floor):
        return Decision(True, "Its kind is near the best.")
    return Decision(False, "Another model of its kind was far behind, so its time went to others.")


def too_dear(family: str, rows: int, folds: int, cores: int, budget: float) -> Decision[bool]:
    """Decide whether a model would take too much of the budget before it could be raced: kernels, by the square of rows.

    Parameters
    ----------
    family : str
    rows : int
        Learned in one fold.
    folds, cores : int
    budget : float
        Seconds; infinite for a budget in trials.
    """
    need = KERNEL_SECONDS * rows**2 * folds / cores
    if family != "kernel" or need <= 4 * DEAR * budget:
        return Decision(False, "")
    return Decision(True, f"On {rows:,} rows it would take about {need:,.0f} s, too much of the {budget:,.0f} s there are.")

"""Who runs on: what a candidate's first folds say about the rest of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from automl_core.experiment import Decision

Array = npt.NDArray[np.float64]
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of the ensemble that are offered to a newcomer."""
DEAR = 0.02
"""Share of the budget from which on a candidate's other folds are worth a look before they are fitted."""


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
    if ensemble is None or not np.isfinite(budget) or need < DEAR * budget:
        return Decision(True, "It is cheap.")
    now = judge(ensemble)
    mixed = max(judge((1 - share) * ensemble + share * newcomer) for share in SHARES)
    if not np.isfinite(now) or mixed > now:
        return Decision(True, "The ensemble gains by it.")
    return Decision(False, "Its first folds add nothing to the models that are there, so its time went to others.")

"""What the scores of a few folds can tell: whether two models differ, how sure a mean is, what choosing the best hides."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def fold_ratio(learned: Sequence[int], judged: Sequence[int]) -> float:
    """Return how many rows are judged for each row that is learned from, as a mean over the folds.

    Parameters
    ----------
    learned, judged : sequence of int
        Rows of each fold; for k folds of equal size the ratio is 1 / (k - 1).
    """
    return float(np.mean([test / max(train, 1) for train, test in zip(learned, judged, strict=True)]))


def corrected_error(values: Sequence[float], ratio: float = 0.0) -> float:
    """Return the standard error of a mean over folds, corrected for folds that learn from the same rows.

    The usual error of a mean takes the folds for independent and is much too small. Nadeau and Bengio, *Inference for the
    generalization error*, Machine Learning 52 (2003), add the ratio of judged to learned rows to 1 / folds.

    Parameters
    ----------
    values : sequence of float
        One for each fold, two at least.
    ratio : float
        Judged rows for each learned one; 0 for that of k folds, 1 / (k - 1).
    """
    count = len(values)
    return float(np.std(values, ddof=1)) * math.sqrt(1 / count + (ratio or 1 / (count - 1)))


def half_width(values: Sequence[float], ratio: float = 0.0, *, level: float = 0.95) -> float:
    """Return how far a mean over folds may be from the truth: half of its interval, by Student's distribution."""
    from scipy.special import stdtrit

    return float(stdtrit(len(values) - 1, (1 + level) / 2)) * corrected_error(values, ratio)


def differ(leader: Sequence[float], others: Sequence[Sequence[float]], ratio: float = 0.0) -> list[float]:
    """Test whether each of several models differs from one, by the corrected resampled t-test of Nadeau and Bengio (2003).

    Parameters
    ----------
    leader : sequence of float
        Its scores on two folds at least.
    others : sequence of sequence of float
        Theirs on the same folds.
    ratio : float
        As for `corrected_error`.

    Returns
    -------
    list of float
        The p-value of each, for both sides, not yet adjusted for their number.
    """
    if not others:
        return []
    gains = np.asarray(leader, dtype=np.float64) - np.asarray(others, dtype=np.float64)
    return [float(value) for value in 2 * _tail(np.abs(gains.mean(axis=1)), gains, ratio).clip(max=0.5)]


def beats(first: Sequence[float], second: Sequence[float], ratio: float = 0.0, *, lead: float = 0.0) -> float:
    """Return the p-value of `first` being above `second` by more than `lead`: the same test with one side."""
    gains = np.asarray([first], dtype=np.float64) - np.asarray([second], dtype=np.float64)
    return float(_tail(gains.mean(axis=1) - lead, gains, ratio)[0])


def _tail(distance: Array, gains: Array, ratio: float) -> Array:
    """Return the chance of a mean gain of `distance` or more, shape (n,), from gains of shape (n, folds)."""
    from scipy.special import stdtr  # Student's distribution; scipy.stats has the same and takes a second to import

    count = gains.shape[1]
    error = gains.std(axis=1, ddof=1) * math.sqrt(1 / count + (ratio or 1 / (count - 1)))
    # The same gain on every fold, but for the last digits: nothing is left to chance.
    error = np.maximum(error, 1e-12 * np.maximum(np.abs(gains).max(axis=1), 1e-300))
    return np.asarray(stdtr(count - 1, -distance / error))


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for testing all of them (Holm, 1979), in the same order."""
    adjusted, highest, count = [0.0] * len(values), 0.0, len(values)
    for rank, place in enumerate(sorted(range(count), key=lambda place: values[place])):
        highest = max(highest, min((count - rank) * values[place], 1.0))
        adjusted[place] = highest
    return adjusted


def selection_bias(scores: Array, chosen: int) -> float:
    """Return by how much the best mean of several models is too good for having been chosen by these scores.

    The estimate of Tibshirani and Tibshirani, *A bias correction for the minimum error rate in cross-validation*, Annals of
    Applied Statistics 3 (2009): on each fold, the score of that fold's own best model less that of the chosen one, averaged.
    It needs no more fits. It errs on the side of caution where many models are alike and folds are small.

    Parameters
    ----------
    scores : ndarray, shape (n_models, n_folds)
        Higher is better.
    chosen : int
        Row of the model with the best mean.

    Returns
    -------
    float
        At least 0, in the unit of the scores.
    """
    return float(np.mean(scores.max(axis=0) - scores[chosen]))

"""MAPIE: how often ranges held, and how wide they are. The only module that imports mapie."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def interval_coverage(truth: Array, low: Array, high: Array) -> tuple[float, float]:
    """Return which share of the values lies inside, and the mean width in the target's unit, infinite where an end is.

    Parameters
    ----------
    truth, low, high : ndarray, shape (n,)
    """
    from mapie.metrics.regression import regression_coverage_score, regression_mean_width_score

    open_ended = not (np.isfinite(low).all() and np.isfinite(high).all())
    # MAPIE takes no infinite ends; the truth itself is as good an end for a row that lies inside in any case.
    ends = np.stack([np.where(np.isfinite(low), low, truth), np.where(np.isfinite(high), high, truth)], axis=1)
    width = float("inf") if open_ended else float(regression_mean_width_score(ends[:, :, None])[0])
    return float(regression_coverage_score(truth, ends)[0]), width


def set_coverage(truth: npt.NDArray[np.int64], inside: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return which share of the labels is in its set, and the mean number of labels in a set.

    Parameters
    ----------
    truth : ndarray of int, shape (n,)
    inside : ndarray of bool, shape (n, n_classes)
    """
    from mapie.metrics.classification import classification_coverage_score, classification_mean_width_score

    covered = classification_coverage_score(truth, inside[:, :, None])
    return float(covered[0]), float(classification_mean_width_score(inside[:, :, None])[0])

"""Intervals of shares and means that need no resampling."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Z = 1.959964


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); the share itself lies inside, also by rounding."""
    if not rows:
        return 0.0, 1.0
    share = hits / rows
    middle = (share + Z * Z / (2 * rows)) / (1 + Z * Z / rows)
    half = Z * np.sqrt(share * (1 - share) / rows + Z * Z / (4 * rows * rows)) / (1 + Z * Z / rows)
    return float(max(min(middle - half, share), 0.0)), float(min(max(middle + half, share), 1.0))


def mean_interval(values: Array) -> tuple[float, float]:
    """Return the 95 % interval of a mean by its standard error."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean
    half = Z * float(values.std(ddof=1)) / np.sqrt(len(values))
    return mean - half, mean + half

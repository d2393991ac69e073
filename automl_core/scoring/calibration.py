"""Probabilities set right after the model: a curve for each label from what was predicted to what came true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
How = Literal["isotonic", "sigmoid"]
TINY = 1e-12


@dataclass(frozen=True)
class Curve:
    """One label's curve: points that are joined by straight lines, or a sigmoid over the log-odds.

    Parameters
    ----------
    x, y : tuple of float
        Predicted probabilities in rising order and what they become; empty for a sigmoid.
    slope, height : float
        Of the straight line over the log-odds; not looked at where there are points.
    """

    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    slope: float = 1.0
    height: float = 0.0

    def apply(self, values: Array) -> Array:
        """Return what probabilities become, shape (n,)."""
        if self.x:
            return np.asarray(np.interp(values, self.x, self.y))
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * log_odds(values) + self.height, -500, 500))))


@dataclass(frozen=True)
class Calibration:
    """How a model's probabilities are set right.

    Parameters
    ----------
    how : How
    curves : tuple of Curve
        One for the event where there are two labels, otherwise one for each label; the results are made to sum to 1.
    """

    how: How
    curves: tuple[Curve, ...]

    def apply(self, values: Array) -> Array:
        """Return calibrated probabilities.

        Parameters
        ----------
        values : ndarray, shape (n, n_classes)
        """
        if not len(values):
            return values
        if len(self.curves) == 1:
            event = self.curves[0].apply(values[:, 1])
            return np.column_stack([1 - event, event])
        found = np.column_stack([curve.apply(values[:, place]) for place, curve in enumerate(self.curves)])
        return np.asarray(found / np.maximum(found.sum(axis=1, keepdims=True), TINY))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        curves = [{"x": list(one.x), "y": list(one.y), "slope": one.slope, "height": one.height} for one in self.curves]
        return {"how": self.how, "curves": curves}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Calibration:
        """Rebuild from `to_dict`'s output; raises KeyError, TypeError or ValueError for damaged data."""
        curves = tuple(
            Curve(
                tuple(float(value) for value in one["x"]),
                tuple(float(value) for value in one["y"]),
                float(one["slope"]),
                float(one["height"]),
            )
            for one in data["curves"]
        )
        return cls(data["how"], curves)


def log_odds(values: Array) -> Array:
    """Return the log-odds of probabilities, those of 0 and 1 kept finite."""
    inside = np.clip(values, TINY, 1 - TINY)
    return np.asarray(np.log(inside / (1 - inside)))

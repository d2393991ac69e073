"""The functions of formulas, over NumPy arrays in which NaN is a missing value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MANY = 10_000


@dataclass(frozen=True)
class Function:
    """One function.

    Parameters
    ----------
    takes : tuple of int
        Fewest and most values it is given.
    compute : callable
        Takes arrays; an aggregate takes known values and gives one number.
    aggregate : bool
        Whether it makes one number of all rows. For `max` and `min` that depends on how many values they are given.
    """

    takes: tuple[int, int]
    compute: Callable[..., Any]
    aggregate: bool = False


def finite(values: Any) -> Array:
    """Return the values with everything that is not a finite number missing."""
    found = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def power(base: Array, exponent: Array) -> Array:
    """Return a power; missing where it is not a finite real number."""
    return finite(np.power(np.asarray(base, dtype=np.float64), exponent))


def _of_known(compute: Callable[[Array], Any]) -> Callable[[Array], float]:
    def aggregate(values: Array) -> float:
        known = values[~np.isnan(values)]
        return float(compute(known)) if len(known) else float("nan")

    return aggregate


def _quantile(values: Array, share: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, share)) if len(known) else float("nan")


def _round(values: Array, digits: Array | float = 0.0) -> Array:
    factor = np.power(10.0, np.clip(np.round(digits), -15, 15))
    return finite(np.round(values * factor) / factor)


def _clip(values: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(values, low), high)


def _least(*values: Array) -> Array:
    found = values[0]
    for other in values[1:]:
        found = np.minimum(found, other)
    return found


def _largest(*values: Array) -> Array:
    found = values[0]
    for other in values[1:]:
        found = np.maximum(found, other)
    return found


AGGREGATES: dict[str, Callable[[Array], float]] = {
    "sum": _of_known(np.sum),
    "mean": _of_known(np.mean),
    "median": _of_known(np.median),
    "max": _of_known(np.max),
    "min": _of_known(np.min),
}
FUNCTIONS: dict[str, Function] = {
    "if": Function((3, 3), np.where),
    "abs": Function((1, 1), np.abs),
    "sqrt": Function((1, 1), np.sqrt),
    "log": Function((1, 1), np.log),
    "exp": Function((1, 1), np.exp),
    "round": Function((1, 2), _round),
    "clip": Function((3, 3), _clip),
    "min": Function((1, MANY), _least),
    "max": Function((1, MANY), _largest),
    "sum": Function((1, 1), AGGREGATES["sum"], True),
    "mean": Function((1, 1), AGGREGATES["mean"], True),
    "median": Function((1, 1), AGGREGATES["median"], True),
    "count": Function((0, 1), np.size, True),
    "share": Function((1, 1), AGGREGATES["mean"], True),
    "quantile": Function((2, 2), _quantile, True),
}

"""The error in each combination of the values of two columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.evaluation.parting import parted
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
FEW = 10
"""Rows of a cell below which no error is shown."""


@dataclass(frozen=True)
class Heat:
    """The error in each combination of the values of two columns.

    Parameters
    ----------
    down, across : tuple of str
        Names of the rows and of the columns of the table.
    errors : tuple of tuple of float or None
        Mean error; None where there are fewer than `FEW` rows.
    rows : tuple of tuple of int
    whole : float
        Error over all rows.
    """

    down: tuple[str, ...]
    across: tuple[str, ...]
    errors: tuple[tuple[float | None, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    whole: float


def heat(error: Array, frame: pd.DataFrame, schema: Schema, down: str, across: str) -> Heat:
    """Compute the mean error in each combination of the values of two columns.

    Raises
    ------
    InputError
        When both are the same column, or one is not there.
    """
    if down == across:
        raise InputError(f"Both columns are {down!r}.", "Two different ones are needed.", "Choose another one.")
    for name in (down, across):
        if name not in frame.columns:
            raise InputError(f"These rows have no column {name!r}.", action="Choose another one.")
    first, names = parted(frame[down], schema[down].kind)
    second, others = parted(frame[across], schema[across].kind)
    cell = first * len(others) + second
    size = len(names) * len(others)
    rows = np.bincount(cell, minlength=size).reshape(len(names), len(others))
    total = np.bincount(cell, weights=error, minlength=size).reshape(len(names), len(others))
    means = [
        [float(t / n) if n >= FEW else None for t, n in zip(line, counts, strict=True)]
        for line, counts in zip(total.tolist(), rows.tolist(), strict=True)
    ]
    return Heat(names, others, tuple(map(tuple, means)), tuple(map(tuple, rows.tolist())), float(error.mean()))

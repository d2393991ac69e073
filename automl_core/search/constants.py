"""What does not vary within a fold, and is therefore of no use there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.profiling.wording import listed
from automl_core.search.division import Division, Ints

GLANCE = 300
"""Learned rows of a fold that are looked at first; a column that varies among them needs no second look."""
WORDS = 500
"""Columns of words that are looked at, at most."""
DOUBTFUL = 50
"""Columns that are looked at as a whole, at most; a table with more is a sparse one, and no news."""


def constant_notes(division: Division, features: pd.DataFrame, y: npt.NDArray[np.float64]) -> list[str]:
    """Say where a fold judges one outcome only, and which columns do not vary among the rows that a fold learns from.

    Columns that do not vary in the whole table are told by its profile, not here.

    Parameters
    ----------
    division : Division
    features : DataFrame, shape (n, n_columns)
    y : ndarray, shape (n,)

    Returns
    -------
    list of str
    """
    notes = []
    flat = [fold for fold in range(division.folds) if _same(y[division.train[division.judged(fold)]])]
    if flat:
        notes.append(
            f"All rows that {_folds(flat)} {'judges' if len(flat) == 1 else 'judge'} have the same target; "
            "a metric that compares outcomes leaves such a fold out."
        )
    found: dict[str, list[int]] = {}
    for fold in range(division.folds):
        learned = division.train[division.learned(fold)]
        for name in _constant(features, learned):
            found.setdefault(name, []).append(fold)
    still = [name for name in found if not _same(features[name].to_numpy())]
    if still:
        places = sorted({fold for name in still for fold in found[name]})
        notes.append(
            f"{listed(still)} {'does' if len(still) == 1 else 'do'} not vary among the rows that {_folds(places)} "
            f"{'learns' if len(places) == 1 else 'learn'} from, and {'is' if len(still) == 1 else 'are'} of no use there."
        )
    return notes


def _folds(numbers: list[int]) -> str:
    names = [str(number + 1) for number in numbers]
    return f"fold {names[0]}" if len(names) == 1 else f"folds {', '.join(names[:-1])} and {names[-1]}"


def _same(values: npt.NDArray[np.generic]) -> bool:
    return len(pd.unique(values)) < 2


def _constant(features: pd.DataFrame, learned: Ints) -> Iterator[str]:
    if not len(learned):
        return
    glance = features.iloc[learned[np.linspace(0, len(learned) - 1, min(GLANCE, len(learned))).astype(int)]]
    numbers = glance.select_dtypes("number")
    cells = numbers.to_numpy(dtype=np.float64)
    flat = ((cells == cells[0]) | (np.isnan(cells) & np.isnan(cells[0]))).all(axis=0)
    doubtful = list(numbers.columns[flat])
    words = [name for name in glance.columns if name not in numbers.columns][:WORDS]
    doubtful += [name for name in words if _same(glance[name].to_numpy())]
    if len(doubtful) <= DOUBTFUL:
        yield from (str(name) for name in doubtful if _same(features[name].to_numpy()[learned]))

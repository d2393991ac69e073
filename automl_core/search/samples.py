"""Samples of a run's rows, each within the next larger one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import ExperimentConfig
from automl_core.search.division import Division

if TYPE_CHECKING:
    from automl_core.search.fitting import FoldWork

Ints = npt.NDArray[np.int64]
LARGEST = 8000
"""Rows of the largest sample; each smaller one has a quarter."""
SMALLEST = 50
TABLE = 100_000
"""Rows of a larger table that are looked at; enough to choose the folds as the run would."""


def sample_sizes(rows: int) -> tuple[int, ...]:
    """Return up to three sizes for a fold that learns from so many rows, each four times the one before."""
    largest = min(rows, LARGEST)
    return tuple(sorted({min(max(largest // part, SMALLEST), largest) for part in (16, 4, 1)}))


def nested_rows(y: npt.NDArray[np.float64], rows: Ints, *, classes: bool, seed: int) -> Ints:
    """Return `rows` shuffled so that every beginning is a sample; two rows of each class come first."""
    order = np.asarray(np.random.default_rng(seed).permutation(rows), dtype=np.int64)
    if not classes:
        return order
    seen: dict[float, int] = {}
    first = np.zeros(len(order), dtype=bool)
    for place, value in enumerate(y[order]):
        seen[value] = seen.get(value, 0) + 1
        first[place] = seen[value] <= 2
    return np.concatenate([order[first], order[~first]])


def sample_work(work: FoldWork, order: Ints, size: int, folder: Path) -> FoldWork:
    """Return a run's data narrowed to a sample: `size` rows are learned from, a quarter as many are judged."""
    judged = order[size : size + max(size // 4, 1)]
    if not len(judged):  # the sample is the whole fold
        judged = order[: max(size // 4, 1)]
    train = np.concatenate([order[:size], judged]).astype(np.int64)
    fold = np.concatenate([np.ones(size), np.zeros(len(judged))]).astype(np.int64)
    sample = copy.copy(work)
    sample.division = Division(work.division.rows, np.array([], dtype=np.int64), train, fold)
    sample.folder = folder
    return sample


def table_sample(frame: pd.DataFrame, config: ExperimentConfig) -> pd.DataFrame:
    """Return a large table's sample, in its own order; some rows of each label are always in it."""
    if len(frame) <= TABLE:
        return frame
    chosen = frame.sample(TABLE, random_state=config.seed).index
    if config.task != "regression" and config.target in frame:
        chosen = chosen.union(frame.groupby(config.target, observed=True, sort=False).head(20).index)
    return frame.loc[frame.index.isin(chosen)]

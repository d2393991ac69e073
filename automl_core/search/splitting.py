"""How rows are divided: the holdout first, then the folds."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig
from automl_core.search.by_group import divide_by_group
from automl_core.search.by_time import divide_by_time
from automl_core.search.copies import Copies
from automl_core.search.division import Division, Ints
from automl_core.search.fold_count import propose_folds, propose_repeats, smallest_label


def divide(
    config: ExperimentConfig,
    y: npt.NDArray[np.float64],
    keys: pd.Series | None,
    rows: Ints,
    copies: Copies | None = None,
    work: float = 1.0,
) -> tuple[Division, list[str]]:
    """Divide the rows.

    Parameters
    ----------
    config : ExperimentConfig
    y : ndarray, shape (n,)
        Class codes or values, none missing.
    keys : Series or None
        The group or time column.
    rows : ndarray, shape (n,)
    copies : Copies, optional
        Equal rows that a random split keeps on one side. Without them, and where no rows are equal, rows are divided one
        by one.
    work : float
        See `work_of`.

    Returns
    -------
    Division
    list of str
        The reasons, and what was adjusted.

    Raises
    ------
    InputError
        When the rows cannot be divided this way; the sentence says what to change.
    """
    labels = None if config.task == "regression" else y.astype(int)
    if config.split.kind == "time" and keys is not None:
        return divide_by_time(config, keys, rows, labels, work=work)
    if config.split.kind == "group" and keys is not None:
        return divide_by_group(config, keys, rows, labels, work=work)
    return _at_random(config, rows, labels, np.arange(len(y)) if copies is None else copies.leader, work)


def _at_random(
    config: ExperimentConfig, rows: Ints, labels: Ints | None, leader: Ints, work: float
) -> tuple[Division, list[str]]:
    """Divide the first of each set of equal rows, stratified by label; the others follow it."""
    positions = np.arange(len(leader))
    firsts = np.flatnonzero(leader == positions)
    single = np.zeros(len(leader), dtype=bool)
    if labels is not None:
        single[firsts] = (np.bincount(labels[firsts]) == 1)[labels[firsts]]
    free = firsts[~single[firsts]]
    holdout = _holdout(config, free, labels)
    left = np.setdiff1d(free, holdout)
    lonely = 0
    if labels is not None:
        # Of many labels chance may keep all rows but one aside; no fold can learn and judge that one.
        several = (np.bincount(labels[left]) > 1)[labels[left]]
        left, lonely = left[several], int((~several).sum())
    sizes = np.bincount(labels[left]) if labels is not None else np.array([len(left)])
    if not len(left) or sizes.max() < 2:
        raise InputError(
            "No label has two rows left to learn from and to judge on.",
            "At least one label needs several rows.",
            "Merge rare labels on the Clean page, keep fewer rows aside, or upload more rows.",
        )
    decision = propose_folds(config, len(left), smallest_label(config, sizes), int(sizes.max()), work=work)
    numbers = np.full(len(leader), -1, dtype=np.int64)
    numbers[left] = _folds(config, decision.value, left, labels, config.seed)
    repeats = propose_repeats(config, len(left), decision.value, work=work)
    again = np.full((repeats.value - 1, len(leader)), -1, dtype=np.int64)
    for repeat in range(1, repeats.value):
        own = _folds(config, decision.value, left, labels, config.seed + repeat)
        again[repeat - 1, left] = own + repeat * decision.value
    aside = np.zeros(len(leader), dtype=bool)
    aside[holdout] = True
    aside, numbers, again = aside[leader], numbers[leader], again[:, leader]
    train = np.flatnonzero(~aside)
    notes = [decision.reason, *([repeats.reason] if repeats.reason else [])]
    if lonely:
        notes.append(
            f"{lonely:,} {'label has' if lonely == 1 else 'labels have'} one row left beside those kept aside. "
            "It is learned from in every fold, and no score counts it."
        )
    more = again[:, train] if len(again) else None
    return Division(rows, np.flatnonzero(aside), train, numbers[train], again=more), notes


def _holdout(config: ExperimentConfig, free: Ints, labels: Ints | None) -> Ints:
    from sklearn.model_selection import train_test_split

    if not config.holdout or not len(free):
        return np.array([], dtype=np.int64)
    stratify = labels[free] if labels is not None else None
    if stratify is not None:
        counts = np.bincount(stratify)
        too_small = min(count for count in counts if count) < 2 or int(len(free) * config.holdout) < len(np.flatnonzero(counts))
        stratify = None if too_small else stratify
    _, chosen = train_test_split(free, test_size=config.holdout, random_state=config.seed, stratify=stratify)
    return np.sort(chosen)


def _folds(config: ExperimentConfig, folds: int, left: Ints, labels: Ints | None, seed: int) -> Ints:
    from sklearn.model_selection import KFold, StratifiedKFold

    if labels is not None:
        splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(left, labels[left])
    else:
        splits = KFold(folds, shuffle=True, random_state=seed).split(left)
    numbers = np.zeros(len(left), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # classes smaller than the folds were announced already
        for number, (_, judged) in enumerate(splits):
            numbers[judged] = number
    return numbers

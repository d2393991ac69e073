"""How rows are divided: the holdout first, then the folds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import Decision, ExperimentConfig

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Division:
    """Which rows are learned from and judged on.

    Parameters
    ----------
    rows : ndarray, shape (n,)
        Row of the dataset for each position in the cleaned table.
    holdout : ndarray
        Positions that the search never sees.
    train : ndarray, shape (n_train,)
        Positions of all others.
    fold : ndarray, shape (n_train,)
        Number of the fold in which the row is judged; -1 for rows that are only learned from.
    forward : bool
        Whether a fold learns only from rows of earlier folds (split by time).
    """

    rows: Ints
    holdout: Ints
    train: Ints
    fold: Ints
    forward: bool = False

    @property
    def folds(self) -> int:
        """Number of folds."""
        return int(self.fold.max()) + 1

    def learned(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold learns from."""
        if self.forward:
            return np.flatnonzero(self.fold < fold)
        return np.flatnonzero(self.fold != fold)

    def judged(self, fold: int) -> Ints:
        """Return the indices into `train` that one fold is judged on."""
        return np.flatnonzero(self.fold == fold)

    def save(self, path: Path) -> None:
        """Write the division."""
        from automl_core.workspace import atomic_file

        with atomic_file(path) as file:
            np.savez(file, rows=self.rows, holdout=self.holdout, train=self.train, fold=self.fold, forward=[self.forward])

    @classmethod
    def load(cls, path: Path) -> Division:
        """Read a division."""
        with np.load(path) as data:
            return cls(data["rows"], data["holdout"], data["train"], data["fold"], bool(data["forward"][0]))


def propose_folds(config: ExperimentConfig, rows: int, smallest_class: int, largest_class: int) -> Decision[int]:
    """Return the number of folds by rows, smallest and largest class and budget, with the reason."""
    if config.folds:
        folds, reason = config.folds, "as you chose"
    elif rows > 50_000 or (rows > 20_000 and config.budget.seconds < 120):
        folds, reason = 3, f"{rows:,} rows are enough for each fold, and time is better spent on more models"
    elif config.preset == "best" and config.budget.seconds >= 120:
        folds, reason = 8, "more folds learn from more rows, and the budget allows it"
    else:
        folds, reason = 5, "the usual balance of time and reliable scores"
    if 2 <= smallest_class < folds:
        folds, reason = max(2, smallest_class), f"the smallest class has only {smallest_class} rows"
    if largest_class < folds:
        folds, reason = largest_class, f"no class has more than {largest_class} rows"
    return Decision(folds, f"{folds} folds: {reason}.")


def divide(
    config: ExperimentConfig, y: npt.NDArray[np.float64], keys: pd.Series | None, rows: Ints
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

    Returns
    -------
    Division
    list of str
        The reasons, and what was adjusted.
    """
    positions = np.arange(len(y))
    if config.split.kind == "time" and keys is not None:
        return _by_time(config, keys, rows)
    labels = None if config.task == "regression" else y.astype(int)
    counts = np.bincount(labels) if labels is not None else np.array([len(y)])
    single = np.isin(labels, np.flatnonzero(counts == 1)) if labels is not None else np.zeros(len(y), bool)
    free = positions[~single]
    holdout = _holdout(config, free, labels, keys)
    left = np.setdiff1d(free, holdout)
    sizes = np.bincount(labels[left]) if labels is not None else np.array([len(left)])
    if not len(left) or sizes.max() < 2:
        raise InputError(
            "No label has two rows left to learn from and to judge on.",
            "At least one label needs several rows.",
            "Merge rare labels on the Clean page, keep fewer rows aside, or upload more rows.",
        )
    decision = propose_folds(config, len(left), int(sizes[sizes > 0].min()), int(sizes.max()))
    numbers = _folds(config, decision.value, left, y, labels, keys)
    train = np.sort(np.concatenate([left, positions[single]])).astype(np.int64)
    fold = np.full(len(train), -1)
    fold[np.searchsorted(train, left)] = numbers
    return Division(rows, holdout.astype(np.int64), train, fold.astype(np.int64)), [decision.reason]


def _holdout(config: ExperimentConfig, free: Ints, labels: Ints | None, keys: pd.Series | None) -> Ints:
    from sklearn.model_selection import GroupShuffleSplit, train_test_split

    if not config.holdout:
        return np.array([], dtype=np.int64)
    if config.split.kind == "group" and keys is not None:
        splitter = GroupShuffleSplit(1, test_size=config.holdout, random_state=config.seed)
        _, chosen = next(splitter.split(free, groups=keys.iloc[free].astype(str)))
        return np.sort(free[chosen])
    stratify = labels[free] if labels is not None else None
    if stratify is not None:
        counts = np.bincount(stratify)
        too_small = min(count for count in counts if count) < 2 or int(len(free) * config.holdout) < len(np.flatnonzero(counts))
        stratify = None if too_small else stratify
    _, chosen = train_test_split(free, test_size=config.holdout, random_state=config.seed, stratify=stratify)
    return np.sort(chosen)


def _folds(
    config: ExperimentConfig,
    folds: int,
    left: Ints,
    y: npt.NDArray[np.float64],
    labels: Ints | None,
    keys: pd.Series | None,
) -> Ints:
    import warnings

    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    if config.split.kind == "group" and keys is not None:
        groups = keys.iloc[left].astype(str)
        splits = GroupKFold(min(folds, groups.nunique())).split(left, groups=groups)
    elif labels is not None:
        splits = StratifiedKFold(folds, shuffle=True, random_state=config.seed).split(left, labels[left])
    else:
        splits = KFold(folds, shuffle=True, random_state=config.seed).split(left)
    numbers = np.zeros(len(left), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # classes smaller than the folds were announced already
        for number, (_, judged) in enumerate(splits):
            numbers[judged] = number
    return numbers


def _by_time(config: ExperimentConfig, keys: pd.Series, rows: Ints) -> tuple[Division, list[str]]:
    """Hold the latest rows out; folds are blocks of time, each learned from all earlier rows."""
    known = keys.notna().to_numpy()
    order = np.flatnonzero(known)[np.argsort(keys.to_numpy()[known], kind="stable")]
    kept = round(len(order) * (1 - config.holdout))
    holdout, left = order[kept:], order[:kept]
    folds = config.folds or (3 if len(left) > 50_000 else 5)
    if len(left) < 2 * (folds + 1):
        raise InputError(
            f"Only {len(left)} rows have a time and are not kept aside.",
            f"{folds} folds by time need at least {2 * (folds + 1)}.",
            "Choose fewer folds, keep fewer rows aside, or split at random.",
        )
    blocks = np.array_split(left, folds + 1)  # the first block is only learned from
    number = np.full(len(keys), -1)
    for index, block in enumerate(blocks[1:]):
        number[block] = index
    train = np.sort(left).astype(np.int64)
    notes = [f"{folds} folds by time: each learns from all earlier rows and is judged on the next ones."]
    notes.append("The exported model is that of the last fold, which learned from the longest past; the newest rows judge it.")
    if (~known).any():
        notes.append(f"{int((~known).sum()):,} rows without a time are left out.")
    return Division(rows, np.sort(holdout).astype(np.int64), train, number[train].astype(np.int64), True), notes

"""Folds of whole groups, stratified where the labels allow it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig
from automl_core.profiling.wording import counted, quoted
from automl_core.search.division import Division, Ints
from automl_core.search.fold_count import propose_folds

Bools = npt.NDArray[np.bool_]
DRAWS = 20
"""Ways of drawing the rows kept aside, and of dealing groups into folds, of which the most even one is taken."""
ROWS = 50_000
"""Rows that the splitters are given at most."""
FEW_GROUPS = 500
"""Up to here groups are dealt one by one, which takes 0.2 ms a group and fold; more are even enough when dealt by stratum."""


def divide_by_group(
    config: ExperimentConfig, keys: pd.Series, rows: Ints, labels: Ints | None, *, work: float = 1.0
) -> tuple[Division, list[str]]:
    """Keep every group on one side, for the rows kept aside and for each fold.

    Parameters
    ----------
    config : ExperimentConfig
    keys : Series, shape (n,)
        The group column; rows without a value are one group.
    rows : ndarray, shape (n,)
    labels : ndarray of int, shape (n,), or None
        Class codes; None for regression.

    Returns
    -------
    Division
    list of str
        What was done and adjusted.

    Raises
    ------
    InputError
        When there are too few groups to learn from some and to judge others.
    """
    name = quoted(config.split.column)
    rng = np.random.default_rng(config.seed)
    codes = pd.factorize(keys, use_na_sentinel=False)[0]
    codes = rng.permutation(codes.max() + 1)[codes]
    notes = []
    missing = int(keys.isna().sum())
    if missing:
        notes.append(f"{missing:,} rows without a value in {name} are kept together as one group.")
    pairs = _pairs(codes, labels)
    picked = _pick_aside(config, pairs, rng)
    aside = picked[codes]
    pairs = pairs.without(picked)
    lonely = np.flatnonzero(np.bincount(pairs.label) == 1) if labels is not None else np.array([], dtype=np.int64)
    if len(lonely):
        alone = np.zeros(len(picked), dtype=bool)
        alone[pairs.group[np.isin(pairs.label, lonely)]] = True
        pairs = pairs.without(alone)
        notes.append(
            f"{counted(len(lonely), 'label occurs', 'labels occur')} in one group only, which cannot be learned and judged at "
            "once: such groups are learned from in every fold, and no score counts them."
        )
    _check_enough(pairs, labels is not None, name)
    folds, reason = _folds(config, pairs, labels is not None, name, work)
    notes.insert(0, reason)
    fold_of = np.full(len(picked), -1, dtype=np.int64)
    fold_of[np.unique(pairs.group)] = _deal(pairs, labels is not None, folds, rng)
    left = np.flatnonzero(~aside)
    fold = fold_of[codes[left]]
    if labels is not None:
        fold, dropped = _learnable(fold, labels[left], folds)
        if dropped:
            notes.append(f"{counted(dropped, 'fold is', 'folds are')} not judged, since all other rows have the same label.")
        if folds - dropped < 2:
            raise _too_few_labels(name)
    return Division(rows, np.flatnonzero(aside), left, fold), notes


@dataclass(frozen=True)
class _Pairs:
    """Which labels occur in which groups, and how often; one label for regression."""

    label: Ints
    group: Ints
    count: Ints

    def without(self, groups: Bools) -> _Pairs:
        """Return the pairs of the other groups."""
        kept = ~groups[self.group]
        return _Pairs(self.label[kept], self.group[kept], self.count[kept])


def _pairs(codes: Ints, labels: Ints | None) -> _Pairs:
    width = int(codes.max()) + 1
    both, count = np.unique(codes if labels is None else labels * width + codes, return_counts=True)
    return _Pairs(both // width, both % width, count)


def _too_few_labels(name: str) -> InputError:
    return InputError(
        f"Only one label or none occurs in two groups of {name}.",
        "Two labels must each occur in two groups, so that one is learned and the other judged.",
        "Choose another group column, keep fewer rows aside, or split at random.",
    )


def _check_enough(pairs: _Pairs, labelled: bool, name: str) -> None:
    """Refuse rows in which no group could judge what another one taught."""
    if labelled and len(np.unique(pairs.label)) < 2:
        raise _too_few_labels(name)
    groups = len(np.unique(pairs.group))
    if groups < 2:
        raise InputError(
            f"{counted(groups, 'group', 'groups')} of {name} {'is' if groups == 1 else 'are'} left to learn from and to judge.",
            "At least 2 are needed.",
            "Choose another group column, keep fewer rows aside, or split at random.",
        )


def _pick_aside(config: ExperimentConfig, pairs: _Pairs, rng: np.random.Generator) -> Bools:
    """Draw whole groups until their rows are about the share to keep aside; the draw whose labels are most even is taken."""
    sizes = np.bincount(pairs.group, weights=pairs.count)
    best, chosen = np.inf, np.zeros(len(sizes), dtype=bool)
    whole = np.bincount(pairs.label, weights=pairs.count)
    for _ in range((DRAWS if len(sizes) <= FEW_GROUPS else 3) if config.holdout else 0):
        order = rng.permutation(len(sizes))
        take = int(np.abs(np.cumsum(sizes[order]) - config.holdout * sizes.sum()).argmin()) + 1
        picked = np.zeros(len(sizes), dtype=bool)
        picked[order[: min(take, max(len(sizes) - 2, 1))]] = True
        gone = picked[pairs.group]
        part = np.bincount(pairs.label[gone], weights=pairs.count[gone], minlength=len(whole))
        left = np.bincount(pairs.label[~gone], minlength=len(whole))
        off = abs(part.sum() / whole.sum() - config.holdout)
        off += float(np.abs(part[whole > 0] / whole[whole > 0] - config.holdout).mean())
        off += int((left[whole > 0] < 2).sum())  # a label of one group cannot be learned and judged
        if off < best:
            best, chosen = off, picked
    return chosen


def _folds(config: ExperimentConfig, pairs: _Pairs, labelled: bool, name: str, work: float) -> tuple[int, str]:
    """Return the number of folds: what rows and budget suggest, and no more than there are groups with each label."""
    groups, sizes = len(np.unique(pairs.group)), np.bincount(pairs.label, weights=pairs.count)
    decision = propose_folds(config, int(sizes.sum()), int(sizes[sizes > 0].min()), int(sizes.max()), work=work)
    folds, reason = decision.value, decision.reason
    if folds > groups:
        folds, reason = groups, f"{groups} folds: {name} has only {groups} groups to divide."
    each = np.bincount(pairs.label)
    rarest = max(int(each[each > 0].min()), 2)
    if labelled and folds > rarest:
        folds, reason = rarest, f"{rarest} folds: one label occurs in only {rarest} groups of {name}."
    return folds, reason


def _deal(pairs: _Pairs, labelled: bool, folds: int, rng: np.random.Generator) -> Ints:
    """Return the fold of every group, in the order of their numbers.

    Few groups go one by one where they fit best (`StratifiedGroupKFold`, `GroupKFold`). Its own shuffling is not used: in
    scikit-learn 1.4 it forgets which group has which labels; the groups' numbers are permuted instead. Many groups are
    dealt by the rarest label in each (`StratifiedKFold` of groups), which is even enough and a thousand times as fast.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold

    place = np.unique(pairs.group, return_inverse=True)[1]
    groups = int(place.max()) + 1
    if labelled and groups > FEW_GROUPS:
        rank = np.argsort(np.argsort(np.bincount(pairs.label)))
        order = np.lexsort((rank[pairs.label], place))
        rarest = pairs.label[order][np.r_[0, np.flatnonzero(np.diff(place[order])) + 1]]
        return _numbers(StratifiedKFold(folds, shuffle=True, random_state=int(rng.integers(2**31))), rarest, None, folds)
    # The splitters want rows; a thousandth of a large table has the same shares.
    times = np.ceil(pairs.count / max(pairs.count.sum() / ROWS, 1)).astype(int)
    label, where = np.repeat(pairs.label, times), np.repeat(place, times)
    first = np.unique(where, return_index=True)[1]
    best, chosen = np.inf, np.zeros(groups, dtype=np.int64)
    for _ in range(DRAWS if labelled else 1):
        dealt = rng.permutation(groups)[where]
        fold = _numbers(StratifiedGroupKFold(folds) if labelled else GroupKFold(folds), label, dealt, folds)[first]
        table = np.zeros((folds, int(pairs.label.max()) + 1))
        np.add.at(table, (fold[place], pairs.label), 1)
        present = table[:, table.sum(0) > 0]
        lacking = int(((present == 0) | (present == present.sum(0))).sum())
        if lacking < best:
            best, chosen = lacking, fold
        if not best:
            break
    return chosen


def _numbers(splitter: Any, labels: Ints, groups: Ints | None, folds: int) -> Ints:
    numbers = np.zeros(len(labels), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # labels of fewer rows than folds were announced already
        for number, (_, judged) in enumerate(splitter.split(labels, labels, groups)):
            numbers[judged] = number
    return numbers


def _learnable(fold: Ints, labels: Ints, folds: int) -> tuple[Ints, int]:
    """Return the folds without those whose other rows all have the same label, and how many these were."""
    kept = [number for number in range(folds) if len(np.unique(labels[fold != number])) > 1]
    renumbered = np.full(len(fold), -1, dtype=np.int64)
    for new, old in enumerate(kept):
        renumbered[fold == old] = new
    return renumbered, folds - len(kept)

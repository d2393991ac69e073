"""Folds of whole groups: nothing of a group on both sides, and labels in every fold where they allow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig, Split
from automl_core.search import by_group
from automl_core.search.by_group import divide_by_group
from automl_core.search.division import Division

BINARY = ExperimentConfig("y", "binary", "roc_auc", "1", split=Split("group", "k"), holdout=0.2, folds=5)


def divided(config: ExperimentConfig, keys, labels) -> tuple[Division, list[str]]:
    series = pd.Series(keys, name="k")
    division, notes = divide_by_group(config, series, np.arange(len(series)), None if labels is None else np.asarray(labels))
    codes = pd.factorize(series, use_na_sentinel=False)[0]
    sides = [(division.train, division.holdout)]
    sides += [(division.train[division.learned(k)], division.train[division.judged(k)]) for k in range(division.folds)]
    for learned, judged in sides:
        assert not set(codes[learned]) & set(codes[judged])
    return division, notes


def test_groups_are_never_on_both_sides_and_labels_are_even() -> None:
    keys = np.repeat(np.arange(40), 5)
    labels = (keys % 4 == 0).astype(int)  # a group has one label
    division, notes = divided(replace(BINARY, folds=5), keys, labels)
    assert len(division.holdout) == 40
    assert labels[division.holdout].sum() == 10
    assert notes == ["5 folds: as asked for."]
    for fold in range(5):
        judged = labels[division.train[division.judged(fold)]]
        assert len(judged) in (30, 35) and judged.sum() in (5, 10)


def test_the_same_seed_gives_the_same_folds_and_another_one_others() -> None:
    keys, labels = np.repeat(np.arange(40), 5), np.arange(200) % 2
    first, again, other = (divided(replace(BINARY, seed=seed), keys, labels)[0] for seed in (1, 1, 2))
    assert first.fold.tolist() == again.fold.tolist() and first.holdout.tolist() == again.holdout.tolist()
    assert first.holdout.tolist() != other.holdout.tolist()


def test_large_and_small_groups_keep_about_the_asked_share_aside() -> None:
    """Regression: the share was one of groups, so that a large group could be half of the rows."""
    keys = np.repeat(np.arange(30), [200, *[10] * 29])
    division, _ = divided(replace(BINARY, task="regression"), keys, None)
    assert len(division.holdout) / len(keys) == pytest.approx(0.2, abs=0.01)


def test_many_groups_are_dealt_by_their_rarest_label(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_group, "FEW_GROUPS", 50)
    keys = np.repeat(np.arange(200), 4)
    labels = np.zeros(800, dtype=int)
    labels[::40] = 1  # one row of every tenth group
    division, _ = divided(replace(BINARY, folds=5), keys, labels)
    found = [int(labels[division.train[division.judged(fold)]].sum()) for fold in range(5)]
    assert min(found) >= 2 and max(found) - min(found) <= 1


def test_rows_without_a_group_stay_together() -> None:
    keys = np.r_[np.full(6, np.nan), np.repeat(np.arange(20.0), 5)]
    division, notes = divided(BINARY, keys, np.arange(106) % 2)
    assert notes[-1] == "6 rows without a value in 'k' are kept together as one group."
    assert len({tuple(np.isin(range(6), part)) for part in (division.train, division.holdout)}) == 2


def test_fewer_groups_than_folds_give_fewer_folds() -> None:
    """Regression: there were fewer folds than the run said."""
    division, notes = divided(replace(BINARY, task="regression"), np.repeat(np.arange(5), 8), None)
    assert division.folds == 4
    assert notes == ["4 folds: 'k' has only 4 groups to divide."]


def test_a_label_of_few_groups_gives_fewer_folds() -> None:
    keys = np.repeat(np.arange(30), 4)
    labels = (keys < 3).astype(int)
    division, notes = divided(replace(BINARY, holdout=0.0), keys, labels)
    assert division.folds == 3
    assert notes == ["3 folds: one label occurs in only 3 groups of 'k'."]
    for fold in range(3):
        assert labels[division.train[division.judged(fold)]].sum() == 4


def test_a_label_of_one_group_is_learned_from_and_never_judged() -> None:
    keys = np.repeat(np.arange(30), 4)
    labels = np.where(keys == 7, 2, keys % 2)
    division, notes = divided(replace(BINARY, task="multiclass", holdout=0.0), keys, labels)
    assert (division.fold[keys == 7] == -1).all()
    assert notes[-1] == (
        "1 label occurs in one group only, which cannot be learned and judged at once: such groups are learned from in every "
        "fold, and no score counts them."
    )


@pytest.mark.parametrize(
    ("keys", "labels", "sentence"),
    [
        (
            np.repeat(np.arange(4), 10),
            np.repeat([0, 0, 0, 1], 10),
            "Only one label or none occurs in two groups of 'k'. Two labels must each occur in two groups, so that one is "
            "learned and the other judged. Choose another group column, keep fewer rows aside, or split at random.",
        ),
        (
            np.repeat([0, 1], 20),
            None,
            "1 group of 'k' is left to learn from and to judge. At least 2 are needed. "
            "Choose another group column, keep fewer rows aside, or split at random.",
        ),
    ],
)
def test_what_cannot_be_divided_by_group_is_refused_in_a_sentence(keys, labels, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        divided(BINARY if labels is not None else replace(BINARY, task="regression"), keys, labels)
    assert str(refused.value) == sentence

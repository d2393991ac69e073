"""How rows are divided: exact properties of every split, and what cannot be divided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig, Split
from automl_core.search.splitting import Division, divide, propose_folds

BINARY = ExperimentConfig("y", "binary", "roc_auc", "1", holdout=0.2)


def split(config: ExperimentConfig, y, keys=None) -> Division:
    values = np.asarray(y, dtype=float)
    division, notes = divide(config, values, None if keys is None else pd.Series(keys), np.arange(len(values)) + 100)
    assert all(notes)
    everything = np.concatenate([division.holdout, division.train])
    assert len(np.unique(everything)) == len(everything)
    for fold in range(division.folds):
        assert not set(division.learned(fold)) & set(division.judged(fold))
    return division


def test_random_splits_keep_the_shares_of_the_labels() -> None:
    y = np.array([0] * 80 + [1] * 20)
    division = split(BINARY, y)
    assert len(division.holdout) == 20 and y[division.holdout].sum() == 4
    assert division.folds == 5
    for fold in range(5):
        assert y[division.train][division.judged(fold)].mean() == pytest.approx(0.2, abs=0.06)


def test_groups_are_never_on_both_sides() -> None:
    keys = np.repeat(np.arange(20), 5)
    y = np.tile([0, 1, 0, 1, 1], 20)
    division = split(replace(BINARY, split=Split("group", "k")), y, keys)
    assert not set(keys[division.holdout]) & set(keys[division.train])
    for fold in range(division.folds):
        assert not set(keys[division.train][division.learned(fold)]) & set(keys[division.train][division.judged(fold)])


def test_by_time_the_past_is_learned_and_the_future_judged() -> None:
    days = np.random.default_rng(0).permutation(120)
    division = split(replace(BINARY, split=Split("time", "k")), np.arange(120) % 2, days)
    assert division.forward
    assert days[division.train].max() < days[division.holdout].min()
    times = days[division.train]
    for fold in range(division.folds):
        assert times[division.learned(fold)].max() < times[division.judged(fold)].min()


def test_a_label_with_one_row_is_learned_from_and_never_judged() -> None:
    y = np.array([0] * 20 + [1] * 20 + [2])
    division = split(replace(BINARY, task="multiclass"), y)
    place = int(np.flatnonzero(division.train == 40)[0])
    assert division.fold[place] == -1
    assert all(place in division.learned(fold) for fold in range(division.folds))


def test_when_every_label_is_rare_there_are_fewer_folds() -> None:
    """Regression: labels of three rows each ended in an error of the library."""
    division = split(replace(BINARY, task="multiclass", holdout=0.0), np.repeat(np.arange(10), 3))
    assert division.folds == 3
    assert propose_folds(BINARY, 30, 1, 3).reason == "3 folds: no class has more than 3 rows."


def test_labels_of_one_row_each_are_refused() -> None:
    with pytest.raises(InputError, match="No label has two rows left"):
        split(replace(BINARY, task="multiclass", holdout=0.0), np.arange(12))


def test_too_few_rows_by_time_are_refused() -> None:
    with pytest.raises(InputError, match="5 folds by time need at least 12"):
        split(replace(BINARY, split=Split("time", "k")), [0, 1] * 6, np.arange(12))


def test_a_division_survives_the_disk(tmp_path) -> None:
    division = split(BINARY, [0, 1] * 30)
    division.save(tmp_path / "split.npz")
    again = Division.load(tmp_path / "split.npz")
    assert again.train.tolist() == division.train.tolist() and again.fold.tolist() == division.fold.tolist()
    assert again.forward == division.forward

"""How rows are divided: exact properties of every split, and what cannot be divided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.experiment import Budget, ExperimentConfig, Split
from automl_core.search.copies import Copies
from automl_core.search.division import Division
from automl_core.search.fold_count import propose_folds, propose_repeats, smallest_label
from automl_core.search.splitting import divide

BINARY = ExperimentConfig("y", "binary", "roc_auc", "1", holdout=0.2, folds=5)


def noted(config: ExperimentConfig, y, keys=None) -> tuple[Division, list[str]]:
    values = np.asarray(y, dtype=float)
    return divide(config, values, None if keys is None else pd.Series(keys, name="k"), np.arange(len(values)) + 100)


def split(config: ExperimentConfig, y, keys=None) -> Division:
    division, notes = noted(config, y, keys)
    assert all(notes)
    everything = np.concatenate([division.holdout, division.train])
    assert len(np.unique(everything)) == len(everything)
    for fold in range(division.folds):
        assert not set(division.learned(fold)) & set(division.judged(fold))
    return division


def test_random_splits_keep_the_shares_of_the_labels() -> None:
    y = np.array([0] * 80 + [1] * 20)
    division = split(replace(BINARY, folds=5), y)
    assert len(division.holdout) == 20 and y[division.holdout].sum() == 4
    assert division.folds == 5
    for fold in range(5):
        assert y[division.train][division.judged(fold)].mean() == pytest.approx(0.2, abs=0.06)


def test_without_copies_rows_are_divided_as_scikit_learn_does() -> None:
    """Scores that were compared with other tools on the same folds stay comparable."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    y = np.array([0] * 80 + [1] * 20)
    division = split(replace(BINARY, folds=5, seed=7), y)
    _, aside = train_test_split(np.arange(100), test_size=0.2, random_state=7, stratify=y)
    assert division.holdout.tolist() == sorted(aside)
    left = np.setdiff1d(np.arange(100), aside)
    for fold, (_, judged) in enumerate(StratifiedKFold(5, shuffle=True, random_state=7).split(left, y[left])):
        assert division.judged(fold).tolist() == judged.tolist()


def test_a_small_table_is_divided_twice() -> None:
    y = np.array([0] * 80 + [1] * 20)
    division, notes = noted(replace(BINARY, folds=0, holdout=0.0, budget=Budget(60)), y)
    assert (division.repeats, division.each, division.folds) == (2, 8, 16)
    assert notes[1] == "Divided twice: 100 rows are few, so chance decides less when each is judged in two divisions."
    assert sorted(np.concatenate([division.judged(fold) for fold in range(8)])) == list(range(100))
    assert sorted(np.concatenate([division.judged(fold) for fold in range(8, 16)])) == list(range(100))
    assert division.judged(0).tolist() != division.judged(8).tolist()
    for fold in range(16):
        assert sorted([*division.learned(fold), *division.judged(fold)]) == list(range(100))
        assert np.flatnonzero(division.layers == fold).tolist() == [place + 100 * (fold // 8) for place in division.judged(fold)]
    assert division.places.tolist() == 2 * list(range(100))


def test_a_second_division_is_kept(tmp_path: Path) -> None:
    division, _ = noted(replace(BINARY, folds=0, budget=Budget(60)), np.array([0] * 80 + [1] * 20))
    division.save(tmp_path / "split.npz")
    assert Division.load(tmp_path / "split.npz").layers.tolist() == division.layers.tolist()


@pytest.mark.parametrize(
    ("changes", "rows", "repeats"),
    [
        ({}, 400, 2),
        ({}, 401, 1),  # 150 s for 1,000 rows are 60 s for 400
        ({"folds": 5}, 100, 1),  # what a person asks for is what is done
        ({"preset": "quick"}, 100, 1),
        ({"budget": Budget(60, 20)}, 100, 1),  # trials are counted
    ],
)
def test_when_rows_are_divided_twice(changes, rows, repeats) -> None:
    config = replace(BINARY, folds=0, budget=Budget(60))
    assert propose_repeats(replace(config, **changes), rows, 8).value == repeats


def test_rare_labels_have_no_say_where_the_metric_does_not_mind() -> None:
    labels = ExperimentConfig("y", "multiclass", "log_loss")
    sizes = np.array([500, 400, 4, 0])
    assert smallest_label(labels, sizes) == 400
    assert smallest_label(replace(labels, metric="roc_auc"), sizes) == 4
    assert smallest_label(labels, np.array([50, 40, 4])) == 4  # one in twenty-four is not rare


def test_copies_follow_the_first_of_them() -> None:
    leader = np.arange(60)
    leader[40:50] = np.arange(10)  # ten rows that were entered twice
    y = (np.arange(60) % 2)[leader].astype(float)
    division, _ = divide(replace(BINARY, folds=5), y, None, np.arange(60), Copies(leader))
    side = np.full(60, -2)
    side[division.train] = division.fold
    assert (side[40:50] == side[:10]).all()
    assert len(set(side.tolist())) == 6


def test_a_label_of_copies_only_is_learned_from_and_never_judged() -> None:
    leader = np.arange(40)
    leader[31:34] = 30
    y = np.array([0, 1] * 15 + [2] * 4 + [0, 1] * 3, dtype=float)
    division, _ = divide(replace(BINARY, task="multiclass"), y, None, np.arange(40), Copies(leader))
    assert division.fold[np.isin(division.train, [30, 31, 32, 33])].tolist() == [-1] * 4


def test_folds_with_a_gap_survive_the_disk(tmp_path) -> None:
    division = split(replace(BINARY, split=Split("time", "k", 5)), np.arange(120) % 2, np.arange(120))
    division.save(tmp_path / "split.npz")
    again = Division.load(tmp_path / "split.npz")
    for fold in range(5):
        assert again.learned(fold).tolist() == division.learned(fold).tolist()


def test_a_division_by_time_of_an_earlier_version_is_read(tmp_path) -> None:
    np.savez(tmp_path / "split.npz", rows=[0, 1, 2, 3], holdout=[3], train=[0, 1, 2], fold=[-1, 0, 1], forward=[True])
    division = Division.load(tmp_path / "split.npz")
    assert [division.learned(fold).tolist() for fold in range(2)] == [[0], [0, 1]]


def test_a_label_with_one_row_is_learned_from_and_never_judged() -> None:
    y = np.array([0] * 20 + [1] * 20 + [2])
    division = split(replace(BINARY, task="multiclass"), y)
    place = int(np.flatnonzero(division.train == 40)[0])
    assert division.fold[place] == -1
    assert all(place in division.learned(fold) for fold in range(division.folds))


def test_a_label_with_one_row_left_beside_those_kept_aside_is_never_judged() -> None:
    """Regression: a fold judged labels that it had not learned, and a baseline's log loss was 8 instead of 7."""
    y = np.arange(300) % 100
    division, notes = noted(replace(BINARY, task="multiclass"), y)
    left = np.bincount(y[division.train], minlength=100)
    assert (division.fold[left[y[division.train]] == 1] == -1).all()
    lonely = int((left == 1).sum())
    assert notes == [
        "2 folds: the smallest class has only 2 rows.",
        f"{lonely} labels have one row left beside those kept aside. It is learned from in every fold, and no score counts it.",
    ]
    for fold in range(2):
        assert set(y[division.train[division.judged(fold)]]) <= set(y[division.train[division.learned(fold)]])


def test_when_every_label_is_rare_there_are_fewer_folds() -> None:
    """Regression: labels of three rows each ended in an error of the library."""
    division = split(replace(BINARY, task="multiclass", holdout=0.0), np.repeat(np.arange(10), 3))
    assert division.folds == 3
    assert propose_folds(BINARY, 30, 1, 3).reason == "3 folds: no class has more than 3 rows."


def test_labels_of_one_row_each_are_refused() -> None:
    with pytest.raises(InputError, match="No label has two rows left"):
        split(replace(BINARY, task="multiclass", holdout=0.0), np.arange(12))


def test_a_division_survives_the_disk(tmp_path) -> None:
    division = split(BINARY, [0, 1] * 30)
    division.save(tmp_path / "split.npz")
    again = Division.load(tmp_path / "split.npz")
    assert again.train.tolist() == division.train.tolist() and again.fold.tolist() == division.fold.tolist()
    assert again.forward == division.forward

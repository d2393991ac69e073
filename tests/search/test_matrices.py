"""Prepared rows come back as they were written: doubles below a size, single precision above it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from automl_core.search import matrices
from automl_core.search.matrices import blocks_of, is_heavy, is_single, load_matrix, save_matrix


def test_a_small_matrix_keeps_its_doubles(tmp_path: Path) -> None:
    values = np.array([[0.1, 1.0], [np.nan, 3.0], [1e300, 5.0]])
    assert save_matrix(tmp_path / "x.npy", 3, [values[:2], values[2:]])
    assert np.array_equal(np.load(tmp_path / "x.npy"), values, equal_nan=True)
    for exact in (False, True):
        found = load_matrix(tmp_path / "x.npy", exact=exact)
        assert found.dtype == np.float64
        assert np.array_equal(found, values, equal_nan=True)


def test_a_large_matrix_is_kept_in_single_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "WIDE", 4)
    monkeypatch.setattr(matrices, "BLOCK", 2)
    values = np.array([[0.1, 1.0], [2.0, 3.0], [4.0, 5.0]])
    assert not save_matrix(tmp_path / "x.npy", 3, [values[block] for block in blocks_of(3)])
    single, exact = load_matrix(tmp_path / "x.npy", exact=False), load_matrix(tmp_path / "x.npy", exact=True)
    assert (single.dtype, exact.dtype) == (np.float32, np.float64)
    assert single.tolist() == exact.tolist() == values.astype(np.float32).tolist()
    single[0, 0] = 7  # a fit may write into its own
    assert load_matrix(tmp_path / "x.npy", exact=False)[0, 0] == np.float32(0.1)


def test_judged_rows_have_the_precision_of_the_learned_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrices, "WIDE", 4)
    save_matrix(tmp_path / "x.npy", 1, [np.array([[0.1, 1.0]])], like=3)
    assert np.load(tmp_path / "x.npy").dtype == np.float32


def test_no_rows_are_one_empty_block(tmp_path: Path) -> None:
    assert list(blocks_of(0)) == [slice(0, 0)]
    save_matrix(tmp_path / "x.npy", 0, [np.empty((0, 3))])
    assert load_matrix(tmp_path / "x.npy", exact=False).shape == (0, 3)


@pytest.mark.parametrize(
    ("path", "single"),
    [("sklearn.ensemble.RandomForestClassifier", True), ("xgboost.sklearn.XGBRegressor", True),
     ("sklearn.linear_model.LogisticRegression", False), ("interpret.glassbox.ExplainableBoostingClassifier", False)],
)  # fmt: skip
def test_single_precision_is_for_models_that_use_no_more(path: str, single: bool) -> None:
    assert is_single(path) == single


@pytest.mark.parametrize(
    ("path", "resampled", "numbers", "heavy"),
    [("sklearn.linear_model.Ridge", False, 5_000_001, True), ("sklearn.linear_model.Ridge", False, 5_000_000, False),
     ("lightgbm.LGBMClassifier", False, 50_000_000, False), ("lightgbm.LGBMClassifier", True, 50_000_000, True)],
)  # fmt: skip
def test_a_fit_is_heavy_that_copies_a_large_matrix_as_doubles(path: str, resampled: bool, numbers: int, heavy: bool) -> None:
    assert is_heavy(path, resampled, numbers) == heavy

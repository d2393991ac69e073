"""The prepared rows of a fold on disk: written once, mapped by every fit that uses them, large ones in single precision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.workspace import atomic_file

Matrix = npt.NDArray[np.floating[Any]]
WIDE = 5_000_000
"""Numbers in a matrix of learned rows from which on it is kept in single precision; below, scores are those of doubles."""
BLOCK = 50_000
"""Rows that are transformed at a time."""
SINGLE = (
    "sklearn.tree.", "sklearn.ensemble.", "sklearn.dummy.", "xgboost.", "catboost.", "lightgbm.",
    "sklearn.neural_network.",
)  # fmt: skip
"""Libraries that turn numbers into single precision or into bins themselves, or that learn well from single precision."""


def is_single(class_path: str) -> bool:
    """Return whether a model of this class learns the same from single precision."""
    return class_path.startswith(SINGLE)


def is_heavy(class_path: str, resampled: bool, numbers: int) -> bool:
    """Return whether a fit takes copies of a large matrix in double precision, several times the table.

    Parameters
    ----------
    class_path : str
    resampled : bool
    numbers : int
        In the matrix of learned rows.
    """
    return numbers > WIDE and (resampled or not is_single(class_path))


def blocks_of(rows: int) -> Iterator[slice]:
    """Return the places of all rows in blocks that need little memory; one, empty, for no rows."""
    for start in range(0, max(rows, 1), BLOCK):
        yield slice(start, min(start + BLOCK, rows))


def save_matrix(path: Path, rows: int, blocks: Iterable[Any], *, like: int = 0) -> bool:
    """Write a matrix that comes in blocks of rows.

    Parameters
    ----------
    path : Path
    rows : int
    blocks : iterable of array-like, shape (m, n_columns)
        Together as many as `rows`.
    like : int, optional
        Rows of the matrix whose precision it shares, where that is another one.

    Returns
    -------
    bool
        Whether a number is missing.

    Raises
    ------
    StorageError
        When the disk is full.
    """
    missing = False
    with atomic_file(path) as file:
        dtype: npt.DTypeLike = None
        for block in blocks:
            values = np.asarray(block)
            if dtype is None:
                dtype = np.float32 if (like or rows) * values.shape[1] > WIDE else np.float64
                header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (rows, values.shape[1])}
                np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
            numbers = np.ascontiguousarray(values, dtype=dtype)
            missing = missing or bool(np.isnan(numbers).any())
            file.write(numbers.data if numbers.size else b"")
    return missing


def load_matrix(path: Path, *, exact: bool) -> Matrix:
    """Return a stored matrix, mapped where it is large: fits of one fold then share its memory, and what a fit writes is its own.

    Parameters
    ----------
    path : Path
    exact : bool
        Whether doubles are wanted, whatever was stored.
    """
    mapped: Matrix = np.asarray(np.load(path, mmap_mode="c"))
    if mapped.dtype == np.float64 and mapped.size <= WIDE:
        return np.array(mapped)  # small: a copy is as quick, and is read at once
    if not exact or mapped.dtype == np.float64:
        return mapped
    matrix = np.empty(mapped.shape, dtype=np.float64)
    for rows in blocks_of(len(matrix)):  # what was mapped is let go of before the next block
        matrix[rows] = np.load(path, mmap_mode="c")[rows]
    return matrix


def widened(matrix: Matrix) -> Matrix:
    """Return the same numbers as doubles; the same array where they are."""
    return matrix.astype(np.float64, copy=False)

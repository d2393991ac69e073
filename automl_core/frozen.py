"""What a model keeps of its training rows, so that new rows can be compared with them later: see `automl_core.drift`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.distributions import ERROR, Filled, distribution_of, numbers_of
from automl_core.profiling.associations import associate
from automl_core.reference import cells
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
FORMAT = 1
SAMPLE_ROWS = 2000
SAMPLE_CELLS = 300_000
"""Most cells of the sample, predictions among them: of wide tables and many labels fewer rows are kept."""
PAIRS = 200
"""Most associations that are kept, strongest first."""


@dataclass(frozen=True)
class Judged:
    """Rows with the model's predictions for them and their true outcomes, best such as the model never saw.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Typed raw rows, the target among them or not.
    predicted : ndarray, shape (n, n_classes) or (n,)
    truth : ndarray, shape (n,)
        Class codes or values; NaN where unknown.
    source : str
        ``held-out``, or ``out-of-fold`` where none were held out.
    """

    frame: pd.DataFrame
    predicted: Array
    truth: Array
    source: str


def sample_size(rows: int, columns: int) -> int:
    """Return how many rows a sample of a table has."""
    return min(rows, SAMPLE_ROWS, max(SAMPLE_CELLS // max(columns, 1), 50))


def freeze(
    frame: pd.DataFrame, schema: Schema, target: str, personal: dict[str, str], judged: Judged, *, real: bool, seed: int
) -> dict[str, Any]:
    """Summarise the training rows of a model.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed raw rows, target included.
    schema : Schema
    target : str
    personal : dict of str to str
        Columns of which no value is kept: of them only the share of missing cells is.
    judged : Judged
    real : bool
        Whether a sample of rows is kept.
    seed : int

    Returns
    -------
    dict
        Plain JSON types: ``format``, ``rows``, ``error`` (most by which the rank of a quantile is wrong), ``columns`` (by name,
        see `automl_core.distributions`), ``associations``, ``prediction`` (of each class's probability, or of the values),
        ``source``, and ``sample`` (``columns``, ``rows``, ``predicted``, ``truth``) or None.
    """
    columns: dict[str, Any] = {}
    for column in schema:
        if column.name not in frame.columns:
            continue
        if column.name in personal and column.kind != "text":
            found: Any = Filled(len(frame), int(frame[column.name].notna().sum()))
        else:
            found = distribution_of(frame[column.name], column.kind)
        columns[column.name] = {"kind": column.kind, **found.kept()}
    pairs, _ = associate(frame, schema.without(personal), target, seed=seed)
    outputs = judged.predicted.reshape(len(judged.predicted), -1)
    return {
        "format": FORMAT,
        "rows": len(frame),
        "error": ERROR,
        "columns": columns,
        "associations": [pair.to_dict() for pair in pairs[:PAIRS]],
        "prediction": [numbers_of(outputs[:, place], len(outputs)).kept() for place in range(outputs.shape[1])],
        "source": judged.source,
        "sample": _sample(judged, schema.without([target, *personal]), seed) if real else None,
    }


def _sample(judged: Judged, schema: Schema, seed: int) -> dict[str, Any]:
    names = [name for name in schema.names if name in judged.frame.columns]
    size = sample_size(len(judged.frame), len(names) + judged.predicted[:1].size)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(judged.frame))[:size])
    truth = judged.truth[chosen]
    return {
        "columns": names,
        "rows": cells(judged.frame.iloc[chosen][names]),
        "predicted": judged.predicted[chosen].tolist(),
        "truth": [None if np.isnan(value) else float(value) for value in truth],
    }

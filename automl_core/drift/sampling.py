"""The rows that a model keeps, rebuilt, and columns as numbers for the models that look at all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import FormatError
from automl_core.schema import Schema

Array = npt.NDArray[np.float64]
LEVELS = 100
"""Words beyond the most frequent are one."""


@dataclass(frozen=True)
class Sample:
    """Rows of the reference.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Typed; without personal columns and the target.
    predicted : ndarray, shape (n, n_classes) or (n,), or None
        What the model says of them, without having learned from them.
    truth : ndarray, shape (n,), or None
        Class codes or values, NaN where unknown.
    """

    frame: pd.DataFrame
    predicted: Array | None = None
    truth: Array | None = None


def sample_of(kept: dict[str, Any] | None, schema: Schema) -> Sample | None:
    """Rebuild a kept sample; None for a model that carries no rows, FormatError for a damaged one."""
    if not kept or not kept["rows"]:
        return None
    try:
        columns = {}
        for place, name in enumerate(kept["columns"]):
            cells = [row[place] for row in kept["rows"]]
            kind = schema[name].kind
            if kind == "number":
                columns[name] = pd.Series(cells, dtype="float64")
            elif kind == "date":
                columns[name] = pd.to_datetime(pd.Series(cells, dtype=object), format="ISO8601").astype("datetime64[ns]")
            else:
                columns[name] = pd.Series([np.nan if cell is None else cell for cell in cells], dtype=object)
        truth = np.array([np.nan if value is None else value for value in kept["truth"]], dtype=np.float64)
        return Sample(pd.DataFrame(columns), np.array(kept["predicted"], dtype=np.float64), truth)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(f"The model's sample rows are damaged: {error!r}.", action="Export the model again.") from error


def drawn(frame: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return up to `most` rows, drawn at random, in their order."""
    if len(frame) <= most:
        return frame
    return frame.iloc[np.sort(np.random.default_rng(seed).permutation(len(frame))[:most])]


def as_matrix(frames: list[pd.DataFrame], names: list[str], *, like: pd.DataFrame | None = None) -> list[Array]:
    """Return tables as numbers: words become their rank by frequency, missing stays missing.

    Parameters
    ----------
    frames : list of DataFrame
    names : list of str
        Numbers, dates and words.
    like : DataFrame, optional
        The table by whose words ranks are given; all tables together when left out. Other words get one rank of their own.
    """
    known = pd.concat(frames) if like is None else like
    found: list[list[Array]] = [[] for _ in frames]
    for name in names:
        if known[name].dtype == object:
            counts = known[name].value_counts().to_dict()
            # Words that are alike frequent stand in the order of their letters: that of the rows would tell the tables apart.
            words = sorted(counts, key=lambda word: (-counts[word], word))[:LEVELS]
            ranks = {word: float(rank) for rank, word in enumerate(words)}
            for place, frame in enumerate(frames):
                values = frame[name].astype(object)
                codes = values.map(ranks).to_numpy(dtype=np.float64)
                found[place].append(np.where(np.isnan(codes) & values.notna().to_numpy(), float(LEVELS), codes))
            continue
        for place, frame in enumerate(frames):
            values = frame[name]
            if values.dtype.kind == "M":
                seconds = (values - pd.Timestamp("1970-01-01")).dt.total_seconds()
                found[place].append(seconds.to_numpy(dtype=np.float64))
            else:
                found[place].append(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return [
        np.column_stack(columns) if columns else np.empty((len(frame), 0)) for columns, frame in zip(found, frames, strict=True)
    ]

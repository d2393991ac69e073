"""How much a model depends on each column, without labels: how far its predictions move when the column is shuffled."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING

import numpy as np

from automl_core.drift.sampling import Sample, drawn

if TYPE_CHECKING:
    from automl_core.scoring.bundle import Model

ROWS = 300
SECONDS = 10.0
"""About how long it may take; columns that were not reached count as if they mattered as much as the middle one of the others."""


def shifted_by(model: Model, sample: Sample | None, *, seed: int = 0, seconds: float = SECONDS) -> dict[str, float]:
    """Return the importance of each column of a model.

    Parameters
    ----------
    model : Model
    sample : Sample or None
        Without rows every column that the model uses counts alike.
    seed : int
    seconds : float

    Returns
    -------
    dict of str to float
        Mean move of the predictions when a column is shuffled, as a share of the largest; 0 for columns that are not used.
        Columns of which no value is kept (personal data) count as the most important one: nothing is known of them.
    """
    found = dict.fromkeys(model.inputs.names, 0.0)
    if sample is None:
        return found | dict.fromkeys(model.used, 1.0)
    rows = drawn(sample.frame, ROWS, seed).reset_index(drop=True)
    missing = [name for name in model.inputs.names if name not in rows.columns]
    empty = {name: np.full(len(rows), np.nan, dtype=object if model.schema[name].kind not in ("number", "date") else float)
             for name in missing}  # fmt: skip
    for name, values in empty.items():
        rows[name] = values
    rows = rows[model.inputs.names]
    for name in missing:
        if model.schema[name].kind == "date":
            rows[name] = rows[name].astype("datetime64[ns]")
    rng, start = np.random.default_rng(seed), time.perf_counter()
    moves: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare words of a shuffled column are no news
        base = model.values_of(rows)
        for name in model.used:
            if name in missing or time.perf_counter() - start > seconds:
                continue
            places = rng.permutation(len(rows))
            mixed = rows.copy()
            mixed[name] = rows[name].array.take(places)
            moves[name] = float(np.abs(model.values_of(mixed) - base).mean())
    largest = max(moves.values(), default=0.0)
    if not largest:
        return found | dict.fromkeys(model.used, 1.0)
    shares = {name: move / largest for name, move in moves.items()}
    middle = float(np.median(list(shares.values())))
    return found | {name: shares.get(name, 1.0 if name in missing else middle) for name in model.used}

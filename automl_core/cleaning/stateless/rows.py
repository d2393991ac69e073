"""Which rows a step leaves to learn from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.cleaning.stateless.calculated import calculate
from automl_core.cleaning.steps.catalogue import columns_of, value
from automl_core.schema import Schema


def kept_rows(frame: pd.DataFrame, schema: Schema, step: Step) -> npt.NDArray[np.bool_]:
    """Return which rows a step keeps, shape (n_rows,)."""
    if step.op == "filter_rows":
        holds = calculate(frame, value(step, "condition"), step.params.get("_tree")).to_numpy() == 1.0
        return np.asarray(holds if value(step, "keep") == "matching" else ~holds)
    columns = [name for name in columns_of(step, schema) if name in frame.columns]
    if not columns:
        return np.ones(len(frame), dtype=bool)
    if step.op == "drop_duplicates":
        return ~frame.duplicated(subset=columns, keep=value(step, "keep")).to_numpy()
    share = frame[columns].isna().mean(axis=1).to_numpy()
    kept: npt.NDArray[np.bool_] = share <= value(step, "max_share")
    return kept

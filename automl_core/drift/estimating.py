"""How well a model does on new rows: estimated from its own sample rows, and the truth beside it where outcomes are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import apply_stateless
from automl_core.drift.report import Estimate
from automl_core.drift.sampling import Sample, as_matrix
from automl_core.schema import Schema
from automl_core.target import label_text

if TYPE_CHECKING:
    from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]


def true_outcomes(model: Model, typed: pd.DataFrame) -> Array | None:
    """Return the outcomes of typed rows as class codes or values, NaN where unknown; None without any."""
    if model.target not in typed.columns or not typed[model.target].notna().any():
        return None
    schema = Schema(tuple(model.schema[column] for column in model.schema.names if column in typed.columns))
    values = apply_stateless(typed, schema, model.recipe, training=False).frame[model.target]
    if not model.classes:
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    codes = {label: code for code, label in enumerate(model.classes)}
    found: Array = label_text(values).map(codes).to_numpy(dtype=np.float64)
    return found if np.isfinite(found).any() else None


def estimated(
    model: Model, sample: Sample, seen: pd.DataFrame, predicted: Array, truth: Array | None, seed: int
) -> tuple[Estimate, ...]:
    """Return the metrics that can be estimated for typed new rows and what the model says of them; none without sample rows."""
    from automl_core.drift.performance import estimate_errors, estimate_labels

    if sample.predicted is None or sample.truth is None:
        return ()
    known = np.isfinite(sample.truth)
    before, outcomes = sample.predicted[known], sample.truth[known]
    if model.classes:
        true = None if truth is None else np.where(np.isfinite(truth), truth, -1).astype(np.int64)
        codes = outcomes.astype(np.int64)
        return estimate_labels(before, codes, model.codes(before), predicted, model.codes(predicted), true=true, seed=seed)
    names = [name for name in sample.frame.columns if name in seen.columns]
    features, fresh = as_matrix([sample.frame[names], seen[names]], names, like=sample.frame[names])
    return estimate_errors(features[known], before, outcomes, fresh, predicted, true=truth, seed=seed)

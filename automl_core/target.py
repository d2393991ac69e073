"""A target's values as people wrote them, and as the models learn them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import ExperimentConfig

MIN_ROWS = 10


def label_text(values: pd.Series) -> pd.Series:
    """Return a target's values as the person wrote them: 0 and 1 without a point; missing stays missing."""
    from automl_core.data.parsing import as_text

    if values.dtype == object:
        return values.map(str, na_action="ignore")
    return as_text(values)


def check_target(values: pd.Series, target: str) -> None:
    """Check that a target's values can be learned; raises InputError when they are too few or all the same."""
    known = values.dropna()
    if not len(known):
        raise InputError(
            f"The target {target!r} has no values.", "At least two different ones are needed.", "Choose another target column."
        )
    if known.nunique() == 1:
        raise InputError(
            f"The target {target!r} has one value, {label_text(known).iloc[0]!r}, in every row.",
            "There is nothing to tell apart.",
            "Choose another target, or upload rows with other outcomes.",
        )
    if len(known) < MIN_ROWS:
        raise InputError(
            f"Only {len(known)} rows have a value for the target {target!r}.",
            f"At least {MIN_ROWS} are needed to learn and to judge.",
            "Upload more rows.",
        )


def encode_target(values: pd.Series, config: ExperimentConfig) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Return the target as class codes or values, and the labels in the order of their codes.

    For two classes the event is code 1.
    """
    if config.task == "regression":
        return values.to_numpy(dtype=np.float64), ()
    text = label_text(values)
    labels = sort_labels([str(label) for label in text.unique()])
    if config.task == "binary":
        labels = [*(label for label in labels if label != config.positive), config.positive]
    codes = {label: code for code, label in enumerate(labels)}
    return text.map(codes).to_numpy(dtype=np.float64), tuple(labels)


def sort_labels(labels: list[str]) -> list[str]:
    """Sort labels as numbers where all of them are, otherwise as text."""
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)

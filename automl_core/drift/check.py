"""New rows against a model's frozen reference, or any two tables against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from automl_core.drift.report import DriftReport
from automl_core.schema import Schema

if TYPE_CHECKING:
    from automl_core.scoring.bundle import Model


@dataclass(frozen=True)
class DriftSettings:
    """How new data is compared.

    Parameters
    ----------
    rule : str
        ``effect`` judges by how much moved beyond chance and how much the model depends on it; ``evidently`` by the
        thresholds of the methods, a table by the share of drifted columns (0.5).
    methods : dict of str to str
        Method of a column, by name of `methods.METHODS`; the others get the one that fits.
    method : str
        For every column it can be applied to; empty for the one that fits each.
    thresholds : dict of str to float
        By method, in place of the default.
    chunk : str
        ``""`` for none, a number of rows, or a period of pandas such as ``"D"``, ``"W"``, ``"M"``.
    date : str
        The column that chunks go by; empty for the order of the rows.
    joint, performance : bool
        Whether the domain classifier, and the estimates without labels, are wanted.
    seed : int
    """

    rule: str = "effect"
    methods: dict[str, str] = field(default_factory=dict)
    method: str = ""
    thresholds: dict[str, float] = field(default_factory=dict)
    chunk: str = ""
    date: str = ""
    joint: bool = True
    performance: bool = True
    seed: int = 0


def check_model(model: Model, frame: pd.DataFrame, settings: DriftSettings | None = None, *, name: str = "") -> DriftReport:
    """Compare new rows with what a model learned from; only the model and the rows are needed."""
    raise NotImplementedError


def compare_tables(
    reference: pd.DataFrame, new: pd.DataFrame, schema: Schema, settings: DriftSettings | None = None, *, name: str = ""
) -> DriftReport:
    """Compare two tables that are typed by one schema."""
    raise NotImplementedError

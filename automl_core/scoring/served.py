"""How MLflow loads a version: its bundle carries the code, so that nothing of Tablewright has to be installed there.

This file travels with the version under another name and imports nothing of ours until the bundle is on the path.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd


class Served:
    """What MLflow asks for predictions; a thin cover of `scoring.bundle.Model`."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return ``prediction`` and ``probability_<class>`` for raw rows; raises InputError with every difference."""
        found: pd.DataFrame = self.model.predict(frame.apply(_plain))
        return found


def _plain(values: pd.Series) -> pd.Series:
    """Return a column as the bundle reads it: typed where JSON had numbers only, otherwise as text."""
    if values.dtype != object:
        return values
    typed = values.infer_objects()
    if typed.dtype != object and typed.dtype != bool:
        return typed
    return values.map(lambda cell: cell if isinstance(cell, str) or pd.isna(cell) else str(cell))


def _load_pyfunc(path: str) -> Served:
    """Load the bundle at `path`, or the one in the folder; called by MLflow, which names this function."""
    place = Path(path)
    bundle = place if place.is_file() else place / "model.zip"
    if str(bundle) not in sys.path:
        sys.path.insert(0, str(bundle))
    from automl_core.scoring.bundle import load_model

    return Served(load_model(bundle))

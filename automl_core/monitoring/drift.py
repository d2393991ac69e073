"""Drift of what a model in use was asked, period by period: looked at when the log has changed, kept, and shown from its file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.drift.check import check_model
from automl_core.drift.report import DriftReport
from automl_core.monitoring.log import inputs_of
from automl_core.monitoring.settings import folder_of
from automl_core.monitoring.summary import SPANS, Chunking, DriftCheck, Seen
from automl_core.registry.store import Registered
from automl_core.scoring.bundle import Model
from automl_core.workspace import read_json, write_json

FORMAT = 1


def drift_file(registered: Registered) -> Path:
    """Where the latest comparison is kept."""
    return folder_of(registered) / "drift.json"


def stored_drift(data: Any, version: int) -> DriftReport | None:
    """Return the comparison in what `drift_file` holds; None where it is that of another version or of another format."""
    if data.get("format") != FORMAT or data["stamp"]["version"] != version:
        return None
    return DriftReport.from_dict(data["report"])


def compare_logged(model: Model, answered: pd.DataFrame, chunking: Chunking) -> DriftReport:
    """Compare logged rows with what a model learned from, all of them and by period.

    Parameters
    ----------
    model : Model
    answered : DataFrame, shape (n, ...)
        Of `log.read_log`, oldest first, without requests that failed.
    chunking : Chunking

    Returns
    -------
    DriftReport
        With the performance that is estimated without labels, and the true one of the rows that have a label.

    Raises
    ------
    InputError, FormatError
        As `drift.check.check_model`.
    """
    frame = inputs_of(answered)
    if answered["truth"].notna().any():
        frame[model.target] = answered["truth"].to_numpy()
    span = SPANS[chunking]
    written = "%Y-%m-%d %H:%M" if chunking == "hour" else "%Y-%m-%d"
    starts = (answered["time"].to_numpy() // span * span).astype(np.int64)
    names = {start: time.strftime(written, time.gmtime(int(start))) for start in np.unique(starts)}
    return check_model(model, frame, name="Rows in use", parts=[names[start] for start in starts])


def kept_check(registered: Registered, version: int, chunking: Chunking) -> DriftCheck:
    """Return the look at drift that keeps what it found, and looks again only when the rows or their labels are others."""

    def look(model: Model, answered: pd.DataFrame) -> Seen:
        moments = answered["time"]
        stamp = {
            "version": version, "chunking": chunking, "rows": len(answered), "labelled": int(answered["truth"].notna().sum()),
            "first": float(moments.min()), "last": float(moments.max()),
        }  # fmt: skip
        path = drift_file(registered)
        data = read_json(path) if path.exists() else {}
        report = stored_drift(data, version) if data.get("stamp") == stamp else None
        if report is None:
            report = compare_logged(model, answered, chunking)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_json(path, {"format": FORMAT, "stamp": stamp, "report": report.to_dict()})
        return Seen.of(report)

    return look

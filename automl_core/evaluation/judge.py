"""What a model is judged by on any labelled rows: the metrics of its run, with the columns they look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import parse_frame
from automl_core.experiment import ExperimentConfig, Task
from automl_core.metrics import metric_of, metrics_of
from automl_core.schema import Schema
from automl_core.scorer import Scorer, needed_columns
from automl_core.scoring.bundle import Model
from automl_core.threshold import sweep

Array = npt.NDArray[np.float64]
POINTS = 200
"""Most thresholds of a stored curve."""


def config_of(model: Model) -> ExperimentConfig:
    """Return the settings of the run that a model comes from, or what is known of them."""
    told = model.lineage.get("config")
    if told:
        return ExperimentConfig.from_dict(told)
    task: Task = "regression" if not model.classes else "binary" if len(model.classes) == 2 else "multiclass"
    return ExperimentConfig(model.target, task, model.metric, model.positive)


def scorer_of(model: Model, frame: pd.DataFrame, truth: Array) -> Scorer:
    """Return what judges a model on labelled rows.

    Parameters
    ----------
    model : Model
    frame : DataFrame, shape (n, n_columns)
        Raw rows, as text or typed. A figure whose columns are not among them is not computed, see `left_out`.
    truth : ndarray, shape (n,)
        Class codes or values of the same rows.
    """
    config = config_of(model)
    names = [name for name in needed_columns(config) if name in frame.columns and name in model.schema]
    schema = Schema(tuple(model.schema[name] for name in names))
    columns = parse_frame(frame[names], schema).frame.reset_index(drop=True)
    for name in names:
        if model.schema[name].kind == "number" and columns[name].dtype == object:
            columns[name] = np.nan  # no cell could be read as a number
    return Scorer(config, truth, columns, model.classes)


def left_out(scorer: Scorer) -> tuple[str, ...]:
    """Return a sentence for each figure of the run that cannot be computed here."""
    told = []
    for metric in metrics_of(scorer.config):
        if metric.name in ("cost", "kpi") and (missing := scorer.missing(metric)):
            columns = " and ".join(repr(name) for name in missing[:5])
            are = f"column {columns} is" if len(missing) == 1 else f"columns {columns} are"
            told.append(f"{metric.label} is not computed, since the {are} missing.")
    return tuple(told)


def money_curve(scorer: Scorer, proba: Array, threshold: float) -> dict[str, Any] | None:
    """Return what the decisions earn at every threshold, or None for runs without a cost table.

    Parameters
    ----------
    scorer : Scorer
        Of all judged rows.
    proba : ndarray, shape (n, 2)
    threshold : float
        The model's.

    Returns
    -------
    dict
        ``threshold`` and ``per_row`` (lists); ``at`` (money per row at the model's threshold), ``half`` (at 0.5), ``none``
        and ``every`` (if the event were predicted for no row and for every row), ``total`` (of the rows judged, at the
        model's threshold), ``rows`` (with a known amount), ``currency``, ``amount`` (the column, or empty).
    """
    costs = scorer.config.costs
    if costs is None or scorer.missing(cost := metric_of(scorer.config, "cost")):
        return None
    rows = np.arange(len(scorer.y))
    act, leave, known = scorer.money(rows)
    count = int(known.sum())
    if not count:
        return None
    found = sweep(scorer, cost, rows, proba)
    # The best one is kept whatever is thinned out, so that the curve shows how far the model's threshold is from it.
    kept = np.unique(np.r_[np.linspace(0, len(found.values) - 1, min(len(found.values), POINTS)).round(), found.values.argmax()])
    kept = kept.astype(int)
    at = scorer.value(cost, rows, proba, threshold)
    return {
        "threshold": found.thresholds[kept].tolist(),
        "per_row": found.values[kept].tolist(),
        "at": at,
        "half": scorer.value(cost, rows, proba, 0.5),
        "none": float(leave.sum() / count),
        "every": float(act.sum() / count),
        "total": at * count,
        "rows": count,
        "currency": costs.currency,
        "amount": costs.amount,
    }

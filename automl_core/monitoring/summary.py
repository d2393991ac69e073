"""How a model is doing, from its log: volume, latency, errors, cost, true and estimated performance, drift."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from automl_core.errors import AutoMLError
from automl_core.evaluation.evaluate import read_target
from automl_core.evaluation.judge import config_of, scorer_of
from automl_core.metrics import metric_of
from automl_core.monitoring.log import inputs_of
from automl_core.scoring.bundle import Model
from automl_core.scoring.logged import DAY

if TYPE_CHECKING:
    from automl_core.drift.report import DriftReport

Chunking = Literal["hour", "day", "week"]
SPANS: dict[Chunking, float] = {"hour": 3600.0, "day": DAY, "week": 7 * DAY}
FEWEST = 30
"""Labelled rows from which on a period's performance is shown; fewer say little."""


@dataclass(frozen=True)
class Seen:
    """What a look at drift said: a verdict (nothing, watch, act), sentences for people, and estimates by metric."""

    verdict: str
    sentence: str
    columns: tuple[str, ...] = ()
    estimates: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, report: DriftReport) -> Seen:
        """Return the short form of a comparison."""
        estimates = {one.metric: (one.value, one.low, one.high) for one in report.performance}
        return cls(report.verdict, report.sentence, tuple(column.sentence for column in report.shifted[:20]), estimates)


DriftCheck = Callable[[Model, pd.DataFrame], Seen]
"""Looks at the rows of a log that a model answered."""


@dataclass(frozen=True)
class Period:
    """One stretch of time.

    Parameters
    ----------
    start : float
        Seconds since the epoch.
    rows, requests, failed : int
    p50_ms, p95_ms, p99_ms : float or None
        Milliseconds a row, over the requests' means.
    seconds : float
        Computing time of all its predictions: what they cost the machine.
    mean : float or None
        Mean probability of the event or mean predicted value.
    labelled : int
    performance : float or None
        True performance, by the model's metric, from `FEWEST` labelled rows on.
    money : float or None
        With a cost table, what a labelled row earned on average.
    """

    start: float
    rows: int
    requests: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    seconds: float
    mean: float | None
    labelled: int = 0
    performance: float | None = None
    money: float | None = None


@dataclass(frozen=True)
class Status:
    """How a version is doing.

    Parameters
    ----------
    model : str
    version : int
    at : float
        When it was looked at.
    total : Period
        Everything that was looked at.
    periods : tuple of Period
    chunking : Chunking
    versions : dict of int to int
        Rows that each version predicted.
    predictions : dict of str to int
        How often each label was predicted.
    metric, label : str
    greater_is_better : bool
    expected : float or None
        The version's own score on held-out rows or over the folds.
    drift : Seen or None
    notes : tuple of str
    currency : str
        Of the money.
    """

    model: str
    version: int
    at: float
    total: Period
    periods: tuple[Period, ...]
    chunking: Chunking
    versions: dict[str, int]
    predictions: dict[str, int]
    metric: str
    label: str
    greater_is_better: bool
    expected: float | None
    drift: Seen | None = None
    notes: tuple[str, ...] = ()
    currency: str = ""

    @property
    def estimated(self) -> float | None:
        """The estimated performance by the model's metric, where drift gave one."""
        found = self.drift.estimates.get(self.metric) if self.drift else None
        return found[0] if found else None

    @property
    def drop(self) -> float | None:
        """By how much the true, else the estimated performance fell below what was expected, as a share of it."""
        now = self.total.performance if self.total.performance is not None else self.estimated
        return fallen(now, self.expected, greater_is_better=self.greater_is_better)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Status:
        """Rebuild a status from `to_dict`'s output."""
        fields = {name: value for name, value in data.items() if name != "format"}
        fields["total"] = Period(**fields["total"])
        fields["periods"] = tuple(Period(**period) for period in fields["periods"])
        drift = fields["drift"]
        if drift:
            estimates = {name: tuple(values) for name, values in drift["estimates"].items()}
            fields["drift"] = Seen(drift["verdict"], drift["sentence"], tuple(drift["columns"]), estimates)
        fields["notes"] = tuple(fields["notes"])
        return cls(**fields)


def fallen(now: float | None, expected: float | None, *, greater_is_better: bool) -> float | None:
    """Return by which share of what was expected a score is worse, negative where it is better; None where unknown."""
    if now is None or expected is None or not np.isfinite(now) or abs(expected) < 1e-12:
        return None
    gap = expected - now if greater_is_better else now - expected
    return float(gap / abs(expected))


def summarise(
    logged: pd.DataFrame,
    model: Model,
    *,
    name: str,
    version: int,
    expected: float | None,
    chunking: Chunking = "day",
    drift: DriftCheck,
    now: float | None = None,
) -> Status:
    """Say how a version is doing.

    Parameters
    ----------
    logged : DataFrame
        Of `log.read_log`; rows of other versions count for the volume only.
    model : Model
        The version's.
    name : str
    version : int
    expected : float or None
        Its own score.
    chunking : Chunking
    drift : callable
        Looks at the rows that were answered; see `monitoring.drift`.
    now : float, optional
    """
    mine = logged[logged["version"] == version]
    periods = []
    if len(logged):
        starts = (logged["time"] // SPANS[chunking] * SPANS[chunking]).to_numpy()
        for start in np.unique(starts):
            chunk = logged[starts == start]
            periods.append(_period(float(start), chunk, chunk[chunk["version"] == version], model))
    total = _period(float(logged["time"].min()) if len(logged) else 0.0, logged, mine, model)
    answered = mine[mine["error"].fillna("") == ""]
    notes = []
    seen = None
    if len(answered):
        try:
            seen = drift(model, answered)
        except AutoMLError as error:  # too few rows, or a model without a reference: told, and the rest stands
            notes.append(f"Drift was not looked at: {error}")
    config = config_of(model)
    scorer_metric = metric_of(config)
    counts = answered["prediction"].value_counts().to_dict() if model.classes else {}
    return Status(
        name,
        version,
        time.time() if now is None else now,
        total,
        tuple(periods),
        chunking,
        {str(one): int(count) for one, count in logged["version"].value_counts().sort_index().items()},
        {str(label): int(count) for label, count in counts.items()},
        scorer_metric.name,
        scorer_metric.label,
        scorer_metric.greater_is_better,
        expected,
        seen,
        tuple(notes),
        config.costs.currency if config.costs is not None else "",
    )


def _period(start: float, chunk: pd.DataFrame, mine: pd.DataFrame, model: Model) -> Period:
    failed = chunk["error"].fillna("") != ""
    answered = chunk[~failed]
    by_request = answered.groupby("request")["ms"].mean().to_numpy()
    p50, p95, p99 = (float(value) for value in np.percentile(by_request, (50, 95, 99))) if len(by_request) else (None,) * 3
    labelled = mine[mine["truth"].notna() & (mine["error"].fillna("") == "")]
    performance, money = true_performance(labelled, model)
    return Period(
        start,
        len(answered),
        int(chunk["request"].nunique()),
        int(failed.sum()),
        p50,
        p95,
        p99,
        float(chunk["ms"].fillna(0.0).sum() / 1000),
        float(answered["value"].mean()) if len(answered) else None,
        len(labelled),
        performance,
        money,
    )


def true_performance(labelled: pd.DataFrame, model: Model) -> tuple[float | None, float | None]:
    """Return the model's metric over labelled log rows, from the predictions that were logged, and the money a row earned.

    None where there are fewer than `FEWEST`, or the labels cannot judge (all the same, or never learned).
    """
    if len(labelled) < FEWEST:
        return None, None
    frame = inputs_of(labelled)
    frame[model.target] = labelled["truth"].to_numpy()
    try:
        truth, known = read_target(model, frame)
    except AutoMLError:
        return None, None
    if model.classes:
        told = [json.loads(text) for text in labelled["probabilities"]]
        values = np.array([[one.get(name, 0.0) for name in model.classes] for one in told])[known]
    else:
        values = labelled["value"].to_numpy(dtype=float)[known]
    scorer = scorer_of(model, frame[known].reset_index(drop=True), truth)
    rows = np.arange(len(truth))
    threshold = model.threshold if len(model.classes) == 2 else None
    metric = metric_of(scorer.config)
    if scorer.missing(metric):
        return None, None  # the columns it looks at were left out of the log
    value = float(scorer.value(metric, rows, values, threshold))
    money = None
    if scorer.config.costs is not None and not scorer.missing(cost := metric_of(scorer.config, "cost")):
        money = float(scorer.value(cost, rows, values, threshold))
    return (value if np.isfinite(value) else None), (money if money is not None and np.isfinite(money) else None)

"""The figures that a run brings itself, as metrics beside those of the register: its cost table and its formula."""

from __future__ import annotations

from typing import Any

from automl_core.errors import InputError
from automl_core.experiment import Costs, ExperimentConfig, Kpi
from automl_core.metrics.registry import BINARY, OWN, Metric, check_metric, metrics_for


def metric_of(config: ExperimentConfig, name: str = "") -> Metric:
    """Return a metric of a run.

    Parameters
    ----------
    config : ExperimentConfig
    name : str
        By default the metric that ranks.

    Returns
    -------
    Metric

    Raises
    ------
    InputError
        When there is no such metric, it does not fit the task, or the run has no cost table or formula.
    """
    name = name or config.metric
    if name not in OWN:
        return check_metric(name, config.task)
    if name == "cost":
        if config.costs is None:
            raise InputError(
                "The metric 'cost' needs a cost table.",
                "It says what each right and each wrong decision is worth.",
                "Fill in the cost table, or choose another metric.",
            )
        return _cost(config.costs)
    if config.kpi is None:
        raise InputError(
            "The metric 'kpi' needs a formula.", "It says what is counted.", "Write the formula, or choose another metric."
        )
    return _kpi(config.kpi, config)


def metrics_of(config: ExperimentConfig) -> list[Metric]:
    """Return every metric that judges a run: its own figures, then those of its task."""
    own = [metric_of(config, name) for name, given in zip(OWN, (config.costs, config.kpi), strict=True) if given is not None]
    return own + metrics_for(config.task)


def _by_scorer(*_: Any, **__: Any) -> float:
    raise TypeError("This metric looks at columns and is computed by scorer.Scorer.")


def _cost(costs: Costs) -> Metric:
    of = f", multiplied by {costs.amount!r}" if costs.amount else ""
    return Metric(
        "cost",
        f"Money per row, {costs.currency}" if costs.currency else "Money per row",
        f"What the decisions earn on average by the cost table{of}: gains are positive, losses negative.",
        BINARY,
        True,
        "rows",
        _by_scorer,
    )


def _kpi(kpi: Kpi, config: ExperimentConfig) -> Metric:
    direction = "Higher" if kpi.greater_is_better else "Lower"
    return Metric(
        "kpi",
        kpi.name,
        f"Your own figure, {kpi.formula.strip()}. {direction} is better.",
        (config.task,),
        kpi.greater_is_better,
        "rows",
        _by_scorer,
    )

"""The metrics of one run, bound to its truth and to the columns they look at."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import Costs, ExperimentConfig
from automl_core.kpi import Formula, Rows, Values, Words, column_values, parse_formula
from automl_core.metrics import METRICS, PER_CLASS, Metric, labels_of, metric_of, metrics_of, score_of

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


def needed_columns(config: ExperimentConfig) -> tuple[str, ...]:
    """Return the columns of the uploaded table that the metrics of a run look at.

    Raises
    ------
    InputError
        When the run's formula cannot be read.
    """
    amount = [config.costs.amount] if config.costs is not None and config.costs.amount else []
    named = parse_formula(config.kpi.formula).columns if config.kpi is not None else ()
    registered = [name for m in METRICS.values() if config.task in m.tasks for name in m.columns]
    return tuple(dict.fromkeys([*amount, *named, *registered]))


def best_threshold(costs: Costs) -> float:
    """Return the probability of the event above which predicting it earns more.

    Predicting the event earns ``p * tp + (1 - p) * fp`` on average, leaving it ``p * fn + (1 - p) * tn``; both are the same
    at ``(tn - fp) / ((tn - fp) + (tp - fn))`` (Elkan, The foundations of cost-sensitive learning, 2001). An amount
    multiplies both sides and changes nothing.

    Parameters
    ----------
    costs : Costs
        In which a right decision is worth more than a wrong one, see `own_figures.check_costs`.
    """
    alarm, miss = costs.true_negative - costs.false_positive, costs.true_positive - costs.false_negative
    return alarm / (alarm + miss)


@dataclass(frozen=True)
class _Money:
    """What each row earns when the event is predicted for it and when not, and whether its amount is known."""

    act: Array
    leave: Array
    known: Array


@dataclass(frozen=True)
class Scorer:
    """Judges predictions of any rows of a run.

    Labels are decided at a probability of 0.5 while models are ranked, as everywhere. By the cost table they are decided
    where a row is expected to earn more (`best_threshold`): ranking so needs no threshold that is fitted to the same
    rows, and a model whose probabilities are off is ranked by what that costs.

    What depends on the rows alone is kept for the array of rows that was asked for last, which must not be changed in place.

    Parameters
    ----------
    config : ExperimentConfig
    y : ndarray, shape (n,)
        Class codes or values of all rows of the cleaned table.
    columns : DataFrame, shape (n, n_columns)
        The columns of `needed_columns` that there are, as uploaded and in the same order; often none.
    classes : tuple of str
        Labels in the order of their codes; needed for formulas that compare labels.
    """

    config: ExperimentConfig
    y: Array
    columns: pd.DataFrame
    classes: tuple[str, ...] = ()
    _last: dict[str, tuple[Ints, Any]] = field(default_factory=dict, repr=False, compare=False)

    @functools.cached_property
    def metric(self) -> Metric:
        """The metric that ranks."""
        return metric_of(self.config)

    @functools.cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """Every metric that judges here, the one that ranks first; those whose columns are missing are left out."""
        there = set(self.columns.columns)
        ranks = self.metric
        found = [ranks] if set(self._needs(ranks)) <= there else []
        for metric in metrics_of(self.config):
            fits = set(self._needs(metric)) <= there
            few = not metric.per_class or len(self.classes) <= PER_CLASS
            shown = not metric.ordered or self._numeric_labels
            if metric.name != ranks.name and fits and few and shown:
                found.append(metric)
        return tuple(found)

    def missing(self, metric: Metric) -> tuple[str, ...]:
        """Return the columns that a metric looks at and that are not here."""
        return tuple(name for name in self._needs(metric) if name not in self.columns.columns)

    def score(self, rows: Ints, prediction: Array) -> float:
        """Return the ranking metric of predictions for `rows` (positions), NaN where it is not defined."""
        return self.value(self.metric, rows, prediction)

    def all(self, rows: Ints, prediction: Array) -> dict[str, float]:
        """Return every metric that is defined for `rows`."""
        found = {metric.name: self.value(metric, rows, prediction) for metric in self.metrics}
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def value(self, metric: Metric, rows: Ints, prediction: Array, threshold: float | Array | None = None) -> float:
        """Return one metric.

        Parameters
        ----------
        metric : Metric
            Of `metrics`, or another one of the task.
        rows : ndarray of int, shape (m,)
            Positions in `y`.
        prediction : ndarray, shape (m, n_classes) or (m,)
        threshold : float or ndarray, shape (m,), optional
            For two classes: at which probability labels are decided; by default 0.5, and for the cost table its own.

        Returns
        -------
        float
            NaN where it is not defined.
        """
        at = 0.5 if threshold is None else threshold
        if metric.name == "cost":
            act, leave, known = self._of(rows, "money", self._money_of)
            event = prediction[:, 1] > (self.threshold if threshold is None else threshold)
            return float((leave.sum() + act[event].sum() - leave[event].sum()) / known) if known else float("nan")
        if metric.name == "kpi":
            return self.formula.value(self._rows(rows, prediction, at))
        columns = self._of(rows, "arrays", self._arrays_of) if metric.columns else None
        return score_of(metric, self._of(rows, "truth", self._truth), prediction, at, columns)

    @functools.cached_property
    def threshold(self) -> float:
        """Where labels are decided by theory: by the cost table where there is one, otherwise at 0.5."""
        return best_threshold(self.config.costs) if self.config.costs is not None else 0.5

    def money(self, rows: Ints) -> tuple[Array, Array, Array]:
        """Return what each row earns if the event is predicted and if not (0 where unknown), and which amounts are known."""
        money = self._money
        return money.act[rows], money.leave[rows], money.known[rows]

    # -- what does not change with the prediction ---------------------------------------------------------------

    def _needs(self, metric: Metric) -> tuple[str, ...]:
        if metric.name == "cost":
            return (self.config.costs.amount,) if self.config.costs is not None and self.config.costs.amount else ()
        return self.formula.columns if metric.name == "kpi" else metric.columns

    def _of(self, rows: Ints, name: str, make: Any) -> Any:
        """Return what `make` gives for these rows; for the same array as last time it is not made again."""
        last = self._last.get(name)
        if last is None or last[0] is not rows:
            last = self._last[name] = (rows, make(rows))
        return last[1]

    def _truth(self, rows: Ints) -> Array:
        values = self.y[rows]
        return values if self.config.task == "regression" else values.astype(int)

    def _arrays_of(self, rows: Ints) -> dict[str, Array]:
        return {str(name): values.to_numpy()[rows] for name, values in self.columns.items()}

    def _money_of(self, rows: Ints) -> tuple[Array, Array, int]:
        act, leave, known = self.money(rows)
        return act, leave, int(known.sum())

    @functools.cached_property
    def _numeric_labels(self) -> bool:
        numbers = Words(np.empty(0, dtype=np.int64), self.classes).numbers()
        return bool(self.classes) and numbers is not None

    @functools.cached_property
    def _money(self) -> _Money:
        costs = self.config.costs
        assert costs is not None
        amount = self.columns[costs.amount].to_numpy(dtype=np.float64) if costs.amount else np.ones(len(self.y))
        known = np.isfinite(amount)
        safe, event = np.where(known, amount, 0.0), self.y == 1
        act = safe * np.where(event, costs.true_positive, costs.false_positive)
        return _Money(act, safe * np.where(event, costs.false_negative, costs.true_negative), known)

    @functools.cached_property
    def formula(self) -> Formula:
        """The run's own formula; only for runs that have one."""
        assert self.config.kpi is not None
        return parse_formula(self.config.kpi.formula)

    @functools.cached_property
    def _values(self) -> Mapping[str, Values]:
        return {name: column_values(self.columns[name]) for name in self.formula.columns if name in self.columns}

    def _columns_of(self, rows: Ints) -> dict[str, Values]:
        return {name: v.take(rows) if isinstance(v, Words) else v[rows] for name, v in self._values.items()}

    def _rows(self, rows: Ints, prediction: Array, threshold: float | Array) -> Rows:
        """Return what the formula looks at."""
        columns, truth = self._of(rows, "columns", self._columns_of), self._of(rows, "truth", self._truth)
        if self.config.task == "regression":
            return Rows(len(rows), truth, prediction, None, (), columns)
        predicted = labels_of(prediction, threshold)
        return Rows(
            len(rows),
            Words(truth, self.classes, labels=True),
            Words(predicted, self.classes, labels=True),
            prediction,
            self.classes,
            columns,
        )

"""Two models on the same judged rows: by how much each metric differs, and whether that is more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from automl_core.errors import InputError
from automl_core.evaluation.bootstrap import Interval, Predicted, paired, subtracted
from automl_core.evaluation.evaluate import Evaluation
from automl_core.evaluation.judged import Judged, judged_columns, judged_folder, kept_resamples
from automl_core.experiment import ExperimentConfig
from automl_core.metrics import metric_of
from automl_core.profiling.wording import number
from automl_core.run_parts import load_task
from automl_core.runs import Run
from automl_core.scorer import Scorer, needed_columns

Outcome = Literal["better", "worse", "level", ""]


@dataclass(frozen=True)
class Difference:
    """What one metric of a model is above that of another, on the same rows.

    Parameters
    ----------
    metric, label : str
    value : float
        First model minus second, in the metric's unit.
    low, high : float or None
        Between which it lies in 95 % of resamples of the rows, drawn for both models alike (percentile bootstrap of the paired
        difference; Efron and Tibshirani, 1993, chapter 13).
    greater_is_better : bool
    """

    metric: str
    label: str
    value: float
    low: float | None
    high: float | None
    greater_is_better: bool

    @property
    def outcome(self) -> Outcome:
        """Whether the first model is better or worse beyond chance, or level; empty where chance is not known."""
        if self.low is None or self.high is None:
            return ""
        if self.low <= 0 <= self.high:
            return "level"
        return "better" if (self.low > 0) == self.greater_is_better else "worse"

    @property
    def words(self) -> str:
        """The difference with its interval: ``+0.012 (-0.003 to +0.027)``."""
        if self.low is None or self.high is None:
            return _signed(self.value)
        return f"{_signed(self.value)} ({_signed(self.low)} to {_signed(self.high)})"


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value, 3)


def differences(run: Run, one: str, other: str, source: str, told: tuple[Evaluation, Evaluation]) -> tuple[Difference, ...]:
    """Compare two models of a run on rows that both were judged on.

    Parameters
    ----------
    run : Run
    one, other : str
        Ids of candidates.
    source : str
        See `judged.sources`.
    told : tuple of Evaluation
        Of both on these rows, for their thresholds.

    Returns
    -------
    tuple of Difference
        Of every metric that is defined for both, the run's own first.

    Raises
    ------
    InputError
        When no row was judged by both.
    NotFoundError
        When one was not judged on these rows yet, or the run's table was deleted and a figure looks at its columns.
    """
    config, classes = load_task(run.path)
    folders = [judged_folder(run, name, source) for name in (one, other)]
    first, second = (Judged.load(folder) for folder in folders)
    kept = [kept_resamples(folder) for folder in folders]
    if kept[0] is not None and kept[1] is not None and np.array_equal(first.rows, second.rows):
        values = [{name: score.value for name, score in evaluation.metrics.items()} for evaluation in told]
        return _differences(config, subtracted(values[0], kept[0], values[1], kept[1]))
    _, mine, others = np.intersect1d(first.rows, second.rows, return_indices=True)
    if not len(mine):
        raise InputError("No row was judged by both models.", action="Judge both on the same rows.")
    rows = Judged(first.truth[mine], first.values[mine], first.rows[mine])
    columns = judged_columns(run, judged_folder(run, one, source), rows, list(needed_columns(config)))
    scorer = Scorer(config, rows.truth, columns, classes)
    sides = (Predicted(rows.values, told[0].threshold), Predicted(second.values[others], told[1].threshold))
    return _differences(config, paired(scorer, *sides))


def _differences(config: ExperimentConfig, found: dict[str, Interval]) -> tuple[Difference, ...]:
    told = ((metric_of(config, name), entry) for name, entry in found.items())
    return tuple(Difference(metric.name, metric.label, *entry, metric.greater_is_better) for metric, entry in told)


def verdict(difference: Difference, one: str, other: str) -> str:
    """Say in a sentence which of two models is better by a metric."""
    told = f"{difference.label} of {one} minus that of {other}: {difference.words}."
    return {
        "better": f"{one} is better beyond chance. {told}",
        "worse": f"{other} is better beyond chance. {told}",
        "level": f"The two cannot be told apart: the difference is within chance. {told}",
        "": told,
    }[difference.outcome]

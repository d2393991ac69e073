"""The metrics of one run, bound to its truth and to the columns they look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.experiment import ExperimentConfig
from automl_core.metrics import METRICS, Metric, all_scores, score

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scorer:
    """Judges predictions of any rows of a run.

    Parameters
    ----------
    config : ExperimentConfig
    y : ndarray, shape (n,)
        Class codes or values of all rows of the cleaned table.
    columns : DataFrame, shape (n, n_columns)
        The columns that a cost table or a formula looks at, in the same order; often none.
    """

    config: ExperimentConfig
    y: Array
    columns: pd.DataFrame

    @property
    def metric(self) -> Metric:
        """The metric that ranks."""
        return METRICS[self.config.metric]

    def score(self, rows: Ints, prediction: Array) -> float:
        """Return the ranking metric of predictions for `rows` (positions), NaN where it is not defined."""
        return score(self.config.metric, self._truth(rows), prediction)

    def all(self, rows: Ints, prediction: Array) -> dict[str, float]:
        """Return every metric of the task that is defined for `rows`."""
        return all_scores(self.config.task, self._truth(rows), prediction)

    def _truth(self, rows: Ints) -> Array:
        values = self.y[rows]
        return values if self.config.task == "regression" else values.astype(int)

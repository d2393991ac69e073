"""What decisions are worth on average by the cost table, before it is known what happens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.evaluation.judge import config_of, scorer_of
from automl_core.experiment import Costs
from automl_core.scoring.bundle import Model

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """What predicting the event for each row is worth on average, and what not.

    Parameters
    ----------
    costs : Costs
    by_amount : tuple of ndarray, shape (n,)
        Of both, where the amount is 1.
    amount : ndarray, shape (n,)
        What multiplies them; NaN where it is not known, 1 for tables without an amount.
    """

    costs: Costs
    by_amount: tuple[Array, Array]
    amount: Array

    @property
    def act(self) -> Array:
        """What predicting the event is worth."""
        return self.by_amount[0] * self.amount

    @property
    def leave(self) -> Array:
        """What not predicting it is worth."""
        return self.by_amount[1] * self.amount

    def of(self, event: npt.NDArray[np.bool_]) -> Array:
        """Return what decisions are worth, `event` where it is predicted."""
        return np.where(event, self.act, self.leave)


def expected_money(model: Model, values: Array, frame: pd.DataFrame) -> Expected | None:
    """Return what both decisions for predicted rows are worth on average; None for models without a cost table.

    Parameters
    ----------
    model : Model
    values : ndarray, shape (n, 2)
        What `Model.predict_values` gave.
    frame : DataFrame, shape (n, n_columns)
        The rows, as text or typed; the column of amounts need not be there.
    """
    costs = config_of(model).costs
    if costs is None or len(model.classes) != 2:
        return None
    chance = values[:, 1]
    act = chance * costs.true_positive + (1 - chance) * costs.false_positive
    leave = chance * costs.false_negative + (1 - chance) * costs.true_negative
    return Expected(costs, (act, leave), _amount(model, costs.amount, frame, len(values)))


def _amount(model: Model, name: str, frame: pd.DataFrame, rows: int) -> Array:
    if not name:
        return np.ones(rows)
    if name not in frame:
        return np.full(rows, np.nan)
    typed = frame if frame[name].dtype.kind in "iuf" else scorer_of(model, frame, np.zeros(rows)).columns
    return typed[name].to_numpy(dtype=np.float64) if name in typed else np.full(rows, np.nan)

"""A loaded model as a function of typed rows."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.cleaning.steps import OPERATIONS, operation
from automl_core.scoring.bundle import Model, sample_frame
from automl_core.scoring.fast.estimators import fast_estimator
from automl_core.scoring.fast.preparing import FastPreparation
from automl_core.scoring.fast.rows import TypedRow, frame_of, rows_of

Array = npt.NDArray[np.float64]
FEW = 8
"""Rows up to which they are predicted one by one; more go through the pipelines together."""
CLOSE = 1e-9


class FastPredictor:
    """Predicts typed rows as `Model.values_of` does, a few of them without frames.

    Parameters
    ----------
    model : Model
    samples : dict, optional
        The sample rows of its bundle; the fast way is tried on them first.

    Attributes
    ----------
    fast : bool
        Whether the fast way is taken.
    reason : str
        Why it is not.
    """

    def __init__(self, model: Model, samples: dict[str, Any] | None = None) -> None:
        self.model = model
        self.fast, self.reason = True, ""
        steps = [step for step in model.recipe.enabled() if not operation(step).learned and not OPERATIONS[step.op].drops_rows]
        self._left_out = {"drop_columns", "order_columns"}
        self._stateless = any(step.op not in self._left_out for step in steps)
        try:
            self._compile()
            self._check(samples)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            self.fast, self.reason = False, f"{type(error).__name__}: {error}"

    def _compile(self) -> None:
        model = self.model
        probe = model.features(frame_of([dict.fromkeys(model.inputs.names)], model.inputs))
        numbers = {name for name in probe.columns if probe[name].dtype != object}
        self._preparations: list[FastPreparation] = []
        self._members: list[tuple[str, int, float, Any]] = []
        made: dict[tuple[int, str], int] = {}
        for fold, member, share in model.ensemble.members():
            key = (id(fold), member.view)
            if key not in made:
                made[key] = len(self._preparations)
                self._preparations.append(FastPreparation(fold.preprocessors[member.view], numbers))
            self._members.append((member.candidate, made[key], share, fast_estimator(member.estimator, model.ensemble.n_classes)))

    def _check(self, samples: dict[str, Any] | None) -> None:
        if not samples or not samples["rows"]:
            return
        frame = sample_frame(samples, self.model.inputs)
        rows = rows_of(frame)
        expected = self.model.values_of(frame_of(rows, self.model.inputs))
        found = np.stack([self._one(row) for row in rows])
        gap = float(np.abs(found - expected).max())
        if not gap <= CLOSE * max(1.0, float(np.abs(expected).max())):
            self.fast, self.reason = False, f"The sample rows came out differently by up to {gap:.3g}."

    def predict_values(self, rows: list[TypedRow]) -> Array:
        """Predict typed rows, shape (n, n_classes) or (n,)."""
        if self.fast and 0 < len(rows) <= FEW:
            return np.stack([self._one(row) for row in rows])
        return self.model.values_of(frame_of(rows, self.model.inputs))

    def _one(self, row: TypedRow) -> Array:
        ensemble = self.model.ensemble
        with warnings.catch_warnings():
            # Values never seen are told by the caller; a library without its column names predicts all the same.
            warnings.simplefilter("ignore", UserWarning)
            if self._stateless:
                frame = self.model.features(frame_of([row], self.model.inputs))
                row = rows_of(frame)[0]
            views = [prepare(row) for prepare in self._preparations]
            found = ((name, share, predict(views[place])) for name, place, share, predict in self._members)
            return np.asarray(ensemble.put_together(found)[0])

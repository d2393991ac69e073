"""The steps of a pipeline: what each starts from, what it does, and whether what it left is still there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from automl_core.pipelines import learning, releasing
from automl_core.pipelines.course import Course, Record
from automl_core.pipelines.plan import StepName


@dataclass(frozen=True)
class StepWork:
    """One step.

    Parameters
    ----------
    inputs : callable
        Gives all that the step starts from as plain JSON types; it is not done again while their hash is the same.
    work : callable
        Does it, given that hash.
    there : callable
        Whether what it made is still there.
    """

    inputs: Callable[[Course], dict[str, Any]]
    work: Callable[[Course, str], Record]
    there: Callable[[Course, dict[str, Any]], bool] = lambda course, made: True


WORK: dict[StepName, StepWork] = {
    "validate": StepWork(learning.validate_inputs, learning.validate, learning.has_dataset),
    "drift": StepWork(learning.drift_inputs, learning.drift),
    "retrain": StepWork(learning.retrain_inputs, learning.retrain, learning.has_model),
    "compare": StepWork(releasing.compare_inputs, releasing.compare),
    "promote": StepWork(releasing.promote_inputs, releasing.promote, releasing.has_version),
    "monitor": StepWork(releasing.monitor_inputs, releasing.monitor),
}

"""Evaluations and explanations by hand, with and without names that try to be something else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from automl_core.evaluation.curves import classification_curves, regression_curves
from automl_core.evaluation.evaluate import Evaluation, Score
from automl_core.explaining.contributions import Contributions
from automl_core.explaining.importance import Explanation
from automl_core.explaining.shuffling import ColumnImportance

HOSTILE = "<script>alert('x')</script> & %{x} $a_1$"
Evaluate = Callable[..., Evaluation]
Explain = Callable[..., Explanation]


def _evaluation(task: str, names: tuple[str, ...] = (), target: str = "outcome", rows: int = 120) -> Evaluation:
    rng = np.random.default_rng(4)
    if task == "regression":
        truth = rng.normal(50, 10, rows)
        curves, notes = regression_curves(truth, truth + rng.normal(0, 3, rows))
        return Evaluation(task, rows, "held-out", {"rmse": Score(3.0, 2.5, 3.5)}, curves, target=target, notes=notes)
    names = names or (("no", "yes") if task == "binary" else ("low", "mid", "top"))
    values = rng.dirichlet(np.ones(len(names)), rows)
    truth = np.array([rng.choice(len(names), p=row) for row in values])
    truth[: len(names)] = range(len(names))
    curves, notes = classification_curves(truth, values, names, 0.5)
    metric = "roc_auc" if task == "binary" else "log_loss"
    positive = names[1] if task == "binary" else ""
    return Evaluation(task, rows, "held-out", {metric: Score(0.8, 0.7, 0.9)}, curves, names, positive, target=target, notes=notes)


def _explanation(columns: tuple[str, ...] = ("age", "city", "income"), outputs: tuple[str, ...] = ("yes",)) -> Explanation:
    rng = np.random.default_rng(2)
    rows, k = 15, len(columns)
    values = rng.normal(size=(rows, k)) * np.arange(1, k + 1)
    mean = [np.abs(values).mean(axis=0) * (place + 1) for place in range(len(outputs))]
    words = [place % 3 == 1 for place in range(k)]
    contributions = Contributions(
        columns=columns,
        outputs=outputs,
        base=(0.25,) * len(outputs),
        mean=tuple(tuple(float(value) for value in part) for part in mean),
        values=tuple(tuple(float(value) for value in row) for row in values),
        cells=tuple(tuple(f"cell {row}" if row else "" for _ in columns) for row in range(rows)),
        ranks=tuple(tuple(None if word or not row else row / rows for word in words) for row in range(rows)),
    )
    permutation = tuple(ColumnImportance(name, 0.3 / (place + 1), 0.01) for place, name in enumerate(columns))
    return Explanation("roc_auc", rows, permutation, contributions, ("A note.",))


@pytest.fixture
def evaluation() -> Evaluate:
    """Return a function that makes an evaluation: evaluation(task, names=(), target="outcome", rows=120)."""
    return _evaluation


@pytest.fixture
def explanation() -> Explain:
    """Return a function that makes an explanation: explanation(columns, outputs)."""
    return _explanation

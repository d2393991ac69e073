"""A model over the out-of-fold predictions of chosen rows (Wolpert, 1992); the final model is chosen by name."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from automl_core.combining.rows import (
    Array,
    Judged,
    check_scored,
    join,
    new_row,
    numbered,
    opened,
    predictions_of,
    scored_row,
    store_predictions,
)
from automl_core.errors import InputError
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate
from automl_core.runs import Run
from automl_core.scoring.ensemble import SECOND, level_matrix
from automl_core.scoring.storing import stored
from automl_core.scoring.values import predict_values
from automl_core.search.candidates import Spec, make_estimator


@dataclass(frozen=True)
class Final:
    """A model that can stand at the end of a stack.

    Parameters
    ----------
    label, sentence : str
    classifier, regressor : tuple of str and dict
        Import path and parameters.
    """

    label: str
    sentence: str
    classifier: tuple[str, dict[str, Any]]
    regressor: tuple[str, dict[str, Any]]


FINALS: dict[str, Final] = {
    "linear": Final(
        "Linear model",
        "Weighs the models' predictions; the safe choice with few rows.",
        ("sklearn.linear_model.LogisticRegression", {"C": 1.0, "max_iter": 1000}),
        ("sklearn.linear_model.LinearRegression", {"positive": True}),
    ),
    "ridge": Final(
        "Held-back linear model",
        "The same, with weights held close to nothing; for many models that are alike.",
        ("sklearn.linear_model.LogisticRegression", {"C": 0.05, "max_iter": 1000}),
        ("sklearn.linear_model.Ridge", {"alpha": 10.0}),
    ),
    "forest": Final(
        "Extra trees",
        "Can trust one model here and another there; wants some thousand rows.",
        ("sklearn.ensemble.ExtraTreesClassifier", {"n_estimators": 300, "min_samples_leaf": 10}),
        ("sklearn.ensemble.ExtraTreesRegressor", {"n_estimators": 300, "min_samples_leaf": 10}),
    ),
    "boosting": Final(
        "Small boosted trees",
        "Bends the predictions where they are off; wants some thousand rows.",
        ("sklearn.ensemble.GradientBoostingClassifier", {"n_estimators": 60, "max_depth": 3, "min_samples_leaf": 20}),
        ("sklearn.ensemble.GradientBoostingRegressor", {"n_estimators": 60, "max_depth": 3, "min_samples_leaf": 20}),
    ),
}  # fmt: skip


def stack_rows(run: Run, names: Sequence[str], final: str = "linear") -> Candidate:
    """Stack rows of a leaderboard.

    For each fold the final model learns from the other folds' rows, so that the score does not profit from it; the one that
    is kept has learned from all of them.

    Parameters
    ----------
    run : Run
    names : sequence of str
        At least two single models.
    final : str
        Of `FINALS`.

    Raises
    ------
    InputError, NotFoundError
        When rows or final model cannot be used.
    """
    board = run.leaderboard()
    rows = [board[name] for name in dict.fromkeys(names)]
    if final not in FINALS:
        raise InputError(f"There is no final model {final!r}.", f"There are {', '.join(FINALS)}.", "Choose one of them.")
    if len(rows) < 2:
        raise InputError("One row is chosen.", "A stack needs two or more.", "Choose another one.")
    check_scored(rows)
    for row in rows:
        if row.members:
            raise InputError(f"{row.name} is an ensemble.", "A stack is made of single models.", "Choose its members instead.")
    with opened(run) as prepared, new_row(run, "stack") as folder:
        task, judged = prepared.config.task, Judged.of(prepared)
        level = level_matrix([predictions_of(prepared, row) for row in rows])
        truth = judged.truth.astype(np.int64) if prepared.classes else judged.truth
        values = np.full((len(truth), len(prepared.classes)) if prepared.classes else len(truth), np.nan)
        for number in np.unique(judged.fold):
            own, others = judged.fold == number, judged.others(number)
            fitted = _fit(task, final, level[others], truth[others], prepared.work.seed)
            values[own] = predict_values(fitted, level[own], len(prepared.classes))
        store_predictions(folder, values, judged)
        last = _fit(task, final, level, truth, prepared.work.seed)
        (folder / SECOND).write_bytes(blob := stored(last))
        label = numbered(f"Stack of {len(rows)}, {FINALS[final].label.lower()} on top", folder)
        row = scored_row(prepared, folder, label, {row.id: 1 / len(rows) for row in rows}, values, rows)
        stack = {"candidates": [row.id for row in rows], "final": final}
        return join(run, replace(row, stack=stack, size_bytes=row.size_bytes + len(blob)))


def _fit(task: Task, final: str, level: Array, truth: Any, seed: int) -> Any:
    path, params = FINALS[final].regressor if task == "regression" else FINALS[final].classifier
    estimator = make_estimator(Spec(final, final, "", path, params), seed=seed, threads=1)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # convergence notes; the score tells
        return estimator.fit(level, truth)

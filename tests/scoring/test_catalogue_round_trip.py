"""Every model that can win, and every step that learns, goes to disk and comes back the same, by trusted types alone."""

from __future__ import annotations

import warnings
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import make_classification, make_regression

from automl_core.cleaning.preprocessing import View, build_preprocessor
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, describe
from automl_core.engines.optuna import Choice
from automl_core.experiment import Task
from automl_core.schema import Column, Schema
from automl_core.scoring.storing import stored
from automl_core.scoring.trusted import TRUSTED, load_trusted
from automl_core.scoring.values import predict_values
from automl_core.search.boosters import fit_booster
from automl_core.search.candidates import AMOUNTS, Spec, catalogue, make_estimator, portfolio
from automl_core.search.neural import fit_network
from automl_core.search.tuner import KINDS, tuned_spec

TASKS: tuple[Task, ...] = get_args(Task)
CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
ROWS, LEARNED = 200, 140
# What makes a fit quick; the kinds of objects inside stay the same.
SHORT: dict[str, Any] = {"n_estimators": 5, "iterations": 5, "max_iter": 20, "max_subpopulation": 50, "max_rounds": 20}


def specs(task: Task) -> dict[str, Spec]:
    """Return every model of a task: PyCaret's, our own, and each kind that is tuned at the lower end of its space."""
    made = {**catalogue(task), **portfolio(task)}
    for name, kind in KINDS.items():
        if kind.regressor or task != "regression":
            params = {key: entry.values[0] if isinstance(entry, Choice) else entry.low for key, entry in kind.space.items()}
            spec = tuned_spec(name, task, f"{name}-t1", 1, params)
            made[spec.id] = spec
    return made


def table(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Return a tiny table; its last column holds codes of a category."""
    if task == "regression":
        X, y = make_regression(ROWS, 5, noise=1.0, random_state=0)
    else:
        X, y = make_classification(ROWS, 5, n_informative=4, n_redundant=0, n_classes=CLASSES[task], random_state=0)
    X[:, -1] = np.arange(ROWS) % 4
    return X, y


def fitted(spec: Spec, task: Task) -> tuple[Any, np.ndarray]:
    """Fit a model as the search does, with fewer rounds; returns it and the rows to predict."""
    X, y = table(task)
    if spec.id == AMOUNTS:
        y = y - y.min()  # amounts are not negative
    estimator = make_estimator(spec, seed=0, threads=1)
    known = set(estimator.get_params()) | ({"iterations"} if "catboost" in spec.class_path else set())
    estimator.set_params(**{name: value for name, value in SHORT.items() if name in known})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # too few rounds to converge, on purpose
        if spec.family == "neural" and spec.early_stopping:
            fit_network(estimator, X[:LEARNED], y[:LEARNED], X[LEARNED:], y[LEARNED:], CLASSES[task], 30.0)
        elif spec.early_stopping:
            X[:5, 0] = np.nan
            learned, judged = (X[:LEARNED], y[:LEARNED]), (X[LEARNED:], y[LEARNED:])
            fit_booster(estimator, *learned, *judged, [4], CLASSES[task], 30.0)
        else:
            estimator.fit(X, y)
    return estimator, X


CASES = [(task, name) for task in TASKS for name in specs(task)]


@pytest.mark.parametrize(("task", "name"), CASES, ids=[f"{task}-{name}" for task, name in CASES])
def test_a_model_comes_back_the_same(task: Task, name: str) -> None:
    estimator, X = fitted(specs(task)[name], task)
    again = load_trusted(skops.io.dumps(estimator), f"{name}.skops")
    assert type(again) is type(estimator)
    expected = predict_values(estimator, X, CLASSES[task])
    assert expected.shape == ((ROWS, CLASSES[task]) if CLASSES[task] else (ROWS,))
    assert np.isfinite(expected).all()
    if name != "dummy":
        assert len(np.unique(expected)) > 1
    # Arrays may come back in another memory order, and sums in another order differ in their last digit.
    np.testing.assert_allclose(predict_values(again, X, CLASSES[task]), expected, rtol=1e-12, atol=1e-15)


def test_every_task_has_its_models() -> None:
    assert {task: len(catalogue(task)) for task in TASKS} == {"binary": 19, "multiclass": 19, "regression": 26}


def preprocessor(step: Step, view: View) -> tuple[Any, pd.DataFrame]:
    """Fit a recipe of one learned step on a table with gaps, words and text."""
    rows = np.arange(40)
    frame = pd.DataFrame(
        {
            "number": np.where(rows % 7 == 0, np.nan, rows**1.5),
            "other": rows % 5 - 2.0,
            "word": np.where(rows % 9 == 0, None, "w" + pd.Series(rows % 6).astype(str)).astype(object),
            "text": np.array(["red wine", "white wine", "dry red"], dtype=object)[rows % 3],
        }
    )
    schema = Schema((Column("number", "number"), Column("other", "number"), Column("word", "category"), Column("text", "text")))
    made = build_preprocessor(Recipe((step,)), schema, frame, view=view, task="binary")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an imputer that does not converge on so few rows
        made.fit(frame, rows % 2)
    return made, frame


LEARNED_STEPS = [
    Step(entry.op, {param.name: choice for param in entry.params if param.name in ("method", "strategy")} if choice else {})
    for entry in OPERATIONS.values()
    if entry.learned
    for choice in ([name for param in entry.params if param.name in ("method", "strategy") for name, _ in param.choices] or [""])
]


@pytest.mark.parametrize("view", get_args(View))
@pytest.mark.parametrize("step", LEARNED_STEPS, ids=describe)
def test_a_learned_step_comes_back_the_same(step: Step, view: View) -> None:
    made, frame = preprocessor(step, view)
    again = load_trusted(skops.io.dumps(made), "view.skops")
    np.testing.assert_array_equal(again.transform(frame), made.transform(frame))


def test_nothing_is_trusted_that_no_model_and_no_step_needs() -> None:
    fits = [fitted(specs(task)[name], task)[0] for task, name in CASES]
    fits += [preprocessor(step, view)[0] for step in LEARNED_STEPS for view in get_args(View)]
    needed = {name for made in fits for name in skops.io.get_untrusted_types(data=stored(made))}
    assert needed == set(TRUSTED)

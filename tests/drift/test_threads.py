"""Small fits take one thread: on a busy machine threads that wait for each other made a check ten times as slow."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from automl_core.drift.joint import compare_jointly
from automl_core.drift.performance import estimate_errors
from automl_core.schema import Column, Schema


@pytest.fixture
def seen(monkeypatch):
    """How many threads the pools have while something is fitted, under two that the process was given."""
    found = []

    def watched(cls):
        fit = cls.fit

        def fitted(self, *given, **named):
            found.append({pool["num_threads"] for pool in threadpool_info()})
            return fit(self, *given, **named)

        monkeypatch.setattr(cls, "fit", fitted)

    for cls in (HistGradientBoostingClassifier, HistGradientBoostingRegressor, PCA):
        watched(cls)
    with threadpool_limits(2):
        yield found


def test_what_is_looked_at_together_is_fitted_by_one_thread(seen):
    rng = np.random.default_rng(0)
    old, new = (pd.DataFrame(rng.normal(size=(90, 3)), columns=list("xyz")) for _ in range(2))
    assert compare_jointly(old, new, Schema(tuple(Column(name, "number") for name in "xyz"))) is not None
    assert seen == [{1}] * 4  # a classifier for each of three folds, and the components
    assert {pool["num_threads"] for pool in threadpool_info()} == {2}


def test_the_models_of_the_error_are_fitted_by_one_thread(seen):
    rng = np.random.default_rng(0)
    columns, truth = rng.normal(size=(300, 2)), rng.normal(size=300)
    assert len(estimate_errors(columns, np.zeros(300), truth, columns, np.zeros(300))) == 2
    folds = 3
    assert seen == [{1}] * (2 * (folds + 1))
    assert {pool["num_threads"] for pool in threadpool_info()} == {2}

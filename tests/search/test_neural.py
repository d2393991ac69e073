"""Networks stop and rewind on the judged rows."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from automl_core.scoring.targets import ScaledSVR
from automl_core.search.neural import fit_network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))


def test_a_regression_answers_in_the_target_s_unit():
    y = 50_000 + 9_000 * X[:, 0]
    made = fit_network(MLPRegressor((16,), random_state=0), X[:200], y[:200], X[200:], y[200:], 0, 30.0)
    assert np.sqrt(np.mean((made.predict(X[200:]) - y[200:]) ** 2)) < 1_000
    assert not hasattr(made, "_optimizer")


def test_the_weights_that_judged_best_are_kept():
    """Labels without any sense: learning them by heart makes the judged loss worse, so the end is not what is kept."""
    y = RNG.integers(2, size=300)
    made = fit_network(MLPClassifier((64,), learning_rate_init=0.02, random_state=0), X[:200], y[:200], X[200:], y[200:], 2, 30.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = MLPClassifier((64,), learning_rate_init=0.02, max_iter=200, random_state=0).fit(X[:200], y[:200])
    losses = [-np.mean(np.log(m.predict_proba(X[200:])[np.arange(100), y[200:]])) for m in (made, whole)]
    assert losses[0] < 0.75 < losses[1]


def test_a_label_that_a_fold_did_not_learn_is_not_asked_for():
    y = np.where(X[:, 0] > 0, 2, 0)
    y[200:210] = 1
    made = fit_network(MLPClassifier((8,), random_state=0), X[:200], y[:200], X[200:], y[200:], 3, 30.0)
    assert made.classes_.tolist() == [0, 2]


def test_it_ends_when_its_time_is_up():
    y = X[:, 0]
    made = fit_network(MLPRegressor((8,), random_state=0), X[:200], y[:200], X[200:], y[200:], 0, 0.0)
    assert made.n_iter_ == 1


def test_a_support_vector_regression_does_not_mind_the_unit():
    y = X[:, 0]
    small, large = ScaledSVR().fit(X, y).predict(X), ScaledSVR().fit(X, 1e6 * y + 5e6).predict(X)
    assert (large - 5e6) / 1e6 == pytest.approx(small, abs=1e-6)

"""Ranges of predictions: exact ends on tiny data, coverage on made-up rows, and MAPIE as the second opinion."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from automl_core.errors import FormatError, InputError
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.conformal import LEVELS, Conformal, conformal_of, fit_conformal, label_sets, ranges
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun
from tests.evaluation.test_evaluate import model


def fitted(*classes: str, told: Conformal, **other: Any) -> Model:
    return model(*classes, manifest={"conformal": json.loads(json.dumps(told.to_dict()))}, **other)


def test_the_ends_of_values_by_hand() -> None:
    """Nineteen errors from -9 to 9: of twenty rows one lies beyond each end, so 90 % lie between the outermost errors."""
    truth = np.arange(-9.0, 10.0)
    told = fit_conformal(truth, np.zeros(19), ())
    low, high = told.interval(np.array([100.0]), 0.9)
    assert (low.tolist(), high.tolist()) == ([91.0], [109.0])
    low, high = told.interval(np.array([100.0]), 0.8)
    assert (low.tolist(), high.tolist()) == ([92.0], [108.0])
    low, high = told.interval(np.array([100.0]), 0.95)  # nineteen rows cannot tell
    assert (low.tolist(), high.tolist()) == ([-np.inf], [np.inf])


def test_each_end_has_its_own_errors() -> None:
    truth = np.r_[np.zeros(15), [1.0, 2.0, 30.0, 40.0]]
    told = fit_conformal(truth, np.zeros(19), ())
    low, high = told.interval(np.array([0.0]), 0.9)
    assert (low[0], high[0]) == (0.0, 40.0)


def test_large_predictions_have_wider_ranges_where_their_errors_are_larger() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 100, 3000)
    told = fit_conformal(values * (1 + 0.1 * rng.normal(size=3000)), values, ())
    low, high = told.interval(np.array([5.0, 95.0]), 0.9)
    assert (high - low)[1] > 8 * (high - low)[0]
    assert len(told.edges) == 9


def test_predictions_alike_share_one_group() -> None:
    told = fit_conformal(np.arange(600.0), np.full(600, 3.0), ())
    assert len(told.low) == len(told.edges) + 1
    assert told.low[0] == told.low[-1]


def test_values_lie_inside_as_often_as_asked() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 10, 8000)
    truth, values = x + (0.2 + x / 5) * rng.exponential(size=8000), x
    told = fit_conformal(truth[:4000], values[:4000], ())
    for level in (0.5, 0.8, 0.9, 0.95, 0.99):
        low, high = told.interval(values[4000:], level)
        inside = ((truth[4000:] >= low) & (truth[4000:] <= high)).mean()
        assert inside == pytest.approx(level, abs=0.025)


def test_the_limits_of_labels_by_hand() -> None:
    """Ninety-nine rows of each label with probabilities 0.01 to 0.99 of their own: for 90 % ten rows lie below the limit."""
    own = np.arange(1, 100) / 100
    proba = np.r_[np.c_[own, 1 - own], np.c_[1 - own, own]]
    told = fit_conformal(np.repeat([0.0, 1.0], 99), proba, ("no", "yes"))
    place = LEVELS.index(0.9)
    assert_allclose([told.least[0][place], told.least[1][place]], [0.10, 0.10])
    assert told.together == ()
    found = ranges(fitted("no", "yes", told=told), np.array([[0.95, 0.05], [0.4, 0.6]]), 0.9)
    assert found["labels"].tolist() == [("no",), ("yes", "no")]


def test_a_rare_label_is_covered_as_often_as_the_others() -> None:
    rng = np.random.default_rng(2)
    truth = (rng.random(40_000) < 0.05).astype(float)
    score = 1 / (1 + np.exp(-(rng.normal(size=40_000) + 2 * truth - 3)))
    proba = np.c_[1 - score, score]
    told = fit_conformal(truth[:20_000], proba[:20_000], ("no", "yes"))
    inside = told.sets(proba[20_000:], 0.9)
    for code in (0, 1):
        rows = truth[20_000:] == code
        assert inside[rows, code].mean() == pytest.approx(0.9, abs=0.02)


def test_a_label_with_few_rows_takes_the_limit_of_all() -> None:
    truth = np.r_[np.zeros(200), np.ones(200), [2.0, 2.0]]
    proba = np.tile([0.5, 0.3, 0.2], (402, 1))
    told = fit_conformal(truth, proba, ("a", "b", "c"))
    assert told.together == ("c",)


def test_the_predicted_label_is_always_among_them() -> None:
    told = Conformal(10, least=((0.9,) * len(LEVELS), (0.9,) * len(LEVELS)))
    sure = fitted("no", "yes", told=told, threshold=0.2)
    assert ranges(sure, np.array([[0.7, 0.3]]))["labels"].tolist() == [("yes",)]
    assert label_sets(sure, told, np.array([[0.85, 0.15]])).tolist() == [[True, False]]


def test_mapie_finds_the_same_ends() -> None:
    """Over one group, where errors are symmetric, equal tails are the quantile of absolute errors that MAPIE takes."""
    from mapie.regression import SplitConformalRegressor
    from sklearn.linear_model import LinearRegression

    half = np.random.default_rng(3).normal(size=60)
    truth = np.r_[half, -half]
    zero = LinearRegression().fit(np.array([[0.0], [1.0]]), [0.0, 0.0])
    theirs = SplitConformalRegressor(zero, confidence_level=0.9, prefit=True).conformalize(np.zeros((120, 1)), truth)
    _, bounds = theirs.predict_interval(np.zeros((1, 1)))
    low, high = fit_conformal(truth, np.zeros(120), ()).interval(np.zeros(1), 0.9)
    # Of 121 rows six lie beyond each end, and so twelve beyond the absolute error, each of which is there twice.
    assert (low[0], high[0]) == (pytest.approx(bounds[0, 0, 0]), pytest.approx(bounds[0, 1, 0]))


def test_mapie_finds_the_same_limit_of_labels() -> None:
    from mapie.classification import SplitConformalClassifier
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    X = rng.normal(size=(300, 1))
    y = (X[:, 0] + rng.normal(size=300) > 0).astype(int)
    learned = LogisticRegression().fit(X, y)
    proba = learned.predict_proba(X)
    theirs = SplitConformalClassifier(learned, confidence_level=0.9, prefit=True, conformity_score="lac").conformalize(X, y)
    told = Conformal(300, least=(_marginal(y, proba),) * 2)
    _, sets = theirs.predict_set(X)
    assert (told.sets(proba, 0.9) == sets[:, :, 0]).mean() > 0.99  # a row at the limit itself may fall to either side


def _marginal(y: np.ndarray, proba: np.ndarray) -> tuple[float | None, ...]:
    """The limit over all rows, which labels with few rows take."""
    return fit_conformal(np.zeros(300), proba[np.arange(300), y][:, None], ("one",)).least[0]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_packed_model_carries_its_ranges(make_run: MakeRun, task: str) -> None:
    run = make_run(task)
    loaded = load_model(bundle(run, "ensemble"))
    told = conformal_of(loaded)
    assert told is not None and told.rows == 180
    values = loaded.predict_values(run.holdout())
    found = ranges(loaded, values, 0.8, index=run.holdout().index)
    assert len(found) == len(values)
    if task == "regression":
        truth = run.holdout()["amount"].to_numpy()
        assert ((truth >= found["low"]) & (truth <= found["high"])).mean() > 0.7
    else:
        predicted = loaded.labelled(values, found.index)["prediction"]
        assert all(label in labels for label, labels in zip(predicted, found["labels"], strict=True))


def test_a_model_without_ranges_says_so() -> None:
    with pytest.raises(InputError) as caught:
        ranges(model("no", "yes"), np.array([[0.5, 0.5]]))
    assert str(caught.value) == (
        "Fixed carries no ranges. They are learned when a model is packed, since this version. Pack the model again."
    )


def test_another_certainty_is_refused() -> None:
    told = fit_conformal(np.arange(20.0), np.zeros(20), ())
    with pytest.raises(InputError) as caught:
        told.interval(np.zeros(1), 0.995)
    assert str(caught.value) == (
        "The certainty is 0.995. It must be a whole number of percent, from 0.50 to 0.99. Choose one, such as 0.9."
    )


def test_another_format_is_refused() -> None:
    told = fit_conformal(np.arange(20.0), np.zeros(20), ()).to_dict()
    with pytest.raises(FormatError, match=r"^These ranges have format 2\. This version reads format 1\.$"):
        Conformal.from_dict({**told, "format": 2})
    with pytest.raises(FormatError, match=r"^These ranges are damaged: KeyError\('low'\)\."):
        Conformal.from_dict({name: value for name, value in told.items() if name != "low"})
    assert Conformal.from_dict(json.loads(json.dumps(told))) == fit_conformal(np.arange(20.0), np.zeros(20), ())

"""Numbers from fitted estimators: CatBoost's categories, and regressors that learn a standardised target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io

from automl_core.experiment import Task
from automl_core.model import build_model
from automl_core.run_parts import out_of_fold, train_rows
from automl_core.scoring.bundle import load_model
from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member, tempered
from automl_core.scoring.targets import ScaledSVR
from automl_core.scoring.trusted import load_trusted
from automl_core.scoring.values import catboost_frame, lightgbm_values, predict_values
from automl_core.search.boosters import fit_booster
from automl_core.search.candidates import Spec, make_estimator

NAN = float("nan")


def test_categories_become_whole_numbers_and_missing_ones_a_value_of_their_own() -> None:
    X = np.array([[1.5, 2.0, NAN], [NAN, NAN, 0.0]])
    frame = catboost_frame(X, [1, 2])
    assert frame[0].tolist()[0] == 1.5 and np.isnan(frame[0].tolist()[1])
    assert (frame[1].tolist(), frame[2].tolist()) == ([2, -1], [-1, 0])
    assert [str(kind) for kind in frame.dtypes] == ["float64", "int32", "int32"]
    assert catboost_frame(X, []) is X
    assert np.isnan(X[1, 1])  # the rows are the caller's


@pytest.mark.parametrize(
    ("kind", "labels", "objective"),
    [("Regressor", 0, "regression"), ("Classifier", 2, "binary"), ("Classifier", 3, "multiclass")],
)
def test_many_trees_of_lightgbm_give_in_parts_what_they_give_at_once(kind: str, labels: int, objective: str) -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    y = X[:, 0] + X[:, 1] ** 2
    truth = np.digitize(y, np.quantile(y, np.arange(1, labels) / labels)) if labels else y
    model = getattr(lightgbm, f"LGBM{kind}")(n_estimators=230, num_leaves=4, verbose=-1, n_jobs=1).fit(X, truth)
    whole = model.predict_proba(X) if labels else model.predict(X)
    parts = lightgbm_values(model, X)
    assert parts is not None and model.objective_ == objective
    np.testing.assert_allclose(parts, whole, rtol=1e-10, atol=1e-12)
    assert predict_values(model, X, labels).tolist() == parts.tolist()
    assert lightgbm_values(model, X[:499]) is None
    count = getattr(lightgbm, f"LGBM{kind}")(n_estimators=99, num_leaves=4, verbose=-1, n_jobs=1).fit(X, truth)
    assert lightgbm_values(count, X) is None


def test_trees_whose_sum_is_not_the_answer_are_left_to_lightgbm() -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    model = lightgbm.LGBMRegressor(objective="poisson", n_estimators=150, num_leaves=4, verbose=-1, n_jobs=1)
    model.fit(X, rng.poisson(np.exp(X[:, 0])))
    assert lightgbm_values(model, X) is None
    assert predict_values(model, X, 0).min() > 0


@pytest.mark.parametrize("objective", ["tweedie", "poisson", "gamma"])
def test_trees_that_add_up_to_a_logarithm_give_what_lightgbm_gives(objective: str) -> None:
    import lightgbm

    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 2))
    model = lightgbm.LGBMRegressor(objective=objective, n_estimators=150, num_leaves=4, verbose=-1, n_jobs=1)
    model.fit(X, np.exp(X[:, 0]) * rng.gamma(4, 0.25, 600))
    assert model.objective_ == objective and lightgbm_values(model, X) is None
    assert predict_values(model, X, 0).tolist() == model.predict(X).tolist()


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("Regressor", {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}),
        ("Regressor", {"reg_sqrt": True}),
        ("Classifier", {"sigmoid": 2}),
    ],
)
def test_other_ways_from_trees_to_an_answer_are_left_to_lightgbm(kind: str, settings: dict[str, Any]) -> None:
    """Regression: the trees of a forest were added up, and neither a square nor another sigmoid was taken."""
    import lightgbm

    X = np.random.default_rng(0).normal(size=(600, 2))
    y = np.exp(X[:, 0] / 3)
    labels = 2 if kind == "Classifier" else 0
    model = getattr(lightgbm, f"LGBM{kind}")(n_estimators=150, num_leaves=4, verbose=-1, n_jobs=1, **settings)
    model.fit(X, y > 1 if labels else y)
    assert lightgbm_values(model, X) is None
    assert predict_values(model, X, labels).tolist() == (model.predict_proba(X) if labels else model.predict(X)).tolist()


@pytest.mark.parametrize("asked", [None, 1, 2])
def test_many_trees_of_lightgbm_are_summed_in_as_many_threads_as_asked(
    asked: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: it was always one, whatever `predict --threads` said."""
    import lightgbm

    X = np.random.default_rng(0).normal(size=(600, 2))
    model = lightgbm.LGBMRegressor(n_estimators=150, num_leaves=4, verbose=-1, n_jobs=1).fit(X, X[:, 0])
    predict, threads = model.booster_.predict, []
    monkeypatch.setattr(model.booster_, "predict", lambda X, **said: threads.append(said["num_threads"]) or predict(X, **said))
    lightgbm_values(model.set_params(n_jobs=asked), X)
    assert threads == [asked or 1] * 2


def learned(task: Task) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return CatBoost fitted on a table whose third column, a category, says all."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 300).astype(float)
    y = np.isin(codes, [1, 3]).astype(int) if task == "binary" else 10 * codes
    codes[::10] = NAN
    y[::10] = 0
    X = np.column_stack([rng.normal(size=(300, 2)), codes])
    path = f"catboost.core.CatBoost{'Classifier' if task == 'binary' else 'Regressor'}"
    spec = Spec("c", "C", "boosting", path, {"iterations": 60, "learning_rate": 0.3, "verbose": False}, "native", True)
    estimator = make_estimator(spec, seed=0, threads=1)
    made = fit_booster(estimator, X[:200], y[:200], X[200:], y[200:], [2], 2 if task == "binary" else 0, 30.0)
    return made, X, y


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_catboost_with_categories_comes_back_the_same(task: Task) -> None:
    made, X, y = learned(task)
    again = load_trusted(skops.io.dumps(made), "c.skops")
    classes = 2 if task == "binary" else 0
    values = predict_values(made, X, classes)
    assert predict_values(again, X, classes).tolist() == values.tolist()
    assert again.get_cat_feature_indices() == [2]
    if task == "binary":
        assert (values.argmax(axis=1) == y).all()
    else:
        assert np.corrcoef(values, y)[0, 1] > 0.95


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_catboost_predicts_in_one_thread(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was fitted with, it takes every core where nothing is said, also while others predict beside it."""
    made, X, _ = learned(task)
    name, threads = ("predict_proba" if task == "binary" else "predict"), []
    predict = getattr(made, name)
    monkeypatch.setattr(made, name, lambda X, **said: threads.append(said.get("thread_count")) or predict(X, **said))
    predict_values(made, X, 2 if task == "binary" else 0)
    assert threads == [1]


def test_too_little_memory_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: it was told as a damaged model, and what makes room when memory ends was passed over."""

    def full(*args: Any, **kwargs: Any) -> Any:
        raise MemoryError

    data = skops.io.dumps(np.arange(3))
    monkeypatch.setattr(skops.io, "loads", full)
    with pytest.raises(MemoryError):
        load_trusted(data, "c.skops")


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_catboost_answers_for_categories_that_it_has_never_seen(task: Task) -> None:
    made, _, _ = learned(task)
    classes = 2 if task == "binary" else 0
    rows = np.array([[0.0, 0.0, 99.0], [0.0, 0.0, NAN], [NAN, NAN, 3.0]])
    values = predict_values(made, rows, classes)
    assert np.isfinite(values).all()
    event = values[:, 1] if classes else values / 30
    assert event[1] < 0.3 < event[2]  # missing was learned as 0, and the code still decides without the other columns


def test_an_exported_catboost_gives_what_the_search_scored(make_run: Any, tmp_path: Path) -> None:
    """From the uploaded columns on, words and gaps among them, in a fold model that the bundle carries."""

    class WithCategories:
        """Fits as the search does, with every column of few whole numbers as a category."""

        def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
            params = {"iterations": 30, "verbose": False}
            spec = Spec("c", "C", "boosting", "catboost.core.CatBoostClassifier", params, "native", True)
            known = [place for place in range(X.shape[1]) if _codes(X[:, place])]
            assert known
            return fit_booster(make_estimator(spec, seed=0, threads=1), X, y, X, y, known, 2, 30.0)

    run = make_run(estimators={"catboost": (WithCategories, "native")}, holdout=0.0)
    model = load_model(build_model(run.path, "catboost", tmp_path / "model.zip"))
    assert model.ensemble.folds[0].members[0].estimator.get_cat_feature_indices()
    frame = run.dataset().frame()
    typed = model.features(model.checked(frame))
    expected, rows = out_of_fold(run.path, run.leaderboard()["catboost"])
    judged = train_rows(run.path).layers[0]
    for number, fold in enumerate(model.ensemble.folds):
        part = judged == number
        values = FoldEnsemble([fold], 2).predict_values(typed.iloc[rows[part]])
        np.testing.assert_allclose(values, expected[part], rtol=1e-12)
    strange = frame.head(4).assign(city="Atlantis", member=np.array([None, "Perhaps", "Yes", "No"], dtype=object))
    answers = model.predict_values(strange)
    assert np.isfinite(answers).all() and answers.sum(axis=1) == pytest.approx(1, abs=1e-9)


def _codes(values: np.ndarray) -> bool:
    known = values[~np.isnan(values)]
    return len(np.unique(known)) <= 4 and bool((known % 1 == 0).all())


# -- standardised targets -----------------------------------------------------------------------------------------


def test_a_support_vector_regression_predicts_in_the_target_s_unit_and_comes_back() -> None:
    X = np.random.default_rng(0).normal(size=(120, 2))
    y = 5_000 + 2_000 * X[:, 0]
    made = ScaledSVR(C=10.0).fit(X, y)
    assert (made.middle_, made.width_) == (float(y.mean()), float(y.std()))
    assert np.sqrt(np.mean((made.predict(X) - y) ** 2)) < 300
    again = load_trusted(skops.io.dumps(made), "s.skops")
    assert isinstance(again, ScaledSVR)
    assert again.predict(X).tolist() == made.predict(X).tolist()
    assert predict_values(again, X, 0).tolist() == made.predict(X).tolist()


def test_a_constant_target_is_predicted_as_it_is() -> None:
    X = np.random.default_rng(0).normal(size=(20, 2))
    made = ScaledSVR().fit(X, np.full(20, 7.0))
    assert made.predict(X) == pytest.approx(np.full(20, 7.0), abs=1e-12)


def test_weights_reach_the_regression() -> None:
    X = np.zeros((20, 1))
    y = np.array([0.0, 10.0] * 10)
    light = ScaledSVR(epsilon=0.0).fit(X, y, np.array([1.0, 0.01] * 10)).predict(X[:1])
    heavy = ScaledSVR(epsilon=0.0).fit(X, y, np.array([0.01, 1.0] * 10)).predict(X[:1])
    assert light[0] < 1 and heavy[0] > 9


# -- an ensemble's temperature ------------------------------------------------------------------------------------


class Sure:
    """Always gives the same probabilities."""

    classes_ = np.array([0, 1])

    def __init__(self, event: float) -> None:
        self.event = event

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.tile([1 - self.event, self.event], (len(X), 1))


class Same:
    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        return frame.to_numpy()


def test_a_temperature_is_of_the_mean_and_not_of_the_members() -> None:
    members = [Member("a", "encoded", 1.0, Sure(0.9)), Member("b", "encoded", 3.0, Sure(0.5))]
    fold = Fold({"encoded": Same()}, members)
    frame = pd.DataFrame({"x": [0.0, 1.0]})
    plain = FoldEnsemble([fold], 2).predict_values(frame)
    assert plain == pytest.approx(np.tile([0.4, 0.6], (2, 1)), abs=1e-15)
    sharp = FoldEnsemble([fold], 2, 0.5).predict_values(frame)
    assert sharp == pytest.approx(np.tile([16 / 52, 36 / 52], (2, 1)), abs=1e-15)
    assert FoldEnsemble([fold], 2, 0.5).predict_values(frame[:0]).shape == (0, 2)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 4.0])
def test_probabilities_of_any_temperature_sum_to_one_and_keep_their_order(temperature: float) -> None:
    values = np.random.default_rng(0).dirichlet(np.ones(5), 50)
    values[0] = [1, 0, 0, 0, 0]
    warm = tempered(values, temperature)
    assert warm.sum(axis=1) == pytest.approx(1, abs=1e-12)
    assert (warm.argsort(axis=1)[1:] == values.argsort(axis=1)[1:]).all()
    assert warm[0] == pytest.approx([1, 0, 0, 0, 0], abs=1e-70)

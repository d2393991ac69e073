"""A few rows without frames: the same numbers as the pipelines give, whatever a model is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.schema import Column, Parsing, Schema
from automl_core.scoring.archive import parse_json, read_archive
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.fast import FastPredictor, typed_row
from automl_core.scoring.fast.estimators import fast_estimator
from automl_core.scoring.fast.forests import FlatForest
from automl_core.scoring.fast.rows import frame_of, rows_of
from automl_core.scoring.values import predict_values
from automl_core.worker.candidates import bundle
from tests.conftest import MakeRun, customers

X = np.random.default_rng(0).normal(size=(60, 4))
GAPS = np.where(np.random.default_rng(1).random(X.shape) < 0.1, np.nan, X)
TWO = (X[:, 0] + X[:, 1] > 0).astype(int)
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
VALUES = 3 * X[:, 0] - X[:, 2] + 100


def lightgbm(kind: str, **more: Any) -> Any:
    import lightgbm

    return getattr(lightgbm, f"LGBM{kind}")(n_estimators=12, min_child_samples=3, verbose=-1, n_jobs=1, **more)


def xgboost(kind: str) -> Any:
    import xgboost

    return getattr(xgboost, f"XGB{kind}")(n_estimators=12, max_depth=3, n_jobs=1)


def catboost(kind: str) -> Any:
    import catboost

    return getattr(catboost, f"CatBoost{kind}")(iterations=12, verbose=False, thread_count=1, allow_writing_files=False)


CLASSES: list[Callable[[], Any]] = [
    LogisticRegression,
    lambda: LogisticRegression(solver="liblinear"),
    lambda: LogisticRegression(multi_class="multinomial"),
    LinearDiscriminantAnalysis,
    GaussianNB,
    KNeighborsClassifier,
    lambda: SGDClassifier(loss="hinge", random_state=0),
    lambda: RandomForestClassifier(20, random_state=0),
    lambda: ExtraTreesClassifier(20, random_state=0),
    lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    lambda: MLPClassifier((8,), max_iter=50, activation="tanh", random_state=0),
    lambda: lightgbm("Classifier"),
    lambda: xgboost("Classifier"),
    lambda: catboost("Classifier"),
]
NUMBERS: list[Callable[[], Any]] = [
    Ridge,
    ElasticNet,
    lambda: RandomForestRegressor(20, random_state=0),
    lambda: MLPRegressor((8,), max_iter=50, random_state=0),
    lambda: lightgbm("Regressor"),
    lambda: xgboost("Regressor"),
    lambda: catboost("Regressor"),
]


@pytest.mark.filterwarnings("ignore")  # too few iterations, names that a library wants: no matter here
@pytest.mark.parametrize("y", [TWO, THREE, np.where(THREE == 1, 2, 0)], ids=["two", "three", "one label absent"])
@pytest.mark.parametrize("make", CLASSES)
def test_classes_come_out_as_the_library_says(make: Callable[[], Any], y: np.ndarray) -> None:
    n_classes = 3 if y.max() == 2 else 2
    estimator = make()
    if "XGB" in type(estimator).__name__ and set(y) == {0, 2}:
        y = y // 2  # it refuses labels that are not 0..k-1
        n_classes = 2
    estimator.fit(X, y)
    fast = fast_estimator(estimator, n_classes)
    for row in X[:20]:
        np.testing.assert_allclose(fast(row[None]), predict_values(estimator, row[None], n_classes), rtol=1e-9, atol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", NUMBERS)
def test_values_come_out_as_the_library_says(make: Callable[[], Any]) -> None:
    estimator = make().fit(X, VALUES)
    fast = fast_estimator(estimator, 0)
    for row in X[:20]:
        np.testing.assert_allclose(fast(row[None]), predict_values(estimator, row[None], 0), rtol=1e-9)


def test_a_forest_sends_missing_values_where_scikit_learn_does() -> None:
    forest = RandomForestClassifier(30, random_state=0).fit(GAPS, THREE)
    np.testing.assert_allclose(FlatForest(forest)(GAPS), forest.predict_proba(GAPS), atol=1e-12)


def test_a_booster_gets_its_categories(make_run: MakeRun) -> None:
    """CatBoost wants whole numbers where it learned categories, and -1 for a missing one."""
    from catboost import CatBoostClassifier

    codes = np.column_stack([np.random.default_rng(2).integers(0, 4, 60).astype(float), X[:, 0]])
    frame = pd.DataFrame({0: codes[:, 0].astype(int), 1: codes[:, 1]})
    estimator = CatBoostClassifier(iterations=8, verbose=False, cat_features=[0], allow_writing_files=False).fit(frame, TWO)
    fast = fast_estimator(estimator, 2)
    for row in [*codes[:10], np.array([np.nan, 0.3])]:
        np.testing.assert_allclose(fast(row[None]), predict_values(estimator, row[None], 2), rtol=1e-9)


FILLED, WORDS, SCALED = Step("impute", {}), Step("encode", {}), Step("scale", {})


def encode(method: str) -> Step:
    return Step("encode", {"method": method})


def scale(method: str) -> Step:
    return Step("scale", {"method": method})


RECIPES = {
    "standard": (Step("impute", {"indicator": True}), WORDS, SCALED),
    "robust": (Step("clip_outliers", {}), FILLED, encode("target"), scale("robust")),
    "ranks": (FILLED, encode("frequency"), scale("minmax")),
    "neighbours": (Step("impute", {"strategy": "knn"}), encode("ordinal"), scale("maxabs")),
    "joint": (FILLED, WORDS, Step("polynomial", {}), SCALED),
    "changed": (Step("date_parts", {"columns": ["joined"], "parts": ["month"]}), FILLED, WORDS, SCALED),
}


def exported(make_run: MakeRun, steps: tuple[Step, ...], task: str = "binary") -> tuple[Model, dict[str, Any]]:
    run = make_run(task, recipe=Recipe((Step("drop_columns", {"columns": ["key"]}), *steps)))
    path = bundle(run, "ensemble")
    _, files = read_archive(path)
    return load_model(path), parse_json(files["samples.json"], "samples.json")


@pytest.mark.parametrize("name", RECIPES)
def test_every_kind_of_step_gives_the_same_numbers(make_run: MakeRun, name: str) -> None:
    model, samples = exported(make_run, RECIPES[name])
    predictor = FastPredictor(model, samples)
    assert predictor.fast, predictor.reason
    frame = model.read(customers(40, seed=3)).frame
    frame.loc[3, "city"], frame.loc[4, "age"] = "Nowhere", np.nan
    rows = rows_of(frame)
    expected = model.values_of(frame)
    found = np.concatenate([predictor.predict_values([row]) for row in rows])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(predictor.predict_values(rows), expected, rtol=0, atol=1e-9)
    # once more, now that the words are known
    np.testing.assert_allclose(predictor.predict_values(rows[:5]), expected[:5], rtol=0, atol=1e-9)


def test_texts_become_the_same_numbers() -> None:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    from automl_core.cleaning.transformers import TextFeatures
    from automl_core.scoring.fast.preparing import FastPreparation, _Text

    texts = ["a blue door", "the door is red", "Blue", "", "windows and doors", None]
    frame = pd.DataFrame({"note": pd.Series(texts, dtype=object)})
    chain = Pipeline([("text", TextFeatures(3)), ("scale", StandardScaler())])
    fitted = ColumnTransformer([("group0", chain, "note")], sparse_threshold=0.0).fit(frame)
    fast = FastPreparation(fitted, set())
    assert isinstance(fast._parts[0][1], _Text)
    for text in [*texts, "something else entirely"]:
        row = pd.DataFrame({"note": pd.Series([text], dtype=object)})
        np.testing.assert_allclose(fast({"note": text}), fitted.transform(row), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_every_task_gives_the_same_numbers(make_run: MakeRun, task: str) -> None:
    model, samples = exported(make_run, RECIPES["standard"], task)
    predictor = FastPredictor(model, samples)
    assert predictor.fast, predictor.reason
    frame = model.read(customers(20, seed=3)).frame
    found = np.concatenate([predictor.predict_values([row]) for row in rows_of(frame)])
    np.testing.assert_allclose(found, model.values_of(frame), rtol=1e-9)


def test_a_model_whose_parts_come_out_differently_takes_the_slow_way(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    from automl_core.scoring.fast import predictor as module

    model, samples = exported(make_run, RECIPES["standard"])
    right = module.fast_estimator
    monkeypatch.setattr(module, "fast_estimator", lambda *given: lambda X: right(*given)(X) * 0.999)
    predictor = FastPredictor(model, samples)
    assert not predictor.fast and predictor.reason.startswith("The sample rows came out differently by up to")
    rows = rows_of(model.read(customers(3)).frame)
    np.testing.assert_allclose(predictor.predict_values(rows), model.values_of(model.read(customers(3)).frame), atol=1e-12)


SCHEMA = Schema(
    (Column("n", "number", Parsing(decimal=",", thousands=".", strip=("€",))), Column("w", "category"),
     Column("d", "date", Parsing(date_format="%d.%m.%Y")), Column("t", "text"))
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        ({"n": 3, "w": "a", "d": "24.12.2025"}, {"n": 3.0, "w": "a", "d": pd.Timestamp("2025-12-24")}),
        ({"n": "1.234,5 €", "w": 3.0, "d": None}, {"n": 1234.5, "w": "3", "d": None}),
        ({"n": "NA", "w": " ", "d": ""}, {"n": None, "w": None, "d": None}),
        ({"n": True, "w": False, "d": "-"}, {"n": 1.0, "w": "False", "d": None}),
    ],
)
def test_cells_of_a_request_are_typed_like_those_of_the_table(given: dict[str, Any], cells: dict[str, Any]) -> None:
    assert typed_row(given, SCHEMA, ("n", "w", "d")) == (cells, [])
    frame = frame_of([cells], SCHEMA)
    assert list(frame) == ["n", "w", "d"] and frame["d"].dtype == "datetime64[ns]" and frame["w"].dtype == object


def test_every_fault_of_a_row_is_told() -> None:
    row = {"n": "many", "w": [1], "d": "2025-12-24", "t": {"a": 1}, "x": 1}
    faults = typed_row(row, SCHEMA, ("n", "w", "d"))[1]
    assert [(fault.column, fault.sentence) for fault in faults] == [
        ("x", "The model has no such column."),
        ("n", "'many' is no number."),
        ("w", "A single value is needed, not a list."),
        ("d", "'2025-12-24' is no date."),
        ("t", "A single value is needed, not a table."),
    ]
    faults = typed_row({"n": 10**400, "d": 5}, SCHEMA, ("n", "w", "d"))[1]
    assert [(fault.column, fault.sentence) for fault in faults] == [
        ("n", "The number is too large."),
        ("w", "The column is missing; null says that a value is not known."),
        ("d", "5 is no date; dates are written as text, like those of the training table."),
    ]
    assert typed_row({"n": float("inf"), "w": "a", "d": None}, SCHEMA, ())[1][0].sentence == "inf is no finite number."

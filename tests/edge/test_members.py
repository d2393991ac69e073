"""Every part of a model as ONNX operators: the same numbers as the library's own, for every kind of estimator and step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from automl_core.edge.combining import put_together
from automl_core.edge.members import predicted
from automl_core.edge.preparation import prepared
from automl_core.engines.onnx import Graph, run_onnx
from automl_core.errors import AutoMLError, InputError
from automl_core.scoring.calibration import Calibration, Curve
from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member, SecondLevel, level_matrix
from automl_core.scoring.values import predict_values
from tests.scoring.test_fast import CLASSES, GAPS, NUMBERS, THREE, TWO, VALUES, X, catboost, lightgbm, xgboost

EXACT = 1e-12


def ran(values: np.ndarray, build: Callable[[Graph, str], str]) -> np.ndarray:
    """What a graph over columns of numbers gives."""
    graph = Graph()
    names = [graph.input(f"x{place}", words=False) for place in range(values.shape[1])]
    graph.output("y", build(graph, graph.side_by_side(names)), width=1)
    data = graph.to_bytes({})
    return run_onnx(data, {name: values[:, [place]].astype(np.float64) for place, name in enumerate(names)})["y"]


def same(estimator: Any, rows: np.ndarray, n_classes: int, tolerance: float) -> None:
    found = ran(rows, lambda graph, matrix: predicted(graph, estimator, matrix, rows.shape[1], n_classes))
    expected = predict_values(estimator, rows, n_classes)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)


SUMS = 1e-6
"""The sums of trees are rounded to single precision once; XGBoost and skl2onnx add up in it."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("y", [TWO, THREE, np.where(THREE == 1, 2, 0)], ids=["two", "three", "one label absent"])
@pytest.mark.parametrize("make", [*CLASSES, RidgeClassifier])
def test_classes_are_what_the_library_says(make: Callable[[], Any], y: np.ndarray) -> None:
    n_classes = 3 if y.max() == 2 else 2
    estimator = make()
    if "XGB" in type(estimator).__name__ and set(y) == {0, 2}:
        y, n_classes = y // 2, 2
    estimator.fit(X, y)
    same(estimator, X, n_classes, SUMS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", NUMBERS)
def test_values_are_what_the_library_says(make: Callable[[], Any]) -> None:
    estimator = make().fit(X, VALUES)
    same(estimator, X, 0, SUMS)


@pytest.mark.parametrize("objective", ["poisson", "tweedie", "gamma"])
def test_trees_that_add_up_to_a_logarithm_give_values(objective: str) -> None:
    same(lightgbm("Regressor", objective=objective).fit(X, np.abs(VALUES) + 0.1), X, 0, SUMS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [lightgbm, xgboost, catboost])
def test_missing_numbers_go_where_the_library_sends_them(make: Callable[[str], Any]) -> None:
    estimator = make("Classifier").fit(GAPS, THREE)
    same(estimator, GAPS, 3, SUMS)
    whole = make("Classifier").fit(X, TWO)  # none was missing when it learned
    same(whole, GAPS, 2, SUMS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_categories_of_the_boosters_are_sets_of_codes(library: str) -> None:
    from automl_core.search.boosters import fit_booster

    rng = np.random.default_rng(4)
    codes = rng.integers(0, 40, 300).astype(float)
    values = np.column_stack([codes, rng.normal(size=300)])
    y = ((codes % 3 == 0) ^ (values[:, 1] > 0.7)).astype(int)
    make = lightgbm("Classifier") if library == "lightgbm" else xgboost("Classifier")
    estimator = fit_booster(make, values[:200], y[:200], values[200:], y[200:], [0], 2, 30.0)
    values[:5, 0] = np.nan
    same(estimator, values, 2, SUMS)


def test_numbers_that_single_precision_cannot_tell_apart_keep_their_sides() -> None:
    """LightGBM compares in double precision; as single precision 1 of 31 rows went the other way."""
    rng = np.random.default_rng(5)
    values = 0.3 + rng.integers(0, 40, (400, 1)) * 1e-9
    y = (values[:, 0] > 0.3 + 20e-9).astype(int)
    estimator = lightgbm("Classifier").fit(values, y)
    assert np.unique(values.astype(np.float32)).size < 5 and len(np.unique(estimator.predict_proba(values)[:, 1].round(6))) > 1
    same(estimator, values, 2, SUMS)


def test_what_onnx_cannot_do_is_said() -> None:
    import catboost as library
    from sklearn.svm import SVC

    frame = pd.DataFrame({0: np.arange(60) % 4, 1: X[:, 0]})
    estimator = library.CatBoostClassifier(iterations=4, verbose=False, cat_features=[0], allow_writing_files=False)
    estimator.fit(frame, TWO)
    with pytest.raises(InputError, match="CatBoost's own encoding of words .* cannot be written as ONNX."):
        same(estimator, X[:, :2], 2, 1e-9)
    with pytest.raises(InputError, match="SVC gives no probabilities of its own."):
        same(SVC().fit(X, TWO), X, 2, 1e-9)
    with pytest.raises(InputError, match="LightGBM's objective 'cross_entropy' is none that is known here. ONNX has no operator"):
        same(lightgbm("Regressor", objective="cross_entropy").fit(X, VALUES > 0), X, 0, 1e-9)
    with pytest.raises(InputError, match="XGBoost's objective 'reg:gamma' is none that is known here."):
        estimator = xgboost("Regressor").set_params(objective="reg:gamma").fit(X, np.abs(VALUES) + 1)
        same(estimator, X, 0, 1e-9)


def members(n_classes: int, y: np.ndarray) -> list[Member]:
    made = [LogisticRegression(C=c).fit(X, y) for c in (0.1, 1.0)]
    return [Member(name, "encoded", weight, one) for name, weight, one in zip("ab", (1.0, 3.0), made, strict=True)]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"temperature": 0.7},
        {"calibration": Calibration("isotonic", (Curve((0.1, 0.4, 0.9), (0.05, 0.5, 0.8)),))},
        {"calibration": Calibration("sigmoid", (Curve(slope=1.4, height=-0.2),)), "temperature": 1.3},
        {"calibration": Calibration("isotonic", (Curve((0.5,), (0.4,)),))},
    ],
    ids=["average", "temperature", "isotonic", "sigmoid", "one point"],
)
def test_what_the_members_come_to(more: dict[str, Any]) -> None:
    fold = Fold({}, members(2, TWO))
    ensemble = FoldEnsemble([fold], 2, **more)
    pieces = [(m.candidate, share, predict_values(m.estimator, X, 2)) for _, m, share in ensemble.members()]

    def build(graph: Graph, matrix: str) -> str:
        parts = [(m.candidate, share, predicted(graph, m.estimator, matrix, 4, 2)) for _, m, share in ensemble.members()]
        return put_together(graph, ensemble, parts)

    np.testing.assert_allclose(ran(X, build), ensemble.put_together(pieces), atol=EXACT)


def test_three_classes_and_a_second_level() -> None:
    fold = Fold({}, members(3, THREE))
    level = level_matrix([predict_values(m.estimator, X, 3) for m in fold.members])
    second = SecondLevel(("a", "b"), LogisticRegression().fit(level, THREE))
    curves = tuple(Curve((0.0, 0.5, 1.0), (0.1, 0.4 + 0.1 * place, 0.9)) for place in range(3))
    ensemble = FoldEnsemble([fold], 3, 0.8, second=second, calibration=Calibration("isotonic", curves))
    pieces = [(m.candidate, share, predict_values(m.estimator, X, 3)) for _, m, share in ensemble.members()]

    def build(graph: Graph, matrix: str) -> str:
        parts = [(m.candidate, share, predicted(graph, m.estimator, matrix, 4, 3)) for _, m, share in ensemble.members()]
        return put_together(graph, ensemble, parts)

    np.testing.assert_allclose(ran(X, build), ensemble.put_together(pieces), atol=1e-10)


def test_values_on_a_line() -> None:
    from sklearn.linear_model import Ridge

    fold = Fold({}, [Member("a", "encoded", 2.0, Ridge().fit(X, VALUES))])
    ensemble = FoldEnsemble([fold], 0, line=(3.0, 0.9))
    ridge = fold.members[0].estimator

    def build(graph: Graph, matrix: str) -> str:
        return put_together(graph, ensemble, [("a", 1.0, predicted(graph, ridge, matrix, 4, 0))])

    np.testing.assert_allclose(ran(X, build)[:, 0], 3.0 + 0.9 * ridge.predict(X), rtol=EXACT)


def test_a_curve_that_jumps_is_refused() -> None:
    ensemble = FoldEnsemble([], 2, calibration=Calibration("isotonic", (Curve((0.2, 0.2), (0.1, 0.5)),)))
    with pytest.raises(AutoMLError, match="The curve that sets the probabilities right jumps."):
        put_together(Graph(), ensemble, [("a", 1.0, "x")])


WORDS_AND_NUMBERS = pd.DataFrame(
    {
        "age": [20.0, np.nan, 40.0, 61.0, 33.0, 25.0] * 10,
        "pay": [1.0, 2.0, 3.0, 1e6, np.nan, 2.5] * 10,
        "city": ["Rome", "Oslo", np.nan, "Lima", "Rome", "Oslo"] * 10,
        "job": ["a", "b", "c", "d", "e", "f"] * 10,
    }
)
STEPS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "standard": (("impute", {"indicator": True}), ("encode", {}), ("scale", {})),
    "limits": (
        ("clip_outliers", {"action": "flag"}), ("impute", {}), ("encode", {"method": "target"}), ("scale", {"method": "robust"}),
    ),
    "missing limits": (
        ("clip_outliers", {"action": "missing"}), ("impute", {"strategy": "mean"}), ("encode", {"method": "ordinal"}),
    ),
    "clipped": (("clip_outliers", {}), ("impute", {}), ("encode", {"method": "frequency"}), ("scale", {"method": "minmax"})),
    "rare": (("group_rare", {"min_share": 0.2}), ("impute", {}), ("encode", {}), ("scale", {"method": "maxabs"})),
    "power": (("impute", {}), ("transform_power", {}), ("encode", {}), ("scale", {})),
    "bins": (("bin", {"columns": ["age"], "bins": 3}), ("impute", {}), ("encode", {})),
    "components": (("impute", {}), ("encode", {}), ("pca", {}), ("scale", {})),
    "open": (),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("view", ["encoded", "native", "scaled"])
@pytest.mark.parametrize("name", STEPS)
def test_rows_are_prepared_as_the_fold_prepares_them(name: str, view: Any) -> None:
    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.schema import Column, Schema

    recipe = Recipe(tuple(Step(op, params) for op, params in STEPS[name]))
    kinds = {"age": "number", "pay": "number", "city": "category", "job": "category"}
    schema = Schema(tuple(Column(column, kind) for column, kind in kinds.items()))
    y = np.arange(60) % 2
    preprocessor = build_preprocessor(recipe, schema, WORDS_AND_NUMBERS, view=view, task="binary")
    preprocessor.fit(WORDS_AND_NUMBERS, y)
    rows = WORDS_AND_NUMBERS.iloc[:8].copy()
    rows.loc[0, "city"], rows.loc[1, "job"], rows.loc[3, "age"] = "Nowhere", np.nan, -4.0
    expected = Fold({view: preprocessor}, []).transform(view, rows)
    graph = Graph()
    inputs = {column: graph.input(column, words=kind == "category") for column, kind in kinds.items()}
    try:
        value, width = prepared(graph, preprocessor, inputs, {"age", "pay"})
    except AutoMLError as error:
        assert name == "components" and "Components cannot be written as ONNX" in str(error)
        return
    assert width == expected.shape[1]
    graph.output("y", value, width=width)
    given = {name: rows[[name]].to_numpy(np.float64) for name in ("age", "pay")}
    given |= {name: rows[[name]].fillna("").to_numpy(object) for name in ("city", "job")}
    found = run_onnx(graph.to_bytes({}), given)["y"]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_words_that_are_told_apart_by_their_letters_are_refused() -> None:
    from automl_core.cleaning.preprocessing import build_preprocessor
    from automl_core.cleaning.recipe import Recipe, Step
    from automl_core.schema import Column, Schema

    schema = Schema((Column("city", "category"),))
    preprocessor = build_preprocessor(
        Recipe((Step("encode", {"method": "hashing"}),)), schema, WORDS_AND_NUMBERS[["city"]], task="binary"
    ).fit(WORDS_AND_NUMBERS[["city"]], np.arange(60) % 2)
    graph = Graph()
    with pytest.raises(InputError, match="Words of 'city' that were never seen are told apart by their letters."):
        prepared(graph, preprocessor, {"city": graph.input("city", words=True)}, set())

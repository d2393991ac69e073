"""What each column adds is exact where it can be, in the person's columns, and says so where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Step
from automl_core.explaining.attribution import logits
from automl_core.explaining.explainer import Explainer, draw_background
from automl_core.explaining.sampling import sample_shapley
from automl_core.schema import Kind
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.calibration import Calibration, Curve
from automl_core.scoring.ensemble import Fold, FoldEnsemble, Member, SecondLevel, level_matrix
from automl_core.scoring.fast.preparing import checked_preparation
from automl_core.scoring.fast.rows import rows_of
from automl_core.worker.candidates import bundle
from tests.explaining.small_models import fit, line, numbers

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]
KINDS: dict[str, Kind] = {"a": "number", "b": "number", "town": "category", "y": "category"}
STEPS = (Step("impute", {}), Step("encode", {"method": "onehot"}), Step("scale", {}))


def table(labels: int, rows: int = 160) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, rows))
    town = rng.choice(["Bonn", "Kiel", "Ulm"], rows).astype(object)
    value = 2 * a + b * (town == "Ulm") + 0.3 * rng.normal(size=rows)
    frame = pd.DataFrame({"a": a, "b": b, "town": town, "y": value})
    if labels:
        cuts = np.quantile(value, np.linspace(0, 1, labels + 1)[1:-1])
        frame["y"] = np.array(["low", "mid", "top"], dtype=object)[np.digitize(value, cuts)]
    frame.loc[::17, "a"] = np.nan
    return frame


def made(estimator: Any, labels: int, **other: Any) -> tuple[Model, pd.DataFrame]:
    frame = table(labels)
    kinds: dict[str, Kind] = {**KINDS, "y": "category" if labels else "number"}
    model = fit(frame, kinds, estimator, *STEPS, classes=("low", "mid", "top")[:labels], **other)
    return model, model.checked(frame)[list(model.used)]


def estimators(labels: int) -> dict[str, Any]:
    from catboost import CatBoostClassifier, CatBoostRegressor
    from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
    from xgboost import XGBClassifier, XGBRegressor

    few: dict[str, Any] = {"n_estimators": 12, "random_state": 0}
    cat: dict[str, Any] = {"iterations": 12, "depth": 3, "verbose": False, "allow_writing_files": False, "thread_count": 1}
    ebm: dict[str, Any] = {"outer_bags": 1, "max_rounds": 20, "n_jobs": 1, "interactions": 1}
    if labels:
        return {
            "linear": LogisticRegression(),
            "tree": DecisionTreeClassifier(max_depth=3, random_state=0),
            "forest": RandomForestClassifier(max_depth=4, **few),
            "lightgbm": LGBMClassifier(verbose=-1, n_jobs=1, **few),
            "xgboost": XGBClassifier(n_jobs=1, **few),
            "catboost": CatBoostClassifier(**cat),
            **({"additive": ExplainableBoostingClassifier(**ebm)} if labels == 2 else {}),
        }
    return {
        "linear": Ridge(),
        "tree": DecisionTreeRegressor(max_depth=3, random_state=0),
        "forest": RandomForestRegressor(max_depth=4, **few),
        "lightgbm": LGBMRegressor(verbose=-1, n_jobs=1, **few),
        "xgboost": XGBRegressor(n_jobs=1, **few),
        "catboost": CatBoostRegressor(**cat),
        "additive": ExplainableBoostingRegressor(**ebm),
    }


@pytest.mark.parametrize("labels", [0, 2, 3])
@pytest.mark.parametrize("kind", ["linear", "tree", "forest", "lightgbm", "xgboost", "catboost", "additive"])
def test_exact_contributions_add_up_in_the_persons_columns(kind: str, labels: int) -> None:
    known = estimators(labels)
    if kind not in known:
        return  # explainable boosting has no pairs of columns for three labels
    model, typed = made(known[kind], labels)
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:40])
    (member,) = shares.members
    assert shares.columns == ("a", "b", "town")
    assert shares.outputs == {0: ("y",), 2: ("mid",), 3: ("low", "mid", "top")}[labels]
    assert member.exact and member.adds_up and shares.exact
    assert member.allowed == (1e-4 if kind == "xgboost" else 1e-6)
    np.testing.assert_allclose(shares.predicted, model.values_of(typed.iloc[:40]), atol=1e-9)
    assert not shares.error.any()
    if member.rescaled:  # a tree gives probabilities; 0 and 1 have no log-odds
        assert labels and kind in ("tree", "forest")
        inside = np.clip(shares.predicted, 1e-3, None)
        np.testing.assert_allclose(shares.base + shares.values.sum(axis=1), logits(inside), atol=0.02)
    else:
        assert np.abs(shares.gaps).max() < 1e-4
    # What moves the target moves the predictions most.
    assert np.abs(shares.values).mean(axis=(0, 2)).argmax() == 0


def test_a_line_adds_its_weight_times_the_distance_to_the_background() -> None:
    frame = numbers(2, 50)
    frame["y"] = 2 * frame["c0"] - frame["c1"] + 5
    model = line(frame)
    typed = model.checked(frame)
    background = typed.iloc[:10]
    shares = Explainer(model, background).share(typed.iloc[20:23])
    away = typed.iloc[20:23].to_numpy() - background.to_numpy().mean(axis=0)
    np.testing.assert_allclose(shares.values[:, :, 0], away * [2, -1], atol=1e-9)
    mean = background.to_numpy().mean(axis=0)
    assert shares.base[0] == pytest.approx(2 * mean[0] - mean[1] + 5)


def test_what_has_no_exact_method_is_sampled_with_its_error_and_adds_up() -> None:
    from sklearn.neighbors import KNeighborsRegressor

    model, typed = made(KNeighborsRegressor(5), 0)
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:6])
    (member,) = shares.members
    assert not member.exact and member.error > 0 and member.adds_up
    assert member.method == "sampling, 10 orders of the columns in both directions against 10 rows"
    np.testing.assert_allclose(shares.gaps, 0, atol=1e-9)
    assert (shares.error[:, 0] > 0).all()
    fewer = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:6], draws=3)
    assert fewer.members[0].method == "sampling, 3 orders of the columns in both directions against 3 rows"


def test_trees_that_add_up_to_a_logarithm_are_sampled_in_the_unit_of_the_target() -> None:
    from lightgbm import LGBMRegressor

    frame = table(0)
    frame["y"] = np.exp(frame["y"])
    estimator = LGBMRegressor(objective="tweedie", n_estimators=12, random_state=0, verbose=-1, n_jobs=1)
    model = fit(frame, {**KINDS, "y": "number"}, estimator, *STEPS)
    typed = model.checked(frame)[list(model.used)]
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:6])
    (member,) = shares.members
    assert not member.exact and member.adds_up and member.method.startswith("sampling")
    np.testing.assert_allclose(shares.summed[:, 0], model.values_of(typed.iloc[:6]), atol=1e-9)


def ensemble(
    labels: int, temperature: float = 1.0, line: tuple[float, float] = (0.0, 1.0)
) -> tuple[Model, pd.DataFrame, list[Model]]:
    known = estimators(labels)
    parts = [made(known[kind], labels)[0] for kind in ("lightgbm", "catboost")]
    folds = [part.ensemble.folds[0] for part in parts]
    members = [
        Member(name, "encoded", weight, fold.members[0].estimator) for name, weight, fold in zip("lc", (3, 1), folds, strict=True)
    ]
    both = Fold(folds[0].preprocessors, members)
    model = replace(parts[0], ensemble=FoldEnsemble([both], labels, temperature, line))
    return model, model.checked(table(labels))[list(model.used)], parts


def test_an_ensemble_adds_its_members_by_weight_and_tells_the_gap() -> None:
    model, typed, parts = ensemble(2, temperature=0.8)
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:30])
    one, other = (Explainer(part, draw_background(typed, 0)).share(typed.iloc[:30]) for part in parts)
    np.testing.assert_allclose(shares.values, (0.75 * one.values + 0.25 * other.values) / 0.8, atol=1e-9)
    np.testing.assert_allclose(shares.predicted, model.values_of(typed.iloc[:30]), atol=1e-12)
    assert [(member.candidate, member.weight, member.models) for member in shares.members] == [("l", 0.75, 1), ("c", 0.25, 1)]
    # Averaged log-odds are no averaged probabilities.
    assert 0 < np.abs(shares.gaps).max() < 0.1


def test_an_ensemble_of_numbers_has_no_gap() -> None:
    model, typed, _ = ensemble(0, line=(1.5, 0.9))
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:30])
    np.testing.assert_allclose(shares.gaps, 0, atol=1e-9)
    np.testing.assert_allclose(shares.summed[:, 0], model.values_of(typed.iloc[:30]), atol=1e-9)


def test_trusting_what_was_checked_before_changes_nothing() -> None:
    for labels in (0, 2, 3):
        model, typed, _ = ensemble(labels)
        explainer = Explainer(model, draw_background(typed, 0))
        first = explainer.share(typed.iloc[:5])
        again = explainer.share(typed.iloc[:5], check=False)
        np.testing.assert_allclose(again.values, first.values, atol=1e-12)
        np.testing.assert_allclose(again.predicted, first.predicted, atol=1e-7)


def test_a_column_made_of_two_is_shared_by_both() -> None:
    from sklearn.linear_model import LinearRegression

    frame = numbers(2, 60)
    frame["y"] = frame["c0"] + frame["c1"]
    steps = (
        Step("formula", {"formula": "c0 + c1", "name": "both"}),
        Step("drop_columns", {"columns": ["c0", "c1"]}),
        Step("impute", {}),
    )
    model = fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), *steps)
    typed = model.checked(frame)
    shares = Explainer(model, typed.iloc[:10]).share(typed.iloc[10:12])
    np.testing.assert_allclose(shares.values[:, 0], shares.values[:, 1], atol=1e-12)
    np.testing.assert_allclose(shares.gaps, 0, atol=1e-9)


def test_a_single_row_is_prepared_without_a_table_and_as_before() -> None:
    model, typed, _ = ensemble(2)
    explainer, fold = Explainer(model, draw_background(typed, 0)), model.ensemble.folds[0]
    fast = explainer._layout(fold, "encoded").fast
    assert fast is not None
    row = typed.iloc[[0]].copy()
    assert row["a"].isna().all()
    for value in (np.nan, 0.5, np.nan, -2.0):
        row = row.assign(a=value)
        np.testing.assert_allclose(fast(rows_of(row)[0]), fold.transform("encoded", row), rtol=1e-12)
    row = row.assign(town="never seen")
    with pytest.warns(UserWarning, match="unknown categories"):  # `share` leaves it to those who ask
        np.testing.assert_allclose(fast(rows_of(row)[0]), fold.transform("encoded", row), rtol=1e-12)


def test_what_comes_out_differently_is_not_taken() -> None:
    model, typed, _ = ensemble(2)
    fold = model.ensemble.folds[0]
    right = fold.transform("encoded", typed.iloc[:9])
    assert checked_preparation(fold.preprocessors["encoded"], typed.iloc[:9], right) is not None
    assert checked_preparation(fold.preprocessors["encoded"], typed.iloc[:9], right + 1e-6) is None
    assert checked_preparation(object(), typed.iloc[:9], right) is None


@pytest.mark.parametrize("labels", [0, 2])
def test_a_stack_is_shared_out_as_its_final_model_weighs_it(labels: int) -> None:
    """Contributions were those of an average, and the prediction beside them was not the model's own."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    model, typed, parts = ensemble(labels)
    values = [part.values_of(typed) for part in parts]
    truth = (typed["b"] > 0).astype(int) if labels else 5 + 2 * values[0]
    final = (LogisticRegression() if labels else LinearRegression()).fit(level_matrix(values), truth)
    sigmoid = Calibration("sigmoid", (Curve(slope=0.8, height=0.3),)) if labels else None
    stack = FoldEnsemble(model.ensemble.folds, labels, second=SecondLevel(("l", "c"), final), calibration=sigmoid)
    stacked = replace(model, ensemble=stack)
    shares = Explainer(stacked, draw_background(typed, 0)).share(typed.iloc[:30])
    one, other = (Explainer(part, draw_background(typed, 0)).share(typed.iloc[:30]) for part in parts)
    first, second = np.ravel(final.coef_) * (0.8 if labels else 1.0)
    np.testing.assert_allclose(shares.values, first * one.values + second * other.values, atol=1e-9)
    np.testing.assert_allclose(shares.predicted, stacked.values_of(typed.iloc[:30]), atol=1e-12)
    np.testing.assert_allclose(shares.gaps, 0, atol=1e-6)


def test_bent_calibration_is_told_by_the_gap() -> None:
    model, typed, _ = ensemble(2)
    curve = Calibration("isotonic", (Curve(x=(0.0, 1.0), y=(0.2, 0.4)),))
    bent = replace(model, ensemble=FoldEnsemble(model.ensemble.folds, 2, calibration=curve))
    shares = Explainer(bent, draw_background(typed, 0)).share(typed.iloc[:30])
    np.testing.assert_allclose(shares.predicted, bent.values_of(typed.iloc[:30]), atol=1e-12)
    assert np.abs(shares.gaps).max() > 0.1


def test_sampled_values_are_exact_for_a_sum_and_share_a_product() -> None:
    table = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])

    def answer(rows: np.ndarray) -> np.ndarray:
        a, b, c = (table[rows[:, place], place] for place in range(3))
        return np.column_stack([a + 2 * b - c, a * b])

    found = sample_shapley(answer, np.array([0]), np.array([1]), 3, rounds=3)
    np.testing.assert_allclose(found.values[0, :, 0], [1, 4, -3])
    np.testing.assert_allclose(found.values[0, :, 1], [1, 1, 0])
    np.testing.assert_allclose(found.error[0, :, 0], 0, atol=1e-12)
    assert (found.base == 0).all() and found.draws == 3
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), found.answers)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_whole_ensemble_of_a_run_is_explained(finished_runs: Any, task: str) -> None:
    run = finished_runs[task]
    model = load_model(bundle(run, "ensemble"))
    typed = model.checked(run.holdout())[list(model.used)]
    shares = Explainer(model, draw_background(typed, 0)).share(typed.iloc[:8])
    np.testing.assert_allclose(shares.predicted, model.values_of(typed.iloc[:8]), atol=1e-9)
    assert shares.exact and len(shares.members) == 2
    assert "joined" in shares.columns, "parts of a date are summed in the date"

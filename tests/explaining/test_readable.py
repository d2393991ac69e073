"""A model written out says the same as the model: predictions worked out by hand from its tables are its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.errors import FormatError, InputError
from automl_core.experiment import ExperimentConfig
from automl_core.explaining.features import features
from automl_core.explaining.readable import Axis, Readable, can_be_read, span_words
from automl_core.explaining.reader import readable
from automl_core.leaderboard import Candidate
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import Model
from automl_core.search.candidates import Spec, catalogue, portfolio

FitModel = Callable[..., Model]
SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("pay", "number"),
        Column("town", "category"),
        Column("member", "boolean"),
        Column("y", "number"),
    )
)
WHOLE = Recipe((Step("impute", {"indicator": True}), Step("encode", {}), Step("scale", {})))
REGRESSION = ExperimentConfig("y", "regression", "rmse", folds=2)


def table(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age, pay = rng.uniform(18, 80, rows).round(1), rng.lognormal(3, 0.5, rows)
    town = rng.choice(["Bonn", "Kiel", "Ulm"], rows).astype(object)
    member = rng.choice(["no", "yes"], rows).astype(object)
    y = 2 * age - 0.5 * pay + 10 * (town == "Ulm") + 5 * (member == "yes") + rng.normal(size=rows)
    age[::11] = np.nan
    return pd.DataFrame({"age": age, "pay": pay, "town": town, "member": member, "y": y})


def binary(frame: pd.DataFrame) -> tuple[pd.DataFrame, Schema, ExperimentConfig]:
    labels = np.where(frame["y"] > frame["y"].median(), "high", "low")
    return (
        frame.assign(y=labels.astype(object)),
        Schema((*(SCHEMA[name] for name in SCHEMA.names if name != "y"), Column("y", "category"))),
        ExperimentConfig("y", "binary", "roc_auc", "high", folds=2),
    )


def spec(name: str, task: Any = "regression", view: str | None = None) -> Spec:
    found = {**catalogue(task), **portfolio(task)}[name]
    return replace(found, view=view) if view else found


def by_hand(found: Readable, row: pd.Series) -> float:
    """Add up a linear model for one row without gaps."""
    total = found.intercept[0]
    for entry in found.coefficients:
        if entry.feature.endswith(" is missing"):
            continue
        column, _, word = entry.feature.partition(" = ")
        total += entry.mean * (float(row[column] == word) if word else float(row[column]))
    return total


@pytest.mark.parametrize(("view", "recipe"), [("encoded", WHOLE), ("scaled", Recipe(())), ("scaled", WHOLE),
                                              ("encoded", Recipe((Step("scale", {"method": "minmax"}), Step("impute", {}),
                                                                  Step("encode", {"method": "onehot"}))))])  # fmt: skip
def test_a_linear_model_is_its_coefficients(view: str, recipe: Recipe, fit_model: FitModel) -> None:
    frame = table()
    model = fit_model(spec("lr", view=view), frame, SCHEMA, recipe, REGRESSION)
    found = readable(model)
    assert (found.kind, found.outputs, found.labels, found.folds) == ("linear", ("y",), False, 2)
    rows = frame.dropna().iloc[:20]
    expected = model.predict(rows)["prediction"]
    # Least squares may split huge numbers between words and the start, and then adds up to 1e-3 only.
    np.testing.assert_allclose([by_hand(found, row) for _, row in rows.iterrows()], expected, rtol=5e-3)
    assert max(abs(entry.mean) for entry in found.coefficients) < 20
    slopes = {entry.feature: entry for entry in found.coefficients}
    assert slopes["age"].mean == pytest.approx(2, abs=0.05)
    assert slopes["pay"].mean == pytest.approx(-0.5, abs=0.05)
    assert slopes["age"].low <= slopes["age"].mean <= slopes["age"].high
    assert slopes["age"].per == "for one more"
    assert (slopes["town = Ulm"].column, slopes["town = Ulm"].per) == ("town", "if it is so")
    assert slopes["town = Ulm"].mean - slopes["town = Bonn"].mean == pytest.approx(10, abs=3)
    assert found.coefficients[0].feature == "age"  # the strongest, whatever its unit
    assert found.notes == (
        "The prediction is the mean of 2 fold models, and so is every number here.",
        "Where each word of a column has a row, the words are shown against their average, which is in the start.",
    )


def test_a_gap_has_a_coefficient_of_its_own(fit_model: FitModel) -> None:
    found = readable(fit_model(spec("lr", view="scaled"), table(), SCHEMA, Recipe(()), REGRESSION))
    (gap,) = [entry for entry in found.coefficients if entry.column == "age" and entry.feature != "age"]
    assert (gap.feature, gap.per) == ("age is missing", "if it was missing")


def test_log_odds_of_two_labels(fit_model: FitModel) -> None:
    frame, schema, config = binary(table())
    model = fit_model(spec("lr", "binary"), frame, schema, WHOLE, config)
    found = readable(model)
    assert (found.outputs, found.labels) == (("high",), True)
    row = frame.dropna().iloc[:1]
    shares = []
    for fold in model.ensemble.folds:  # each fold by itself, since probabilities are averaged and not scores
        alone = replace(model, ensemble=type(model.ensemble)([fold], 2))
        shares.append(expit(by_hand(readable(alone), row.iloc[0])))
        assert readable(alone).folds == 1
    assert np.mean(shares) == pytest.approx(model.predict(row)["probability_high"].iloc[0], rel=1e-9)
    assert found.notes[0] == (
        "A score becomes a probability by the logistic function; above 0 speaks for the outcome, below 0 against it. "
        "Coefficients are means over 2 fold models, whose probabilities are averaged."
    )


def test_every_label_has_its_coefficients(fit_model: FitModel) -> None:
    frame, schema, config = binary(table())
    frame["y"] = np.array(["a", "b", "c"], dtype=object)[np.digitize(table()["y"].to_numpy(), [60, 120])]
    config = replace(config, task="multiclass", metric="log_loss", positive="")
    found = readable(fit_model(spec("lr", "multiclass"), frame, schema, WHOLE, config))
    assert found.outputs == ("a", "b", "c") and len(found.intercept) == 3
    slopes = {entry.output: entry.mean for entry in found.coefficients if entry.feature == "age"}
    assert slopes["a"] < slopes["b"] < slopes["c"]


def test_many_words_are_explained(fit_model: FitModel) -> None:
    found = readable(
        fit_model(spec("lr"), table(), SCHEMA, Recipe((Step("impute", {}), Step("encode", {"method": "target"}))), REGRESSION)
    )
    (town,) = [entry for entry in found.coefficients if entry.column == "town"]
    assert (town.feature, town.per) == ("town", "for one more of its mean outcome")
    assert found.notes[1] == "Columns of many words stand in the model as the mean outcome of each word, learned from other rows."


@pytest.mark.parametrize("name", ["ridge", "lasso", "en", "br", "omp", "huber", "lar", "llar", "par", "ransac"])
def test_every_linear_model_of_the_catalogue_is_its_coefficients(name: str, fit_model: FitModel) -> None:
    frame = table()
    model = fit_model(spec(name, view="scaled"), frame, SCHEMA, WHOLE, REGRESSION)
    rows = frame.dropna().iloc[:5]
    found = readable(model)
    np.testing.assert_allclose([by_hand(found, row) for _, row in rows.iterrows()], model.predict(rows)["prediction"], rtol=1e-9)


@pytest.mark.parametrize("name", ["ridge", "lda", "svm"])
def test_linear_models_of_labels_can_be_read(name: str, fit_model: FitModel) -> None:
    frame, schema, config = binary(table())
    found = readable(fit_model(spec(name, "binary"), frame, schema, WHOLE, config))
    assert next(entry for entry in found.coefficients if entry.feature == "age").mean > 0


def test_a_small_tree_is_its_rules(fit_model: FitModel) -> None:
    rows = np.arange(40)
    frame = pd.DataFrame({"x": rows / 2, "w": np.where(rows % 4 < 2, "Rome", "Oslo").astype(object)})
    frame["y"] = np.where(frame["x"] < 10, 1.0, np.where(frame["w"] == "Rome", 5.0, 9.0))
    frame.loc[20:22, "x"] = np.nan  # all of them have 9 or 5 as outcome
    schema = Schema((Column("x", "number"), Column("w", "category"), Column("y", "number")))
    small = replace(spec("tree-small"), params={"max_depth": 3, "max_leaf_nodes": 4, "min_samples_leaf": 1})
    model = fit_model(small, frame, schema, Recipe(()), REGRESSION)
    found = readable(model)
    assert (found.kind, found.folds, len(found.trees)) == ("trees", 2, 2)
    assert found.notes == (
        "The prediction is the mean of 2 trees, one a fold: in each of them exactly one rule holds for a row.",
    )
    for tree in found.trees:
        assert sum(rule.share for rule in tree) == pytest.approx(1)
        assert {rule.prediction[0] for rule in tree} <= {1.0, 5.0, 9.0}
        texts = {text for rule in tree for text in rule.conditions}
        assert {"w is Rome", "w is not Rome"} <= texts
        cuts = {float(text.split()[-1]) for text in texts if text.startswith(("x >", "x ≤"))}
        assert all(9 <= cut <= 11 for cut in cuts)  # in the person's unit, though the tree saw scaled numbers


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [("1", "2", ["1 < x ≤ 2"]), ("1", "", ["x > 1"]), ("", "2", ["x ≤ 2"]), ("", "", [])],
)
def test_both_ends_of_a_range_are_one_condition(low: str, high: str, words: list[str]) -> None:
    assert span_words("x", low, high) == words


def test_probabilities_of_a_tree(fit_model: FitModel) -> None:
    frame, schema, config = binary(table())
    model = fit_model(spec("tree-small", "binary"), frame, schema, WHOLE, config)
    found = readable(model)
    assert found.outputs == ("high",)
    assert all(1 <= len(tree) <= 16 for tree in found.trees)
    assert all(len(rule.conditions) <= 5 and 0 <= rule.prediction[0] <= 1 for tree in found.trees for rule in tree)


def place(axis: Axis, cell: Any) -> int:
    """Return the position of a value's label."""
    if isinstance(cell, str):
        return axis.labels.index(cell)
    if np.isnan(cell):
        return axis.labels.index("missing")
    return int(np.searchsorted(axis.cuts, cell, side="right")) + (axis.labels[0] == "missing")


def added_up(found: Readable, row: pd.Series) -> float:
    total = found.intercept[0]
    for term in found.terms:
        at = 0
        for axis in term.axes:
            at = at * len(axis.labels) + place(axis, row[axis.feature])
        total += term.values[0][at]
    return total


def test_explainable_boosting_is_its_tables(fit_model: FitModel) -> None:
    frame = table()
    ebm = spec("ebm")
    model = fit_model(replace(ebm, params={**ebm.params, "interactions": 0}), frame, SCHEMA, Recipe(()), REGRESSION)
    found = readable(model)
    assert (found.kind, found.folds) == ("additive", 2)
    expected = model.predict(frame)["prediction"]  # gaps among them
    np.testing.assert_allclose([added_up(found, row) for _, row in frame.iterrows()], expected, rtol=1e-9)
    assert found.terms[0].name == "age"
    town = next(term for term in found.terms if term.name == "town")
    assert town.axes[0].labels == ("Bonn", "Kiel", "Ulm")  # no gap was learned from
    assert town.values[0][2] - town.values[0][0] == pytest.approx(10, abs=3)
    age = found.terms[0].axes[0]
    assert age.labels[:2] == ("missing", f"below {age.cuts[0]:.4g}") and len(age.labels) == len(age.cuts) + 2


def test_pairs_are_tables_of_two(fit_model: FitModel) -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"a": rng.choice(["n", "p"], 300), "b": rng.choice(["n", "p"], 300)}, dtype=object)
    frame["y"] = np.where(frame["a"] == frame["b"], 4.0, -4.0) + rng.normal(0, 0.1, 300)
    schema = Schema((Column("a", "category"), Column("b", "category"), Column("y", "number")))
    model = fit_model(spec("ebm"), frame, schema, Recipe(()), REGRESSION)
    found = readable(model)
    (pair,) = [term for term in found.terms if len(term.axes) == 2]
    assert (pair.name, pair.folds) == ("a and b", 2)
    assert [axis.labels for axis in pair.axes] == [("n", "p"), ("n", "p")]
    nn, np_, pn, pp = pair.values[0]
    assert nn > 3 and pp > 3 and np_ < -3 and pn < -3
    np.testing.assert_allclose(
        [added_up(found, row) for _, row in frame.iterrows()], model.predict(frame)["prediction"], rtol=1e-9
    )
    assert found.notes[1].startswith("Each fold model chose its pairs of columns for itself")


def test_additive_scores_of_labels(fit_model: FitModel) -> None:
    frame, schema, config = binary(table())
    ebm = spec("ebm", "binary")
    short = replace(ebm, params={**ebm.params, "max_rounds": 200})
    model = fit_model(short, frame, schema, Recipe(()), config)
    fold = replace(model, ensemble=type(model.ensemble)(model.ensemble.folds[:1], 2))
    row = frame.iloc[[3]]
    found = readable(fold)
    shown = all(len(term.axes) == 1 or len(term.axes[0].cuts) < 15 for term in found.terms)
    if shown:
        assert expit(added_up(found, row.iloc[0])) == pytest.approx(fold.predict(row)["probability_high"].iloc[0], rel=1e-6)
    several = frame.assign(y=np.array(["a", "b", "c"], dtype=object)[np.digitize(table()["y"].to_numpy(), [60, 120])])
    config = replace(config, task="multiclass", metric="log_loss", positive="")
    found = readable(fit_model(replace(short, id="ebm-3"), several, schema, Recipe(()), config))
    assert len(found.intercept) == 3 and all(len(term.values) == 3 for term in found.terms)


@pytest.mark.parametrize("name", ["lr", "tree-small", "ebm"])
def test_it_survives_storage(name: str, fit_model: FitModel) -> None:
    found = readable(
        fit_model(spec(name, view="native" if name == "ebm" else "scaled"), table(80), SCHEMA, Recipe(()), REGRESSION)
    )
    assert Readable.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    with pytest.raises(FormatError, match=r"^This model's text has format 2\. This version reads format 1\.$"):
        Readable.from_dict({**found.to_dict(), "format": 2})


def test_a_forest_is_refused(fit_model: FitModel) -> None:
    model = fit_model(replace(spec("rf"), params={"n_estimators": 3}), table(), SCHEMA, WHOLE, REGRESSION)
    with pytest.raises(InputError) as caught:
        readable(model)
    assert str(caught.value) == (
        "The model 'Random Forest Regressor' cannot be read as a whole. It must be one linear model, tree of at most 16 leaves, "
        "or explainable boosting machine. Choose such a model, or look at which columns matter."
    )


@pytest.mark.parametrize(
    ("family", "params", "can"),
    [
        ("linear", {}, True),
        ("additive", {}, True),
        ("tree", {"max_leaf_nodes": 16}, True),
        ("tree", {"max_leaf_nodes": 17}, False),
        ("tree", {}, False),
        ("boosting", {}, False),
        ("ensemble", {}, False),
    ],
)
def test_what_can_be_read(family, params, can):
    assert can_be_read(Candidate("a", "A", family, params=params)).value is can


def test_features_are_named_for_people(fit_model: FitModel) -> None:
    model = fit_model(
        spec("lr"),
        table(),
        SCHEMA,
        Recipe((Step("impute", {}), Step("transform_power", {}), Step("encode", {"method": "frequency"}))),
        REGRESSION,
    )
    (fold, *_) = model.ensemble.folds
    made = {feature.name: feature.meaning for feature in features(fold.preprocessors["encoded"])}
    assert made == {"age": "straightened", "pay": "straightened", "town": "share", "member": "share"}

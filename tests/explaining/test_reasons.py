"""Reasons in plain words, curves and a small tree: exact on tables whose answer is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Step
from automl_core.errors import FormatError, InputError
from automl_core.explaining.curves import curves
from automl_core.explaining.explainer import Explainer, Shares
from automl_core.explaining.importance import explain
from automl_core.explaining.points import together
from automl_core.explaining.reasons import Reasons, find_reasons
from automl_core.explaining.sentences import in_plain_words
from automl_core.explaining.surrogate import grow_surrogate
from automl_core.explaining.trust import agreement
from automl_core.schema import Kind
from automl_core.scoring.bundle import Model, load_model
from automl_core.worker.candidates import bundle
from tests.explaining.small_models import fit, line, numbers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def contracts() -> tuple[Model, pd.DataFrame, np.ndarray]:
    """A model of the contract alone: 3 of 4 monthly ones leave, 1 of 4 others."""
    from sklearn.tree import DecisionTreeClassifier

    frame = pd.DataFrame({"contract": np.repeat(["month", "year"], 40).astype(object), "age": np.tile(np.arange(40.0), 2)})
    frame["y"] = np.where(np.r_[np.arange(40) % 4 > 0, np.arange(40) % 4 == 0], "leaves", "stays").astype(object)
    kinds: dict[str, Kind] = {"contract": "category", "age": "number", "y": "category"}
    steps = (Step("impute", {}), Step("encode", {"method": "onehot"}))
    model = fit(frame, kinds, DecisionTreeClassifier(max_depth=1), *steps, classes=("stays", "leaves"))
    typed = model.checked(frame)[list(model.used)]
    return model, typed, model.values_of(typed)


def test_sentences_say_the_numbers_they_came_from() -> None:
    model, typed, predicted = contracts()
    found = in_plain_words(model, typed, predicted, {"contract": 1.0, "age": 0.0})
    assert [sentence.text for sentence in found] == [
        "'contract' moves predictions most of 2 columns: 100 % of all that moves them.",
        "Where 'contract' is 'month', 'y' = 'leaves' is predicted to be 3.0 times as likely as in all other rows (75 % against "
        "25 % on average); this is the strongest of 2 columns.",
        "'age' adds next to nothing: 0 % of all that moves predictions.",
    ]
    assert dict(found[1].numbers) == {
        "mean where 'contract' is 'month'": 0.75,
        "mean of all other rows": 0.25,
        "rows": 40.0,
        "times": 3.0,
    }


def test_sentences_about_numbers_compare_the_ends() -> None:
    frame = numbers(2, 200)
    frame["c0"] = np.arange(200.0)
    frame["y"] = 2 * frame["c0"]
    model = line(frame)
    typed = model.checked(frame)
    (_, said, *_) = in_plain_words(model, typed, model.values_of(typed), {"c0": 3.0, "c1": 1.0})
    assert said.text == (
        "Where 'c0' is at least 150, 'y' is predicted 299 higher on average than where it is at most 50 (349 against 50); this "
        "is the strongest of 2 columns."
    )
    assert said.column == "c0"


def test_a_curve_of_a_line_is_the_line() -> None:
    frame = numbers(2, 60)
    frame["y"] = 3 * frame["c1"] + 1
    model = line(frame)
    (curve,) = curves(model, model.checked(frame), ["c1"])
    assert curve.kind == "number" and len(curve.at) == 16 and curve.rows == 60
    np.testing.assert_allclose(curve.mean[0], 3 * np.array(curve.at) + 1, atol=1e-5)
    assert len(curve.single[0]) == 25
    assert sum(curve.share) == pytest.approx(1)
    assert curve.span() == (0, 15)


def test_a_curve_of_words_has_each_word_and_what_is_missing() -> None:
    model, typed, _ = contracts()
    typed.loc[0, "contract"] = np.nan
    (curve,) = curves(model, typed, ["contract"])
    assert curve.labels == ("year", "month", "missing")
    assert curve.mean[0][:2] == (0.25, 0.75)
    assert curve.share == (0.5, 39 / 80, 1 / 80)


def test_a_small_tree_finds_the_rule_and_says_how_much_it_catches() -> None:
    model, typed, predicted = contracts()
    found = grow_surrogate(model, typed, predicted)
    assert found is not None
    assert {rule.conditions: rule.prediction for rule in found.rules} == {
        ("contract is month",): (0.75,),
        ("contract is year",): (0.25,),
    }
    assert (found.r2, found.same, found.grown, found.judged) == (1.0, 1.0, 56, 24)


def test_no_tree_is_grown_on_few_rows_or_on_one_answer() -> None:
    model, typed, predicted = contracts()
    assert grow_surrogate(model, typed.iloc[:39], predicted[:39]) is None
    assert grow_surrogate(model, typed.iloc[:40], predicted[:40]) is None


def test_the_column_that_changes_another_is_named() -> None:
    rng = np.random.default_rng(0)
    typed = pd.DataFrame({"a": rng.normal(size=600), "b": rng.choice(["x", "y"], 600).astype(object), "c": rng.normal(size=600)})
    sign = np.where(typed["b"] == "x", 1.0, -1.0)
    values = np.column_stack([typed["a"] * sign, np.zeros(600), typed["c"]])[:, :, None]
    shares = Shares(("a", "b", "c"), ("y",), values, np.zeros(1), np.zeros_like(values), np.zeros(600), ())
    found = {entry.column: entry for entry in together(shares, typed, ["a", "b", "c"])}
    assert found["a"].partner == "b" and found["a"].strength > 0.8
    assert found["c"].partner == "" and found["b"].partner == ""


def test_rankings_are_compared_by_their_order() -> None:
    one = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert agreement("x", "y", one, {"a": 30.0, "b": 2.0, "c": 0.1}).correlation == pytest.approx(1.0)
    assert agreement("x", "y", one, {"a": 1.0, "b": 2.0, "c": 3.0}).correlation == pytest.approx(-1.0)
    assert agreement("x", "y", one, {"a": 0.0, "b": 0.0, "c": 0.0}).correlation is None
    assert (agreement("x", "y", one, {"a": 1.0}).common, agreement("x", "y", one, {"a": 1.0}).of) == (1, 1)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_reasons_of_an_ensemble_survive_being_stored(finished_runs: Any, task: str) -> None:
    run = finished_runs[task]
    model = load_model(bundle(run, "ensemble"))
    told: list[str] = []
    importance = explain(model, run.holdout(), seconds=0.5)
    found = find_reasons(
        model, run.holdout(), importance=importance, seconds=0.5, tell=lambda fraction, doing: told.append(doing)
    )
    assert Reasons.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found
    assert set(found.columns) == set(model.used)
    assert "age" in found.columns[:3]
    assert all(member.adds_up for member in found.members) and found.exact
    assert {entry.first for entry in found.agreement} == {"contributions", "shuffling", "sampled contributions"}
    assert found.stability.seeds == 3 and found.stability.of == 5
    assert told[0] == "Sharing out predictions" and told[-1] == "Checking the explanation"
    assert found.notes[0] == f"Contributions are those of {found.rows} held-out rows."
    assert found.size("age") == pytest.approx(sum(part[found.columns.index("age")] for part in found.mean))


def test_nothing_to_explain_is_said() -> None:
    frame = numbers(2, 30)
    with pytest.raises(InputError, match=r"There are no rows to explain\. At least one row is needed\."):
        find_reasons(line(frame), frame.iloc[:0])


def test_reasons_of_another_format_are_refused() -> None:
    with pytest.raises(FormatError, match=r"These reasons have format 9\. This version reads format 1\."):
        Reasons.from_dict({"format": 9})


def test_an_explainer_needs_no_label() -> None:
    frame = numbers(2, 30)
    model = line(frame)
    assert Explainer(model, model.checked(frame)).share(model.checked(frame.drop(columns="y"))).values.shape == (30, 2, 1)

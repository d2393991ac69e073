"""The smallest allowed change that flips a prediction: exact for models whose border is known, and told where none exists."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Step
from automl_core.errors import InputError
from automl_core.schema import Kind
from automl_core.scoring.bundle import Model
from automl_core.whatif.changes import Change, Counterfactuals
from automl_core.whatif.counterfactual import find_counterfactuals
from automl_core.whatif.rules import COLUMN, WORD, ColumnRule, Goal, rank
from tests.explaining.small_models import fit, numbers, with_reference

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def line(weights: list[float], *, whole: bool = False) -> tuple[Model, pd.DataFrame]:
    """A line through numbers that lie evenly between 0 and 100."""
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{place}": rng.permutation(np.linspace(0, 100, 101)) for place in range(len(weights))})
    if not whole:
        frame += np.where(frame < 100, 0.25, 0)
    frame["y"] = frame.to_numpy() @ np.array(weights)
    model = fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), Step("impute", {}))
    return with_reference(model, frame), frame


def row(model: Model, **values: Any) -> pd.DataFrame:
    return model.checked(pd.DataFrame({name: [values[name]] for name in model.used}))


def changes(found: Counterfactuals) -> list[dict[str, str]]:
    return [{change.column: change.after for change in entry.changes} for entry in found.found]


def test_the_smallest_change_of_one_number_stops_at_the_border() -> None:
    model, _ = line([2.0])
    found = find_counterfactuals(model, row(model, c0=10.0), Goal(low=80.0))
    assert changes(found) == [{"c0": "40"}]
    assert found.found[0].prediction == pytest.approx(80)
    assert found.found[0].cost == pytest.approx(0.30 + COLUMN, abs=0.01)
    assert found.complete
    assert found.sentence == (
        "1 change reaches at least 80. The first is the smallest of all allowed ones; each was predicted by the model itself."
    )


def test_both_cells_of_a_change_are_written_alike() -> None:
    """A changed cell was shown as 1391 beside one of 1,164, which was rounded besides."""
    from sklearn.linear_model import LinearRegression

    x = np.arange(0.0, 5001.0, 50.0)
    frame = pd.DataFrame({"x": x, "y": 2 * x})
    model = with_reference(fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), Step("impute", {})), frame)
    found = find_counterfactuals(model, row(model, x=1164.5), Goal(low=2782.0))
    (change,) = found.found[0].changes
    assert (change.before, change.after, change.shown) == ("1,164.5", "1391", "1,391")
    assert Counterfactuals.from_dict(found.to_dict()) == found
    assert Change("x", "1", "1391").shown == "1391"  # of a search that was stored before


def test_whole_numbers_stay_whole() -> None:
    model, _ = line([2.0], whole=True)
    assert changes(find_counterfactuals(model, row(model, c0=10), Goal(low=79.0))) == [{"c0": "40"}]


def test_a_change_that_is_not_needed_is_taken_back() -> None:
    model, _ = line([1.0, 0.001])
    (found, *_) = changes(find_counterfactuals(model, row(model, c0=10.0, c1=10.0), Goal(high=5.5)))
    assert list(found) == ["c0"]


def test_three_that_are_shown_change_different_columns() -> None:
    model, _ = line([1.0, 1.0, 1.0, 1.0])
    start = row(model, c0=20.0, c1=20.0, c2=20.0, c3=20.0)
    found = find_counterfactuals(model, start, Goal(low=110.0))
    assert len(found.found) == 3 and not found.complete
    assert len({frozenset(entry) for entry in changes(found)}) == 3
    for entry in found.found:
        changed = start.assign(**{change.column: float(change.after) for change in entry.changes})
        assert float(model.values_of(changed)[0]) == pytest.approx(entry.prediction) and entry.prediction >= 110


def test_other_columns_come_before_another_word_of_the_same_column() -> None:
    """Regression: two of three ways put other tickets into one column, while a change of two numbers was there to be found."""
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.permutation(np.linspace(0, 100, 101)) for name in ("c0", "c1", "c2")})
    frame["ticket"] = np.array([f"t{place % 20}" for place in range(101)], dtype=object)
    frame["y"] = 0.3 * frame["c0"] + frame["c1"] + 0.3 * frame["c2"] + 100 * (frame["ticket"] != "t0")
    kinds: dict[str, Kind] = {**dict.fromkeys(frame.columns, "number"), "ticket": "category"}  # type: ignore[dict-item]
    steps = (Step("impute", {}), Step("encode", {"method": "onehot"}))
    model = with_reference(fit(frame, kinds, LinearRegression(), *steps), frame)
    start = model.checked(pd.DataFrame({"c0": [20.0], "c1": [20.0], "c2": [20.0], "ticket": ["t0"]}))
    found = find_counterfactuals(model, start, Goal(low=72.0))
    assert {frozenset(entry) for entry in changes(found)} == {frozenset({"ticket"}), frozenset({"c1"}), frozenset({"c0", "c2"})}


@pytest.mark.parametrize(("low", "after"), [(79.3, "40"), (80.1, "41")])
def test_a_number_goes_a_little_further_to_be_a_short_one(low: float, after: str) -> None:
    """Regression: 39.65 of a column that holds whole numbers and halves was told as 39.7."""
    model, _ = line([2.0])
    (found,) = changes(find_counterfactuals(model, row(model, c0=10.0), Goal(low=low)))
    assert found == {"c0": after}


@pytest.mark.parametrize(
    ("rules", "column"),
    [
        ([ColumnRule("c0", "fixed")], "c1"),
        ([ColumnRule("c0", "down")], "c1"),
        ([ColumnRule("c0", high=30.0)], "c1"),
        ([ColumnRule("c1", "fixed")], "c0"),
        ([ColumnRule("c1", low=90.0)], "c0"),
    ],
)
def test_rules_are_kept(rules: list[ColumnRule], column: str) -> None:
    model, _ = line([1.0, 1.0])
    found = find_counterfactuals(model, row(model, c0=20.0, c1=20.0), Goal(low=70.0), rules)
    assert list(changes(found)[0]) == [column]
    for entry in changes(found):
        for name, after in entry.items():
            for rule in rules:
                if rule.column == name:
                    assert rule.way != "fixed" and (rule.way != "down" or float(after) < 20)
                    assert (rule.low or -np.inf) <= float(after) <= (rule.high or np.inf)


def test_it_is_said_when_none_exists_under_the_rules() -> None:
    model, _ = line([1.0, 1.0])
    start = row(model, c0=20.0, c1=20.0)
    found = find_counterfactuals(model, start, Goal(low=150.0), [ColumnRule("c1", "fixed")])
    assert found.found == () and found.complete
    assert found.sentence == (
        "No allowed change reaches at least 150: all 21 combinations of the allowed values were tried. The nearest "
        "comes to 120. Allow more columns or a wider range."
    )
    assert found.nearest is not None and found.nearest.changes[0].after == "100"
    nothing = find_counterfactuals(model, start, Goal(low=150.0), [ColumnRule("c0", "fixed"), ColumnRule("c1", "fixed")])
    assert nothing.sentence == "The rules leave nothing to change, so at least 150 cannot be reached."
    assert nothing.nearest is None


def test_a_prediction_that_is_right_already_needs_no_change() -> None:
    model, _ = line([1.0])
    found = find_counterfactuals(model, row(model, c0=20.0), Goal(high=50.0))
    assert found.sentence == "The prediction is 20 already; nothing has to be changed."


def shop() -> Model:
    """Whether somebody buys: in Ulm, or from 50 on."""
    from sklearn.tree import DecisionTreeClassifier

    frame = pd.DataFrame({"age": np.tile(np.arange(100.0), 3), "town": np.repeat(["Bonn", "Kiel", "Ulm"], 100).astype(object)})
    frame["y"] = np.where((frame["town"] == "Ulm") | (frame["age"] >= 50), "buys", "no").astype(object)
    kinds: dict[str, Kind] = {"age": "number", "town": "category", "y": "category"}
    steps = (Step("impute", {}), Step("encode", {"method": "onehot"}))
    model = fit(frame, kinds, DecisionTreeClassifier(random_state=0), *steps, classes=("no", "buys"))
    return with_reference(model, frame)


def test_words_and_numbers_flip_a_label() -> None:
    model = shop()
    found = find_counterfactuals(model, row(model, age=20, town="Bonn"), Goal("buys"))
    assert changes(found) == [{"age": "50"}, {"town": "Ulm"}]
    assert [entry.prediction for entry in found.found] == ["buys", "buys"]
    assert found.found[0].probabilities == {"no": 0.0, "buys": 1.0}
    assert found.found[1].cost == WORD + COLUMN
    only = find_counterfactuals(model, row(model, age=20, town="Bonn"), Goal("buys"), [ColumnRule("age", "fixed")])
    assert changes(only) == [{"town": "Ulm"}]
    none = find_counterfactuals(
        model, row(model, age=20, town="Bonn"), Goal("buys"), [ColumnRule("age", "down"), ColumnRule("town", allowed=("Kiel",))]
    )
    assert none.sentence.startswith("No allowed change reaches 'buys': all ")
    assert "The nearest comes to a probability of 0 %." in none.sentence


def test_the_threshold_of_the_model_decides() -> None:
    model = replace(shop(), threshold=1.0)  # nothing is ever above
    found = find_counterfactuals(model, row(model, age=20, town="Bonn"), Goal("buys"))
    assert found.found == ()
    assert Goal("no").margin(model, np.array([[0.0, 1.0]]))[0] >= 0


def test_a_missing_value_may_be_filled() -> None:
    model = shop()
    found = find_counterfactuals(model, row(model, age=np.nan, town="Bonn"), Goal("no" if _says_buys(model) else "buys"))
    assert found.found and {change.before for change in found.found[0].changes} <= {"missing", "Bonn"}


def _says_buys(model: Model) -> bool:
    return bool(model.codes(model.values_of(row(model, age=np.nan, town="Bonn")))[0] == 1)


def test_what_was_found_survives_being_stored() -> None:
    model = shop()
    found = find_counterfactuals(model, row(model, age=20, town="Bonn"), Goal("buys"))
    assert Counterfactuals.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_goals_and_rules_that_do_not_fit_are_refused() -> None:
    model = shop()
    start = row(model, age=20, town="Bonn")
    with pytest.raises(InputError, match=r"^'maybe' is no outcome of this model\. Its outcomes are 'no', 'buys'\. Choose one"):
        find_counterfactuals(model, start, Goal("maybe"))
    with pytest.raises(InputError, match=r"^There is a rule for 'shoe', which the model does not use\."):
        find_counterfactuals(model, start, Goal("buys"), [ColumnRule("shoe", "fixed")])
    with pytest.raises(
        InputError, match=r"^The range allowed for 'age' begins at 9 and ends at 3\. It must begin below its end\."
    ):
        find_counterfactuals(model, start, Goal("buys"), [ColumnRule("age", low=9, high=3)])
    with pytest.raises(InputError, match=r"^The rule for 'age' is 'sideways'\. It must be one of free, fixed, up, down\."):
        find_counterfactuals(model, start, Goal("buys"), [ColumnRule("age", "sideways")])  # type: ignore[arg-type]
    value, _ = line([1.0])
    with pytest.raises(InputError, match=r"^No value is named that the prediction should reach\. Give the least or the most"):
        find_counterfactuals(value, row(value, c0=1.0), Goal())
    with pytest.raises(InputError, match=r"^The least, 5, is above the most, 2\. Exchange them\.$"):
        find_counterfactuals(value, row(value, c0=1.0), Goal(low=5, high=2))


def test_a_row_is_between_quantiles_in_a_straight_line() -> None:
    assert [rank((0.0, 10.0, 20.0), place) for place in (-5, 0, 5, 20, 30)] == [0.0, 0.0, 0.25, 1.0, 1.0]
    assert rank((3.0, 3.0), 3.0) == 0.0


def test_the_row_itself_is_not_changed() -> None:
    frame = numbers(2, 40)
    from sklearn.linear_model import LinearRegression

    model = with_reference(fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), Step("impute", {})), frame)
    start = model.checked(frame.iloc[:1])
    before = start.copy()
    find_counterfactuals(model, start, Goal(low=1.0))
    pd.testing.assert_frame_equal(start, before)

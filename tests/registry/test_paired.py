"""A challenger against a champion on the same rows: exact gains, and chance told from skill."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import InputError
from automl_core.registry.comparing import Comparison, compare_models, compare_records, differing
from automl_core.registry.paired import Paired, _outcome, set_against
from automl_core.scoring.bundle import load_model
from tests.conftest import customers
from tests.registry.conftest import a_version


@pytest.mark.parametrize(
    ("rows", "low", "high", "outcome"),
    [
        (100, 0.01, 0.2, "better"),
        (100, -0.01, 0.2, "level"),
        (100, 0.0, 0.2, "level"),
        (100, -0.2, -0.01, "worse"),
        (29, 0.01, 0.2, "too few rows"),
        (30, 0.01, 0.2, "better"),
    ],
)
def test_better_means_by_more_than_chance(rows, low, high, outcome):
    assert _outcome(rows, low, high) == outcome


def test_a_model_is_level_with_itself(bundles):
    model = load_model(bundles["binary-forest"])
    found = set_against(model, model, customers(200, seed=5))
    assert (found.gain, found.low, found.high, found.outcome) == (0.0, 0.0, 0.0, "level")
    assert "no difference that chance could not make" in found.sentence


def test_the_gain_has_the_metrics_direction(bundles):
    good = load_model(bundles["regression-ridge"])
    frame = customers(400, seed=6)

    class Off:
        """The same model, wrong by 50."""

        def __getattr__(self, name):
            return getattr(good, name)

        def predict_values(self, rows):
            return good.predict_values(rows) + 50.0

    found = set_against(Off(), good, frame)  # type: ignore[arg-type]
    assert found.metric == "rmse" and not found.greater_is_better
    assert found.outcome == "better" and found.low > 0
    assert found.gain == pytest.approx(found.champion - found.challenger)
    assert set_against(good, Off(), frame).outcome == "worse"  # type: ignore[arg-type]


def test_few_rows_never_decide(bundles):
    model = load_model(bundles["binary-forest"])
    found = set_against(model, model, customers(20, seed=5))
    assert found.outcome == "too few rows"
    assert found.sentence.endswith("too few to tell a difference from chance, at least 30 are needed.")


def test_models_of_other_tasks_are_refused(bundles):
    with pytest.raises(InputError, match=r"One predicts 'outcome' \(binary\), the other 'amount' \(regression\). Two models"):
        set_against(load_model(bundles["binary-forest"]), load_model(bundles["regression-ridge"]), customers(50))


def test_predictions_that_differ_are_counted_and_the_farthest_come_first(bundles):
    first, second = load_model(bundles["binary-logistic"]), load_model(bundles["binary-forest"])
    frame = customers(120, seed=7)
    found = differing(first, second, frame, "new rows")
    one, other = first.predict(frame), second.predict(frame)
    distance = (one["probability_left"] - other["probability_left"]).abs()
    assert found.rows == 120
    assert found.differing == int((one["prediction"] != other["prediction"]).sum())
    assert found.mean == pytest.approx(distance.mean())
    assert found.table[0]["row"] == int(np.argmax(distance)) + 1
    assert [row["distance"] for row in found.table] == sorted((row["distance"] for row in found.table), reverse=True)


def test_the_same_model_says_the_same(bundles):
    model = load_model(bundles["binary-forest"])
    assert differing(model, model, customers(40), "rows").sentence == "Both say the same of all 40 rows."


def test_records_are_compared_without_a_model():
    step = {"op": "drop_columns", "params": {"columns": ["key"]}, "reason": "key", "enabled": True, "id": "aaaa0001"}
    first = a_version(number=1)
    second = a_version(
        number=2,
        score=0.85,
        recipe={"format": 1, "steps": [step]},
        inputs=(("age", "number"), ("income", "number")),
        lineage={**first.lineage, "rows": 250},
    )
    found = compare_records(first, second)
    lines = {line.what: (line.first, line.second) for line in (*found.data, *found.scores) if not line.same}
    assert lines == {
        "Rows learned from": ("100", "250"),
        "Column city": ("category", "not used"),
        "Column income": ("not used", "number"),
        "Area under the ROC curve, over the folds": ("0.800 ± 0.020", "0.850 ± 0.020"),
    }
    assert len(found.recipe) == 1 and found.recipe[0].startswith("Added as step 1")


def test_a_comparison_survives_its_file(bundles):
    first, second = load_model(bundles["binary-logistic"]), load_model(bundles["binary-forest"])
    found = compare_models(compare_records(a_version(number=1), a_version(number=2)), first, second, customers(80), "new rows")
    assert isinstance(found.paired, Paired)
    assert Comparison.from_dict(found.to_dict()) == found


def test_unlabelled_rows_still_compare_predictions(bundles):
    model = load_model(bundles["binary-forest"])
    frame = customers(40).drop(columns="outcome")
    found = compare_models(compare_records(a_version(number=1), a_version(number=2)), model, model, frame, "new rows")
    assert found.paired is None and found.predictions is not None
    frame = pd.concat([frame, pd.Series([None] * 40, name="outcome", dtype=object)], axis=1)
    told = compare_models(compare_records(a_version(number=1), a_version(number=2)), model, model, frame, "new rows").notes
    assert told[0].startswith("Their scores on the same rows could not be compared: No row has a value of 'outcome'")

"""Judging a model on labelled rows: exact scores, labels as people write them, and what cannot be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.errors import FormatError, InputError
from automl_core.evaluation.evaluate import Evaluation, Score, evaluate, evaluate_out_of_fold, evaluate_values, read_target
from automl_core.metrics import METRICS, all_scores
from automl_core.model import build_model
from automl_core.run_parts import out_of_fold
from automl_core.runs import Run
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import Model, load_model
from tests.conftest import MakeRun


class Fixed:
    """Stands in for the fitted models: the column `x` is the probability of the last class, or the value itself."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def predict_values(self, frame: pd.DataFrame) -> np.ndarray:
        x = frame["x"].to_numpy(dtype=float)
        if not self.n_classes:
            return x
        return np.column_stack([*([(1 - x) / (self.n_classes - 1)] * (self.n_classes - 1)), x])


def model(*classes: str, **other: Any) -> Model:
    """A model that predicts the target `y` from `x`."""
    task = {0: "regression", 2: "binary"}.get(len(classes), "multiclass")
    schema = Schema((Column("x", "number"), Column("y", "category" if classes else "number")))
    made = Model(
        candidate="fixed",
        name="Fixed",
        task=task,
        target="y",
        classes=classes,
        positive=classes[1] if len(classes) == 2 else "",
        metric={"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task],
        threshold=0.5,
        schema=schema,
        recipe=Recipe(),
        used=("x",),
        reference={"format": 1, "rows": 0, "columns": {}, "personal": {}},
        lineage={},
        ensemble=Fixed(len(classes)),  # type: ignore[arg-type]
    )
    return replace(made, **other)


def table(x: list[Any], y: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(x, dtype=object), "y": pd.Series(y, dtype=object)})


YES_NO = model("no", "yes")
ROWS = table(["0.1", "0.4", "0.35", "0.8"], ["no", "no", "yes", "yes"])


def refusal(judged: Model, frame: pd.DataFrame) -> str:
    with pytest.raises(InputError) as caught:
        evaluate(judged, frame)
    return str(caught.value)


def test_two_classes_by_hand() -> None:
    found = evaluate(YES_NO, ROWS)
    assert (found.task, found.rows, found.source, found.target) == ("binary", 4, "held-out", "y")
    assert (found.classes, found.positive, found.threshold, found.notes) == (("no", "yes"), "yes", 0.5, ())
    truth, proba = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    assert next(iter(found.metrics)) == "roc_auc"
    expected = {
        "roc_auc": 0.75,
        "log_loss": metrics.log_loss(truth, proba),
        "average_precision": 5 / 6,
        "accuracy": 0.75,
        "balanced_accuracy": 0.75,
        "f1": 2 / 3,
        "precision": 1.0,
        "recall": 0.5,
        "matthews_corrcoef": metrics.matthews_corrcoef(truth, proba > 0.5),
        "cohen_kappa": 0.5,
        "brier_score": (0.01 + 0.16 + 0.65**2 + 0.04) / 4,
        "calibration_error": (0.1 + 0.4 + 0.65 + 0.2) / 4,
        "gini": 0.5,
        "ks": 0.5,
        "f2": 5 / 9,
        "specificity": 1.0,
    }
    assert {name: score.value for name, score in found.metrics.items()} == pytest.approx(expected)
    assert found.curves["confusion"] == [[2, 0], [1, 1]]
    assert found.curves["roc"]["yes"]["auc"] == 0.75


def test_the_label_the_model_predicts_is_the_one_that_is_judged() -> None:
    for threshold in (0.35, 0.4, 0.5, 0.8):
        judged = replace(YES_NO, threshold=threshold)
        found = evaluate(judged, ROWS)
        said = judged.predict(ROWS)["prediction"]
        assert found.metrics["accuracy"].value == (said == ROWS["y"]).mean()
        assert np.trace(found.curves["confusion"]) == (said == ROWS["y"]).sum()


def test_several_classes() -> None:
    found = evaluate(model("a", "b", "c"), table([0.1, 0.2, 0.9, 0.6, 0.5], ["a", "b", "c", "c", "b"]))
    values = Fixed(3).predict_values(pd.DataFrame({"x": [0.1, 0.2, 0.9, 0.6, 0.5]}))
    assert next(iter(found.metrics)) == "log_loss"
    expected = all_scores("multiclass", np.array([0, 1, 2, 2, 1]), values)
    assert {name: score.value for name, score in found.metrics.items()} == pytest.approx(expected)
    assert found.curves["confusion"] == [[1, 0, 0], [1, 0, 1], [0, 0, 2]]


def test_numbers() -> None:
    found = evaluate(model(), table(["1", "2", "4"], ["1", "4", "4"]))
    assert {name: score.value for name, score in found.metrics.items()} == pytest.approx(
        {
            "rmse": np.sqrt(4 / 3),
            "mae": 2 / 3,
            "median_ae": 0.0,
            "r2": 1 - 4 / 6,
            "mape": 0.5 / 3,
            "rmsle": np.log(5 / 3) / np.sqrt(3),
            "max_error": 2.0,
            "explained_variance": 5 / 9,
            "d2_absolute_error": 1 / 3,
            "smape": 2 / 9,
            "wape": 2 / 9,
            "poisson_deviance": 2 * (4 * np.log(2) - 2) / 3,
            "gamma_deviance": 2 * (1 - np.log(2)) / 3,
        }
    )
    assert found.curves["predicted_actual"] == {"actual": [1.0, 4.0, 4.0], "predicted": [1.0, 2.0, 4.0]}
    assert found.classes == ()


def test_labels_are_matched_without_case_and_spaces() -> None:
    found = evaluate(YES_NO, table([0.1, 0.4, 0.35, 0.8], ["NO", " no ", "Yes", "yes"]))
    assert found.metrics == evaluate(YES_NO, ROWS).metrics
    two_words = model("very low", "high")
    assert evaluate(two_words, table([0.1, 0.9], ["Very  Low", "HIGH"])).curves["confusion"] == [[1, 0], [0, 1]]


def test_labels_that_differ_only_by_case_are_matched_as_written_or_not_at_all() -> None:
    judged = model("yes", "Yes", "no")
    truth, _ = read_target(judged, table([0.1] * 3, ["Yes", "yes", "NO"]))
    assert truth.tolist() == [1, 0, 2]
    assert refusal(judged, table([0.1] * 3, ["YES", "yes", "no"])) == (
        "1 row has a label the model never learned: 'YES'. It knows 'yes', 'Yes', 'no'. "
        "Correct or remove these rows, or train again with them."
    )


@pytest.mark.parametrize("cells", [[0, 1, 1, 0], [0.0, 1.0, 1.0, np.nan], ["0", "1", "1", ""], [False, True, True, None]])
def test_numbered_labels_are_matched_however_they_are_stored(cells: list[Any]) -> None:
    names = ("False", "True") if isinstance(cells[0], bool) else ("0", "1")
    judged = model(*names)
    for column in (pd.Series(cells), pd.Series(cells, dtype=object)):
        truth, known = read_target(judged, pd.DataFrame({"x": 0.5, "y": column}))
        assert truth[:3].tolist() == [0, 1, 1]
        assert known[:3].all()


def test_rows_without_an_outcome_are_left_out_and_told() -> None:
    more = pd.concat([ROWS, table([0.9], [""])], ignore_index=True)
    found = evaluate(YES_NO, more)
    assert (found.rows, found.metrics) == (4, evaluate(YES_NO, ROWS).metrics)
    assert found.notes == ("1 row without a value of 'y' is left out.",)
    found = evaluate(YES_NO, pd.concat([more, table(["n"], [None])], ignore_index=True))
    assert found.notes == ("2 rows without a value of 'y' are left out.",)


def test_outcomes_that_cannot_be_read_are_told_with_one_of_them() -> None:
    """Labels that are numbers and an unseen word beside them: it was said that the rows have no value."""
    found = evaluate(model(), table([1, 2, 3], ["1000", "2000", "maybe"]))
    assert found.notes == ("1 row without a value of 'y' (1 cell could not be read, such as 'maybe') is left out.",)
    with pytest.raises(InputError, match=r"^Every row has the value 1,234,567 in 'y'\."):
        evaluate(model(), table([1, 2], ["1234567", "1234567"]))


def test_the_index_of_the_rows_does_not_matter() -> None:
    shuffled = ROWS.set_axis([7, 7, 7, 2])
    assert evaluate(YES_NO, shuffled) == evaluate(YES_NO, ROWS)


def test_the_recipe_cleans_the_outcome_as_it_did_for_learning() -> None:
    recipe = Recipe((Step("merge_values", {"column": "y", "mapping": {"ja": "yes"}}, "", id="aaaa0001"),))
    judged = replace(YES_NO, recipe=recipe)
    assert evaluate(judged, table([0.1, 0.4, 0.35, 0.8], ["no", "no", "ja", "yes"])).metrics == evaluate(YES_NO, ROWS).metrics


@pytest.mark.parametrize(
    ("judged", "frame", "message"),
    [
        (
            YES_NO,
            pd.DataFrame({"x": [1.0]}),
            "The column 'y' is missing. To judge a model, its rows need the true outcome. "
            "Add the column, or use Predict for rows whose outcome is not known.",
        ),
        (YES_NO, table([], []), "The table has no rows. At least two labelled rows are needed. Choose another file."),
        (
            YES_NO,
            table([1, 2], ["", "NA"]),
            "No row has a value of 'y'. Rows with the true outcome are needed. Check the column.",
        ),
        (
            model(),
            table([1, 2], ["low", "high"]),
            "No row has a value of 'y' (2 cells could not be read, such as 'low'). "
            "Rows with the true outcome are needed. Check the column.",
        ),
        (
            YES_NO,
            table([0.1, 0.2], ["yes", "YES"]),
            "Every row has the label 'yes'. To judge a model, rows of at least two labels are needed. "
            "Add rows with other outcomes.",
        ),
        (
            model(),
            table([1, 2], ["2.5", "2.5"]),
            "Every row has the value 2.5 in 'y'. To judge a model, different values are needed. Add rows with other values.",
        ),
        (
            model(),
            table([1], ["7"]),
            "Every row has the value 7 in 'y'. To judge a model, different values are needed. Add rows with other values.",
        ),
        (
            YES_NO,
            table([0.1] * 4, ["yes", "no", "perhaps", "maybe"]),
            "2 rows have labels the model never learned: 'maybe', 'perhaps'. It knows 'no', 'yes'. "
            "Correct or remove these rows, or train again with them.",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused_with_a_reason(judged: Model, frame: pd.DataFrame, message: str) -> None:
    assert refusal(judged, frame) == message


def test_a_missing_column_of_the_model_is_refused() -> None:
    assert refusal(YES_NO, pd.DataFrame({"y": ["yes", "no"]})).endswith(
        "The model needs the columns 'x'. Add or rename the columns, then try again."
    )


def test_the_input_is_not_changed() -> None:
    before = ROWS.copy()
    evaluate(YES_NO, ROWS)
    pd.testing.assert_frame_equal(ROWS, before)


@pytest.mark.parametrize("judged", [YES_NO, model("no", "yes", "never"), model()])
def test_an_evaluation_survives_its_json(judged: Model) -> None:
    rows = ROWS if judged.classes else table([1, 2, 3], [1, 2, 4])
    found = evaluate(judged, rows, rows="ROWS.csv", seed=4)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert Evaluation.from_dict(data) == found
    assert data["format"] == 1
    first = next(iter(data["metrics"].values()))
    assert set(first) == {"value", "low", "high"}
    assert data["source"] == "ROWS.csv"


def test_another_format_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        Evaluation.from_dict({"format": 2})
    assert str(caught.value) == "This evaluation has format 2. This version reads format 1."


def test_a_metric_that_is_not_defined_is_left_out_and_the_next_comes_first() -> None:
    judged = replace(model("a", "b", "c"), metric="roc_auc")
    found = evaluate(judged, table([0.1, 0.4, 0.2], ["a", "b", "a"]))
    assert "roc_auc" not in found.metrics
    assert found.notes == ("No row has the label 'c'.",)


def test_predictions_that_are_there_already_are_judged_alike() -> None:
    values = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]])
    found = evaluate_values("binary", np.array([0.0, 0.0, 1.0, 1.0]), values, model=YES_NO, rows="held-out")
    assert found.curves["confusion"] == evaluate(YES_NO, ROWS).curves["confusion"]
    assert found.metrics["roc_auc"] == Score(0.75, *list(vars(evaluate(YES_NO, ROWS).metrics["roc_auc"]).values())[1:])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_held_out_rows_of_a_run(finished_runs: dict[str, Run], tmp_path: Path, task: str) -> None:
    run = finished_runs[task]
    fitted = load_model(build_model(run.path, "ensemble", tmp_path / "model.zip"))
    holdout = run.holdout()
    found = evaluate(fitted, holdout)
    target = fitted.target
    assert found.rows == len(holdout) == holdout[target].notna().sum()
    values = fitted.predict_values(holdout.drop(columns=target))
    truth = holdout[target].map({name: code for code, name in enumerate(fitted.classes)}) if fitted.classes else holdout[target]
    expected = all_scores(task, truth.to_numpy(), values)  # type: ignore[arg-type]
    assert {name: score.value for name, score in found.metrics.items()} == pytest.approx(expected)
    assert next(iter(found.metrics)) == run.config.metric
    for name, score in found.metrics.items():
        if METRICS[name].interval:
            assert score.low is not None and score.high is not None
            assert score.low <= score.value <= score.high, name
    # The forest and the line both see what the outcome depends on.
    assert found.metrics["r2" if task == "regression" else "balanced_accuracy"].value > 0.5


def test_without_held_out_rows_each_row_is_judged_by_a_model_that_did_not_see_it(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("binary", holdout=0.0)
    with pytest.raises(InputError) as caught:
        run.holdout()
    assert str(caught.value).startswith("This run learned from every row, so none are left to judge it on.")
    fitted = load_model(build_model(run.path, "forest", tmp_path / "model.zip"))
    found = evaluate_out_of_fold(run.path, "forest", fitted)
    assert (found.source, found.rows) == ("out-of-fold", 240)
    assert found.notes == ("No rows were held back, so every row is judged by the fold model that did not learn from it.",)
    values, where = out_of_fold(run.path, run.leaderboard()["forest"])
    truth = (run.dataset().frame()["outcome"].iloc[where] == "left").astype(int)
    assert found.metrics["roc_auc"].value == pytest.approx(metrics.roc_auc_score(truth, values[:, 1]))
    # The fold models know the other rows: judged on all of them the average of the folds would look better.
    seen = evaluate(fitted, run.dataset().frame())
    assert seen.metrics["roc_auc"].value > found.metrics["roc_auc"].value

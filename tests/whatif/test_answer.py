"""One row: the prediction and why, where it stands, which rows are like it, whether it lies outside; cases are kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_core.cleaning.recipe import Step
from automl_core.errors import FormatError, InputError
from automl_core.experiment import Costs, ExperimentConfig
from automl_core.explaining.explainer import Explainer
from automl_core.predicting import predict_row
from automl_core.profiling.wording import percent, quoted
from automl_core.runs import Run
from automl_core.schema import Kind
from automl_core.scoring.bundle import Model, load_model
from automl_core.scoring.conformal import Conformal
from automl_core.whatif.answer import (
    Answer,
    Contribution,
    answer,
    exact_sum,
    range_sentence,
    values_of_row,
    why_sentences,
    worth_sentence,
)
from automl_core.whatif.cases import Case, drop_case, keep_case, load_cases
from automl_core.whatif.neighbours import (
    Neighbours,
    SimilarRow,
    looked_through,
    made_up,
    outcomes_sentence,
    outside,
    positions,
    training_neighbours,
)
from automl_core.worker.candidates import bundle
from automl_core.workspace import write_json
from tests.conftest import MakeRun
from tests.evaluation.test_evaluate import model as model_of
from tests.explaining.small_models import fit, with_reference

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def prices() -> tuple[Model, pd.DataFrame]:
    """Prices that are 10 times the size, and 100 more in Ulm."""
    from sklearn.linear_model import LinearRegression

    frame = pd.DataFrame({"size": np.tile(np.arange(50.0), 2), "town": np.repeat(["Bonn", "Ulm"], 50).astype(object)})
    frame["y"] = 10 * frame["size"] + 100 * (frame["town"] == "Ulm")
    kinds: dict[str, Kind] = {"size": "number", "town": "category", "y": "number"}
    model = fit(frame, kinds, LinearRegression(), Step("impute", {}), Step("encode", {"method": "onehot"}))
    return with_reference(model, frame), frame


def explainer(model: Model, frame: pd.DataFrame) -> Explainer:
    return Explainer(model, model.checked(frame).iloc[[20, 79]])  # 20 in Bonn, 29 in Ulm


def test_a_row_is_answered_with_what_each_column_added() -> None:
    model, frame = prices()
    found = answer(model, explainer(model, frame), {"size": 40, "town": "Ulm"})
    assert found.prediction == pytest.approx(500)
    assert found.base == pytest.approx(295)
    assert [(entry.column, entry.cell, round(entry.value)) for entry in found.contributions] == [
        ("size", "40", 155),
        ("town", "Ulm", 50),
    ]
    assert found.gap == pytest.approx(0, abs=1e-9) and found.exact and found.warnings == ()
    assert why_sentences(found) == (
        "'y' is predicted as 500. Without knowing anything about the row the model would say 295.",
        "What raises it most: 'size' = 40 (+155), 'town' = Ulm (+50).",
    )
    assert [(label, round(before), round(after)) for label, before, after in found.steps()] == [
        ("size = 40", 295, 450),
        ("town = Ulm", 450, 500),
    ]
    assert found.steps(1)[1][0] == "1 other column"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_answer_is_the_models_own(finished_runs: dict[str, Run], task: str) -> None:
    run = finished_runs[task]
    model = load_model(bundle(run, "ensemble"))
    typed = model.checked(run.holdout())[list(model.used)]
    explain = Explainer(model, typed.iloc[:10])
    for place in range(4):
        values = values_of_row(model, typed.iloc[[place]])
        found, own = answer(model, explain, values), predict_row(model, values)
        if isinstance(own.prediction, float):
            assert found.prediction == pytest.approx(own.prediction, abs=1e-6)
        else:
            assert found.prediction == own.prediction
            assert found.output == ("left" if task == "binary" else own.prediction)
            assert found.probabilities == pytest.approx(own.probabilities, abs=1e-6)
        assert len(found.levels) == len(found.contributions) + 1 and found.levels[-1] == pytest.approx(found.summed)
        said = why_sentences(found)
        if task != "regression":
            share, predicted = percent(found.probabilities[found.output]), quoted(str(found.prediction))
            told = f"the likeliest outcome: its probability is {share}."
            if task == "binary":
                told = f"because its probability of {share} is above 50 %."
                if found.prediction != "left":
                    told = f"because the probability of 'left' is {share}, which is not above 50 %."
            assert said[0].startswith(f"{quoted(found.target)} is predicted as {predicted}, {told}")
            first = max(zip(found.levels, found.levels[1:], strict=False), key=lambda pair: abs(pair[1] - pair[0]))
            assert f"(from {percent(first[0])} to {percent(first[1])})" in " ".join(said[1:])


@pytest.mark.parametrize(
    ("prediction", "chance", "threshold", "said"),
    [
        ("1", 0.11, 0.0909, "'s' is predicted as '1', because its probability of 11 % is above 9 %."),
        ("1", 0.0934, 0.0909, "'s' is predicted as '1', because its probability of 9.34 % is above 9.09 %."),
        ("0", 0.05, 0.0909, "'s' is predicted as '0', because the probability of '1' is 5 %, which is not above 9 %."),
        ("0", 0.5, 0.5, "'s' is predicted as '0', because the probability of '1' is 50 %, which is not above 50 %."),
    ],
)
def test_a_decision_is_told_with_its_threshold(prediction: str, chance: float, threshold: float, said: str) -> None:
    """Regression: beside "1" stood a probability of 11 %, and the words did not say why 1 was predicted all the same."""
    shares = {"0": 1 - chance, "1": chance}
    found = Answer("s", prediction, shares, "1", "log_odds", 0.0, (), (0.34,), chance, 0.0, threshold=threshold)
    assert why_sentences(found) == (f"{said} Without knowing anything about the row the model would say 34 %.",)


def test_the_outcomes_of_the_rows_most_like_one_are_told() -> None:
    model, _ = prices()
    rows = [SimilarRow({}, outcome, 0.9, value) for outcome, value in (("400", 400.0), ("500", 500.0), ("600", 600.0))]
    assert (
        outcomes_sentence(model, rows) == "Among the 3 training rows most like this one 'y' is 500 on average, from 400 to 600."
    )
    assert outcomes_sentence(model, rows[:1]) == "In the training row most like this one 'y' is 400."
    labelled = SimpleNamespace(classes=("no", "yes"), target="y")
    many = [SimilarRow({}, outcome, 0.9) for outcome in ("no", "yes", "no", "")]
    assert outcomes_sentence(labelled, many) == "Among the 3 training rows most like this one 'y' is 'no' in 2, 'yes' in 1."
    assert outcomes_sentence(labelled, many[:1]) == "In the training row most like this one 'y' is 'no'."
    assert outcomes_sentence(labelled, [SimilarRow({}, "", 0.9)]) == ""


def test_a_column_that_lowers_the_probability_is_not_said_to_raise_it() -> None:
    """With several labels a column may speak for one of them, and more for another, so that its probability falls."""
    entries = (Contribution("a", "1", 0.5, 0.0), Contribution("b", "2", 0.2, 0.0), Contribution("c", "3", -0.1, 0.0))
    found = Answer("y", "u", {"u": 0.45, "v": 0.35, "w": 0.2}, "u", "log_odds", 0.0, entries, (0.4, 0.5, 0.48, 0.45), 0.45, 0.0)
    assert why_sentences(found)[1:] == (
        "What raises the probability of 'u' most: 'a' = 1 (from 40 % to 50 %).",
        "What lowers the probability of 'u' most: 'c' = 3 (from 48 % to 45 %), 'b' = 2 (from 50 % to 48 %).",
    )


@pytest.mark.parametrize(
    ("classes", "told", "values", "sentence"),
    [
        ((), Conformal(90, low=((-5.0,) * 50,), high=((7.0,) * 50,)), 100.0, "the truth lies between 95 and 107."),
        (("no", "yes"), Conformal(90, least=((0.4,) * 50, (0.4,) * 50)), [0.8, 0.2], "it is 'no'."),
        (("no", "yes"), Conformal(90, least=((0.4,) * 50, (0.1,) * 50)), [0.8, 0.2], "no label can be ruled out for this row."),
        (
            ("a", "b", "c"),
            Conformal(90, least=((0.2,) * 50, (0.2,) * 50, (0.2,) * 50)),
            [0.3, 0.6, 0.1],
            "it is 'b' or 'a'.",
        ),
        (
            ("a", "b", "c"),
            Conformal(90, least=((0.1,) * 50, (0.5,) * 50, (0.3,) * 50)),
            [0.15, 0.6, 0.25],
            "it is 'b' or 'a'. 'c' is more probable than 'a' and not among them: each label has a limit of its own, so that rare "
            "labels are covered as often as frequent ones.",
        ),
    ],
)
def test_a_row_has_its_range(classes: tuple[str, ...], told: Conformal, values: Any, sentence: str) -> None:
    judged = model_of(*classes, manifest={"conformal": told.to_dict()})
    assert range_sentence(judged, np.array([values])) == f"With a certainty of 90 % {sentence}"
    assert range_sentence(model_of(*classes), np.array([values])) == ""


def test_too_few_rows_are_said_instead_of_an_endless_range() -> None:
    told = Conformal(5, low=((None,) * 50,), high=((None,) * 50,))
    said = range_sentence(model_of(manifest={"conformal": told.to_dict()}), np.array([1.0]))
    assert said == "Too few rows were learned from for a range with a certainty of 90 %."


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        (Costs(30, -5, -60, 0, currency="EUR"), "worth 2 EUR on average, not predicting it -12 EUR."),
        (Costs(30, -5, -60, 0, amount="n"), "worth 6 on average, not predicting it -36."),
        (Costs(30, -5, -60, 0, amount="away"), "worth 2 × 'away' on average, not predicting it -12 × 'away'."),
    ],
)
def test_both_decisions_have_their_worth(costs: Costs, told: str) -> None:
    config = ExperimentConfig("y", "binary", "roc_auc", "yes", costs=costs)
    judged = model_of("no", "yes", lineage={"config": config.to_dict()}, positive="yes")
    said = worth_sentence(judged, np.array([[0.8, 0.2]]), pd.DataFrame({"n": [3.0]}))
    assert said == f"By the cost table, predicting 'yes' for this row is {told}"
    assert worth_sentence(model_of("no", "yes"), np.array([[0.8, 0.2]]), pd.DataFrame()) == ""


def test_a_row_with_every_value_missing_has_an_answer(finished_runs: dict[str, Run]) -> None:
    run = finished_runs["binary"]
    model = load_model(bundle(run, "ensemble"))
    found = answer(model, Explainer(model, model.checked(run.holdout())[list(model.used)].iloc[:10]), {})
    assert found.prediction in ("left", "stayed")
    assert {entry.cell for entry in found.contributions} == {"missing"}
    assert "'income' is missing, and was never missing in the training rows." in found.warnings


def test_a_value_that_cannot_be_read_is_refused() -> None:
    model, frame = prices()
    with pytest.raises(InputError, match=r"^'size' is 'large', which is no number\. Correct the value"):
        answer(model, explainer(model, frame), {"size": "large"})


def test_an_exact_sum_is_the_prediction_itself(finished_runs: dict[str, Run]) -> None:
    run = finished_runs["binary"]
    model = load_model(bundle(run, "ensemble"))
    typed = model.checked(run.holdout())[list(model.used)]
    for values in (values_of_row(model, typed.iloc[[7]]), {}):
        shares = exact_sum(model, typed.iloc[:6], values)
        own = predict_row(model, values).probabilities["left"]
        assert float(shares.base[0] + shares.values.sum()) == pytest.approx(own, abs=1e-9)
        assert shares.error.max() > 0
        assert float(shares.base[0]) == pytest.approx(float(model.values_of(typed.iloc[:6])[:, 1].mean()), abs=1e-9)


def test_where_cells_stand_and_what_lies_outside() -> None:
    model, _ = prices()
    inside = model.checked(pd.DataFrame({"size": [40.0], "town": ["Ulm"]}))
    assert [entry.sentence for entry in positions(model, inside)] == [
        "Higher than 81 % of the training rows.",
        "50 % of the training rows have the same.",
    ]
    assert outside(model, inside) == ()
    away = model.checked(pd.DataFrame({"size": [60.0], "town": ["Rome"]}))
    assert outside(model, away) == (
        "'size' is 60; the highest in the training rows is 49.",
        "'town' is 'Rome', which no training row has.",
    )
    assert [entry.sentence for entry in positions(model, away)] == [
        "Higher than 100 % of the training rows.",
        "No training row has this.",
    ]
    below = model.checked(pd.DataFrame({"size": [-1.0], "town": [None]}))
    assert outside(model, below) == (
        "'size' is -1; the lowest in the training rows is 0.",
        "'town' is missing, and was never missing in the training rows.",
    )


def test_similar_rows_come_with_their_outcome() -> None:
    model, frame = prices()
    known = Neighbours(model, frame, {"size": 1.0, "town": 1.0})
    typed = model.checked(pd.DataFrame({"size": [40.0], "town": ["Ulm"]}))
    first, second, *_ = known.similar(typed)
    assert (first.cells, first.outcome, first.alike) == ({"size": "40", "town": "Ulm"}, "500", 1.0)
    assert second.outcome in ("490", "510") and second.alike == pytest.approx(0.99)
    assert looked_through(known) == "All 100 training rows were looked through."
    assert known.warning(typed) == ""


def test_a_row_like_no_other_is_told_although_each_cell_is_usual() -> None:
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(0)
    a = rng.uniform(0, 1, 400)
    frame = pd.DataFrame({"a": a, "b": a + 0.001 * rng.normal(size=400), "y": a})
    model = with_reference(fit(frame, dict.fromkeys(frame.columns, "number"), LinearRegression(), Step("impute", {})), frame)
    known = Neighbours(model, frame)
    apart = model.checked(pd.DataFrame({"a": [0.1], "b": [0.9]}))
    assert outside(model, apart) == ()
    assert known.warning(apart).startswith("This row is unlike those that the model learned from, so rely less")
    assert known.warning(model.checked(pd.DataFrame({"a": [0.5], "b": [0.5]}))) == ""


def test_personal_columns_and_real_rows_stay_out(make_run: MakeRun) -> None:
    run = make_run("binary")
    model = load_model(bundle(run, "logistic"))
    private = replace(model, reference={**model.reference, "personal": {"city": "names"}})
    known = training_neighbours(run, private)
    assert known is not None and "city" not in known.columns
    typed = model.checked(run.holdout().iloc[:1])
    assert all("city" not in row.cells for row in known.similar(typed))
    learned = set(run.dataset().frame()["age"]) - {np.nan}
    assert len(known.frame) < len(run.dataset().frame()) and learned
    assert training_neighbours(run, replace(model, manifest={**model.manifest, "real_rows": 0})) is None


def test_without_the_table_there_are_no_rows_to_compare_but_answers(make_run: MakeRun) -> None:
    run = make_run("binary")
    model = load_model(bundle(run, "logistic"))
    shutil.rmtree(run.path / "dataset")
    assert training_neighbours(run, model) is None
    rows = made_up(model)
    assert list(rows.columns) == list(model.used)
    assert answer(model, Explainer(model, rows), {"age": 40}).prediction in ("left", "stayed")


def test_cases_are_kept_replaced_and_deleted(tmp_path: Path) -> None:
    path = tmp_path / "cases" / "lr.json"
    assert load_cases(path) == ()
    keep_case(path, Case("one", {"age": 3.0, "city": "Rome"}))
    keep_case(path, Case(" two ", {}))
    keep_case(path, Case("one", {"age": 4.0}))
    assert load_cases(path) == (Case("two", {}), Case("one", {"age": 4.0}))
    assert drop_case(path, "two") == (Case("one", {"age": 4.0}),)
    drop_case(path, "never there")
    for name, length in (("  ", 0), ("x" * 61, 61)):
        with pytest.raises(InputError, match=rf"^The name has {length} characters\. It must have 1 to 60\."):
            keep_case(path, Case(name, {}))
    for number in range(49):
        keep_case(path, Case(f"n{number}", {}))
    with pytest.raises(InputError, match=r"^50 cases are kept already\. Delete one"):
        keep_case(path, Case("one more", {}))
    write_json(path, {"format": 2})
    with pytest.raises(FormatError, match=r"^These cases have format 2\. This version reads format 1\."):
        load_cases(path)


def test_values_of_a_row_are_read_back_as_the_same_row(finished_runs: dict[str, Run]) -> None:
    run: Any = finished_runs["binary"]
    model = load_model(bundle(run, "logistic"))
    typed = model.checked(run.holdout())[list(model.used)]
    from automl_core.predicting import read_row

    for place in range(10):
        again = read_row(model, values_of_row(model, typed.iloc[[place]])).typed[list(model.used)]
        pd.testing.assert_frame_equal(again, typed.iloc[[place]].reset_index(drop=True), check_dtype=False)

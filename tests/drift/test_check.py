"""Whole tables and models against new rows, bad input among them."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from automl_core.data.parsing import as_text
from automl_core.drift.check import DriftSettings, check_model, compare_tables
from automl_core.drift.html import LIMIT, drift_html
from automl_core.drift.report import DriftReport
from automl_core.errors import FormatError, InputError
from automl_core.model import build_model
from automl_core.schema import Column, Schema
from automl_core.scoring.bundle import load_model
from tests.conftest import CUSTOMERS, customers


@pytest.fixture(scope="module")
def models(finished_runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drift")
    found = {}
    for task, run in finished_runs.items():
        found[task] = load_model(build_model(run.path, "ensemble", folder / f"{task}.zip"))
    return found


def fresh(rows=400, seed=5):
    return customers(rows, seed)


def as_file(frame):
    """The table as the reader gives it: text cells."""
    cells = {}
    for name in frame.columns:
        values = frame[name]
        text = (
            values.dt.strftime("%Y-%m-%d") if values.dtype.kind == "M" else as_text(values) if values.dtype != object else values
        )
        cells[name] = text.fillna("").astype(object)
    return pd.DataFrame(cells)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_rows_of_the_same_kind_are_nothing(models, task):
    report = check_model(models[task], fresh(), name="new.csv")
    assert [column.name for column in report.columns if column.verdict == "act"] == []
    assert (report.mode, report.rows, report.reference_rows, report.error) == ("frozen", 400, 180, 0.00125)
    assert report.verdict != "act", report.sentence
    assert [one.true is not None for one in report.performance] == [True] * len(report.performance)
    assert DriftReport.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False))) == report


def test_a_column_that_matters_and_moved_calls_for_something(models):
    new = fresh()
    report = check_model(models["binary"], new.assign(age=new["age"] + 25).drop(columns="outcome"))
    assert report.verdict == "act"
    first = report.columns[0]
    assert (first.name, first.verdict, first.importance) == ("age", "act", 1.0)
    assert "the model depends on it" in report.sentence
    assert report.prediction[0].name == "Probability of left"
    assert report.prediction[0].verdict == "act"
    assert report.joint.columns[0][0] == "age"
    assert report.target == ()


def test_text_cells_and_typed_ones_say_the_same(models):
    typed, text = fresh(), as_file(fresh())
    one, other = (check_model(models["binary"], frame, DriftSettings(joint=False)) for frame in (typed, text))
    assert [(column.name, column.effect) for column in one.columns] == [(column.name, column.effect) for column in other.columns]


def test_a_column_the_model_never_looks_at_is_only_watched(models):
    new = fresh()
    new["mail"] = np.nan
    column = next(one for one in check_model(models["binary"], new).columns if one.name == "mail")
    assert (column.verdict, column.importance, column.missing_after) == ("watch", 0.0, 1.0)


@pytest.mark.parametrize("column", ["age", "city"])
def test_a_column_all_missing_that_the_model_depends_on(models, column):
    """Numbers and words: it is told as cells that are empty, and nothing breaks."""
    report = check_model(models["binary"], fresh().assign(**{column: np.nan}), importances={"age": 1.0, "city": 1.0})
    found = next(one for one in report.columns if one.name == column)
    assert (found.verdict, found.missing_after, found.missing_before < 0.5) == ("act", 1.0, True)
    assert found.sentence.startswith(f"'{column}' has no value at all; before, ")
    assert report.verdict == "act"


def test_labels_that_turned_show_in_the_true_performance(models):
    new = fresh()
    report = check_model(models["binary"], new.assign(outcome=new["outcome"].map({"left": "stayed", "stayed": "left"})))
    accuracy = next(one for one in report.performance if one.metric == "accuracy")
    assert accuracy.true < 0.5 < accuracy.value
    assert (accuracy.verdict, report.verdict) == ("act", "act")
    assert report.target[0].name == "outcome"


def test_a_missing_column_is_named_and_nothing_is_predicted(models):
    report = check_model(models["binary"], fresh().drop(columns=["age"]))
    assert report.verdict == "act"
    assert report.columns[0].sentence == "The column 'age' is missing from the new table."
    assert report.prediction == report.performance == ()
    assert report.notes[-1] == "Columns the model needs are missing or of another kind, so nothing was predicted or estimated."


def test_a_column_of_another_kind_is_named(models):
    report = check_model(models["binary"], fresh().assign(age="old", colour="red"))
    age = next(column for column in report.columns if column.name == "age")
    assert age.verdict == "act"
    assert age.sentence == ("'age' held numbers before, but 400 of 400 cells are none: 'old'. Check that it is the right column.")
    assert report.notes[0] == "The model does not know 'colour'; it is not looked at."


def test_a_table_without_a_column_in_common_is_refused(models):
    with pytest.raises(InputError) as error:
        check_model(models["binary"], pd.DataFrame({"x": range(30), "y": range(30)}))
    assert str(error.value) == (
        "The new table has no column in common with the model; it has 'x' and 'y'. The model learned from 'key', 'mail', 'age', "
        "'income' and 5 more. Check that it is the right file."
    )


def test_three_rows_are_too_few(models):
    with pytest.raises(InputError) as error:
        check_model(models["binary"], fresh(3))
    assert str(error.value) == (
        "The new table has 3 rows. At least 20 are needed to tell a change from chance. Wait for more rows, or put several files "
        "together."
    )


def test_a_hundred_thousand_new_words_in_a_column(models):
    new = pd.concat([fresh(1000)] * 100, ignore_index=True)
    new["city"] = [f"place {number}" for number in range(len(new))]
    report = check_model(models["binary"], new, DriftSettings(joint=False))
    city = next(column for column in report.columns if column.name == "city")
    assert (city.verdict, city.new_distinct, len(city.new_values)) == ("act", 100_000, 10)
    assert "Predictions are those of 20,000 of 100,000 rows, drawn at random." in report.notes
    assert len(drift_html(report).encode()) < LIMIT


def test_a_model_without_rows_still_compares_columns(finished_runs, tmp_path):
    model = load_model(build_model(finished_runs["binary"].path, "ensemble", tmp_path / "bare.zip", sample_rows=False))
    assert model.reference["drift"]["sample"] is None
    report = check_model(model, fresh())
    assert report.joint is None
    assert report.performance == ()
    assert "The model carries no sample rows" in report.notes[0]


def test_personal_columns_are_not_kept(models):
    kept = models["binary"].reference["drift"]
    assert kept["columns"]["mail"] == {"kind": "category", "rows": 180, "filled": 180, "only": "filled"}
    assert "mail" not in kept["sample"]["columns"]
    assert "key" not in kept["sample"]["columns"]
    assert "outcome" not in kept["sample"]["columns"]


def test_an_older_model_says_what_to_do(models):
    bare = {name: value for name, value in models["binary"].reference.items() if name != "drift"}
    with pytest.raises(InputError, match="carries no reference to compare with; it was exported before there was one"):
        check_model(replace(models["binary"], reference=bare), fresh())
    newer = {**bare, "drift": {"format": 9}}
    with pytest.raises(FormatError, match="The model's reference has format 9. This version reads format 1."):
        check_model(replace(models["binary"], reference=newer), fresh())


def test_two_tables():
    report = compare_tables(customers(500), fresh(500), CUSTOMERS)
    assert (report.mode, report.verdict in ("nothing", "watch"), report.error) == ("exact", True, 0.0)
    other = fresh(500)
    moved = compare_tables(customers(500), other.assign(age=other["age"] + 25).drop(columns=["city"]), CUSTOMERS)
    assert moved.verdict == "act"
    assert {column.name for column in moved.columns if column.verdict == "act"} == {"age", "city"}
    page = drift_html(moved)
    assert "500 new rows against 500 old ones." in page and "every column counts alike" in page and "importance" not in page
    with pytest.raises(InputError, match="The two tables have no column in common; the new one has 'x'. The old one has 'key'"):
        compare_tables(customers(50), pd.DataFrame({"x": range(30)}), CUSTOMERS)


def test_evidentlys_rule_judges_by_the_share_of_columns():
    schema = Schema((Column("a", "number"), Column("b", "number")))
    old = pd.DataFrame({"a": np.arange(500.0), "b": np.arange(500.0)})
    settings = DriftSettings(rule="evidently", joint=False)
    one = compare_tables(old, old.assign(a=old["a"] + 100), schema, settings)
    assert (one.verdict, one.sentence) == ("act", "1 of 2 columns drifted by their methods' thresholds.")
    assert compare_tables(old, old, schema, settings).verdict == "nothing"


def test_over_time_by_month_and_by_rows(models):
    new = fresh(900)
    new["joined"] = pd.date_range("2024-01-01", periods=900, freq="2h")
    new.loc[new["joined"] >= "2024-03-01", "age"] += 30
    report = check_model(models["binary"], new, DriftSettings(chunk="M", joint=False))
    assert [chunk.label for chunk in report.chunks] == ["2024-01", "2024-02", "2024-03"]
    assert [chunk.verdict for chunk in report.chunks] == ["watch", "watch", "act"]  # dates moved on
    assert report.chunks[2].sentence == "2024-03: 'age' moved."
    assert set(report.chunks[0].estimates) == set(report.chunks[0].true) == {"roc_auc", "f1", "accuracy"}
    by_rows = compare_tables(customers(300), fresh(65), CUSTOMERS, DriftSettings(chunk="30", joint=False))
    assert [chunk.label for chunk in by_rows.chunks] == ["Rows 1 to 30", "Rows 31 to 60"]
    assert by_rows.notes == ("Rows 61 to 65 has 5 rows and is left out of the time line: too few to judge.",)


def test_a_time_line_needs_dates_or_a_number():
    tables = customers(60).drop(columns="joined"), fresh(60).drop(columns="joined"), CUSTOMERS.without(["joined"])
    with pytest.raises(InputError, match="The table has no column of dates. A time line by month needs one."):
        compare_tables(*tables, DriftSettings(chunk="M", joint=False))
    with pytest.raises(
        InputError, match="The time line is to go by 'often'. That must be a number of rows or one of D, W, M, Q, Y."
    ):
        compare_tables(*tables, DriftSettings(chunk="often", joint=False))


def test_a_changed_correlation_is_found_although_every_column_is_as_before():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1500)
    old = pd.DataFrame({"x": x, "y": x + 0.3 * rng.normal(size=1500), "z": rng.normal(size=1500)})
    x = rng.normal(size=1500)
    new = pd.DataFrame({"x": x, "y": -x + 0.3 * rng.normal(size=1500), "z": rng.normal(size=1500)})
    report = compare_tables(old, new, Schema(tuple(Column(name, "number") for name in "xyz")))
    assert {column.verdict for column in report.columns} == {"nothing"}
    assert report.joint.auc > 0.9
    assert {name for name, _ in report.joint.columns[:2]} == {"x", "y"}
    assert report.joint.error > report.joint.error_high
    assert report.relation[0].name == "x and y"
    assert report.verdict == "act"


def test_the_page_of_html_is_small_and_escaped(models):
    report = check_model(models["binary"], fresh(), DriftSettings(chunk="100"), name="<b>new</b>.csv")
    page = drift_html(report)
    assert "<b>new</b>" not in page
    assert "<script" not in page
    wide = replace(report, columns=report.columns * 400)
    assert len(drift_html(wide).encode()) < LIMIT

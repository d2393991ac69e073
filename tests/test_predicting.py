"""Predictions for a file and for one row, by exact files and sentences; the model is made by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from automl_core.batch.predict import Options, predict_file
from automl_core.cleaning.recipe import Recipe
from automl_core.errors import InputError, StorageError
from automl_core.predicting import (
    FormField,
    PredictionReport,
    RowPrediction,
    defuse,
    predict_row,
    row_form,
    write_csv,
)
from automl_core.schema import Column, Parsing, Schema
from automl_core.scoring.bundle import Model
from automl_core.scoring.columns import Difference
from automl_core.scoring.ensemble import FoldEnsemble

SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("price", "number", Parsing(decimal=",", thousands=".", strip=("€",))),
        Column("city", "category"),
        Column("member", "boolean"),
        Column("joined", "date", Parsing(date_format="%d/%m/%Y")),
        Column("mail", "category"),
        Column("outcome", "category"),
    )
)
QUANTILES = [20 + 0.6 * number for number in range(101)]
DAYS = [1_600_000_000.0 + 86_400 * number for number in range(101)]
REFERENCE: dict[str, Any] = {
    "columns": {
        "age": {"kind": "number", "missing": 0.1, "quantiles": QUANTILES, "whole": True, "mean": 50.0, "std": 9.0},
        "price": {"kind": "number", "missing": 0.0, "quantiles": [q / 7 for q in QUANTILES], "whole": False},
        "city": {"kind": "category", "values": {"Rome": 7, "Paris": 4, "=Oslo": 1}, "complete": True, "distinct": 3},
        "member": {"kind": "boolean", "values": {"Yes": 3, "No": 9}, "complete": True, "distinct": 2},
        "joined": {"kind": "date", "quantiles": DAYS, "whole": True},
        "mail": {"kind": "category", "distinct": 90, "length": 12.0},
    }
}


class Rule:
    """Stands for the fitted part: the event is as likely as the age in per cent, 0.25 where it is missing."""

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def predict_values(self, frame: pd.DataFrame) -> np.ndarray:
        share = frame["age"].to_numpy(dtype=float, na_value=np.nan) / 100
        share = np.where(np.isnan(share), 0.25, share)
        return np.column_stack([1 - share, share]) if self.classes else -2 * share


def model_of(classes: tuple[str, ...] = ("stayed", "=left"), **changes: Any) -> Model:
    fields: dict[str, Any] = {
        "candidate": "rule",
        "name": "Rule",
        "task": "binary" if classes else "regression",
        "target": "outcome",
        "classes": classes,
        "positive": "=left",
        "metric": "roc_auc",
        "threshold": 0.5,
        "schema": SCHEMA,
        "recipe": Recipe(),
        "used": ("age", "price", "city", "member", "joined"),
        "reference": REFERENCE,
        "lineage": {},
        "ensemble": cast(FoldEnsemble, Rule(len(classes))),
    }
    return Model(**{**fields, **changes})


MODEL = model_of()
HEADER = "age,price,city,member,joined"
ROWS = '25,"€ 1.234,50",Rome,Yes,31/12/2020\n75,"3,5",Paris,No,01/02/2021\n,,,,\n'


def source(folder: Path, text: str | bytes) -> Path:
    path = folder / "new.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture
def predicted(tmp_path: Path) -> Callable[..., tuple[PredictionReport, str]]:
    """Return a function from a file's text to the report and the written file's text."""

    def run(text: str | bytes, model: Model = MODEL) -> tuple[PredictionReport, str]:
        out = tmp_path / "out" / "predicted.csv"
        report = predict_file(model, source(tmp_path, text), out, Options(warnings=False))
        return report, out.read_bytes().decode()

    return run


Predicted = Callable[..., tuple[PredictionReport, str]]


def test_the_file_by_exact_bytes(predicted: Predicted) -> None:
    report, text = predicted(f"{HEADER}\n{ROWS.removesuffix(',,,,' + chr(10))}99,1,Rome,No,\n")
    assert text == (
        "age,price,city,member,joined,prediction,probability_stayed,probability_=left\n"
        '25,"€ 1.234,50",Rome,Yes,31/12/2020,stayed,0.75,0.25\n'
        '75,"3,5",Paris,No,01/02/2021,\'=left,0.25,0.75\n'
        "99,1,Rome,No,,'=left,0.010000000000000009,0.99\n"
    )
    assert report == PredictionReport(
        rows=3,
        differences=(),
        refused=0,
        defused=2,
        predictions={"stayed": 1, "=left": 2},
        columns=("prediction", "probability_stayed", "probability_=left"),
        sentence="3 rows predicted. 2 cells look like a formula and got an apostrophe in front.",
    )
    assert PredictionReport.from_dict(report.to_dict()) == report


def test_values_are_written_in_full_and_negative_ones_stay_numbers(predicted: Predicted) -> None:
    report, text = predicted(f"{HEADER}\n10,1,Rome,Yes,\n5,1,Rome,Yes,\n", model_of(()))
    assert text.splitlines() == [f"{HEADER},prediction", "10,1,Rome,Yes,,-0.2", "5,1,Rome,Yes,,-0.1"]
    assert (report.predictions, report.columns, report.sentence) == ({}, ("prediction",), "2 rows predicted.")


def test_rows_keep_their_order_and_columns_theirs(predicted: Predicted) -> None:
    report, text = predicted("joined,more,age,member,city,price\n,x,30,Yes,Rome,1\n,y,10,Yes,Rome,1\n,z,20,Yes,Rome,1\n")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0][:6] == ["joined", "more", "age", "member", "city", "price"]
    assert [row[1] + row[2] + " " + row[-1] for row in rows[1:]] == ["x30 0.3", "y10 0.1", "z20 0.2"]
    assert [entry.to_dict() for entry in report.differences] == [
        {"column": "more", "kind": "extra", "sentence": "The column 'more' is new and is not looked at.", "blocking": False},
        {
            "column": "",
            "kind": "reordered",
            "sentence": "The columns stand in another order; they are found by name.",
            "blocking": False,
        },
    ]


def test_one_row(predicted: Predicted) -> None:
    report, text = predicted(f"{HEADER}\n25,1,Rome,Yes,31/12/2020\n")
    assert text.splitlines()[1] == "25,1,Rome,Yes,31/12/2020,stayed,0.75,0.25"
    assert (report.rows, report.sentence) == (1, "1 row predicted.")


def test_differences_that_do_not_hinder(predicted: Predicted) -> None:
    rows = "25,1,Oslo,Yes,31/12/2020\nold,1,Bern,Yes,2020-12-31\n35,1,Rome,Yes,01/01/2021\n"
    report, text = predicted(f"outcome,{HEADER}\n" + "".join(f"left,{row}\n" for row in rows.splitlines()))
    assert [entry.sentence for entry in report.differences] == [
        "'outcome' is what the model predicts; the column is not looked at.",
        "In 'age' 1 cell is no number ('old'); it is read as missing.",
        "In 'city' 2 rows have a value that was never learned from: 'Oslo', 'Bern'. The model treats it as unknown.",
        "In 'joined' 1 cell is no date ('2020-12-31'); it is read as missing.",
    ]
    assert text.splitlines()[2] == "left,old,1,Bern,Yes,2020-12-31,stayed,0.75,0.25"


def refused(path: Path, model: Model = MODEL) -> str:
    out = path.with_name("out.csv")
    with pytest.raises(InputError) as caught:
        predict_file(model, path, out)
    assert not out.exists()
    return str(caught.value)


def test_missing_and_wrongly_typed_columns_are_told_together(tmp_path: Path) -> None:
    path = source(tmp_path, "AGE,price,member,joined,mail\n25,cheap,Yes,soon,a@b.org\n26,dear,No,later,c@d.org\n")
    assert refused(path) == (
        "The column 'age' is missing, and the model needs it. There is a column 'AGE'; rename it if it is the same. "
        "The column 'city' is missing, and the model needs it. "
        "The column 'price' holds numbers in the table that was learned from, but 2 of 2 cells are not: 'cheap', 'dear'. "
        "Check that it is the right column. "
        "The column 'joined' holds dates in the table that was learned from, but 2 of 2 cells are not: 'soon', 'later'. "
        "Check that it is the right column. "
        "The model needs the columns 'age', 'price', 'city', 'member', 'joined'. Add or rename the columns, then try again."
    )


def test_many_missing_columns_are_counted(tmp_path: Path) -> None:
    names = tuple(f"c{number}" for number in range(13))
    model = model_of(schema=Schema(tuple(Column(name, "number") for name in names)), used=names, reference={"columns": {}})
    message = refused(source(tmp_path, "x,y\n1,2\n"), model)
    assert message.count("is missing") == 10 and " And 3 more. The model needs the columns 'c0', 'c1'" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "new.csv is empty."),
        (b"\n\n \n", "new.csv is empty."),
        (f"{HEADER}\n".encode(), "new.csv has column names but no rows that can be read."),
        (bytes(range(256)) * 4, "new.csv "),
    ],
    ids=["empty", "blank", "header only", "binary"],
)
def test_files_that_are_no_tables(content: bytes, expected: str, tmp_path: Path) -> None:
    assert refused(source(tmp_path, content)).startswith(expected)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.csv") == "There is no file 'none.csv'. Check the path and try again."


def test_a_file_in_another_encoding_comes_out_as_utf_8(predicted: Predicted) -> None:
    words = ("Zürich", "Köln", "Düsseldorf", "Würzburg", "Nürnberg", "Österreich", "Fürth", "Göttingen", "Lübeck", "Saarbrücken")
    rows = [f"25,1,{word},Yes,31/12/2020,für {word} möglich" for word in words]
    _, text = predicted("\n".join([f"{HEADER},Größe", *rows]).encode("cp1252"))
    lines = text.splitlines()
    assert lines[0].startswith(f"{HEADER},Größe,prediction")
    assert lines[1:] == [f"{row},stayed,0.75,0.25" for row in rows]


def test_a_semicolon_file_comes_out_with_commas(predicted: Predicted) -> None:
    _, text = predicted("age;price;city;member;joined\n25;3,5;Rome;Yes;31/12/2020\n30;4,5;Rome;No;31/12/2020\n")
    assert text.splitlines()[1] == '25,"3,5",Rome,Yes,31/12/2020,stayed,0.75,0.25'


def test_columns_called_like_the_predictions_are_kept_under_another_name(predicted: Predicted) -> None:
    report, text = predicted(
        f"{HEADER},prediction,prediction_in_file,probability_stayed\n25,1,Rome,Yes,31/12/2020,mine,yours,0.1\n"
    )
    assert text.splitlines() == [
        f"{HEADER},prediction_in_file_in_file,prediction_in_file,probability_stayed_in_file,"
        "prediction,probability_stayed,probability_=left",
        "25,1,Rome,Yes,31/12/2020,mine,yours,0.1,stayed,0.75,0.25",
    ]
    assert {entry.column for entry in report.differences} == {"prediction", "prediction_in_file", "probability_stayed"}


def test_one_formula_and_two_broken_lines_are_told_in_their_number(predicted: Predicted) -> None:
    row = "25,1,=Oslo,Yes,31/12/2020\n"
    report, _ = predicted(f"{HEADER}\n{row}" + "25,1,Rome,Yes,31/12/2020,x,y\n" * 2 + "25,1,Rome,Yes,31/12/2020\n" * 3)
    assert report.sentence == (
        "4 rows predicted. 2 lines could not be read as rows and are left out. "
        "1 cell looks like a formula and got an apostrophe in front."
    )


def test_formulas_in_cells_and_in_names_are_defused(predicted: Predicted) -> None:
    report, text = predicted(f'{HEADER},=note,"@b"\n25,1,=Oslo,Yes,31/12/2020,"=cmd|\'/C calc\'!A0",-5\n')
    header, row = list(csv.reader(text.splitlines()))
    assert header[5:7] == ["'=note", "'@b"]
    assert row[2] == "'=Oslo" and row[5] == "'=cmd|'/C calc'!A0" and row[6] == "-5"
    assert report.defused == 2
    # The cell is known as it was written; the apostrophe is for spreadsheets only.
    assert [entry.kind for entry in report.differences] == ["extra", "extra"]


def test_lines_that_are_no_rows_are_counted(predicted: Predicted) -> None:
    row = "25,1,Rome,Yes,31/12/2020\n"
    report, text = predicted(f"{HEADER}\n{row}{row}25,1,Rome,Yes,31/12/2020,x,y\n{row}")
    assert (report.rows, report.refused) == (3, 1)
    assert report.sentence == "3 rows predicted. 1 line could not be read as a row and is left out."
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),
        ("-", "'-"),
        ("-5", "-5"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
        ("-1.234,50 €", "-1.234,50 €"),
        ("-1e-05", "-1e-05"),
        ("-3%", "-3%"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_defuse(cell: str, expected: str) -> None:
    assert defuse(cell) == expected


def test_a_very_long_cell_is_looked_at_once() -> None:
    """A cell of many digits and one letter once took time with the square of its length."""
    cell = "-" + "1" * 200_000 + "x"
    start = datetime.now(UTC)
    assert defuse(cell) == "'" + cell
    assert (datetime.now(UTC) - start).total_seconds() < 2


def test_write_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a,b": ["x", 'say "hi"', "two\nlines"], "=b": ["-1", "=A1", ""]}, dtype=object)
    assert write_csv(tmp_path / "new" / "o.csv", frame) == 1
    assert (tmp_path / "new" / "o.csv").read_bytes().decode() == ('"a,b",\'=b\nx,-1\n"say ""hi""",\'=A1\n"two\nlines",\n')


def test_write_csv_takes_columns_of_one_name_and_no_rows(tmp_path: Path) -> None:
    twins = pd.DataFrame([["1", "2"]], columns=["a", "a"])
    assert write_csv(tmp_path / "o.csv", twins) == 0
    assert (tmp_path / "o.csv").read_text() == "a,a\n1,2\n"
    write_csv(tmp_path / "o.csv", twins.iloc[:0])
    assert (tmp_path / "o.csv").read_text() == "a,a\n"


def test_write_csv_keeps_the_old_file_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "o.csv"
    out.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match=r"o\.csv could not be saved: No space left on device"):
        write_csv(out, pd.DataFrame({"a": ["1"]}))
    assert [path.name for path in tmp_path.iterdir()] == ["o.csv"] and out.read_text() == "old"


ROW = {"age": "75", "price": "€ 3,50", "city": "Rome", "member": "Yes", "joined": "31/12/2020"}


def test_a_row_of_text() -> None:
    answer = predict_row(MODEL, ROW)
    assert answer == RowPrediction("=left", {"stayed": 0.25, "=left": 0.75})


def test_a_row_of_a_value() -> None:
    answer = predict_row(model_of(()), ROW)
    assert answer == RowPrediction(-1.5, {}) and type(answer.prediction) is float


@pytest.mark.parametrize(
    ("column", "given", "read"),
    [
        ("age", 30, 30.0),
        ("age", 30.5, 30.5),
        ("age", np.float32(0.5), 0.5),
        ("age", np.int64(7), 7.0),
        ("age", Decimal("7.5"), 7.5),
        ("age", 10**30, 1e30),
        ("price", 3.5, 3.5),
        ("price", np.float32(3.5), 3.5),
        ("price", "3,5", 3.5),
        ("age", None, None),
        ("age", "", None),
        ("age", "  ", None),
        ("age", float("nan"), None),
        ("age", pd.NA, None),
        ("age", "NA", None),
        ("city", None, None),
        ("city", "Rome", "Rome"),
        ("member", True, "True"),
        ("city", 5, "5"),
        ("city", 5.0, "5"),
        ("joined", "31/12/2020", pd.Timestamp("2020-12-31")),
        ("joined", date(2020, 12, 31), pd.Timestamp("2020-12-31")),
        ("joined", datetime(2020, 12, 31, 8, 30), pd.Timestamp("2020-12-31 08:30")),
        ("joined", datetime(2020, 12, 31, 8, 30, tzinfo=UTC), pd.Timestamp("2020-12-31 08:30")),
        ("joined", np.datetime64("2020-12-31"), pd.Timestamp("2020-12-31")),
        ("joined", pd.NaT, None),
    ],
)
def test_what_a_row_s_cell_becomes(column: str, given: Any, read: Any) -> None:
    seen: list[Any] = []

    class Watching(Rule):
        def predict_values(self, frame: pd.DataFrame) -> np.ndarray:
            seen.append(frame[column].iloc[0])
            return super().predict_values(frame)

    predict_row(model_of(ensemble=Watching(2)), {**ROW, column: given})
    assert (None if pd.isna(seen[0]) else seen[0]) == read


def test_columns_left_out_of_a_row_are_missing() -> None:
    assert predict_row(MODEL, {}).probabilities == {"stayed": 0.75, "=left": 0.25}
    assert predict_row(MODEL, {"age": 75, "outcome": "left", "mail": "a@b.org"}).prediction == "=left"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"Age": 3, "weight": 5},
            "'Age', 'weight': the model knows no such column. Its columns are 'age', 'price', 'city', 'member', 'joined'. "
            "Check the spelling.",
        ),
        ({"age": "old"}, "'age' is 'old', which is no number. Correct the value, or leave it empty if it is not known."),
        (
            {"age": "old", "joined": "2020-12-31"},
            "'age' is 'old', which is no number. 'joined' is '2020-12-31', which is no date. "
            "Correct the value, or leave it empty if it is not known.",
        ),
        ({"age": True}, "'age' is 'True', which is no number. Correct the value, or leave it empty if it is not known."),
        ({"age": [1, 2]}, "'age' is '[1, 2]', which is no number. Correct the value, or leave it empty if it is not known."),
        (
            {"age": date(2020, 1, 2)},
            "'age' is '2020-01-02', which is no number. Correct the value, or leave it empty if it is not known.",
        ),
        (
            {"age": float("inf")},
            "'age' is 'inf', which is no number. Correct the value, or leave it empty if it is not known.",
        ),
        ({"joined": 5}, "'joined' is '5', which is no date. Correct the value, or leave it empty if it is not known."),
        (
            {"joined": date(1, 1, 1)},
            "'joined' is '0001-01-01', which is no date. Correct the value, or leave it empty if it is not known.",
        ),
    ],
)
def test_a_row_that_cannot_be_read(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        predict_row(MODEL, values)
    assert str(caught.value) == expected


def test_a_row_with_a_word_never_learned_from_is_told() -> None:
    sentence = "In 'city' 1 row has a value that was never learned from: 'Oslo'. The model treats it as unknown."
    answer = predict_row(MODEL, {"city": "Oslo"})
    assert answer.differences == (Difference("city", "unseen_categories", sentence, False),)


def test_the_form_of_a_row() -> None:
    assert row_form(MODEL) == (
        FormField("age", "number", 50.0, (), 20.0, 80.0, True),
        FormField("price", "number", 7.14286, (), 20 / 7, 80 / 7, False),
        FormField("city", "category", "Rome", ("Rome", "Paris", "=Oslo")),
        FormField("member", "boolean", "Yes", ("Yes", "No")),
        FormField("joined", "date", "02/11/2020"),
    )


def test_the_form_s_own_answers_can_be_predicted() -> None:
    answers = {field.column: field.default for field in row_form(MODEL)}
    assert predict_row(MODEL, answers) == RowPrediction("stayed", {"stayed": 0.5, "=left": 0.5})


def test_a_form_without_statistics_asks_all_the_same() -> None:
    many = {f"w{number}": 1 for number in range(51)}
    reference = {"columns": {"city": {"values": many, "complete": True}, "member": {"values": {"Yes": 1}, "complete": False}}}
    assert row_form(model_of(reference=reference, used=("age", "city", "member", "joined", "mail"))) == (
        FormField("age", "number", ""),
        FormField("city", "category", "w0"),
        FormField("member", "boolean", "Yes"),
        FormField("joined", "date", ""),
        FormField("mail", "category", ""),
    )


def test_the_form_writes_iso_dates_where_the_table_has_them() -> None:
    schema = SCHEMA.with_column(Column("joined", "date", Parsing(date_format="ISO8601")))
    assert row_form(model_of(schema=schema, used=("joined",))) == (FormField("joined", "date", "2020-11-02"),)

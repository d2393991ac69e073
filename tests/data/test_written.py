"""Dates and numbers that can be read two ways: what is guessed is shown, and a person's choice reads the file again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from automl_core.data import dataset as module
from automl_core.data.dataset import Dataset, create_dataset, load_dataset
from automl_core.data.origin import Choice, other_part
from automl_core.data.parsing import parse_frame
from automl_core.data.rereading import change_kind, change_written
from automl_core.data.written import rewrite, written_of
from automl_core.errors import InputError
from automl_core.schema import Column, Parsing, Schema

TEXT = "day,price,iso,word\n" + "".join(
    f"{row % 9 + 1:02d}/{row % 5 + 2:02d}/2024,{row % 7 + 1}.{row % 3 + 1}50,2024-01-{row % 9 + 1:02d},{'ab'[row % 2]}\n"
    for row in range(40)
)


@pytest.fixture(params=["small", "streamed"])
def data(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A table whose days could be months and whose points could stand between thousands, read both ways there are."""
    if request.param == "streamed":
        monkeypatch.setattr(module, "FAST_BYTES", 10)
    (tmp_path / "a.csv").write_text(TEXT, encoding="utf-8")
    return create_dataset(tmp_path / "ds", tmp_path / "a.csv", "a")


@pytest.mark.parametrize(
    ("column", "way"),
    [
        (Column("x", "number"), "decimal point"),
        (Column("x", "number", Parsing(decimal=",")), "decimal comma"),
        (Column("x", "date", Parsing(date_format="%m/%d/%Y")), "month first"),
        (Column("x", "date", Parsing(date_format="%d.%m.%y %H:%M")), "day first"),
        (Column("x", "date", Parsing(date_format="ISO8601")), None),
        (Column("x", "date", Parsing(date_format="%Y-%m-%d")), None),
        (Column("x", "date", Parsing(date_format="%d %b %Y")), None),
        (Column("x", "category"), None),
    ],
)
def test_how_a_column_is_read(column: Column, way: str | None) -> None:
    assert written_of(column) == way


def test_a_guess_about_days_and_months_can_be_overruled(data: Dataset) -> None:
    """Regression: the page said "Change it if it is wrong", and there was nothing to change it with."""
    assert "both orders would fit, so month first is a guess" in data.schema["day"].evidence
    assert data.frame()["day"].iloc[1].isoformat() == "2024-02-03T00:00:00"
    changed = change_written(data, "day", "day first")
    assert changed.frame()["day"].iloc[1].isoformat() == "2024-03-02T00:00:00"
    assert changed.schema["day"].evidence == "Read day first, as you chose."
    assert changed.schema["day"].parsing.date_format == "%d/%m/%Y"
    assert load_dataset(data.folder).report.written == (("day", "day first"),)


def test_a_point_between_thousands_can_be_told(data: Dataset) -> None:
    assert data.frame()["price"].iloc[:3].tolist() == [1.15, 2.25, 3.35]
    changed = change_written(data, "price", "decimal comma")
    assert changed.frame()["price"].iloc[:3].tolist() == [1150, 2250, 3350]
    assert changed.schema["price"].evidence == "Read with the decimal comma, as you chose."
    back = change_written(changed, "price", "decimal point")
    assert back.frame()["price"].iloc[:3].tolist() == [1.15, 2.25, 3.35]
    assert back.report.written == (("price", "decimal point"),)


def test_other_choices_keep_it_and_another_part_does_not(data: Dataset) -> None:
    changed = change_kind(change_written(data, "day", "day first"), "word", "text")
    assert (changed.schema["word"].kind, changed.schema["day"].parsing.date_format) == ("text", "%d/%m/%Y")
    choice = changed.report.choice
    assert choice.written == (("day", "day first"),)
    assert Choice.from_dict(choice.to_dict()) == choice
    assert other_part(choice, table=2).written == ()


@pytest.mark.parametrize(
    ("column", "way", "said"),
    [
        (
            "day",
            "decimal comma",
            "'day' is of kind date and cannot be read decimal comma. It can be read day first or month first.",
        ),
        ("price", "day first", "'price' is of kind number and cannot be read day first. It can be read decimal comma or decimal"),
        (
            "iso",
            "day first",
            "'iso' is of kind date and cannot be read day first. Only dates and numbers that can be read two ways",
        ),
        ("word", "day first", "'word' is of kind category and cannot be read day first. Only dates and numbers"),
        ("day", "backwards", "'day' is of kind date and cannot be read backwards."),
    ],
)
def test_what_does_not_fit_is_refused(data: Dataset, column: str, way: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        change_written(data, column, way)
    assert str(refused.value).startswith(said)
    assert load_dataset(data.folder).report.written == ()


def test_a_choice_that_no_longer_fits_is_passed_over() -> None:
    schema = Schema((Column("x", "text"), Column("y", "number", Parsing(decimal=",", thousands=" "))))
    assert rewrite(schema, [("x", "day first"), ("gone", "day first"), ("y", "month first")]) == schema
    assert rewrite(schema, [("y", "decimal point")])["y"].parsing == Parsing(decimal=".", thousands=" ")


def test_values_that_their_file_typed_have_one_way(tmp_path: Path) -> None:
    """Regression: the choice changed no value, stayed in the schema, and "1.5" of a later file was then read as 15."""
    source = tmp_path / "a.parquet"
    pd.DataFrame({"price": [1.5, 2.25] * 20, "told": ["1,5", "2,25"] * 20}).to_parquet(source)
    made = create_dataset(tmp_path / "ds", source, "a")
    assert load_dataset(made.folder).report.typed == ("price",)
    with pytest.raises(InputError) as refused:
        change_written(made, "price", "decimal comma")
    assert str(refused.value) == (
        "'price' is of kind number and cannot be read decimal comma. Its file holds values, not text, so there is only one way "
        "to read them. Choose one that fits, or leave it."
    )
    kept = create_dataset(tmp_path / "again", source, "a", choice=Choice(written=(("price", "decimal comma"),)))
    assert (kept.schema["price"], kept.report.written) == (made.schema["price"], ())
    assert parse_frame(pd.DataFrame({"price": ["1.5"]}), kept.schema).frame["price"].tolist() == [1.5]
    changed = change_written(made, "told", "decimal point")
    assert (changed.report.written, changed.schema["told"].parsing.decimal) == ((("told", "decimal point"),), ".")


def test_the_columns_of_a_text_file_are_not_typed(data: Dataset) -> None:
    assert (data.report.typed, change_written(data, "price", "decimal comma").report.typed) == ((), ())

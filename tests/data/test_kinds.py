"""Kinds of columns and how their text becomes values, on tiny columns with exact results."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.data.kinds import CURRENCIES, infer_column, infer_schema
from automl_core.data.parsing import as_text, date_text, parse_column, parse_frame
from automl_core.errors import InputError
from automl_core.schema import Column, Kind, Parsing, Schema


def typed(name: str, cells: list[str]) -> tuple[Column, list[object], list[str]]:
    """Return a column's inferred description, its values with None for missing, and its faults."""
    values = pd.Series(cells, dtype=object)
    column = infer_column(name, values)
    result, bad = parse_column(values, column)
    return column, [None if pd.isna(value) else value for value in result], bad.to_list()


@pytest.mark.parametrize(
    ("cells", "kind", "evidence"),
    [
        (["1", "2", "3"], "number", "All cells are numbers."),
        (["a", "b", "a"], "category", "2 different values in 3 cells."),
        (["a", " a", "b", " NA "], "category", "3 different values in 3 cells."),
        (["a"], "category", "1 different value in 1 cell."),
        (["yes", "no", "yes"], "boolean", "Only 'yes' and 'no' occur."),
        (["TRUE", "False", "true"], "boolean", "Only 'TRUE' and 'False' and 'true' occur."),
        (["はい", "いいえ", "はい"], "boolean", "Only 'はい' and 'いいえ' occur."),
        (["Да", "нет"], "boolean", "Only 'Да' and 'нет' occur."),
        (["Evet", "hayır"], "boolean", "Only 'Evet' and 'hayır' occur."),
        (["EVET", "HAYIR"], "boolean", "Only 'EVET' and 'HAYIR' occur."),
        (["yes", "yes"], "category", "1 different value in 2 cells."),
        (["0", "1", "1"], "number", "All cells are numbers."),
        (["", "NA", " - "], "category", "Every cell is empty or a word for missing."),
        (["007", "012", "007"], "category", "Digits with leading zeros: a code, no quantity."),
        (["007", "012"], "id", "Digits with leading zeros: a code, no quantity."),
        (["2024-01-05", "2024-02-06"], "date", "The cells are dates written year-month-day."),
        (["9007199254740993", "12"], "id", "Whole numbers too long to be exact as quantities, so they are kept as written."),
        (["one", "2", "three"], "category", "3 different values in 3 cells."),
        ([f"key{n}" for n in range(20)], "id", "20 cells without spaces, no two alike: a key."),
        ([f"text number {n} with words" for n in range(60)], "text", "60 different cells in 60, most of several words."),
        (["=cmd()", "=cmd()", "1"], "category", "2 different values in 3 cells."),
    ],
)
def test_the_kind_comes_with_its_evidence(cells: list[str], kind: Kind, evidence: str) -> None:
    column = infer_column("column", pd.Series(cells, dtype=object))
    assert (column.kind, column.evidence, column.overruled) == (kind, evidence, False)


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("id", [str(n * 7) for n in range(30)], "id"),
        ("customerId", [str(n * 7) for n in range(30)], "id"),
        ("height", [str(n * 7) for n in range(30)], "number"),
        ("height", [str(n) for n in range(1, 31)], "id"),
        ("id", [str(n * 7) for n in range(10)], "number"),
        ("order_id", [f"A{n}" for n in range(97)] + ["A1", "A2"], "id"),
        ("order_id", [str(n * 7) for n in range(97)] + ["7", "14"], "id"),
        ("order_id", [f"A{n}" for n in range(90)] + [f"A{n}" for n in range(10)], "category"),
        ("surname", [f"A{n}" for n in range(97)] + ["A1", "A2"], "category"),
        ("amount", [str(n * 7) for n in range(97)] + ["7", "14"], "number"),
    ],
)
def test_keys_are_told_by_name_and_by_repetition(name: str, cells: list[str], kind: Kind) -> None:
    assert infer_column(name, pd.Series(cells, dtype=object)).kind == kind


def test_a_key_whose_rows_came_twice_says_so() -> None:
    column = infer_column("order_id", pd.Series([f"A{n}" for n in range(99)] + ["A7"], dtype=object))
    assert column.evidence == "It is called a key, and 99 of 100 cells are different: the others look like rows that came twice."


@pytest.mark.parametrize(
    ("cells", "values", "evidence"),
    [
        (["1", " 2 ", "3"], [1, 2, 3], "All cells are numbers."),
        (["1", "NA", "3"], [1.0, None, 3.0], "All cells are numbers."),
        (["1.5", "-2", ".5", "1e3"], [1.5, -2.0, 0.5, 1000.0], "All cells are numbers."),
        (["1,5", "2,25", "3"], [1.5, 2.25, 3.0], "All cells are numbers, with a decimal comma."),
        (["1.234,5", "12.345,75"], [1234.5, 12345.75], "All cells are numbers, with a decimal comma and '.' between thousands."),
        (["1,234.5", "12,345", "7"], [1234.5, 12345.0, 7.0], "All cells are numbers, with ',' between thousands."),
        (["1 234", "12 345"], [1234, 12345], "All cells are numbers, with ' ' between thousands."),
        (["€5", "€7.5"], [5.0, 7.5], "All cells are numbers, with the mark €."),
        (["12,345円", "980円"], [12345.0, 980.0], "All cells are numbers, with ',' between thousands and the mark 円."),
        (
            ["1.234,50 zł", "7 zł"],
            [1234.5, 7.0],
            "All cells are numbers, with a decimal comma and '.' between thousands and the mark zł.",
        ),
        (["R$ 5", "R$7.5"], [5.0, 7.5], "All cells are numbers, with the mark R$."),
        (["R$ 5", "$7.5"], [5.0, 7.5], "All cells are numbers, with the marks R$, $."),
        (["50%", "7%"], [0.5, 0.07], "All cells are numbers, with percent signs, so that 5% is 0.05."),
        (["5 kg", "7.5 kg"], [5.0, 7.5], "All cells are numbers, with the mark kg."),
        (["(5)", "7"], [-5, 7], "All cells are numbers, with parentheses for negatives."),
    ],
)
def test_numbers_are_read_by_their_marks(cells: list[str], values: list[object], evidence: str) -> None:
    column, found, bad = typed("amount", cells)
    assert (column.kind, column.evidence, bad) == ("number", evidence, [])
    assert found == pytest.approx(values)


def test_a_mark_that_is_part_of_another_is_none_of_its_own() -> None:
    assert typed("amount", ["R$ 5", "R$7.5"])[0].parsing.strip == ("R$",)
    assert [(one, other) for place, one in enumerate(CURRENCIES) for other in CURRENCIES[place + 1 :] if one in other] == []


def test_a_few_words_among_numbers_are_faults() -> None:
    column, values, bad = typed("amount", [*[str(n % 5) for n in range(39)], "twelve"])
    assert column.evidence == "97.5% of the cells are numbers. The other 2.5% are read as missing."
    assert values[-1] is None and bad == ["twelve"]


def test_numbers_and_words_mixed_are_categories() -> None:
    column, values, bad = typed("size", ["1", "two", "3", "four"])
    assert (column.kind, values, bad) == ("category", ["1", "two", "3", "four"], [])


def test_infinity_speaks_for_a_number_and_is_read_as_missing() -> None:
    """A ratio with many divisions by zero must not become a category."""
    column, values, bad = typed("ratio", ["1", "inf", "-inf", "Infinity", "2"])
    assert (column.kind, values, bad) == ("number", [1.0, None, None, None, 2.0], ["inf", "-inf", "Infinity"])
    assert column.evidence == "40.0% of the cells are numbers. The other 60.0% are read as missing."
    assert infer_column("ratio", pd.Series(["inf", "inf"], dtype=object)).kind == "category"


@pytest.mark.parametrize(
    ("cells", "date_format", "first", "evidence"),
    [
        (["2024-01-05", "2024-12-31"], "ISO8601", "2024-01-05", "The cells are dates written year-month-day."),
        (["2024-01-05T10:30:00Z"], "ISO8601", "2024-01-05 10:30", "The cells are dates written year-month-day."),
        (
            ["05.01.2024", "31.12.2024"],
            "%d.%m.%Y",
            "2024-01-05",
            "The cells are dates, day first: read the other way round, 50% would be no dates.",
        ),
        (
            ["01/05/2024", "12/31/2024"],
            "%m/%d/%Y",
            "2024-01-05",
            "The cells are dates, month first: read the other way round, 50% would be no dates.",
        ),
        (
            ["31/12/2024", "05/01/2024"],
            "%d/%m/%Y",
            "2024-12-31",
            "The cells are dates, day first: read the other way round, 50% would be no dates.",
        ),
        (
            ["01/05/2024", "02/06/2024"],
            "%m/%d/%Y",
            "2024-01-05",
            "The cells are dates; both orders would fit, so month first is a guess. Change it if it is wrong.",
        ),
        (["5 Jan 2024", "31 Dec 2024"], "%d %b %Y", "2024-01-05", "The cells are dates like 5 Jan 2024."),
        (
            ["2024/01/05 10:30", "2024/12/31 23:59"],
            "%Y/%m/%d %H:%M",
            "2024-01-05 10:30",
            "The cells are dates like 2024/01/05 10:30.",
        ),
    ],
)
def test_dates_are_read_by_one_format(cells: list[str], date_format: str, first: str, evidence: str) -> None:
    column, values, bad = typed("when", cells)
    assert (column.kind, column.parsing.date_format, column.evidence, bad) == ("date", date_format, evidence, [])
    assert values[0] == pd.Timestamp(first)


def test_a_date_of_another_format_is_a_fault() -> None:
    column, values, bad = typed("when", [*[f"2024-01-{day:02d}" for day in range(1, 29)], "05.06.2024"])
    assert (column.kind, values[-1], bad) == ("date", None, ["05.06.2024"])


@pytest.mark.parametrize("word", ["", " ", "NA", "n/a", "NaN", "null", "None", "?", "-", "#N/A", " NA "])
def test_words_for_missing_are_missing(word: str) -> None:
    assert typed("x", ["1", word, "2"])[1] == [1.0, None, 2.0]
    assert typed("x", ["a", word, "b"])[1] == ["a", None, "b"]


def test_spaces_and_case_stay_in_categories() -> None:
    assert typed("x", ["Shoes", " shoes ", "SHOES"])[1] == ["Shoes", " shoes ", "SHOES"]


def test_a_chosen_kind_is_kept_with_its_marks() -> None:
    frame = pd.DataFrame({"zip": ["1,5", "2,5", "x"], "when": ["05.01.2024", "31.12.2024", "soon"]}, dtype=object)
    schema = infer_schema(frame, kinds={"zip": "number", "when": "date"})
    assert [(column.kind, column.evidence, column.overruled) for column in schema] == [
        ("number", "Chosen by you.", True),
        ("date", "Chosen by you.", True),
    ]
    parsed = parse_frame(frame, schema)
    assert parsed.frame["zip"].fillna(-1).to_list() == [1.5, 2.5, -1]
    assert parsed.frame["when"].dt.day.fillna(0).to_list() == [5, 31, 0]
    assert {name: (fault.count, fault.examples) for name, fault in parsed.faults.items()} == {
        "zip": (1, ("x",)),
        "when": (1, ("soon",)),
    }


def test_typed_columns_are_converted_not_read_as_text() -> None:
    schema = Schema((Column("n", "number"), Column("c", "category"), Column("gone", "number")))
    frame = pd.DataFrame(
        {"n": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["a", None]), "extra": [1, 2]}, index=[5, 6]
    )
    parsed = parse_frame(frame, schema)
    assert parsed.frame.columns.to_list() == ["n", "c"]
    assert parsed.frame.index.to_list() == [5, 6]
    assert parsed.frame.dtypes.map(str).to_list() == ["float64", "object"]
    assert parsed.frame["n"].fillna(-1).to_list() == [1.0, -1.0]
    assert parsed.faults == {}


def test_two_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([["1", "2"]], columns=["a", "a"])
    with pytest.raises(InputError) as caught:
        parse_frame(frame, Schema((Column("a", "number"),)))
    assert str(caught.value) == "There are 2 columns called 'a'. Every column needs a name of its own. Rename one of them."


def test_the_callers_cells_are_not_changed() -> None:
    values = pd.Series(["1", "NA", "x"], dtype=object)
    parse_column(values, Column("n", "number", Parsing()))
    assert values.to_list() == ["1", "NA", "x"]


def test_odd_cells_among_plain_numbers_are_missing_or_faults() -> None:
    values = pd.Series(["1", " NA ", "x", None, "inf", "2.5", "-"], dtype=object, index=range(10, 17), name="n")
    typed, bad = parse_column(values, Column("n", "number", Parsing()))
    assert typed.fillna(-1).to_dict() == {10: 1, 11: -1, 12: -1, 13: -1, 14: -1, 15: 2.5, 16: -1}
    assert bad.to_dict() == {12: "x", 14: "inf"}


def test_typed_numbers_are_copied_and_infinite_ones_are_faults() -> None:
    values = pd.Series([1.0, np.nan, np.inf, 2.5], index=[3, 4, 5, 6], name="n")
    typed, bad = parse_column(values, Column("n", "number", Parsing()))
    assert bad.to_dict() == {5: np.inf}
    assert typed.isna().to_list() == [False, True, True, False]
    typed.iloc[0] = 9.0
    assert values.iloc[0] == 1.0
    assert parse_column(pd.Series([1.0, 2.0]), Column("n", "number", Parsing()))[0].dtype == "int64"


def test_values_go_back_to_text_as_a_person_writes_them() -> None:
    assert as_text(pd.Series([1.0, np.nan, 30.0])).fillna("?").to_list() == ["1", "?", "30"]
    assert as_text(pd.Series([1.5, 2.0])).to_list() == ["1.5", "2.0"]
    assert date_text(pd.Series(pd.to_datetime(["2024-01-05", None]))).fillna("?").to_list() == ["2024-01-05", "?"]
    assert date_text(pd.Series(pd.to_datetime(["2024-01-05 10:30"]))).to_list() == ["2024-01-05 10:30:00"]


def test_cells_are_counted_without_their_spaces_in_the_order_of_the_rows():
    from automl_core.data.kinds import _counted

    cells = ["b ", "a", " b", np.nan, "a", "c", ""]
    for times in (1, 1000):  # few are counted in Python, many by pandas
        found, different = _counted(pd.Series(cells * times, dtype=object))
        assert list(found.items()) == [("b", 2 * times), ("a", 2 * times), ("c", times), ("", times)]
        assert different == ["b ", "a", " b", "c", ""]
    mixed, _ = _counted(pd.Series([1, True, "1", 1.0, None], dtype=object))
    assert list(mixed.items()) == [("1", 2), ("True", 1), ("1.0", 1)]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([f"{place}.5" for place in range(30)], "number"),
        ([f"{place}" for place in range(30)], "id"),
        ([f"{place * 7}" for place in range(30)], "number"),
        ([f"{place:03d}" for place in range(30)], "id"),
        ([f"-0{place % 5}" for place in range(30)], "category"),
        ([f"90071992547409{place}" for place in range(60, 90)], "number"),
        ([f"90071992547409{place}" for place in range(70, 99)], "id"),  # 2**53 and more among them
        ([f"-90071992547409{place}0" for place in range(70, 99)], "id"),
    ],
)
def test_whole_numbers_are_told_from_keys_and_codes(cells: list[str], kind: str) -> None:
    assert infer_schema(pd.DataFrame({"x": cells}))["x"].kind == kind


@pytest.mark.parametrize("words", [("WAHR", "FALSCH"), ("vrai", "faux"), ("Vero", "Falso"), ("verdadero", "falso")])
def test_the_words_of_spreadsheets_in_other_languages_are_truths(words: tuple[str, str]) -> None:
    schema = infer_schema(pd.DataFrame({"ok": [*words, words[0], ""] * 5}))
    assert schema["ok"].kind == "boolean"

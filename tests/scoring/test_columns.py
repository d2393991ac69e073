"""How a new table differs from the one that was learned from, sentence by sentence."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from automl_core.data.parsing import parse_frame
from automl_core.schema import Column, Parsing, Schema
from automl_core.scoring.columns import Difference, compare

SCHEMA = Schema(
    (
        Column("age", "number"),
        Column("city", "category"),
        Column("member", "boolean"),
        Column("joined", "date", Parsing(date_format="%d/%m/%Y")),
        Column("note", "text"),
    )
)
REFERENCE: dict[str, Any] = {
    "columns": {
        "city": {"values": {"Rome": 3, "Paris": 2}, "complete": True},
        "member": {"values": {"Yes": 3, "No": 2}, "complete": True},
    }
}
GOOD = {
    "age": ["31", "", "45", "NA"],
    "city": ["Rome", "Paris", "", "Rome"],
    "member": ["Yes", "No", "Yes", ""],
    "joined": ["31/12/2020", "", "01/02/2021", "03/02/2021"],
    "note": ["dry", "", "sweet", "dry"],
}


def found(
    cells: dict[str, list[Any]] | pd.DataFrame,
    used: tuple[str, ...] = ("age", "city", "member", "joined"),
    reference: dict[str, Any] = REFERENCE,
) -> list[Difference]:
    frame = cells if isinstance(cells, pd.DataFrame) else pd.DataFrame(cells, dtype=object)
    return list(compare(frame, parse_frame(frame, SCHEMA), SCHEMA, used, reference, "outcome"))


def test_the_same_columns_have_no_difference() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"age": None},
            Difference("age", "missing", "The column 'age' is missing, and the model needs it.", True),
        ),
        (
            {"outcome": ["left"] * 4},
            Difference("outcome", "extra", "'outcome' is what the model predicts; the column is not looked at.", False),
        ),
        ({"more": ["1"] * 4}, Difference("more", "extra", "The column 'more' is new and is not looked at.", False)),
        (
            {"age": ["x", "y", "45", ""]},
            Difference(
                "age",
                "retyped",
                "The column 'age' holds numbers in the table that was learned from, but 2 of 3 cells are not: 'x', 'y'. "
                "Check that it is the right column.",
                True,
            ),
        ),
        (
            {"age": ["x", "3", "45", ""]},
            Difference("age", "unreadable_cells", "In 'age' 1 cell is no number ('x'); it is read as missing.", False),
        ),
        (
            {"joined": ["31/12/2020", "2021-01-02", "2021-01-03", "01/01/2021"]},
            Difference(
                "joined",
                "unreadable_cells",
                "In 'joined' 2 cells are no dates ('2021-01-02', '2021-01-03'); they are read as missing.",
                False,
            ),
        ),
        (
            {"city": ["Oslo", "Rome", "Bern", "Oslo"]},
            Difference(
                "city",
                "unseen_categories",
                "In 'city' 3 rows have a value that was never learned from: 'Oslo', 'Bern'. The model treats it as unknown.",
                False,
            ),
        ),
        (
            {"member": ["perhaps", "No", "Yes", ""]},
            Difference(
                "member",
                "unseen_categories",
                "In 'member' 1 row has a value that was never learned from: 'perhaps'. The model treats it as unknown.",
                False,
            ),
        ),
    ],
)
def test_one_difference(change: dict[str, Any], expected: Difference) -> None:
    cells = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    assert found(cells) == [expected]


def test_a_missing_column_names_the_one_that_differs_only_by_case_or_spaces() -> None:
    cells = {"AGE ": GOOD["age"], **{name: cells for name, cells in GOOD.items() if name != "age"}}
    assert [entry.sentence for entry in found(cells)] == [
        "The column 'age' is missing, and the model needs it. There is a column 'AGE '; rename it if it is the same.",
        "The column 'AGE ' is new and is not looked at.",
    ]


def test_another_order_is_told_once() -> None:
    expected = Difference("", "reordered", "The columns stand in another order; they are found by name.", False)
    assert found({name: GOOD[name] for name in reversed(GOOD)}) == [expected]


def test_an_extra_column_in_between_is_no_other_order() -> None:
    assert [entry.kind for entry in found({"more": ["1"] * 4, **GOOD})] == ["extra"]


def test_a_column_that_the_model_does_not_use_may_be_missing_or_odd() -> None:
    assert found({name: GOOD[name] for name in ("city", "member", "joined", "note")}, used=("city",)) == []
    assert found({**GOOD, "age": ["x"] * 4}, used=("city",)) == []


def test_words_that_were_not_all_counted_are_never_called_unseen() -> None:
    partly = {"columns": {"city": {"values": {"Rome": 3}, "complete": False}}}
    assert found({**GOOD, "city": ["Oslo"] * 4}, reference=partly) == []


def test_typed_columns_are_compared_like_text() -> None:
    typed = pd.DataFrame({"age": [1, 2], "city": pd.Categorical(["Rome", "Oslo"]), "member": ["No", "No"]})
    typed["joined"] = pd.to_datetime(["2020-01-01", "2020-01-02"])
    assert [(entry.column, entry.kind) for entry in found(typed)] == [("city", "unseen_categories")]


def test_an_empty_column_is_only_missing_values() -> None:
    assert found({**GOOD, "age": [""] * 4, "city": [""] * 4}) == []


def test_exactly_half_of_the_cells_unreadable_is_damage_and_more_is_another_type() -> None:
    assert [entry.kind for entry in found({**GOOD, "age": ["x", "1", "y", "2"]})] == ["unreadable_cells"]
    assert [entry.kind for entry in found({**GOOD, "age": ["x", "1", "y", "z"]})] == ["retyped"]


def test_a_difference_is_plain_json() -> None:
    entry = Difference("age", "extra", "Said.", False)
    assert entry.to_dict() == {"column": "age", "kind": "extra", "sentence": "Said.", "blocking": False}
    assert Difference(**entry.to_dict()) == entry

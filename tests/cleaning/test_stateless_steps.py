"""Every stateless step by exact values on tiny tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl_core.cleaning.apply import apply_stateless
from automl_core.cleaning.lineage import origins
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, check_step
from automl_core.cleaning.store import export_recipe, import_recipe, with_trees
from automl_core.errors import InputError
from automl_core.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("name", "text"), Column("price", "category"), Column("area", "number"), Column("city", "category"),
        Column("start", "date"), Column("when", "category"),
    )
)  # fmt: skip
FRAME = pd.DataFrame(
    {
        "name": ["Bond, James", "Holmes, Dr, John", np.nan, "Poirot"],
        "price": ["€ 1.234,50", "(12)", "50 %", np.nan],
        "area": [2.0, 0.0, np.nan, 5.0],
        "city": ["Rome", "ROME", "Oslo (NO)", np.nan],
        "start": pd.to_datetime(["2024-02-29 13:05:09", None, "2023-12-31", "2024-01-06"], format="ISO8601"),
        "when": ["31.12.2023", "1.2.2024", "soon", np.nan],
    }
)


def column(step: Step, name: str) -> list[object]:
    cleaned = apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=False)
    assert list(cleaned.frame.columns) == cleaned.schema.names
    return [None if pd.isna(cell) else cell for cell in cleaned.frame[name]]


TABLE = [
    (Step("rename_columns", {"names": {"city": "town"}}), "town", ["Rome", "ROME", "Oslo (NO)", None]),
    (Step("change_kind", {"columns": ["area"], "kind": "category"}), "area", ["2", "0", None, "5"]),
    (Step("change_kind", {"columns": ["price"], "kind": "number"}), "price", [None, None, None, None]),
    (Step("change_kind", {"columns": ["start"], "kind": "text"}), "start",
     ["2024-02-29 13:05:09", None, "2023-12-31 00:00:00", "2024-01-06 00:00:00"]),
    (Step("parse_numbers", {"columns": ["price"], "decimal": ",", "thousands": ".", "strip": ["€"], "parentheses": True}),
     "price",
     [1234.5, -12, None, None]),
    (Step("parse_numbers", {"columns": ["price"], "strip": ["%"], "percent": True}), "price", [None, None, 0.5, None]),
    (Step("parse_dates", {"columns": ["when"], "format": "%d.%m.%Y"}), "when",
     [pd.Timestamp("2023-12-31"), pd.Timestamp("2024-02-01"), None, None]),
    (Step("replace", {"columns": ["city"], "find": "Rome", "replacement": "Roma"}), "city", ["Roma", "ROME", "Oslo (NO)", None]),
    (Step("replace", {"columns": ["city"], "find": "rome", "replacement": "Roma", "case": False}), "city",
     ["Roma", "Roma", "Oslo (NO)", None]),
    (Step("replace", {"columns": ["city"], "find": "Rome"}), "city", [None, "ROME", "Oslo (NO)", None]),
    (Step("replace", {"columns": ["city"], "find": " (NO)", "how": "part"}), "city", ["Rome", "ROME", "Oslo", None]),
    (Step("replace", {"columns": ["city"], "find": r"\s*\((\w+)\)", "replacement": r" in \1", "how": "pattern"}), "city",
     ["Rome", "ROME", "Oslo in NO", None]),
    (Step("replace", {"columns": ["area"], "find": "0", "replacement": "9.5"}), "area", [2, 9.5, None, 5]),
    (Step("replace", {"columns": ["area"], "find": "0"}), "area", [2, None, None, 5]),
    (Step("replace", {"columns": ["start"], "find": "2023-12-31", "replacement": "2023-12-30"}), "start",
     [pd.Timestamp("2024-02-29 13:05:09"), None, pd.Timestamp("2023-12-30"), pd.Timestamp("2024-01-06")]),
    (Step("split_column", {"column": "name"}), "name 2", ["James", "Dr, John", None, None]),
    (Step("split_column", {"column": "name", "parts": 3}), "name 3", [None, "John", None, None]),
    (Step("split_column", {"column": "when", "separator": ".", "parts": 3, "kind": "number"}), "when 1", [31, 1, None, None]),
    (Step("join_columns", {"columns": ["area", "city"], "separator": "-", "name": "both"}), "both",
     ["2-Rome", "0-ROME", "Oslo (NO)", "5"]),
    (Step("extract_pattern", {"column": "city", "pattern": r"\((\w+)\)", "name": "land"}), "land", [None, None, "NO", None]),
    (Step("extract_pattern", {"column": "when", "pattern": r"(\d+)\.(\d+)", "name": "p", "kind": "number"}), "p 2",
     [12, 2, None, None]),
    (Step("extract_pattern", {"column": "name", "pattern": "^[A-Z]"}), "part", ["B", "H", None, "P"]),
    (Step("date_parts", {"parts": ["quarter"]}), "start quarter", [1, None, 4, 1]),
    (Step("date_parts", {"parts": ["week"]}), "start week", [9, None, 52, 1]),
    (Step("date_parts", {"parts": ["dayofyear"]}), "start dayofyear", [60, None, 365, 6]),
    (Step("date_parts", {"parts": ["weekend"]}), "start weekend", [0, None, 1, 1]),
    (Step("date_parts", {"parts": ["second"]}), "start second", [9, None, 0, 0]),
    (Step("formula", {"name": "double", "formula": "2 * area"}), "double", [4, 0, None, 10]),
    (Step("formula", {"name": "per", "formula": "10 / [area]"}), "per", [5, None, None, 2]),
    (Step("formula", {"name": "rome", "formula": 'if(city == "Rome", 1, 0)'}), "rome", [1, 0, 0, None]),
    (Step("formula", {"name": "area", "formula": "max(area, 1)"}), "area", [2, 1, None, 5]),
    (Step("merge_variants", {"column": "city", "mapping": {"ROME": "Rome"}}), "city", ["Rome", "Rome", "Oslo (NO)", None]),
    (Step("merge_variants", {"column": "city", "mapping": {"no, oslo": "Oslo"}, "method": "fingerprint"}), "city",
     ["Rome", "ROME", "Oslo", None]),
]  # fmt: skip


@pytest.mark.parametrize(("step", "name", "expected"), TABLE)
def test_cells(step: Step, name: str, expected: list[object]) -> None:
    before = FRAME.copy(deep=True)
    check_step(step, SCHEMA)
    assert column(step, name) == expected
    pd.testing.assert_frame_equal(FRAME, before)


def test_every_stateless_step_has_its_values() -> None:
    elsewhere = {"drop_columns", "order_columns", "drop_duplicates", "drop_missing_rows", "filter_rows", "null_words",
                 "trim_text", "merge_values"}  # fmt: skip
    assert {step.op for step, _, _ in TABLE} | elsewhere == {op for op, entry in OPERATIONS.items() if not entry.learned}


@pytest.mark.parametrize(
    ("step", "names"),
    [
        (Step("drop_columns", {"columns": ["city", "area"]}), ["name", "price", "start", "when"]),
        (Step("order_columns", {"columns": ["when", "city"]}), ["when", "city", "name", "price", "area", "start"]),
        (Step("rename_columns", {"names": {"name": "area", "area": "name"}}), ["area", "price", "name", "city", "start", "when"]),
        (Step("split_column", {"column": "price"}), ["name", "price 1", "price 2", "area", "city", "start", "when"]),
        (Step("join_columns", {"columns": ["name", "city"], "keep": False}), ["joined", "price", "area", "start", "when"]),
        (Step("extract_pattern", {"column": "name", "pattern": "x", "keep": False}),
         ["part", "price", "area", "city", "start", "when"]),
        (Step("date_parts", {"parts": ["year"], "keep": True}),
         ["name", "price", "area", "city", "start", "when", "start year"]),
    ],
)  # fmt: skip
def test_columns_stand_where_they_are_expected(step: Step, names: list[str]) -> None:
    cleaned = apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=True)
    assert list(cleaned.frame.columns) == cleaned.schema.names == names


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        (Step("filter_rows", {"condition": "area > 1"}), [0, 3]),
        (Step("filter_rows", {"condition": "area > 1", "keep": "others"}), [1, 2]),
        (Step("filter_rows", {"condition": 'city == "Rome" or area = 5'}), [0, 3]),
        (Step("drop_duplicates", {"columns": ["area"], "keep": "last"}), [0, 1, 2, 3]),
    ],
)
def test_rows(step: Step, kept: list[int]) -> None:
    assert list(apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=True).frame.index) == kept
    done = apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=False)
    assert len(done.frame) == 4 and done.outcomes[0].sentence == "Rows to be predicted all stay."


def test_the_last_of_equal_rows_is_kept() -> None:
    frame = pd.DataFrame({"a": [1, 1, 2], "b": [1, 2, 3]})
    schema = Schema((Column("a", "number"), Column("b", "number")))
    step = Step("drop_duplicates", {"columns": ["a"], "keep": "last"})
    assert apply_stateless(frame, schema, Recipe((step,)), training=True).frame["b"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Step("parse_dates", {"columns": ["when"], "format": "%d.%m.%Y"}),
         "1 cell changed, 1 cell could not be read and is missing."),
        (Step("rename_columns", {"names": {"city": "town"}}), "1 column renamed."),
        (Step("order_columns", {"columns": ["city"]}), "Columns reordered."),
        (Step("split_column", {"column": "name"}), "1 column left out, 2 new columns."),
        (Step("formula", {"name": "x", "formula": "area"}), "1 new column."),
        (Step("merge_variants", {"column": "city", "mapping": {"rome": "Rome"}, "method": "fingerprint"}),
         "1 cell changed, 1 new variant known by its key."),
        (Step("replace", {"columns": ["city"], "find": "x"}), "Nothing to change."),
    ],
)  # fmt: skip
def test_what_is_said(step: Step, sentence: str) -> None:
    cleaned = apply_stateless(FRAME, SCHEMA, Recipe((step,)), training=True)
    assert cleaned.outcomes[0].sentence == sentence


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("formula", {"name": "x", "formula": "mean(area)"}), "The formula uses 'mean' over all rows."),
        (Step("formula", {"name": "x", "formula": "truth"}), "The formula looks at 'truth'"),
        (Step("formula", {"name": "x", "formula": "aera"}), "Did you mean 'area'?"),
        (Step("formula", {"name": "x", "formula": ""}), "The formula is empty."),
        (Step("formula", {"name": " ", "formula": "area"}), "The new column has no name."),
        (Step("extract_pattern", {"column": "name", "pattern": "("}), "The pattern cannot be read"),
        (Step("extract_pattern", {"column": "name", "pattern": "(a+)+b"}), "a repeat or a choice inside a repeat"),
        (Step("rename_columns", {"names": {"name": "city"}}), "Two columns would be called 'city'."),
        (Step("rename_columns", {"names": {"name": " "}}), "A new name is empty."),
        (Step("rename_columns", {"names": {"nope": "x"}}), "names the column 'nope'"),
        (Step("parse_dates", {"columns": ["when"], "format": "d.m.y"}), "'d.m.y' is no date format."),
        (Step("clip_outliers", {"method": "limits"}), "No limit is given."),
        (Step("clip_outliers", {"method": "limits", "low": 5, "high": 1}), "The lowest value 5 is above the highest, 1."),
        (Step("date_parts", {"parts": ["century"]}), "is no choice for 'Parts'"),
    ],
)
def test_wrong_settings_say_why(step: Step, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_step(step, SCHEMA)
    assert message in str(caught.value)


def test_formulas_travel_as_they_were_read() -> None:
    recipe = Recipe((Step("formula", {"name": "x", "formula": "area * 2"}), Step("filter_rows", {"condition": "area > 1"})))
    carried = with_trees(recipe)
    assert all("_tree" in step.params for step in carried)
    again = Recipe.from_dict(carried.to_dict())
    for training in (True, False):
        one = apply_stateless(FRAME, SCHEMA, recipe, training=training).frame
        pd.testing.assert_frame_equal(apply_stateless(FRAME, SCHEMA, again, training=training).frame, one)
    # What a file brings beside a formula is not used: it is read anew.
    assert import_recipe(export_recipe(carried)) == recipe


def test_where_columns_come_from() -> None:
    recipe = Recipe(
        (
            Step("rename_columns", {"names": {"city": "town"}}),
            Step("formula", {"name": "score", "formula": "area * days", "_": 0}),
            Step("date_parts", {"parts": ["year"]}),
            Step("join_columns", {"columns": ["town", "name"], "name": "both", "keep": False}),
            Step("extract_pattern", {"column": "both", "pattern": "(a)(b)", "name": "p"}),
            Step("split_column", {"column": "when", "separator": "."}),
        )
    )
    found = origins(recipe, SCHEMA)
    assert found == {
        "price": {"price"}, "area": {"area"}, "score": {"area"}, "start year": {"start"}, "both": {"city", "name"},
        "p 1": {"city", "name"}, "p 2": {"city", "name"}, "when 1": {"when"}, "when 2": {"when"},
    }  # fmt: skip


words = st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1, max_size=6)
IDEMPOTENT = [
    Step("trim_text", {"columns": ["w"], "case": "upper"}),
    Step("null_words", {"columns": ["w"], "words": ["a", ""]}),
    Step("drop_duplicates"),
    Step("drop_missing_rows"),
    Step("order_columns", {"columns": ["x"]}),
    Step("change_kind", {"columns": ["w"], "kind": "text"}),
    Step("change_kind", {"columns": ["x"], "kind": "category"}),
    Step("replace", {"columns": ["w"], "find": "a", "replacement": "b"}),
    Step("merge_variants", {"column": "w", "mapping": {"a": "b", "c": "b"}, "method": "fingerprint"}),
    Step("formula", {"name": "y", "formula": "x + 1"}),
    Step("filter_rows", {"condition": "x > 0"}),
    Step("extract_pattern", {"column": "w", "pattern": "[a-z]"}),
    Step("drop_columns", {"columns": ["x"]}),
]


@given(words, st.permutations(IDEMPOTENT).map(lambda steps: steps[:3]))
def test_applying_once_more_changes_nothing(cells: list[str | None], steps: list[Step]) -> None:
    """Each of these steps leaves nothing to do for itself."""
    frame = pd.DataFrame({"w": pd.Series(cells, dtype=object), "x": np.arange(len(cells)) % 3 - 1.0})
    frame["w"] = frame["w"].where(frame["w"].notna(), np.nan)
    schema = Schema((Column("w", "category"), Column("x", "number")))
    for step in steps:
        if "x" in frame or step.op not in ("formula", "filter_rows"):
            once = apply_stateless(frame, schema, Recipe((step,)), training=True)
            twice = apply_stateless(once.frame, once.schema, Recipe((step,)), training=True)
            pd.testing.assert_frame_equal(twice.frame, once.frame)
            frame, schema = once.frame, once.schema


@given(words, st.permutations(IDEMPOTENT))
def test_the_same_table_gives_the_same(cells: list[str | None], steps: list[Step]) -> None:
    frame = pd.DataFrame({"w": pd.Series(cells, dtype=object), "x": np.arange(len(cells)) % 3 - 1.0})
    schema = Schema((Column("w", "category"), Column("x", "number")))
    recipe = Recipe(tuple(steps))
    one, other = (
        apply_stateless(frame, schema, given, training=True) for given in (recipe, import_recipe(export_recipe(recipe)))
    )
    pd.testing.assert_frame_equal(one.frame, other.frame)
    assert one.schema == other.schema and one.outcomes == other.outcomes

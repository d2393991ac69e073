"""Two tables made into one: exact rows, exact plans, and every refusal in its words."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.data import combine
from automl_core.data import lookup as lookup_module
from automl_core.data.combine import (
    Added,
    AppendPlan,
    KeyCount,
    KindConflict,
    LookupPlan,
    append,
    lookup,
    plan_append,
    plan_lookup,
)
from automl_core.data.dataset import Dataset, create_dataset, dataset_from_frame, load_dataset
from automl_core.data.lookup import key_text
from automl_core.data.tables import fingerprint
from automl_core.errors import InputError, NotFoundError
from automl_core.schema import Column, Kind, Schema

Make = Callable[..., Dataset]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what stores a table from columns given as ``name=(kind, values)``."""

    def table(title: str, **columns: tuple[Kind, list[object]]) -> Dataset:
        schema = Schema(tuple(Column(name, kind, evidence=f"{kind}.") for name, (kind, _) in columns.items()))
        frame = pd.DataFrame({name: pd.Series(values) for name, (_, values) in columns.items()})
        return dataset_from_frame(tmp_path / title.replace(" ", "-"), frame, schema, title)

    return table


def rows(data: Dataset) -> list[list[object]]:
    """Return a table's cells with None for missing."""
    return [[None if pd.isna(cell) else cell for cell in row] for row in data.frame().itertuples(index=False)]


def test_tables_of_one_shape_are_put_below_each_other(tmp_path: Path, make: Make) -> None:
    first = make("may", age=("number", [1, 2]), city=("category", ["Rome", "Oslo"]))
    second = make("june", city=("category", ["Lima"]), age=("number", [3]))
    plan = plan_append(first, second)
    assert plan == AppendPlan(
        both=("age", "city"),
        only_first=(),
        only_second=(),
        conflicts=(),
        first_rows=2,
        second_rows=1,
        sentence="1 row of 'june' below 2 rows of 'may': 3 rows in all. Columns in both: 2.",
    )
    assert plan.possible
    made = append(tmp_path / "made", first, second, "both")
    assert rows(made) == [[1, "Rome"], [2, "Oslo"], [3, "Lima"]]
    assert made.frame().index.to_list() == [0, 1, 2]
    assert made.frame().dtypes.map(str).to_list() == ["int64", "object"]
    assert made.notes == (plan.sentence,)
    assert (made.name, made.rows, made.source) == ("both", 3, None)
    assert load_dataset(tmp_path / "made") == made


def test_a_column_of_one_table_is_missing_in_the_rows_of_the_other(tmp_path: Path, make: Make) -> None:
    first = make("may", id=("id", ["a", "b"]), paid=("number", [5, 6]))
    second = make("june", id=("id", ["c"]), when=("date", [pd.Timestamp("2024-06-01")]), note=("text", ["hello there"]))
    plan = plan_append(first, second)
    assert (plan.both, plan.only_first, plan.only_second) == (("id",), ("paid",), ("when", "note"))
    assert plan.notes == (
        "Only in 'may', so missing in the 1 row of 'june': 'paid'.",
        "Only in 'june', so missing in the 2 rows of 'may': 'when', 'note'.",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = append(tmp_path / "made", first, second, "both")
    assert made.schema.names == ["id", "paid", "when", "note"]
    assert [column.kind for column in made.schema] == ["id", "number", "date", "text"]
    assert rows(made) == [
        ["a", 5.0, None, None],
        ["b", 6.0, None, None],
        ["c", None, pd.Timestamp("2024-06-01"), "hello there"],
    ]
    assert made.frame().dtypes.map(str).to_list() == ["object", "float64", "datetime64[ns]", "object"]
    assert made.notes == (plan.sentence, *plan.notes)


@pytest.mark.parametrize(
    ("first", "second", "becomes", "cells"),
    [
        (("number", [1.0, 2.5]), ("category", ["x"]), "category", ["1.0", "2.5", "x"]),
        (("number", [1.0, np.nan]), ("id", ["007"]), "id", ["1", None, "007"]),
        (("id", ["a", "b"]), ("category", ["a"]), "id", ["a", "b", "a"]),
        (("category", ["a", "b"]), ("text", ["some words here"]), "text", ["a", "b", "some words here"]),
        (("date", [pd.Timestamp("2024-01-05"), pd.NaT]), ("category", ["soon"]), "category", ["2024-01-05", None, "soon"]),
        (("date", [pd.Timestamp("2024-01-05 10:30")]), ("number", [7]), "category", ["2024-01-05 10:30:00", "7"]),
        (("boolean", ["yes", "no"]), ("number", [1]), "category", ["yes", "no", "1"]),
    ],
)
def test_columns_of_two_kinds_become_one_that_holds_both(
    tmp_path: Path,
    make: Make,
    first: tuple[Kind, list[object]],
    second: tuple[Kind, list[object]],
    becomes: Kind,
    cells: list[object],
) -> None:
    upper, lower = make("may", x=first), make("june", x=second)
    plan = plan_append(upper, lower)
    assert plan.conflicts == (KindConflict("x", first[0], second[0], becomes),)
    assert plan.notes == (f"The kind of 'x' is {first[0]} in 'may' and {second[0]} in 'june'. It becomes {becomes}.",)
    made = append(tmp_path / "made", upper, lower, "both")
    assert made.schema["x"].kind == becomes
    assert [row[0] for row in rows(made)] == cells


def test_booleans_with_other_words_become_a_category(tmp_path: Path, make: Make) -> None:
    first, second = make("may", x=("boolean", ["yes", "no"])), make("june", x=("boolean", ["Y", "N"]))
    plan = plan_append(first, second)
    assert plan.conflicts == (KindConflict("x", "boolean", "boolean", "category"),)
    assert plan.notes == ("'x' has other words in each table, so it becomes a category.",)
    made = append(tmp_path / "made", first, second, "both")
    assert (made.schema["x"].kind, rows(made)) == ("category", [["yes"], ["no"], ["Y"], ["N"]])


def test_booleans_with_the_same_words_stay(make: Make) -> None:
    assert plan_append(make("may", x=("boolean", ["yes", "no"])), make("june", x=("boolean", ["no"]))).conflicts == ()


@pytest.mark.parametrize("empty_first", [True, False])
@pytest.mark.parametrize(("kind", "value"), [("number", 4.0), ("date", pd.Timestamp("2024-06-01")), ("text", "some words")])
def test_a_column_without_values_takes_the_other_kind(
    tmp_path: Path, make: Make, kind: Kind, value: object, empty_first: bool
) -> None:
    empty = make("empty", key=("id", ["a"]), x=("category", [np.nan]))
    full = make("full", key=("id", ["b"]), x=(kind, [value]))
    first, second = (empty, full) if empty_first else (full, empty)
    assert plan_append(first, second).conflicts == ()
    made = append(tmp_path / "made", first, second, "both")
    assert (made.schema["x"].kind, made.schema["x"].evidence) == (kind, f"{kind}.")
    assert rows(made) == ([["a", None], ["b", value]] if empty_first else [["b", value], ["a", None]])


@pytest.mark.parametrize("empty_first", [True, False])
def test_a_column_of_missing_numbers_becomes_dates(tmp_path: Path, make: Make, empty_first: bool) -> None:
    """Regression: dates and missing numbers were put into one column of objects."""
    empty = make("empty", key=("id", ["a"]), x=("number", [np.nan]))
    full = make("full", key=("id", ["b"]), x=("date", [pd.Timestamp("2024-06-01")]))
    first, second = (empty, full) if empty_first else (full, empty)
    made = append(tmp_path / "made", first, second, "both")
    assert (made.schema["x"].kind, str(made.frame()["x"].dtype)) == ("date", "datetime64[ns]")
    cells = [["a", None], ["b", pd.Timestamp("2024-06-01")]]
    assert rows(made) == (cells if empty_first else cells[::-1])


def test_many_batches_give_what_one_gives(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come in batches; how numbers and dates are written as text is decided over the whole column all the same."""
    first = make(
        "may",
        n=("number", [1, 2, 3, 4]),
        x=("number", [1.0, 2.0, 3.0, 4.5]),
        d=("date", [*[pd.Timestamp("2024-01-05")] * 3, pd.Timestamp("2024-01-05 10:30")]),
    )
    second = make("june", n=("number", [5, 6, 7]), x=("category", ["a", "b", "c"]), d=("category", ["soon", np.nan, "later"]))
    aside = np.array([False, True, False])
    whole = append(tmp_path / "whole", first, second, "both", aside=aside)
    monkeypatch.setattr(combine, "BATCH_ROWS", 2)
    made = append(tmp_path / "made", first, second, "both", aside=aside)
    assert made.fingerprint == whole.fingerprint == fingerprint(made.frame(), made.schema)
    assert made.frame()["n"].to_list() == [1, 2, 3, 4, 5, 7]
    assert made.frame()["x"].to_list() == ["1.0", "2.0", "3.0", "4.5", "a", "c"]
    assert made.frame()["d"].to_list() == [*["2024-01-05 00:00:00"] * 3, "2024-01-05 10:30:00", "soon", "later"]
    monkeypatch.setattr(lookup_module, "BATCH_ROWS", 2)
    found = lookup(tmp_path / "found", first, make("names", n=("number", [4, 2]), y=("number", [40, 20])), "n", "n", ["y"], "all")
    assert rows(found)[:2] == [[1, 1.0, pd.Timestamp("2024-01-05"), None], [2, 2.0, pd.Timestamp("2024-01-05"), 20.0]]
    assert found.frame()["y"].fillna(0).to_list() == [0, 20, 0, 40]
    assert found.fingerprint == fingerprint(found.frame(), found.schema)


def test_the_same_table_twice_and_names_alike_are_said(make: Make) -> None:
    first = make("may", key=("id", ["a"]), unit_price=("number", [1]))
    assert plan_append(first, first).notes == ("Both tables hold the same rows, so every row would come twice.",)
    second = make("june", **{"key": ("id", ["b"]), "Unit Price": ("number", [2])})
    assert plan_append(first, second).notes[-1] == (
        "'unit_price' and 'Unit Price' may be one column under two names. If so, rename one in its file first."
    )


def test_tables_without_a_common_column_are_not_appended(tmp_path: Path, make: Make) -> None:
    first = make("may", **{f"a{number}": ("number", [number]) for number in range(7)})
    second = make("june", b=("number", [1]))
    plan = plan_append(first, second)
    assert not plan.possible
    assert plan.sentence == "'may' and 'june' share no column name, so their rows cannot go below each other."
    assert plan.notes == ()
    with pytest.raises(InputError) as caught:
        append(tmp_path / "made", first, second, "both")
    assert str(caught.value) == (
        "'may' has the columns 'a0', 'a1', 'a2', 'a3', 'a4' and 2 more; 'june' has 'b'. "
        "To append, both need at least one column of the same name. "
        "Rename the columns in one of the files and upload it again, or look up its columns by a key."
    )
    assert not (tmp_path / "made").exists()


@pytest.fixture
def orders(make: Make) -> Dataset:
    """Seven orders whose city is the key."""
    return make(
        "orders",
        order=("number", [1, 2, 3, 4, 5, 6, 7]),
        city=("category", ["Rome", " Oslo ", "Bonn", "Lima", "Lima", np.nan, "Rome"]),
        size=("number", [10, 20, 30, 40, 50, 60, 70]),
    )


@pytest.fixture
def cities(make: Make) -> Dataset:
    """Five cities with a size of their own."""
    return make(
        "cities",
        name=("id", ["Oslo", "Rome", "Kyiv", "Bern", "Paris"]),
        size=("number", [7, 28, 29, 1, 21]),
        capital=("boolean", ["yes", "yes", "yes", "yes", "yes"]),
    )


def test_the_plan_of_a_lookup_counts_what_is_not_found_first(orders: Dataset, cities: Dataset) -> None:
    assert plan_lookup(orders, cities, "city", "name") == LookupPlan(
        matched=3,
        unmatched=4,
        examples=(KeyCount("Lima", 2), KeyCount("Bonn", 1)),
        without_key=1,
        repeated=(),
        repeated_keys=0,
        unused=("Kyiv", "Bern", "Paris"),
        unused_keys=3,
        columns=(Added("size", "cities_size"), Added("capital", "capital")),
        sentence="4 rows of 7 in 'orders' find nothing in 'cities', 1 of them because their key is missing. "
        "The keys not found: 'Lima', 'Bonn'. 3 rows find their key. Keys of 'cities' that no row asks for: 3. "
        "Names that 'orders' has already are changed: 'size' becomes 'cities_size'.",
    )


def test_a_lookup_keeps_every_left_row_in_its_order(tmp_path: Path, orders: Dataset, cities: Dataset) -> None:
    made = lookup(tmp_path / "made", orders, cities, "city", "name", ["capital", "size"], "with sizes")
    assert made.schema.names == ["order", "city", "size", "capital", "cities_size"]
    assert rows(made) == [
        [1, "Rome", 10, "yes", 28.0],
        [2, " Oslo ", 20, "yes", 7.0],
        [3, "Bonn", 30, None, None],
        [4, "Lima", 40, None, None],
        [5, "Lima", 50, None, None],
        [6, None, 60, None, None],
        [7, "Rome", 70, "yes", 28.0],
    ]
    assert made.schema["cities_size"] == Column("cities_size", "number", evidence="Looked up in cities. number.")
    assert made.notes == (plan_lookup(orders, cities, "city", "name").sentence,)
    assert orders.frame().columns.to_list() == ["order", "city", "size"]


def test_whole_numbers_stay_whole_where_every_row_finds_its_key(tmp_path: Path, make: Make) -> None:
    left = make("left", key=("number", [2, 1, 2]))
    right = make("right", key=("number", [1, 2]), value=("number", [10, 20]))
    made = lookup(tmp_path / "made", left, right, "key", "key", ["value"], "made")
    assert rows(made) == [[2, 20], [1, 10], [2, 20]]
    assert made.frame()["value"].dtype == "int64"
    assert plan_lookup(left, right, "key", "key").sentence == "Every row of 'left' finds its key in 'right'."


@pytest.mark.parametrize(
    ("kind", "values", "keys"),
    [
        ("number", [1, 2], ["1", "2"]),
        ("number", [1.0, 2.5, np.nan], ["1", "2.5", None]),
        ("number", [100.0, 0.0, -3.0], ["100", "0", "-3"]),
        ("category", ["1.0", " 2.50 ", "3."], ["1", "2.5", "3"]),
        ("id", ["007", "1.0.0", "a.0", "00.10"], ["007", "1.0.0", "a.0", "00.10"]),
        ("date", [pd.Timestamp("2024-01-05"), pd.NaT], ["2024-01-05", None]),
        ("category", [np.nan, np.nan], [None, None]),
    ],
)
def test_keys_are_compared_as_text_in_their_shortest_form(
    make: Make, kind: Kind, values: list[object], keys: list[object]
) -> None:
    found = key_text(make("table", key=(kind, values)), "key")
    assert [None if pd.isna(key) else key for key in found] == keys
    assert found.dtype == object


def test_numbers_meet_text(tmp_path: Path, make: Make) -> None:
    left = make("left", key=("number", [1.0, 2.5, np.nan, 3.0]))
    right = make("right", code=("category", ["3", " 1 ", "2.50"]), value=("category", ["c", "a", "b"]))
    made = lookup(tmp_path / "made", left, right, "key", "code", ["value"], "made")
    assert [row[1] for row in rows(made)] == ["a", "b", None, "c"]


def test_a_right_row_without_a_key_is_never_found(tmp_path: Path, make: Make) -> None:
    left = make("left", key=("id", ["a", np.nan]))
    right = make("right", key=("id", [np.nan, "a", np.nan]), value=("number", [1.0, 2.0, 3.0]))
    plan = plan_lookup(left, right, "key", "key")
    assert (plan.matched, plan.unmatched, plan.without_key, plan.repeated) == (1, 1, 1, ())
    made = lookup(tmp_path / "made", left, right, "key", "key", ["value"], "made")
    assert rows(made) == [["a", 2.0], [None, None]]


def test_a_repeated_key_on_the_right_forbids_the_lookup(tmp_path: Path, make: Make) -> None:
    left = make("left", key=("id", ["a", "b"]))
    right = make("right", key=("category", ["b", "a", "a ", "c", "c", "c"]), value=("number", [1, 2, 3, 4, 5, 6]))
    plan = plan_lookup(left, right, "key", "key")
    assert (plan.repeated, plan.repeated_keys, plan.possible) == ((KeyCount("c", 3), KeyCount("a", 2)), 2, False)
    with pytest.raises(InputError) as caught:
        lookup(tmp_path / "made", left, right, "key", "key", ["value"], "made")
    assert str(caught.value) == (
        "2 keys come more than once in 'key' of 'right': 'c' (3 times), 'a' (2 times). "
        "Each key must come once, otherwise it is open which row is meant. "
        "Choose another key, or keep one row a key in that file and upload it again."
    )
    assert not (tmp_path / "made").exists()


def test_at_most_twenty_examples_are_shown_and_the_rest_counted(make: Make) -> None:
    left = make("left", key=("id", ["known", *[f"l{number}" for number in range(25)], "l24"]))
    right = make(
        "right",
        key=("id", ["known", *[f"r{number}" for number in range(30)], *[f"r{number}" for number in range(22)]]),
        value=("number", list(range(53))),
    )
    plan = plan_lookup(left, right, "key", "key")
    assert plan.examples == (KeyCount("l24", 2), *(KeyCount(f"l{number}", 1) for number in range(19)))
    assert plan.repeated == tuple(KeyCount(f"r{number}", 2) for number in range(20))
    assert (plan.repeated_keys, plan.unused_keys, len(plan.unused)) == (22, 30, 20)
    assert "The keys not found: 'l24', 'l0', 'l1', 'l2', 'l3' and 20 more." in plan.sentence


def test_keys_that_never_meet_are_refused_with_what_the_other_holds(tmp_path: Path, orders: Dataset, cities: Dataset) -> None:
    assert not plan_lookup(orders, cities, "order", "name").possible
    with pytest.raises(InputError) as caught:
        lookup(tmp_path / "made", orders, cities, "order", "name", ["size"], "made")
    assert str(caught.value) == (
        "No key in 'order' of 'orders' is in 'name' of 'cities'. "
        "'name' of 'cities' holds 'Oslo', 'Rome', 'Kyiv', 'Bern', 'Paris'. "
        "At least one must be in both. Choose other key columns."
    )


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([], "No column was chosen. At least one other column of 'cities' is needed. Choose what is to be added."),
        (["name"], "'name' is the key itself. At least one other column of 'cities' is needed. Choose what is to be added."),
    ],
)
def test_a_lookup_needs_a_column_to_add(
    tmp_path: Path, orders: Dataset, cities: Dataset, columns: list[str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        lookup(tmp_path / "made", orders, cities, "city", "name", columns, "made")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("left_key", "right_key", "columns"), [("x", "name", ["size"]), ("city", "x", ["size"]), ("city", "name", ["x"])]
)
def test_unknown_columns_are_named(
    tmp_path: Path, orders: Dataset, cities: Dataset, left_key: str, right_key: str, columns: list[str]
) -> None:
    with pytest.raises(NotFoundError, match="There is no column 'x'"):
        lookup(tmp_path / "made", orders, cities, left_key, right_key, columns, "made")


def test_new_names_never_meet_old_ones(tmp_path: Path, make: Make) -> None:
    left = make("left", key=("id", ["a"]), x=("number", [1]), right_x=("number", [2]))
    right = make("right", key=("id", ["a"]), x=("number", [3]), right_x=("number", [4]))
    assert plan_lookup(left, right, "key", "key").columns == (Added("x", "right_x_2"), Added("right_x", "right_right_x"))
    made = lookup(tmp_path / "made", left, right, "key", "key", ["x", "right_x", "x"], "made")
    assert made.schema.names == ["key", "x", "right_x", "right_x_2", "right_right_x"]
    assert rows(made) == [["a", 1, 2, 3, 4]]


def test_plans_go_through_json(orders: Dataset, cities: Dataset) -> None:
    looked = plan_lookup(orders, cities, "city", "name")
    assert LookupPlan.from_dict(json.loads(json.dumps(looked.to_dict()))) == looked
    appended = plan_append(orders, cities)
    assert AppendPlan.from_dict(json.loads(json.dumps(appended.to_dict()))) == appended
    assert (looked.to_dict()["format"], appended.to_dict()["format"]) == (1, 1)


def test_uploaded_files_are_combined(tmp_path: Path) -> None:
    """Tables that were read from files keep how their numbers are written, so that later rows are read the same way."""
    (tmp_path / "may.csv").write_text("shop;taken\nA;1,5\nB;2,5\nC;3,5\n")
    (tmp_path / "june.csv").write_text("shop;taken\nA;4,5\nB;5,5\n")
    first, second = (create_dataset(tmp_path / f"ds-{name}", tmp_path / f"{name}.csv", name) for name in ("may", "june"))
    made = append(tmp_path / "made", first, second, "both")
    assert rows(made) == [["A", 1.5], ["B", 2.5], ["C", 3.5], ["A", 4.5], ["B", 5.5]]
    assert made.schema["taken"].parsing.decimal == ","

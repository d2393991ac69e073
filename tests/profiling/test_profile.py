"""Summaries and associations by exact values, and tables that are hard to describe."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest

from automl_core.errors import FormatError, NotFoundError
from automl_core.profiling.associations import COLUMNS, PAIRED, Association, associate, correlation_ratio, cramers_v
from automl_core.profiling.column import LENGTH, SHOWN_VALUES, ColumnProfile
from automl_core.profiling.profile import Profile, profile
from automl_core.profiling.scan import summarise
from automl_core.schema import Column, Kind, Schema


def schema(**kinds: Kind) -> Schema:
    return Schema(tuple(Column(name, kind) for name, kind in kinds.items()))


def words(*cells: str | float) -> pd.Series:
    return pd.Series(cells, dtype=object, name="x")


def test_a_number_column() -> None:
    found = summarise(pd.Series([0.0, 1.0, 2.0, 3.0, -6.0, np.nan], name="x"), "number")
    assert (found.name, found.kind, found.rows, found.missing, found.distinct, found.infinite) == ("x", "number", 6, 1, 5, 0)
    assert found.missing_share == pytest.approx(1 / 6)
    assert found.numbers == {
        "mean": 0.0,
        "sd": pytest.approx(math.sqrt(12.5)),
        "min": -6.0,
        "q25": 0.0,
        "median": 1.0,
        "q75": 2.0,
        "max": 3.0,
        "zeros": 1.0,
        "negative": 1.0,
        # Third moment (0 + 1 + 8 + 27 - 216) / 5 over the second, 50 / 5, to the power of 1.5.
        "skew": pytest.approx(-36 / 10**1.5),
    }
    assert found.edges == tuple(float(edge) for edge in range(-6, 5))
    assert found.counts == (1, 0, 0, 0, 0, 0, 1, 1, 1, 1)


def test_a_histogram_of_fractions_has_twenty_bins() -> None:
    found = summarise(pd.Series([0.5, 1.5, 2.5, 10.5], name="x"), "number")
    assert (found.edges[0], found.edges[-1], len(found.edges)) == (0.5, 10.5, 21)
    assert found.counts == (1, 0, 1, 0, 1, *[0] * 14, 1)


@pytest.mark.parametrize(("hours", "edges"), [(24, range(0, 25, 2)), (7, range(8)), (41, range(0, 43, 3))])
def test_whole_numbers_share_their_bins_evenly(hours: int, edges: range) -> None:
    """24 hours in 20 bins once showed four rush hours that were none."""
    found = summarise(pd.Series(list(range(hours)) * 3, name="hr"), "number")
    assert found.edges == tuple(float(edge) for edge in edges)
    assert set(found.counts[:-1]) == {3 * edges.step}
    assert sum(found.counts) == 3 * hours


def test_infinite_cells_take_no_part() -> None:
    found = summarise(pd.Series([1.0, 3.0, np.inf, -np.inf, np.nan], name="x"), "number")
    assert (found.infinite, found.missing, found.distinct) == (2, 1, 4)
    assert (found.numbers["mean"], found.numbers["min"], found.numbers["max"]) == (2.0, 1.0, 3.0)
    assert sum(found.counts) == 2


def test_one_number_has_one_bin_and_no_spread() -> None:
    found = summarise(pd.Series([7, 7, 7], name="x"), "number")
    assert (found.edges, found.counts, found.numbers["sd"], found.numbers["skew"]) == ((7.0, 7.0), (3,), 0.0, 0.0)


def test_numbers_near_the_largest_float_do_not_overflow() -> None:
    found = summarise(pd.Series([1e308, -1e308, 1e308, -1e308], name="x"), "number")
    assert (found.numbers["min"], found.numbers["max"], found.numbers["mean"], found.numbers["skew"]) == (-1e308, 1e308, 0.0, 0.0)
    assert found.counts[0] == found.counts[-1] == 2
    assert found.numbers["sd"] == pytest.approx(1e308 * math.sqrt(4 / 3))
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_category_column_shows_its_most_frequent_values() -> None:
    cells = [letter for place, letter in enumerate("abcdefghijkl") for _ in range(20 - place)]
    found = summarise(words(*cells, np.nan), "category")
    assert found.distinct == 12
    assert len(found.values) == SHOWN_VALUES
    assert found.values[:2] == (("a", 20), ("b", 19))
    assert found.rest == 10 + 9
    assert found.missing == 1


def test_a_long_cell_is_cut() -> None:
    found = summarise(words("y" * 10_000, "y" * 10_000), "category")
    assert found.values == (("y" * (LENGTH - 1) + "…", 2),)


def test_a_text_column_has_lengths_and_examples() -> None:
    found = summarise(words("one two", "one two", "three", "four five six", "seven", np.nan), "text")
    assert found.numbers == {"shortest": 5.0, "longest": 13.0, "mean": 37 / 5}
    assert found.examples == ("one two", "three", "four five six")
    assert (found.distinct, found.values, found.rest) == (4, (), 5)


def test_a_key_column_shows_no_cells() -> None:
    found = summarise(words("K1", "K2", "K3"), "id")
    assert found == ColumnProfile("x", "id", 3, 0, 3)


def test_a_date_column() -> None:
    found = summarise(pd.Series(pd.to_datetime(["2024-01-01", "2024-01-21", None, "2024-01-01"]), name="x"), "date")
    assert (found.first, found.last, found.distinct, found.missing) == ("2024-01-01T00:00:00", "2024-01-21T00:00:00", 2, 1)
    assert (found.edges[0], found.edges[-1]) == (1704067200.0, 1704067200.0 + 20 * 86400)
    assert (found.counts[0], found.counts[-1], sum(found.counts)) == (2, 1, 3)


def test_spearman_sees_order_not_distance() -> None:
    x = np.arange(1.0, 13.0)
    frame = pd.DataFrame({"x": x, "cube": x**3, "falls": -np.exp(x)})
    pairs, notes = associate(frame, schema(x="number", cube="number", falls="number"))
    assert {(pair.first, pair.second): (pair.method, round(pair.strength, 9), pair.sign) for pair in pairs} == {
        ("x", "cube"): ("spearman", 1.0, 1),
        ("x", "falls"): ("spearman", 1.0, -1),
        ("cube", "falls"): ("spearman", 1.0, -1),
    }
    assert notes == []


def test_spearman_equals_scipy() -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(1)
    x = rng.normal(size=80).round(1)
    frame = pd.DataFrame({"x": x, "y": (x + rng.normal(size=80)).round(1)})
    (pair,), _ = associate(frame, schema(x="number", y="number"))
    assert pair.strength == pytest.approx(spearmanr(frame["x"], frame["y"]).statistic)


def test_cramers_v_is_one_for_one_to_one_and_zero_for_nothing_in_common() -> None:
    same = np.array([0, 1, 2] * 10)
    assert cramers_v(same, (same + 1) % 3) == pytest.approx(1.0)
    assert cramers_v(np.array([0, 0, 1, 1] * 5), np.array([0, 1, 0, 1] * 5)) == 0.0
    # 30 of 40 agree: phi squared is 0.25, less (2-1)(2-1)/39; both sides have 2 - 1/39 corrected levels.
    x = np.array([0] * 20 + [1] * 20)
    y = np.array([0] * 15 + [1] * 5 + [1] * 15 + [0] * 5)
    assert cramers_v(x, y) == pytest.approx(math.sqrt((0.25 - 1 / 39) / (1 - 1 / 39)))


def test_cramers_v_of_one_level_is_zero() -> None:
    assert cramers_v(np.zeros(10, dtype=int), np.arange(10)) == 0.0
    assert cramers_v(np.array([1]), np.array([1])) == 0.0


def test_correlation_ratio_by_hand() -> None:
    # Group means 1 and 3 around 2: between 4, total 8, so half; the chance of 2 groups in 4 rows takes it to 1 - 0.5 * 3/2.
    assert correlation_ratio(np.array([0, 0, 1, 1]), np.array([0.0, 2.0, 2.0, 4.0])) == pytest.approx(0.5)
    assert correlation_ratio(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 2.0, 2.0])) == 1.0
    assert correlation_ratio(np.array([0, 1, 2, 3]), np.array([1.0, 2.0, 3.0, 4.0])) == 0.0
    assert correlation_ratio(np.array([0, 0, 1, 1]), np.ones(4)) == 0.0


def test_the_targets_pairs_come_first() -> None:
    x = np.arange(20.0)
    noise = np.random.default_rng(0).normal(size=20)
    frame = pd.DataFrame({"a": x, "b": x, "y": noise, "label": np.where(x < 10, "low", "high").astype(object)})
    pairs, _ = associate(frame, schema(a="number", b="number", y="number", label="category"), "y")
    assert [pair.first for pair in pairs[:3]] == ["y", "y", "y"]
    assert pairs[3] == Association("a", "b", "spearman", pytest.approx(1.0), 1)
    assert {pair.method for pair in pairs if "label" in (pair.first, pair.second)} == {"correlation_ratio"}


def test_keys_texts_and_constants_take_no_part_in_associations() -> None:
    frame = pd.DataFrame({"id": list("abcdefghijkl"), "t": ["some words"] * 12, "one": 1.0, "x": np.arange(12.0)})
    assert associate(frame, schema(id="id", t="text", one="number", x="number")) == ([], [])


def test_few_rows_in_common_are_no_evidence() -> None:
    """Two columns of a sparse table with three rows in common were told to say the same."""
    x = pd.Series(np.arange(40.0))
    y = x.where(x >= 40 - (PAIRED - 1))
    assert associate(pd.DataFrame({"x": x, "y": y}), schema(x="number", y="number")) == ([], [])
    y = x.where(x >= 40 - PAIRED)
    (pair,), _ = associate(pd.DataFrame({"x": x, "y": y}), schema(x="number", y="number"))
    assert pair.strength == pytest.approx(1.0)


def test_a_large_table_is_sampled_and_says_so() -> None:
    x = np.arange(30_000.0)
    found = profile(pd.DataFrame({"x": x, "y": -x}), schema(x="number", y="number"))
    assert found.notes == ("Associations are those of 20,000 of 30,000 rows, drawn at random.",)
    assert found.associations[0].strength == pytest.approx(1.0)
    assert found.columns[0].numbers["max"] == 29_999.0


def test_a_wide_table_compares_some_columns_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(40, 600))
    frame = pd.DataFrame(values, columns=[f"c{place}" for place in range(600)])
    wide = Schema(tuple(Column(name, "number") for name in frame))
    found = profile(frame, wide)
    assert len(found.columns) == 600
    assert len(found.associations) == COLUMNS * (COLUMNS - 1) // 2
    assert found.notes == (f"Only the first {COLUMNS} of 600 columns are compared with each other.",)
    found = profile(frame, wide, "c599")
    assert len(found.associations) == 599 + COLUMNS * (COLUMNS - 1) // 2
    assert found.notes == (
        f"Only the first {COLUMNS} of 599 columns are compared with each other. Every column is compared with the target 'c599'.",
    )


def nasty() -> tuple[pd.DataFrame, Schema]:
    """A table with every kind of trouble in twelve rows."""
    frame = pd.DataFrame(
        {
            "empty number": np.full(12, np.nan),
            "empty word": pd.Series([np.nan] * 12, dtype=object),
            "empty date": pd.Series([pd.NaT] * 12, dtype="datetime64[ns]"),
            "empty text": pd.Series([np.nan] * 12, dtype=object),
            "empty key": pd.Series([np.nan] * 12, dtype=object),
            "constant": 3.0,
            "inf": [np.inf, -np.inf, *range(10)],
            "only inf": np.inf,
            "<script>alert(1)</script>": pd.Series(["<b>x</b>", "`y`"] * 6, dtype=object),
            "far dates": pd.to_datetime(["1677-09-22", "2262-04-10"] * 6),
        }
    )
    kinds: list[Kind] = ["number", "category", "date", "text", "id", "number", "number", "number", "category", "date"]
    return frame, Schema(tuple(Column(name, kind) for name, kind in zip(frame, kinds, strict=True)))


@pytest.mark.parametrize("target", ["", *nasty()[1].names])
def test_a_nasty_table_is_described_with_any_target(target: str) -> None:
    frame, its_schema = nasty()
    before = frame.copy()
    found = profile(frame, its_schema, target)
    pd.testing.assert_frame_equal(frame, before)
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert Profile.from_dict(json.loads(text)) == found
    assert found.rows == 12 and found.missing == 60
    assert [column.distinct for column in found.columns] == [0, 0, 0, 0, 0, 1, 12, 1, 2, 2]


def test_a_table_without_rows() -> None:
    frame = pd.DataFrame({"x": pd.Series(dtype=float), "d": pd.Series(dtype="datetime64[ns]"), "w": pd.Series(dtype=object)})
    found = profile(frame, schema(x="number", d="date", w="category"), "w")
    assert (found.rows, found.duplicates, found.associations, found.notes) == (0, 0, (), ())
    assert [(alert.code, alert.sentence) for alert in found.alerts] == [
        ("no_rows", "The table has no rows, so there is nothing to learn from.")
    ]
    assert [column.missing_share for column in found.columns] == [0.0, 0.0, 0.0]
    assert Profile.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_duplicates_are_counted_without_the_first_row() -> None:
    frame = pd.DataFrame({"x": [1.0, 1.0, 1.0, 2.0], "w": pd.Series(["a", "a", "a", "a"], dtype=object)})
    assert profile(frame, schema(x="number", w="category")).duplicates == 2


def test_a_profile_of_format_1_still_loads() -> None:
    frame = pd.DataFrame({"x": [1.0, 1.0, 2.0]})
    old = profile(frame, schema(x="number")).to_dict() | {"format": 1, "duplicates": 1}
    for name in ("copies", "missingness", "relations"):
        del old[name]
    for column in old["columns"]:
        del column["personal"]
    found = Profile.from_dict(old)
    assert (found.duplicates, found.relations, found.missingness.patterns) == (1, (), ())


def test_a_target_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotFoundError) as caught:
        profile(pd.DataFrame({"x": [1.0]}), schema(x="number"), "y")
    assert str(caught.value) == "There is no column 'y'. The columns are 'x'. Choose one of them."


def test_another_format_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        Profile.from_dict({"format": 3})
    assert str(caught.value) == "This profile has format 3. This version reads formats 1 and 2."

"""The pictures on the cards: the numbers in them are the profile's, and nothing of the data becomes markup."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from automl_core.charts.small import column_picture
from automl_core.charts.style import ACCENT, GREY
from automl_core.profiling.scan import summarise


def words(*cells: object) -> pd.Series:
    return pd.Series(cells, dtype=object, name="x")


def bars(picture: str) -> list[str]:
    """Return what the pointer tells of each bar."""
    return re.findall(r'title="([^"]*)"', picture)


def spans(picture: str) -> list[str]:
    return re.findall(r"<span>(.*?)</span>", picture)


def test_a_number_columns_bars_are_its_histogram() -> None:
    picture = column_picture(summarise(pd.Series([0.5, 0.5, 10.5], name="x"), "number"))
    told = bars(picture)
    assert (told[0], told[-1]) == ("0.5 to 1: 2 rows", "10 to 10.5: 1 row")
    heights = re.findall(r"height:([\d.]+%|0);", picture)
    assert len(heights) == len(told) and (heights[0], heights[1], heights[-1]) == ("100%", "0", "50%")
    assert spans(picture) == ["0.5", "10.5"]
    assert 'aria-label="Distribution of x"' in picture


@pytest.mark.parametrize(("highest", "first", "last"), [(3, "1", "3"), (24, "1 to 2", "23 to 24"), (22, "1 to 2", "21 to 22")])
def test_bars_of_whole_numbers_name_the_numbers_in_them(highest: int, first: str, last: str) -> None:
    picture = column_picture(summarise(pd.Series(range(1, highest + 1), name="x"), "number"))
    assert (bars(picture)[0].partition(":")[0], bars(picture)[-1].partition(":")[0]) == (first, last)
    assert spans(picture) == ["1", str(highest)]


def test_a_single_value_has_one_bar_and_one_end() -> None:
    picture = column_picture(summarise(pd.Series([7.0, 7.0], name="x"), "number"))
    assert [told.rpartition(": ")[2] for told in bars(picture)] == ["2 rows"]
    assert spans(picture) == ["7"]


def test_a_date_columns_ends_are_days() -> None:
    picture = column_picture(summarise(pd.Series(pd.to_datetime(["2024-01-01", "2024-12-31"]), name="x"), "date"))
    assert spans(picture) == ["2024-01-01", "2024-12-31"]


def test_a_category_columns_bars_are_its_values_and_the_rest() -> None:
    picture = column_picture(summarise(words(*"aaaaaa", *"bbbbb", *"cccc", *"ddd", *"ee", "f", "g", ""), "category"))
    assert bars(picture) == ["a: 6 rows", "b: 5 rows", "c: 4 rows", "d: 3 rows", "e: 2 rows", "all others: 3 rows"]
    assert spans(picture) == ["a", "b", "c", "d", "e", "all others"]
    assert re.findall(r"width:([\d.]+)%", picture) == ["100", "83.33", "66.67", "50", "33.33", "50"]
    assert re.findall(r"background:(#\w+)", picture) == [ACCENT] * 5 + [GREY]


def test_a_rare_value_beside_a_frequent_one_is_still_seen() -> None:
    picture = column_picture(summarise(words(*["a"] * 999, "b"), "category"))
    assert re.findall(r"width:([\d.]+)%", picture) == ["100", "1"]


def test_markup_in_names_and_values_is_text() -> None:
    cells = pd.Series(["<b>x</b>", "<b>x</b>", '" onclick="x'], dtype=object, name='<i title="y">')
    picture = column_picture(summarise(cells, "category"))
    assert spans(picture) == ["&lt;b&gt;x&lt;/b&gt;", "&quot; onclick=&quot;x"]
    assert 'aria-label="Distribution of &lt;i title=&quot;y&quot;&gt;"' in picture
    assert not set(re.findall(r"</?(\w+)", picture)) - {"div", "span"}


def test_an_empty_word_has_a_name_and_a_long_one_is_cut() -> None:
    """Regression: addresses that differ at their ends only were five bars of one name."""
    picture = column_picture(summarise(words("", "", "https://a.b/product/1.html"), "category"))
    assert spans(picture) == ["(empty)", "https://a…t/1.html"]
    assert bars(picture) == ["(empty): 2 rows", "https://a.b/product/1.html: 1 row"]


@pytest.mark.parametrize("kind", ["id", "text", "number", "date", "category"])
def test_what_has_no_distribution_has_no_picture(kind: str) -> None:
    empty = pd.Series([pd.NaT, pd.NaT], name="x") if kind == "date" else words(np.nan, np.nan)
    assert column_picture(summarise(empty, kind)) == ""  # type: ignore[arg-type]
    if kind in ("id", "text"):
        assert column_picture(summarise(words("a b", "c d"), kind)) == ""  # type: ignore[arg-type]

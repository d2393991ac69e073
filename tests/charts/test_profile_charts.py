"""Figures of a profile: the numbers in them are the profile's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from automl_core.charts.profile import STRONGEST, association_figure, column_figure, relation_figure
from automl_core.charts.style import ACCENT, GREY
from automl_core.profiling.associations import Association
from automl_core.profiling.relation import Relation
from automl_core.profiling.scan import summarise


def words(*cells: object) -> pd.Series:
    return pd.Series(cells, dtype=object, name="x")


def ends(figure: go.Figure) -> tuple[str, ...]:
    return tuple(note.text for note in figure.layout.annotations)


def test_a_number_columns_bars_are_its_histogram() -> None:
    column = summarise(pd.Series([0.5, 0.5, 10.5], name="x"), "number")
    figure = column_figure(column)
    assert figure is not None
    (bar,) = figure.data
    assert list(bar.y) == list(column.counts)
    assert (bar.text[0], bar.text[-1]) == ("0.5 to 1", "10 to 10.5")
    assert ends(figure) == ("0.5", "10.5")
    assert bar.marker.color == ACCENT


@pytest.mark.parametrize(("highest", "first", "last"), [(3, "1", "3"), (24, "1 to 2", "23 to 24"), (22, "1 to 2", "21 to 22")])
def test_bars_of_whole_numbers_name_the_numbers_in_them(highest: int, first: str, last: str) -> None:
    figure = column_figure(summarise(pd.Series(range(1, highest + 1), name="x"), "number"))
    assert figure is not None
    assert (figure.data[0].text[0], figure.data[0].text[-1]) == (first, last)
    assert ends(figure) == ("1", str(highest))


def test_a_single_value_has_one_bar_and_one_tick() -> None:
    figure = column_figure(summarise(pd.Series([7.0, 7.0], name="x"), "number"))
    assert figure is not None
    assert list(figure.data[0].y) == [2]
    assert ends(figure) == ("7",)


def test_a_date_columns_ends_are_days() -> None:
    figure = column_figure(summarise(pd.Series(pd.to_datetime(["2024-01-01", "2024-12-31"]), name="x"), "date"))
    assert figure is not None
    assert ends(figure) == ("2024-01-01", "2024-12-31")


def test_a_category_columns_bars_are_its_values_and_the_rest() -> None:
    column = summarise(words(*"aaaaaa", *"bbbbb", *"cccc", *"ddd", *"ee", "f", "g", ""), "category")
    figure = column_figure(column)
    assert figure is not None
    (bar,) = figure.data
    assert list(bar.x)[::-1] == [6, 5, 4, 3, 2, 3]
    assert list(figure.layout.yaxis.ticktext)[::-1] == ["a", "b", "c", "d", "e", "all others"]
    assert list(bar.marker.color)[::-1] == [ACCENT] * 5 + [GREY]


def test_markup_in_values_is_text() -> None:
    figure = column_figure(summarise(words("<b>x</b>", "<b>x</b>", "&"), "category"))
    assert figure is not None
    assert list(figure.layout.yaxis.ticktext)[::-1] == ["&lt;b&gt;x&lt;/b&gt;", "&amp;"]


@pytest.mark.parametrize("kind", ["id", "text", "number", "date", "category"])
def test_what_has_no_distribution_has_no_figure(kind: str) -> None:
    empty = pd.Series([pd.NaT, pd.NaT], name="x") if kind == "date" else words(np.nan, np.nan)
    assert column_figure(summarise(empty, kind)) is None  # type: ignore[arg-type]
    if kind in ("id", "text"):
        assert column_figure(summarise(words("a b", "c d"), kind)) is None  # type: ignore[arg-type]


def test_associations_are_named_by_the_other_column_strongest_on_top() -> None:
    pairs = [Association("y", "<a>", "spearman", 0.9, -1), Association("b", "y", "cramers_v", 0.4)]
    figure = association_figure(pairs, "y")
    (bar,) = figure.data
    assert list(bar.x) == [0.4, 0.9]
    assert list(figure.layout.yaxis.ticktext) == ["b", "&lt;a&gt;"]
    assert bar.text == (
        "b: 0.40<br>Cramér's V, corrected for chance",
        "&lt;a&gt;: 0.90<br>Spearman's rank correlation, its size, one falls as the other rises",
    )
    assert list(figure.layout.xaxis.range) == [0, 1]


def test_long_names_that_are_cut_alike_keep_a_bar_each() -> None:
    """Two names that began with the same 40 characters once shared a bar, whose length was the sum."""
    pairs = [Association("y", "n" * 50 + end, "spearman", strength) for end, strength in (("a", 0.9), ("b", 0.8))]
    figure = association_figure(pairs, "y")
    assert len(set(figure.data[0].y)) == 2


def test_a_chart_of_associations_is_not_endless() -> None:
    pairs = [Association("y", f"c{place}", "spearman", 1 - place / 100) for place in range(50)]
    figure = association_figure(pairs, "y")
    assert len(figure.data[0].x) == STRONGEST
    assert max(figure.data[0].x) == 1.0


def test_the_outcome_by_group() -> None:
    relation = Relation("x", "auc", 0.7, 0.5, ("a", "<b>", "missing"), (3, 2, 1), ((0.5,), (0.25,), (1.0,)), ("yes",))
    figure = relation_figure(relation)
    (bar,) = figure.data
    assert list(bar.x) == [0.5, 0.25, 1.0]
    assert list(bar.y) == [2, 1, 0]
    assert bar.text[1] == "&lt;b&gt;: 25.0%<br>2 of 6 rows"
    assert figure.layout.xaxis.title.text == "Share of yes"


def test_the_outcome_by_group_of_several_labels_and_of_a_number() -> None:
    many = relation_figure(Relation("x", "auc", 0.7, 0.5, ("a",), (3,), ((0.5, 0.3),), ("low", "mid")))
    assert [bar.name for bar in many.data] == ["low", "mid"]
    mean = relation_figure(Relation("x", "r2", 0.7, 0.0, ("1 to 2",), (3,), ((1234.5,),)))
    assert mean.layout.xaxis.title.text == "Mean of the target"
    assert mean.data[0].text == ("1 to 2: 1,234<br>3 of 3 rows",)

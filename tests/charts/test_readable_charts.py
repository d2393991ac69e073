"""Parts of an additive model as figures: their numbers are the part's own."""

from __future__ import annotations

import pytest

from automl_core.charts.readable import term_figure, term_rows
from automl_core.explaining.readable import Axis, Readable, Term
from tests.charts.conftest import HOSTILE

AGE = Axis("age", "age", (30.0, 50.0), ("missing", "below 30", "30 to 50", "from 50"))
CITY = Axis("city", "city", (), ("Oslo", "Rome"))
FLAT = Axis("flat", "flat", (), ("any",))


def model(*outputs: str) -> Readable:
    return Readable("additive", outputs, True, 2)


def test_a_number_is_a_line_of_steps_whose_ends_are_open():
    figure = term_figure(model("yes"), Term((AGE,), ((0.5, -1.0, 0.0, 1.0),), 1.0, 2))
    (line,) = figure.data
    assert line.line.shape == "hv"
    assert list(line.x) == pytest.approx([29.6, 30, 50, 50.4])
    assert list(line.y) == [-1, 0, 1, 1]
    assert list(line.text) == ["below 30", "30 to 50", "from 50", "from 50"]


def test_words_are_bars_for_every_outcome():
    figure = term_figure(model("a", "b"), Term((CITY,), ((-1.0, 1.0), (2.0, -2.0)), 1.0, 2))
    assert [(bar.name, list(bar.x), list(bar.y)) for bar in figure.data] == [
        ("a", ["Oslo", "Rome"], [-1, 1]),
        ("b", ["Oslo", "Rome"], [2, -2]),
    ]
    assert figure.layout.showlegend


def test_a_column_without_a_cut_is_one_bar():
    (bar,) = term_figure(model("a"), Term((FLAT,), ((0.5,),), 1.0, 1)).data
    assert (list(bar.x), list(bar.y)) == (["any"], [0.5])


def test_a_pair_is_a_map_with_zero_in_the_middle():
    term = Term((AGE, CITY), ((0.0, 0.0, 0.1, -0.1, 0.2, -0.2, 0.3, -0.4),), 1.0, 2)
    (heat,) = term_figure(model("yes"), term).data
    assert (list(heat.x), list(heat.y)) == (list(CITY.labels), list(AGE.labels))
    assert [list(row) for row in heat.z] == [[0, 0], [0.1, -0.1], [0.2, -0.2], [0.3, -0.4]]
    assert (heat.zmin, heat.zmax) == (-0.4, 0.4)
    rows = term_rows(model("yes"), term)
    assert len(rows) == 8
    assert rows[7] == {"age": "from 50", "city": "Rome", "Adds": "-0.4"}


def test_every_outcome_has_a_column_in_the_table():
    rows = term_rows(model("a", "b"), Term((CITY,), ((-1.0, 1.0), (2.0, -2.0)), 1.0, 2))
    assert rows == [
        {"city": "Oslo", "Adds for a": "-1", "Adds for b": "2"},
        {"city": "Rome", "Adds for a": "1", "Adds for b": "-2"},
    ]


def test_names_cannot_become_markup():
    hostile = Axis(HOSTILE, HOSTILE, (), (HOSTILE, "b"))
    for axes, values in (((hostile,), (1.0, 2.0)), ((hostile, hostile), (1.0, 2.0, 3.0, 4.0))):
        assert "<script" not in term_figure(model(HOSTILE), Term(axes, (values,), 1.0, 1)).to_json()

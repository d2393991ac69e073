"""What single columns do and the learning curve, as charts of the report: the same numbers in the chart, the table, the words."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from automl_core.charts.dependence import curve_reading, dependence_figure, dependence_reading, dots_of
from automl_core.charts.effects import effect_charts, effects_note, learning_chart
from automl_core.evaluation.learning import LearningCurve, Point
from automl_core.explaining.curves import Curve
from automl_core.explaining.points import Points
from tests.charts.conftest import HOSTILE
from tests.charts.small_reasons import reasons
from tests.charts.test_svg import texts

# Matplotlib calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")


def test_each_column_has_its_curve_and_what_it_added() -> None:
    found = reasons()
    charts = effect_charts(found)
    assert [chart.title for chart in charts] == [
        "What is predicted at each value of age",
        "What age added, row by row",
        "What is predicted at each value of city",
        "What city added, row by row",
        "What is predicted at each value of since",
        "What since added, row by row",
    ]
    for chart in charts:
        assert ElementTree.fromstring(chart.svg).attrib["aria-label"] == chart.title == chart.table.title
        assert texts(chart.svg)
        assert len(chart.svg) < 60_000
    assert charts[0].reading == curve_reading(found.curves[0]) and "each thin line a row" in charts[0].reading
    assert charts[2].reading.endswith("everything else stays; bars are mean predictions.")
    assert charts[1].reading == dependence_reading(found, found.together[0])
    assert "Colours are values of city, which changes it most: it explains 40 %" in charts[1].reading
    assert charts[1].reading.endswith("of how much rows with about the same age differ.")
    assert charts[3].reading.endswith("of how much rows with the same city differ.")
    assert charts[5].reading.endswith("No other column changes much about it.")


def test_tables_and_sentences_tell_the_numbers() -> None:
    charts = effect_charts(reasons())
    curve, added, words, by_word = (chart.table for chart in charts[:4])
    assert curve.rows == (("20", "0.2", "50 %"), ("40", "0.7", "50 %"))
    assert curve.says == "The mean prediction is lowest, 0.2, at '20' and highest, 0.7, at '40'."
    assert words.rows[1] == ("Rome", "0.5", "50 %")
    assert added.columns == ("age", "Added on average", "Least to most", "Rows")
    assert added.rows == (
        ("20", "-0.75", "-1 to -0.5", "2"),
        ("30", "+0.375", "+0.25 to +0.5", "2"),
        ("40", "+1", "+1 to +1", "1"),
    )
    assert added.says == "On average least, -0.75, is added at '20', and most, +1, at '40'."
    assert by_word.rows[0] == ("Rome", "+0.3", "+0.1 to +0.5", "3")


def test_few_numbers_are_named_on_the_axis() -> None:
    """A column of 1, 2 and 3 once had an axis of 1.25, 1.50 and so on."""
    curve, added = effect_charts(reasons())[:2]
    assert [text for text in texts(curve.svg) if text in ("20", "25", "30", "40")] == ["20", "40"]
    assert [text for text in texts(added.svg) if text in ("20", "25", "30", "40")] == ["20", "30", "40"]


def test_many_numbers_are_told_by_eighths() -> None:
    found = reasons()
    values = tuple(float(value) for value in range(16))
    points = Points(
        ("age",), ("yes",), ("number",), ((values,),), (tuple(reversed(values)),), (tuple(f"{v:g}" for v in reversed(values)),)
    )
    table = effect_charts(reasons(points=points, curves=found.curves[:1]))[1].table
    assert len(table.rows) == 8
    assert table.rows[-1][0].endswith("15") and sum(int(row[3]) for row in table.rows) == 16
    assert [row[1] for row in table.rows] == sorted((row[1] for row in table.rows), key=float, reverse=True)


def test_dots_stand_where_their_values_are() -> None:
    found = reasons()
    dots = dots_of(found.points, found.together[0])
    assert dots.at == {0: 20.0, 1: 20.0, 2: 30.0, 3: 30.0, 4: 40.0}  # the row without an age has no place
    assert [(cloud.name, cloud.rows) for cloud in dots.clouds] == [("Rome", (0, 2, 4)), ("Oslo", (1, 3))]
    words = dots_of(found.points, found.together[1])
    assert words.words == ("Rome", "Oslo", "missing")
    assert {row: round(place) for row, place in words.at.items()} == {0: 0, 2: 0, 4: 0, 1: 1, 3: 1, 5: 2}
    known, missing = words.clouds
    assert known.ranks == (0.3, 0.3, 0.7, 0.7, 1.0) and missing.rows == (5,)
    assert dots_of(found.points, found.together[2]).at[1] == "1970-01-02T00:00:00"
    figure = dependence_figure(found.points, found.together[0], 0)
    assert [list(trace.y) for trace in figure.data] == [[-1.0, 0.25, 1.0], [-0.5, 0.5]]


def test_of_several_outcomes_the_one_that_moves_most_is_shown_and_said() -> None:
    found = reasons()
    points = Points(
        found.columns, ("low", "high"), found.points.kinds, found.points.values * 2, found.points.numbers, found.points.cells
    )
    curves = tuple(
        Curve(c.column, c.kind, c.labels, c.at, c.share, (c.mean[0], tuple(1 - v for v in c.mean[0])), c.single * 2, c.rows)
        for c in found.curves
    )
    several = reasons(outputs=("low", "high"), mean=((0.1, 0.1, 0.1), (0.8, 0.2, 0.1)), points=points, curves=curves)
    assert several.foremost == 1
    note = "The 3 columns that move predictions most, of 3"
    assert effects_note(several) == f"{note}, for the outcome 'high', which columns move most."
    assert effects_note(found) == f"{note}."
    first = effect_charts(several)[0]
    assert first.table.rows[0] == ("20", "0.8", "50 %")
    assert "Probability of high" in texts(first.svg)


def test_hostile_names_stay_text_and_long_ones_apart() -> None:
    long = "z" * 100
    charts = effect_charts(reasons((HOSTILE, long + "1", long + "2")))
    titles = [chart.title for chart in charts]
    assert len(set(titles)) == 6
    for chart in charts:
        texts(chart.svg)
        assert "<script" not in chart.svg


def test_the_learning_curve_has_its_means_and_its_sentence() -> None:
    points = (Point(50, 0.5, (0.6, 0.8), (1.0, 0.9)), Point(100, 1.0, (0.7, 0.9), (0.9, 0.9)))
    curve = LearningCurve("lr", "Line", "roc_auc", "ROC AUC", True, points)
    chart = learning_chart(curve, "lr")
    assert chart.table.says == "With 100 rows ROC AUC is 0.8 (0.7 to 0.9) on rows not learned from."
    assert chart.table.rows == (("50", "0.7 (0.6 to 0.8)", "0.95 (0.9 to 1)"), ("100", "0.8 (0.7 to 0.9)", "0.9 (0.9 to 0.9)"))
    assert {"rows not learned from", "rows learned from", "Rows learned from", "ROC AUC"} <= set(texts(chart.svg))
    assert "heaviest member" not in chart.reading
    assert learning_chart(curve, "ensemble").reading.endswith("The curve is that of Line, the ensemble's heaviest member.")

"""Errors over two columns, groups, ranges and the learning curve hold the numbers that were computed."""

from __future__ import annotations

import pytest

from automl_core.charts.judging import coverage_figure, fairness_figure, heat_ends, heat_figure, learning_figure
from automl_core.charts.style import THEME_INK
from automl_core.evaluation.coverage import Coverage, Held
from automl_core.evaluation.evaluate import Score
from automl_core.evaluation.fairness import Fairness, GroupRates
from automl_core.evaluation.heat import Heat
from automl_core.evaluation.learning import LearningCurve, Point
from tests.charts.conftest import HOSTILE


def test_cells_hold_their_errors_and_few_rows_stay_empty() -> None:
    made = heat_figure(Heat(("a", "b"), ("x", "y"), ((0.1, None), (0.5, 0.3)), ((20, 3), (30, 40)), 0.3), "wrong", "one", "two")
    cells, texts = made.data
    assert [list(row) for row in cells.z] == [[0.1, None], [0.5, 0.3]]
    assert list(texts.text) == ["10 %", "", "50 %", "30 %"]
    assert cells.customdata[0][1] == "one: a<br>two: y<br>3 rows"
    assert cells.customdata[1][0] == "one: b<br>two: x<br>30 rows, error 50 %"
    assert (cells.zmin, cells.zmax) == (0.1, 0.5)
    assert made.layout.xaxis.autotickangles == (0, -35, -90)  # a narrow page leaves out a last label that leans to the right


def test_cells_are_written_in_the_themes_ink() -> None:
    """White on a mid teal, and grey on a dark page, could hardly be read."""
    made = heat_figure(Heat(("a",), ("x", "y"), ((0.1, 0.5),), ((20, 30),), 0.3), "wrong", "one", "two")
    assert made.data[1].textfont.color == THEME_INK


def test_tables_that_stand_beside_each_other_share_their_colours() -> None:
    one, other = Heat(("a",), ("x",), ((0.1,),), ((20,),), 0.1), Heat(("a",), ("x", "y"), ((0.4, None),), ((20, 1),), 0.4)
    assert heat_ends([one, other]) == (0.1, 0.4)
    assert heat_ends([Heat(("a",), ("x",), ((None,),), ((1,),), 0.1)]) == (0.0, 1.0)
    cells = heat_figure(one, "wrong", "one", "two", (0.1, 0.4)).data[0]
    assert (cells.zmin, cells.zmax) == (0.1, 0.4)


def test_a_legend_grows_away_from_the_chart() -> None:
    """On a narrow page its lines lay over the points of the first group."""
    legend = fairness_figure(Fairness("town", "yes", (), {}, {})).layout.legend
    assert (legend.yanchor, legend.y) == ("bottom", 1.02)


def test_groups_stand_with_their_intervals() -> None:
    rates = {"selection": Score(0.5, 0.4, 0.6), "found": Score(0.8, None, None)}
    groups = (GroupRates("a", 40, rates), GroupRates(HOSTILE, 30, {"selection": Score(0.2, 0.1, 0.3)}))
    made = fairness_figure(Fairness("town", "yes", groups, {}, {}))
    selected, found = made.data
    assert list(selected.x) == [0.5, 0.2] and list(selected.error_x.array) == pytest.approx([0.1, 0.1])
    assert list(found.x) == [0.8] and list(found.error_x.array) == [0.0]
    assert "<script" not in made.to_json()


def test_certainty_asked_for_against_kept() -> None:
    held = (Held(0.8, 0.78, 0.7, 0.85, 1.5), Held(0.9, 0.91, 0.85, 0.95, 2.0))
    guess, points = coverage_figure(Coverage(100, 400, held, ())).data
    assert list(guess.x) == list(guess.y)
    assert (list(points.x), list(points.y)) == ([0.8, 0.9], [0.78, 0.91])


def test_points_are_means_over_the_folds() -> None:
    points = (Point(50, 0.5, (0.6, 0.8), (1.0, 0.9)), Point(100, 1.0, (0.7, 0.9), (0.9, 0.9)))
    judged, learned = learning_figure(LearningCurve("lr", "Line", "roc_auc", "ROC AUC", True, points)).data
    assert list(judged.x) == [50, 100]
    assert list(judged.y) == pytest.approx([0.7, 0.8])
    assert list(judged.error_y.array) == pytest.approx([0.1, 0.1])
    assert list(learned.y) == pytest.approx([0.95, 0.9])

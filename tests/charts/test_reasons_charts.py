"""Why a model predicts what it predicts: bars of many outcomes, ends of a probability axis, sums in percentage points."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.charts.dependence import curve_figure
from automl_core.charts.reasons import SCALES, exact_rows, sizes_figure, waterfall_figure
from automl_core.charts.style import PALETTE
from automl_core.explaining.explainer import Shares
from automl_core.whatif.answer import Answer, Contribution
from tests.charts.small_reasons import reasons


def test_outcomes_stand_in_the_legend_in_their_order() -> None:
    figure = sizes_figure(reasons(outputs=("a", "b"), mean=((0.8, 0.35, 0.1), (0.2, 0.1, 0.0))))
    assert [bar.name for bar in figure.data] == ["a", "b"] and figure.layout.legend.traceorder == "normal"


def test_more_outcomes_than_colours_are_one_bar() -> None:
    """Regression: the legend of 30 labels lay over the bars, and colours came four times."""
    many = len(PALETTE) + 1
    figure = sizes_figure(reasons(outputs=tuple(f"label {n}" for n in range(many)), mean=((0.5, 0.25, 0.0),) * many))
    (bars,) = figure.data
    assert list(bars.x) == pytest.approx([0.0, 0.25 * many, 0.5 * many]) and not figure.layout.showlegend


@pytest.mark.parametrize(
    ("levels", "ticks"),
    [((0.05, 0.96), [0.0, 0.25, 0.5, 0.75, 1.0]), ((0.34, 0.10), [0.1, 0.2, 0.3, 0.4])],
)
def test_a_probability_has_no_ticks_below_nothing_or_above_all(levels: tuple[float, float], ticks: list[float]) -> None:
    """Regression: the axis went from -20 % to 120 %."""
    entries = (Contribution("a", "1", 1.0, 0.0),)
    answer = Answer("y", "u", {"u": levels[1], "v": 1 - levels[1]}, "u", "log_odds", 0.0, entries, levels, levels[1], 0.0)
    drawn = waterfall_figure(answer).layout
    assert [line.layer for line in drawn.shapes] == ["below", "below"]  # no line through the numbers
    axis = drawn.xaxis
    assert list(axis.tickvals) == pytest.approx(ticks)
    assert axis.title.text == "Probability of y = u"


def test_long_names_leave_no_room_for_a_long_title() -> None:
    """Regression: on a narrow page the title of the axis was cut beside names of 80 letters."""
    entries = (Contribution("how long it took from the order to the door", "1", 1.0, 0.0),)
    levels = (0.34, 0.10)
    answer = Answer(
        "reason of the call", "late again", {"late again": 0.1}, "late again", "log_odds", 0.0, entries, levels, 0.1, 0.0
    )
    axes = waterfall_figure(answer).layout
    assert axes.xaxis.title.text == "Probability"
    assert set(axes.yaxis.ticktext) == {"how long it took…to the door = 1"}
    long = reasons(columns=("how long it took from the order to the door", "b", "c"))
    assert sizes_figure(long).layout.xaxis.title.text == f"Mean size, {SCALES[long.scale]}"


def test_an_exact_sum_is_told_in_percentage_points() -> None:
    values = np.array([[[0.01], [-0.2347]]])
    shares = Shares(("a", "b"), ("u",), values, np.array([0.5]), np.full_like(values, 0.012), np.zeros((1, 2)), ())
    assert exact_rows(shares, 0, share=True) == [
        {"Column": "b", "Adds, percentage points": "-23.5", "± standard error": "1.2"},
        {"Column": "a", "Adds, percentage points": "+1.0", "± standard error": "1.2"},
    ]
    assert exact_rows(shares, 0, share=False)[0] == {"Column": "b", "Adds": "-0.2347", "± standard error": "0.012"}


def test_the_event_of_two_labels_has_its_full_name() -> None:
    """Regression: the axis said "Probability of 1"."""
    found = reasons(outputs=("1",)).named("Survived")
    assert found.outputs == found.points.outputs == ("Survived = 1",)
    figure = curve_figure(found.curves[0], 0, found.outputs[0], labels=True)
    assert figure.layout.yaxis.title.text == "Probability of Survived = 1"
    several, amount = reasons(outputs=("a", "b")), reasons(outputs=("fare",), scale="value")
    assert several.named("kind") is several and amount.named("fare") is amount

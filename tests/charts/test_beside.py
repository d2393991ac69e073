"""Charts that stand beside each other are drawn to one scale."""

from __future__ import annotations

import plotly.graph_objects as go
import pytest

from automl_core.charts.beside import FREE, figures_beside, same_scale
from automl_core.charts.evaluation import READING
from tests.charts.conftest import Evaluate


def test_one_range_holds_every_value_with_its_error() -> None:
    one, other = go.Figure(), go.Figure()
    one.add_scatter(x=[1, 2], y=[10.0, 20.0], error_y={"type": "data", "array": [5.0, 1.0], "arrayminus": [6.0, 1.0]})
    other.add_scatter(x=[1, 2], y=[30.0, None])
    same_scale([one, other], "y")
    assert one.layout.yaxis.range == other.layout.yaxis.range == pytest.approx((4 - 0.04 * 26, 30 + 0.04 * 26))
    assert one.layout.xaxis.range is None


def test_bars_begin_at_zero_and_reach_to_their_edges() -> None:
    one, other = go.Figure(), go.Figure()
    one.add_bar(x=[-1.0, 1.0], y=[3.0, 4.0], width=2.0)
    other.add_bar(x=[0.0], y=[8.0], width=1.0)
    for axis in "xy":
        same_scale([one, other], axis)
    assert other.layout.yaxis.range == pytest.approx((0.0, 8.32))
    assert other.layout.xaxis.range == pytest.approx((-2.16, 2.16))


def test_an_axis_from_zero_stays_so() -> None:
    made = [go.Figure(go.Scatter(x=[0.5], y=[0])), go.Figure(go.Scatter(x=[0.8], y=[0]))]
    for figure in made:
        figure.update_xaxes(rangemode="tozero")
    same_scale(made, "x")
    assert made[0].layout.xaxis.range == pytest.approx((0.0, 0.832))


def test_a_figure_alone_keeps_its_own_range() -> None:
    made = go.Figure(go.Scatter(x=[1], y=[1]))
    same_scale([made], "y")
    assert made.layout.yaxis.range is None


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_charts_of_two_evaluations_share_their_axes(evaluation: Evaluate, task: str) -> None:
    pairs = figures_beside(evaluation(task), evaluation(task, rows=300))
    assert set(FREE) <= set(READING)
    for title, (one, other) in pairs.items():
        for axis in ("x", "y"):
            ranges = [getattr(figure.layout, f"{axis}axis").range for figure in (one, other)]
            assert ranges[0] == ranges[1], title
            assert (ranges[0] is not None) or axis not in FREE.get(title, ""), title
    if task == "regression":
        highest = max(max(figure.data[0].y) for figure in pairs["Residuals"])
        assert pairs["Residuals"][0].layout.yaxis.range == pytest.approx((0, 1.04 * highest))


def test_what_only_one_has_stands_alone(evaluation: Evaluate) -> None:
    other = evaluation("binary")
    del other.curves["gain"]
    found = figures_beside(evaluation("binary"), other)
    assert (len(found["Gain"]), len(found["ROC curve"])) == (1, 2)

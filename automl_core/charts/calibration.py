"""A calibration, drawn: what was predicted against what came true, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, layout

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from automl_core.combining.calibrate import Check


def reliability_figure(check: Check, label: str) -> go.Figure:
    """Draw one label's reliability before (grey) and after (accent) with 95 % intervals; on the diagonal it is right."""
    import plotly.graph_objects as go

    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dash", "width": 1}, hoverinfo="skip", showlegend=False
    )
    for when, color in (("before", GREY), ("after", ACCENT)):
        part = check.curves[label][when]
        up = [high - seen for high, seen in zip(part["high"], part["observed"], strict=True)]
        down = [seen - low for low, seen in zip(part["low"], part["observed"], strict=True)]
        figure.add_scatter(
            x=part["predicted"], y=part["observed"], mode="lines+markers", line={"color": color, "width": 2},
            error_y={"type": "data", "array": up, "arrayminus": down, "thickness": 1, "width": 3},
            name=when.capitalize(), customdata=part["rows"],
            hovertemplate="predicted %{x:.1%}, observed %{y:.1%}<br>%{customdata:,} rows<extra></extra>",
        )  # fmt: skip
    figure.update_layout(layout(320))
    figure.update_xaxes(title="Predicted probability", range=[-0.02, 1.02], tickformat=".0%")
    figure.update_yaxes(title="Share that had it", range=[-0.02, 1.02], tickformat=".0%")
    return figure

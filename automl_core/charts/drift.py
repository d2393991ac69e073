"""A drift report, drawn: both distributions of a column, and the time line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, HARM, PALETTE, layout, short
from automl_core.drift.report import Chunk, ColumnDrift

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLORS = {"nothing": GREY, "watch": PALETTE[1], "act": HARM}
LABELS = 14
"""Most characters of a bar's name on the axis."""


def overlay_figure(column: ColumnDrift) -> go.Figure:
    """Draw both distributions of a column over each other."""
    import plotly.graph_objects as go

    picture = column.picture
    places = list(range(len(picture.labels)))
    figure = go.Figure()
    for name, shares, color in (("Before", picture.before, GREY), ("Now", picture.after, ACCENT)):
        figure.add_bar(
            x=places, y=shares, name=name, marker={"color": color}, opacity=0.6, customdata=list(map(short, picture.labels)),
            hovertemplate="%{customdata}<br>%{y:.1%} of the rows<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_layout(layout(230, barmode="overlay", bargap=0.08))
    step = max(len(places) // 5, 1) if column.kind in ("number", "date", "prediction", "text") else 1
    figure.update_xaxes(
        tickvals=places[::step], ticktext=[short(picture.labels[place].split(" to ")[0], LABELS) for place in places[::step]]
    )
    figure.update_yaxes(tickformat=".0%")
    return figure


def timeline_figure(chunks: tuple[Chunk, ...]) -> go.Figure:
    """Draw the largest shift of each piece, coloured by its verdict."""
    import plotly.graph_objects as go

    largest = [max(chunk.effects.items(), key=lambda item: item[1], default=("", 0.0)) for chunk in chunks]
    figure = go.Figure()
    figure.add_bar(
        x=[chunk.label for chunk in chunks],
        y=[shift for _, shift in largest],
        marker={"color": [COLORS[chunk.verdict] for chunk in chunks]},
        customdata=[[short(name), chunk.rows, chunk.verdict] for (name, _), chunk in zip(largest, chunks, strict=True)],
        hovertemplate="%{x}: %{customdata[2]}<br>%{customdata[0]} moved by %{y:.0%}<br>%{customdata[1]:,} rows<extra></extra>",
    )
    figure.update_layout(layout(240, legend=False))
    figure.update_xaxes(type="category")
    figure.update_yaxes(title="Largest shift", tickformat=".0%", range=[0, max(0.2, *(shift for _, shift in largest)) * 1.05])
    return figure


def performance_figure(chunks: tuple[Chunk, ...], metric: str, label: str, before: float) -> go.Figure:
    """Draw an estimated metric over the pieces, with the true one where there are labels."""
    import plotly.graph_objects as go

    names = [chunk.label for chunk in chunks]
    figure = go.Figure()
    sides = (("Estimated", "estimates", ACCENT), ("From labels", "true", PALETTE[1]))
    for name, side, color in sides:
        values = [getattr(chunk, side).get(metric) for chunk in chunks]
        if any(value is not None for value in values):
            figure.add_scatter(
                x=names, y=values, name=name, mode="lines+markers", line={"color": color},
                hovertemplate="%{x}: %{y:.4g}<extra>" + name + "</extra>",
            )  # fmt: skip
    figure.add_hline(y=before, line={"dash": "dot", "color": GREY, "width": 1}, annotation_text="before")
    figure.update_layout(layout(240))
    figure.update_xaxes(type="category")
    figure.update_yaxes(title=short(label))
    return figure

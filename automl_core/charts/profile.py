"""A profile's columns and associations as figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, layout, short
from automl_core.profiling.associations import METHODS, Association
from automl_core.profiling.summaries import ColumnProfile

if TYPE_CHECKING:
    import plotly.graph_objects as go

STRONGEST = 20
"""Most bars in the chart of associations."""


def column_figure(column: ColumnProfile) -> go.Figure | None:
    """Return a small picture of a column's distribution, None for keys, texts and empty columns."""
    import plotly.graph_objects as go

    figure = go.Figure()
    if column.counts and column.kind in ("number", "date"):
        edges: list[float | str] = list(column.edges)
        if column.kind == "date":
            import pandas as pd

            edges = [pd.Timestamp(edge, unit="s").isoformat() for edge in column.edges]
        spans = [f"{_edge(low)} to {_edge(high)}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
        figure.add_bar(
            x=list(range(len(column.counts))),
            y=column.counts,
            text=spans,
            textposition="none",
            marker={"color": ACCENT},
            hovertemplate="%{text}<br>%{y:,} rows<extra></extra>",
        )
        last = len(column.counts) - 1
        figure.update_layout(layout(120, legend=False, bargap=0.05))
        figure.update_xaxes(tickvals=[0, last] if last else [0], ticktext=[_edge(edges[0]), _edge(edges[-1])] if last else [_edge(edges[0])])
        figure.update_yaxes(visible=False)
        return figure
    if not column.values:
        return None
    shown = [*((short(value, 18) or "(empty)", count) for value, count in column.values[:5])]
    colors = [ACCENT] * len(shown)
    rest = column.rest + sum(count for _, count in column.values[5:])
    if rest:
        shown.append(("all others", rest))
        colors.append(GREY)
    figure.add_bar(
        x=[count for _, count in shown][::-1],
        y=list(range(len(shown))),
        text=[value for value, _ in shown][::-1],
        textposition="none",
        orientation="h",
        marker={"color": colors[::-1]},
        hovertemplate="%{text}: %{x:,} rows<extra></extra>",
    )
    figure.update_layout(layout(120, legend=False, bargap=0.15))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=[value for value, _ in shown][::-1], tickfont={"size": 10})
    return figure


def association_figure(pairs: list[Association], column: str) -> go.Figure:
    """Return how strongly the other columns go together with one, strongest first."""
    import plotly.graph_objects as go

    shown = pairs[:STRONGEST][::-1]
    others = [pair.second if pair.first == column else pair.first for pair in shown]
    figure = go.Figure()
    figure.add_bar(
        x=[pair.strength for pair in shown],
        y=[short(other) for other in others],
        orientation="h",
        marker={"color": ACCENT},
        text=[METHODS[pair.method] + (", one falls as the other rises" if pair.sign < 0 else "") for pair in shown],
        textposition="none",
        hovertemplate="%{y}: %{x:.2f}<br>%{text}<extra></extra>",
    )
    figure.update_layout(layout(80 + 24 * len(shown), legend=False))
    figure.update_xaxes(title="Strength, 0 to 1", range=[0, 1])
    figure.update_yaxes(type="category")
    return figure


def _edge(value: float | str) -> str:
    return value[:10] if isinstance(value, str) else f"{value:,.4g}"

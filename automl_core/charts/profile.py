"""A profile's columns and associations as figures."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from automl_core.charts.style import ACCENT, GREY, PALETTE, layout, short
from automl_core.profiling.associations import METHODS, Association
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.relation import Relation
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAME = 24
"""Most characters of a name beside a bar, so that the bar keeps its room on a narrow screen."""
STRONGEST = 20
"""Most bars in the chart of associations."""


def column_figure(column: ColumnProfile) -> go.Figure | None:
    """Return a small picture of a column's distribution, None for keys, texts and empty columns."""
    import plotly.graph_objects as go

    figure = go.Figure()
    if column.counts and column.kind in ("number", "date"):
        spans = _spans(column)
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
        lowest, highest = column.first[:10], column.last[:10]
        if column.kind == "number":
            lowest, highest = number(column.numbers["min"]), number(column.numbers["max"])
        figure.update_layout(annotations=_ends(lowest, highest) if last else [_end(lowest, 0.5, "center")], margin_b=24)
        figure.update_xaxes(showticklabels=False)
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
        y=list(range(len(shown))),  # by place: two long names that are cut alike must not share a bar
        orientation="h",
        marker={"color": ACCENT},
        text=[_told(other, pair) for other, pair in zip(others, shown, strict=True)],
        textposition="none",
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_layout(layout(80 + 24 * len(shown), legend=False))
    figure.update_xaxes(title="Strength, 0 to 1", range=[0, 1])
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=[short(other, NAME) for other in others], showgrid=False)
    return figure


def relation_figure(relation: Relation) -> go.Figure:
    """Return the outcome of each group of a column's values, the groups from top to bottom."""
    import plotly.graph_objects as go

    figure = go.Figure()
    places = list(range(len(relation.groups)))[::-1]
    total = sum(relation.rows)
    for place, label in enumerate(relation.labels or ("",)):
        values = [outcome[place] for outcome in relation.outcomes]
        told = [
            f"{short(group)}: {f'{value:.1%}' if relation.labels else number(value)}<br>{rows:,} of {total:,} rows"
            for group, value, rows in zip(relation.groups, values, relation.rows, strict=True)
        ]
        figure.add_bar(
            x=values,
            y=places,
            orientation="h",
            name=short(label, NAME),
            marker={"color": ACCENT if len(relation.labels) < 2 else PALETTE[place % len(PALETTE)]},
            text=told,
            textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    many = len(relation.labels) > 1
    figure.update_layout(layout(60 + 20 * len(places) * (2 if many else 1), legend=many))
    share = f"Share of {short(relation.labels[0], NAME)}" if len(relation.labels) == 1 else "Share of each label"
    figure.update_xaxes(title=share if relation.labels else "Mean of the target", tickformat=".0%" if relation.labels else None)
    figure.update_yaxes(tickvals=places, ticktext=[short(group, NAME) for group in relation.groups], showgrid=False)
    return figure


def _told(other: str, pair: Association) -> str:
    falls = ", one falls as the other rises" if pair.sign < 0 else ""
    return f"{short(other)}: {pair.strength:.2f}<br>{METHODS[pair.method]}{falls}"


def _ends(lowest: str, highest: str) -> list[dict[str, Any]]:
    return [_end(lowest, 0, "left"), _end(highest, 1, "right")]


def _end(text: str, place: float, side: str) -> dict[str, Any]:
    """Return a label below the bars; ticks would be hidden where they do not fit beside the edge."""
    where = {"x": place, "y": 0, "xref": "paper", "yref": "paper", "xanchor": side, "yanchor": "top"}
    return {"text": text, "showarrow": False, "font": {"size": 10}, **where}


def _spans(column: ColumnProfile) -> list[str]:
    """Return what each bar of a histogram holds."""
    if column.kind == "date":
        import pandas as pd

        days = [pd.Timestamp(edge, unit="s").isoformat()[:10] for edge in column.edges]
        return [f"{low} to {high}" for low, high in pairwise(days)]
    whole = len(column.edges) > 2 and column.edges[-1] > column.numbers["max"]
    spans = [(low, high - 1 if whole else high) for low, high in pairwise(column.edges)]
    return [number(low) if low == high else f"{number(low)} to {number(high)}" for low, high in spans]

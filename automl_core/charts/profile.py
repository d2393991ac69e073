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
    if column.counts and column.kind in ("number", "date"):
        return _histogram(column)
    return _frequent(column) if column.values else None


def _histogram(column: ColumnProfile) -> go.Figure:
    """Return the bars of a number's or a date's bins, with its ends below them."""
    lowest, highest = column.first[:10], column.last[:10]
    if column.kind == "number":
        lowest, highest = number(column.numbers["min"]), number(column.numbers["max"])
    several = len(column.counts) > 1
    bar = _bar(
        x=list(range(len(column.counts))),
        y=list(column.counts),
        text=_spans(column),
        marker={"color": ACCENT},
        hovertemplate="%{text}<br>%{y:,} rows<extra></extra>",
    )
    return _figure(
        [bar],
        layout(120, legend=False, bargap=0.05, annotations=_ends(lowest, highest) if several else [_end(lowest, 0.5, "center")]),
        margin={"b": 24},
        xaxis={"showticklabels": False},
        yaxis={"visible": False},
    )


def _frequent(column: ColumnProfile) -> go.Figure:
    """Return the bars of a column's most frequent words, and one of all others."""
    shown = [(short(value, 18) or "(empty)", count, ACCENT) for value, count in column.values[:5]]
    rest = column.rest + sum(count for _, count in column.values[5:])
    if rest:
        shown.append(("all others", rest, GREY))
    shown.reverse()
    places, words = list(range(len(shown))), [word for word, _, _ in shown]
    bar = _bar(
        x=[count for _, count, _ in shown],
        y=places,
        text=words,
        orientation="h",
        marker={"color": [color for _, _, color in shown]},
        hovertemplate="%{text}: %{x:,} rows<extra></extra>",
    )
    ticks = {"tickvals": places, "ticktext": words, "tickfont": {"size": 10}}
    return _figure([bar], layout(120, legend=False, bargap=0.15), xaxis={"visible": False}, yaxis=ticks)


def association_figure(pairs: list[Association], column: str) -> go.Figure:
    """Return how strongly the other columns go together with one, strongest first."""
    shown = pairs[:STRONGEST][::-1]
    others = [pair.second if pair.first == column else pair.first for pair in shown]
    places = list(range(len(shown)))  # by place: two long names that are cut alike must not share a bar
    bar = _bar(
        x=[pair.strength for pair in shown],
        y=places,
        orientation="h",
        marker={"color": ACCENT},
        text=[_told(other, pair) for other, pair in zip(others, shown, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )
    return _figure(
        [bar],
        layout(80 + 24 * len(shown), legend=False),
        xaxis={"title": {"text": "Strength, 0 to 1"}, "range": [0, 1]},
        yaxis={"tickvals": places, "ticktext": [short(other, NAME) for other in others], "showgrid": False},
    )


def relation_figure(relation: Relation) -> go.Figure:
    """Return the outcome of each group of a column's values, the groups from top to bottom."""
    places = list(range(len(relation.groups)))[::-1]
    total = sum(relation.rows)
    many = len(relation.labels) > 1
    bars = []
    for place, label in enumerate(relation.labels or ("",)):
        values = [outcome[place] for outcome in relation.outcomes]
        told = [
            f"{short(group)}: {f'{value:.1%}' if relation.labels else number(value)}<br>{rows:,} of {total:,} rows"
            for group, value, rows in zip(relation.groups, values, relation.rows, strict=True)
        ]
        color = PALETTE[place % len(PALETTE)] if many else ACCENT
        bars.append(
            _bar(
                x=values,
                y=places,
                orientation="h",
                name=short(label, NAME),
                marker={"color": color},
                text=told,
                hovertemplate="%{text}<extra></extra>",
            )
        )
    share = f"Share of {short(relation.labels[0], NAME)}" if len(relation.labels) == 1 else "Share of each label"
    across = {"title": {"text": share}, "tickformat": ".0%"} if relation.labels else {"title": {"text": "Mean of the target"}}
    return _figure(
        bars,
        layout(60 + 20 * len(places) * (2 if many else 1), legend=many),
        xaxis=across,
        yaxis={"tickvals": places, "ticktext": [short(group, NAME) for group in relation.groups], "showgrid": False},
    )


def _bar(**parts: Any) -> dict[str, Any]:
    """Return bars whose texts are shown by the pointer only."""
    return {"type": "bar", "textposition": "none", **parts}


def _figure(bars: list[dict[str, Any]], base: dict[str, Any], **more: dict[str, Any]) -> go.Figure:
    """Return a figure made in one go: every later change of one checks all of it again, and a page draws two dozen.

    `more` is merged into the parts of the layout `base` of the same names.
    """
    import plotly.graph_objects as go

    merged = {name: {**base[name], **part} for name, part in more.items()}
    return go.Figure({"data": bars, "layout": {**base, **merged}})


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

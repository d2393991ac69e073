"""A profile's associations and relations with the target as figures; the cards of its columns have pictures of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.charts.style import ACCENT, PALETTE, layout, short
from automl_core.profiling.associations import METHODS, Association
from automl_core.profiling.relation import Relation
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

NAME = 24
"""Most characters of a name beside a bar, so that the bar keeps its room on a narrow screen."""
STRONGEST = 20
"""Most bars in the chart of associations."""


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

"""An explanation as interactive figures, each with a sentence that says how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.charts.style import ACCENT, GREY, PALETTE, layout, short
from automl_core.explaining.importance import Explanation

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 20
"""Most columns in one chart."""
POINTS_COLUMNS = 12
"""Most columns in the chart of single rows."""
LOW_TO_HIGH = [[0, "#E69F00"], [1, "#0F8A8A"]]
"""Both ends can be seen on white and on black."""
READING = {
    "What the score loses without a column": "Each column's values were shuffled among the rows; the bar is how much "
    "worse the score got, with its 95 % interval.",
    "What each column adds": "The mean size of a column's contribution to a prediction (SHAP values).",
    "Rows one by one": "Each point is a row: to the right the column raised the prediction. Teal points are high values, "
    "orange ones low, grey ones are words.",
}


def importance_figures(explanation: Explanation) -> dict[str, go.Figure]:
    """Return the figures of an explanation, by title; `READING` explains each."""
    found = {
        "What the score loses without a column": _permutation(explanation),
        "What each column adds": _contributions(explanation),
    }
    if explanation.contributions.values:
        found["Rows one by one"] = _swarm(explanation)
    return found


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def _permutation(explanation: Explanation) -> go.Figure:
    rows = explanation.permutation[:COLUMNS][::-1]
    heights, names = list(range(len(rows))), [short(row.column) for row in rows]
    figure = _figure()
    figure.add_bar(
        x=[row.mean for row in rows],
        y=heights,
        text=names,
        textposition="none",
        orientation="h",
        error_x={
            "type": "data",
            "array": [row.spread if row.high is None else max(row.high - row.mean, 0.0) for row in rows],
            "arrayminus": [row.spread if row.low is None else max(row.mean - row.low, 0.0) for row in rows],
            "color": GREY,
            "thickness": 1,
            "width": 3,
        },
        marker={"color": ACCENT},
        hovertemplate="%{text}: %{x:.4g}<extra></extra>",
    )
    figure.update_layout(layout(80 + 26 * len(rows), legend=False))
    figure.update_xaxes(title=f"Worsening of {explanation.metric_label}")
    figure.update_yaxes(tickvals=heights, ticktext=names, showgrid=False)
    return figure


def order(explanation: Explanation) -> list[int]:
    """Return the positions of the columns by the size of their contributions over all outputs, largest first."""
    means = explanation.contributions.mean
    total = [sum(part[place] for part in means) for place in range(len(explanation.contributions.columns))]
    return sorted(range(len(total)), key=lambda place: -total[place])[:COLUMNS]


def _contributions(explanation: Explanation) -> go.Figure:
    found, places = explanation.contributions, order(explanation)[::-1]
    heights, names = list(range(len(places))), [short(found.columns[place]) for place in places]
    extra = "%{fullData.name}" if len(found.outputs) > 1 else ""
    figure = _figure()
    for color, label, means in zip(PALETTE * 8, found.outputs, found.mean, strict=False):
        figure.add_bar(
            x=[means[place] for place in places],
            y=heights,
            text=names,
            textposition="none",
            orientation="h",
            marker={"color": color},
            name=short(label, 24),
            hovertemplate=f"%{{text}}: %{{x:.4g}}<extra>{extra}</extra>",
        )
    figure.update_layout(layout(80 + 26 * len(places), legend=len(found.outputs) > 1, barmode="stack"))
    figure.update_xaxes(title="Mean size of the contribution")
    figure.update_yaxes(tickvals=heights, ticktext=names, showgrid=False)
    return figure


def _swarm(explanation: Explanation) -> go.Figure:
    found, places = explanation.contributions, order(explanation)[:POINTS_COLUMNS][::-1]
    figure = _figure()
    for height, place in enumerate(places):
        values = [row[place] for row in found.values]
        ranks, name = [row[place] for row in found.ranks], short(found.columns[place])
        spread = spread_out(values)
        for ranked in (True, False):
            chosen = [number for number, rank in enumerate(ranks) if (rank is not None) == ranked]
            if not chosen:
                continue
            marker: dict[str, Any] = {"size": 6, "opacity": 0.75, "color": GREY}
            if ranked:
                marker |= {"color": [ranks[number] for number in chosen], "colorscale": LOW_TO_HIGH, "cmin": 0, "cmax": 1}
            figure.add_scattergl(
                x=[values[number] for number in chosen],
                y=[height + spread[number] for number in chosen],
                mode="markers",
                marker=marker,
                # A name may hold what Plotly would fill in, so it is no part of the template.
                text=[f"{name} = {short(found.cells[number][place] or 'missing')}" for number in chosen],
                hovertemplate="%{text}<br>%{x:+.4g}<extra></extra>",
            )
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_layout(layout(90 + 32 * len(places), legend=False))
    figure.update_xaxes(title=f"Contribution to {short(found.outputs[0])}")
    names = [short(found.columns[place]) for place in places]
    figure.update_yaxes(tickvals=list(range(len(places))), ticktext=names, showgrid=False)
    return figure


def spread_out(values: list[float], bins: int = 40) -> list[float]:
    """Return for each point how far it moves up or down so that points of about the same value lie side by side."""
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    seen: dict[int, int] = {}
    moves = []
    for value in values:
        place = int((value - low) / width)
        count = seen[place] = seen.get(place, 0) + 1
        moves.append(((count // 2) * (1 if count % 2 else -1)) * 0.04)
    return [max(min(move, 0.4), -0.4) for move in moves]

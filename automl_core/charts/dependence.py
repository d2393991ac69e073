"""What a single column does to predictions, as data for any chart and as interactive figures.

Partial dependence with the curves of single rows (Friedman, 2001; Goldstein and others, 2015), and what the column added row
by row (SHAP dependence), coloured by the column that changes it most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.charts.importance import LOW_TO_HIGH
from automl_core.charts.reasons import LOG_ODDS, SCALES
from automl_core.charts.style import ACCENT, GREY, PALETTE, layout, short
from automl_core.profiling.wording import number, percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from automl_core.explaining.curves import Curve
    from automl_core.explaining.points import Points, Together
    from automl_core.explaining.reasons import Reasons

WORDS = 15
"""Most words that have a place of their own."""
CURVE = "The column is set to one value after the other and everything else stays"
LINES = (
    f"{CURVE}: the thick line is the mean prediction, each thin line a row. Thin lines that cross mean that the effect depends "
    "on other columns."
)
BARS = f"{CURVE}; bars are mean predictions."
LOW_AND_HIGH = ("low", "high")


@dataclass(frozen=True)
class Cloud:
    """Points of one colour: `color`, or where that is empty each point's rank, from 0 for low to 1 for high."""

    name: str
    color: str
    ranks: tuple[float, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Dots:
    """Where the rows stand on a column's axis, and how they are coloured.

    Parameters
    ----------
    at : dict of int to Any
        Number, date as text, or place of a word with a little scatter, by row; rows without a value are left out.
    words : tuple of str
        Of the places, most frequent first; empty for numbers and dates.
    partner : int or None
        Place of the column that tells the colours.
    clouds : tuple of Cloud
    """

    at: dict[int, Any]
    words: tuple[str, ...]
    partner: int | None
    clouds: tuple[Cloud, ...]


def curve_reading(curve: Curve) -> str:
    """Say how a column's curve is read."""
    return BARS if curve.kind == "word" else LINES


def dependence_reading(reasons: Reasons, pair: Together) -> str:
    """Say how the chart of what a column added is read, and which column its colours are."""
    more = LOG_ODDS if reasons.scale == "log_odds" else ""
    told = " No other column changes much about it."
    if pair.partner:
        words = any(curve.column == pair.column and curve.kind == "word" for curve in reasons.curves)
        told = (
            f" Colours are values of {pair.partner}, which changes it most: it explains {percent(pair.strength)} of how much "
            f"rows with {'the same' if words else 'about the same'} {pair.column} differ."
        )
    scale = SCALES[reasons.scale]
    return f"Each point is a row: what this value of the column added to its prediction, {scale}.{more}{told}"


def by_share(curve: Curve) -> list[int]:
    """Return the places of a column's words, the most frequent first."""
    return sorted(range(len(curve.at)), key=lambda place: -curve.share[place])


def dots_of(points: Points, pair: Together) -> Dots:
    """Return where the rows stand for the chart of a column, and how they are coloured."""
    place = points.columns.index(pair.column)
    partner = points.columns.index(pair.partner) if pair.partner in points.columns else None
    at, words = _words(points, place) if points.kinds[place] == "word" else (_places(points, place), ())
    return Dots(at, words, partner, _clouds(points, partner, list(at)))


def _words(points: Points, place: int) -> tuple[dict[int, Any], tuple[str, ...]]:
    cells = points.cells[place]
    order = list(pd.Series(cells, dtype=object).value_counts().index[:WORDS])
    scatter = np.random.default_rng(0).uniform(-0.3, 0.3, len(cells))
    at = {row: order.index(cell) + float(scatter[row]) for row, cell in enumerate(cells) if cell in order}
    return at, tuple(order)


def _places(points: Points, place: int) -> dict[int, Any]:
    dates = points.kinds[place] == "date"
    known = {row: value for row, value in enumerate(points.numbers[place]) if value is not None}
    return {row: pd.Timestamp(value, unit="s").isoformat() if dates else value for row, value in known.items()}


def _clouds(points: Points, partner: int | None, rows: list[int]) -> tuple[Cloud, ...]:
    if partner is None:
        return (Cloud("", ACCENT, (), tuple(rows)),)
    cells, numbers = points.cells[partner], points.numbers[partner]
    if points.kinds[partner] == "word":
        words = pd.Series([cells[row] for row in rows], dtype=object).value_counts().index[:7]
        found = [
            Cloud(str(word), color, (), tuple(row for row in rows if cells[row] == word))
            for color, word in zip(PALETTE, words, strict=False)
        ]
        others = tuple(row for row in rows if cells[row] not in set(words))
        return (*found, *((Cloud("others", GREY, (), others),) if others else ()))
    known = tuple(row for row in rows if numbers[row] is not None)
    missing = tuple(row for row in rows if numbers[row] is None)
    ranks = pd.Series([numbers[row] for row in known], dtype="float64").rank(pct=True)
    return (Cloud("", "", tuple(ranks.tolist()), known), *((Cloud("missing", GREY, (), missing),) if missing else ()))


def dependence_figure(points: Points, pair: Together, output: int) -> go.Figure:
    """Return a column's values against what they added, coloured by the column that changes this most."""
    import plotly.graph_objects as go

    place, dots, figure = points.columns.index(pair.column), dots_of(points, pair), go.Figure()
    values, partner = points.values[output][place], dots.partner
    for cloud in dots.clouds:
        text = [
            f"{short(pair.column)} = {short(points.cells[place][row])}"
            + (f"<br>{short(points.columns[partner])} = {short(points.cells[partner][row])}" if partner is not None else "")
            for row in cloud.rows
        ]
        figure.add_scattergl(
            x=[dots.at[row] for row in cloud.rows],
            y=[values[row] for row in cloud.rows],
            mode="markers",
            name=short(cloud.name, 24),
            marker={"size": 6, "opacity": 0.75, **_marker(cloud, points, partner)},
            text=text,
            hovertemplate="%{text}<br>%{y:+.3g}<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_layout(layout(360, legend=partner is not None and points.kinds[partner] == "word"))
    figure.update_xaxes(title=short(pair.column))
    if dots.words:
        figure.update_xaxes(tickvals=list(range(len(dots.words))), ticktext=[short(word, 24) for word in dots.words])
    figure.update_yaxes(title=f"Contribution to {short(points.outputs[output], 24)}")
    return figure


def _marker(cloud: Cloud, points: Points, partner: int | None) -> dict[str, Any]:
    if partner is None or cloud.color:
        return {"color": cloud.color}
    bar = {
        "title": {"text": short(points.columns[partner], 18)},
        "thickness": 10,
        "tickvals": [0, 1],
        "ticktext": list(LOW_AND_HIGH),
    }
    return {"color": list(cloud.ranks), "colorscale": LOW_TO_HIGH, "cmin": 0, "cmax": 1, "colorbar": bar}


def curve_figure(curve: Curve, output: int, label: str, *, labels: bool) -> go.Figure:
    """Return what is predicted when a column is set to one value after the other."""
    import plotly.graph_objects as go

    figure = go.Figure()
    if curve.kind == "word":
        order = by_share(curve)
        figure.add_bar(
            x=list(range(len(order))),
            y=[curve.mean[output][place] for place in order],
            marker={"color": ACCENT},
            text=[f"{short(curve.labels[place])}, {percent(curve.share[place])} of the rows" for place in order],
            textposition="none",
            hovertemplate="%{text}<br>%{y:.4g}<extra></extra>",
        )
        figure.update_xaxes(tickvals=list(range(len(order))), ticktext=[short(curve.labels[place], 24) for place in order])
    else:
        at = [pd.Timestamp(value, unit="s").isoformat() if curve.kind == "date" else value for value in curve.at]
        for row in curve.single[output]:
            figure.add_scattergl(
                x=at, y=list(row), mode="lines", line={"color": GREY, "width": 1}, opacity=0.35, hoverinfo="skip"
            )
        figure.add_scatter(
            x=at,
            y=list(curve.mean[output]),
            mode="lines+markers",
            line={"color": ACCENT, "width": 3},
            text=list(curve.labels),
            hovertemplate="%{text}: %{y:.4g}<extra></extra>",
        )
    figure.update_layout(layout(340, legend=False))
    figure.update_xaxes(title=short(curve.column))
    title = f"Probability of {short(label, 32)}" if labels else short(label)
    figure.update_yaxes(title=title, tickformat=".0%" if labels else None)
    return figure


def curve_rows(curve: Curve, output: int) -> list[dict[str, str]]:
    """Return a curve as a table."""
    return [
        {curve.column: label, "Mean prediction": number(mean), "Rows": percent(share)}
        for label, mean, share in zip(curve.labels, curve.mean[output], curve.share, strict=True)
    ]

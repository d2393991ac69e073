"""A forecast as figures: how long one model of each family takes and what it needs of memory, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from automl_core.charts.style import ACCENT, GREY, PALETTE, layout, short
from automl_core.search.forecast import Forecast, Verdict
from automl_core.search.memory import GB

if TYPE_CHECKING:
    import plotly.graph_objects as go

What = Literal["seconds", "memory"]
GROUPS: tuple[tuple[str, tuple[Verdict, ...], str], ...] = (
    ("Fits", ("fits", "shortened"), ACCENT),
    ("May not fit", ("perhaps",), PALETTE[1]),
    ("Does not fit", ("no time", "no memory"), GREY),
)
"""How the verdicts are told apart: name, verdicts, colour."""


@dataclass(frozen=True)
class Bars:
    """The rows of one chart, in the order of the forecast.

    Parameters
    ----------
    labels : tuple of str
    middle, low, high : tuple of float
        Seconds or gigabytes.
    groups : tuple of str
        Names of `GROUPS`.
    limit : float
        The run's seconds or the free gigabytes; 0 for none.
    """

    labels: tuple[str, ...]
    middle: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    groups: tuple[str, ...]
    limit: float


def bars(forecast: Forecast, what: What) -> Bars:
    """Return the bars of a chart; families of which nothing is known are left out."""
    names = {verdict: name for name, verdicts, _ in GROUPS for verdict in verdicts}
    rows = [row for row in forecast.families if row.verdict in names and (row.seconds if what == "seconds" else row.bytes) > 0]
    if what == "seconds":
        values = [(row.seconds, row.seconds_low, row.seconds_high) for row in rows]
        limit = forecast.budget
    else:
        values = [(row.bytes / GB, row.bytes_low / GB, row.bytes_high / GB) for row in rows]
        limit = forecast.free / GB
    return Bars(
        tuple(row.label for row in rows),
        tuple(value[0] for value in values),
        tuple(value[1] for value in values),
        tuple(value[2] for value in values),
        tuple(names[row.verdict] for row in rows),
        limit,
    )


def forecast_figure(forecast: Forecast, what: What) -> go.Figure:
    """Draw a bar from the low to the high end of each interval with a mark at what is expected, on a logarithmic axis.

    Parameters
    ----------
    forecast : Forecast
    what : {"seconds", "memory"}
    """
    import plotly.graph_objects as go

    found = bars(forecast, what)
    count = len(found.labels)
    heights = list(range(count))[::-1]
    unit = "s" if what == "seconds" else "GB"
    figure = go.Figure()
    for name, _, color in GROUPS:
        places = [place for place in range(count) if found.groups[place] == name]
        if not places:
            continue
        figure.add_bar(
            x=[found.high[place] - found.low[place] for place in places],
            base=[found.low[place] for place in places],
            y=[heights[place] for place in places],
            orientation="h",
            width=0.55,
            marker={"color": color, "opacity": 0.55},
            name=name,
            customdata=[(found.labels[place], found.middle[place], found.low[place], found.high[place]) for place in places],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]:.3g} "
            + unit
            + ", likely %{customdata[2]:.3g} to %{customdata[3]:.3g}<extra></extra>",
        )
    figure.add_scatter(
        x=list(found.middle),
        y=heights,
        mode="markers",
        marker={"symbol": "line-ns-open", "size": 14, "color": GREY, "line": {"width": 3, "color": GREY}},
        name="Expected",
        hoverinfo="skip",
    )
    if found.limit > 0 and count:
        figure.add_scatter(
            x=[found.limit, found.limit],
            y=[-0.6, count - 0.4],
            mode="lines",
            line={"color": GREY, "dash": "dot", "width": 2},
            name="Time of the run" if what == "seconds" else "Free memory",
            hoverinfo="skip",
        )
    # The legend takes two lines where the chart is narrow.
    figure.update_layout(layout(170 + 28 * count, margin={"l": 10, "r": 10, "t": 60, "b": 10}))
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"})
    title = "Seconds for one model, all folds" if what == "seconds" else "Memory of one fit, GB"
    figure.update_xaxes(type="log", title=title, showgrid=True, minor={"ticks": ""}, dtick=1)
    figure.update_yaxes(
        tickvals=heights, ticktext=[short(label) for label in found.labels], showgrid=False, range=[-0.6, count - 0.4]
    )
    return figure

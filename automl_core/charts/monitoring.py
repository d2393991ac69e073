"""A model in use, drawn: one line over time, with a limit or what was expected beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, HARM, PALETTE, layout

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    from automl_core.monitoring.summary import Period

SHOWN = {
    "Rows": "rows",
    "Failed requests": "failed",
    "95 % of requests, ms a row": "p95_ms",
    "Mean prediction": "mean",
    "True performance": "performance",
    "Money a row": "money",
    "Computing time, s": "seconds",
}
"""What can be drawn over time, with its field of `Period`."""


def series(periods: Sequence[Period], field: str) -> tuple[list[float], list[float]]:
    """Return the moments (seconds since the epoch) and values of the periods in which the field is known."""
    known = [(period.start, float(getattr(period, field))) for period in periods if getattr(period, field) is not None]
    return [start for start, _ in known], [value for _, value in known]


def period_figure(
    periods: Sequence[Period], title: str, *, expected: float | None = None, limit: float | None = None
) -> go.Figure:
    """Draw one of `SHOWN` over time; counts as bars, the rest as a line with points."""
    import pandas as pd
    import plotly.graph_objects as go

    starts, values = series(periods, SHOWN[title])
    moments = pd.to_datetime(pd.Series(starts, dtype=float), unit="s")
    figure = go.Figure()
    if title in ("Rows", "Failed requests"):
        figure.add_bar(x=moments, y=values, marker_color=ACCENT, name=title)
    else:
        figure.add_scatter(x=moments, y=values, mode="lines+markers", line={"color": ACCENT}, name=title)
    if expected is not None:
        figure.add_hline(y=expected, line={"dash": "dot", "color": GREY}, annotation_text="expected")
    if limit is not None:
        figure.add_hline(y=limit, line={"dash": "dash", "color": HARM}, annotation_text="limit")
    figure.update_layout(**layout(240, legend=False))
    return figure


def history_figure(table: pd.DataFrame, label: str) -> go.Figure:
    """Draw the score of every run and version over time, by the columns ``when``, ``score``, ``what`` and ``name``."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for place, (what, rows) in enumerate(table.dropna(subset=["score"]).groupby("what", sort=False)):
        figure.add_scatter(
            x=rows["when"], y=rows["score"], text=rows["name"], mode="markers", name=str(what),
            marker={"color": PALETTE[place % len(PALETTE)], "size": 10}, hovertemplate="%{text}: %{y:.5g}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(**layout(280, yaxis={"title": label, "zeroline": False, "automargin": True}))
    return figure

"""Why a model predicts what it predicts, as interactive figures, each with a sentence that says how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.charts.importance import LOW_TO_HIGH, spread_out
from automl_core.charts.style import ACCENT, GREY, HARM, PALETTE, layout, short
from automl_core.profiling.wording import number, percent
from automl_core.whatif.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from automl_core.explaining.explainer import Shares
    from automl_core.explaining.points import Points
    from automl_core.explaining.reasons import Reasons

COLUMNS = 20
ON_AXIS, BESIDE = 34, 20
"""How many letters of a name stand beside its bar, and with how many a title of any length has room on a narrow page."""
SCALES = {"value": "in the unit of the target", "log_odds": "in log-odds"}
READING = {
    "sizes": "The mean size of a column's contribution to a prediction (SHAP values), {scale}.{more}",
    "swarm": "Each point is a row: to the right the column {output}. Teal points are high values, orange ones low, grey "
    "ones are words or missing.",
    "waterfall": "From what the model says of an unknown row, column by column, to what it says of this one.",
}
SPEAKS = {
    "value": "raises the predicted {output}, to the left it lowers it",
    "log_odds": "speaks for {output}, to the left against it",
}
"""What a contribution says, by scale."""
LOG_ODDS = " Log-odds above 0 speak for the outcome; 0.7 more doubles the odds."


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def sizes_figure(reasons: Reasons) -> go.Figure:
    """Return the mean sizes of the columns' contributions, with standard errors where they were sampled."""
    names = list(reasons.columns[:COLUMNS])[::-1]
    heights = list(range(len(names)))
    figure, several = _figure(), 1 < len(reasons.outputs) <= len(PALETTE)
    parts = list(zip(reasons.outputs, reasons.mean, strict=True))
    if len(reasons.outputs) > len(PALETTE):  # more cannot be told apart by colour: all of them together
        parts = [("", tuple(sum(sizes) for sizes in zip(*reasons.mean, strict=True)))]
    for color, (label, means) in zip(PALETTE, parts, strict=False):
        at = [means[reasons.columns.index(name)] for name in names]
        errors = [reasons.error[reasons.columns.index(name)] for name in names]
        bars = {"type": "data", "array": errors, "color": GREY, "thickness": 1, "width": 3}
        figure.add_bar(
            x=at,
            y=heights,
            text=[short(name) for name in names],
            textposition="none",
            orientation="h",
            marker={"color": color},
            name=short(label, 24),
            error_x=bars if not several and any(errors) else None,
            hovertemplate="%{text}: %{x:.3g}<extra>" + ("%{fullData.name}" if several else "") + "</extra>",
        )
    figure.update_layout(layout(80 + 26 * len(names), legend=several, barmode="stack"))
    figure.update_layout(legend_traceorder="normal")
    size = "Mean size" if _crowded(names) else "Mean size of the contribution"
    figure.update_xaxes(title=f"{size}, {SCALES[reasons.scale]}", separatethousands=True)
    figure.update_yaxes(tickvals=heights, ticktext=[short(name, ON_AXIS) for name in names], showgrid=False)
    return figure


def swarm_figure(points: Points, output: int, scale: str) -> go.Figure:
    """Return every row's contributions for the columns that matter most."""
    figure, count = _figure(), len(points.columns)
    for place, name in enumerate(points.columns):
        values, numbers = points.values[output][place], points.numbers[place]
        height = count - 1 - place
        spread = spread_out(list(values)) if values else []
        ranks = pd.Series(numbers, dtype="float64").rank(pct=True)
        for ranked in (True, False):
            chosen = [row for row, rank in enumerate(ranks) if bool(np.isfinite(rank)) == ranked]
            if not chosen:
                continue
            marker: dict[str, Any] = {"size": 6, "opacity": 0.75, "color": GREY}
            if ranked:
                marker |= {"color": [float(ranks[row]) for row in chosen], "colorscale": LOW_TO_HIGH, "cmin": 0, "cmax": 1}
            figure.add_scattergl(
                x=[values[row] for row in chosen],
                y=[height + spread[row] for row in chosen],
                mode="markers",
                marker=marker,
                text=[f"{short(name)} = {short(points.cells[place][row])}" for row in chosen],
                hovertemplate="%{text}<br>%{x:+.3g}<extra></extra>",
            )
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_layout(layout(90 + 32 * count, legend=False))
    label = points.outputs[output]
    words = "Contribution" if len(label) > BESIDE and _crowded(points.columns) else f"Contribution to {short(label)}"
    figure.update_xaxes(title=f"{words}, {SCALES[scale]}")
    names = [short(name, ON_AXIS) for name in points.columns[::-1]]
    figure.update_yaxes(tickvals=list(range(count)), ticktext=names, showgrid=False)
    return figure


def waterfall_figure(answer: Answer, most: int = 10) -> go.Figure:
    """Return one row's prediction, column by column."""
    steps = answer.steps(most)
    figure, count = _figure(), len(steps)
    share = answer.chance is not None
    shown = percent if share else number
    for place, (label, before, after) in enumerate(steps):
        up = after >= before
        figure.add_bar(
            x=[after - before],
            base=[before],
            y=[count - 1 - place],
            orientation="h",
            marker={"color": ACCENT if up else HARM},
            text=[f"{'+' if up else '−'}{_moved(abs(after - before), share)}"],
            textposition="outside",
            cliponaxis=False,
            customdata=[[short(label, 60), shown(before), shown(after)]],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]} → %{customdata[2]}<extra></extra>",
        )
    if steps:
        for value in (steps[0][1], steps[-1][2]):
            figure.add_vline(x=value, line={"color": GREY, "width": 1, "dash": "dot"}, layer="below")  # below the numbers
        ends = [value for _, *pair in steps for value in pair]
        room = 0.3 * (max(ends) - min(ends))  # for what is written beside the bars
        figure.update_xaxes(range=[min(ends) - room, max(ends) + room])
        if share:  # the room may lie beyond 0 and 100 %, where no probability is
            sizes = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
            step = next((size for size in sizes if 1.6 * (max(ends) - min(ends)) < 5 * size), 0.25)
            low, high = max(min(ends) - room, 0.0), min(max(ends) + room, 1.0)
            ticks = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step
            figure.update_xaxes(tickvals=ticks.round(6))
    figure.update_layout(layout(90 + 30 * count, legend=False))
    what, of = ("Probability", f"{answer.target} = {answer.output}") if share else ("Predicted value", answer.output)
    if len(of) <= BESIDE or not _crowded([label for label, _, _ in steps]):
        what = f"Probability of {short(of)}" if share else f"Predicted {short(of)}"
    figure.update_xaxes(title=what, tickformat="~%" if share else None)
    names = [short(label, ON_AXIS) for label, _, _ in steps[::-1]]
    figure.update_yaxes(tickvals=list(range(count)), ticktext=names, showgrid=False)
    return figure


def _crowded(names: Sequence[str]) -> bool:
    """Tell whether names beside the bars leave so little of a narrow page that a long title would be cut."""
    return any(len(name) > BESIDE for name in names)


def _moved(size: float, share: bool) -> str:
    return f"{100 * size:.2g}" if share else number(size, 3)  # percentage points, as the chart's caption says


def exact_rows(shares: Shares, place: int, *, share: bool) -> list[dict[str, str]]:
    """Return contributions in the unit of the predictions as a table, the largest first; shares as percentage points."""
    values, errors = shares.values[0, :, place], shares.error[0, :, place]
    unit = "Adds, percentage points" if share else "Adds"
    return [
        {
            "Column": shares.columns[column],
            unit: f"{100 * values[column]:+.1f}" if share else f"{values[column]:+,.4g}",
            "± standard error": f"{100 * errors[column]:.1f}" if share else number(float(errors[column]), 2),
        }
        for column in np.argsort(-np.abs(values), kind="stable")
    ]


def waterfall_rows(answer: Answer) -> list[dict[str, str]]:
    """Return one row's contributions as a table, with where each cell stands."""
    stands = {entry.column: entry.sentence for entry in answer.positions}
    unit = "Adds" if answer.scale == "value" else "Adds, log-odds"
    return [
        {
            "Column": entry.column,
            "Value": entry.cell,
            unit: f"{entry.value:+,.4g}",
            **({"±": f"{entry.error:,.2g}"} if not answer.exact else {}),
            "Where it stands": stands.get(entry.column, ""),
        }
        for entry in answer.contributions
    ]

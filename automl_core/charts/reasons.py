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
    import plotly.graph_objects as go

    from automl_core.explaining.curves import Curve
    from automl_core.explaining.points import Points, Together
    from automl_core.explaining.reasons import Reasons

COLUMNS = 20
SCALES = {"value": "in the unit of the target", "log_odds": "in log-odds"}
READING = {
    "sizes": "The mean size of a column's contribution to a prediction (SHAP values), {scale}.{more}",
    "swarm": "Each point is a row: to the right the column speaks for {output}, to the left against it. Dark points are high "
    "values, grey ones are words or missing.",
    "dependence": "Each point is a row: what this value of the column added to its prediction, {scale}.{partner}",
    "curve": "The column is set to one value after the other and everything else stays: the thick line is the mean prediction, "
    "each thin line a row. Thin lines that cross mean that the effect depends on other columns.",
    "waterfall": "From what the model says of an unknown row, column by column, to what it says of this one.",
}
LOG_ODDS = " Log-odds above 0 speak for the outcome; 0.7 more doubles the odds."


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def sizes_figure(reasons: Reasons) -> go.Figure:
    """Return the mean sizes of the columns' contributions, with standard errors where they were sampled."""
    names = list(reasons.columns[:COLUMNS])[::-1]
    heights = list(range(len(names)))
    figure, several = _figure(), len(reasons.outputs) > 1
    for color, label, means in zip(PALETTE * 8, reasons.outputs, reasons.mean, strict=False):
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
    figure.update_xaxes(title=f"Mean size of the contribution, {SCALES[reasons.scale]}")
    figure.update_yaxes(tickvals=heights, ticktext=[short(name) for name in names], showgrid=False)
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
    figure.update_xaxes(title=f"Contribution to {short(points.outputs[output])}, {SCALES[scale]}")
    figure.update_yaxes(tickvals=list(range(count)), ticktext=[short(name) for name in points.columns[::-1]], showgrid=False)
    return figure


def dependence_figure(points: Points, pair: Together, output: int, scale: str) -> go.Figure:
    """Return a column's values against what they added, coloured by the column that changes this most."""
    place = points.columns.index(pair.column)
    values, words = points.values[output][place], points.kinds[place] == "word"
    figure = _figure()
    at = list(points.cells[place]) if words else _axis(points, place)
    rows = [row for row in range(len(values)) if at[row] is not None]
    partner = points.columns.index(pair.partner) if pair.partner in points.columns else None
    if words:
        order = list(pd.Series(at, dtype=object).value_counts().index[:15])
        rng = np.random.default_rng(0)
        rows = [row for row in rows if at[row] in order]
        jitter = rng.uniform(-0.3, 0.3, len(values))
        x: list[Any] = [order.index(at[row]) + float(jitter[row]) for row in range(len(values)) if row in set(rows)]
    else:
        order, x = [], [at[row] for row in rows]
    for name, color, chosen in _coloured(points, partner, rows):
        text = [
            f"{short(pair.column)} = {short(points.cells[place][row])}"
            + (f"<br>{short(points.columns[partner])} = {short(points.cells[partner][row])}" if partner is not None else "")
            for row in chosen
        ]
        figure.add_scattergl(
            x=[x[rows.index(row)] for row in chosen],
            y=[values[row] for row in chosen],
            mode="markers",
            name=name,
            marker={"size": 6, "opacity": 0.75, **color},
            text=text,
            hovertemplate="%{text}<br>%{y:+.3g}<extra></extra>",
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1})
    figure.update_layout(layout(360, legend=partner is not None and points.kinds[partner] == "word"))
    figure.update_xaxes(title=short(pair.column))
    if words:
        figure.update_xaxes(tickvals=list(range(len(order))), ticktext=[short(word, 24) for word in order])
    figure.update_yaxes(title=f"Contribution to {short(points.outputs[output], 24)}")
    return figure


def _axis(points: Points, place: int) -> list[Any]:
    numbers = points.numbers[place]
    if points.kinds[place] != "date":
        return list(numbers)
    return [None if value is None else pd.Timestamp(value, unit="s").isoformat() for value in numbers]


def _coloured(points: Points, partner: int | None, rows: list[int]) -> list[tuple[str, dict[str, Any], list[int]]]:
    if partner is None:
        return [("", {"color": ACCENT}, rows)]
    if points.kinds[partner] == "word":
        words = pd.Series([points.cells[partner][row] for row in rows], dtype=object).value_counts().index[:7]
        found = [
            (short(word, 24), {"color": color}, [row for row in rows if points.cells[partner][row] == word])
            for color, word in zip(PALETTE, words, strict=False)
        ]
        rest = [row for row in rows if points.cells[partner][row] not in set(words)]
        return [*found, *([("others", {"color": GREY}, rest)] if rest else [])]
    known = [row for row in rows if points.numbers[partner][row] is not None]
    rest = [row for row in rows if points.numbers[partner][row] is None]
    ranks = pd.Series([points.numbers[partner][row] for row in known], dtype="float64").rank(pct=True)
    bar = {
        "title": {"text": short(points.columns[partner], 18)},
        "thickness": 10,
        "tickvals": [0, 1],
        "ticktext": ["low", "high"],
    }
    color = {"color": ranks.tolist(), "colorscale": LOW_TO_HIGH, "cmin": 0, "cmax": 1, "colorbar": bar}
    return [("", color, known), *([("missing", {"color": GREY}, rest)] if rest else [])]


def curve_figure(curve: Curve, output: int, label: str, *, labels: bool) -> go.Figure:
    """Return what is predicted when a column is set to one value after the other."""
    figure = _figure()
    at: list[Any] = list(curve.at)
    if curve.kind == "date":
        at = [pd.Timestamp(value, unit="s").isoformat() for value in curve.at]
    if curve.kind == "word":
        order = sorted(range(len(at)), key=lambda place: -curve.share[place])
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
    figure.update_yaxes(title=f"Probability of {short(label, 24)}" if labels else short(label))
    return figure


def curve_rows(curve: Curve, output: int) -> list[dict[str, str]]:
    """Return a curve as a table."""
    return [
        {curve.column: label, "Mean prediction": number(mean), "Rows": percent(share)}
        for label, mean, share in zip(curve.labels, curve.mean[output], curve.share, strict=True)
    ]


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
            figure.add_vline(x=value, line={"color": GREY, "width": 1, "dash": "dot"})
        ends = [value for _, *pair in steps for value in pair]
        room = 0.2 * (max(ends) - min(ends))  # for what is written beside the bars
        figure.update_xaxes(range=[min(ends) - room, max(ends) + room])
    figure.update_layout(layout(90 + 30 * count, legend=False))
    figure.update_xaxes(
        title=f"{'Probability of' if share else 'Predicted'} {short(answer.output)}", tickformat=".0%" if share else None
    )
    figure.update_yaxes(tickvals=list(range(count)), ticktext=[short(label, 44) for label, _, _ in steps[::-1]], showgrid=False)
    return figure


def _moved(size: float, share: bool) -> str:
    return f"{100 * size:.2g} points" if share else number(size, 3)


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

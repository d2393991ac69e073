"""What goes beyond the scores as interactive figures: errors over two columns, groups, ranges, and the learning curve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, PALETTE, TEAL_SCALE, add_cell_texts, layout, short
from automl_core.evaluation.coverage import Coverage
from automl_core.evaluation.failing import error_words
from automl_core.evaluation.fairness import LABELS, Fairness
from automl_core.evaluation.heat import Heat
from automl_core.evaluation.learning import LearningCurve

if TYPE_CHECKING:
    import plotly.graph_objects as go

LEARNING = (
    "Points are means over folds, with the lowest and the highest. Still changing at the right: more rows would help. Far "
    "apart there: it learns its rows by heart, and a simpler model may do as well. Close together: other columns are needed."
)
"""How the learning curve is read."""


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def heat_ends(heats: Iterable[Heat]) -> tuple[float, float]:
    """Return the lowest and the highest error of any cell: the ends of a colour scale that several tables share."""
    known = [error for heat in heats for row in heat.errors for error in row if error is not None]
    return (min(known), max(known)) if known else (0.0, 1.0)


def heat_figure(heat: Heat, error_name: str, down: str, across: str, ends: tuple[float, float] | None = None) -> go.Figure:
    """Draw the error in each combination of two columns' values; cells with too few rows stay empty.

    `ends` are those of the colours: by default the lowest and the highest error of this table.
    """
    told, text = [], []
    for name, errors, rows in zip(heat.down, heat.errors, heat.rows, strict=True):
        told.append(
            [
                f"{short(down, 30)}: {short(name, 30)}<br>{short(across, 30)}: {short(other, 30)}<br>{count:,} rows"
                + ("" if error is None else f", error {error_words(error_name, error)}")
                for other, error, count in zip(heat.across, errors, rows, strict=True)
            ]
        )
        text.append(["" if error is None else error_words(error_name, error) for error in errors])
    figure = _figure()
    lowest, highest = ends or heat_ends([heat])
    across_at, down_at = list(range(len(heat.across))), list(range(len(heat.down)))
    figure.add_heatmap(
        z=heat.errors,
        x=across_at,
        y=down_at,
        customdata=told,
        colorscale=TEAL_SCALE,
        zmin=lowest,
        zmax=highest,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="%{customdata}<extra></extra>",
    )
    if len(heat.across) * len(heat.down) <= 120:
        add_cell_texts(figure, text)
    figure.update_layout(layout(max(280, 110 + 32 * len(heat.down)), legend=False))
    columns = [short(name, 18) for name in heat.across]
    # where they do not fit side by side they lean to the left: to the right the last would not fit and not be drawn
    figure.update_xaxes(title=short(across), tickvals=across_at, ticktext=columns, autotickangles=[0, -35, -90])
    names = [short(name, 18) for name in heat.down]
    figure.update_yaxes(title=short(down, 26), autorange="reversed", tickvals=down_at, ticktext=names, showgrid=False)
    return figure


def fairness_figure(found: Fairness) -> go.Figure:
    """Draw the rates of each group with their intervals."""
    figure = _figure()
    measures = [name for name in LABELS if any(name in group.rates for group in found.groups) and name != "bias"]
    for place, (color, measure) in enumerate(zip(PALETTE, measures, strict=False)):
        groups = [(number, group) for number, group in enumerate(found.groups) if measure in group.rates]
        scores = [group.rates[measure] for _, group in groups]
        figure.add_scatter(
            x=[score.value for score in scores],
            y=[number + (place - (len(measures) - 1) / 2) * 0.2 for number, _ in groups],
            mode="markers",
            marker={"color": color, "size": 9},
            error_x={
                "type": "data",
                "array": [(score.value if score.high is None else score.high) - score.value for score in scores],
                "arrayminus": [score.value - (score.value if score.low is None else score.low) for score in scores],
                "thickness": 1,
                "width": 3,
            },
            name=LABELS[measure],
            customdata=[[group.rows] for _, group in groups],
            hovertemplate="%{x:.3g}, %{customdata[0]:,} rows<extra></extra>",
        )
    places = list(range(len(found.groups)))
    figure.update_layout(layout(max(260, 120 + 44 * len(found.groups))))
    shares = bool(found.label)
    figure.update_xaxes(
        rangemode="tozero",
        tickformat=".0%" if shares else None,
        title="Share of the rows" if shares else LABELS["error"],
        separatethousands=True,
    )
    names = [short(group.name, 24) for group in found.groups]
    figure.update_yaxes(title=short(found.column, 26), autorange="reversed", tickvals=places, ticktext=names)
    return figure


def coverage_figure(found: Coverage) -> go.Figure:
    """Draw how often the truth lay inside against how often it was promised."""
    figure = _figure()
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0.5, 1], y=[0.5, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    figure.add_scatter(
        x=[held.asked for held in found.held],
        y=[held.inside for held in found.held],
        mode="lines+markers",
        line={"color": ACCENT, "width": 1},
        error_y={
            "type": "data",
            "array": [held.high - held.inside for held in found.held],
            "arrayminus": [held.inside - held.low for held in found.held],
            "thickness": 1,
            "width": 3,
        },
        hovertemplate="asked %{x:.0%}, inside %{y:.1%}<extra></extra>",
    )
    figure.update_layout(layout(320, legend=False))
    figure.update_xaxes(title="Asked for", tickformat=".0%", range=[0.48, 1.01])
    figure.update_yaxes(title="Lay inside", tickformat=".0%")
    return figure


def learning_figure(found: LearningCurve) -> go.Figure:
    """Draw the score against the rows learned from, on rows not learned from and on those that were."""
    figure = _figure()
    for color, name, which in ((ACCENT, "rows not learned from", "judged"), (GREY, "rows learned from", "learned")):
        means, down, up = [], [], []
        for point in found.points:
            values = getattr(point, which)
            mean = sum(values) / len(values)
            means.append(mean)
            down.append(mean - min(values))
            up.append(max(values) - mean)
        figure.add_scatter(
            x=[point.rows for point in found.points],
            y=means,
            mode="lines+markers",
            line={"color": color, "width": 2},
            error_y={"type": "data", "array": up, "arrayminus": down, "thickness": 1, "width": 3},
            name=name,
            hovertemplate="%{x:,} rows<br>%{y:.4g}<extra></extra>",
        )
    figure.update_layout(layout(340))
    figure.update_xaxes(title="Rows learned from", rangemode="tozero", separatethousands=True)
    figure.update_yaxes(title=short(found.label), separatethousands=True)
    return figure

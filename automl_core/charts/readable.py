"""Parts of an additive model as interactive figures, and as the table behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.charts.style import PALETTE, layout, short
from automl_core.explaining.readable import Readable, Term
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    import plotly.graph_objects as go

READING = {
    1: "Above 0 the value raises the score, below 0 it lowers it.",
    2: "What the two values add together, beyond what each adds by itself: teal raises the score, orange lowers it.",
}
LOW_TO_HIGH = [[0, "#D55E00"], [0.5, "rgba(138,154,154,0.15)"], [1, "#0F8A8A"]]


def term_figure(model: Readable, term: Term) -> go.Figure:
    """Return a step line for a number, bars for words, and a heat map for a pair (of the first output)."""
    import plotly.graph_objects as go

    figure = go.Figure()
    if len(term.axes) == 2:
        across, down = term.axes[1], term.axes[0]
        table = np.reshape(term.values[0], (len(down.labels), len(across.labels)))
        most = max(float(np.abs(table).max()), 1e-12)
        figure.add_heatmap(
            z=table.tolist(), x=[short(label) for label in across.labels], y=[short(label) for label in down.labels],
            colorscale=LOW_TO_HIGH, zmin=-most, zmax=most, colorbar={"title": "Adds"},
            hovertemplate=f"{short(down.feature)}: %{{y}}<br>{short(across.feature)}: %{{x}}<br>%{{z:.4g}}<extra></extra>",
        )  # fmt: skip
        figure.update_layout(layout(420, legend=False))
        figure.update_xaxes(title=short(across.feature), type="category")
        figure.update_yaxes(title=short(down.feature), type="category")
        return figure
    (axis,) = term.axes
    for color, output, values in zip(PALETTE * 8, model.outputs, term.values, strict=False):
        style: dict[str, Any] = {"name": short(output), "hovertemplate": "%{text}: %{y:.4g}<extra></extra>"}
        if len(axis.cuts) > 1:
            shown = [(label, value) for label, value in zip(axis.labels, values, strict=True) if label != "missing"]
            # An open interval is drawn a little beyond its end.
            edge = (axis.cuts[-1] - axis.cuts[0]) / 50
            places = [axis.cuts[0] - edge, *axis.cuts, axis.cuts[-1] + edge]
            heights = [value for _, value in shown]
            figure.add_scatter(
                x=places, y=[*heights, heights[-1]], text=[short(label) for label, _ in shown] + [short(shown[-1][0])],
                mode="lines", line={"color": color, "shape": "hv"}, **style,
            )  # fmt: skip
        else:
            labels = [short(label) for label in axis.labels]
            figure.add_bar(x=labels, y=list(values), text=labels, textposition="none", marker={"color": color}, **style)
    figure.update_layout(layout(360, legend=len(model.outputs) > 1))
    figure.update_xaxes(title=short(axis.feature), **({} if len(axis.cuts) > 1 else {"type": "category"}))
    figure.update_yaxes(title="Adds to the score")
    return figure


def term_rows(model: Readable, term: Term) -> list[dict[str, str]]:
    """Return one row for each value, or pair of values, with what it adds to each output."""
    places = [(label,) for label in term.axes[0].labels]
    if len(term.axes) == 2:
        places = [(one, two) for one in term.axes[0].labels for two in term.axes[1].labels]  # type: ignore[misc]
    return [
        {
            **{axis.feature: label for axis, label in zip(term.axes, place, strict=True)},
            **{_title(model, output): number(values[row]) for output, values in zip(model.outputs, term.values, strict=True)},
        }
        for row, place in enumerate(places)
    ]


def _title(model: Readable, output: str) -> str:
    return f"Adds for {output}" if len(model.outputs) > 1 else "Adds"

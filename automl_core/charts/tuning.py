"""A study, drawn: the best score so far with every trial, slices, importance, parallel coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl_core.charts.style import ACCENT, GREY, HARM, TEAL_SCALE, layout, short
from automl_core.engines.optuna import Range
from automl_core.tuning.edits import said

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from automl_core.tuning.study import Study


@dataclass(frozen=True)
class History:
    """The scored trials in order, and the best score up to and including each."""

    numbers: tuple[int, ...]
    scores: tuple[float, ...]
    best: tuple[float, ...]


def history(study: Study) -> History:
    """Return the points of a study's course; trials without a score are left out."""
    better = max if study.greater_is_better else min
    best: list[float] = []
    for row in study.scored:
        best.append(better(best[-1], row.score or 0.0) if best else row.score or 0.0)
    return History(tuple(row.number for row in study.scored), tuple(row.score or 0.0 for row in study.scored), tuple(best))


def history_figure(study: Study) -> go.Figure:
    """Draw every scored trial as a point, the best so far as a stepped line, the model as it was as a dotted one.

    Far outliers do not squeeze the others: the axis covers the better three quarters with a margin, and those beyond it stand
    at its edge as arrows.
    """
    import plotly.graph_objects as go

    points = history(study)
    span = _span(points, study.greater_is_better)
    figure = go.Figure()
    figure.add_scatter(
        x=points.numbers, y=points.best, mode="lines", line={"shape": "hv", "color": ACCENT, "width": 2},
        name="Best so far", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=points.numbers, y=edged(points.scores, span).places, mode="markers", name="Trial", customdata=points.scores,
        marker={"color": GREY, "size": 7, "symbol": edged(points.scores, span).symbols},
        hovertemplate="Trial %{x}: %{customdata:.5g}<extra></extra>",
    )  # fmt: skip
    if points.scores:
        figure.add_hline(y=points.scores[0], line={"dash": "dot", "color": HARM, "width": 1}, annotation_text="as it was")
    figure.update_layout(**layout(300))
    figure.update_xaxes(title="Trial")
    figure.update_yaxes(title=_axis(study), range=span)
    return figure


def front_figure(study: Study) -> go.Figure:
    """Draw the score against the second aim: every scored trial a point, those that nothing beats joined by a stepped line."""
    import plotly.graph_objects as go

    aim = study.settings.aim
    factor, title = (1.0, "Milliseconds for 1,000 rows") if aim == "predict_ms" else (1 / 1024, "Size in kB")
    span = _span(history(study), study.greater_is_better)
    drawn = edged([row.score or 0.0 for row in study.scored], span)
    figure = go.Figure()
    figure.add_scatter(
        x=[getattr(row, aim) * factor for row in study.front], y=[row.score for row in study.front], mode="lines+markers",
        line={"shape": "hv", "color": ACCENT, "width": 2}, marker={"size": 9}, name="Not beaten", hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=[getattr(row, aim) * factor for row in study.scored], y=drawn.places, mode="markers", name="Trial",
        marker={"color": GREY, "size": 7, "symbol": drawn.symbols}, customdata=[row.number for row in study.scored],
        hovertemplate="Trial %{customdata}: %{y:.5g}, %{x:.4g}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(**layout(300))
    figure.update_xaxes(title=title, type="log", exponentformat="power")
    figure.update_yaxes(title=_axis(study), range=span)
    return figure


def slice_figure(study: Study, name: str) -> go.Figure:
    """Draw the score against one parameter; later trials are darker, those beyond the axis stand at its edge as arrows."""
    import plotly.graph_objects as go

    one = next(one for one in study.settings.space if one.name == name)
    rows = [row for row in study.scored if row.params.get(name) is not None]
    ranged = isinstance(one.entry, Range)
    span = _span(history(study), study.greater_is_better)
    drawn = edged([row.score or 0.0 for row in rows], span)
    figure = go.Figure()
    figure.add_scatter(
        x=[row.params[name] if ranged else said(row.params[name]) for row in rows],
        y=drawn.places,
        mode="markers",
        marker={
            "color": [row.number for row in rows],
            "colorscale": TEAL_SCALE,
            "size": 8,
            "line": {"color": GREY, "width": 1},
            "symbol": drawn.symbols,
        },
        text=[str(row.number) for row in rows],
        customdata=[row.score for row in rows],
        hovertemplate="Trial %{text}: %{x}, %{customdata:.5g}<extra></extra>",
    )
    figure.update_layout(**layout(300, legend=False))
    scale = "log" if isinstance(one.entry, Range) and one.entry.log else "-"
    figure.update_xaxes(title=short(name), type=scale, exponentformat="power")
    figure.update_yaxes(title=_axis(study), range=span)
    return figure


def importance_figure(study: Study) -> go.Figure:
    """Draw which share of the scores' spread each parameter explains."""
    import plotly.graph_objects as go

    items = list(study.importance.items())[::-1]
    figure = go.Figure()
    figure.add_bar(
        x=[share for _, share in items], y=[short(name) for name, _ in items], orientation="h", marker={"color": ACCENT},
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(**layout(80 + 28 * len(items), legend=False))
    figure.update_xaxes(title="Share of the scores' spread", tickformat=".0%", rangemode="tozero")
    return figure


def parallel_figure(study: Study) -> go.Figure:
    """Draw each scored trial as a line through its parameters, the better the darker."""
    import plotly.graph_objects as go

    rows = study.scored
    scores = [row.score or 0.0 for row in rows]
    dimensions: list[dict[str, Any]] = []
    for one in study.settings.space.open:
        values = [row.params.get(one.name, one.start) for row in rows]
        if isinstance(one.entry, Range):
            numbers = [one.nearest(value) for value in values]
            log = one.entry.log
            drawn = [math.log10(value) for value in numbers] if log else numbers
            dimensions.append({"label": short(one.name, 18) + (", log₁₀" if log else ""), "values": drawn})
        else:
            texts = [said(value) for value in one.entry.values]
            codes = [one.entry.values.index(one.nearest(value)) for value in values]
            dimensions.append(
                {"label": short(one.name, 18), "values": codes, "tickvals": list(range(len(texts))), "ticktext": texts}
            )
    dimensions.append({"label": short(study.label, 18), "values": scores})
    colours = scores if study.greater_is_better else [-score for score in scores]
    figure = go.Figure(go.Parcoords(line={"color": colours, "colorscale": [[0, "#B8C4C4"], [1, ACCENT]]}, dimensions=dimensions))
    figure.update_layout(**layout(340, legend=False, margin={"l": 60, "r": 60, "t": 50, "b": 20}))
    return figure


@dataclass(frozen=True)
class Edged:
    """Where points stand on an axis that does not reach all of them, and the mark of each."""

    places: tuple[float, ...]
    symbols: tuple[str, ...]


def edged(values: Sequence[float], span: Sequence[float] | None) -> Edged:
    """Return points with those beyond an axis put at its edge, as arrows that point outward."""
    if span is None:
        return Edged(tuple(values), ("circle",) * len(values))
    low, high = span
    inside = 0.02 * (high - low)
    places = tuple(min(max(value, low + inside), high - inside) if value < low or value > high else value for value in values)
    symbols = tuple("triangle-down" if value < low else "triangle-up" if value > high else "circle" for value in values)
    return Edged(places, symbols)


def _axis(study: Study) -> str:
    return f"{short(study.label)} ({'higher' if study.greater_is_better else 'lower'} is better)"


def _span(points: History, greater_is_better: bool) -> list[float] | None:
    if len(points.scores) < 4:
        return None
    ordered = sorted(points.scores, reverse=greater_is_better)
    kept = [*ordered[: max(3 * len(ordered) // 4, 3)], points.scores[0]]
    margin = 0.08 * (max(kept) - min(kept)) or 0.01 * abs(kept[0]) or 1.0
    return [min(kept) - margin, max(kept) + margin]

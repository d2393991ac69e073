"""Charts of two models that stand beside each other, on the same scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automl_core.charts.evaluation import figures
from automl_core.evaluation.evaluate import Evaluation

if TYPE_CHECKING:
    import plotly.graph_objects as go

FREE = {
    "Money by threshold": "y",
    "Lift": "y",
    "Predicted against actual": "xy",
    "Residuals": "xy",
    "Error by size of the value": "y",
}
"""The axes that have no ends of their own, by the title of the chart."""
ROOM = 0.04
"""Share of the span that is left free at both ends."""


def figures_beside(one: Evaluation, other: Evaluation) -> dict[str, tuple[go.Figure, ...]]:
    """Return the figures of two evaluations, by title, on the same scale; of the first alone where the second lacks one."""
    first, second = figures(one), figures(other)
    found = {title: (made, second[title]) if title in second else (made,) for title, made in first.items()}
    for title, pair in found.items():
        for axis in FREE.get(title, ""):
            same_scale(pair, axis)
    return found


def same_scale(made: Sequence[go.Figure], axis: str) -> None:
    """Give figures one range on the axis ``x`` or ``y``, so that what is longer is more; a figure alone keeps its own.

    Error bars lie inside; zero does where the chart has bars, or asks for it.
    """
    if len(made) < 2:
        return
    ends = [end for figure in made for end in _ends(figure, axis)]
    if not ends:
        return
    low, high = min(ends), max(ends)
    room = ROOM * (high - low or abs(high) or 1.0)
    at = (low - room if low else 0.0, high + room if high else 0.0)
    for figure in made:
        figure.update_layout({f"{axis}axis": {"range": at, "rangemode": "normal"}})


def _ends(figure: go.Figure, axis: str) -> list[float]:
    """Return the values that an axis has to show, with their error bars."""
    found = [0.0] if getattr(figure.layout, f"{axis}axis").rangemode == "tozero" else []
    for trace in figure.data:
        values = _numbers(trace[axis])
        bars = getattr(trace, f"error_{axis}", None)
        up = _numbers(bars.array) if bars is not None else []
        down = _numbers(bars.arrayminus) if bars is not None else []
        found += values
        found += [value + more for value, more in zip(values, up, strict=False)]
        found += [value - less for value, less in zip(values, down or up, strict=False)]
        if trace.type == "bar" and axis == "y":
            found.append(0.0)
        elif trace.type == "bar" and trace.width:
            found += [min(values) - trace.width / 2, max(values) + trace.width / 2]
    return found


def _numbers(values: Any) -> list[float]:
    return [] if values is None else [float(value) for value in values if value is not None]

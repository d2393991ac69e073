"""The course of a run: every model's score against time, and the best so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY
from automl_core.leaderboard import Candidate, Leaderboard

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Course:
    """The scored rows of a run in the order of their completion.

    Parameters
    ----------
    seconds : tuple of float
        When each score was complete, since the start of the run.
    scores : tuple of float
    spreads : tuple of float
        Standard deviation over the folds, 0 where unknown.
    names : tuple of str
    best : tuple of float
        The best score up to and including each point.
    """

    seconds: tuple[float, ...]
    scores: tuple[float, ...]
    spreads: tuple[float, ...]
    names: tuple[str, ...]
    best: tuple[float, ...]


def course(leaderboard: Leaderboard) -> Course:
    """Return the points of a run's chart; rows without a score are left out."""
    scored: list[tuple[float, float, Candidate]] = sorted(
        ((row.at_seconds, row.score, row) for row in leaderboard if row.state == "scored" and row.score is not None),
        key=lambda point: point[0],
    )
    better = max if leaderboard.greater_is_better else min
    best: list[float] = []
    for _, score, _ in scored:
        best.append(better(best[-1], score) if best else score)
    return Course(
        tuple(seconds for seconds, _, _ in scored),
        tuple(score for _, score, _ in scored),
        tuple(row.spread or 0.0 for _, _, row in scored),
        tuple(row.name for _, _, row in scored),
        tuple(best),
    )


def course_figure(leaderboard: Leaderboard, metric_label: str) -> go.Figure:
    """Draw score against time: a point with its spread for each model, a stepped line for the best so far.

    Parameters
    ----------
    leaderboard : Leaderboard
    metric_label : str
        The metric's name for people, the label of the upright axis.

    Returns
    -------
    Figure
        Without a title or colours of its own background, so that it fits light and dark. Far outliers do not squeeze
        the others: the axis covers the better half with a margin, and points outside are told by `names`.
    """
    import plotly.graph_objects as go

    points = course(leaderboard)
    figure = go.Figure()
    figure.add_scatter(
        x=points.seconds,
        y=points.best,
        mode="lines",
        line={"shape": "hv", "color": ACCENT, "width": 2},
        name="Best so far",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=points.seconds,
        y=points.scores,
        mode="markers",
        marker={"color": GREY, "size": 8},
        error_y={"type": "data", "array": points.spreads, "color": GREY, "thickness": 1, "width": 3},
        text=points.names,
        name="Each model, with its spread over the folds",
        hovertemplate="%{text}<br>%{y:.4g} after %{x:.0f} s<extra></extra>",
    )
    figure.update_layout(
        height=300,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.12, "x": 0},
        xaxis={"title": "Seconds since the start", "rangemode": "tozero", "showgrid": False},
        yaxis={"title": metric_label, "range": _window(points, leaderboard.greater_is_better)},
    )
    return figure


def _window(points: Course, greater_is_better: bool) -> list[float] | None:
    """Return the range of scores worth seeing: from the best one to a little beyond the median."""
    if len(points.scores) < 3:
        return None
    ordered = sorted(points.scores, reverse=greater_is_better)
    best, middle = ordered[0], ordered[len(ordered) * 3 // 4]
    spread = max(points.spreads)
    margin = max(abs(best - middle) * 0.25, min(spread, abs(best - middle)), abs(best) * 1e-3)
    return sorted(
        [best + margin if greater_is_better else best - margin, middle - margin if greater_is_better else middle + margin]
    )

"""A run's scores: each with its spread, and the course of the best one over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, layout, short
from automl_core.data.wording import cut
from automl_core.honesty import Honesty
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
        yaxis={"title": metric_label, "range": _window(leaderboard)},
    )
    return figure


def _window(leaderboard: Leaderboard) -> list[float] | None:
    """Return the range of scores worth seeing: from the best model's to that of three in four; the baseline may lie outside."""
    models = [row for row in leaderboard.ranked() if row.state == "scored" and row.score is not None and row.role != "baseline"]
    if len(models) < 3:
        return None
    greater_is_better = leaderboard.greater_is_better
    ends = (models[0], models[len(models) * 3 // 4])
    best, middle = (row.score or 0.0 for row in ends)
    spread = max(row.spread or 0.0 for row in ends)
    margin = max(abs(best - middle) * 0.25, 1.05 * spread, abs(best) * 1e-3)
    return sorted(
        [best + margin if greater_is_better else best - margin, middle - margin if greater_is_better else middle + margin]
    )


@dataclass(frozen=True)
class Standings:
    """The best rows of a leaderboard, best first.

    Parameters
    ----------
    names : tuple of str
    scores : tuple of float
    spreads : tuple of float
        Standard deviation over the folds, 0 where unknown.
    alike : tuple of bool
        Whether it cannot be told from the best.
    recommended : int
        Place of the recommended one, -1 when it is not among them.
    baseline : float or None
    window : tuple of float
        The range of scores that is worth seeing.
    note : str
        What is not in the chart.
    """

    names: tuple[str, ...]
    scores: tuple[float, ...]
    spreads: tuple[float, ...]
    alike: tuple[bool, ...]
    recommended: int
    baseline: float | None
    window: tuple[float, float]
    note: str = ""


SHOWN = 20
"""Most models in the chart of scores."""


def standings(leaderboard: Leaderboard, honesty: Honesty, *, limit: int = SHOWN) -> Standings:
    """Return the points of the chart of scores; raises ValueError when nothing was scored."""
    scored = [row for row in leaderboard.ranked() if row.state == "scored" and row.score is not None]
    base = next((row.score for row in scored if row.role == "baseline"), None)
    models = [row for row in scored if row.role != "baseline"] or scored
    rows = models[:limit]
    points = [(row.score or 0.0, row.spread or 0.0) for row in rows]
    # The better three quarters with their spread; one that is far behind must not squeeze all others.
    near = points[: max(len(points) * 3 // 4, 3)]
    low, high = min(score - spread for score, spread in near), max(score + spread for score, spread in near)
    margin = 0.05 * (high - low) or 0.01 * abs(high) or 1.0
    window = (low - margin, high + margin)
    beyond = sum(not window[0] <= score <= window[1] for score, _ in points)
    notes = []
    if len(models) > limit:
        notes.append(f"The best {limit} of {len(models)} are drawn.")
    if beyond:
        notes.append(f"{beyond} {'is' if beyond == 1 else 'are'} beyond the edge.")
    return Standings(
        tuple(row.name for row in rows),
        tuple(score for score, _ in points),
        tuple(spread for _, spread in points),
        tuple(honesty.groups.get(row.id) == 1 for row in rows),
        next((place for place, row in enumerate(rows) if row.id == leaderboard.recommended), -1),
        base if base is not None and window[0] <= base <= window[1] else None,
        window,
        " ".join([*notes, "The table has all of them."]) if notes else "",
    )


def score_figure(found: Standings, metric_label: str) -> go.Figure:
    """Draw each model's score as a dot with its spread, the best on top; those like the best in the accent's colour.

    Parameters
    ----------
    found : Standings
    metric_label : str
        The metric's name for people, the label of the lower axis.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    places = list(range(len(found.names)))
    for alike, color, name in ((True, ACCENT, "Cannot be told from the best"), (False, GREY, "Told apart from it")):
        chosen = [place for place in places if found.alike[place] is alike]
        figure.add_scatter(
            x=[found.scores[place] for place in chosen],
            y=chosen,
            mode="markers",
            marker={
                "color": color,
                "size": [12 if place == found.recommended else 8 for place in chosen],
                "symbol": ["diamond" if place == found.recommended else "circle" for place in chosen],
            },
            error_x={
                "type": "data",
                "array": [found.spreads[place] for place in chosen],
                "color": color,
                "thickness": 1.5,
                "width": 3,
            },
            customdata=[[short(found.names[place], 80), found.spreads[place]] for place in chosen],
            name=name,
            hovertemplate="%{customdata[0]}<br>%{x:.4g} ± %{customdata[1]:.2g}<extra></extra>",
        )
    room = int(found.baseline is not None)  # for the word above the first model
    if room:
        figure.add_vline(x=found.baseline, line={"color": GREY, "dash": "dot", "width": 1}, annotation_text="Baseline")
    figure.update_layout(
        **layout(
            90 + 22 * (len(places) + room),
            legend=len(set(found.alike)) > 1,
            legend_traceorder="normal",
        )
    )
    figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"})
    figure.update_xaxes(title=metric_label, range=list(found.window), showgrid=True)
    figure.update_yaxes(
        tickvals=places,
        ticktext=[f"{place}  {short(cut(name, 28), 28)}" for place, name in enumerate(found.names, start=1)],
        range=[len(places) - 0.4, -0.6 - room],
        showgrid=False,
    )
    return figure

"""A split by time as bars: what each fold learned from, the gap, and what it judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from automl_core.charts.style import ACCENT, GREY, layout
from automl_core.search.proof import Proof

if TYPE_CHECKING:
    import plotly.graph_objects as go

READING = "Each bar is a stretch of time: grey was learned from, teal was judged. Between them lies the gap, if there is one."


@dataclass(frozen=True)
class Stretch:
    """A stretch of time of one fold; `begin` and `end` are dates as text or numbers."""

    side: str
    judged: bool
    begin: str | float
    end: str | float
    rows: int


def stretches(proof: Proof) -> tuple[Stretch, ...]:
    """Return the stretches of every side of a split by time, learned before judged; none for other splits."""
    found = []
    for side in proof.sides:
        for judged, begin, end, rows in (
            (False, side.learned_from, side.learned_until, side.learned),
            (True, side.judged_from, side.judged_until, side.judged),
        ):
            if begin is not None and end is not None:
                found.append(Stretch(side.name, judged, begin, end, rows))
    return tuple(found)


def split_figure(proof: Proof) -> go.Figure:
    """Draw the stretches, one line a fold, the first on top."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for judged, name, colour in ((False, "Learned from", GREY), (True, "Judged", ACCENT)):
        x: list[str | float | None] = []
        y: list[str | None] = []
        texts: list[str] = []
        for one in stretches(proof):
            if one.judged == judged:
                x += [one.begin, one.end, None]
                y += [one.side, one.side, None]
                texts += [f"{one.side}: {one.rows:,} rows, {name.lower()}"] * 3
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines+markers",
            line={"width": 9, "color": colour},
            marker={"size": 9, "symbol": "square", "color": colour},
            text=texts,
            name=name,
            hovertemplate="%{text}<br>%{x}<extra></extra>",
        )
    sides = [side.name for side in proof.sides]
    figure.update_layout(layout(90 + 34 * len(sides), yaxis={"autorange": "reversed", "automargin": True, "showgrid": False}))
    return figure

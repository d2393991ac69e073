"""Axes that become a small inline SVG without scripts, and names on them: what the report's charts are drawn with."""

from __future__ import annotations

import html
import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#7A8585"
"""Lines and letters that can be read on white and on black."""
INSIDE = 3
"""Most names that stand inside a chart."""
LETTERS, LINE = 64, 0.17
"""Of a legend above a chart: how many letters stand beside each other, and the height of a line in inches."""


@contextmanager
def svg_axes(title: str, width: float = 5.2, height: float = 3.2) -> Iterator[tuple[Axes, list[str]]]:
    """Give axes to draw on; the list holds the finished SVG afterwards, with `title` for those who cannot see it."""
    import matplotlib

    matplotlib.use("svg", force=True)
    from matplotlib.figure import Figure

    style: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "tablewright",
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "text.parse_math": False,
    }
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots()
        result: list[str] = []
        yield axes, result
        buffer = io.StringIO()
        with warnings.catch_warnings():
            # Text stays text and is drawn by the reader's own letters; ours are only measured.
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Points become pixels that shrink with the page, and the chart needs no fixed size.
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", re.sub(r'height="[\d.]+pt"', "", text, count=1), count=1)
    text = text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(title)}" ', 1)
    # Several charts share a page, where no two things may have the same id; nothing refers to those of groups.
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    result.append(re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL))


def name_on(text: str, length: int = 30) -> str:
    """Return a name that fits and draws as it is written; what XML cannot hold becomes a space."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return plain if len(plain) <= length else plain[: length - 1] + "…"


def label_on(text: str, length: int = 20) -> str:
    """Return a name for a legend, from which Matplotlib leaves out what begins with an underscore."""
    name = name_on(text, length)
    return f" {name}" if name.startswith("_") else name


def add_legend(axes: Axes) -> None:
    """Name the lines of a chart: inside it where there are few, above it where many names would lie over the lines."""
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) <= INSIDE:
        axes.legend()
        return
    columns = max(1, LETTERS // (max(map(len, labels)) + 6))
    figure: Any = axes.figure
    figure.set_figheight(figure.get_figheight() + LINE * math.ceil(len(labels) / columns))
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, fontsize=8, columnspacing=1.2)


def lying_bars(axes: Axes, names: list[str]) -> list[int]:
    """Name the lying bars and return their places: by name, two that are cut alike would be one."""
    places = list(range(len(names)))
    axes.set_yticks(places, names)
    return places

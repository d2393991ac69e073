"""The colours and the layout that every chart shares; they fit light and dark."""

from __future__ import annotations

from typing import Any

from automl_core.data.wording import cut

ACCENT = "#0F8A8A"
GREY = "#8A9A9A"
HARM = "#D55E00"
PALETTE = ("#0F8A8A", "#E69F00", "#56B4E9", "#CC79A7", "#009E73", "#D55E00", "#0072B2", "#F0E442")
"""The accent, then the colours of Okabe and Ito (2008), which colour-blind people tell apart."""
THEME_INK = "#000037"
"""What Streamlit replaces by its theme's ink, dark on light and light on dark (its ``GRAY_90``); elsewhere it is near black."""
TEAL_SCALE = [[0.0, "rgba(15,138,138,0.04)"], [1.0, "rgba(15,138,138,0.8)"]]
"""From nothing to the accent, on any background; a little of it shines through, so that ink can be read on the strongest."""


def layout(height: int = 340, *, legend: bool = True, **more: Any) -> dict[str, Any]:
    """Return a layout for `plotly.graph_objects.Figure.update_layout`; `more` is merged into it."""
    return {
        "height": height,
        "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
        "showlegend": legend,
        # It grows upward from the chart, so that many names on a narrow page lie over nothing.
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "xaxis": {"showgrid": False, "zeroline": False, "automargin": True},
        "yaxis": {"zeroline": False, "automargin": True},
        **more,
    }


def height_for(lines: int) -> int:
    """Return the height of a chart of so many named lines: on a narrow page every name takes a row above the chart."""
    return 340 + 18 * max(lines - 3, 0)


def add_cell_texts(figure: Any, texts: list[list[str]]) -> None:
    """Write into the cells of a heat map drawn by place, in an ink that can be read on every strength of the accent.

    Plotly chooses by the colour without its transparency, and so writes dark on dark.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    texts : list of list of str
        By row and column.
    """
    cells = [(x, y) for y, row in enumerate(texts) for x, _ in enumerate(row)]
    figure.add_scatter(
        x=[x for x, _ in cells],
        y=[y for _, y in cells],
        text=[texts[y][x] for x, y in cells],
        mode="text",
        textfont={"color": THEME_INK, "size": 12},
        hoverinfo="skip",
        showlegend=False,
    )


def short(text: str, length: int = 40) -> str:
    """Return a name that fits on an axis, cut in its middle, as text that Plotly does not take for markup."""
    return cut(text, length).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

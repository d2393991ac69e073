"""The small picture on a column's card, as plain HTML: a page has a dozen, and a dozen Plotly charts take a browser a second."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from automl_core.charts.style import ACCENT, GREY
from automl_core.data.wording import cut, rows_of
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.wording import number

HEIGHT = 90
"""Pixels of a histogram's highest bar."""
NAME, WORDS = 18, 5
"""Most characters of a word, and most words that get a bar of their own."""


def column_picture(column: ColumnProfile) -> str:
    """Return a column's distribution as HTML that fits light and dark; empty for keys, texts and empty columns.

    What each bar holds is told by the pointer, as its title.
    """
    if column.counts and column.kind in ("number", "date"):
        return _picture(column, _histogram(column))
    return _picture(column, _frequent(column)) if column.values else ""


def _picture(column: ColumnProfile, inside: str) -> str:
    name = escape(" ".join(column.name.split())[:60])
    return f'<div role="img" aria-label="Distribution of {name}" style="font-size:0.75rem">{inside}</div>'


def _histogram(column: ColumnProfile) -> str:
    highest = max(column.counts)
    bars = "".join(
        f'<div title="{escape(_told(span, count))}" style="flex:1;height:{_share(count, highest)};background:{ACCENT}"></div>'
        for span, count in zip(_spans(column), column.counts, strict=True)
    )
    ends = (column.first[:10], column.last[:10])
    if column.kind == "number":
        ends = (number(column.numbers["min"]), number(column.numbers["max"]))
    several = len(column.counts) > 1
    below = "".join(f"<span>{escape(end)}</span>" for end in (ends if several else ends[:1]))
    return (
        f'<div style="display:flex;align-items:flex-end;gap:1px;height:{HEIGHT}px">{bars}</div>'
        f'<div style="display:flex;justify-content:{"space-between" if several else "center"};opacity:0.7">{below}</div>'
    )


def _frequent(column: ColumnProfile) -> str:
    shown = [(word or "(empty)", count, ACCENT) for word, count in column.values[:WORDS]]
    if rest := column.rest + sum(count for _, count in column.values[WORDS:]):
        shown.append(("all others", rest, GREY))
    most = max(count for _, count, _ in shown)
    lines = "".join(
        f'<div title="{escape(_told(word, count))}" style="display:contents"><span>{escape(cut(word, NAME))}</span>'
        f'<div style="width:{_share(count, most)};height:0.9em;background:{color}"></div></div>'
        for word, count, color in shown
    )
    return f'<div style="display:grid;grid-template-columns:max-content 1fr;gap:2px 8px;align-items:center">{lines}</div>'


def _told(what: str, count: int) -> str:
    return f"{what}: {rows_of(count)}"


def _share(count: int, highest: int) -> str:
    """Return the length of a bar; what is there at all can be seen."""
    return f"{max(100 * count / highest, 1):.4g}%" if count else "0"


def _spans(column: ColumnProfile) -> list[str]:
    """Return what each bar of a histogram holds."""
    if column.kind == "date":
        import pandas as pd

        days = [pd.Timestamp(edge, unit="s").isoformat()[:10] for edge in column.edges]
        return [f"{low} to {high}" for low, high in pairwise(days)]
    whole = len(column.edges) > 2 and column.edges[-1] > column.numbers["max"]
    spans = [(low, high - 1 if whole else high) for low, high in pairwise(column.edges)]
    return [number(low) if low == high else f"{number(low)} to {number(high)}" for low, high in spans]

"""What single columns do, and whether more rows would help, as charts of the report: each with its table and a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.charts.dependence import LOW_AND_HIGH, Dots, by_share, curve_reading, dependence_reading, dots_of
from automl_core.charts.drawing import label_on, name_on, svg_axes
from automl_core.charts.importance import LOW_TO_HIGH
from automl_core.charts.judging import LEARNING
from automl_core.charts.style import ACCENT, GREY
from automl_core.charts.tables import NAME, ChartTable
from automl_core.explaining.points import parts_of
from automl_core.profiling.wording import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from automl_core.evaluation.learning import LearningCurve
    from automl_core.explaining.curves import Curve
    from automl_core.explaining.points import Points, Together
    from automl_core.explaining.reasons import Reasons

COLUMNS = 6
"""Most columns that have charts of their own in a report."""
GROUPS = 8
"""Numbers and dates of more values are told by eighths of the rows."""
TICKS = 6
"""Most numbers that are named one by one on an axis."""
LEGEND: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)}


@dataclass(frozen=True)
class ReportChart:
    """A chart of the report.

    Parameters
    ----------
    title : str
    reading : str
        How it is read.
    svg : str
    table : ChartTable
        The same as a table and as a sentence.
    """

    title: str
    reading: str
    svg: str
    table: ChartTable


def effects_note(reasons: Reasons) -> str:
    """Say which columns and which of several outcomes are shown."""
    shown = sum(1 for curve in reasons.curves[:COLUMNS] if curve.labels)
    several = len(reasons.outputs) > 1
    outcome = f", for the outcome {reasons.points.outputs[reasons.foremost]!r}, which columns move most" if several else ""
    return f"The {shown} columns that move predictions most, of {len(reasons.columns)}{outcome}."


def effect_charts(reasons: Reasons) -> tuple[ReportChart, ...]:
    """Return what is predicted at each value of the columns that matter most, and what they added row by row."""
    output, pairs = reasons.foremost, {pair.column: pair for pair in reasons.together}
    curves = reasons.curves[:COLUMNS]
    found = []
    for curve, name in zip(curves, apart([name_on(curve.column, NAME) for curve in curves]), strict=True):
        if curve.labels:
            found.append(_curve(curve, f"What is predicted at each value of {name}", output, reasons))
        if curve.column in reasons.points.columns and (dots := dots_of(reasons.points, pairs[curve.column])).at:
            found.append(_dependence(f"What {name} added, row by row", reasons, pairs[curve.column], dots, output))
    return tuple(found)


def apart(names: Sequence[str]) -> list[str]:
    """Return names and titles that were cut to fit; those that are alike then are numbered."""
    found: list[str] = []
    for name in names:
        number_of = 1
        while (name if number_of == 1 else f"{name} ({number_of})") in found:
            number_of += 1
        found.append(name if number_of == 1 else f"{name} ({number_of})")
    return found


def _curve(curve: Curve, title: str, output: int, reasons: Reasons) -> ReportChart:
    label = name_on(reasons.outputs[output], 24)
    with svg_axes(title) as (axes, result):
        (_bars if curve.kind == "word" else _lines)(axes, curve, output)
        axes.set_xlabel(name_on(curve.column))
        axes.set_ylabel(f"Probability of {label}" if reasons.scale == "log_odds" else label)
    mean, names = curve.mean[output], [name_on(label, NAME) for label in curve.labels]
    low, high = curve.span(output)
    says = (
        f"The mean prediction is lowest, {number(mean[low])}, at {names[low]!r} and highest, {number(mean[high])}, at "
        f"{names[high]!r}."
    )
    rows = tuple((name, number(value), percent(share)) for name, value, share in zip(names, mean, curve.share, strict=True))
    table = ChartTable(title, says, (name_on(curve.column, NAME), "Mean prediction", "Rows"), rows)
    return ReportChart(title, curve_reading(curve), result[0], table)


def _lines(axes: Axes, curve: Curve, output: int) -> None:
    at = _times(curve.at) if curve.kind == "date" else list(curve.at)
    for row in curve.single[output]:
        axes.plot(at, row, color=GREY, linewidth=0.7, alpha=0.35)
    axes.plot(at, curve.mean[output], "o-", color=ACCENT, linewidth=2, markersize=3.5)
    if curve.kind == "date":
        axes.tick_params(axis="x", labelrotation=35)
    elif len(curve.at) <= TICKS:
        axes.set_xticks(curve.at, [name_on(label, 18) for label in curve.labels])


def _bars(axes: Axes, curve: Curve, output: int) -> None:
    order = by_share(curve)
    axes.bar(range(len(order)), [curve.mean[output][place] for place in order], color=ACCENT)
    _name_places(axes, [curve.labels[place] for place in order])


def _name_places(axes: Axes, words: Sequence[str]) -> None:
    names = [name_on(word, 18) for word in words]
    turned: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(" ".join(names)) > 40 else {}
    axes.set_xticks(range(len(names)), names, **turned)


def _times(seconds: Sequence[float]) -> Any:
    return np.asarray(seconds, dtype="float64").astype("datetime64[s]")


def _dependence(title: str, reasons: Reasons, pair: Together, dots: Dots, output: int) -> ReportChart:
    points = reasons.points
    place = points.columns.index(pair.column)
    with svg_axes(title) as (axes, result):
        _points(axes, points, dots, points.values[output][place], dates=points.kinds[place] == "date")
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel(name_on(pair.column))
        axes.set_ylabel(f"Contribution to {name_on(points.outputs[output], 24)}")
    rows = _by_value(points, place, points.values[output][place], sorted(dots.at))
    low, high = (choose(rows, key=lambda row: row[1]) for choose in (min, max))
    says = (
        f"On average least, {_signed(low[1])}, is added at {low[0]!r}, and most, {_signed(high[1])}, at {high[0]!r}."
        if len(rows) > 1
        else f"On average {_signed(low[1])} is added."
    )
    told = tuple(
        (name, _signed(mean), f"{_signed(least)} to {_signed(most)}", f"{count:,}") for name, mean, least, most, count in rows
    )
    columns = (name_on(pair.column, NAME), "Added on average", "Least to most", "Rows")
    return ReportChart(title, dependence_reading(reasons, pair), result[0], ChartTable(title, says, columns, told))


def _points(axes: Axes, points: Points, dots: Dots, values: Sequence[float], *, dates: bool) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("low_to_high", [(at, color) for at, color in LOW_TO_HIGH])
    for cloud in dots.clouds:
        x = [dots.at[row] for row in cloud.rows]
        axes.scatter(
            np.asarray(x, dtype="datetime64[s]") if dates else x,
            [values[row] for row in cloud.rows],
            s=12,
            alpha=0.75,
            linewidths=0,
            label=label_on(cloud.name, 18),
            rasterized=True,  # hundreds of points stay small
            **({"color": cloud.color} if cloud.color else {"c": cloud.ranks, "cmap": ramp, "vmin": 0, "vmax": 1}),
        )
    if dots.words:
        _name_places(axes, dots.words)
    elif dates:
        axes.tick_params(axis="x", labelrotation=35)
    elif len(known := sorted(set(dots.at.values()))) <= TICKS:
        axes.set_xticks(known, [number(value) for value in known])
    if dots.partner is not None:
        if not dots.clouds[0].color:
            for name, (_, color) in zip(LOW_AND_HIGH, LOW_TO_HIGH, strict=True):
                axes.plot([], [], "o", color=color, markersize=4, label=name)
        axes.legend(title=name_on(points.columns[dots.partner], 18), **LEGEND)


def _by_value(
    points: Points, place: int, values: Sequence[float], rows: Sequence[int]
) -> list[tuple[str, float, float, float, int]]:
    """Return for each value, or eighth of the rows, its name, the mean, least and most that was added, and its rows."""
    cells = pd.Series([points.cells[place][row] for row in rows], dtype=object)
    added = pd.Series([values[row] for row in rows], dtype="float64")
    if points.kinds[place] == "word":
        codes, order = cells, list(cells.value_counts().index)
    else:
        numbers = pd.Series([points.numbers[place][row] for row in rows], dtype="float64")
        cells = cells.iloc[np.argsort(numbers, kind="stable")]
        codes = numbers if numbers.nunique() <= GROUPS else pd.Series(parts_of(numbers), index=numbers.index)
        order = sorted(codes.unique())
    found = []
    for code in order:
        names, some = cells[codes[cells.index] == code], added[codes == code]
        ends = list(dict.fromkeys((name_on(names.iloc[0], NAME), name_on(names.iloc[-1], NAME))))
        found.append((" to ".join(ends), float(some.mean()), float(some.min()), float(some.max()), len(some)))
    return found


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value, 3)


def learning_chart(curve: LearningCurve, candidate_id: str) -> ReportChart:
    """Return the score by the rows learned from; an ensemble's curve is that of a member, which is said."""
    title = "Score by the rows learned from"
    with svg_axes(title, width=6.4) as (axes, result):
        for color, name, which in ((ACCENT, "rows not learned from", "judged"), (GREY, "rows learned from", "learned")):
            scores = [getattr(point, which) for point in curve.points]
            means = [sum(values) / len(values) for values in scores]
            bars = [[mean - min(values) for mean, values in zip(means, scores, strict=True)]]
            bars.append([max(values) - mean for mean, values in zip(means, scores, strict=True)])
            rows = [point.rows for point in curve.points]
            axes.errorbar(rows, means, yerr=bars, fmt="o-", color=color, markersize=4, linewidth=1.4, label=name)
        axes.set_xlim(left=0)
        axes.set_xlabel("Rows learned from")
        axes.set_ylabel(name_on(curve.label, NAME))
        axes.legend()
    rows_told = tuple((f"{point.rows:,}", _spread(point.judged), _spread(point.learned)) for point in curve.points)
    columns = ("Rows", "On rows not learned from", "On rows learned from")
    says = f"With {rows_told[-1][0]} rows {curve.label} is {rows_told[-1][1]} on rows not learned from." if rows_told else ""
    member = f" The curve is that of {curve.name}, the ensemble's heaviest member." if curve.candidate != candidate_id else ""
    return ReportChart(title, LEARNING + member, result[0], ChartTable(title, says, columns, rows_told))


def _spread(values: Sequence[float]) -> str:
    return f"{number(round(sum(values) / len(values), 9))} ({number(min(values))} to {number(max(values))})"

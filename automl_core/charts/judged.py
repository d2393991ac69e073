"""Where a model fails, how it treats groups and whether its ranges hold, as charts of the report: each with table and words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from automl_core.charts.drawing import label_on, lying_bars, name_on, svg_axes
from automl_core.charts.effects import ReportChart, apart
from automl_core.charts.style import ACCENT, GREY, PALETTE
from automl_core.charts.tables import NAME, ChartTable
from automl_core.evaluation.failing import error_words
from automl_core.evaluation.fairness import LABELS, fairness_sentence
from automl_core.profiling.wording import number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from automl_core.evaluation.coverage import Coverage
    from automl_core.evaluation.evaluate import Score
    from automl_core.evaluation.failing import Failing
    from automl_core.evaluation.fairness import Fairness

GROUPS = 8
"""Most groups that are told."""
FAILS = "Each bar is a group of rows in which the model surely errs more, with its 95 % interval. The dashed line is all rows."
FAIR = "Each point is how often something happens in a group, with its 95 % interval. Small groups differ by chance, too."
FAIR_ERRORS = "Each point is how far predictions are off in a group, with its 95 % interval. Small groups differ by chance, too."
HOLDS = "How often the truth lay inside against how often it was promised. On the dashed line the promise is kept."


def failing_note(found: Failing) -> str:
    """Say what error means, and how large it is over all rows."""
    whole = error_words(found.error_name, found.error)
    wrong = found.error_name == "wrong"
    what = "Error is the share of rows whose label is wrong" if wrong else "Error is how far predictions are off"
    if not found.groups:
        return f"{what}. No group is surely worse than all {found.rows:,} rows together, whose error is {whole}."
    return " ".join((f"{what}; over all {found.rows:,} rows it is {whole}.", *found.notes))


def failing_charts(found: Failing) -> tuple[ReportChart, ...]:
    """Return the groups in which a model errs most; nothing where there are none."""
    groups, title = found.groups[:GROUPS], "Groups in which it errs most"
    if not groups:
        return ()
    names = [textwrap.wrap(name_on(group.words, 84), 30) for group in groups[::-1]]
    with svg_axes(title, height=0.8 + len(groups) * (0.2 + 0.17 * max(map(len, names)))) as (axes, result):
        heights = lying_bars(axes, ["\n".join(lines) for lines in names])
        down = [group.error - group.low for group in groups[::-1]]
        up = [group.high - group.error for group in groups[::-1]]
        axes.barh(heights, [group.error for group in groups[::-1]], xerr=[down, up], color=ACCENT, ecolor=GREY)
        axes.axvline(found.error, color=GREY, linestyle="--", linewidth=1)
        axes.set_xlabel("Share of wrong labels" if found.error_name == "wrong" else "Mean absolute error")
    worst = groups[0]
    says = f"Where {worst.words}, the error is {number(worst.lift, 3)} times that of all rows."

    def told(value: float) -> str:
        return error_words(found.error_name, value)

    rows = tuple(
        (group.words, told(group.error), f"{told(group.low)} to {told(group.high)}", f"{group.rows:,}", percent(group.of_all))
        for group in groups
    )
    columns = ("Where", "Error", "95 % interval", "Rows", "Of all errors")
    return (ReportChart(title, FAILS, result[0], ChartTable(title, says, columns, rows)),)


def fairness_charts(compared: Sequence[Fairness]) -> tuple[ReportChart, ...]:
    """Return the rates of the groups of several columns, each under a title of its own, however alike their names are."""
    titles = apart([_fairness_title(found) for found in compared])
    return tuple(fairness_chart(found, title) for found, title in zip(compared, titles, strict=True))


def _fairness_title(found: Fairness) -> str:
    outcome = f", for {name_on(found.label, 40)}" if found.label else ""
    return f"Groups of {name_on(found.column, NAME)}{outcome}"


def fairness_chart(found: Fairness, title: str = "") -> ReportChart:
    """Return the rates of the groups of a column; the title names it and the outcome when left out."""
    title = title or _fairness_title(found)
    measures = [name for name in LABELS if name != "bias" and any(name in group.rates for group in found.groups)]
    with svg_axes(title, height=1.4 + 0.5 * len(found.groups)) as (axes, result):
        for place, (color, measure) in enumerate(zip(PALETTE, measures, strict=False)):
            _rates(axes, found, measure, color, 0.2 * (place - (len(measures) - 1) / 2))
        axes.set_yticks(range(len(found.groups)), [name_on(group.name, 24) for group in found.groups])
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.set_xlabel("Share of the rows" if found.label else "Mean absolute error")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    shown = [name for name in LABELS if any(name in group.rates for group in found.groups)]
    rows = tuple(
        (
            name_on(group.name, NAME),
            f"{group.rows:,}",
            *(_told(group.rates[name], bool(found.label)) if name in group.rates else "" for name in shown),
        )
        for group in found.groups
    )
    table = ChartTable(title, fairness_sentence(found), ("Group", "Rows", *(LABELS[name] for name in shown)), rows)
    meant = f" Selected means that {name_on(found.label, 40)!r} is predicted." if found.label else ""
    return ReportChart(title, FAIR + meant if found.label else FAIR_ERRORS, result[0], table)


def _rates(axes: Axes, found: Fairness, measure: str, color: str, lower: float) -> None:
    """Draw one rate of each group with its interval, a little below the middle of the group's place."""
    at = [(height, group.rates[measure]) for height, group in enumerate(found.groups) if measure in group.rates]
    values = [score.value for _, score in at]
    down = [score.value - (score.value if score.low is None else score.low) for _, score in at]
    up = [(score.value if score.high is None else score.high) - score.value for _, score in at]
    heights = [height + lower for height, _ in at]
    label = label_on(LABELS[measure], 40)
    axes.errorbar(values, heights, xerr=[down, up], fmt="o", color=color, markersize=4, linewidth=1, label=label)


def _told(score: Score, share: bool) -> str:
    def write(value: float) -> str:
        return percent(value) if share else number(value, 3)

    between = f" ({write(score.low)} to {write(score.high)})" if score.low is not None and score.high is not None else ""
    return f"{write(score.value)}{between}"


def coverage_chart(found: Coverage, target: str) -> ReportChart:
    """Return how often the truth lay inside the ranges that were asked for."""
    title = "Certainty asked for and kept"
    with svg_axes(title) as (axes, result):
        asked, inside = [held.asked for held in found.held], [held.inside for held in found.held]
        bars = [[held.inside - held.low for held in found.held], [held.high - held.inside for held in found.held]]
        axes.plot([0.5, 1], [0.5, 1], "--", color=GREY, linewidth=0.8)
        axes.errorbar(asked, inside, yerr=bars, fmt="o-", color=ACCENT, markersize=4, linewidth=1)
        axes.set_xlabel("Asked for")
        axes.set_ylabel("Lay inside")
    size = "Labels on average" if found.sets else "Mean width"
    rows = tuple(
        (
            percent(held.asked),
            percent(held.inside),
            f"{percent(held.low)} to {percent(held.high)}",
            "endless" if held.size is None else number(held.size, 3 if found.sets else 4),
        )
        for held in found.held
    )
    columns = ("Asked", "Inside", "95 % interval", size)
    return ReportChart(title, HOLDS, result[0], ChartTable(title, found.sentence(target), columns, rows))

"""Each chart of a report as a table and as a sentence, from the same results; for those who cannot see it, and for print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_core.charts.choice import titles_of
from automl_core.charts.importance import COLUMNS, order
from automl_core.charts.leaderboard import course
from automl_core.evaluation.evaluate import Evaluation
from automl_core.explaining.importance import Explanation
from automl_core.leaderboard import Leaderboard
from automl_core.profiling.wording import number, percent

STEPS = tuple(share / 10 for share in range(11))
"""Where curves are read off."""
SERIES = 8
"""Most labels that a table has a column for."""
NAME = 60


@dataclass(frozen=True)
class ChartTable:
    """What a chart shows.

    Parameters
    ----------
    title : str
    says : str
        The text alternative: what is to be seen, in a sentence.
    columns : tuple of str
    rows : tuple of tuple of str
    """

    title: str
    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def evaluation_tables(evaluation: Evaluation) -> dict[str, ChartTable]:
    """Return the tables of `charts.svg.evaluation_charts`, by title."""
    return {title: MAKERS[title](title, evaluation) for title in titles_of(evaluation) if title in MAKERS}


def importance_tables(explanation: Explanation) -> dict[str, ChartTable]:
    """Return the tables of `charts.svg.importance_charts`, by title."""
    lost, added = "What the score loses without a column", "What each column adds"
    rows = tuple((_cut(row.column), number(row.mean), number(row.spread)) for row in explanation.permutation[:COLUMNS])
    first = f"{rows[0][0]!r} matters most: without it the model loses {rows[0][1]}." if rows else "No column matters."
    found, places = explanation.contributions, order(explanation)
    outputs = [_cut(label) for label in found.outputs[:SERIES]]
    means = tuple((_cut(found.columns[place]), *(number(part[place]) for part in found.mean[:SERIES])) for place in places)
    second = f"{means[0][0]!r} adds most to predictions." if means else "No column adds anything."
    return {
        lost: ChartTable(lost, first, ("Column", f"Worsening of {explanation.metric_label}", "Spread"), rows),
        added: ChartTable(added, second, ("Column", *outputs), means),
    }


def course_table(leaderboard: Leaderboard, label: str) -> ChartTable | None:
    """Return what the best score was after how many seconds; None when nothing was scored."""
    points = course(leaderboard)
    if not points.seconds:
        return None
    rows, best = [], None
    for seconds, value in zip(points.seconds, points.best, strict=True):
        if value != best:
            rows.append((number(seconds, 3), number(value)))
            best = value
    first, last, spent = number(points.best[0]), number(points.best[-1]), number(points.seconds[-1], 3)
    says = f"The best {label} went from {first} to {last} in {spent} s."
    if first == last:
        says = f"The best {label} stayed at {first}: in {spent} s nothing was noticeably better than the first model."
    return ChartTable("Score against time", says, ("Seconds", f"Best {_cut(label)}"), tuple(rows))


def _cut(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _at(x: Sequence[float], y: Sequence[float], steps: Sequence[float], *, last: bool) -> list[float | None]:
    """Return the largest (or, without `last`, the smallest) place of a curve that is within each step."""
    found: list[float | None] = []
    for step in steps:
        inside = [value for place, value in zip(x, y, strict=True) if (place <= step + 1e-12 if last else place >= step - 1e-12)]
        found.append(max(inside) if inside else None)
    return found


def _curve(title: str, parts: Mapping[str, Any], x: str, y: str, names: tuple[str, str], *, last: bool) -> tuple[Any, Any]:
    labels = list(parts)[:SERIES]
    columns = [_at(parts[label][x], parts[label][y], STEPS, last=last) for label in labels]
    rows = tuple(
        (percent(step), *("" if (value := column[place]) is None else percent(value) for column in columns))
        for place, step in enumerate(STEPS)
    )
    return (names[0], *(f"{names[1]}: {_cut(label)}" for label in labels)), rows


def _roc(title: str, evaluation: Evaluation) -> ChartTable:
    parts = evaluation.curves["roc"]
    columns, rows = _curve(title, parts, "fpr", "tpr", ("False alarms at most", "Found"), last=True)
    areas = ", ".join(f"{part['auc']:.3f} for {_cut(label)!r}" for label, part in list(parts.items())[:SERIES])
    return ChartTable(title, f"The area under the curve is {areas}; a guess has 0.5.", columns, rows)


def _pr(title: str, evaluation: Evaluation) -> ChartTable:
    parts = evaluation.curves["pr"]
    columns, rows = _curve(title, parts, "recall", "precision", ("Found at least", "Right of the found"), last=False)
    areas = ", ".join(f"{part['average_precision']:.3f} for {_cut(label)!r}" for label, part in list(parts.items())[:SERIES])
    return ChartTable(title, f"The average precision is {areas}.", columns, rows)


def _gain(title: str, evaluation: Evaluation) -> ChartTable:
    parts = dict(list(evaluation.curves["gain"].items())[:SERIES])
    found = {label: _found(part) for label, part in parts.items()}
    rows = tuple((percent(step), *(percent(found[label][place]) for label in parts)) for place, step in enumerate(STEPS))
    first = next(iter(parts))
    says = f"Among the most probable 20 % of the rows are {percent(found[first][2])} of those with {_cut(first)!r}."
    return ChartTable(title, says, ("Most probable rows", *(f"Found: {_cut(label)}" for label in parts)), rows)


def _lift(title: str, evaluation: Evaluation) -> ChartTable:
    parts = dict(list(evaluation.curves["gain"].items())[:SERIES])
    found = {label: _found(part) for label, part in parts.items()}
    rows = tuple(
        (percent(step), *(number(found[label][place] / step, 3) for label in parts)) for place, step in enumerate(STEPS) if step
    )
    first = _cut(next(iter(parts)))
    says = f"Among the most probable 10 % of the rows there are {rows[0][1]} times as many with {first!r} as in all."
    return ChartTable(title, says, ("Most probable rows", *(f"Times as many: {_cut(label)}" for label in parts)), rows)


def _found(part: Mapping[str, Any]) -> list[float]:
    """Return the share of the events that is found at each of `STEPS`, on the straight lines that the chart draws."""
    return [float(value) for value in np.interp(STEPS, part["share"], part["found"])]


def _apart(title: str, evaluation: Evaluation) -> ChartTable:
    ((label, part),) = evaluation.curves["ks"].items()
    sides = [_at(part["threshold"], part[name], STEPS, last=True) for name in ("events", "others")]
    rows = tuple((percent(step), *(percent(side[place] or 0.0) for side in sides)) for place, step in enumerate(STEPS))
    says = f"The two lines are furthest apart, by {part['value']:.3f}, at a probability of {number(part['at'], 3)}."
    return ChartTable(title, says, ("Probability at most", f"Rows with {_cut(label)}", "Other rows"), rows)


def _distribution(title: str, evaluation: Evaluation) -> ChartTable:
    part = evaluation.curves["distribution"]
    edges, labels = part["edges"], list(part["counts"])
    rows = tuple(
        (f"{percent(edges[place])} to {percent(edges[place + 1])}", *(f"{part['counts'][label][place]:,}" for label in labels))
        for place in range(len(edges) - 1)
    )
    totals = {label: max(sum(part["counts"][label]), 1) for label in labels}
    above = {label: sum(part["counts"][label][len(rows) // 2 :]) / totals[label] for label in labels}
    told = ", ".join(f"{percent(share)} of the rows with {_cut(label)!r}" for label, share in above.items())
    return ChartTable(title, f"A probability of 50 % or more have {told}.", ("Probability", *map(_cut, labels)), rows)


def _calibration(title: str, evaluation: Evaluation) -> ChartTable:
    parts = evaluation.curves["calibration"]
    rows, furthest = [], 0.0
    for label, part in list(parts.items())[:SERIES]:
        for predicted, seen, low, high in zip(part["predicted"], part["observed"], part["low"], part["high"], strict=True):
            furthest = max(furthest, abs(predicted - seen))
            rows.append((_cut(label), percent(predicted), percent(seen), f"{percent(low)} to {percent(high)}"))
    says = f"Predicted and observed shares differ by {percent(furthest)} at most."
    return ChartTable(title, says, ("Label", "Predicted", "Observed", "95 % interval"), tuple(rows))


def _money(title: str, evaluation: Evaluation) -> ChartTable:
    part = evaluation.curves["money"]
    places = [round(step * (len(part["threshold"]) - 1) / 10) for step in range(11)]
    rows = tuple((number(part["threshold"][place]), number(part["per_row"][place])) for place in dict.fromkeys(places))
    best = max(range(len(part["threshold"])), key=lambda place: part["per_row"][place])
    says = f"A row earns most, {number(part['per_row'][best])}, at a threshold of {number(part['threshold'][best])}."
    return ChartTable(title, says, ("Threshold", "Money per row"), rows)


def _scatter(title: str, evaluation: Evaluation) -> ChartTable:
    part = evaluation.curves["predicted_actual"]
    pairs = sorted(zip(part["actual"], part["predicted"], strict=True))
    rows = []
    for tenth in range(min(10, len(pairs))):
        some = pairs[tenth * len(pairs) // min(10, len(pairs)) : (tenth + 1) * len(pairs) // min(10, len(pairs))]
        means = [sum(pair[side] for pair in some) / len(some) for side in (0, 1)]
        rows.append((f"{number(some[0][0])} to {number(some[-1][0])}", number(means[0]), number(means[1])))
    says = f"{len(pairs):,} rows; predictions reach from {number(min(part['predicted']))} to {number(max(part['predicted']))}."
    return ChartTable(title, says, ("Actual values", "Mean of them", "Mean prediction"), tuple(rows))


def _residuals(title: str, evaluation: Evaluation) -> ChartTable:
    part = evaluation.curves["residual_hist"]
    edges, counts = part["edges"], part["counts"]
    rows = tuple(
        (f"{number(edges[place])} to {number(edges[place + 1])}", f"{count:,}") for place, count in enumerate(counts) if count
    )
    most = max(range(len(counts)), key=lambda place: counts[place])
    says = f"Most rows are off by {number(edges[most])} to {number(edges[most + 1])}."
    return ChartTable(title, says, ("Actual minus predicted", "Rows"), rows)


def _by_quantile(title: str, evaluation: Evaluation) -> ChartTable:
    groups = evaluation.curves["by_quantile"]
    rows = tuple((f"{number(group['low'])} to {number(group['high'])}", number(group["mae"])) for group in groups)
    worst = max(groups, key=lambda group: group["mae"])
    says = f"The mean error is largest, {number(worst['mae'])}, for {number(worst['low'])} to {number(worst['high'])}."
    return ChartTable(title, says, ("True value", "Mean absolute error"), rows)


MAKERS: dict[str, Callable[[str, Evaluation], ChartTable]] = {
    "Money by threshold": _money,
    "ROC curve": _roc,
    "Precision and recall": _pr,
    "Gain": _gain,
    "Lift": _lift,
    "Events and others by probability": _apart,
    "Calibration": _calibration,
    "Probabilities by outcome": _distribution,
    "Predicted against actual": _scatter,
    "Residuals": _residuals,
    "Error by size of the value": _by_quantile,
}
"""By the titles of `choice.titles_of`."""

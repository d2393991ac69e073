"""The report's charts: the same results as on the page, as small inline SVG without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from automl_core.charts.choice import titles_of
from automl_core.charts.drawing import add_legend, label_on, lying_bars, name_on, svg_axes
from automl_core.charts.importance import COLUMNS, order
from automl_core.charts.leaderboard import course
from automl_core.charts.style import ACCENT, GREY, PALETTE
from automl_core.evaluation.curves import lift
from automl_core.evaluation.evaluate import Evaluation
from automl_core.explaining.importance import Explanation
from automl_core.leaderboard import Leaderboard
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def evaluation_charts(evaluation: Evaluation) -> dict[str, str]:
    """Return the charts that fit the task as SVG, by the titles of `choice.titles_of`; the confusion table is none."""
    found = {}
    for title in titles_of(evaluation):
        if title in DRAWERS:
            with svg_axes(title) as (axes, result):
                DRAWERS[title](axes, evaluation)
            found[title] = result[0]
    return found


def importance_charts(explanation: Explanation) -> dict[str, str]:
    """Return the charts of an explanation as SVG, by title."""
    lost, added = "What the score loses without a column", "What each column adds"
    rows = explanation.permutation[:COLUMNS][::-1]
    with svg_axes(lost, height=0.7 + 0.24 * len(rows)) as (axes, first):
        heights = lying_bars(axes, [name_on(row.column) for row in rows])
        axes.barh(heights, [row.mean for row in rows], xerr=[row.spread for row in rows], color=ACCENT, ecolor=GREY)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_xlabel(f"Worsening of {explanation.metric_label}")
    found, places = explanation.contributions, order(explanation)[::-1]
    with svg_axes(added, height=0.7 + 0.24 * len(places)) as (axes, second):
        heights = lying_bars(axes, [name_on(found.columns[place]) for place in places])
        left = [0.0] * len(places)
        for color, label, means in zip(PALETTE * 8, found.outputs, found.mean, strict=False):
            sizes = [means[place] for place in places]
            axes.barh(heights, sizes, left=left, color=color, label=label_on(label))
            left = [start + size for start, size in zip(left, sizes, strict=True)]
        if 1 < len(found.outputs) <= 8:
            add_legend(axes)
        axes.set_xlabel("Mean size of the contribution")
    return {lost: first[0], added: second[0]}


def course_chart(leaderboard: Leaderboard, label: str) -> str:
    """Return score against time as SVG, empty when nothing was scored."""
    points = course(leaderboard)
    if not points.seconds:
        return ""
    with svg_axes("Score against time", width=6.4, height=2.8) as (axes, result):
        axes.errorbar(points.seconds, points.scores, yerr=points.spreads, fmt="o", color=GREY, markersize=4, linewidth=0.8)
        axes.step(points.seconds, points.best, where="post", color=ACCENT, linewidth=1.6)
        axes.set_xlabel("Seconds since the start")
        axes.set_ylabel(name_on(label, 60))
        low, high = min(points.best), max(points.best)
        spread = max(points.spreads) or high - low or 0.01 * abs(high) or 1.0
        if leaderboard.greater_is_better:
            axes.set_ylim(low - 3 * spread, high + 2 * spread)
        else:
            axes.set_ylim(low - 2 * spread, high + 3 * spread)
    return result[0]


def _money(axes: Axes, evaluation: Evaluation) -> None:
    part = evaluation.curves["money"]
    axes.plot(part["threshold"], part["per_row"], color=ACCENT)
    axes.axhline(max(part["none"], part["every"]), color=GREY, linestyle="--", linewidth=1)
    axes.axvline(evaluation.threshold, color=GREY, linewidth=1)
    axes.set_xlabel(f"Threshold for {name_on(evaluation.positive, 24)}")
    axes.set_ylabel("Money per row" + (f", {name_on(part['currency'], 12)}" if part["currency"] else ""))


def _roc(axes: Axes, evaluation: Evaluation) -> None:
    _lines(axes, evaluation.curves["roc"], "fpr", "tpr")
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=0.8)
    axes.set_xlabel("False alarms among rows without it")
    axes.set_ylabel("Found among rows with it")


def _pr(axes: Axes, evaluation: Evaluation) -> None:
    parts = evaluation.curves["pr"]
    _lines(axes, parts, "recall", "precision", drawstyle="steps-post")
    if len(parts) == 1:
        axes.axhline(next(iter(parts.values()))["share"], linestyle="--", color=GREY, linewidth=0.8)
    axes.set_xlabel("Recall: found of all")
    axes.set_ylabel("Precision: right of the found")


def _lines(axes: Axes, parts: dict[str, Any], x: str, y: str, *, drawstyle: str = "default") -> None:
    for color, (label, part) in zip(PALETTE, parts.items(), strict=False):
        value = part.get("auc", part.get("average_precision"))
        axes.plot(part[x], part[y], color=color, linewidth=1.6, drawstyle=drawstyle, label=f"{label_on(label)}: {value:.3f}")
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
    add_legend(axes)


def _gain(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=0.8)
    for color, (label, part) in zip(PALETTE, evaluation.curves["gain"].items(), strict=False):
        axes.plot(part["share"], part["found"], color=color, linewidth=1.6, label=label_on(label))
    axes.set_xlabel("Share of the rows, most probable first")
    axes.set_ylabel("Share of the events found")
    add_legend(axes)


def _lift(axes: Axes, evaluation: Evaluation) -> None:
    for color, (label, part) in zip(PALETTE, evaluation.curves["gain"].items(), strict=False):
        shares, lifts = lift(part)
        axes.plot(shares, lifts, color=color, linewidth=1.6, label=label_on(label))
    axes.axhline(1, linestyle="--", color=GREY, linewidth=0.8)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("Share of the rows, most probable first")
    axes.set_ylabel("Times as many events as among all")
    add_legend(axes)


def _apart(axes: Axes, evaluation: Evaluation) -> None:
    ((label, part),) = evaluation.curves["ks"].items()
    for color, name, values in ((ACCENT, label_on(label), part["events"]), (GREY, "others", part["others"])):
        axes.plot(part["threshold"], values, color=color, linewidth=1.6, drawstyle="steps-post", label=name)
    axes.axvline(part["at"], linestyle="--", color=GREY, linewidth=0.8)
    axes.set_xlabel(f"Predicted probability of {name_on(evaluation.positive, 24)}")
    axes.set_ylabel("Share at or below")
    add_legend(axes)


def _distribution(axes: Axes, evaluation: Evaluation) -> None:
    part = evaluation.curves["distribution"]
    edges = part["edges"]
    for color, (label, counts) in zip((GREY, ACCENT), part["counts"].items(), strict=False):
        shares = [count / max(sum(counts), 1) for count in counts]
        axes.bar(edges[:-1], shares, width=edges[1] - edges[0], align="edge", color=color, alpha=0.7, label=label_on(label))
    axes.set_xlabel(f"Predicted probability of {name_on(evaluation.positive, 24)}")
    axes.set_ylabel("Share of the rows")
    add_legend(axes)


def _calibration(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=0.8)
    for color, (label, part) in zip(PALETTE, evaluation.curves["calibration"].items(), strict=False):
        errors = [
            [seen - low for low, seen in zip(part["low"], part["observed"], strict=True)],
            [high - seen for high, seen in zip(part["high"], part["observed"], strict=True)],
        ]
        axes.errorbar(
            part["predicted"],
            part["observed"],
            yerr=errors,
            fmt="o-",
            color=color,
            markersize=4,
            linewidth=1,
            label=label_on(label),
        )
    axes.set_xlabel("Predicted probability")
    axes.set_ylabel("Share that had it")
    add_legend(axes)


def _scatter(axes: Axes, evaluation: Evaluation) -> None:
    part = evaluation.curves["predicted_actual"]
    ends = [min(*part["actual"], *part["predicted"]), max(*part["actual"], *part["predicted"])]
    # Points are drawn as a picture inside the SVG, so that thousands of them stay small.
    axes.plot(part["actual"], part["predicted"], ".", color=ACCENT, alpha=0.4, markersize=4, rasterized=True)
    axes.plot(ends, ends, "--", color=GREY, linewidth=0.8)
    axes.set_xlabel(f"Actual {name_on(evaluation.target)}")
    axes.set_ylabel("Predicted")


def _residuals(axes: Axes, evaluation: Evaluation) -> None:
    part = evaluation.curves["residual_hist"]
    axes.bar(part["edges"][:-1], part["counts"], width=part["edges"][1] - part["edges"][0], align="edge", color=ACCENT)
    axes.axvline(0, color=GREY, linestyle="--", linewidth=0.8)
    axes.set_xlabel("Actual minus predicted")
    axes.set_ylabel("Rows")


def _by_quantile(axes: Axes, evaluation: Evaluation) -> None:
    groups = evaluation.curves["by_quantile"]
    places = list(range(len(groups)))
    axes.bar(places, [group["mae"] for group in groups], color=ACCENT)
    spans = [f"{number(group['low'])} to {number(group['high'])}" for group in groups]
    axes.set_xticks(places, spans, rotation=35, ha="right", rotation_mode="anchor", size=8)
    axes.set_xlabel(f"True {name_on(evaluation.target)}")
    axes.set_ylabel("Mean absolute error")


DRAWERS: dict[str, Callable[[Axes, Evaluation], None]] = {
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

"""An evaluation as interactive figures, each with a sentence that says how to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.charts.choice import CONFUSION, titles_of
from automl_core.charts.style import ACCENT, GREY, PALETTE, TEAL_SCALE, add_cell_texts, height_for, layout, short
from automl_core.evaluation.curves import lift
from automl_core.evaluation.evaluate import Evaluation
from automl_core.profiling.wording import number

if TYPE_CHECKING:
    import numpy.typing as npt
    import plotly.graph_objects as go

READABLE = 12
"""Most labels whose cells hold their counts; of more the colours tell, and a table names what is mixed up most."""
READING = {
    "Confusion table": "Rows are what was true, columns what was predicted. What lies off the diagonal was wrong.",
    "ROC curve": "How many of the events are found (upward) for how many false alarms (to the right). "
    "A guess lies on the dashed line.",
    "Precision and recall": "To the right more of the events are found; upward fewer alarms are false. "
    "The dashed line, where there is one, is a guess.",
    "Gain": "How many of the events are found (upward) when only the most probable share of the rows is looked at. "
    "On the dashed line the rows would be picked at random.",
    "Lift": "How many times as many events there are among the most probable rows as among all. "
    "At 1 it is no better than chance.",
    "Events and others by probability": "Which share of both lies at or below each probability. The further apart the two lines, "
    "the better they are told apart; the upright line marks the widest gap (Kolmogorov-Smirnov).",
    "Calibration": "Of the rows with a predicted probability of 30 %, about 30 % should have had the event: "
    "points near the dashed line.",
    "Probabilities by outcome": "The further apart the two groups lie, the better the model tells them apart.",
    "Money by threshold": "What a decision earns on average when the event is predicted above each probability. "
    "The upright line is the model's threshold; the dashed one is the better of deciding the same for every row.",
    "Predicted against actual": "Each point is a row. On the dashed line the prediction was right; below it was too low.",
    "Residuals": "How far off the predictions were (actual minus predicted). Around zero and symmetric is good.",
    "Error by size of the value": "The mean error for small and large true values: where the model can be relied on less.",
}


def figures(evaluation: Evaluation) -> dict[str, go.Figure]:
    """Return the figures that fit the task, by title; `READING` explains each."""
    return {title: DRAWERS[title](evaluation) for title in titles_of(evaluation)}


def mixed_up(evaluation: Evaluation, most: int = 15) -> list[tuple[str, str, int, float]]:
    """Return the pairs of labels that are mixed up most: true label, predicted label, rows, share of the true ones."""
    counts = evaluation.curves["confusion"]
    pairs = [
        (evaluation.classes[true], evaluation.classes[other], count, count / max(sum(row), 1))
        for true, row in enumerate(counts)
        for other, count in enumerate(row)
        if other != true and count
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3]))[:most]


def _named(evaluation: Evaluation, label: str) -> str:
    """Return an outcome as a chart names it: of two labels with the column it is of, since 1 or yes says nothing alone."""
    with_column = len(evaluation.classes) == 2 and evaluation.target  # older evaluations do not name it
    return short(f"{evaluation.target} = {label}", 32) if with_column else short(label, 22)  # a number follows it


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def _guess(figure: go.Figure) -> None:
    """Draw the diagonal."""
    line = {"color": GREY, "dash": "dash", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _confusion(evaluation: Evaluation) -> go.Figure:
    counts = evaluation.curves["confusion"]
    many = len(evaluation.classes) > READABLE
    names = [short(name, 14 if many else 24) for name in evaluation.classes]
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    text, told = [], []
    for true, row, part in zip(names, counts, shares, strict=True):
        cells = list(zip(names, row, part, strict=True))
        text.append([f"{count:,}<br>{share:.0%}" for _, count, share in cells])
        told.append(
            [f"true {true}, predicted {name}<br>{count:,} rows ({share:.1%} of the true ones)" for name, count, share in cells]
        )
    places = list(range(len(names)))  # by place: two long names that are cut alike must not share a row
    figure = _figure()
    figure.add_heatmap(
        z=shares,
        x=places,
        y=places,
        customdata=told,
        colorscale=TEAL_SCALE,
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=1 if many else 2,
        ygap=1 if many else 2,
        hovertemplate="%{customdata}<extra></extra>",
    )
    if not many:
        add_cell_texts(figure, text)
    figure.update_layout(layout(max(300, 90 + (19 if many else 34) * len(names)), legend=False))
    figure.update_xaxes(title="Predicted", tickvals=places, ticktext=names, tickangle=-60 if many else None)
    figure.update_xaxes(autotickangles=[0, -35, -90])  # leaning to the right the last label would not fit and not be drawn
    figure.update_yaxes(title="True", autorange="reversed", tickvals=places, ticktext=names, showgrid=False)
    return figure


def _drawn(values: Sequence[float]) -> npt.NDArray[np.float32]:
    """Return coordinates with the digits that can be seen, as an array: Plotly looks at every entry of a list one by one."""
    return np.asarray(values, dtype=np.float64).round(4).astype(np.float32)


def _roc(evaluation: Evaluation) -> go.Figure:
    return _curve(evaluation, "roc", "fpr", "tpr", "False alarms among the others", "Found among the events")


def _pr(evaluation: Evaluation) -> go.Figure:
    return _curve(evaluation, "pr", "recall", "precision", "Recall: found of all", "Precision: right of the found")


def _curve(evaluation: Evaluation, name: str, x: str, y: str, x_title: str, y_title: str) -> go.Figure:
    figure = _figure()
    parts: dict[str, Any] = evaluation.curves[name]
    for color, (label, part) in zip(PALETTE, parts.items(), strict=False):
        value = part.get("auc", part.get("average_precision"))
        word = "area" if name == "roc" else "average precision"
        figure.add_scatter(
            x=_drawn(part[x]),
            y=_drawn(part[y]),
            mode="lines",
            line={"color": color, "width": 2, "shape": "linear" if name == "roc" else "hv"},
            name=f"{_named(evaluation, label)}, {word} {value:.3f}",
            customdata=_drawn(part["threshold"]),
            hovertemplate="threshold %{customdata:.3f}<br>%{x:.3f}, %{y:.3f}<extra></extra>",
        )
    if name == "roc":
        _guess(figure)
    elif len(parts) == 1:
        share = next(iter(parts.values()))["share"]
        figure.add_hline(y=share, line={"color": GREY, "dash": "dash", "width": 1})
    figure.update_layout(layout(height_for(len(parts))))
    figure.update_xaxes(title=x_title, range=[-0.01, 1.01])
    figure.update_yaxes(title=y_title, range=[-0.01, 1.02])
    return figure


def _gain(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    _guess(figure)
    for color, (label, part) in zip(PALETTE, evaluation.curves["gain"].items(), strict=False):
        figure.add_scatter(
            x=_drawn(part["share"]),
            y=_drawn(part["found"]),
            mode="lines",
            line={"color": color, "width": 2},
            name=short(label, 24),
            hovertemplate="%{x:.1%} of the rows<br>%{y:.1%} of the events<extra></extra>",
        )
    lines = len(evaluation.curves["gain"])
    figure.update_layout(layout(height_for(lines), legend=lines > 1))
    figure.update_xaxes(title="Share of the rows, most probable first", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="Share of the events found", range=[-0.01, 1.02], tickformat=".0%")
    return figure


def _lift(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    for color, (label, part) in zip(PALETTE, evaluation.curves["gain"].items(), strict=False):
        shares, lifts = lift(part)
        figure.add_scatter(
            x=_drawn(shares),
            y=_drawn(lifts),
            mode="lines",
            line={"color": color, "width": 2},
            name=short(label, 24),
            hovertemplate="%{x:.1%} of the rows<br>%{y:.2f} times as many events<extra></extra>",
        )
    figure.add_hline(y=1, line={"color": GREY, "dash": "dash", "width": 1})
    lines = len(evaluation.curves["gain"])
    figure.update_layout(layout(height_for(lines), legend=lines > 1))
    figure.update_xaxes(title="Share of the rows, most probable first", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="Times as many events as among all", rangemode="tozero")
    return figure


def _apart(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    ((label, part),) = evaluation.curves["ks"].items()
    for color, name, values in ((ACCENT, _named(evaluation, label), part["events"]), (GREY, "others", part["others"])):
        figure.add_scatter(
            x=_drawn(part["threshold"]),
            y=_drawn(values),
            mode="lines",
            line={"color": color, "width": 2, "shape": "hv"},
            name=name,
            hovertemplate="up to a probability of %{x:.3f}<br>%{y:.1%}<extra></extra>",
        )
    figure.add_vline(x=part["at"], line={"color": GREY, "dash": "dash", "width": 1})
    place = int(np.argmin(np.abs(np.asarray(part["threshold"]) - part["at"])))
    figure.add_annotation(
        x=part["at"],
        y=(part["events"][place] + part["others"][place]) / 2,  # between the lines, where it lies over neither
        text=f"{part['value']:.3f} apart",
        showarrow=False,
        xanchor="left" if part["at"] < 0.7 else "right",
        xshift=4 if part["at"] < 0.7 else -4,
    )
    figure.update_layout(layout())
    figure.update_xaxes(title=f"Predicted probability of {_named(evaluation, evaluation.positive)}", range=[-0.01, 1.01])
    figure.update_yaxes(title="Share at or below", range=[-0.01, 1.05], tickformat=".0%")
    return figure


def _calibration(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    _guess(figure)
    for color, (label, part) in zip(PALETTE, evaluation.curves["calibration"].items(), strict=False):
        up = [high - seen for high, seen in zip(part["high"], part["observed"], strict=True)]
        down = [seen - low for low, seen in zip(part["low"], part["observed"], strict=True)]
        figure.add_scatter(
            x=part["predicted"],
            y=part["observed"],
            mode="lines+markers",
            line={"color": color, "width": 1},
            error_y={"type": "data", "array": up, "arrayminus": down, "thickness": 1, "width": 3},
            name=short(label, 24),
            customdata=part["rows"],
            hovertemplate="predicted %{x:.1%}, observed %{y:.1%}<br>%{customdata:,} rows<extra></extra>",
        )
    lines = len(evaluation.curves["calibration"])
    figure.update_layout(layout(height_for(lines), legend=lines > 1))
    figure.update_xaxes(title="Predicted probability", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="Share that had it", range=[-0.01, 1.02], tickformat=".0%")
    return figure


def _distribution(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    edges = evaluation.curves["distribution"]["edges"]
    middles = [(low + high) / 2 for low, high in pairwise(edges)]
    for color, (label, counts) in zip((GREY, ACCENT), evaluation.curves["distribution"]["counts"].items(), strict=False):
        total = max(sum(counts), 1)
        figure.add_bar(
            x=middles,
            y=[count / total for count in counts],
            customdata=counts,
            marker={"color": color, "opacity": 0.7},
            name=_named(evaluation, label),
            hovertemplate="probability %{x:.2f}<br>%{y:.1%} (%{customdata:,} rows)<extra></extra>",
        )
    figure.update_layout(layout(barmode="overlay", bargap=0.05))
    figure.update_xaxes(title=f"Predicted probability of {_named(evaluation, evaluation.positive)}", range=[0, 1])
    figure.update_yaxes(title="Share of the rows", tickformat=".0%")
    return figure


def _money(evaluation: Evaluation) -> go.Figure:
    figure, part = _figure(), evaluation.curves["money"]
    unit = f", {short(part['currency'], 12)}" if part["currency"] else ""
    figure.add_scatter(
        x=np.asarray(part["threshold"]),
        y=np.asarray(part["per_row"]),
        mode="lines",
        line={"color": ACCENT, "width": 2},
        hovertemplate="threshold %{x:.3f}<br>%{y:,.4g} a row<extra></extra>",
    )
    figure.add_hline(y=max(part["none"], part["every"]), line={"color": GREY, "dash": "dash", "width": 1})
    figure.add_vline(x=evaluation.threshold, line={"color": GREY, "width": 1})
    figure.update_layout(layout(legend=False))
    figure.update_xaxes(title=f"Threshold for {_named(evaluation, evaluation.positive)}", range=[-0.01, 1.01])
    figure.update_yaxes(title=f"Money per row{unit}")
    return figure


def _predicted_actual(evaluation: Evaluation) -> go.Figure:
    part = evaluation.curves["predicted_actual"]
    ends = [min(*part["actual"], *part["predicted"]), max(*part["actual"], *part["predicted"])]
    figure = _figure()
    figure.add_scattergl(
        x=np.asarray(part["actual"]),
        y=np.asarray(part["predicted"]),
        mode="markers",
        marker={"color": ACCENT, "size": 5, "opacity": 0.75},  # less can hardly be seen on dark
        hovertemplate="actual %{x:,.4g}<br>predicted %{y:,.4g}<extra></extra>",
    )
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": GREY, "dash": "dash", "width": 1}, hoverinfo="skip")
    figure.update_layout(layout(380, legend=False))
    figure.update_xaxes(title=f"Actual {short(evaluation.target)}")
    figure.update_yaxes(title="Predicted")
    return figure


def _residuals(evaluation: Evaluation) -> go.Figure:
    part = evaluation.curves["residual_hist"]
    edges = part["edges"]
    figure = _figure()
    figure.add_bar(
        x=[(low + high) / 2 for low, high in pairwise(edges)],
        y=part["counts"],
        width=edges[1] - edges[0],
        marker={"color": ACCENT},
        hovertemplate="%{x:,.4g} off<br>%{y:,} rows<extra></extra>",
    )
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1})
    figure.update_layout(layout(300, legend=False))
    figure.update_xaxes(title="Actual minus predicted")
    figure.update_yaxes(title="Rows")
    return figure


def _by_quantile(evaluation: Evaluation) -> go.Figure:
    groups = evaluation.curves["by_quantile"]
    figure = _figure()
    spans = [f"{number(group['low'])} to {number(group['high'])}" for group in groups]
    places = list(range(len(groups)))  # by place: where many values are alike, two groups have the same ends
    figure.add_bar(
        x=places,
        y=[group["mae"] for group in groups],
        text=spans,
        textposition="none",
        customdata=[[group["rows"], group["bias"]] for group in groups],
        marker={"color": ACCENT},
        hovertemplate="%{text}<br>mean error %{y:,.4g}, on average %{customdata[1]:+,.4g}"
        "<br>%{customdata[0]:,} rows<extra></extra>",
    )
    figure.update_layout(layout(320, legend=False))
    figure.update_xaxes(title=f"True {short(evaluation.target)}", tickvals=places, ticktext=spans, tickangle=-35)
    figure.update_yaxes(title=f"Mean absolute error of {short(evaluation.target, 24)}", separatethousands=True)
    return figure


DRAWERS: dict[str, Callable[[Evaluation], go.Figure]] = {
    "Money by threshold": _money,
    CONFUSION: _confusion,
    "ROC curve": _roc,
    "Precision and recall": _pr,
    "Gain": _gain,
    "Lift": _lift,
    "Events and others by probability": _apart,
    "Calibration": _calibration,
    "Probabilities by outcome": _distribution,
    "Predicted against actual": _predicted_actual,
    "Residuals": _residuals,
    "Error by size of the value": _by_quantile,
}
"""By the titles of `choice.titles_of`."""

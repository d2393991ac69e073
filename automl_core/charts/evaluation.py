"""An evaluation and an explanation as interactive figures, each with a sentence that says how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl_core.charts.style import ACCENT, GREY, PALETTE, TEAL_SCALE, layout, short
from automl_core.evaluation.evaluate import Evaluation
from automl_core.explaining.importance import Explanation

if TYPE_CHECKING:
    import plotly.graph_objects as go

COLUMNS = 20
"""Most columns in one chart."""
READING = {
    "Confusion table": "Rows are what was true, columns what was predicted. What lies off the diagonal was wrong.",
    "ROC curve": "How many of the events are found (upward) for how many false alarms (to the right). A guess lies on the dashed line.",
    "Precision and recall": "To the right more of the events are found; upward fewer alarms are false. The dashed line is a guess.",
    "Calibration": "Of the rows with a predicted probability of 30 %, about 30 % should have had the event: points near the dashed line.",
    "Probabilities by outcome": "The further apart the two groups lie, the better the model tells them apart.",
    "Predicted against actual": "Each point is a row. On the dashed line the prediction was right; below it was too low.",
    "Residuals": "How far off the predictions were (actual minus predicted). Around zero and symmetric is good.",
    "Error by size of the value": "The mean error for small and large true values: where the model can be relied on less.",
    "What the score loses without a column": "Each column's values were shuffled among the rows; the bar is how much worse the score got, with its spread.",
    "What each column adds": "The mean size of a column's contribution to a prediction (SHAP values).",
    "Rows one by one": "Each point is a row: to the right the column raised the prediction. Dark points are high values, grey ones are words.",
}


def figures(evaluation: Evaluation) -> dict[str, go.Figure]:
    """Return the figures that fit the task, by title; `READING` explains each."""
    if evaluation.task == "regression":
        return {
            "Predicted against actual": _predicted_actual(evaluation),
            "Residuals": _residuals(evaluation),
            "Error by size of the value": _by_quantile(evaluation),
        }
    found = {
        "Confusion table": _confusion(evaluation),
        "ROC curve": _curve(evaluation, "roc", "fpr", "tpr", "False alarms among rows without it", "Found among rows with it"),
        "Precision and recall": _curve(evaluation, "pr", "recall", "precision", "Recall: found of all", "Precision: right of the found"),
        "Calibration": _calibration(evaluation),
    }
    if "distribution" in evaluation.curves:
        found["Probabilities by outcome"] = _distribution(evaluation)
    return found


def importance_figures(explanation: Explanation) -> dict[str, go.Figure]:
    """Return the figures of an explanation, by title; `READING` explains each."""
    found = {
        "What the score loses without a column": _permutation(explanation),
        "What each column adds": _contributions(explanation),
    }
    if explanation.contributions.values:
        found["Rows one by one"] = _swarm(explanation)
    return found


def _figure() -> go.Figure:
    import plotly.graph_objects as go

    return go.Figure()


def _confusion(evaluation: Evaluation) -> go.Figure:
    counts = evaluation.curves["confusion"]
    names = [short(name, 24) for name in evaluation.classes]
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    text = [[f"{count:,}<br>{share:.0%}" for count, share in zip(row, part, strict=True)] for row, part in zip(counts, shares, strict=True)]
    figure = _figure()
    figure.add_heatmap(
        z=shares,
        x=names,
        y=names,
        text=text if len(names) <= 12 else None,
        texttemplate="%{text}" if len(names) <= 12 else None,
        customdata=counts,
        colorscale=TEAL_SCALE,
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=2,
        ygap=2,
        hovertemplate="true %{y}, predicted %{x}<br>%{customdata:,} rows (%{z:.1%} of the true ones)<extra></extra>",
    )
    figure.update_layout(layout(max(300, 60 + 34 * len(names)), legend=False))
    figure.update_xaxes(title="Predicted", type="category")
    figure.update_yaxes(title="True", autorange="reversed", type="category")
    return figure


def _curve(evaluation: Evaluation, name: str, x: str, y: str, x_title: str, y_title: str) -> go.Figure:
    figure = _figure()
    parts: dict[str, Any] = evaluation.curves[name]
    shown = sorted(parts, key=lambda label: -max(parts[label].get("share", 0), 0))[:8]
    for color, label in zip(PALETTE, shown, strict=False):
        part = parts[label]
        value = part.get("auc", part.get("average_precision"))
        word = "area" if name == "roc" else "average precision"
        figure.add_scatter(
            x=part[x],
            y=part[y],
            mode="lines",
            line={"color": color, "width": 2, "shape": "linear" if name == "roc" else "hv"},
            name=f"{short(label, 24)}, {word} {value:.3f}",
            customdata=part["threshold"],
            hovertemplate="threshold %{customdata:.3f}<br>%{x:.3f}, %{y:.3f}<extra></extra>",
        )
    if name == "roc":
        figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dash", "width": 1}, hoverinfo="skip", showlegend=False)
    elif len(parts) == 1:
        share = next(iter(parts.values()))["share"]
        figure.add_hline(y=share, line={"color": GREY, "dash": "dash", "width": 1})
    figure.update_layout(layout())
    figure.update_xaxes(title=x_title, range=[-0.01, 1.01])
    figure.update_yaxes(title=y_title, range=[-0.01, 1.02])
    return figure


def _calibration(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dash", "width": 1}, hoverinfo="skip", showlegend=False)
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
    figure.update_layout(layout(legend=len(evaluation.curves["calibration"]) > 1))
    figure.update_xaxes(title="Predicted probability", range=[-0.01, 1.01], tickformat=".0%")
    figure.update_yaxes(title="Share that had it", range=[-0.01, 1.02], tickformat=".0%")
    return figure


def _distribution(evaluation: Evaluation) -> go.Figure:
    figure = _figure()
    edges = evaluation.curves["distribution"]["edges"]
    middles = [(low + high) / 2 for low, high in zip(edges[:-1], edges[1:], strict=True)]
    for color, (label, counts) in zip((GREY, ACCENT), evaluation.curves["distribution"]["counts"].items(), strict=False):
        total = max(sum(counts), 1)
        figure.add_bar(
            x=middles,
            y=[count / total for count in counts],
            customdata=counts,
            marker={"color": color, "opacity": 0.7},
            name=f"{short(evaluation.target, 24)} = {short(label, 24)}",
            hovertemplate="probability %{x:.2f}<br>%{y:.1%} (%{customdata:,} rows)<extra></extra>",
        )
    figure.update_layout(layout(barmode="overlay", bargap=0.05))
    figure.update_xaxes(title=f"Predicted probability of {short(evaluation.positive, 24)}", range=[0, 1])
    figure.update_yaxes(title="Share of the rows", tickformat=".0%")
    return figure


def _predicted_actual(evaluation: Evaluation) -> go.Figure:
    part = evaluation.curves["predicted_actual"]
    ends = [min(*part["actual"], *part["predicted"]), max(*part["actual"], *part["predicted"])]
    figure = _figure()
    figure.add_scattergl(
        x=part["actual"],
        y=part["predicted"],
        mode="markers",
        marker={"color": ACCENT, "size": 5, "opacity": 0.5},
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
        x=[(low + high) / 2 for low, high in zip(edges[:-1], edges[1:], strict=True)],
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
    figure.add_bar(
        x=[f"{group['low']:,.4g} to {group['high']:,.4g}" for group in groups],
        y=[group["mae"] for group in groups],
        customdata=[[group["rows"], group["bias"]] for group in groups],
        marker={"color": ACCENT},
        hovertemplate="%{x}<br>mean error %{y:,.4g}, on average %{customdata[1]:+,.4g}<br>%{customdata[0]:,} rows<extra></extra>",
    )
    figure.update_layout(layout(320, legend=False))
    figure.update_xaxes(title=f"True {short(evaluation.target)}", type="category")
    figure.update_yaxes(title="Mean absolute error")
    return figure


def _permutation(explanation: Explanation) -> go.Figure:
    from automl_core.metrics import METRICS

    rows = explanation.permutation[:COLUMNS][::-1]
    figure = _figure()
    figure.add_bar(
        x=[row.mean for row in rows],
        y=[short(row.column) for row in rows],
        orientation="h",
        error_x={"type": "data", "array": [row.spread for row in rows], "color": GREY, "thickness": 1, "width": 3},
        marker={"color": ACCENT},
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    figure.update_layout(layout(80 + 26 * len(rows), legend=False))
    figure.update_xaxes(title=f"Loss of {METRICS[explanation.metric].label}")
    figure.update_yaxes(type="category")
    return figure


def order(explanation: Explanation) -> list[int]:
    """Return the positions of the columns by the size of their contributions over all outputs, largest first."""
    means = explanation.contributions.mean
    total = [sum(part[place] for part in means) for place in range(len(explanation.contributions.columns))]
    return sorted(range(len(total)), key=lambda place: -total[place])[:COLUMNS]


def _contributions(explanation: Explanation) -> go.Figure:
    found, places = explanation.contributions, order(explanation)[::-1]
    figure = _figure()
    for color, label, means in zip(PALETTE * 8, found.outputs, found.mean, strict=False):
        figure.add_bar(
            x=[means[place] for place in places],
            y=[short(found.columns[place]) for place in places],
            orientation="h",
            marker={"color": color},
            name=short(label, 24),
            hovertemplate="%{y}: %{x:.4g}<extra></extra>",
        )
    figure.update_layout(layout(80 + 26 * len(places), legend=len(found.outputs) > 1, barmode="stack"))
    figure.update_xaxes(title="Mean size of the contribution")
    figure.update_yaxes(type="category")
    return figure


def _swarm(explanation: Explanation) -> go.Figure:
    found, places = explanation.contributions, order(explanation)[:12][::-1]
    figure = _figure()
    for height, place in enumerate(places):
        values = [row[place] for row in found.values]
        ranks = [row[place] for row in found.ranks]
        spread = spread_out(values)
        for ranked in (True, False):
            chosen = [number for number, rank in enumerate(ranks) if (rank is not None) == ranked]
            if not chosen:
                continue
            marker: dict[str, Any] = {"size": 6, "opacity": 0.75}
            if ranked:
                marker |= {"color": [ranks[number] for number in chosen], "colorscale": [[0, "#9FD9D3"], [1, "#064E4B"]], "cmin": 0, "cmax": 1}
            else:
                marker |= {"color": GREY}
            figure.add_scattergl(
                x=[values[number] for number in chosen],
                y=[height + spread[number] for number in chosen],
                mode="markers",
                marker=marker,
                text=[short(found.cells[number][place] or "missing") for number in chosen],
                hovertemplate=f"{short(found.columns[place])} = %{{text}}<br>%{{x:+.4g}}<extra></extra>",
            )
    figure.add_vline(x=0, line={"color": GREY, "width": 1})
    figure.update_layout(layout(90 + 32 * len(places), legend=False))
    figure.update_xaxes(title=f"Contribution to {short(found.outputs[0])}")
    figure.update_yaxes(tickvals=list(range(len(places))), ticktext=[short(found.columns[place]) for place in places], showgrid=False)
    return figure


def spread_out(values: list[float], bins: int = 40) -> list[float]:
    """Return for each point how far it moves up or down so that points of about the same value lie side by side."""
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    seen: dict[int, int] = {}
    moves = []
    for value in values:
        place = int((value - low) / width)
        count = seen[place] = seen.get(place, 0) + 1
        moves.append(((count // 2) * (1 if count % 2 else -1)) * 0.04)
    return [max(min(move, 0.4), -0.4) for move in moves]

"""The figures hold the evaluation's own numbers, and names stay names."""

from __future__ import annotations

import html
from typing import Any

import pytest

from automl_core.charts import evaluation as charts
from automl_core.charts import importance as importance_charts
from automl_core.charts.evaluation import figures, mixed_up
from automl_core.charts.importance import COLUMNS, POINTS_COLUMNS, importance_figures, order, spread_out
from automl_core.charts.style import height_for
from tests.charts.conftest import HOSTILE, Evaluate, Explain

TITLES = {
    "binary": [
        "Confusion table",
        "ROC curve",
        "Precision and recall",
        "Gain",
        "Lift",
        "Events and others by probability",
        "Calibration",
        "Probabilities by outcome",
    ],
    "multiclass": ["Confusion table", "ROC curve", "Precision and recall", "Gain", "Lift", "Calibration"],
    "regression": ["Predicted against actual", "Residuals", "Error by size of the value"],
}


def strings(part: Any) -> list[str]:
    """Every text of a figure, wherever it is."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, dict):
        return [text for value in part.values() for text in strings(value)]
    if isinstance(part, list | tuple):
        return [text for value in part for text in strings(value)]
    return []


def numbers(values: Any) -> list[float]:
    return [float(value) for value in values]


def seen(values: Any) -> list[float]:
    """Coordinates of curves, which are drawn in single precision, with the digits that can be seen."""
    return [round(float(value), 4) for value in values]


@pytest.mark.parametrize("task", list(TITLES))
def test_every_figure_of_a_task_is_made_and_explained(evaluation: Evaluate, task: str) -> None:
    found = figures(evaluation(task))
    assert list(found) == TITLES[task]
    for title, figure in found.items():
        assert charts.READING[title].endswith(".")
        assert figure.data
        figure.to_json()


def test_every_figure_of_an_explanation_is_made_and_explained(explanation: Explain) -> None:
    found = importance_figures(explanation())
    assert list(found) == ["What the score loses without a column", "What each column adds", "Rows one by one"]
    assert list(importance_charts.READING) == list(found)
    assert set(charts.READING) == {"Money by threshold", *TITLES["binary"], *TITLES["regression"]}


def test_the_confusion_table_holds_the_counts(evaluation: Evaluate) -> None:
    judged = evaluation("multiclass")
    table, *more = figures(judged)["Confusion table"].data
    counts = judged.curves["confusion"]
    (written,) = more
    assert [int(text.split("<br>")[0]) for text in written.text] == [count for row in counts for count in row]
    for row, shares, told in zip(counts, table.z, table.customdata, strict=True):
        assert list(shares) == pytest.approx([count / sum(row) for count in row])
        assert [int(text.split("<br>")[1].split(" ")[0]) for text in told] == row
    assert table.customdata[0][1].startswith("true low, predicted mid<br>")
    layout = figures(judged)["Confusion table"].layout
    assert layout.xaxis.autotickangles == (0, -35, -90)  # a narrow page leaves out a last label that leans to the right
    assert list(layout.xaxis.ticktext) == list(layout.yaxis.ticktext) == ["low", "mid", "top"]
    assert layout.yaxis.autorange == "reversed"


def test_labels_that_are_cut_alike_keep_their_own_rows(evaluation: Evaluate) -> None:
    """Two long labels with the same beginning once shared a row of the table."""
    names = ("x" * 40 + "1", "x" * 40 + "2", "y")
    table, _ = figures(evaluation("multiclass", names))["Confusion table"].data
    assert (list(table.x), list(table.y)) == ([0, 1, 2], [0, 1, 2])


def test_a_large_confusion_table_has_no_texts(evaluation: Evaluate) -> None:
    judged = evaluation("multiclass", tuple(f"label {n}" for n in range(30)), rows=900)
    figure = figures(judged)["Confusion table"]
    (table,) = figure.data
    assert table.text is None and figure.layout.height < 700  # thirty labels fit a screen
    assert len(figure.layout.xaxis.ticktext) == 30
    pairs = mixed_up(judged)
    assert len(pairs) == 15
    assert [rows for *_, rows, _ in pairs] == sorted((rows for *_, rows, _ in pairs), reverse=True)
    counts = judged.curves["confusion"]
    true, other, rows, share = pairs[0]
    place = judged.classes.index(true)
    assert (counts[place][judged.classes.index(other)], rows / sum(counts[place])) == (rows, share)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_curves_hold_the_evaluations_points(evaluation: Evaluate, task: str) -> None:
    judged = evaluation(task, target="bought")
    named = "bought = " if task == "binary" else ""  # "1" or "yes" says nothing alone
    for title, name, x, y, word in (
        ("ROC curve", "roc", "fpr", "tpr", "area"),
        ("Precision and recall", "pr", "recall", "precision", "average precision"),
    ):
        lines = {line.name.split(",")[0]: line for line in figures(judged)[title].data if line.name}
        assert list(lines) == [named + label for label in judged.curves[name]]
        for label, part in ((named + label, part) for label, part in judged.curves[name].items()):
            assert seen(lines[label].x) == [round(value, 4) for value in part[x]]
            assert seen(lines[label].y) == [round(value, 4) for value in part[y]]
            assert seen(lines[label].customdata) == [round(value, 4) for value in part["threshold"]]
            value = part["auc"] if name == "roc" else part["average_precision"]
            assert lines[label].name == f"{label}, {word} {value:.3f}"


def test_calibration_holds_its_groups_and_intervals(evaluation: Evaluate) -> None:
    judged = evaluation("binary")
    _, line = figures(judged)["Calibration"].data
    part = judged.curves["calibration"]["yes"]
    assert numbers(line.x) == part["predicted"]
    assert numbers(line.y) == part["observed"]
    assert [y + up for y, up in zip(line.y, line.error_y.array, strict=True)] == pytest.approx(part["high"])
    assert [y - down for y, down in zip(line.y, line.error_y.arrayminus, strict=True)] == pytest.approx(part["low"])
    assert list(line.customdata) == part["rows"]


def test_probabilities_by_outcome_are_shares(evaluation: Evaluate) -> None:
    judged = evaluation("binary", target="bought")
    no, yes = figures(judged)["Probabilities by outcome"].data
    assert (no.name, yes.name) == ("bought = no", "bought = yes")
    for bars, label in ((no, "no"), (yes, "yes")):
        counts = judged.curves["distribution"]["counts"][label]
        assert list(bars.customdata) == counts
        assert list(bars.y) == pytest.approx([count / sum(counts) for count in counts])
    assert numbers(no.x) == pytest.approx([0.025 + 0.05 * n for n in range(20)])


def test_the_figures_of_numbers_hold_the_evaluations_numbers(evaluation: Evaluate) -> None:
    judged = evaluation("regression", target="price")
    found = figures(judged)
    points, line = found["Predicted against actual"].data
    assert numbers(points.x) == judged.curves["predicted_actual"]["actual"]
    assert numbers(points.y) == judged.curves["predicted_actual"]["predicted"]
    assert list(line.x) == list(line.y)
    assert found["Predicted against actual"].layout.xaxis.title.text == "Actual price"
    (bars,) = found["Residuals"].data
    assert list(bars.y) == judged.curves["residual_hist"]["counts"]
    (errors,) = found["Error by size of the value"].data
    groups = judged.curves["by_quantile"]
    assert numbers(errors.y) == [group["mae"] for group in groups]
    assert [list(row) for row in errors.customdata] == [[group["rows"], group["bias"]] for group in groups]
    assert errors.text[0] == f"{groups[0]['low']:,.4g} to {groups[0]['high']:,.4g}"


def test_groups_with_the_same_ends_have_a_bar_each(evaluation: Evaluate) -> None:
    """Groups of a value that fills several tenths of the rows once were stacked upon each other."""
    judged = evaluation("regression")
    for group in judged.curves["by_quantile"][:3]:
        group.update(low=0.0, high=0.0)
    (bars,) = figures(judged)["Error by size of the value"].data
    assert list(bars.x) == list(range(10))
    assert list(bars.text[:3]) == ["0 to 0"] * 3


def test_importance_holds_means_and_spreads_with_the_largest_on_top(explanation: Explain) -> None:
    found = explanation()
    (bars,) = importance_figures(found)["What the score loses without a column"].data
    assert list(bars.text) == ["income", "city", "age"]  # drawn from below
    assert numbers(bars.x) == [entry.mean for entry in found.permutation[::-1]]
    assert numbers(bars.error_x.array) == [0.01] * 3
    layout = importance_figures(found)["What the score loses without a column"].layout
    assert layout.xaxis.title.text == "Worsening of ROC AUC"
    assert list(layout.yaxis.ticktext) == ["income", "city", "age"]


def test_contributions_are_stacked_by_label(explanation: Explain) -> None:
    found = explanation(outputs=("low", "mid", "top"))
    figure = importance_figures(found)["What each column adds"]
    assert [bars.name for bars in figure.data] == ["low", "mid", "top"]
    for bars, means in zip(figure.data, found.contributions.mean, strict=True):
        assert list(bars.text) == ["age", "city", "income"]  # income has the largest share and lies on top
        assert numbers(bars.x) == list(means)
    assert figure.layout.barmode == "stack"
    assert figure.layout.showlegend is True
    assert importance_figures(explanation())["What each column adds"].layout.showlegend is False


def test_single_rows_lie_on_the_line_of_their_column(explanation: Explain) -> None:
    found = explanation()
    shared = found.contributions
    figure = importance_figures(found)["Rows one by one"]
    assert list(figure.layout.yaxis.ticktext) == ["age", "city", "income"]
    seen: dict[int, list[float]] = {}
    for points in figure.data:
        heights = {round(float(y)) for y in points.y}
        assert len(heights) == 1
        seen.setdefault(heights.pop(), []).extend(numbers(points.x))
    assert {height: sorted(values) for height, values in seen.items()} == {
        place: sorted(row[place] for row in shared.values) for place in range(3)
    }
    texts = [text for points in figure.data for text in points.text]
    assert texts.count("age = missing") == 1
    assert "city = cell 3" in texts


def test_wide_explanations_show_the_largest(explanation: Explain) -> None:
    found = explanation(tuple(f"c{place}" for place in range(30)))
    largest = [found.contributions.columns[place] for place in order(found)]
    assert len(largest) == COLUMNS
    sizes = dict(zip(found.contributions.columns, found.contributions.mean[0], strict=True))
    assert largest == sorted(sizes, key=lambda name: -sizes[name])[:COLUMNS]
    made = importance_figures(found)
    assert [len(made[title].data[0].x) for title in list(made)[:2]] == [COLUMNS, COLUMNS]
    assert len(made["Rows one by one"].layout.yaxis.ticktext) == POINTS_COLUMNS


def test_columns_that_are_cut_alike_keep_their_own_bars(explanation: Explain) -> None:
    """Two long names with the same beginning once shared a bar, which then showed their sum."""
    made = importance_figures(explanation(("z" * 60 + "1", "z" * 60 + "2")))
    for title in list(made)[:2]:
        assert list(made[title].data[0].y) == [0, 1]


def test_points_of_one_value_lie_side_by_side() -> None:
    assert spread_out([1.0]) == [0.0]
    assert spread_out([2.0, 2.0, 2.0]) == [0.0, -0.04, 0.04]
    assert max(abs(move) for move in spread_out([5.0] * 500)) == 0.4


@pytest.mark.parametrize("task", list(TITLES))
def test_names_are_never_taken_for_markup_or_for_a_template(evaluation: Evaluate, explanation: Explain, task: str) -> None:
    """A column called %{x} once was filled with a number where the mouse lay."""
    names = () if task == "regression" else (HOSTILE, "<b>yes</b>") if task == "binary" else (HOSTILE, "<b>1</b>", "%{y}")
    made = {
        **figures(evaluation(task, names, target=HOSTILE)),
        **importance_figures(explanation((HOSTILE, "<img src=x>", "%{customdata}"), (HOSTILE,))),
    }
    seen = 0
    for figure in made.values():
        parts = figure.to_plotly_json()
        for text in strings(parts):
            assert "<script" not in text and "<img" not in text and "<b>" not in text
            seen += HOSTILE[:20] in html.unescape(text)
        for trace in parts["data"]:
            template = trace.get("hovertemplate") or ""
            assert "alert" not in template and "&lt;" not in template
    assert seen > 3


def test_lift_is_gain_over_share(evaluation: Evaluate) -> None:
    judged = evaluation("binary")
    made = figures(judged)
    part = judged.curves["gain"]["yes"]
    gain, lift = made["Gain"].data[1], made["Lift"].data[0]
    assert seen(gain.y) == [round(value, 4) for value in part["found"]]
    shares = zip(part["share"], part["found"], strict=True)
    assert numbers(lift.y) == pytest.approx([y / x for x, y in shares if x > 0], abs=6e-5)
    assert numbers(lift.y)[-1] == pytest.approx(1.0)


def test_the_widest_gap_is_named_between_the_lines(evaluation: Evaluate) -> None:
    """Regression: at the top it lay over the line of the others."""
    found = evaluation("binary")
    (part,) = found.curves["ks"].values()
    (note,) = figures(found)["Events and others by probability"].layout.annotations
    place = part["threshold"].index(part["at"])
    assert note.y == pytest.approx((part["events"][place] + part["others"][place]) / 2)
    assert note.text == f"{part['value']:.3f} apart"


def test_many_lines_have_room_for_their_names() -> None:
    """Regression: the names of eight labels left the curves a quarter of the height on a narrow page."""
    assert [height_for(lines) for lines in (1, 3, 8)] == [340, 340, 430]


def test_an_evaluation_of_an_older_version_is_drawn_without_what_it_lacks(evaluation: Evaluate) -> None:
    judged = evaluation("binary")
    for name in ("gain", "ks"):
        del judged.curves[name]
    assert list(figures(judged)) == [
        "Confusion table", "ROC curve", "Precision and recall", "Calibration", "Probabilities by outcome",
    ]  # fmt: skip

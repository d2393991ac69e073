"""The report's charts: well-formed, small, without scripts, and with every name as it is written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from automl_core.charts.choice import CONFUSION, titles_of
from automl_core.charts.evaluation import DRAWERS as FIGURES
from automl_core.charts.evaluation import figures
from automl_core.charts.importance import importance_figures
from automl_core.charts.svg import DRAWERS as CHARTS
from automl_core.charts.svg import course_chart, evaluation_charts, importance_charts
from automl_core.charts.tables import MAKERS, evaluation_tables
from automl_core.leaderboard import Candidate, Leaderboard
from tests.charts.conftest import HOSTILE, Evaluate, Explain

# Matplotlib calls pyparsing by its old names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:matplotlib.*")
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
TASKS = ("binary", "multiclass", "regression")


def texts(svg: str) -> list[str]:
    """Parse a chart, check that it is harmless and scales, and return the texts in it."""
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "width" not in root.attrib and "height" not in root.attrib and "viewBox" in root.attrib
    assert root.attrib["role"] == "img" and root.attrib["aria-label"]
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert not tags & {"script", "foreignObject", "a", "metadata", "animate", "set"}
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            if name.endswith("href"):
                assert value.startswith(("#", "data:image/png;base64,"))
    assert set(re.findall(r"https?://[^\"'<>\s]+", svg)) <= NAMESPACES
    return [(element.text or "").strip() for element in root.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("task", TASKS)
def test_the_charts_of_a_task_have_the_titles_of_its_figures(evaluation: Evaluate, task: str) -> None:
    made = evaluation_charts(evaluation(task))
    assert list(made) == [title for title in figures(evaluation(task)) if title != "Confusion table"]  # that is a table there
    for title, svg in made.items():
        assert ElementTree.fromstring(svg).attrib["aria-label"] == title
        assert len(svg) < 120_000
        assert texts(svg)


def test_the_charts_of_an_explanation(explanation: Explain) -> None:
    found = explanation(outputs=("low", "mid"))
    made = importance_charts(found)
    assert list(made) == list(importance_figures(found))[:2]
    lost, added = (texts(svg) for svg in made.values())
    assert [text for text in lost if text in ("age", "city", "income")] == ["income", "city", "age"]
    assert "Worsening of ROC AUC" in lost
    assert {"low", "mid", "age", "city", "income", "Mean size of the contribution"} <= set(added)


def test_legends_tell_the_evaluations_numbers(evaluation: Evaluate) -> None:
    judged = evaluation("multiclass")
    made = evaluation_charts(judged)
    for label in judged.classes:
        assert f"{label}: {judged.curves['roc'][label]['auc']:.3f}" in texts(made["ROC curve"])
        assert f"{label}: {judged.curves['pr'][label]['average_precision']:.3f}" in texts(made["Precision and recall"])


def test_many_names_stand_above_the_lines(evaluation: Evaluate) -> None:
    """Regression: the names of seven labels lay over the curves of precision and recall."""

    def height(svg: str, text: str) -> float:
        drawn = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        return min(float(line.attrib["y"]) for line in drawn if (line.text or "").strip() == text)

    for names, above in ((tuple("abc"), False), (tuple("abcdefg"), True)):
        judged = evaluation("multiclass", names)
        svg = evaluation_charts(judged)["ROC curve"]
        told = [height(svg, f"{label}: {judged.curves['roc'][label]['auc']:.3f}") for label in judged.curves["roc"]]
        assert (max(told) < height(svg, "1.0")) is above


def test_the_line_of_a_guess_is_drawn_where_there_is_one_curve(evaluation: Evaluate) -> None:
    """The report's text spoke of a dashed line that only the page had."""
    dashed = [
        evaluation_charts(evaluation(task))["Precision and recall"].count("stroke-dasharray") for task in ("binary", "multiclass")
    ]
    assert dashed == [1, 0]
    for task in ("binary", "multiclass"):
        assert evaluation_charts(evaluation(task))["ROC curve"].count("stroke-dasharray") == 1


def test_many_points_are_a_picture(evaluation: Evaluate) -> None:
    svg = evaluation_charts(evaluation("regression", rows=2000))["Predicted against actual"]
    texts(svg)
    assert "data:image/png" in svg
    assert len(svg) < 200_000


@pytest.mark.parametrize("task", TASKS)
def test_hostile_names_stay_text(evaluation: Evaluate, explanation: Explain, task: str) -> None:
    names = () if task == "regression" else (HOSTILE, "]]>&lt;") if task == "binary" else (HOSTILE, '"><svg onload=x>', "&#x0;")
    made = evaluation_charts(evaluation(task, names, target=HOSTILE))
    made |= importance_charts(explanation((HOSTILE, "<b>bold</b>"), names[:2] or (HOSTILE,)))
    assert "<b>bold</b>" in texts(made["What each column adds"])
    for svg in made.values():
        assert "<script" not in svg and "<b>" not in svg
        texts(svg)


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("_hidden", "_hidden"),  # Matplotlib leaves such names out of a legend, with a warning
        ("$\\frac{1}{2}$", "$\\frac{1}{2}$"),  # no formula
        ("a\x00b\x1bc\ud800d", "a b c d"),  # no XML holds these
        ("two\nlines\tand  gaps", "two lines and gaps"),
        ("年齢と収入", "年齢と収入"),  # the font that measures lacks them, with a warning
        ("💶 price", "💶 price"),
        ("x" * 31, "x" * 29 + "…"),
    ],
)
def test_odd_names_are_drawn_as_they_are_written(evaluation: Evaluate, explanation: Explain, name: str, drawn: str) -> None:
    made = importance_charts(explanation((name, "other"), (name, "more")))
    assert drawn in texts(made["What the score loses without a column"])
    assert drawn[:15] in " ".join(texts(made["What each column adds"]))
    for label in ("ROC curve", "Calibration"):
        assert any(text.startswith(drawn[:15]) for text in texts(evaluation_charts(evaluation("binary", ("no", name)))[label]))
    assert f"Actual {drawn}" in texts(evaluation_charts(evaluation("regression", target=name))["Predicted against actual"])


def test_names_that_are_cut_alike_have_a_bar_each(explanation: Explain) -> None:
    """Two long names with the same beginning once shared a bar."""
    made = importance_charts(explanation(("z" * 60 + "1", "z" * 60 + "2")))
    for svg in made.values():
        assert texts(svg).count("z" * 29 + "…") == 2


def test_groups_with_the_same_ends_have_a_bar_each(evaluation: Evaluate) -> None:
    judged = evaluation("regression")
    for group in judged.curves["by_quantile"]:
        group.update(low=0.0, high=0.0)
    svg = evaluation_charts(judged)["Error by size of the value"]
    assert sum(text.startswith("0 to") for text in texts(svg)) == 10


def test_charts_share_a_page_without_sharing_ids(evaluation: Evaluate, explanation: Explain) -> None:
    made = [*evaluation_charts(evaluation("binary")).values(), *importance_charts(explanation()).values()]
    ids = [(name, svg) for svg in made for name in re.findall(r'<g id="([^"]*)"', svg)]
    assert ids == []


def test_the_same_result_gives_the_same_chart(evaluation: Evaluate) -> None:
    assert evaluation_charts(evaluation("regression")) == evaluation_charts(evaluation("regression"))


def board(*scores: tuple[float, float], better: bool = True) -> Leaderboard:
    rows = [
        Candidate(f"m{place}", f"M {place}", "linear", state="scored", score=score, spread=spread, at_seconds=float(place))
        for place, (score, spread) in enumerate(scores)
    ]
    return Leaderboard("roc_auc", better, (*rows, Candidate("late", "Late", "linear", state="failed", reason="No time.")))


@pytest.mark.parametrize("better", [True, False])
@pytest.mark.parametrize("scores", [[(0.5, 0.0)], [(0.5, 0.01), (0.8, 0.02), (0.7, 0.5)], [(1e9, 0.0), (1e9, 0.0)], [(0.0, 0.0)]])
def test_the_course_of_a_run(scores: list[tuple[float, float]], better: bool) -> None:
    """Equal scores without a spread once had an axis without a height, with a warning."""
    found = texts(course_chart(board(*scores, better=better), "ROC <AUC>"))
    assert {"Seconds since the start", "ROC <AUC>"} <= set(found)


def test_a_run_without_scores_has_no_course() -> None:
    assert course_chart(board(), "ROC AUC") == ""


@pytest.mark.parametrize("task", TASKS)
def test_page_report_and_tables_choose_the_same_charts(evaluation: Evaluate, task: str) -> None:
    """The choice by task was once written three times."""
    found = evaluation(task)
    titles = list(titles_of(found))
    assert list(figures(found)) == titles
    assert list(evaluation_charts(found)) == list(evaluation_tables(found)) == [title for title in titles if title != CONFUSION]
    assert set(FIGURES) == {*CHARTS, CONFUSION} and set(CHARTS) == set(MAKERS)


def test_an_evaluation_of_an_older_version_has_fewer_charts(evaluation: Evaluate) -> None:
    found = evaluation("binary")
    for name in ("gain", "ks", "distribution"):
        del found.curves[name]
    assert titles_of(found) == (CONFUSION, "ROC curve", "Precision and recall", "Calibration")

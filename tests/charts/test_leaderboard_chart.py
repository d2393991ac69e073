"""The chart of scores: its data by exact values, and that it draws."""

from __future__ import annotations

from dataclasses import replace

import pytest

from automl_core.charts.leaderboard import score_figure, standings
from automl_core.charts.style import cut
from automl_core.charts.tables import course_table
from automl_core.honesty import judge
from automl_core.leaderboard import Candidate, Leaderboard


def row(name: str, score: float, role: str = "model") -> Candidate:
    folds = (score - 0.01, score, score + 0.01)
    return Candidate(name, name.title(), "linear", role, state="scored", fold_scores=folds, score=score, spread=0.01)


BOARD = Leaderboard("roc_auc", True, (row("dummy", 0.5, "baseline"), row("b", 0.8), row("a", 0.9)), recommended="b")


def test_the_best_stands_first_and_the_baseline_is_a_line_of_its_own() -> None:
    found = standings(BOARD, judge(BOARD))
    assert (found.names, found.scores, found.spreads) == (("A", "B"), (0.9, 0.8), (0.01, 0.01))
    assert (found.alike, found.recommended) == ((True, False), 1)
    assert found.window == (pytest.approx(0.784), pytest.approx(0.916))
    assert found.baseline is None, "it is beyond the edge"
    assert found.note == ""


def test_what_is_not_drawn_is_said() -> None:
    board = Leaderboard("roc_auc", True, (*(row(f"m{k}", 0.9 - 0.01 * k) for k in range(7)), row("z", 0.1)))
    found = standings(board, judge(board), limit=8)
    assert found.note == "1 is beyond the edge. The table has all of them."
    assert standings(board, judge(board), limit=4).note == "The best 4 of 8 are drawn. The table has all of them."


def test_it_draws_a_trace_for_each_kind_and_takes_no_name_for_markup() -> None:
    board = Leaderboard("rmse", False, (row("<b>a</b>", 2.0), row("c", 3.0)), recommended="<b>a</b>")
    figure = score_figure(standings(board, judge(board)), "RMSE")
    assert [list(trace.y) for trace in figure.data] == [[0], [1]]
    assert figure.layout.yaxis.ticktext == ("1  &lt;B&gt;A&lt;/B&gt;", "2  C")
    assert list(figure.data[0].marker.symbol) == ["diamond"]


def test_names_are_cut_in_the_middle() -> None:
    assert cut("LightGBM, early stopping, variation 12", 20) == "LightGBM,…iation 12"
    assert cut("short") == "short"


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        ((240.0, 237.1), "The best RMSE went from 240 to 237.1 in 20 s."),
        ((237.1, 240.0), "The best RMSE stayed at 237.1: in 20 s nothing was noticeably better than the first model."),
    ],
)
def test_a_search_that_finds_nothing_better_says_so(scores: tuple[float, float], says: str) -> None:
    """Regression: the best went from 237.1 to 237.1."""
    rows = (replace(row(f"m{place}", score), at_seconds=10.0 * place + 10) for place, score in enumerate(scores))
    table = course_table(Leaderboard("rmse", False, tuple(rows)), "RMSE")
    assert table is not None and table.says == says

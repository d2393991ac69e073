"""Tiny tables beside a line and a forest: what is drawn, what is lost, and the verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tiny import IRIS, Case, draw, loss, peer, verdict


def test_rows_are_drawn_with_every_label_twice_and_judged_on_the_others() -> None:
    case = Case("iris", tuple(IRIS.load().columns[:2]), (20,))
    learn, judge, target, task, _ = draw(case, 20, 0)
    assert (len(learn), len(judge), target, task) == (20, 130, "target", "multiclass")
    assert learn["target"].value_counts().min() >= 2 and list(learn.columns) == [*case.columns, "target"]


def test_a_loss_is_a_share_of_what_a_constant_loses() -> None:
    learn, judge = pd.DataFrame({"y": [1.0, 3.0]}), pd.DataFrame({"y": [0.0, 4.0]})
    assert loss("regression", learn, judge, "y", np.array([2.0, 2.0]), []) == 1.0
    assert loss("regression", learn, judge, "y", np.array([1.0, 3.0]), []) == 0.5
    words = pd.DataFrame({"y": ["a", "b"]})
    assert loss("binary", words, words, "y", np.array([[0.9, 0.1], [0.2, 0.8]]), ["a", "b"]) == 0.0
    assert loss("multiclass", words, words, "y", np.full((2, 2), 0.5), ["a", "b"]) == pytest.approx(1.0)


def test_a_plain_line_learns_words_and_fills_gaps() -> None:
    learn = pd.DataFrame({"x": [0.0, 1.0, np.nan, 3.0] * 5, "w": ["a", "b"] * 10, "y": [0.0, 2.0, 0.0, 2.0] * 5})
    assert peer("line", learn, learn, "y", "regression") == pytest.approx(learn["y"].to_numpy(), abs=0.3)


def test_the_verdict_is_over_tables_and_not_over_draws() -> None:
    results = {("a", 20): [{"ours": 0.1, "line": 0.2}, {"ours": 0.1, "line": 0.4}], ("b", 20): [{"ours": 0.3, "line": 0.3}]}
    gain, low, high = verdict(results, "line")
    assert gain == pytest.approx(0.1) and high - gain == pytest.approx(gain - low) == pytest.approx(12.706 * 0.1, rel=1e-3)

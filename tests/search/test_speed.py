"""What is fast enough, by hand-made times; and that a real model is measured as it is exported."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest

from automl_core.leaderboard import Candidate
from automl_core.model import build_model
from automl_core.scoring.bundle import load_model
from automl_core.search.fitting import FoldWork
from automl_core.search.speed import affordable, estimate_ms, measure_bundle, measure_ms, trim_to_limit, within_limit
from tests.conftest import MakeRun, customers

TOOK = {"slow": 0.8, "middle": 0.3, "quick": 0.1}


def test_a_thousand_rows_are_predicted_at_once_whatever_is_given():
    seen = []
    took = measure_ms(lambda table: (seen.append(table), time.sleep(0.02)), np.array([[1.0], [2.0], [3.0]]), repeats=2)
    assert [len(table) for table in seen] == [1000] * 3  # one to warm up
    assert seen[0][:4, 0].tolist() == [1, 2, 3, 1]
    assert 0.02 <= took < 0.1
    frames = []
    measure_ms(frames.append, pd.DataFrame({"x": range(5000)}), repeats=1)
    assert frames[0]["x"].tolist() == list(range(1000))


def test_all_fold_models_count():
    assert estimate_ms(Candidate("a", "A", "linear", predict_ms=20.0), 5) == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("took", "limit", "fits", "reason"),
    [
        (0.0512, 0.1, True, "One row takes 0.051 ms when 1,000 are predicted at once, within the limit of 0.1 ms."),
        (0.1, 0.1, True, "One row takes 0.1 ms when 1,000 are predicted at once, within the limit of 0.1 ms."),
        (1234.5, 2.0, False, "One row takes 1,234 ms when 1,000 are predicted at once; the limit is 2 ms."),
        (3.0, 0.0, True, "One row takes 3 ms when 1,000 are predicted at once; no limit was set."),
    ],
)
def test_the_decision_says_both_numbers(took, limit, fits, reason):
    decision = within_limit(took, limit)
    assert (decision.value, decision.reason) == (fits, reason)


@pytest.mark.parametrize(
    ("weights", "limit", "names"),
    [
        ({}, 0.35, ["middle", "quick"]),
        ({"quick": 1.0}, 0.35, ["quick"]),  # once more costs nothing
        ({"quick": 0.5, "slow": 0.0}, 0.4, ["middle", "quick"]),
        ({"slow": 1.0}, 0, ["slow", "middle", "quick"]),
        ({}, 0.05, []),
    ],
)
def test_what_an_ensemble_may_take_next(weights, limit, names):
    assert affordable(weights, TOOK, limit) == names


@pytest.mark.parametrize(
    ("weights", "limit", "left"),
    [
        ({"slow": 0.5, "middle": 0.3, "quick": 0.2}, 2.0, {"slow": 0.5, "middle": 0.3, "quick": 0.2}),
        ({"slow": 0.5, "middle": 0.3, "quick": 0.2}, 0.0, {"slow": 0.5, "middle": 0.3, "quick": 0.2}),
        ({"slow": 0.5, "middle": 0.3, "quick": 0.2}, 0.5, {"middle": 0.6, "quick": 0.4}),
        # The light one goes first and finds room again once the slow one is gone.
        ({"slow": 0.9, "middle": 0.09, "quick": 0.01}, 0.5, {"middle": 0.9, "quick": 0.1}),
        ({"slow": 1.0}, 0.5, {}),
    ],
)
def test_an_ensemble_is_cut_to_its_limit(weights, limit, left):
    assert trim_to_limit(weights, TOOK, limit) == pytest.approx(left)
    assert list(trim_to_limit(weights, TOOK, limit)) == list(left)


def test_an_exported_model_is_measured_whole(make_run: MakeRun, tmp_path):
    from sklearn.linear_model import LogisticRegression

    run = make_run("binary", estimators={"logistic": (lambda: LogisticRegression(max_iter=500), "encoded")})
    model = load_model(build_model(run.path, "logistic", tmp_path / "model.zip"))
    took = measure_bundle(model, customers(30))
    assert 0.001 < took < 10


def test_preparing_few_rows_is_timed_on_a_thousand() -> None:
    """Regression: with 5 judged rows, what one call takes was told two hundred times over, and no model kept a limit."""

    class Slow:
        seen = 0

        def transform(self, frame: pd.DataFrame) -> pd.DataFrame:
            self.seen = len(frame)
            time.sleep(0.02)
            return frame

    work, slow = FoldWork.__new__(FoldWork), Slow()
    work.features = pd.DataFrame({"a": np.arange(10.0)})
    assert 20 <= work._transform_ms(slow, np.arange(5), 0.02) < 1000
    assert slow.seen == 1000
    assert work._transform_ms(slow, np.arange(2000), 0.5) == 250.0
    assert work._transform_ms(slow, np.arange(5), 0.5) == 100_000.0
    assert slow.seen == 1000

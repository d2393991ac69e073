"""Who may start: what a run knows at that moment, by exact boards."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.search.candidates import Spec, portfolio
from automl_core.search.racing import NOTHING_NEW
from automl_core.search.referee import Referee
from tests.search.conftest import CONFIG

BOOSTER = portfolio("binary")["lightgbm-own"]


def referee() -> Referee:
    division = SimpleNamespace(train=np.arange(900), each=3, folds=3)
    executor: Any = SimpleNamespace(cores=2)
    config = replace(CONFIG, budget=replace(CONFIG.budget, trials=0))
    return Referee(cast(Any, SimpleNamespace(division=division)), config, executor, given=False)


def board() -> Leaderboard:
    """One booster leads; the three after it were given up by the race."""
    rows = [Candidate("best", "", "boosting", state="scored", score=0.9, spec=asdict(BOOSTER), at_seconds=1.0)]
    rows += [
        Candidate(f"m{place}", "", "boosting", state="skipped", reason=NOTHING_NEW, spec=asdict(BOOSTER), at_seconds=2.0 + place)
        for place in range(3)
    ]
    return Leaderboard("roc_auc", True, tuple(rows))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (BOOSTER, False),
        (replace(BOOSTER, id="lightgbm-t7"), True),  # the tuner gives such families the last turn itself
        (replace(BOOSTER, id="best-longer"), True),  # the leader, whom time had cut off
        (replace(BOOSTER, resampling="smote"), True),  # what resampled rows do was not tried
        (portfolio("binary")["forest-own"], True),
    ],
)
def test_the_rest_of_an_exhausted_family_is_left_out(spec: Spec, expected: bool) -> None:
    decision = referee().may_start(spec, board())
    assert decision.value is expected
    if not expected:
        assert decision.reason == "The last 3 of its family added nothing, so its time went to others."

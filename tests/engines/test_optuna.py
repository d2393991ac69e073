"""The sampler: every value lies in its space, the same seed asks the same, and what was scored elsewhere is learned from."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from automl_core.engines.optuna import STARTUP, Choice, Range, Sampler
from automl_core.errors import EngineError

SPACE = {
    "rate": Range(0.01, 0.1, log=True),
    "leaves": Range(4, 64, log=True, whole=True),
    "share": Range(0.3, 1.0),
    "layers": Choice(([64], [64, 64])),
}


def value(params: dict[str, Any]) -> float:
    """A score that is best at few leaves and a share of 1."""
    return float(params["share"]) - params["leaves"] / 64


def trials(seed: int, count: int) -> list[dict[str, Any]]:
    sampler = Sampler(SPACE, seed)
    asked = []
    for number in range(count):
        params = sampler.ask(str(number))
        sampler.tell(str(number), value(params))
        asked.append(params)
    return asked


def test_every_value_lies_in_its_space() -> None:
    for params in trials(0, 20):
        assert list(params) == list(SPACE)
        assert 0.01 <= params["rate"] <= 0.1
        assert 4 <= params["leaves"] <= 64 and isinstance(params["leaves"], int)
        assert 0.3 <= params["share"] <= 1.0
        assert params["layers"] in ([64], [64, 64])


def test_the_same_seed_and_scores_ask_the_same() -> None:
    assert trials(3, 12) == trials(3, 12)
    assert trials(3, 2) != trials(4, 2)


def test_it_learns_where_the_score_is_better() -> None:
    asked = trials(0, 40)
    first, last = asked[:STARTUP], asked[-10:]
    assert sum(map(value, last)) / len(last) > sum(map(value, first)) / len(first) + 0.2


def test_a_batch_does_not_repeat_itself() -> None:
    sampler = Sampler(SPACE, 0)
    asked = [sampler.ask(str(number)) for number in range(8)]
    assert len({repr(params) for params in asked}) == 8


def test_a_trial_that_failed_counts_as_asked_and_as_nothing_else() -> None:
    sampler = Sampler(SPACE, 0)
    sampler.ask("a")
    sampler.tell("a", None)
    sampler.tell("never asked", 1.0)
    assert [trial.state.name for trial in sampler._study.trials] == ["FAIL"]


GIVEN = {"rate": 0.05, "leaves": 31, "share": 1.0, "layers": [64, 64]}


def test_what_was_scored_elsewhere_is_learned() -> None:
    sampler = Sampler(SPACE, 0)
    sampler.learn({**GIVEN, "another": 7}, 0.9)
    assert [(trial.params, trial.value) for trial in sampler._study.trials] == [({**GIVEN, "layers": 1}, 0.9)]


@pytest.mark.parametrize("away", [{"rate": 0.2}, {"leaves": 3}, {"layers": [256, 256]}, {"share": "sqrt"}, {"share": None}])
def test_what_lies_outside_of_the_space_is_passed_over(away: dict[str, Any]) -> None:
    """Regression: extra trees with the columns of 'sqrt', which the portfolio has, ended the whole run."""
    sampler = Sampler(SPACE, 0)
    sampler.learn({**GIVEN, **away}, 0.9)
    sampler.learn({name: GIVEN[name] for name in ("rate", "leaves")}, 0.9)
    assert sampler._study.trials == []


def test_without_optuna_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(EngineError) as caught:
        Sampler(SPACE, 0)
    assert str(caught.value) == (
        "Optuna could not be imported: import of optuna halted; None in sys.modules. Install the versions of the lock."
    )

"""Which method is proposed for which space and budget, and what is refused."""

from __future__ import annotations

import pytest

from automl_core.engines import optuna_study
from automl_core.engines.optuna import Choice, Range
from automl_core.errors import InputError
from automl_core.tuning import methods
from automl_core.tuning.methods import METHODS, check_method, expected_trials, propose_method, why_not
from automl_core.tuning.spaces import Parameter, Space


def space(**entries) -> Space:
    return Space(tuple(Parameter(name, entry) for name, entry in entries.items()))


NUMBERS = space(a=Range(0, 1), b=Range(0, 1))
MIXED = space(a=Range(0, 1), b=Choice(("x", "y")), c=Range(0, 1))


@pytest.mark.parametrize(
    ("where", "trials", "method", "words"),
    [
        (NUMBERS, 20, "grid", "A grid of 9 points fits into about 20 trials"),
        (MIXED, 8, "random", "About 8 trials are too few to learn from."),
        (MIXED, 60, "tpe", "It makes the most of about 60 trials over 3 parameters."),
        (space(a=Range(0, 1), b=Range(0, 1), c=Range(0, 1)), 200, "cmaes", "About 200 trials for 3 numbers are enough"),
    ],
)
def test_the_proposal_follows_from_space_and_budget(where: Space, trials: int, method: str, words: str) -> None:
    found = propose_method(where, trials)
    assert found.value == method and found.reason.startswith(words)


def test_how_many_trials_a_time_allows() -> None:
    assert expected_trials(0, 60, 2.0, 2) == 60
    assert expected_trials(15, 60, 2.0, 2) == 15
    assert expected_trials(0, 1, 30.0, 1) == 1


def test_the_gaussian_process_is_offered_with_torch_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "has_torch", lambda: False)
    assert why_not("gp", NUMBERS) == "It needs the package torch, which is not installed."
    monkeypatch.setattr(methods, "has_torch", lambda: True)
    assert why_not("gp", NUMBERS) == ""
    assert isinstance(optuna_study.has_torch(), bool)


@pytest.mark.parametrize(
    ("name", "where", "words"),
    [
        ("annealing", NUMBERS, "There is no method 'annealing'. There are tpe, random, grid, nsga2, cmaes, gp."),
        ("tpe", space(a=Range(1, 1)), "Every parameter is fixed. At least one must have more than one value. Widen one."),
        ("cmaes", space(a=Range(0, 1)), "It needs two parameters that are not fixed."),
        ("grid", space(**{f"p{n}": Range(0, 1) for n in range(9)}), "The grid has 19,683 points."),
    ],
)
def test_what_cannot_be_done_is_refused(name: str, where: Space, words: str) -> None:
    with pytest.raises(InputError) as error:
        check_method(name, where)
    assert words in str(error.value)


def test_each_method_says_what_it_does_in_one_sentence() -> None:
    assert all(about.sentence.endswith((".", "only.")) and about.sentence.count(". ") == 0 for about in METHODS.values())

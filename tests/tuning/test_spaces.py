"""What can be tuned of each model: the ends of every space are accepted by its class, and edits are checked."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from automl_core.engines.optuna import Choice, Range
from automl_core.errors import InputError
from automl_core.experiment import Task
from automl_core.leaderboard import Candidate
from automl_core.search.candidates import Spec, catalogue, make_estimator, portfolio
from automl_core.tuning.meanings import MEANINGS
from automl_core.tuning.spaces import Parameter, Space, check_tunable, space_of

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


def specs(task: Task) -> dict[str, Spec]:
    known = {**catalogue(task), **portfolio(task)}
    known.pop("dummy")
    known = {name: spec for name, spec in known.items() if not spec.class_path.endswith("LassoCV")}  # tunes itself
    return {f"{spec.class_path} {spec.early_stopping}": spec for spec in known.values()}


CASES = [pytest.param(task, spec, id=f"{task}-{spec.id}") for task in TASKS for spec in specs(task).values()]


def ends(space: Space) -> list[dict]:
    low = {one.name: one.points(2)[0] for one in space}
    high = {one.name: one.points(2)[-1] for one in space}
    return [low, high, space.start()]


@pytest.mark.parametrize(("task", "spec"), CASES)
def test_each_model_is_made_at_both_ends_of_its_space(task: Task, spec: Spec) -> None:
    space = space_of(task, spec)
    assert space.open and {one.name for one in space} <= set(MEANINGS)
    for params in ends(space):
        made = make_estimator(Spec(**{**vars(spec), "params": {**spec.params, **params}}), seed=0, threads=1)
        for name, value in params.items():
            given = made.get_params()[name]
            assert (list(given) if isinstance(given, tuple) else given) == value


FITTED = [
    case
    for case in CASES
    if case.values[0] != "multiclass"
    and case.values[1].class_path.startswith("sklearn")
    and "GaussianProcess" not in case.values[1].class_path  # takes minutes at its ends
]


@pytest.mark.parametrize(("task", "spec"), FITTED)
def test_each_class_of_scikit_learn_learns_at_both_ends(task: Task, spec: Spec) -> None:
    """Regression: PyCaret's spaces begin at C = 0 and draws of no rows, which the classes refuse."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    y = (X[:, 0] + 0.3 * rng.normal(size=120) > 0).astype(int) if task == "binary" else X[:, 0] * 3 + rng.normal(size=120)
    for params in ends(space_of(task, spec)):
        made = make_estimator(Spec(**{**vars(spec), "params": {**spec.params, **params}}), seed=0, threads=1)
        if "max_iter" in made.get_params() and "neural" in spec.class_path:
            made.set_params(max_iter=5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence
            assert made.fit(X, y).predict(X).shape == (120,)


def small(**entries: Range | Choice) -> Space:
    return Space(tuple(Parameter(name, entry) for name, entry in entries.items()))


def test_a_grid_has_the_ends_and_the_middle_of_each_range() -> None:
    space = small(rate=Range(0.01, 1, log=True), leaves=Range(2, 4, whole=True), kind=Choice(("a", "b")))
    assert space.grid_size() == 18
    points = space.grid()
    assert sorted({round(point["rate"], 6) for point in points}) == [0.01, 0.1, 1]
    assert [point["leaves"] for point in points[:6:2]] == [2, 3, 4]
    assert small(leaves=Range(2, 3, whole=True)).grid(10) == [{"leaves": 2}, {"leaves": 3}]


def test_a_huge_grid_is_refused_with_its_size_and_a_proposal() -> None:
    with pytest.raises(InputError) as error:
        small(**{f"p{number}": Range(0, 1) for number in range(8)}).grid()
    assert error.value.received == "The grid has 6,561 points."
    assert error.value.action == "Take 2 steps for each range (256 points), or choose another method."
    with pytest.raises(InputError) as error:
        small(**{f"p{number}": Range(0, 1) for number in range(6)}).grid(10)
    assert error.value.received == "The grid has 1,000,000 points."
    assert error.value.action == "Take 2 steps for each range (64 points), or choose another method."
    with pytest.raises(InputError, match=r"Fix all but 10 of the parameters \(1,024 points\)"):
        small(**{f"p{number}": Range(0, 1) for number in range(12)}).grid(2)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Range(2, 1), "rate goes from 2 to 1. The low end must not be above the high end. Swap them."),
        (Range(0, 1, log=True), "rate goes from 0 on a logarithmic scale. Such a scale begins above 0."),
        (Range(float("nan"), 1), "rate goes from nan to 1. Both must be numbers. Fill both in."),
        (Choice(()), "rate has no value left. At least one is needed."),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(entry: Range | Choice, words: str) -> None:
    with pytest.raises(InputError) as error:
        small(rate=Range(0, 1)).changed("rate", entry)
    assert words in str(error.value)


def test_a_parameter_the_model_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="This model has no parameter 'speed' that is tuned. There are rate."):
        small(rate=Range(0, 1)).changed("speed", Range(0, 1))


def test_where_the_search_begins() -> None:
    depth = Range(1, 11, whole=True)
    assert Parameter("max_depth", depth).nearest(None) == 11, "no limit is the far end"
    assert Parameter("max_depth", depth).nearest(40) == 11
    assert Parameter("max_features", Range(0.4, 1)).nearest("sqrt") == 0.7
    assert Parameter("solver", Choice(("lsqr", "eigen"))).nearest("svd") == "lsqr"
    assert Parameter("C", Range(0.1, 10)).nearest(1) == 1.0


def test_a_space_outlives_its_file() -> None:
    space = space_of("binary", portfolio("binary")["lightgbm-own"])
    assert Space.from_dict(space.to_dict()) == space


def test_what_cannot_be_tuned_says_why() -> None:
    with pytest.raises(InputError, match="Lasso has nothing that could be tuned. Choose another model."):
        space_of("regression", Spec("lasso-cv", "Lasso", "linear", "sklearn.linear_model.LassoCV"))
    with pytest.raises(InputError, match="Best is an ensemble. One model is tuned at a time. Choose one of the models it is"):
        check_tunable(Candidate("ensemble", "Best", "ensemble", "ensemble", state="scored"))
    with pytest.raises(InputError, match="KNN has no score: It failed."):
        check_tunable(Candidate("knn", "KNN", "neighbours", state="failed", reason="It failed", spec={"id": "knn"}))

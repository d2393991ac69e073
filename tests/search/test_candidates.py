"""The models that can be tried: every one can be made, at both ends of its space, and knows its seed and threads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest

from automl_core.cleaning.variants import LIMITED
from automl_core.errors import InputError
from automl_core.experiment import Budget, ExperimentConfig, Preset, Task
from automl_core.search.candidates import CATALOGUE, FAMILIES, PORTFOLIO, Spec, catalogue, choose, make_estimator, portfolio

DATA = json.loads(CATALOGUE.read_text(encoding="utf-8"))
MODELS = [(kind, row["id"]) for kind in ("classification", "regression") for row in DATA[kind]["models"]]
TASKS: tuple[Task, ...] = get_args(Task)


CONFIG = ExperimentConfig("y", "binary", "roc_auc", budget=Budget(60))


def row_of(kind: str, name: str) -> dict[str, Any]:
    return next(row for row in DATA[kind]["models"] if row["id"] == name)


def ends(space: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the lower and the upper end of a tuning space."""
    low, high = {}, {}
    for key, entry in space.items():
        if entry["kind"] == "categorical":
            low[key], high[key] = entry["values"][0], entry["values"][-1]
        else:
            low[key], high[key] = entry["lower"], entry["upper"]
    return low, high


@pytest.mark.parametrize(("kind", "name"), MODELS)
def test_every_model_is_made_at_both_ends_of_its_space(kind: str, name: str) -> None:
    row = row_of(kind, name)
    grid = {key: {"kind": "categorical", "values": values} for key, values in row["grid"].items()}
    for params in ({}, *ends(row["space"]), *ends(grid)):
        spec = Spec(name, row["name"], "", row["class"], {**row["args"], **params})
        estimator = make_estimator(spec, seed=3, threads=1)
        known = estimator.get_params()
        for key, value in params.items():
            if key in known:
                assert known[key] == (tuple(value) if isinstance(known[key], tuple) else value)
        for key in ("n_jobs", "thread_count"):
            assert known.get(key, 1) == 1
        for key in ("random_state", "random_seed"):
            assert known.get(key, 3) == 3


def test_what_is_left_out_of_a_space_is_named() -> None:
    assert row_of("classification", "mlp")["left_out"] == ["hidden_layer_size_0", "hidden_layer_size_1", "hidden_layer_size_2"]
    left = {name for kind, name in MODELS if row_of(kind, name)["left_out"]}
    assert left == {"mlp", "lightgbm"}


def test_every_model_has_a_family() -> None:
    assert {name for _, name in MODELS} <= set(FAMILIES)


@pytest.mark.parametrize("task", TASKS)
def test_our_own_models_are_made(task: Task) -> None:
    for spec in portfolio(task).values():
        estimator = make_estimator(spec, seed=0, threads=1)
        assert hasattr(estimator, "fit")
        if spec.view == "native":
            assert spec.early_stopping
        if spec.early_stopping:
            assert spec.view == "native" or spec.family == "neural"


@pytest.mark.parametrize("task", TASKS)
def test_the_portfolio_has_no_configuration_twice(task: Task) -> None:
    rows = json.loads(PORTFOLIO.read_text(encoding="utf-8"))[task]
    assert len({row["id"] for row in rows}) == len({(row["class_path"], repr(row["params"])) for row in rows}) == len(rows)
    assert [spec.id for spec in choose(replace(CONFIG, task=task))] == ["lr", *(row["id"] for row in rows)]


@pytest.mark.parametrize("task", TASKS)
def test_every_kind_of_model_is_among_the_first_of_the_portfolio(task: Task) -> None:
    first = choose(replace(CONFIG, task=task))[:14]
    assert {"boosting", "forest", "linear", "neural", "neighbours", "kernel"} <= {spec.family for spec in first}
    assert len({spec.class_path.partition(".")[0] for spec in first} & {"lightgbm", "xgboost", "catboost"}) == 3


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_preset_has_known_models_in_an_order(task: Task, preset: Preset) -> None:
    chosen = choose(replace(CONFIG, task=task, preset=preset))
    ids = [spec.id for spec in chosen]
    assert len(ids) == len(set(ids)) >= 3
    assert "dummy" not in ids
    known = {**catalogue(task), **portfolio(task)}
    assert all(spec == known[spec.id] for spec in chosen)


@pytest.mark.parametrize("task", TASKS)
def test_the_first_models_are_of_different_families(task: Task) -> None:
    families = [spec.family for spec in choose(replace(CONFIG, task=task))[:12]]
    assert len(set(families)) >= 5


@pytest.mark.parametrize(("rows", "n_classes", "first"), [(1_000, 7, 3), (1_000, 8, 10), (4_000, 8, 2)])
def test_where_labels_are_many_boosters_come_after_those_who_do_not_mind_them(rows: int, n_classes: int, first: int) -> None:
    """On large tables boosters of many leaves stay in front."""
    families = [spec.family for spec in choose(replace(CONFIG, task="multiclass"), rows, n_classes)]
    assert families.index("boosting") + 1 == first
    assert set(families[:9]) >= {"linear", "neighbours", "kernel", "neural", "forest", "bayes"} or first < 10


@pytest.mark.parametrize("task", TASKS)
def test_what_goes_by_what_is_near_gets_limited_numbers(task: Task) -> None:
    views = {spec.view for spec in portfolio(task).values() if spec.family in ("neural", "kernel", "neighbours")}
    assert views == {LIMITED}


def test_explainable_models_can_be_read() -> None:
    chosen = [spec for task in TASKS for spec in choose(replace(CONFIG, task=task, preset="explainable"))]
    assert {spec.family for spec in chosen} == {"linear", "tree", "additive"}
    trees = {spec.id: spec.params for spec in chosen if spec.family == "tree"}
    assert trees == {"tree-small": {"max_depth": 4, "max_leaf_nodes": 16, "min_samples_leaf": 5}}
    assert [spec.id for spec in chosen[:3]] == ["lr", "ebm", "tree-small"]  # each kind early, so that a short budget has all


def test_named_candidates_are_taken_in_their_order() -> None:
    chosen = choose(replace(CONFIG, candidates=("rf", "lightgbm-own", "lr")))
    assert [spec.id for spec in chosen] == ["rf", "lightgbm-own", "lr"]


def test_a_model_of_another_task_is_refused() -> None:
    with pytest.raises(InputError, match="There is no model 'lasso' for a binary task"):
        choose(replace(CONFIG, candidates=("lasso",)))

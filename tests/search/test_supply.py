"""What a run fits, and in which order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from automl_core.cleaning.variants import LIMITED
from automl_core.experiment import Budget
from automl_core.schema import Column, Schema
from automl_core.search.candidates import AMOUNTS, portfolio
from automl_core.search.supply import Supply, first_specs, steady, with_amounts, words_at_the_end
from tests.search.conftest import CONFIG, SCHEMA

LABELS = np.arange(40) % 2.0


def test_a_model_that_asks_more_neighbours_than_there_are_is_left_out() -> None:
    names = [[spec.id for spec in first_specs(CONFIG, SCHEMA, LABELS, 2, learned=learned)] for learned in (35, 60)]
    assert set(names[1]) - set(names[0]) == {"neighbours-p3"}


@pytest.mark.parametrize(("values", "place"), [([0.0, 2.0, 7.0], 1), ([-1.0, 2.0, 7.0], None), ([0.0, 0.0, 0.0], None)])
@pytest.mark.parametrize("given", [True, False])
def test_amounts_have_a_booster_of_their_own_after_the_first(values: list[float], place: int | None, given: bool) -> None:
    known = portfolio("regression")
    specs = [known["xgboost-own"], known["lightgbm-own"], *([known[AMOUNTS]] if given else [])]
    names = [spec.id for spec in with_amounts(specs, np.array(values))]
    assert names == (["xgboost-own", "lightgbm-own"] if place is None else ["xgboost-own", AMOUNTS, "lightgbm-own"])


def test_noisy_copies_come_last_where_labels_are_many() -> None:
    config, schema = replace(CONFIG, task="multiclass", metric="log_loss"), Schema((Column("age", "number"),))
    for labels, last in ((5, False), (10, True)):
        names = [spec.resampling for spec in first_specs(config, schema, np.arange(200.0) % labels, labels, learned=150)]
        assert names.count("jitter") == 3 and (names[-3:] == ["jitter"] * 3) is last


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("lightgbm-own", {"n_estimators": 100, "learning_rate": 0.05}),
        ("catboost-own", {"iterations": 83, "learning_rate": 0.06}),
        ("neural-p5", {"early_stopping": False, "alpha": 1.0}),
    ],
)
def test_what_stops_early_gets_a_fixed_length_where_folds_judge_few_rows(name: str, params: dict[str, float]) -> None:
    spec = steady({**portfolio("regression"), **portfolio("binary")}[name])
    assert not spec.early_stopping and spec.view in ("encoded", LIMITED) and "early" not in spec.name
    assert {key: spec.params[key] for key in params} == params


def test_what_does_not_stop_early_stays_as_it_is() -> None:
    spec = portfolio("binary")["forest-own"]
    assert steady(spec) is spec


def test_the_first_model_comes_before_the_baseline_and_a_count_keeps_their_order() -> None:
    specs = list(portfolio("binary").values())[:3]
    timed = Supply(replace(CONFIG, budget=Budget(60)), specs, more=False, greater_is_better=True)
    assert [spec.id for spec, _ in timed.queue] == [specs[0].id, "dummy", specs[1].id, specs[2].id]
    counted = Supply(replace(CONFIG, budget=Budget(60, 2)), specs, more=False, greater_is_better=True, few=True)
    assert [role for _, role in counted.queue] == ["baseline", "model", "model"]
    assert not any(spec.early_stopping for spec, _ in counted.queue)


def test_a_model_that_a_person_has_tuned_is_not_one_of_those_that_were_asked_for() -> None:
    specs = list(portfolio("binary").values())[:3]
    counted = Supply(replace(CONFIG, budget=Budget(60, 8)), specs, more=True, greater_is_better=True)
    assert counted.trials_left == 5
    counted.known(replace(specs[0], id="lightgbm-own-tuned-1"))
    assert counted.trials_left == 5
    counted.known(replace(specs[0], id="lightgbm-t1"))
    assert counted.trials_left == 4


@pytest.mark.parametrize(
    ("preset", "limit", "first", "proposes", "left"),
    [
        ("balanced", 20, None, True, 17),
        ("balanced", 40, 20, True, 37),
        ("quick", 20, None, False, 17),
        ("quick", 40, 20, True, 20),
        ("fast", 5, 2, True, 2),
        ("explainable", 40, 20, False, 37),
    ],
)
def test_what_was_given_beyond_a_short_list_is_not_owed(
    preset: str, limit: int, first: int | None, proposes: bool, left: int
) -> None:
    specs = list(portfolio("binary").values())[:3]
    config = replace(CONFIG, preset=preset, budget=Budget(60, limit), candidates=())
    made = Supply(config, specs, more=True, greater_is_better=True, first=first)
    assert made.proposes is proposes
    assert not proposes or made.trials_left == left


def test_no_time_left_is_not_nothing_left() -> None:
    specs = list(portfolio("binary").values())[:1]
    made = Supply(replace(CONFIG, budget=Budget(60)), specs, more=True, greater_is_better=True, first=0)
    assert made.nothing_left(2.0, fitted=True) == ""
    assert made.nothing_left(20.0, fitted=True) == (
        "Every model that there is for these settings has been tried, so more would change nothing. Tune one of the models, or "
        "start a comparison with other settings."
    )
    assert words_at_the_end(replace(CONFIG, preset="pycaret", budget=Budget(60)), 0, fitted=True) == (
        "All that PyCaret fits, tunes and blends has been tried, so more would change nothing. Tune one of the models, or start "
        "a comparison with the preset Balanced."
    )

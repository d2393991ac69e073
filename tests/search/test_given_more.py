"""A search that is given more after it had ended: it does something with it, or says what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from automl_core.events import Event, Message
from automl_core.experiment import Budget
from automl_core.leaderboard import Leaderboard
from automl_core.search import supply
from automl_core.search.candidates import catalogue, portfolio
from automl_core.search.tuner import TUNED, number_of
from tests.search.test_repeatable import what

Search = Callable[..., Leaderboard]


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of three, so that a few models go beyond it."""
    own = portfolio("binary").values()
    kinds = ("ExtraTreesClassifier", "XGBClassifier")
    chosen = [next(spec for spec in own if spec.class_path.endswith(kind)) for kind in kinds]
    monkeypatch.setattr(supply, "choose", lambda config, rows=0, n_classes=0: [catalogue("binary")["lr"], *chosen])
    monkeypatch.setattr(supply, "balancing_specs", lambda *args, **options: [])


def test_so_many_models_and_then_more_are_the_same_as_all_of_them_at_once(search: Search, tmp_path: Path) -> None:
    """Regression: the tuner began anew, and its first proposals were made once more under other numbers."""
    once = search(tmp_path / "once", budget=Budget(60, 10))
    for count in (2, 6, 10):  # within the list, within a batch, and the rest
        more = search(tmp_path / "more", budget=Budget(60, count), first=2)
    assert len([row for row in once if TUNED.match(row.id)]) == 7
    assert [what(row) for row in more] == [what(row) for row in once]


def test_what_was_proposed_by_other_rules_is_kept_and_counted_on(search: Search, tmp_path: Path) -> None:
    first = search(tmp_path, budget=Budget(60, 5))
    (path,) = tmp_path.glob("candidates/*-t2/spec.json")
    path.write_text(path.read_text().replace(", tuned 2", ", tuned another way"))
    more = search(tmp_path, budget=Budget(60, 7), first=5)
    assert sorted(number_of(row.id) for row in more if number_of(row.id)) == [1, 2, 3, 4]
    kept = {row.id: row.fold_scores for row in first}
    assert {row.id: row.fold_scores for row in more if row.id in kept and row.role == "model"} == {
        name: scores for name, scores in kept.items() if name not in ("dummy", "ensemble")
    }
    params = [row.params for row in more if number_of(row.id)]
    assert all(params.count(one) == 1 for one in params)


def told(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Message) and "Going on" not in event.text]


@pytest.mark.parametrize("preset", ["quick", "fast"])
def test_a_preset_with_a_short_list_goes_on_beyond_it_when_it_is_given_more(search: Search, tmp_path: Path, preset: str) -> None:
    """Regression: more time for a quick look ended at once without a word, and 20 more models were none."""
    first = search(tmp_path, preset=preset, budget=Budget(60, 20))
    assert len([row for row in first if row.role == "model"]) == 3
    events: list[Event] = []
    more = search(tmp_path, preset=preset, budget=Budget(60, 22), first=20, emit=events.append)
    assert {row.id for row in more} - {row.id for row in first} == {row.id for row in more if number_of(row.id)}
    assert len([row for row in more if number_of(row.id) and row.state == "scored"]) == 2
    assert not any("has been tried" in text or "had been tried" in text for text in told(events))


def test_more_time_gives_more_models_by_the_clock_too(search: Search, tmp_path: Path) -> None:
    first = search(tmp_path, preset="quick", budget=Budget(30))
    assert not [row for row in first if number_of(row.id)]
    more = search(tmp_path, preset="quick", budget=Budget(10), first=0)
    assert [row for row in more if number_of(row.id) and row.state == "scored"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"preset": "explainable", "budget": Budget(60)},
            "Every readable model has been tried, so more would change nothing. Tune one of the models, or start a comparison "
            "with another preset.",
        ),
        (
            {"candidates": ("lr", "nb"), "budget": Budget(60)},
            "Every model that was named has been tried, so more would change nothing. Tune one of the models, or start a "
            "comparison that chooses the models itself.",
        ),
        (
            {"budget": Budget(60, 3)},
            "All models that this run was given had been tried before. Give it more models to go on.",
        ),
    ],
)
def test_where_nothing_is_left_to_try_it_says_what_to_do_instead(
    search: Search, tmp_path: Path, settings: dict[str, Any], sentence: str
) -> None:
    events: list[Event] = []
    search(tmp_path, **settings, emit=events.append)
    assert sentence not in told(events), "it was given that once"
    search(tmp_path, **settings, first=settings["budget"].trials, emit=events.append)
    assert told(events)[-1] == sentence

"""Where fits are made follows from the environment and from what a request says; nobody else names an address."""

from __future__ import annotations

import pytest

from automl_core.search.place import HERE, Place, default_place


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_RAY_ADDRESS", " head:6379 ")


def test_the_environment_names_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_place() == Place("head:6379", or_here=False)
    assert default_place(or_here=True) == Place("head:6379", or_here=True)
    monkeypatch.delenv("AUTOML_RAY_ADDRESS")
    assert default_place() == HERE


def test_a_request_keeps_what_was_chosen_and_one_without_a_word_means_the_environment() -> None:
    assert Place.of({"place": Place("other:1", or_here=True).to_dict()}) == Place("other:1", or_here=True)
    assert Place.of({"place": HERE.to_dict()}) == HERE
    assert Place.of({}) == Place("head:6379")

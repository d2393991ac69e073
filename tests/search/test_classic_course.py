"""What PyCaret is asked in a run that was given more, and what is said at its end; no PyCaret is needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from automl_core.events import Event, Message
from automl_core.experiment import Budget
from automl_core.search import classic, classic_course, classic_plan
from automl_core.search.classic_board import ClassicBoard, Job
from automl_core.search.classic_course import Clock, Course
from automl_core.search.prepare import prepare
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people

INFINITE = float("inf")


def tuned(*, given_more: bool, limit: int = 0, seconds: float = 10_000.0, once: float = 1.0) -> tuple[list[str], Course]:
    """Return which of eight scored models are asked to be tuned, and the course; what is asked for is never scored."""
    specs = classic_plan.models(replace(CONFIG, preset="pycaret"))[:8]
    jobs = {spec.id: Job(spec, theirs={}, seconds=once, asked=True, closed=True) for spec in specs}
    rows = SimpleNamespace(
        jobs=jobs, config=replace(CONFIG, preset="pycaret", budget=Budget(60, limit)), metric=SimpleNamespace(name="roc_auc"),
        count=2, whole=lambda job: True, scored=lambda: [SimpleNamespace(id=spec.id) for spec in specs],
        is_scored=lambda name: False,
        add=lambda job: jobs.setdefault(job.spec.id, job), row=lambda *told: None, show=lambda row: None, emit=lambda event: None,
    )  # fmt: skip
    end = INFINITE if limit else time.time() + seconds
    course = Course(cast(ClassicBoard, rows), Clock(end, end, end), lambda *told: None, given_more=given_more)
    course._end_creating()
    asked = []
    while (task := next(course._tunings(), None)) is not None:
        asked.append(task[0][1].removesuffix("-tuned"))
    return asked, course


@pytest.fixture(autouse=True)
def one_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classic_course, "can_use_optuna", lambda: False)


def test_in_more_time_the_models_that_come_next_are_tuned_too() -> None:
    """Regression: each session tuned three and said that all had been tried."""
    every = [spec.id for spec in classic_plan.models(replace(CONFIG, preset="pycaret"))[:8]]
    first, course = tuned(given_more=False)
    assert first == every[:3]
    assert [name for name, _ in course.untuned()] == every[3:]
    more, course = tuned(given_more=True)
    assert (more, course.untuned()) == (every, [])


def test_no_more_are_tuned_than_models_or_time_are_left() -> None:
    asked, course = tuned(given_more=True, limit=13)
    assert len(asked) == 5
    assert len(course.untuned()) == 3
    asked, course = tuned(given_more=True, seconds=5.0, once=2.0)
    assert asked == []
    assert len(course.untuned()) == 8, "what there was no time for was not tried"


@pytest.mark.parametrize(
    ("untuned", "limit", "start"),
    [
        ([], 0, "All that PyCaret fits, tunes and blends has been tried"),
        ([("lr", "scikit-learn")], 0, ""),
        ([("lr", "scikit-learn")], 3, "All models that this run was given had been tried before."),
    ],
)
def test_that_all_was_tried_is_said_where_it_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untuned: list[tuple[str, str]], limit: int, start: str
) -> None:
    """Regression: it was said while most models had not been tuned."""
    config = replace(CONFIG, preset="pycaret", budget=Budget(600, limit))
    prepared = prepare(make_people(), SCHEMA, RECIPE, config, tmp_path)
    said: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, Message):
            said.append(event.text)

    nothing: Callable[..., Any] = lambda *told: None  # noqa: E731
    monkeypatch.setattr(classic.ClassicLoop, "_over", lambda loop: True)
    monkeypatch.setattr(classic.ClassicLoop, "_finish", nothing)
    monkeypatch.setattr(Course, "untuned", lambda course: untuned)
    classic.ClassicLoop(prepared, emit=emit, should_stop=lambda: False, started=time.time(), given_more=True).run()
    assert [text[: len(start)] for text in said] == ([start] if start else [])

"""Two projects at once never mix: trained side by side they give what they give one after the other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from automl_core.events import Finished, Started, read_events
from automl_core.jobs.job import ACTIVE, Job
from automl_core.leaderboard import Leaderboard

if TYPE_CHECKING:
    from conftest import Desk

CANDIDATES = ("lr", "nb", "dt", "lda")


def scores(job: Job) -> dict[str, Any]:
    """Return everything of a leaderboard that does not tell of time."""
    board = Leaderboard.load(job.folder / "leaderboard.json")
    return {row.id: (row.state, row.score, row.spread, row.fold_scores, row.metrics, row.members, row.params) for row in board}


def finish(*jobs: Job) -> None:
    """Wait until all have ended, and see that they ended well."""
    deadline = time.monotonic() + 60
    while any(job.state in ACTIVE for job in jobs):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [job.state for job in jobs] == ["finished"] * len(jobs)


def times(job: Job) -> tuple[float, float]:
    """Return when a run began and ended."""
    found = read_events(job.journal)[0]
    begun = next(event.time for event in found if isinstance(event, Started))
    return begun, next(event.time for event in found if isinstance(event, Finished))


def test_two_projects_in_parallel_score_as_one_after_the_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_WORKERS", "2")
    ship, harbour = desk.project("Ship"), desk.project("Harbour")
    first = desk.params(ship, 300, seed=1, candidates=CANDIDATES, threads=1)
    second = desk.params(harbour, 500, seed=2, candidates=CANDIDATES, threads=1)

    parallel = desk.start(ship, first), desk.start(harbour, second)
    finish(*parallel)
    (begun, ended), (other_begun, other_ended) = times(parallel[0]), times(parallel[1])
    assert max(begun, other_begun) < min(ended, other_ended)  # they did run at the same time

    serial = []
    for project, params in ((ship, first), (harbour, second)):
        serial.append(desk.start(project, params))
        finish(serial[-1])
    assert scores(parallel[0]) == scores(serial[0])
    assert scores(parallel[1]) == scores(serial[1])
    assert scores(serial[0]) != scores(serial[1])
    assert set(scores(serial[0])) == {"dummy", *CANDIDATES, "ensemble"}
    assert {row[0] for row in scores(serial[0]).values()} == {"scored"}
    assert [len(desk.workspace.project(project.id).list("runs")) for project in (ship, harbour)] == [2, 2]

"""Fits and trials on a real Ray cluster of two machines, as processes on this one: what local fits give, it gives."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automl_core.engines import ray as engine
from automl_core.errors import EngineError, InputError
from automl_core.events import CandidateScored, Event, Message
from automl_core.experiment import Budget
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.runs import Run
from automl_core.search import loop, remote
from automl_core.search.candidates import catalogue, portfolio
from automl_core.search.place import Place
from automl_core.tuning.study import Study, TrialRow
from tests.search.conftest import search  # noqa: F401 - a fixture
from tests.tuning.conftest import run, searched, tuned  # noqa: F401 - fixtures

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves the pipes of its processes to the collector
    pytest.mark.filterwarnings("ignore::FutureWarning:ray.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*"),
]
Search = Callable[..., Leaderboard]


@pytest.fixture(scope="module")
def two_machines() -> Iterator[Any]:
    """A head and another machine, one core each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": 120 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def place(two_machines: Any) -> Place:
    return Place(two_machines.address)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portfolio of three, so that a few trials go beyond it."""
    own = portfolio("binary").values()
    chosen = [next(spec for spec in own if spec.class_path.endswith(kind)) for kind in ("ExtraTreesClassifier", "LGBMClassifier")]
    monkeypatch.setattr(loop, "choose", lambda config, rows=0: [catalogue("binary")["lr"], *chosen])
    monkeypatch.setattr(loop, "balancing_specs", lambda *args, **options: [])


def what(row: Candidate) -> tuple[Any, ...]:
    """What does not depend on the machine, but for scores."""
    return row.id, row.state, row.params, row.spec


def assert_same(one: Leaderboard, two: Leaderboard) -> None:
    assert [what(row) for row in one] == [what(row) for row in two]
    for row, other in zip(one, two, strict=True):
        assert other.fold_scores == pytest.approx(row.fold_scores, abs=1e-9)
        assert other.metrics == pytest.approx(row.metrics, abs=1e-9)
        assert other.members == pytest.approx(row.members, abs=1e-9)


def test_the_leaderboard_is_that_of_local_fits_and_the_run_holds_all_of_it(
    search: Search, small: None, place: Place, tmp_path: Path  # noqa: F811
) -> None:
    options: dict[str, Any] = {"budget": Budget(60, 5), "seed": 3}
    told: list[Event] = []
    here = search(tmp_path / "here", threads=2, **options)
    there = search(tmp_path / "there", emit=told.append, place=place, **options)
    assert_same(here, there)
    said = [event.text for event in told if isinstance(event, Message)]
    assert f"Fits are made on the cluster at {place.cluster}: 2 machines, 2 cores." in said
    names = {str(path.relative_to(tmp_path / "here")) for path in (tmp_path / "here").rglob("*") if path.is_file()}
    assert names == {str(path.relative_to(tmp_path / "there")) for path in (tmp_path / "there").rglob("*") if path.is_file()}
    lines = [(tmp_path / where / "fits.log").read_text().splitlines() for where in ("here", "there")]
    assert sorted(line.rsplit(" ", 1)[0] for line in lines[0]) == sorted(line.rsplit(" ", 1)[0] for line in lines[1])

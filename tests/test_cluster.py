"""Fits and trials on a real Ray cluster of two machines, as processes on this one: what local fits give, it gives."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

import automl_core
from automl_core.engines import ray as engine
from automl_core.errors import EngineError, InputError
from automl_core.events import CandidateScored, Event, Message, TrialFinished
from automl_core.experiment import Budget
from automl_core.leaderboard import Candidate, Leaderboard
from automl_core.runs import Run
from automl_core.search import remote, scratch, supply
from automl_core.search.candidates import catalogue, portfolio
from automl_core.search.fitting import FoldWork
from automl_core.search.place import Place
from automl_core.search.tasks import Done
from automl_core.tuning.busy import check_busy
from automl_core.tuning.spaces import Space
from automl_core.tuning.study import STORAGE, Settings, Study, TrialRow, study_folder
from tests.search import conftest as searching
from tests.search.conftest import CONFIG, RECIPE, SCHEMA, make_people
from tests.tuning import conftest as tuning

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves the pipes of its processes to the collector
    pytest.mark.filterwarnings("ignore::FutureWarning:ray.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.*"),
]
Search = Callable[..., Leaderboard]
PACKAGE = Path(automl_core.__file__).parent
search, searched, run, tuned = searching.search, tuning.searched, tuning.run, tuning.tuned  # their fixtures, here as well


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of the cluster's machines."""
    return tmp_path_factory.mktemp("machines")


@pytest.fixture(scope="module")
def two_machines(temporary: Path) -> Iterator[Any]:
    """A head and another machine, one core each."""
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 1, "object_store_memory": 120 * 2**20, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # Its processes would yield to everything else on this machine, such as the tests beside this one.
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_TMPDIR", "/tmp")  # of Ray's sockets, whose paths must be short
        patch.setenv("TMPDIR", str(temporary))
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
    monkeypatch.setattr(supply, "choose", lambda config, rows=0, n_classes=0: [catalogue("binary")["lr"], *chosen])
    monkeypatch.setattr(supply, "balancing_specs", lambda *args, **options: [])


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
    search: Search,
    small: None,
    place: Place,
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"budget": Budget(60, 4), "seed": 3}
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


def slow_ones(*names: str, trees: int) -> Callable[..., Any]:
    """Forests of so many trees that each fold takes a moment, as what a search chooses."""
    base = next(spec for spec in portfolio("binary").values() if spec.class_path.endswith("ExtraTreesClassifier"))
    return lambda config, rows=0, n_classes=0: [
        replace(base, id=name, name=name, params={"n_estimators": trees}) for name in names
    ]


def at_work(machine: Any) -> list[int]:
    """Processes of a machine of the cluster that do a task of ours."""
    known = [psutil.Process(entry.process.pid) for entry in machine.all_processes["raylet"]]
    found = [child for process in known for child in process.children()]
    return [child.pid for child in found if (child.cmdline() or [""])[0] == "ray::do"]


def busy(cluster: Any) -> int:
    """Machines of the cluster that do a task of ours."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(bool(at_work(machine)) for machine in cluster.list_all_nodes())
    return 0


def test_stop_ends_what_runs_on_the_cluster_and_leaves_nothing_there(
    search: Search,
    two_machines: Any,
    temporary: Path,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supply, "choose", slow_ones("quick", "endless", trees=20_000))
    asked: list[float] = []

    def should_stop() -> bool:
        if busy(two_machines) == 2 and not asked:
            asked.append(time.monotonic())
        return bool(asked)

    board = search(tmp_path, frame=make_people(3_000), budget=Budget(60, 2), should_stop=should_stop, place=place)
    assert time.monotonic() - asked[0] < 20
    assert {row.state for row in board if row.id in ("quick", "endless")} <= {"stopped", "skipped"}
    end = time.monotonic() + 5
    while busy(two_machines) and time.monotonic() < end:
        time.sleep(0.1)
    assert not busy(two_machines)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    scratch.tidy()  # as the next task there would
    assert not list(temporary.glob(f"{scratch.PREFIX}*"))


def test_trials_are_those_of_local_fits(run: Run, tuned: Callable[..., Study], place: Place, tmp_path: Path) -> None:
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    options: dict[str, Any] = {"trials": 7, "seed": 5, "pruner": "halving"}  # so that some are given up by their first folds
    here, there = tuned(run, **options), tuned(copy, place=place, **options)

    def of(row: TrialRow) -> tuple[Any, ...]:
        return row.number, row.state, row.params, row.reason

    assert [of(row) for row in there.rows] == [of(row) for row in here.rows]
    assert {row.state for row in here.rows} == {"scored", "pruned"}
    for row, other in zip(here.rows, there.rows, strict=True):
        assert other.fold_scores == pytest.approx(row.fold_scores, abs=1e-9)
    assert there.joined == here.joined
    files = {str(path.relative_to(run.path)) for path in (run.path / "tuning").rglob("*") if "candidates" in path.parts}
    assert files == {str(path.relative_to(copy.path)) for path in (copy.path / "tuning").rglob("*") if "candidates" in path.parts}


def test_cleaning_choices_are_tried_on_a_cluster_too(run: Run, tuned: Callable[..., Study], place: Place, tmp_path: Path) -> None:
    """What a choice makes of the data lies in the study's folder, and is found there by the fits of other machines."""
    from automl_core.tuning.run import features_of, space_of_row

    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    space = space_of_row("binary", run.leaderboard()["lr"], features_of(run))
    options: dict[str, Any] = {"space": space, "method": "random", "trials": 2, "seed": 1, "pruner": "none"}
    here, there = tuned(run, "lr", **options), tuned(copy, "lr", place=place, **options)
    assert [row.state for row in there.rows] == ["scored"] * 3
    assert len({json.dumps(row.params) for row in there.rows}) == 3
    for row, other in zip(here.rows, there.rows, strict=True):
        assert other.fold_scores == pytest.approx(row.fold_scores, abs=1e-9)


def test_ray_tune_keeps_the_machines_busy_and_fills_the_same_study(
    run: Run, tuned: Callable[..., Study], place: Place, tmp_path: Path
) -> None:
    """Scores are those of the same values in batches, ASHA gives trials up, and what is better joins the leaderboard."""
    import optuna

    told: list[Event] = []
    options: dict[str, Any] = {"course": "busy", "pruner": "halving", "trials": 9, "seed": 5}
    study = tuned(run, place=place, emit=told.append, **options)
    before = run.leaderboard()["dt"]
    assert [row.number for row in study.rows] == list(range(10))
    assert (study.rows[0].score, study.rows[0].fold_scores) == (before.score, before.fold_scores)
    assert {row.state for row in study.rows} == {"scored", "pruned"}
    pruned = [row for row in study.rows if row.state == "pruned"]
    assert all(row.reason == f"Given up after {len(row.fold_scores)} of 3 folds: others did better on them." for row in pruned)
    assert sorted(event.trial["number"] for event in told if isinstance(event, TrialFinished)) == list(range(1, 10))
    assert any(isinstance(event, Message) and "will not give exactly the same trials" in event.text for event in told)
    assert study.joined and run.leaderboard()[study.joined].score == pytest.approx(study.best.score, abs=1e-9)
    assert list((run.path / "candidates" / study.joined).glob("*.skops"))

    path = study_folder(run.path, study.id) / STORAGE
    loaded = optuna.load_study(study_name=study.id, storage=f"sqlite:///{path}")
    assert [trial.state.name for trial in loaded.trials] == [
        {"scored": "COMPLETE", "pruned": "PRUNED"}[row.state] for row in study.rows
    ]
    assert loaded.best_value == pytest.approx(study.best.score)
    best = loaded.trials[study.best.number]
    assert list(best.intermediate_values) == [0, 1, 2] and best.intermediate_values[2] == pytest.approx(best.value)

    more = tuned(run, place=place, study=study.id, **options)  # and goes on, here in batches after that
    assert more.rows[:10] == study.rows and len(more.rows) == 19
    last = tuned(run, study=study.id, **{**options, "trials": 2})
    assert last.rows[:19] == more.rows and [row.number for row in last.rows] == list(range(21))


def test_what_ray_tune_scores_is_what_a_batch_scores(run: Run, tuned: Callable[..., Study], place: Place, tmp_path: Path) -> None:
    """A grid, so that both try the same points; one of its values fails, and one is that of the model as it is."""
    from automl_core.engines.optuna import Choice
    from automl_core.tuning.run import space_of_row

    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    space = Space(space_of_row("binary", run.leaderboard()["lr"]).parameters[:1]).changed("C", Choice((-1.0, 0.01, 1.0, 2.0)))
    options: dict[str, Any] = {"space": space, "method": "grid", "trials": 4, "pruner": "none"}
    here, there = tuned(copy, "lr", **options), tuned(run, "lr", place=place, course="busy", **options)
    rows, others = ({row.params["C"]: row for row in study.rows[1:]} for study in (here, there))
    assert set(rows) == set(others) == {-1.0, 0.01, 1.0, 2.0}
    for value, row in rows.items():
        assert (others[value].state, others[value].reason) == (row.state, row.reason)
        assert others[value].fold_scores == pytest.approx(row.fold_scores, abs=1e-9)
    assert "InvalidParameterError" in others[-1.0].reason
    assert others[1.0].reason == "The same values as trial 0, not fitted again."


def test_ray_tune_tries_cleaning_choices_and_the_winner_keeps_its_own(
    run: Run, tuned: Callable[..., Study], place: Place
) -> None:
    from automl_core.model import build_model
    from automl_core.tuning.run import features_of, space_of_row

    board = run.leaderboard()
    poor = replace(board["lr"], fold_scores=(0.1, 0.1, 0.1), score=0.1)  # so that every trial is better
    board.with_candidate(poor).save(run.path / "leaderboard.json")
    space = space_of_row("binary", poor, features_of(run))
    study = tuned(run, "lr", space=space, method="random", trials=3, seed=1, place=place, course="busy", pruner="none")
    assert [row.state for row in study.rows] == ["scored"] * 4
    assert build_model(run.path, study.joined, run.path / "tuned.zip").exists()
    assert not list(study_folder(run.path, study.id).glob("folds/*/*.npy"))


def slow_row(run: Run, trees: int) -> None:
    """Let the tree of the run be a forest whose folds take a moment."""
    board = run.leaderboard()
    base = next(spec for spec in portfolio("binary").values() if spec.class_path.endswith("ExtraTreesClassifier"))
    spec = replace(base, id="dt", name="Forest", params={"n_estimators": trees})
    board.with_candidate(replace(board["dt"], spec=asdict(spec), params=spec.params)).save(run.path / "leaderboard.json")


def forest_space() -> Any:
    from automl_core.engines.optuna import Range
    from automl_core.tuning.spaces import Parameter

    return Space((Parameter("min_samples_leaf", Range(1, 30, whole=True), 1),))


def test_the_stop_button_ends_ray_tune_at_once(run: Run, tuned: Callable[..., Study], two_machines: Any, place: Place) -> None:
    slow_row(run, 20_000)
    asked: list[float] = []

    def should_stop() -> bool:
        if tuning_at_work(two_machines) == 2 and not asked:
            asked.append(time.monotonic() + 1)  # in the middle of a fit
        return bool(asked) and time.monotonic() > asked[0]

    study = tuned(run, space=forest_space(), trials=20, place=place, course="busy", pruner="halving", should_stop=should_stop)
    assert time.monotonic() - asked[0] < 20
    ended = [row for row in study.rows if row.state == "stopped"]
    assert len(ended) >= 2 and {row.reason for row in ended} == {"You stopped it before it was done."}
    assert not tuning_at_work(two_machines)
    again = Study.load(study_folder(run.path, study.id))
    assert again.rows == study.rows and not again.running


def trials_at(machine: Any) -> int:
    """Processes of a machine of the cluster that fit a trial of Ray Tune."""
    with contextlib.suppress(psutil.NoSuchProcess):
        known = [psutil.Process(entry.process.pid) for entry in machine.all_processes["raylet"]]
        names = [(child.cmdline() or [""])[0] for process in known for child in process.children()]
        return sum(name.startswith("ray::") and name.split("(")[0].endswith(("_Steps", ".train")) for name in names)
    return 0


def tuning_at_work(cluster: Any) -> int:
    """Machines of the cluster that fit a trial of Ray Tune."""
    return sum(bool(trials_at(machine)) for machine in cluster.list_all_nodes())


class Odd(FoldWork):
    """Data of a run whose tasks do what a model should not."""

    def without_table(self) -> FoldWork:
        return self

    def crash(self) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGSEGV)
        return {}

    def hog(self) -> dict[str, Any]:
        return {"sum": float(np.ones(10**13).sum())}

    def wait(self, seconds: float) -> dict[str, Any]:
        time.sleep(seconds)
        return {"threads": os.environ["OMP_NUM_THREADS"]}


@pytest.fixture(scope="class")
def executor(two_machines: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[remote.RayExecutor]:
    from automl_core.search.prepare import prepare

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    work = prepare(make_people(), SCHEMA, RECIPE, CONFIG, tmp_path_factory.mktemp("odd")).work
    odd = Odd.__new__(Odd)
    odd.__dict__.update(work.__dict__)
    made = remote.RayExecutor(engine.Cluster(two_machines.address, [PACKAGE]), odd, tell=lambda sentence: None)
    yield made
    made.close()
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def finish(executor: remote.RayExecutor, seconds: float = 30) -> dict[Any, Done]:
    done: list[Done] = []
    end = time.monotonic() + seconds
    while executor.running() and time.monotonic() < end:
        done += executor.wait(0.05)
    return {one.key[0]: one for one in done}


class TestTasks:
    def test_what_a_task_does_to_its_process_becomes_its_reason(self, executor: remote.RayExecutor) -> None:
        work: Any = executor._work
        assert (executor.cores, executor.free()) == (2, 2)
        executor.submit(("crash",), partial(work.crash), 30)
        executor.submit(("hog",), partial(work.hog), 30)
        assert executor.free() == 0
        done = finish(executor)
        assert done["crash"].error == "Its process was ended 2 times, by a crash inside the library or for want of memory."
        assert done["hog"].error == "There was not enough memory."
        executor.submit(("late",), partial(work.wait, 60), 2)
        executor.submit(("good",), partial(work.wait, 0), 30)
        done = finish(executor)
        assert (done["late"].timed_out, done["late"].error) == (True, "It was ended after 2 s, the time it was given.")
        assert done["good"].result == {"threads": "1"}

    def test_data_is_put_into_the_store_once_and_not_for_each_task(self, executor: remote.RayExecutor, monkeypatch: Any) -> None:
        put: list[int] = []
        monkeypatch.setattr(executor._cluster, "put", lambda value, old=executor._cluster.put: put.append(1) or old(value))
        work = executor._work
        executor.submit(("prepare",), partial(work.prepare, 0, "encoded"), 30)
        facts = finish(executor)["prepare"].result
        assert set(executor._stored) == {"", "table"}  # the run without its table, and that
        for name in ("lr", "dt", "nb"):
            executor.submit((name,), partial(work.fit, catalogue("binary")[name], 0, facts, 30.0), 30)
            assert finish(executor)[name].error == ""
        assert set(executor._stored) == {"", "table", "folds/0/encoded_learn.npy", "folds/0/encoded_judge.npy"}
        assert len(put) == 3  # the run was there from the test before
        with pytest.raises(TypeError, match="methods of the run's data"):
            executor.submit(("other",), lambda: {}, 30)


def test_a_machine_that_ray_tune_loses_costs_only_the_trial_that_ran_on_it(
    run: Run, tuned: Callable[..., Study], two_machines: Any, place: Place
) -> None:
    """It comes back afterwards, for the tests that follow."""
    slow_row(run, 1500)
    (second,) = two_machines.worker_nodes
    told: list[Event] = []

    def should_stop() -> bool:
        scored = sum(isinstance(event, TrialFinished) for event in told)
        if scored >= 2 and second in two_machines.worker_nodes and trials_at(second):
            two_machines.remove_node(second, allow_graceful=False)
        return False

    options: dict[str, Any] = {"space": forest_space(), "trials": 6, "course": "busy", "pruner": "none", "method": "random"}
    study = tuned(run, place=place, emit=told.append, should_stop=should_stop, **options)
    two_machines.add_node(num_cpus=1, object_store_memory=80 * 2**20)
    assert second not in two_machines.worker_nodes
    assert [row.state for row in study.rows] == ["scored"] * 7
    assert all(len(row.fold_scores) == 3 for row in study.rows)


def test_a_machine_that_is_lost_costs_only_what_ran_on_it(
    search: Search,
    two_machines: Any,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The last test of the cluster, which has one machine from here on."""
    monkeypatch.setattr(supply, "choose", slow_ones("one", "two", trees=3000))
    monkeypatch.setattr(supply, "balancing_specs", lambda *args, **options: [])
    (second,) = two_machines.worker_nodes
    told: list[Event] = []

    def should_stop() -> bool:
        scored = sum(isinstance(event, CandidateScored) for event in told)
        if scored >= 3 and second in two_machines.worker_nodes and at_work(second):
            two_machines.remove_node(second, allow_graceful=False)
        return False

    options: dict[str, Any] = {"frame": make_people(2_000), "budget": Budget(60, 2), "threads": 0}
    there = search(tmp_path / "there", emit=told.append, should_stop=should_stop, place=place, **options)
    assert second not in two_machines.worker_nodes
    said = [event.text for event in told if isinstance(event, Message)]
    assert said.count("A machine of the cluster was lost. What ran there is begun again elsewhere.") == 1
    assert {row.state for row in there} == {"scored"}
    assert_same(search(tmp_path / "here", **options), there)
    # Three folds of three candidates, each once: what was finished was not fitted again.
    fitted = [line.rsplit(" ", 1)[0] for line in (tmp_path / "there" / "fits.log").read_text().splitlines()]
    assert len(fitted) == len(set(fitted)) == 9


def test_keeping_every_machine_busy_is_refused_with_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as caught:
        check_busy(Place())
    assert str(caught.value) == (
        "Every machine is to be kept busy, and no cluster is named. AUTOML_RAY_ADDRESS names one. "
        "Set it, or begin trials in batches."
    )
    check_busy(Place("127.0.0.1:1"))
    monkeypatch.setattr(engine, "TUNE", ("no_such_package", "pandas"))
    with pytest.raises(EngineError) as missing:
        check_busy(Place("127.0.0.1:1"))
    assert str(missing.value) == (
        "Ray Tune cannot be used here. It needs no_such_package, which requirements-cluster.txt locks. "
        "Install it with `pip install -r requirements-cluster.txt`, or begin trials in batches."
    )
    with pytest.raises(InputError, match="Keeping every machine busy was asked for with the pruner median. Ray Tune has one aim"):
        Settings("dt", "tpe", Space(()), course="busy")
    with pytest.raises(InputError, match="was asked for with two aims"):
        Settings("dt", "nsga2", Space(()), course="busy", pruner="none", aim="size_bytes")


# -- before anything runs ---------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_a_cluster_that_cannot_be_reached_is_said_at_once(search: Search, tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        search(tmp_path / "run", place=Place(address))
    assert time.monotonic() - started < 10
    assert str(caught.value) == (
        f"The cluster at {address} cannot be reached: Connection refused. "
        "It must run, with the same versions of Ray and Python as here, and this machine must be a part of it. "
        "Start it, correct AUTOML_RAY_ADDRESS, or allow that this machine is used instead."
    )
    told: list[Event] = []
    board = search(tmp_path / "again", emit=told.append, place=Place(address, or_here=True))
    assert board.recommended
    warned = [event.text for event in told if isinstance(event, Message) and event.level == "warning"]
    assert warned == [f"The cluster at {address} cannot be reached: Connection refused. Fits are made on this machine instead."]


@pytest.mark.parametrize("address", ["", "head", "head:", "head:0", "head:70000", "http://head:6379", "a b:1", "head:1:2"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="It is HOST:PORT of the cluster's head"):
        engine.check_address(address)


@pytest.mark.parametrize("address", ["head:6379", "10.0.0.1:6379", "[::1]:6379", "auto"])
def test_what_is_an_address_is_taken(address: str) -> None:
    engine.check_address(address)


def test_ray_clients_address_says_what_to_use_instead() -> None:
    with pytest.raises(InputError, match="one of Ray Client.*Run `ray start --address=HOST:PORT --num-cpus=0` here"):
        engine.check_address("ray://head:10001")


def test_the_first_look_only_asks_whether_anything_answers() -> None:
    """What answers is asked by Ray, for some 20 s, when the connection is made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        engine.reach(f"127.0.0.1:{listener.getsockname()[1]}")


@pytest.mark.parametrize(
    ("told", "fault", "last"),
    [
        (
            "1 worker(s) were killed due to the node running low on memory. Memory was 5.23GB used.\nRefer to the docs.",
            "memory",
            "Refer to the docs.",
        ),
        (
            "The actor died unexpectedly before finishing this task.\nThe actor is dead because its node has died. Node Id: ab",
            "node",
            "The actor is dead because its node has died. Node Id: ab",
        ),
        (
            "The actor died unexpectedly.\nThe actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR",
            "crash",
            "The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR",
        ),
        ("ray::_Steps.train()\n  File x\nValueError: no such view\n", "error", "ValueError: no such view"),
        ("", "", ""),
    ],
)
def test_how_ray_tune_lost_a_trial_is_told_by_its_words(told: str, fault: str, last: str) -> None:
    from automl_core.engines.ray_tune import loss_in

    assert loss_in(told) == (fault, last)


def test_a_process_that_memory_ended_is_a_lost_one_for_ray_tune() -> None:
    """Regression: Ray Tune did not know this error of Ray, and the whole study ended with it."""
    from ray.air.execution._internal import actor_manager
    from ray.exceptions import OutOfMemoryError, RayActorError

    from automl_core.engines.ray_tune import _memory_is_a_loss

    assert actor_manager.RayActorError is RayActorError
    with _memory_is_a_loss():
        assert isinstance(OutOfMemoryError("full"), actor_manager.RayActorError)
        assert isinstance(RayActorError(), actor_manager.RayActorError)
    assert actor_manager.RayActorError is RayActorError


def test_a_ray_that_names_its_parts_otherwise_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray.air.execution._internal import actor_manager
    from ray.exceptions import RayActorError
    from ray.tune.execution import tune_controller

    from automl_core.engines.ray_tune import _memory_is_a_loss

    monkeypatch.delattr(tune_controller, "RayActorError")
    with _memory_is_a_loss():
        assert not hasattr(tune_controller, "RayActorError") and actor_manager.RayActorError is not RayActorError
    monkeypatch.setitem(sys.modules, actor_manager.__name__, None)
    with _memory_is_a_loss():
        assert actor_manager.RayActorError is RayActorError

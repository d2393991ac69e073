"""Each task runs in a process of its own: results come back, and nothing a task does can hurt the others."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from automl_core.search import memory
from automl_core.search.executor import Done, ForkExecutor


@pytest.fixture
def executor() -> Iterator[ForkExecutor]:
    made = ForkExecutor(2)
    yield made
    made.kill()


def finish(executor: ForkExecutor, seconds: float = 10) -> list[Done]:
    done: list[Done] = []
    end = time.monotonic() + seconds
    while executor.running() and time.monotonic() < end:
        done += executor.wait(0.05)
    return done


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_result_comes_back_from_another_process(executor: ForkExecutor) -> None:
    executor.submit(("a", 0), lambda: {"pid": os.getpid(), "text": "x" * 200_000}, 10)
    (done,) = finish(executor)
    assert done.key == ("a", 0)
    assert done.result["pid"] != os.getpid()
    assert len(done.result["text"]) == 200_000
    assert done.error == ""


def test_as_many_tasks_run_at_a_time_as_there_are_cores(executor: ForkExecutor) -> None:
    assert executor.free() == 2
    executor.submit((1,), lambda: {}, 10)
    executor.submit((2,), lambda: {}, 10)
    assert executor.free() == 0
    assert {done.key for done in finish(executor)} == {(1,), (2,)}
    assert executor.free() == 2


def raise_value_error() -> dict[str, Any]:
    raise ValueError("only positive\n numbers")


def raise_memory_error() -> dict[str, Any]:
    raise MemoryError


def end_by(number: int) -> Callable[[], dict[str, Any]]:
    def work() -> dict[str, Any]:
        faulthandler.disable()  # pytest's would print every frame of a crash that is meant
        os.kill(os.getpid(), number)
        return {}

    return work


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (raise_value_error, "ValueError: only positive numbers"),
        (raise_memory_error, "There was not enough memory."),
        (end_by(signal.SIGKILL), "Its process was ended by the system (SIGKILL), most likely for want of memory."),
        (end_by(signal.SIGSEGV), "Its process was ended by the system (SIGSEGV), a crash inside the library."),
        (lambda: os._exit(0), "Its process ended without an answer."),
    ],
)
def test_a_task_that_fails_says_why(executor: ForkExecutor, work: Callable[[], dict[str, Any]], sentence: str) -> None:
    executor.submit((1,), work, 10)
    (done,) = finish(executor)
    assert done.error == sentence
    assert not done.timed_out


def test_a_task_is_ended_when_its_time_is_up(executor: ForkExecutor) -> None:
    start = time.monotonic()
    executor.submit((1,), lambda: time.sleep(60) or {}, 0.3)
    (done,) = finish(executor)
    assert done.timed_out
    assert done.error == "It was ended after 0 s, the time it was given."
    assert time.monotonic() - start < 2


def test_kill_ends_a_task_and_what_it_started(executor: ForkExecutor, tmp_path: Path) -> None:
    note = tmp_path / "pids"

    def work() -> dict[str, Any]:
        child = subprocess.Popen(["sleep", "60"])
        (tmp_path / "part").write_text(f"{os.getpid()} {child.pid}")
        (tmp_path / "part").rename(note)
        child.wait()
        return {}

    executor.submit((1,), work, 60)
    end = time.monotonic() + 10
    while not note.exists() and time.monotonic() < end:
        time.sleep(0.01)
    pids = [int(pid) for pid in note.read_text().split()]
    assert all(alive(pid) for pid in pids)
    executor.kill((1,))
    assert executor.wait(0.1) == []
    end = time.monotonic() + 2
    while any(alive(pid) for pid in pids) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(alive(pid) for pid in pids)


def test_native_libraries_get_one_thread(executor: ForkExecutor) -> None:
    def work() -> dict[str, Any]:
        import numpy  # noqa: F401  (its BLAS is what is counted)
        from threadpoolctl import threadpool_info

        return {"threads": [pool["num_threads"] for pool in threadpool_info()]}

    executor.submit((1,), work, 10)
    (done,) = finish(executor)
    assert done.result["threads"]
    assert set(done.result["threads"]) == {1}


def test_a_task_that_wants_more_memory_than_is_free_fails_alone(executor: ForkExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    """One model could fill the machine's memory until the system ended whatever it liked."""
    monkeypatch.setattr(memory, "available_memory", lambda: 300 * 2**20)

    def take(size: int) -> Callable[[], dict[str, Any]]:
        return lambda: {"bytes": int(np.ones(size, dtype=np.uint8).sum())}

    executor.submit(("too much",), take(2**30), 20)
    executor.submit(("enough",), take(100 * 2**20), 20)
    done = {one.key: one for one in finish(executor, 20)}
    assert done[("too much",)].error == "There was not enough memory."
    assert done[("enough",)].result == {"bytes": 100 * 2**20}


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only")
def test_a_task_goes_before_the_process_that_started_it_when_memory_runs_out(executor: ForkExecutor) -> None:
    executor.submit((1,), lambda: {"adj": int(Path("/proc/self/oom_score_adj").read_text())}, 10)
    (done,) = finish(executor)
    assert done.result["adj"] >= 500 > int(Path("/proc/self/oom_score_adj").read_text())


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "catboost", "lr", "rf"])
def test_the_limit_does_not_hinder_native_libraries(executor: ForkExecutor, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Libraries reserve more than they use; a limit on reservations would fail every one of their fits."""
    monkeypatch.setattr(memory, "available_memory", lambda: 400 * 2**20)

    def work() -> dict[str, Any]:
        import warnings

        from automl_core.search.candidates import catalogue, make_estimator

        rng = np.random.default_rng(0)
        X = rng.normal(size=(2000, 10))
        y = (X[:, 0] + rng.normal(size=2000) > 0).astype(int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = make_estimator(catalogue("binary")[name], seed=0, threads=1).fit(X, y)
        return {"right": float((model.predict(X) == y).mean())}

    executor.submit((name,), work, 60)
    (done,) = finish(executor, 60)
    assert done.error == ""
    assert done.result["right"] > 0.7


def test_a_library_that_runs_out_of_memory_in_its_own_words_is_understood(executor: ForkExecutor) -> None:
    def work() -> dict[str, Any]:
        raise RuntimeError("std::bad_alloc")

    executor.submit((1,), work, 10)
    (done,) = finish(executor)
    assert done.error == "There was not enough memory."


class Data:
    """What tasks share with the process that gives them."""

    def __init__(self) -> None:
        self.seen = 0

    def look(self, seconds: float = 0.0) -> dict[str, Any]:
        self.seen += 1
        time.sleep(seconds)
        return {"pid": os.getpid(), "seen": self.seen, "drawn": float(np.random.random())}

    def fail(self) -> dict[str, Any]:
        raise ValueError("only positive\n numbers")

    def crash(self) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}


@pytest.fixture
def keeping() -> Iterator[tuple[ForkExecutor, Data]]:
    data = Data()
    made = ForkExecutor(1, data)
    yield made, data
    made.kill()


def test_a_child_is_kept_for_the_next_short_task(keeping: tuple[ForkExecutor, Data]) -> None:
    executor, data = keeping
    found = []
    for number in range(3):
        executor.submit((number,), data.look, 10)
        found += finish(executor)
    first, second, third = (done.result for done in found)
    assert first["pid"] == second["pid"] == third["pid"] != os.getpid()
    assert [first["seen"], second["seen"], third["seen"]] == [1, 2, 3]
    assert data.seen == 0
    assert first["drawn"] == second["drawn"]  # whichever task came before
    executor.kill()
    assert not alive(first["pid"])


def test_a_failed_task_leaves_its_child_and_a_crashed_one_does_not(keeping: tuple[ForkExecutor, Data]) -> None:
    executor, data = keeping
    for key, work in ((0, data.look), (1, data.fail), (2, data.look), (3, data.crash), (4, data.look)):
        executor.submit((key,), work, 10)
        (done,) = finish(executor)
        if key == 0:
            pid = done.result["pid"]
        elif key == 1:
            assert done.error == "ValueError: only positive numbers"
        elif key == 2:
            assert done.result["pid"] == pid
        elif key == 3:
            assert done.error == "Its process was ended by the system (SIGKILL), most likely for want of memory."
        else:
            assert done.result["pid"] != pid


@pytest.mark.parametrize(
    ("seconds", "megabytes", "spent"),
    [(0.1, 96.0, False), (0.1, 96.1, True), (3.0, 32.0, False), (3.0, 32.1, True), (60.0, 1.0, False), (60.0, 2.0, True)],
)
def test_a_child_may_have_grown_by_less_the_longer_its_task_took(
    seconds: float, megabytes: float, spent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.search import kept

    held = SimpleNamespace(ru_maxrss=1000 + int(megabytes * 1024))
    monkeypatch.setattr(kept.resource, "getrusage", lambda who: held)
    assert kept.is_spent(seconds, 1000) is spent


def test_a_child_that_has_grown_or_that_runs_out_of_time_is_not_kept(
    keeping: tuple[ForkExecutor, Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    from automl_core.search import kept

    monkeypatch.setattr(kept, "GROWN", -1)
    executor, data = keeping
    executor.submit((0,), data.look, 10)
    (done,) = finish(executor)
    executor.submit((1,), data.look, 10)
    (other,) = finish(executor)
    assert other.result["pid"] != done.result["pid"]
    executor.submit((2,), partial(data.look, 5.0), 0.1)
    (late,) = finish(executor)
    assert late.timed_out
    assert not alive(other.result["pid"])


def test_a_new_module_means_a_new_child(keeping: tuple[ForkExecutor, Data], monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that lacks what its parent has imported would import it in every task."""
    executor, data = keeping
    pids = []
    for number in range(2):
        executor.submit((number,), data.look, 10)
        pids += [done.result["pid"] for done in finish(executor)]
        monkeypatch.setitem(sys.modules, "a_module_of_this_test", ModuleType("a_module_of_this_test"))
    assert pids[0] != pids[1]


def test_a_task_that_cannot_be_sent_gets_a_child_of_its_own(keeping: tuple[ForkExecutor, Data]) -> None:
    executor, data = keeping
    pids = []
    for number in range(2):
        executor.submit((number,), lambda: data.look(), 10)
        pids += [done.result["pid"] for done in finish(executor)]
    assert pids[0] != pids[1]

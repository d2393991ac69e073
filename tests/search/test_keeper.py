"""A kept process does one task after another, and whatever happens in it is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from automl_core.errors import EngineError
from automl_core.search.executor import Done, ForkExecutor
from automl_core.search.keeper import Keeper

KEY = ("kept",)
Start = Callable[..., tuple[Keeper, ForkExecutor]]


def begin() -> Callable[[dict[str, Any]], dict[str, Any]]:
    prepared = os.getpid()

    def serve(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "sleep":
            time.sleep(60)
        if request["do"] == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        if request["do"] == "raise":
            raise ValueError("no such model")
        return {"prepared": prepared, "own": os.getpid()}

    return serve


@pytest.fixture
def start() -> Iterator[Start]:
    executor = ForkExecutor(2)

    def make(work: Callable[[], Any] = begin) -> tuple[Keeper, ForkExecutor]:
        return Keeper(executor, KEY, work), executor

    yield make
    executor.kill()


def wait(keeper: Keeper, executor: ForkExecutor) -> Done:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        ended = executor.wait(0.02)
        answers = keeper.answers()
        if answers or ended:
            return (answers or ended)[0]
    raise AssertionError("no answer within 20 s")


def test_each_task_has_a_process_of_its_own_in_which_all_is_prepared(start: Start) -> None:
    keeper, executor = start()
    assert keeper.busy == ("ready",)
    assert wait(keeper, executor).key == ("ready",)
    seen = []
    for number in range(2):
        keeper.ask(("task", number), {"do": "tell"}, 10.0)
        assert keeper.busy == ("task", number)
        done = wait(keeper, executor)
        assert (done.key, done.error, keeper.busy) == (("task", number), "", None)
        seen.append(done.result)
    assert seen[0]["prepared"] == seen[1]["prepared"]
    assert len({os.getpid(), seen[0]["prepared"], seen[0]["own"], seen[1]["own"]}) == 4


@pytest.mark.parametrize(
    ("do", "timeout", "error"),
    [
        ("raise", 10.0, "ValueError: no such model"),
        ("crash", 10.0, "Its process was ended by the system (SIGKILL), most likely for want of memory."),
        ("sleep", 0.3, "It was ended after 0 s, the time it was given."),
    ],
)
def test_a_task_that_goes_wrong_is_told_and_the_next_one_is_done(start: Start, do: str, timeout: float, error: str) -> None:
    keeper, executor = start()
    wait(keeper, executor)
    keeper.ask(("bad",), {"do": do}, timeout)
    done = wait(keeper, executor)
    assert (done.key, done.error, done.timed_out) == (("bad",), error, do == "sleep")
    keeper.ask(("good",), {"do": "tell"}, 10.0)
    assert wait(keeper, executor).error == ""


def test_a_task_can_be_dropped(start: Start) -> None:
    keeper, executor = start()
    wait(keeper, executor)
    keeper.drop()  # nothing is under way
    keeper.ask(("long",), {"do": "sleep"}, 60.0)
    time.sleep(0.2)
    keeper.drop()
    done = wait(keeper, executor)
    assert (done.key, done.timed_out, keeper.busy) == (("long",), True, None)


def test_a_preparation_that_fails_ends_the_process_with_its_reason(start: Start) -> None:
    def refuse() -> None:
        raise EngineError("PyCaret could not be imported.")

    keeper, executor = start(refuse)
    done = wait(keeper, executor)
    assert (done.key, done.error) == (KEY, "EngineError: PyCaret could not be imported.")


def test_it_ends_with_what_it_does(start: Start) -> None:
    keeper, executor = start()
    wait(keeper, executor)
    keeper.ask(("tell",), {"do": "tell"}, 60.0)
    pid = wait(keeper, executor).result["prepared"]
    keeper.ask(("long",), {"do": "sleep"}, 60.0)
    executor.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    keeper.ask(("after",), {"do": "tell"}, 1.0)  # nobody hears it, and nobody is hurt
    assert keeper.answers() == []

"""The simulation of `benchmarks/cluster_scaling.py` on tasks whose schedule can be told by hand."""

from __future__ import annotations

import pytest

from benchmarks.cluster_scaling import Task, lines, simulate


def task(name: str, took: float, *needs: str, sent: int = 0, answered: int = 0, served: float = 0.0) -> Task:
    return Task((name,), took, took, served, sent, answered, tuple((need,) for need in needs))


def seconds(tasks: list[Task], machines: int, *, start: float = 0.0, trip: float = 0.0) -> float:
    return simulate(tasks, machines, start=start, network=100.0, trip=trip)


def test_independent_tasks_are_shared_evenly() -> None:
    tasks = [task(str(number), 3.0) for number in range(8)]
    assert [seconds(tasks, machines) for machines in (1, 2, 4, 8)] == [24.0, 12.0, 6.0, 3.0]
    assert seconds(tasks, 2, start=5.0, trip=0.5) == 19.0


def test_a_fit_waits_for_its_data_and_others_go_first() -> None:
    tasks = [task("prepare", 4.0), task("fit", 2.0, "prepare"), task("other", 3.0)]
    assert seconds(tasks, 1) == 9.0
    assert seconds(tasks, 2) == 6.0


def test_a_machine_fetches_data_once_and_answers_share_one_link() -> None:
    tasks = [task("prepare", 1.0), *[task(f"fit {number}", 1.0, "prepare", sent=200) for number in range(2)]]
    assert seconds(tasks, 1) == pytest.approx(1 + 2 + 1 + 1)
    assert seconds(tasks, 2) == pytest.approx(1 + 2 + 1)  # each fetches it
    answers = [task(str(number), 1.0, answered=300) for number in range(2)]
    assert seconds(answers, 2) == pytest.approx(1 + 3 + 3)


def test_the_table_says_what_was_measured_and_what_was_not() -> None:
    result = {
        "measured": [{"machines": 1, "seconds": 20.0}, {"machines": 2, "seconds": 12.0}],
        "simulated": [{"machines": 1, "seconds": 20.0}, {"machines": 8, "seconds": 5.0}],
        "tasks": 70, "took_median": 0.5, "took_longest": 3.0, "trip": 0.05, "served": 0.012, "start": 4.0, "answered": 2**20,
    }  # fmt: skip
    said = lines(result)
    assert said[2:4] == ["| 1 | 20.0 | 20.0 | 1.00 |", "| 8 | – | 5.0 | 4.00 |"]
    assert "50 ms on the way and 12.0 ms" in said[5]

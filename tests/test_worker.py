"""How a run that goes on counts its time."""

from __future__ import annotations

from pathlib import Path

from automl_core.events import Finished, Progress, Started, append_event
from automl_core.worker import time_used


def write(journal: Path, *events) -> Path:
    for event in events:
        append_event(journal, event)
    return journal


def test_sessions_add_up_and_a_cut_one_is_known(tmp_path: Path) -> None:
    journal = tmp_path / "events.jsonl"
    assert time_used(journal) == (0.0, False)
    write(journal, Started(1, time=100.0))
    assert time_used(journal) == (0.0, False), "a session that has only just started does not count"
    write(journal, Progress(0.5, "Fitting", time=110.0))
    assert time_used(journal) == (10.0, True)
    write(journal, Started(2, True, time=200.0), Progress(0.9, "Fitting", time=203.0), Finished(time=205.0))
    assert time_used(journal) == (15.0, False)
    write(journal, Started(3, True, time=900.0))
    assert time_used(journal) == (15.0, False)

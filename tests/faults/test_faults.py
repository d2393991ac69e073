"""A short form of the faults (``make faults`` runs the long one), and faults of the surroundings: clocks, locks, full disks."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from automl_core.catalogue import jobs as catalogued
from automl_core.errors import StorageError
from automl_core.events import read_events
from automl_core.jobs.control import resume
from automl_core.jobs.job import ACTIVE, Job
from automl_core.scoring.logged import Asked, Keeping, PredictionLog
from automl_core.workspace import Workspace, atomic_file, read_json, write_json
from tests.conftest import files_up_to
from tests.faults.campaign import halves, storm, wait, whole_lines

if TYPE_CHECKING:
    from tests.jobs.conftest import Desk


def test_nothing_that_was_finished_is_lost_when_processes_are_killed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_WORKERS", "2")
    done = storm(desk, 6, seed=1, victims=("host", "worker", "fit", "watcher", "service"))
    assert sum(done.kills.values()) == 6 and len(done.kills) > 2
    assert min(done.finished[kind] for kind in ("train", "tune", "predict")) >= 1
    assert len(done.hashes) > 10 and done.answered


def test_the_campaign_would_see_a_half_written_object(tmp_path: Path) -> None:
    write_json(tmp_path / "whole.json", {"a": 1})
    np.save(tmp_path / "whole.npy", np.arange(1000))
    (tmp_path / "half.json").write_text('{"a": ')
    (tmp_path / "half.npy").write_bytes((tmp_path / "whole.npy").read_bytes()[:-100])
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 and no more")
    (tmp_path / ".unfinished.json.1.part").write_text("{")
    assert [path.name for path in halves(tmp_path)] == ["half.json", "half.npy", "half.zip"]


# -- a writer that is killed ------------------------------------------------------------------------------------------


def test_a_writer_killed_at_any_moment_leaves_the_old_object_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "object.json"
    rng = np.random.default_rng(0)
    write_json(path, {"number": 0, "fill": "x" * 200_000})
    seen = set()
    for _ in range(25):
        child = os.fork()
        if child == 0:
            for number in range(1, 1000):
                write_json(path, {"number": number, "fill": "x" * 200_000}, durable=False)
            os._exit(0)
        time.sleep(float(rng.uniform(0.001, 0.03)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = read_json(path)
        assert len(found["fill"]) == 200_000
        seen.add(found["number"])
    assert len(seen) > 3, "the kills all came at one moment"


# -- a disk that is full ----------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_while_an_object_is_replaced_keeps_the_old_one(tmp_path: Path) -> None:
    write_json(tmp_path / "object.json", {"a": 1})
    with files_up_to(10_000), pytest.raises(StorageError, match=r"^object\.json could not be saved: File too large\."):
        write_json(tmp_path / "object.json", {"a": "x" * 50_000})
    assert read_json(tmp_path / "object.json") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["object.json"]


def test_a_log_of_predictions_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, Keeping)
    asked = Asked("1", "service", 0.001, "r1", 1_764_460_800.0)
    log.answered(asked, [{"city": "Rome"}], [{"prediction": 1.5}])
    (path,) = (tmp_path / "log").glob("*.jsonl")
    with files_up_to(path.stat().st_size + 40), pytest.raises(StorageError):
        log.answered(asked, [{"city": "Oslo"}], [{"prediction": 1.5}])
    log.answered(asked, [{"city": "Bern"}], [{"prediction": 1.5}])
    log.close()
    cities = [json.loads(json.loads(line)["inputs"])["city"] for line in whole_lines(path)]
    assert cities == ["Rome", "Bern"]


# -- a clock that jumps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-86_400.0 * 400, 86_400.0 * 400], ids=["back", "ahead"])
def test_a_clock_that_jumps_changes_no_state_and_ends_no_work(desk: Desk, jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day is only told; what waits and what ends goes by a clock that never jumps."""
    project = desk.project()
    job = desk.train(project, 1500, candidates=("lr", "nb", "ada"))
    wait(lambda: job.folder.joinpath("fits.log").exists(), 30, "the run does not begin")
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert job.state == "running"
    assert Job(job.folder).pid == job.pid > 0
    wait(lambda: job.state not in ACTIVE, 60, "the run does not end")
    assert job.state == "finished"
    second = desk.train(project)  # submitted by the new time, beside work of the old one
    wait(lambda: second.state not in ACTIVE, 60, "the run does not end")
    assert second.state == "finished"
    ids = {job.id, second.id}  # written down after the last event
    wait(lambda: {row.id for row in catalogued(desk.workspace, "finished")} == ids, 10, "the catalogue does not know of both")


def test_a_clock_that_was_set_right_makes_no_process_another_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """psutil counts from the time of day: after a jump a job that works was told to be lost, and could be started twice."""
    project = desk.project()
    job = desk.train(project, 1500, candidates=("lr", "gbc"))
    wait(lambda: job.state == "running", 30, "the run does not begin")
    told = psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: told(process) + 3600)
    assert (job.state, job.pid) == ("running", json.loads((job.folder / "worker.json").read_text())["pid"])
    wait(lambda: job.state not in ACTIVE, 60, "the run does not end")
    assert job.state == "finished"


def test_events_of_a_clock_that_went_back_are_read_in_their_order(tmp_path: Path) -> None:
    from automl_core.events import Finished, Started, append_event

    append_event(tmp_path / "events.jsonl", Started(1, time=2_000_000_000.0))
    append_event(tmp_path / "events.jsonl", Finished(time=1.0))
    assert [event.kind for event in read_events(tmp_path / "events.jsonl")[0]] == ["started", "finished"]


# -- a database that is locked ----------------------------------------------------------------------------------------


def locked(workspace: Workspace) -> sqlite3.Connection:
    """Return a connection that holds the catalogue for itself."""
    holder = sqlite3.connect(workspace.catalogue, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_lock_that_is_let_go_in_time_is_only_waited_for(desk: Desk) -> None:
    project = desk.project()
    holder = locked(desk.workspace)
    threading.Timer(1.0, holder.rollback).start()
    begun = time.monotonic()
    assert [row.id for row in catalogued(desk.workspace, "running")] == []
    assert 0.5 < time.monotonic() - begun < 15
    holder.close()
    assert desk.project("Second").id != project.id


def test_a_run_ends_well_while_the_catalogue_is_locked_and_is_in_it_afterwards(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue is an index: work does not depend on it, and it is brought up to date when it can be written again."""
    from automl_core.projects import rebuild

    project = desk.project()
    job = desk.train(project, 1500, candidates=("lr", "nb", "ada"))
    wait(lambda: job.folder.joinpath("fits.log").exists(), 30, "the run does not begin")
    holder = locked(desk.workspace)
    try:
        wait((job.folder / "model.zip").exists, 60, "the run does not end")
    finally:
        holder.rollback()
        holder.close()
    wait(lambda: job.state not in ACTIVE, 60, "the run does not end")
    assert job.state == "finished"
    rebuild(desk.workspace)
    assert [row.id for row in catalogued(desk.workspace, "finished")] == [job.id]


def test_a_lost_run_is_resumed_with_what_it_had_while_its_folder_was_read_by_others(desk: Desk) -> None:
    project = desk.project()
    job = desk.train(project, 1500, candidates=("lr", "nb", "ada", "gbc"))
    scores: dict[Path, Any] = {}

    def some() -> bool:
        scores.update({path: read_json(path) for path in job.folder.glob("candidates/*/fold*.json") if path not in scores})
        return len(scores) >= 4

    wait(some, 60, "nothing is scored")
    os.kill(job.pid, signal.SIGKILL)
    wait(lambda: job.state == "lost", 10, "the run is not known to be lost")
    resume(desk.workspace, project.id, job.id)
    wait(lambda: job.state not in ACTIVE, 90, "the run does not end")
    assert job.state == "finished"
    assert {path: read_json(path) for path in scores} == scores


def test_an_interrupted_write_removes_what_it_began(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_file(tmp_path / "object") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []

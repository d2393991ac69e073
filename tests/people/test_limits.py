"""How much may be taken: refused before it is taken, in a sentence with the numbers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from automl_core.data.dataset import dataset_from_frame
from automl_core.errors import LimitError
from automl_core.events import Failed, Message, read_events
from automl_core.jobs import control, runner
from automl_core.jobs.host import Host, _Running
from automl_core.jobs.job import Job, process_started
from automl_core.people import access, limits
from automl_core.people.limits import Space, check_space, check_upload, space_of
from automl_core.people.person import Person, acting_as
from automl_core.people.settings import Settings
from automl_core.projects import create_project
from automl_core.runs import write_request
from automl_core.schema import Column, Schema
from automl_core.workspace import ProjectFolder, Workspace, new_id, write_json

ADA, BEN = Person("ada@example.org", "Ada"), Person("ben@example.org", "Ben")
GB = 2**30


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def shop(workspace: Workspace) -> ProjectFolder:
    with acting_as(ADA):
        return workspace.project(create_project(workspace, "Shop").id)


def limit(workspace: Workspace, **values: int) -> None:
    settings = Settings()
    for name, value in values.items():
        settings = settings.changed(name, value)
    write_json(workspace.settings, settings.to_dict())


def test_an_upload_that_is_too_large(workspace):
    limit(workspace, upload_mb=10)
    check_upload(workspace, "a.csv", 10 << 20)
    with pytest.raises(LimitError) as caught:
        check_upload(workspace, "a.csv", 12 << 20)
    assert str(caught.value) == (
        "a.csv has 12 MB. At most 10 MB may be uploaded here. "
        "Leave out columns or rows you do not need, or have it put into a folder of the server."
    )


def test_a_table_with_too_many_rows_leaves_nothing_behind(workspace, shop):
    limit(workspace, rows=100)
    folder = shop.dataset(new_id("ds"))
    with pytest.raises(LimitError, match=r"The table has 101 rows\. Up to 100 are read\. Leave out rows you do not need"):
        dataset_from_frame(folder, pd.DataFrame({"a": [1.0] * 101}), Schema((Column("a", "number"),)), "t")
    assert not folder.exists()


def test_the_space_of_a_person_is_that_of_their_projects(workspace, shop, monkeypatch):
    (shop.path / "big").write_bytes(b"x" * 5000)
    with acting_as(BEN):
        create_project(workspace, "Other")
    monkeypatch.setattr(limits, "BELIEVED", 0.0)
    used = sum(path.stat().st_size for path in shop.path.rglob("*") if path.is_file())
    assert space_of(workspace, ADA.id).used == used > 5000
    assert space_of(workspace, "eve@example.org").used == 0


def test_a_full_space_is_told_before_anything_is_begun(workspace, shop, monkeypatch):
    limit(workspace, person_gb=1)
    monkeypatch.setattr(limits, "folder_size", lambda _: GB)
    monkeypatch.setattr(limits, "BELIEVED", 0.0)
    with pytest.raises(LimitError) as caught:
        check_space(shop)
    assert str(caught.value) == (
        "The projects of ada@example.org take 1.0 GB. They may take 1.0 GB. "
        "Delete projects, or clean up old runs on the Settings page."
    )
    with acting_as(ADA):
        with pytest.raises(LimitError):
            control.submit(workspace, shop.id, "profile", {})
        with pytest.raises(LimitError):
            dataset_from_frame(shop.dataset(new_id("ds")), pd.DataFrame({"a": [1.0]}), Schema((Column("a", "number"),)), "t")
    assert shop.list("jobs") == shop.list("datasets") == []


def test_the_disk_keeps_its_reserve(shop, monkeypatch):
    monkeypatch.setattr(limits.shutil, "disk_usage", lambda _: type("Usage", (), {"free": GB // 2}))
    with pytest.raises(LimitError, match=r"Only 0\.5 GB are free on the disk\. 1\.0 GB stay free, so that"):
        check_space(shop)


@pytest.mark.parametrize(
    ("used", "free", "filling", "full"),
    [(0, 500, False, False), (79, 500, False, False), (80, 500, True, False), (100, 500, True, True), (0, 2, True, False),
     (0, 1, True, True)],
)  # fmt: skip
def test_when_space_is_filling(used, free, filling, full):
    space = Space(used * GB, 100 * GB, free * GB, GB)
    assert (space.filling, space.full) == (filling, full)


def test_the_number_of_jobs_is_each_persons_own(workspace, shop, monkeypatch):
    limit(workspace, jobs=2)
    monkeypatch.setattr(control.client, "ask", lambda *_: {})
    access.share(shop, BEN.id, "editor")
    with acting_as(ADA):
        first, _ = (control.submit(workspace, shop.id, "profile", {}) for _ in range(2))
        with pytest.raises(LimitError) as caught:
            control.submit(workspace, shop.id, "profile", {})
        assert str(caught.value) == (
            "2 jobs of ada@example.org wait or work. One person may have 2 at a time. "
            "Wait until one ends, or stop one in the sidebar."
        )
        control.submit(workspace, shop.id, "watch", {})  # it mostly sleeps
    with acting_as(BEN):
        control.submit(workspace, shop.id, "profile", {})
    with acting_as(ADA):
        control.stop(workspace, shop.id, first)
        control.submit(workspace, shop.id, "profile", {})


@pytest.mark.parametrize("again", [False, True], ids=["submitted", "resumed"])
def test_jobs_begun_at_one_instant_are_not_more_than_allowed(workspace, shop, monkeypatch, again):
    """Each counted before any of the others was written down, and all were let in."""
    limit(workspace, jobs=10)
    monkeypatch.setattr(control.client, "ask", lambda *_: {})
    with acting_as(ADA):
        stopped = [control.submit(workspace, shop.id, "profile", {}) for _ in range(6)]
        for job_id in stopped:
            control.stop(workspace, shop.id, job_id)
    limit(workspace, jobs=2)
    counted = control.catalogue.jobs

    def slowly(*asked):
        found = counted(*asked)
        time.sleep(0.05)  # so that all of them would have counted by now
        return found

    monkeypatch.setattr(control.catalogue, "jobs", slowly)
    together, outcomes = threading.Barrier(6), []

    def begin(job_id):
        together.wait()
        try:
            control.resume(workspace, shop.id, job_id) if again else control.submit(workspace, shop.id, "profile", {})
            outcomes.append("begun")
        except LimitError as error:
            outcomes.append(error.received)

    threads = [threading.Thread(target=begin, args=(job_id,)) for job_id in stopped]
    with acting_as(ADA):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(outcomes) == ["2 jobs of ada@example.org wait or work."] * 4 + ["begun"] * 2
    assert sum(Job(shop.job(job_id)).state == "queued" for job_id in shop.list("jobs")) == 2


def test_a_job_that_takes_too_long_is_stopped_and_says_so(workspace, shop):
    limit(workspace, job_hours=2)
    job = Job(shop.job(new_id("jb")))
    write_request(job.folder, "profile", {})
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    host = Host(workspace)
    for hours, late in ((1.9, False), (2.1, True)):
        host.beaten = 0.0
        known = _Running(job, "profile", sleeper.pid, process_started(sleeper.pid), False, time.monotonic() - hours * 3600)
        host.running = {str(job.folder): known}
        host.beat()
        assert job.stop_marker.exists() is late
    assert sleeper.wait(10) == -signal.SIGTERM
    (event,) = read_events(job.journal)[0]
    assert isinstance(event, Message)
    assert (event.text, event.level) == ("Stopped after 2 h, the longest that a job may take here.", "warning")


def test_a_job_may_take_so_much_memory_and_no_more():
    program = (
        "from automl_core.jobs.runner import _limit_memory\n"
        "from automl_core.search.memory import job_headroom\n"
        "assert job_headroom() == []\n"
        "_limit_memory(200)\n"
        "assert 150 << 20 < job_headroom()[0] <= 200 << 20\n"
        "kept = bytearray(100 << 20)\n"
        "assert 50 << 20 < job_headroom()[0] <= 100 << 20\n"
        "try:\n    bytearray(150 << 20)\n"
        "except MemoryError:\n    print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, env={**os.environ})
    assert (done.stdout, done.returncode) == ("refused\n", 0), done.stderr


def test_a_job_that_needs_more_memory_says_what_it_may_take(workspace, shop, monkeypatch):
    from automl_core import worker

    def greedy(context: object) -> None:
        raise MemoryError

    limit(workspace, job_memory_mb=500)
    monkeypatch.setitem(worker.KINDS, "profile", greedy)
    monkeypatch.setattr(runner, "_limit_memory", lambda megabytes: None)
    monkeypatch.setattr(runner.signal, "signal", lambda *_: None)
    job = Job(shop.job(new_id("jb")))
    write_request(job.folder, "profile", {}, by=ADA.id)
    assert runner.run_job(job.folder) == 2
    failed = read_events(job.journal)[0][-1]
    assert isinstance(failed, Failed)
    assert failed.reason == "The work needed more memory than the 500 MB that a job may take here."

"""A job's state follows from the files in its folder; no host is needed to tell it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from automl_core.catalogue import jobs
from automl_core.errors import FormatError, InputError, JobError, NotFoundError, StorageError
from automl_core.events import Failed, Finished, Message, Progress, Stopped, append_event, read_events
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.extending import MORE
from automl_core.jobs import client, control
from automl_core.jobs.control import resume, stop, submit
from automl_core.jobs.job import Job, alive, process_started
from automl_core.people.person import user
from automl_core.projects import create_project
from automl_core.runs import write_request
from automl_core.workspace import Workspace, new_id, write_json

Asked = list[dict[str, Any]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Stand in for the host: collect what it is asked."""
    requests: Asked = []

    def ask(workspace: Workspace, request: dict[str, Any]) -> dict[str, Any]:
        requests.append(request)
        return {}

    monkeypatch.setattr(client, "ask", ask)
    return requests


@pytest.fixture
def job(workspace: Workspace) -> Job:
    """A job whose request is written and that nobody has started."""
    project = create_project(workspace, "Ship")
    job = Job(workspace.project(project.id).job(new_id("rn")))
    write_request(job.folder, "train", {})
    return job


def queue(job: Job) -> None:
    """Let it wait."""
    job.waiting.touch()


def run(job: Job) -> None:
    """Let this process work on it."""
    job.take()


def lose(job: Job) -> None:
    """Let a process work on it that has ended since."""
    run(job)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_json(job.folder / "worker.json", {"machine": socket.gethostname(), "pid": gone.pid, "started": time.time()})


def finish(job: Job) -> None:
    """Let it end well."""
    run(job)
    append_event(job.journal, Finished({"recommended": "lr"}))


def fail(job: Job) -> None:
    """Let it fail."""
    run(job)
    append_event(job.journal, Failed("The disk is full."))


def halt(job: Job) -> None:
    """Let a person have stopped it."""
    run(job)
    job.stop_marker.touch()
    append_event(job.journal, Stopped())


WAYS: dict[str, Callable[[Job], None]] = {
    "queued": queue, "running": run, "lost": lose, "finished": finish, "failed": fail, "stopped": halt,
}  # fmt: skip


@pytest.mark.parametrize("state", WAYS)
def test_each_state_is_told_by_the_files(job: Job, state: str) -> None:
    WAYS[state](job)
    assert job.state == state
    assert Job(job.folder).state == state  # nothing is remembered


def test_a_request_alone_is_lost(job: Job) -> None:
    assert job.state == "lost"
    assert job.pid == 0


def test_a_resumed_job_waits_whatever_its_journal_says(job: Job) -> None:
    fail(job)
    queue(job)
    assert job.state == "queued"
    job.take(resumed=True)
    assert (job.state, job.pid) == ("running", os.getpid())


def test_taking_a_job_up_names_this_process(job: Job) -> None:
    queue(job)
    job.take()
    assert not job.waiting.exists()
    assert job.heartbeat.exists()
    assert job.pid == os.getpid()


def test_a_last_line_cut_in_half_loses_only_itself(job: Job) -> None:
    run(job)
    append_event(job.journal, Progress(0.5, "Fitting Ridge"))
    whole = job.journal.read_bytes()
    append_event(job.journal, Finished({"recommended": "lr"}))
    cut = job.journal.read_bytes()[:-20]
    job.journal.write_bytes(cut)

    found, offset = read_events(job.journal)
    assert [event.kind for event in found] == ["started", "progress"]
    assert offset == len(whole)
    assert job.state == "running"  # the end was never told

    append_event(job.journal, Stopped({"recommended": "nb"}))
    later, end = read_events(job.journal, offset)
    assert [event.kind for event in later] == ["stopped"]
    assert later[0].to_dict()["result"] == {"recommended": "nb"}
    assert end == job.journal.stat().st_size
    assert job.journal.read_bytes().startswith(cut + b"\n")
    assert job.state == "stopped"


def test_events_are_read_from_an_offset_only_when_whole(job: Job) -> None:
    assert read_events(job.journal) == ([], 0)
    append_event(job.journal, Progress(0.1, "Reading"))
    _, offset = read_events(job.journal)
    line = job.journal.read_bytes()
    with open(job.journal, "ab") as file:
        file.write(line[:10])
        file.flush()
        assert read_events(job.journal, offset) == ([], offset)
        file.write(line[10:])
    found, offset = read_events(job.journal, offset)
    assert [event.kind for event in found] == ["progress"]
    assert offset == 2 * len(line)


def test_a_reused_process_number_is_not_the_worker(job: Job) -> None:
    run(job)
    here = socket.gethostname()
    other = {"machine": here, "pid": os.getpid(), "started": process_started(os.getpid()) - 60}
    write_json(job.folder / "worker.json", other)
    assert (job.state, job.pid) == ("lost", 0)


def test_a_process_that_is_gone_is_not_alive() -> None:
    """Two times of 0.0, both meaning "gone", were once taken for the same living process."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    while process_started(gone.pid):
        time.sleep(0.01)
    assert not alive(gone.pid, 0.0)  # a zombie
    gone.wait()
    assert not alive(gone.pid, 0.0)
    assert alive(os.getpid(), process_started(os.getpid()))


@pytest.mark.parametrize(("age", "state"), [(1.0, "running"), (14.0, "running"), (16.0, "lost")])
def test_a_job_of_another_machine_lives_by_its_heartbeat(job: Job, age: float, state: str) -> None:
    run(job)
    write_json(job.folder / "worker.json", {"machine": "elsewhere", "pid": os.getpid(), "started": process_started(os.getpid())})
    beat = time.time() - age
    os.utime(job.heartbeat, (beat, beat))
    assert (job.state, job.pid) == (state, 0)


def test_a_job_of_another_machine_without_a_heartbeat_is_lost(job: Job) -> None:
    run(job)
    write_json(job.folder / "worker.json", {"machine": "elsewhere", "pid": 1, "started": 0.0})
    job.heartbeat.unlink()
    assert job.state == "lost"


def test_a_damaged_worker_file_means_lost(job: Job) -> None:
    run(job)
    for text in ("{", "[]", '{"machine": "' + socket.gethostname() + '"}'):
        (job.folder / "worker.json").write_text(text)
        assert (job.state, job.pid) == ("lost", 0)


def test_a_request_that_is_no_request_is_named(job: Job) -> None:
    (job.folder / "request.json").write_text('{"params": {}}')
    with pytest.raises(FormatError) as caught:
        _ = job.kind
    assert str(caught.value) == f"request.json in {job.id} is damaged: it does not say what is to be done."


def test_submitting_writes_the_whole_request_before_the_host_hears_of_it(workspace: Workspace, asked: Asked) -> None:
    project = create_project(workspace, "Ship")
    job_id = submit(workspace, project.id, "profile", {"dataset": "ds1"})
    job = Job(workspace.project(project.id).job(job_id))
    assert job_id.startswith("jb")
    assert job.request == {"format": 1, "kind": "profile", "params": {"dataset": "ds1"}, "by": user()}
    assert job.state == "queued"
    assert asked == [{"do": "start", "folder": str(job.folder)}]
    assert [(row.id, row.project, row.kind) for row in jobs(workspace, "queued")] == [(job_id, project.id, "profile")]


def test_a_queued_job_is_stopped_without_a_host(workspace: Workspace, job: Job, asked: Asked) -> None:
    queue(job)
    stop(workspace, job.project.id, job.id)
    assert job.state == "stopped"
    assert not job.waiting.exists()
    assert [event.kind for event in read_events(job.journal)[0]] == ["stopped"]
    assert asked == []
    assert [row.id for row in jobs(workspace, "stopped")] == [job.id]


def test_a_running_job_is_stopped_by_the_host(workspace: Workspace, job: Job, asked: Asked) -> None:
    run(job)
    stop(workspace, job.project.id, job.id)
    assert job.stop_marker.exists()
    assert job.state == "running"  # until it says so itself
    assert asked == [{"do": "stop", "folder": str(job.folder)}]


@pytest.mark.parametrize("state", ["lost", "finished", "failed", "stopped"])
def test_stopping_what_has_ended_changes_nothing(workspace: Workspace, job: Job, asked: Asked, state: str) -> None:
    WAYS[state](job)
    before = job.journal.read_bytes()
    stop(workspace, job.project.id, job.id)
    assert (job.state, job.journal.read_bytes(), asked) == (state, before, [])


@pytest.mark.parametrize("state", ["lost", "failed", "stopped"])
def test_what_did_not_end_well_can_go_on(workspace: Workspace, job: Job, asked: Asked, state: str) -> None:
    WAYS[state](job)
    resume(workspace, job.project.id, job.id)
    assert job.state == "queued"
    assert not job.stop_marker.exists()
    assert asked == [{"do": "start", "folder": str(job.folder)}]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_what_is_under_way_is_not_started_twice(workspace: Workspace, job: Job, asked: Asked, state: str) -> None:
    WAYS[state](job)
    resume(workspace, job.project.id, job.id)
    assert (job.state, asked) == (state, [])


def test_what_ended_well_cannot_be_resumed(workspace: Workspace, job: Job, asked: Asked) -> None:
    write_json(job.folder / "request.json", {**job.request, "kind": "evaluate"})
    finish(job)
    with pytest.raises(JobError) as caught:
        resume(workspace, job.project.id, job.id)
    assert str(caught.value) == "This work has ended well. Start it again with other settings."
    assert (job.state, asked) == ("finished", [])


def test_a_search_that_ended_well_can_be_given_more_time(workspace: Workspace, job: Job, asked: Asked) -> None:
    finish(job)
    resume(workspace, job.project.id, job.id)
    assert job.state == "queued"
    assert asked == [{"do": "start", "folder": str(job.folder)}]


@pytest.mark.parametrize(
    ("budget", "given", "after"),
    [
        (Budget(15), {"seconds": 600.0}, Budget(600)),
        (Budget(60, 12), {"models": 5}, Budget(60, 17)),
        (Budget(60, 12), {}, Budget(60, 12)),
    ],
)
def test_a_search_goes_on_for_as_long_as_is_asked(
    workspace: Workspace, job: Job, asked: Asked, budget: Budget, given: dict[str, Any], after: Budget
) -> None:
    """Regression: more time was as much as the run had been given, and could not be asked for on a page."""
    config = ExperimentConfig("y", "binary", "roc_auc", "1", budget=budget)
    write_request(job.folder, "train", {"dataset": "d", "config": config.to_dict()}, by="ada")
    finish(job)
    resume(workspace, job.project.id, job.id, **given)
    params = {name: value for name, value in job.request["params"].items() if name != MORE}
    assert params == {"dataset": "d", "config": replace(config, budget=after).to_dict()}
    assert (job.state, job.by, len(asked)) == ("queued", "ada", 1)


def test_a_search_is_not_given_what_it_is_not_counted_in(workspace: Workspace, job: Job, asked: Asked) -> None:
    write_request(job.folder, "train", {"config": ExperimentConfig("y", "binary", "roc_auc", "1").to_dict()})
    finish(job)
    with pytest.raises(InputError, match="This run is counted in seconds"):
        resume(workspace, job.project.id, job.id, models=5)
    write_request(job.folder, "tune", {})
    with pytest.raises(JobError, match="Only a comparison can be given more time or more models"):
        resume(workspace, job.project.id, job.id, seconds=60.0)
    assert (job.state, asked) == ("finished", [])


def test_what_was_adjusted_in_a_request_is_said_while_it_waits(workspace: Workspace, job: Job, asked: Asked) -> None:
    made = Job(
        workspace.project(job.project.id).job(submit(workspace, job.project.id, "train", {}, notes=["Raised.", "Left out."]))
    )
    events, _ = read_events(made.journal)
    assert [(event.kind, event.text) for event in events if isinstance(event, Message)] == [
        ("message", "Raised."),
        ("message", "Left out."),
    ]
    assert made.state == "queued"


def test_a_job_that_does_not_exist_is_named(workspace: Workspace, job: Job, asked: Asked) -> None:
    with pytest.raises(NotFoundError) as caught:
        resume(workspace, job.project.id, "rn261124-aaaaaaaa")
    assert str(caught.value) == "request.json does not exist in rn261124-aaaaaaaa."
    assert asked == []
    assert not workspace.project(job.project.id).job("rn261124-aaaaaaaa").exists()


def test_what_the_catalogue_does_not_take_is_not_left_waiting(
    workspace: Workspace, job: Job, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person was told of a failure, and the work started one day all the same."""
    fail(job)
    monkeypatch.setenv("AUTOML_DATABASE_URL", "sqlite:////nowhere/at/all/team.db")
    with pytest.raises(StorageError, match="unable to open database file"):
        resume(workspace, job.project.id, job.id)
    with pytest.raises(StorageError, match="unable to open database file"):
        submit(workspace, job.project.id, "train", {})
    assert (job.state, asked) == ("failed", [])
    assert job.project.list("runs") == [job.id]


@pytest.fixture
def counted(job: Job) -> Job:
    """A search of 20 models that has failed."""
    config = ExperimentConfig("y", "binary", "roc_auc", "1", budget=Budget(60, 20))
    write_request(job.folder, "train", {"dataset": "d", "config": config.to_dict()}, by="ada")
    fail(job)
    return job


def test_a_search_that_cannot_go_on_is_given_nothing(
    workspace: Workspace, counted: Job, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: on a full disk each try added 20 models to the request."""
    before = counted.request
    with monkeypatch.context() as patch:
        patch.setenv("AUTOML_DATABASE_URL", "sqlite:////nowhere/at/all/team.db")
        with pytest.raises(StorageError, match="unable to open database file"):
            resume(workspace, counted.project.id, counted.id, models=20)
    assert (counted.request, counted.state, counted.reserve.exists()) == (before, "failed", False)

    def full(job: Job) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(Job, "hold", full)
    with pytest.raises(StorageError, match="The disk is full"):
        resume(workspace, counted.project.id, counted.id, models=20)
    assert (counted.request, counted.state, asked) == (before, "failed", [])


def test_of_two_tabs_one_gives_more(workspace: Workspace, counted: Job, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: both found it ended, and each added its models."""

    @contextlib.contextmanager
    def after_the_other(workspace: Workspace) -> Iterator[None]:
        queue(counted)
        yield

    before = counted.request
    monkeypatch.setattr(control, "_alone", after_the_other)
    resume(workspace, counted.project.id, counted.id, models=20)
    assert (counted.request, asked) == (before, [])


def test_a_job_that_goes_on_uses_the_cluster_that_the_environment_names_now(
    job: Job, asked: Asked, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {"dataset": "d", "place": {"cluster": "old:6379", "or_here": True}}
    write_request(job.folder, "train", params)
    monkeypatch.setenv("AUTOML_RAY_ADDRESS", "new:6379")
    resume(workspace, job.folder.parent.parent.name, job.id)
    assert job.request["params"] == {**params, "place": {"cluster": "new:6379", "or_here": True}}
    write_request(job.folder, "train", {"place": {"cluster": "", "or_here": False}})
    job.waiting.unlink()
    resume(workspace, job.folder.parent.parent.name, job.id)
    assert job.request["params"]["place"]["cluster"] == ""

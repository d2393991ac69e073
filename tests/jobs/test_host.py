"""The host: one for a workspace, replaced when its code is old, never the owner of what only files may say."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from automl_core.events import read_events
from automl_core.jobs import client
from automl_core.jobs.control import submit
from automl_core.jobs.job import Job, process_started
from automl_core.relearning import KIND, plan
from automl_core.runs import Run
from automl_core.workspace import Workspace

if TYPE_CHECKING:
    from tests.jobs.conftest import Desk

ROOT = Path(__file__).resolve().parents[2]
OLDER = (
    "from automl_core.jobs import client; client.code_stamp = lambda: 'older'; from automl_core.jobs import host; host.main([])"
)


def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait until something is true; fail when it does not become so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Still not so after {seconds:g} s."
        time.sleep(0.01)


def start(workspace: Workspace, *arguments: str) -> subprocess.Popen[str]:
    """Start Python on this code, as a person's terminal would."""
    environment = {**os.environ, "AUTOML_HOME": str(workspace.root), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.PIPE, text=True, cwd=workspace.root)


def gone(pid: int) -> bool:
    """Return whether a process has ended."""
    return process_started(pid) == 0.0


def say(workspace: Workspace, line: bytes) -> dict[str, Any]:
    """Send one line to the host as it is, and return the answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(client.address(workspace)))
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    answer: dict[str, Any] = json.loads(data) if data else {}
    return answer


def test_of_two_hosts_started_at_once_one_lives(desk: Desk) -> None:
    both = [start(desk.workspace, "-m", "automl_core.jobs.host") for _ in range(2)]
    until(lambda: any(host.poll() is not None for host in both))
    ended, living = sorted(both, key=lambda host: host.poll() is None)
    assert ended.returncode == 0
    assert desk.host() == living.pid
    assert living.poll() is None
    living.kill()
    for host in both:
        host.communicate()


def test_clients_that_start_at_once_share_one_host(desk: Desk) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(desk.host())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    until(lambda: [process.pid for process in desk.processes()] == found[:1])


def test_a_host_of_older_code_is_replaced_when_idle(desk: Desk) -> None:
    """It was replaced while it still imported its engines, kept the lock until it had them all, and nobody answered."""
    older = start(desk.workspace, "-c", OLDER)
    until(lambda: client.answers(desk.workspace))
    newer = desk.host()
    assert newer != older.pid
    older.communicate(timeout=10)
    assert older.returncode == 0
    assert desk.host() == newer


def test_a_host_of_older_code_is_kept_while_it_works(desk: Desk) -> None:
    """The answer also shows that a job does not inherit the connection that asked for it: `say` reads to its end."""
    project = desk.project()
    older = start(desk.workspace, "-c", OLDER)
    until(lambda: client.answers(desk.workspace))
    job = Job(desk.workspace.project(project.id).job("rn261124-aaaaaaaa"))
    job.folder.mkdir(parents=True)
    params = desk.params(project, 20_000, candidates=("lr", "rbfsvm"))
    (job.folder / "request.json").write_text(json.dumps({"kind": "train", "params": params}))
    job.waiting.touch()
    request = {"do": "start", "code": "older", "folder": str(job.folder)}
    assert say(desk.workspace, json.dumps(request).encode() + b"\n") == {"pid": older.pid, "running": 0, "queued": 1}
    until(lambda: job.state == "running")
    assert desk.host() == older.pid
    older.kill()
    older.communicate()


def test_what_waits_starts_under_the_next_host(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A killed host leaves one job working and one waiting; the next takes both over, and still one at a time."""
    first = desk.host()
    project = desk.project()
    working = desk.train(project, 20_000, candidates=("lr", "rbfsvm"))
    waiting = desk.train(project)
    until(lambda: working.state == "running")
    os.kill(first, signal.SIGKILL)
    until(lambda: gone(first))
    second = desk.host()
    assert second != first
    time.sleep(0.5)
    assert (working.state, waiting.state) == ("running", "queued")
    assert client.ask(desk.workspace, {"do": "ping"}) == {"pid": second, "running": 1, "queued": 1}
    os.killpg(working.pid, signal.SIGKILL)
    until(lambda: working.state == "lost")
    until(lambda: waiting.state == "finished", 30)


def test_short_work_does_not_wait_behind_long_work(desk: Desk) -> None:
    project = desk.project()
    done = desk.train(project)
    until(lambda: done.state == "finished", 30)
    long = desk.train(project, 20_000, candidates=("lr", "rbfsvm"))
    queued = desk.train(project)
    until(lambda: long.state == "running")
    short = desk.pack(project, done)
    until(lambda: short.state == "finished")
    assert (done.folder / "models" / "lr.zip").exists()
    assert (long.state, queued.state) == ("running", "queued")


def test_two_places_work_on_two_jobs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_WORKERS", "2")
    project = desk.project()
    jobs = [desk.train(project, 20_000, candidates=("lr", "rbfsvm"), threads=1) for _ in range(3)]
    until(lambda: [job.state for job in jobs] == ["running", "running", "queued"])
    time.sleep(0.5)
    assert [job.state for job in jobs] == ["running", "running", "queued"]
    assert client.ask(desk.workspace, {"do": "ping"})["running"] == 2
    assert len({job.pid for job in jobs[:2]}) == 2


def test_broken_requests_are_answered_with_an_error(desk: Desk, tmp_path: Path) -> None:
    """A request that was JSON but no object ended the host."""
    pid = desk.host()
    stamp = client.code_stamp()
    no_job = "The request could not be understood: {} is no job of this workspace"
    told = {
        b"nonsense\n": "The request could not be understood: Expecting value: line 1 column 1 (char 0)",
        b"[1]\n": "The request could not be understood: list indices must be integers or slices, not str",
        b"{}\n": "The request could not be understood: 'do'",
        b'{"do": "dance"}\n': "The request could not be understood: 'dance' is not one of ping, start, stop, end, leave",
        json.dumps({"do": "start", "code": stamp}).encode() + b"\n": "The request could not be understood: 'folder'",
        json.dumps({"do": "start", "code": stamp, "folder": str(tmp_path)}).encode() + b"\n": no_job.format(tmp_path),
        json.dumps({"do": "stop", "code": stamp, "folder": "/etc"}).encode() + b"\n": no_job.format("/etc"),
    }
    assert {line: say(desk.workspace, line) for line in told} == {line: {"error": text} for line, text in told.items()}
    for line in (b"[" * 100_000 + b"\n", b"\xff\xfe\n", b'{"do": "start", "code": "%s", "folder": 5}\n' % stamp.encode()):
        assert say(desk.workspace, line)["error"].startswith("The request could not be understood: ")
    assert say(desk.workspace, b"") == {}  # somebody who hangs up
    assert client.ask(desk.workspace, {"do": "ping"}) == {"pid": pid, "running": 0, "queued": 0}


def test_a_damaged_job_folder_does_not_keep_the_host_from_starting(desk: Desk) -> None:
    """A request without a kind ended the host while it looked for waiting jobs."""
    project = desk.project()
    for number, text in enumerate(("{}", "[]", "{")):
        folder = desk.workspace.project(project.id).job(f"rn261124-aaaaaaa{'abc'[number]}")
        folder.mkdir(parents=True)
        (folder / "request.json").write_text(text)
        (folder / "queued").touch()
    assert client.ask(desk.workspace, {"do": "ping"})["queued"] == 0


def test_stop_ends_the_host_and_what_it_runs(desk: Desk) -> None:
    host = desk.host()
    project = desk.project()
    job = desk.train(project, 20_000, candidates=("lr", "rbfsvm"))
    waiting = desk.train(project)
    until(lambda: (job.folder / "candidates" / "lr" / "candidate.json").exists())
    worker = job.pid
    ending = start(desk.workspace, "-m", "automl_core.jobs.host", "--stop")
    assert ending.communicate(timeout=30)[0] == "The background process has ended.\n"
    assert ending.returncode == 0
    until(lambda: gone(host) and gone(worker), 2)
    assert desk.processes() == []
    assert (job.state, waiting.state) == ("stopped", "stopped")
    assert (job.folder / "model.zip").exists()
    assert not client.answers(desk.workspace)


SLOW = "import time; from automl_core.jobs import host; host.tidy = lambda workspace: time.sleep(60); host.main([])"


def test_a_host_answers_while_it_tidies(desk: Desk) -> None:
    """It listened, but did not answer until an import of many GB was in its place."""
    host = start(desk.workspace, "-c", SLOW)
    until(lambda: client.answers(desk.workspace))
    begun = time.monotonic()
    assert desk.host() == host.pid
    assert time.monotonic() - begun < 10
    (tidying,) = psutil.Process(host.pid).children()
    job = desk.train(desk.project(), candidates=("lr",))
    until(lambda: job.state == "finished", 40)
    assert tidying.status() != psutil.STATUS_ZOMBIE, "it still tidies"
    ending = start(desk.workspace, "-m", "automl_core.jobs.host", "--stop")
    assert ending.communicate(timeout=30)[0] == "The background process has ended.\n"
    assert host.wait(5) == 0
    assert desk.host() != host.pid, "the lock is not kept by what tidies"


def test_what_tidied_is_forgotten_when_it_ends(desk: Desk) -> None:
    (desk.workspace.root / ".upload-old").mkdir(parents=True)
    os.utime(desk.workspace.root / ".upload-old", (1e9, 1e9))
    host = psutil.Process(desk.host())
    until(lambda: not (desk.workspace.root / ".upload-old").exists())
    until(lambda: not host.children())


def test_stop_without_a_host_starts_none(desk: Desk) -> None:
    ending = start(desk.workspace, "-m", "automl_core.jobs.host", "--stop")
    assert ending.communicate(timeout=30)[0] == "The background process has ended.\n"
    assert ending.returncode == 0
    assert desk.processes() == []


def test_a_long_workspace_path_still_has_an_address(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / ("long" * 30)
    monkeypatch.setenv("AUTOML_HOME", str(root))
    desk.workspace = Workspace.default()
    address = client.address(desk.workspace)
    assert address.parent.name == f"tablewright-{os.getuid()}"
    assert address == client.address(Workspace.default())
    pid = desk.host()
    assert psutil.Process(pid).environ()["AUTOML_HOME"] == str(root)
    assert address.stat().st_mode & 0o777 == 0o600
    assert address.parent.stat().st_mode & 0o777 == 0o700


def test_a_host_that_cannot_start_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page waited 20 seconds for a host that had already ended."""
    monkeypatch.setenv("AUTOML_WORKERS", "many")
    begun = time.monotonic()
    with pytest.raises(client.JobError) as caught:
        client.warm(desk.workspace)
    assert time.monotonic() - begun < 5
    assert str(caught.value) == (
        f"The background process that does the work does not answer. Its log is {desk.workspace.host / 'host.log'}. "
        "Run `make stop`, then try again."
    )
    assert "invalid literal for int() with base 10: 'many'" in (desk.workspace.host / "host.log").read_text()


def test_a_judged_model_learns_the_kept_rows_in_a_run_of_its_own(desk: Desk) -> None:
    project = desk.project()
    first = desk.train(project, rows=200, holdout=0.2)
    until(lambda: first.state == "finished", 60)
    run = Run(first.folder)
    job = desk.job(project, submit(desk.workspace, project.id, KIND, plan(run, run.leaderboard().recommended)))
    until(lambda: job.state == "finished", 60)
    made = Run(job.folder)
    assert job.folder.parent == first.folder.parent, "it is a run, not a short job"
    assert made.evaluation(made.leaderboard().recommended).exists()
    assert [row.state for row in made.leaderboard() if row.role == "model"]


def test_a_warm_host_starts_a_job_at_once(desk: Desk) -> None:
    desk.settle()
    project = desk.project()
    params = desk.params(project)
    begun = time.monotonic()
    job = desk.job(project, submit(desk.workspace, project.id, "train", params))
    until(lambda: read_events(job.journal)[0], 5)
    seconds = time.monotonic() - begun
    print(f"start to first event: {1000 * seconds:.0f} ms")
    assert seconds < 1.0

"""Processes killed at random points while runs, tuning, predictions, a watcher, the service and the app go on.

``python -m tests.faults.campaign --kills 200`` is the long form. After every kill it is looked at what was finished before: its
bytes must be the same. What was killed is started again or let go on, and at the end everything must have ended well.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import psutil

from automl_core.errors import AutoMLError, JobError
from automl_core.jobs.client import warm
from automl_core.jobs.control import resume, stop, submit
from automl_core.jobs.job import ACTIVE, Job, process_started
from automl_core.runs import Run
from automl_core.tuning.run import space_of_row
from automl_core.tuning.study import Settings, new_study
from automl_core.workspace import Workspace, file_hash
from tests.jobs.conftest import Desk, make_passengers

ROOT = Path(__file__).resolve().parents[2]
VICTIMS = ("host", "worker", "fit", "watcher", "service", "web")
ROW = {"fare": 7.25, "age": 22.0, "deck": "A"}
UP = 600.0
"""Seconds that a process may take to answer or to end; the machine may be busy, and what is asked is what is lost, not when."""


class Server:
    """A process that listens, and is started again after it was killed."""

    def __init__(self, arguments: list[str], health: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.command = [sys.executable, *(part.format(port=self.port) for part in arguments)]
        self.health = health
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; it may take its time to answer."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def up(self) -> None:
        """Wait until it answers."""
        wait(self.answers, UP, f"{self.health} does not answer")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.address + self.health, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None


class Campaign:
    """A workspace at work, and somebody who kills.

    Parameters
    ----------
    desk : Desk
    seed : int
        Of the victims and the moments.
    victims : tuple of str
        Of `VICTIMS`.
    """

    def __init__(self, desk: Desk, seed: int, victims: tuple[str, ...] = VICTIMS) -> None:
        self.desk, self.rng, self.victims = desk, random.Random(seed), victims
        self.workspace = desk.workspace
        self.project = desk.project("Storm")
        self.kills: Counter[str] = Counter()
        self.resumed: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()
        self.late: Counter[str] = Counter()
        self.hit: set[str] = set()
        self.hashes: dict[Path, str] = {}
        self.work: dict[str, Job] = {}
        self.params = desk.params(self.project, 400, candidates=("lr", "nb", "dt", "lda"))
        self.base = Run(self._ended(desk.start(self.project, self.params)).folder)
        self.answered: list[str] = []
        self.over = threading.Event()
        self.table = self.workspace.root / "passengers.csv"
        make_passengers(3000, 1).drop(columns="survived").to_csv(self.table, index=False)
        model = self.workspace.root / "served.zip"
        model.write_bytes((self.base.path / "model.zip").read_bytes())
        self.log = self.workspace.root / "service"
        serve = ["-m", "automl_core.serving", str(model), "--port", "{port}", "--log", str(self.log)]
        app = ["-m", "pages.shared.serve", "--server.port", "{port}", "--server.headless", "true"]
        self.servers = {"service": Server(serve, "/health"), "web": Server(app, "/_stcore/health")}
        self.hashes[model] = file_hash(model)

    def _ended(self, job: Job) -> Job:
        wait(lambda: job.state not in ACTIVE, UP, "the first run does not end")
        assert job.state == "finished"
        return job

    # -- what goes on ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Have the servers up and somebody who asks; all of them are ended afterwards."""
        asking = threading.Thread(target=self._ask, name="asking")
        try:
            for name in self.servers:
                if name in self.victims:
                    self.servers[name].start()
                    self.servers[name].up()
            asking.start()
            yield
        finally:
            self.over.set()
            if asking.ident:
                asking.join()
            for server in self.servers.values():
                server.kill(signal.SIGTERM)

    def _ask(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            name = f"ask-{number}"
            request = urllib.request.Request(
                self.servers["service"].address + "/predict",
                json.dumps({"rows": [ROW]}).encode(),
                {"content-type": "application/json", "x-request-id": name},
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    json.loads(answer.read())
                    self.answered.append(name)
            except (OSError, ValueError, HTTPException):  # it was killed meanwhile; nobody was told anything
                time.sleep(0.05)

    def keep_busy(self) -> None:
        """Start what is not at work, let go on what was lost, and note what has ended well."""
        for kind in ("train", "tune", "predict", "watch"):
            job = self.work.get(kind)
            state = job.state if job else "finished"
            if job and self.interrupted(job, state):
                self.go_on(kind, job)
            elif state not in ACTIVE:
                if job:
                    self.note(kind, job, state)
                self.work[kind] = self.begin(kind)

    def interrupted(self, job: Job, state: str) -> bool:
        """Return whether a kill kept a job from its end: it is lost, or says that the process of its preparation was killed."""
        return state == "lost" or (
            state == "failed" and job.id in self.hit and "SIGKILL" in job.journal.read_text().splitlines()[-1]
        )

    def go_on(self, kind: str, job: Job) -> None:
        """Resume a job; a host that is killed meanwhile is replaced by the next one who asks."""
        try:
            resume(self.workspace, self.project.id, job.id)
            self.resumed[kind] += 1
        except AutoMLError:
            if job.state not in ACTIVE:
                raise

    def begin(self, kind: str) -> Job:
        """Start a job of a kind."""
        params: dict[str, object] = {"every": 1}
        if kind == "train":
            params = self.params
        elif kind == "tune":
            settings = Settings("dt", "tpe", space_of_row("binary", self.base.leaderboard()["dt"]), trials=6)
            params = {"run": self.base.id, "study": new_study(self.base.path, "dt"), "settings": settings.to_dict()}
        elif kind == "predict":
            params = {"run": self.base.id, "candidate": "lr", "source": str(self.table)}
        folder = self.workspace.project(self.project.id)
        known = {*folder.list("jobs"), *folder.list("runs")}
        try:
            job_id = submit(self.workspace, self.project.id, kind, params)
        except JobError:  # no host was up in time; the job must be there, and must be done by the one that comes
            (job_id,) = {*folder.list("jobs"), *folder.list("runs")} - known
            self.late[kind] += 1
        return self.desk.job(self.project, job_id)

    def hosted(self) -> bool:
        """Return whether a host answers, after an attempt to start one."""
        try:
            warm(self.workspace)
        except JobError:
            return False
        return True

    def note(self, kind: str, job: Job, state: str) -> None:
        """Take the hashes of what a job has left; none may change any more."""
        assert state == "finished", f"{kind} {job.id} is {state}: {(job.journal.read_text().splitlines() or [''])[-1]}"
        self.finished[kind] += 1
        names = {"train": ("model.zip", "leaderboard.json", "split.npz"), "predict": ("predictions.csv", "report.json")}
        for name in names.get(kind, ()):
            self.hashes[job.folder / name] = file_hash(job.folder / name)

    def note_scores(self) -> None:
        """Take the hashes of the folds that are scored by now, also of runs that are not finished."""
        for path in self.workspace.project(self.project.id).path.glob("runs/*/candidates/*/fold*.json"):
            if path not in self.hashes:
                self.hashes[path] = file_hash(path)

    # -- who kills ------------------------------------------------------------------------------------------------

    def strike(self) -> str:
        """Kill something at some moment, look at what was finished, and have it at work again; return what was killed."""
        time.sleep(self.rng.uniform(0.0, 1.0))
        self.keep_busy()
        time.sleep(self.rng.uniform(0.0, 1.0))
        self.note_scores()
        there: list[str] = []

        def look() -> bool:
            there[:] = [victim for victim in self.victims if self._there(victim)]
            return bool(there)

        wait(look, UP, "nothing is there to kill")
        name = self.rng.choice(there)
        if name in self.servers:
            self.servers[name].kill()
        else:
            self._kill(name)
        self.kills[name] += 1
        self.check()
        if name in self.servers:
            self.servers[name].start()
        return name

    def _there(self, victim: str) -> bool:
        """Return whether there is something to kill; a server that is being started again is left until it answers."""
        return self.servers[victim].answers() if victim in self.servers else bool(self.pid(victim))

    def _kill(self, name: str) -> None:
        pid = self.pid(name)
        if pid:
            self.hit |= {job.id for job in self.work.values() if name == "fit" and job.pid}
            forked = below(pid) if name == "worker" else []
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            wait(lambda: process_started(pid) == 0.0, UP, f"the killed {name} is still there")
            wait(lambda: all(process_started(one.pid) == 0.0 for one in forked), UP, "what a killed worker forked goes on")

    def pid(self, victim: str) -> int:
        """Return the process of a victim; 0 when there is none now."""
        if victim == "host":
            try:
                return self.desk.host()
            except JobError:  # it is not up yet
                return 0
        if victim == "watcher":
            return self.work["watch"].pid if "watch" in self.work else 0
        workers = [job.pid for kind, job in self.work.items() if kind != "watch" and job.pid]
        if victim == "worker":
            return self.rng.choice(workers) if workers else 0
        fits = [child.pid for pid in workers for child in below(pid)]
        return self.rng.choice(fits) if fits else 0

    # -- what must be true ----------------------------------------------------------------------------------------

    def check(self) -> None:
        """Compare what was finished with its hashes."""
        for path, digest in self.hashes.items():
            assert path.exists(), f"{path} was finished and is gone"
            assert file_hash(path) == digest, f"{path} was finished and has changed"

    def finish(self) -> None:
        """Let everything end, and look at all of it."""
        del self.work["watch"]
        deadline = time.monotonic() + UP
        while self.work:
            assert time.monotonic() < deadline, f"still at work: {sorted(self.work)}"
            for kind, job in list(self.work.items()):
                state = job.state
                if self.interrupted(job, state):
                    self.go_on(kind, job)
                elif state not in ACTIVE:
                    self.note(kind, job, state)
                    del self.work[kind]
            time.sleep(0.1)
        self.check()
        assert halves(self.workspace.root) == []
        logged = {json.loads(line)["request"] for path in (self.log / "log").glob("*.jsonl") for line in whole_lines(path)}
        assert set(self.answered) <= logged, f"{len(set(self.answered) - logged)} answered predictions are not in the log"

    def stop_watching(self) -> None:
        """Stop the watcher as a person does."""
        job = self.work["watch"]
        wait(self.hosted, UP, "no host answers")
        if job.state == "lost":
            self.go_on("watch", job)
        stop(self.workspace, self.project.id, job.id)
        wait(lambda: job.state not in ACTIVE, UP, "the watcher does not stop")
        assert job.state == "stopped", f"the stopped watcher is {job.state}"


def below(pid: int) -> list[psutil.Process]:
    """Return the processes that a process has forked; none when it has ended by now."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def halves(folder: Path) -> list[Path]:
    """Return the objects below a folder that are not whole; what was never given its name, or is appended to, is none."""
    import numpy as np
    import pyarrow.parquet as pq

    found = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            if path.suffix == ".json":
                json.loads(path.read_bytes())
            elif path.suffix in (".zip", ".skops"):
                with zipfile.ZipFile(path) as archive:
                    assert archive.testzip() is None
            elif path.suffix == ".npy":
                np.load(path, allow_pickle=False)
            elif path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as arrays:
                    assert all(arrays[name] is not None for name in arrays.files)
            elif path.suffix == ".parquet":
                pq.read_table(path, use_threads=False)
        except Exception:  # noqa: BLE001 - whatever a reader says of it
            found.append(path)
    return found


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a log but for one that a kill has cut."""
    return [line for line in path.read_text().split("\n") if line.startswith("{") and line.endswith("}")]


def wait(condition: object, seconds: float, otherwise: str) -> None:
    """Wait until something is true; fail with a sentence when it does not become so in time."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{otherwise} within {seconds:g} s"
        time.sleep(0.02)


def storm(desk: Desk, kills: int, seed: int, victims: tuple[str, ...] = VICTIMS, *, until: float = float("inf")) -> Campaign:
    """Kill so many times and return what came of it; stop earlier when the clock (`time.monotonic`) says `until`."""
    campaign = Campaign(desk, seed, victims)
    with campaign.running():
        campaign.keep_busy()
        for number in range(kills):
            if time.monotonic() > until:
                break
            name = campaign.strike()
            print(f"{number + 1:4d} {name}", file=sys.stderr, flush=True)
        campaign.keep_busy()
        for name in set(victims) & set(campaign.servers):
            campaign.servers[name].up()
        campaign.stop_watching()
        campaign.over.set()
        campaign.finish()
    return campaign


def main(arguments: list[str]) -> int:
    """Run the long form and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="kill no more after so many")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tablewright-faults-", ignore_cleanup_errors=True) as folder:
        os.environ |= {"AUTOML_HOME": str(Path(folder) / "home"), "AUTOML_WORKERS": "2"}
        desk = Desk(Workspace.default())
        begun = time.monotonic()
        try:
            done = storm(desk, chosen.kills, chosen.seed, until=begun + chosen.seconds)
        finally:
            for process in desk.processes():
                with contextlib.suppress(psutil.Error):
                    process.kill()
        print(f"{sum(done.kills.values())} kills in {time.monotonic() - begun:,.0f} s: {dict(done.kills)}")
        print(
            f"let go on: {dict(done.resumed)}; ended well: {dict(done.finished)}; begun before a host was up: {dict(done.late)}"
        )
        print(f"{len(done.hashes):,} finished objects unchanged, none half-written; {len(done.answered):,} answers in the log")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

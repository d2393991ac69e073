"""One row over HTTP: our service beside ``mlflow models serve``, the same model on the same machine.

    python benchmarks/serving.py TABLE.csv --target COLUMN [--budget 20] [--seconds 60]
    python benchmarks/serving.py TABLE.csv --target COLUMN --soak 600

A model is searched for, registered and served by both, one process each, on this machine alone. Asked in turns with the
same rows: the latency of one row, one request after the other; then, both warmed up, the throughput of each alone under
``wrk`` (16 connections); then the 99th percentile of ours at half of its saturation rate, requests sent on time whether or
not earlier ones were answered. ``--soak`` lets four callers ask two processes of ours without a pause for that many seconds,
promotes another version in the middle, kills a process, and compares every answer with what either version predicts, the log
with the answers, and the memory at the start with that at the end.

Exit code 1 says that a figure of `ALLOWED` was missed. Results: ``benchmarks/results/serving.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import datetime
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "serving"
RESULTS = ROOT / "benchmarks" / "results" / "serving.json"
NAME = "bench"
ALLOWED = {
    "latency_ratio": 0.2, "throughput_ratio": 5.0, "p99_ms": 50.0,
    "wrong": 0, "lost_log_lines": 0, "doubled_log_lines": 0, "memory_growth": 1.15,
}  # fmt: skip
"""Our median latency as a share of MLflow's at most, our throughput in times its at least, our 99th percentile at most; and of
the soak what may go wrong, and by how much memory may grow from its second sixth to its last."""
WARM, ASKED = 20, 200
WARM_SECONDS = 5.0
CONNECTIONS = 16
CALLERS = 4


def environment() -> dict[str, str]:
    """Return the environment of every process: a workspace of its own, one thread each."""
    away = {"AUTOML_HOME": str(HOME / "home"), "OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    away["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"  # MLflow starts uvicorn by its name
    return {**os.environ, **away, "MLFLOW_TRACKING_URI": f"sqlite:///{HOME / 'home' / 'mlflow' / 'mlflow.db'}"}


def ours(*command: object) -> str:
    """Run a command of ours and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "automl_core", *map(str, command)], cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.strip()


def make_versions(table: Path, target: str, budget: float) -> None:
    """Search for a model and register two candidates of it: the recommended one, and the next as a version to promote."""
    if (HOME / "made").exists():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    ours("train", table, "--target", target, "--out", HOME / "run", "--budget", budget)
    board = json.loads((HOME / "run" / "leaderboard.json").read_text())
    scored = [row["id"] for row in board["candidates"] if row["state"] == "scored" and row["role"] == "model"]
    ours("models", "register", HOME / "run", "--name", NAME)
    put_in_use(1, "the first")
    ours("models", "register", HOME / "run", "--name", NAME, "--candidate", scored[0])
    (HOME / "made").touch()


def put_in_use(number: int, reason: str) -> None:
    """Let the alias champion point at a version, if it does not yet."""
    if not any(line.startswith(f"{NAME}@{number}\tchampion") for line in ours("models", "list", NAME).splitlines()):
        ours("models", "promote", f"{NAME}@{number}", "--reason", reason)


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A process that answers, ended with all of its children."""

    def __init__(self, command: list[str], port: int, ready: str, log: Path) -> None:
        self.port = port
        self.log = log
        with open(log, "w") as file:
            self.process = psutil.Popen(command, cwd=HOME, env=environment(), stdout=file, stderr=file, start_new_session=True)
        end = time.monotonic() + 180
        while True:
            try:
                if get(port, ready)[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                self.close()
                raise SystemExit(f"{command[1:4]} does not answer: {log.read_text()[-2000:]}")
            time.sleep(0.3)

    def family(self) -> list[psutil.Process]:
        """Return the process and all that it started."""
        return [self.process, *self.process.children(recursive=True)]

    def close(self) -> None:
        """End it."""
        try:
            family = self.family()
        except psutil.NoSuchProcess:
            return
        for one in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.terminate()
        psutil.wait_procs(family, timeout=20)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Ask for a path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def serve_ours(workers: int = 1, log: Path | None = None) -> Server:
    """Start our service of the champion."""
    port = free_port()
    command = [sys.executable, "-m", "automl_core", "serve", f"{NAME}@champion", "--port", str(port), "--workers", str(workers)]
    command += ["--log", str(log)] if log else []
    os.environ["PYTHONPATH"] = str(ROOT)
    return Server(command, port, "/ready", HOME / "ours.log")


def serve_mlflow() -> Server:
    """Start MLflow's server of the champion, one process."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "mlflow"), "models", "serve", "-m", f"models:/{NAME}@champion"]
    command += ["--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return Server(command, port, "/ping", HOME / "mlflow.log")


def bodies(table: Path, target: str, count: int, columns: list[str]) -> tuple[list[bytes], list[bytes]]:
    """Return requests for single rows: ours and MLflow's."""
    with open(table, newline="", encoding="utf-8") as file:
        rows = [row for _, row in zip(range(count), csv.DictReader(file), strict=False)]
    rows = [{name: row[name] for name in columns} for row in rows]
    split = [{"columns": columns, "data": [list(row.values())]} for row in rows]
    return [json.dumps({"rows": [row]}).encode() for row in rows], [
        json.dumps({"dataframe_split": one}).encode() for one in split
    ]


class Asker:
    """One connection that is kept."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._path = path

    def ask(self, body: bytes, request: str = "") -> tuple[float, Any]:
        """Return the milliseconds of a request and its answer."""
        headers = {"content-type": "application/json", **({"x-request-id": request} if request else {})}
        start = time.perf_counter()
        self._connection.request("POST", self._path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        took = 1000 * (time.perf_counter() - start)
        if answer.status != 200:
            raise SystemExit(f"{self._path} answered {answer.status}: {data[:500]!r}")
        return took, json.loads(data)


def latency(first: Asker, second: Asker, given: tuple[list[bytes], list[bytes]]) -> tuple[list[float], list[float], float]:
    """Ask both in turns; return their milliseconds, and the largest difference between their probabilities or values."""
    one, other, gap = [], [], 0.0
    for place in range(WARM + ASKED):
        mine, said = first.ask(given[0][place % len(given[0])])
        theirs, told = second.ask(given[1][place % len(given[1])])
        if place >= WARM:
            one.append(mine)
            other.append(theirs)
        entry, row = said["predictions"][0], told["predictions"][0]
        if "probabilities" in entry:
            gap = max(gap, *(abs(chance - row[f"probability_{label}"]) for label, chance in entry["probabilities"].items()))
        else:
            gap = max(gap, abs(entry["prediction"] - row["prediction"]))
    return one, other, gap


def throughput(server: Server, path: str, given: list[bytes], seconds: float) -> float:
    """Return the requests a second that `wrk` gets answered."""
    script = HOME / "wrk.lua"
    rows = ",\n".join(json.dumps(body.decode()) for body in given[:100])
    script.write_text(
        "local bodies = {" + rows + "}\nlocal place = 0\nrequest = function()\n  place = place % #bodies + 1\n"
        f'  return wrk.format("POST", "{path}", {{["content-type"] = "application/json"}}, bodies[place])\nend\n'
        'done = function(summary) io.write(string.format("ANSWERED %d %d %d\\n", summary.requests, summary.duration, '
        "summary.errors.status + summary.errors.read + summary.errors.timeout)) end\n"
    )
    # A slow answer is slow, and no error: wrk's own limit of 2 s is short for a busy machine.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "--timeout", "60s", "-s", str(script)]
    command.append(f"http://127.0.0.1:{server.port}")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    answered, took, wrong = (int(word) for word in said.split("ANSWERED ")[1].split()[:3])
    if wrong:
        raise SystemExit(f"{wrong} of {answered} requests were not answered well.")
    return answered / (took / 1e6)


async def on_time(port: int, given: list[bytes], rate: float, seconds: float) -> list[float]:
    """Send requests at a rate over kept connections; return the milliseconds from when each was due to its answer."""
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    took: list[float] = []

    async def one(body: bytes, due: float) -> None:
        reader, writer = await free.get()
        head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        top = await reader.readuntil(b"\r\n\r\n")
        assert top.startswith(b"HTTP/1.1 200"), top
        length = next(int(line.split(b":")[1]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(length)
        took.append(1000 * (loop.time() - due))
        free.put_nowait((reader, writer))

    loop = asyncio.get_running_loop()
    start, tasks = loop.time(), []
    for place in range(int(rate * seconds)):
        due = start + place / rate
        await asyncio.sleep(max(due - loop.time(), 0))
        tasks.append(asyncio.create_task(one(given[place % len(given)], due)))
    await asyncio.gather(*tasks)
    return took


def quantile(values: list[float], share: float) -> float:
    """Return a quantile of measured values: one of them."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


class Load(threading.Thread):
    """One caller that asks without a pause until it is told to stop, and compares every answer with what a version says.

    Parameters
    ----------
    port : int
    given : list of bytes
        Requests.
    expected : dict of str to list
        By version, the predictions of each request.
    name : str
        Begins the ids of its requests.
    """

    def __init__(self, port: int, given: list[bytes], expected: dict[str, list[Any]], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._port, self._given, self._expected = port, given, expected
        self.stop = threading.Event()
        self.answered: list[str] = []
        self.wrong: list[str] = []
        self.versions: Counter[str] = Counter()
        self.dropped = 0

    def run(self) -> None:
        asker, count = Asker(self._port, "/predict"), 0
        while not self.stop.is_set():
            place, request = count % len(self._given), f"{self.name}-{count}"
            count += 1
            try:
                _, said = asker.ask(self._given[place], request)
            except (OSError, http.client.HTTPException):
                self.dropped += 1  # the request that a killed process was working on
                asker = Asker(self._port, "/predict")
                continue
            self.answered.append(request)
            self.versions[said["version"]] += 1
            if said["predictions"] != self._expected[said["version"]][place]:
                self.wrong.append(request)


def soak(given: list[bytes], seconds: float) -> dict[str, Any]:
    """Ask two processes without a pause, promote and kill in the middle; return what went wrong and what memory did."""
    log = HOME / "log"
    shutil.rmtree(log, ignore_errors=True)
    expected: dict[str, list[Any]] = {}
    for number in (1, 2):
        put_in_use(number, "asked for what it says")
        server = serve_ours()
        expected[str(number)] = [Asker(server.port, "/predict").ask(body)[1]["predictions"] for body in given]
        server.close()
    put_in_use(1, "the start of the soak")
    server = serve_ours(workers=2, log=log)
    load = [Load(server.port, given, expected, f"caller{number}") for number in range(CALLERS)]
    for one in load:
        one.start()
    start, memory, promoted, killed = time.monotonic(), [], None, False
    while (now := time.monotonic() - start) < seconds:
        time.sleep(0.5)
        memory.append(sum(one.memory_info().rss for one in server.family() if one.is_running()))
        if now > seconds / 3 and promoted is None:
            promoted = subprocess.Popen(
                [sys.executable, "-m", "automl_core", "models", "promote", f"{NAME}@2", "--reason", "in the middle", "--later"],
                cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL,
            )  # fmt: skip
        if now > 2 * seconds / 3 and not killed:
            children = [one for one in server.process.children() if "spawn" in " ".join(one.cmdline())]
            children[0].send_signal(signal.SIGKILL)
            killed = True
    for one in load:
        one.stop.set()
    for one in load:
        one.join(timeout=30)
    server.close()
    logged = Counter(json.loads(line)["request"] for path in (log / "log").glob("*.jsonl") for line in whole_lines(path))
    answered = [request for one in load for request in one.answered]
    before, after = memory[len(memory) // 6 : len(memory) // 3], memory[-len(memory) // 6 :]
    return {
        "seconds": seconds, "callers": CALLERS, "answered": len(answered), "per_second": round(len(answered) / seconds),
        "wrong": sum(len(one.wrong) for one in load), "dropped": sum(one.dropped for one in load),
        "versions": dict(sum((one.versions for one in load), Counter())),
        "lost_log_lines": sum(request not in logged for request in answered),
        "doubled_log_lines": sum(count > 1 for count in logged.values()),
        "memory_mb": [round(statistics.median(part) / 2**20) for part in (before, after)],
        "memory_growth": statistics.median(after) / statistics.median(before),
    }  # fmt: skip


def whole_lines(path: Path) -> list[str]:
    """Return the lines of a log that end."""
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def main() -> int:
    """Measure, print and store; return 1 when a figure was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--budget", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    parser.add_argument("--soak", type=float, default=0.0, help="seconds; in place of the comparison")
    a = parser.parse_args()
    make_versions(a.table.resolve(), a.target, a.budget)
    if a.soak:
        return soaked(a)
    put_in_use(1, "measured")
    results: dict[str, Any] = {}
    with contextlib.ExitStack() as ended:
        server = serve_ours()
        ended.callback(server.close)
        other = serve_mlflow()
        ended.callback(other.close)
        told = json.loads(get(server.port, "/metadata")[1])
        given = bodies(a.table, a.target, 200, told["columns"])
        mine, theirs, gap = latency(Asker(server.port, "/predict"), Asker(other.port, "/invocations"), given)
        results |= {"model": told["model"], "fast": told["fast"], "gap": gap}
        results |= {"latency_ms": statistics.median(mine), "mlflow_latency_ms": statistics.median(theirs)}
        results["latency_ratio"] = results["latency_ms"] / results["mlflow_latency_ms"]
        for one, path, rows in ((server, "/predict", given[0]), (other, "/invocations", given[1])):
            throughput(one, path, rows, WARM_SECONDS)  # both under load once before they are measured
        rates = [throughput(server, "/predict", given[0], a.seconds), throughput(other, "/invocations", given[1], a.seconds)]
        results |= {"per_second": rates[0], "mlflow_per_second": rates[1], "throughput_ratio": rates[0] / rates[1]}
        other.close()
        took = asyncio.run(on_time(server.port, given[0], rates[0] / 2, a.seconds))
        results |= {"p50_ms": quantile(took, 0.5), "p99_ms": quantile(took, 0.99)}
    missed = [name for name in ("latency_ratio", "p99_ms") if results[name] > ALLOWED[name]]
    missed += ["throughput_ratio"] if results["throughput_ratio"] < ALLOWED["throughput_ratio"] else []
    return finish(a, "beside_mlflow", results, missed)


def soaked(a: argparse.Namespace) -> int:
    """Run the soak alone; return 1 when an answer was wrong, a line was lost, or memory grew."""
    server = serve_ours()
    columns = json.loads(get(server.port, "/metadata")[1])["columns"]
    server.close()
    results = soak(bodies(a.table, a.target, 200, columns)[0], a.soak)
    missed = [name for name in ("wrong", "lost_log_lines", "doubled_log_lines", "memory_growth") if results[name] > ALLOWED[name]]
    return finish(a, "soak", results, missed)


def finish(a: argparse.Namespace, what: str, results: dict[str, Any], missed: list[str]) -> int:
    """Print and store what was measured, beside what was stored of the other kind."""
    print(json.dumps(results, indent=1))
    for name in missed:
        print(f"Missed: {name}, {ALLOWED.get(name, 0):g} is allowed.")
    machine = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, Python {platform.python_version()}"
    stored = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    stored = {name: stored[name] for name in ("beside_mlflow", "soak") if isinstance(stored.get(name), dict)}
    about = {"date": datetime.date.today().isoformat(), "machine": machine, "table": a.table.name}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"format": 2, **stored, what: {**about, **results}}, indent=1) + "\n", encoding="utf-8")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())

"""Whether optuna-dashboard opens our studies: in a file, and in PostgreSQL where its programs are installed.

    python benchmarks/dashboard.py

A small model is tuned, the dashboard (in an environment of its own under ``build``) is started on the study's storage, and
its answers are compared with ours: the study, its direction, every trial's number, state and value. Exit code 1 says that
they differ.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]
BUILD = ROOT / "build" / "dashboard"
WANTED = ("optuna-dashboard", "optuna==5.0.0", "psycopg[binary]")


def environment() -> Path:
    """Return the dashboard's program, installed on first use."""
    program = BUILD / "bin" / "optuna-dashboard"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(BUILD)], check=True)
        subprocess.run([str(BUILD / "bin" / "python"), "-m", "pip", "install", "-q", *WANTED], check=True)
    return program


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server of our own for as long as it is needed, and give the address of its database."""
    as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    if as_user:  # the server refuses to run as root
        shutil.chown(folder, "nobody", "nogroup")
        folder.chmod(0o755)
        folder.parent.chmod(0o755)
    port, data = free_port(), folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    made = ["initdb", "-D", str(data), "-U", "tablewright", "--auth=trust"]
    subprocess.run([*as_user, *made], check=True, cwd=folder, **quiet)  # type: ignore[call-overload]
    server = subprocess.Popen(
        [*as_user, "postgres", "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"], cwd=folder,
        **quiet,  # type: ignore[call-overload]
    )  # fmt: skip
    try:
        for _ in range(100):
            time.sleep(0.1)
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
        yield f"postgresql+psycopg://tablewright@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # does not wait for those who are connected
        server.wait(20)


def seen(program: Path, url: str, name: str) -> dict[str, Any]:
    """Start the dashboard and return what it says of a study."""
    port = free_port()
    server = subprocess.Popen([str(program), url, "--port", str(port), "--host", "127.0.0.1"], stdout=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}/api/studies"
    try:
        for _ in range(120):
            time.sleep(0.25)
            with contextlib.suppress(OSError):
                listed = json.load(urllib.request.urlopen(base, timeout=5))
                break
        else:
            raise SystemExit("optuna-dashboard did not answer.")
        known = {one["study_name"]: one["study_id"] for one in listed.get("studies", listed.get("study_summaries", []))}
        return dict(json.load(urllib.request.urlopen(f"{base}/{known[name]}?after=0", timeout=10)))
    finally:
        server.terminate()
        server.wait(10)


def check(title: str, run: Any, url: str, **settings: Any) -> bool:
    """Tune, look, compare; return whether both say the same."""
    from tuning_sides import tune_ours

    study, _ = tune_ours(run, "dt", trials=12, **settings)
    name = study.stored_as or study.id
    address = url or f"sqlite:///{run.path / 'tuning' / study.id / 'optuna.db'}"
    told = seen(environment(), address, name)
    complete = [one for one in told["trials"] if one["state"] == "Complete"]
    theirs = [(one["number"], [float(value) for value in one.get("values", [])]) for one in complete]
    ours = [(row.number, [float(row.score or 0.0)]) for row in study.scored]
    same = theirs == ours and len(told["trials"]) == len(study.rows)
    words = "the same" if same else "NOT THE SAME"
    print(f"{title}: {len(told['trials'])} trials, {len(complete)} complete: {words}", flush=True)
    return same


def main() -> int:
    """Try both storages."""
    import pandas as pd
    from sklearn.datasets import load_breast_cancer
    from tuning_sides import make_run

    with tempfile.TemporaryDirectory(prefix="tablewright-") as name:
        folder = Path(name)
        frame: pd.DataFrame = load_breast_cancer(as_frame=True).frame
        frame.to_csv(folder / "table.csv", index=False)
        os.environ.pop("AUTOML_STUDIES_URL", None)
        run = make_run(folder / "run", folder / "table.csv", "target", model="dt", folds=3)
        fine = check("A file", run, "", method="random")
        if not shutil.which("initdb") or not shutil.which("postgres"):
            print("PostgreSQL: its programs are not installed here.")
            return int(not fine)
        (folder / "postgres").mkdir()
        with postgres(folder / "postgres") as url:
            os.environ["AUTOML_STUDIES_URL"] = url
            fine &= check("PostgreSQL", run, url, method="random")
    return int(not fine)


if __name__ == "__main__":
    sys.exit(main())

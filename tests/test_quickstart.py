"""The README's commands from a clone to a service that is watched, run as they stand; only port and time are others."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
SECTION = "From a clone to a service that is watched"


def commands() -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.split(f"## {SECTION}\n")[1].split("```sh\n")[1].split("```")[0].splitlines()


def test_it_begins_with_a_clone_and_builds_the_environment():
    clone, setup, named, *_ = commands()
    assert clone.startswith("git clone ") and setup == "make setup"
    assert re.search(r"^setup: \$\(VENV\)/installed", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert named == 'tablewright() { .venv/bin/python -m automl_core "$@"; }'


def test_the_commands_lead_to_a_service_that_is_watched(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [line.replace("8080", str(port)).replace("--budget 30", "--budget 8") for line in commands()[3:]]
    # MLflow has tests of its own, and takes longer than all the rest.
    lines = [f"{line} --later" if line.startswith(("tablewright models",)) else line for line in lines]
    script = ["set -euo pipefail", f'tablewright() {{ "{sys.executable}" -m automl_core "$@"; }}', *lines]
    environment = {**os.environ, "AUTOML_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    with open(tmp_path / "said.txt", "w+") as told, open(tmp_path / "told.txt", "w+") as errors:
        command = ["bash", "-c", "\n".join(script)]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=told, stderr=errors, start_new_session=True)
        try:
            assert process.wait(timeout=200) == 0, (tmp_path / "told.txt").read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)  # the service, which goes on
    said = json.loads((tmp_path / "said.txt").read_text().splitlines()[-1])
    assert (said["model"], said["version"], said["rows"], said["drift"]) == ("cancer", 1, 569, "nothing")
    predicted = pd.read_csv(tmp_path / "predicted.csv")
    assert len(predicted) == 569 and (predicted["prediction"] == predicted["diagnosis"]).mean() > 0.9

"""The command line as a person calls it, timed from outside: a process is started, and its journal says when what was there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class FirstRow:
    """The first score of a real model.

    Parameters
    ----------
    seconds : float
        From the start of the process.
    name : str
    note : str
        What the row says of itself: on how many rows a sample stands; empty for the whole table.
    """

    seconds: float
    name: str
    note: str


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return the whole events of a train folder so far."""
    path = folder / "events.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def first_row(events: list[dict[str, Any]], started: float) -> FirstRow | None:
    """Return the first complete score that is not the baseline's; None when there is none yet.

    Parameters
    ----------
    events : list of dict
    started : float
        `time.time` at the start of the process.
    """
    for event in events:
        row = event.get("candidate", {})
        if event["event"] == "candidate" and row["state"] == "scored" and row["role"] != "baseline":
            return FirstRow(event["time"] - started, row["name"], row["reason"])
    return None


def command(table: Path, target: str, out: Path, budget: float, *more: str) -> list[str]:
    """Return the command that trains on every row of a table."""
    start = [sys.executable, "-m", "automl_core", "train", str(table), "--target", target, "--out", str(out)]
    return [*start, "--budget", f"{budget:g}", "--holdout", "0", *more]


def environment(home: Path) -> dict[str, str]:
    """Return the surroundings of a command: its own workspace, and no settings of threads from here."""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return {**kept, "AUTOML_HOME": str(home)}


def wait_for_first_row(table: Path, target: str, out: Path, *more: str, patience: float = 120.0) -> FirstRow | None:
    """Start a search, wait for its first row, end it; None when there was none in time or the command failed."""
    with open(out.with_suffix(".log"), "wb") as log:
        started = time.time()
        process = subprocess.Popen(
            command(table, target, out, patience, *more), cwd=ROOT, env=environment(out.parent / "home"), stdout=log, stderr=log
        )
        found = None
        try:
            while found is None and process.poll() is None and time.time() < started + patience:
                time.sleep(0.02)
                found = first_row(read_journal(out), started)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
    return found or first_row(read_journal(out), started)

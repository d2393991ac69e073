"""A workspace of its own for each test of the jobs, whose every process is ended afterwards; a table; small runs."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest

from automl_core.cleaning.recipe import Recipe, Step
from automl_core.data.dataset import dataset_from_frame
from automl_core.experiment import Budget, ExperimentConfig
from automl_core.jobs import client
from automl_core.jobs.control import submit
from automl_core.jobs.job import Job
from automl_core.projects import Project, create_project
from automl_core.schema import Column, Schema
from automl_core.workspace import Workspace, new_id

SCHEMA = Schema((Column("fare", "number"), Column("age", "number"), Column("deck", "category"), Column("survived", "boolean")))
RECIPE = Recipe((Step("impute", {}), Step("encode", {}), Step("scale", {})))
CONFIG = ExperimentConfig(
    "survived",
    "binary",
    "roc_auc",
    positive="yes",
    holdout=0.0,
    folds=3,
    budget=Budget(60, 2),
    candidates=("lr", "nb"),
    threads=2,
)


def make_passengers(rows: int = 160, seed: int = 0) -> pd.DataFrame:
    """Return people on a ship; those who paid more survive more often, and some ages are unknown."""
    rng = np.random.default_rng(seed)
    fare = np.round(rng.lognormal(3, 1, rows), 2)
    age = np.round(rng.uniform(1, 75, rows))
    deck = rng.choice(["A", "B", "C"], rows)
    survived = np.where(np.log(fare) + (deck == "A") - age / 40 + rng.normal(0, 1, rows) > 2.5, "yes", "no")
    age[::11] = np.nan
    return pd.DataFrame({"fare": fare, "age": age, "deck": deck.astype(object), "survived": survived.astype(object)})


class Desk:
    """What a test does in its workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def project(self, name: str = "Ship") -> Project:
        """Make a project."""
        return create_project(self.workspace, name)

    def dataset(self, project: Project, rows: int = 160, seed: int = 0) -> str:
        """Put a table into a project; return its id."""
        folder = self.workspace.project(project.id).dataset(new_id("ds"))
        return dataset_from_frame(folder, make_passengers(rows, seed), SCHEMA, "ship.csv").id

    def params(self, project: Project, rows: int = 160, seed: int = 0, **config: Any) -> dict[str, Any]:
        """Return the request of a run over a new table."""
        settings = replace(CONFIG, **config)
        settings = replace(settings, budget=Budget(60, len(settings.candidates)))  # ends when all are scored, not by the clock
        return {"dataset": self.dataset(project, rows, seed), "config": settings.to_dict(), "recipe": RECIPE.to_dict()}

    def train(self, project: Project, rows: int = 160, seed: int = 0, **config: Any) -> Job:
        """Start a run over a new table."""
        return self.start(project, self.params(project, rows, seed, **config))

    def start(self, project: Project, params: dict[str, Any]) -> Job:
        """Start a run whose table is in the project already."""
        return self.job(project, submit(self.workspace, project.id, "train", params))

    def pack(self, project: Project, run: Job, candidate: str = "lr") -> Job:
        """Start a short job: pack one candidate of a run into a bundle."""
        return self.job(project, submit(self.workspace, project.id, "model", {"run": run.id, "candidate": candidate}))

    def job(self, project: Project, job_id: str) -> Job:
        """Return a job by its id."""
        return Job(self.workspace.project(project.id).job(job_id))

    def host(self) -> int:
        """Have a host and return its process."""
        return int(client.ask(self.workspace, {"do": "ping"})["pid"])

    def processes(self) -> list[psutil.Process]:
        """Return every living process that was started for this workspace: host, jobs, fits."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                mine = process.environ().get("AUTOML_HOME") == str(self.workspace.root)
                if mine and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def settle(self) -> None:
        """Wait until the host has imported its engines, so that what follows is measured warm."""
        host = psutil.Process(self.host())
        deadline = time.monotonic() + 30
        # The last of them is a large library; once it is there the host answers between its looks at the queue.
        while "catboost" not in Path(f"/proc/{host.pid}/maps").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        client.warm(self.workspace)


@pytest.fixture
def passengers() -> Callable[..., pd.DataFrame]:
    """Return what makes the table: passengers(rows, seed)."""
    return make_passengers


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace with nothing of the person's own settings."""
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AUTOML_DATABASE_URL", raising=False)
    monkeypatch.delenv("AUTOML_WORKERS", raising=False)
    return Workspace.default()


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[Desk]:
    """A workspace in which hosts and jobs may be started; all of their processes are ended afterwards."""
    desk = Desk(workspace)
    yield desk
    deadline = time.monotonic() + 10
    while (left := desk.processes()) and time.monotonic() < deadline:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(0.02)
    client.address(workspace).unlink(missing_ok=True)
    assert not left
    for host in client._SPAWNED:
        host.wait(5)

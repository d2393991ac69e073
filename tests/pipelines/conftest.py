"""A pipeline of a small table, and a project in which it has been run once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from automl_core.pipelines.course import Record
from automl_core.pipelines.run import run_pipeline
from automl_core.workspace import Workspace
from tests.conftest import customers

PIPELINE = """format: 1
name: left
project: Customers
data:
  file: customers.csv
experiment:
  target: outcome
  task: binary
  metric: roc_auc
  positive: left
  preset: explainable
  ignored: [level, amount]
  budget: {seconds: 60, trials: 1}
gates:
  least_rows: 100
  rules:
    - {kind: range, column: age, low: 0, high: 120, action: refuse}
    - {kind: filled, column: member, action: aside}
  score: {roc_auc: 0.6}
registry: {name: left, mlflow: false}
monitoring:
  log: {on: true, key: key}
  policies:
    - {name: When drift says act, when: drift}
"""


def write_table(path: Path, rows: int = 200, seed: int = 0) -> None:
    customers(rows, seed=seed).to_csv(path, index=False)


@dataclass
class Place:
    """A folder with a pipeline and its table, and a workspace."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "pipeline.yaml"

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder / "home")

    def write(self, change: Callable[[str], str] = lambda text: text) -> None:
        self.file.write_text(change(PIPELINE), encoding="utf-8")

    def run(self, **options: object) -> dict[str, Record]:
        """Run it, and return the records by step."""
        found = run_pipeline(self.file, self.workspace, emit=lambda event: None, **options)  # type: ignore[arg-type]
        return {record.step: record for record in found}


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, dict[str, Record]]:
    """A pipeline that was run once; treat as read-only."""
    place = Place(tmp_path_factory.mktemp("pipeline"))
    place.workspace.root.mkdir()
    write_table(place.folder / "customers.csv")
    place.write()
    return place, place.run()


@pytest.fixture
def place(first: tuple[Place, dict[str, Record]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of it to work with; the command line finds its workspace, too."""
    copied = tmp_path / "copy"
    shutil.copytree(first[0].folder, copied)
    (copied / "home" / "catalogue.db").unlink(missing_ok=True)  # is found again from the folders
    monkeypatch.setenv("AUTOML_HOME", str(copied / "home"))
    assert os.environ["AUTOML_HOME"]
    return Place(copied)

"""A project with a registered model whose versions are bundles of real, small runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from automl_core.model import build_model
from automl_core.registry.records import Version
from automl_core.registry.store import MODEL, Registered, create_registered
from automl_core.runs import Run
from automl_core.workspace import ProjectFolder, Workspace


def a_version(**changes: object) -> Version:
    """A version's record with made-up numbers."""
    fields: dict[str, object] = {
        "name": "shop", "number": 0, "created": 1.0, "candidate": "Ridge", "task": "binary", "target": "outcome",
        "metric": "roc_auc", "metric_label": "Area under the ROC curve", "greater_is_better": True, "score": 0.8, "spread": 0.02,
        "held_out": None, "metrics": {"roc_auc": 0.8, "accuracy": 0.7}, "params": {"weights": {"ridge": 1.0}},
        "recipe": {"format": 1, "steps": []}, "config": {},
        "lineage": {"dataset": "customers", "dataset_id": "", "fingerprint": "f" * 64, "rows": 100, "run": "rn261124-aaaaaaaa",
                    "candidate": "ridge", "made": "2026-11-24T10:00:00Z", "product": "tablewright", "versions": {"numpy": "1"}},
        "inputs": (("age", "number"), ("city", "category")), "classes": ("stayed", "left"), "real_rows": 0, "sha256": "",
        "size": 0, "origin": "Registered by hand.",
    }  # fmt: skip
    return Version(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Workspace.default()


@pytest.fixture
def project(workspace: Workspace) -> ProjectFolder:
    from automl_core.projects import create_project

    return workspace.project(create_project(workspace, "Shop").id)


@pytest.fixture
def shop(project: ProjectFolder, tmp_path: Path) -> Registered:
    """Three versions whose files are only text."""
    registered = create_registered(project, "shop")
    for number in (1, 2, 3):
        file = tmp_path / f"{number}.zip"
        file.write_text(f"model {number}")
        registered.add(a_version(), {MODEL: file}, who="ann")
    return registered


@pytest.fixture(scope="session")
def bundles(finished_runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Bundles of the runs of `finished_runs`, by ``task-candidate``."""
    folder = tmp_path_factory.mktemp("bundles")
    wanted = {"binary": ("logistic", "forest"), "regression": ("ridge",)}
    return {
        f"{task}-{name}": build_model(finished_runs[task].path, name, folder / f"{task}-{name}.zip")
        for task, names in wanted.items()
        for name in names
    }


@pytest.fixture
def run_in_project(project: ProjectFolder, finished_runs: dict[str, Run]) -> Run:
    """The binary run, inside the project."""
    target = project.run("rn261124-aaaaaaaa")
    shutil.copytree(finished_runs["binary"].path, target)
    return Run(target)

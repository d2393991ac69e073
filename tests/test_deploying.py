"""What goes with a bundle into containers, clusters and CI meets their linters and schemas."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from automl_core.deploying import PLACES, deployment_files, image_name

BIN = Path(sys.executable).parent
MANIFEST: dict[str, Any] = {
    "name": "Ensemble of 4",
    "target": "will they\nleave?",
    "lineage": {"run": "rn261124-k3v9x2ma"},
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    for place, data in deployment_files(MANIFEST, 10 * 2**20).items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(data)
    return folder


def _checked(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_has_no_fault(bundle: Path) -> None:
    _checked(BIN / "hadolint", bundle / "Dockerfile")
    text = (bundle / "Dockerfile").read_text()
    assert "USER 1000" in text and "slim" in text and "libgomp1" in text and "pycaret" not in text


def test_the_manifests_are_kubernetes(bundle: Path) -> None:
    _checked(BIN / "kubernetes-validate", "--strict", bundle / "deploy" / "kubernetes.yaml")
    text = (bundle / "deploy" / "kubernetes.yaml").read_text()
    assert "name: predict-will-they-leave\n" in text and "rn261124-k3v9x2ma" in text and "memory: 512Mi" in text


@pytest.mark.parametrize(
    ("file", "schema"),
    [("compose.yaml", "compose-spec"), ("deploy/github-workflow.yml", "github-workflows"), ("deploy/gitlab-ci.yml", "gitlab-ci")],
)
def test_compose_and_ci_files_meet_their_schemas(bundle: Path, file: str, schema: str) -> None:
    _checked(BIN / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", bundle / file)


def test_the_board_asks_for_figures_that_there_are(bundle: Path) -> None:
    from automl_core.serving.figures import Figures

    figures = Figures()
    figures.requests.labels("/predict", "200").inc()
    figures.seconds.labels("/predict").observe(0.1)
    figures.rows.labels("1").inc()
    figures.labels.labels("1", "yes").inc()
    figures.warnings.labels("1").inc()
    said = figures.text()[0].decode()
    board = json.loads((bundle / "deploy" / "grafana-board.json").read_text())
    words = {
        word.split("{")[0].split("[")[0].strip("()")
        for panel in board["panels"]
        for target in panel["targets"]
        for word in target["expr"].replace("(", " ").replace(")", " ").split()
        if word.startswith("tablewright_")
    }
    assert len(words) == 5
    assert all(word in said for word in words)


def test_every_template_is_filled(bundle: Path) -> None:
    assert {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()} == {
        *PLACES.values(),
        "requirements-service.txt",
        ".dockerignore",
    }
    for path in bundle.rglob("*"):
        if path.is_file() and path.name not in ("github-workflow.yml", "grafana-board.json"):
            assert "{{" not in path.read_text(), path
    assert "${{ secrets.GITHUB_TOKEN }}" in (bundle / "deploy" / "github-workflow.yml").read_text()


@pytest.mark.parametrize(
    ("target", "name"),
    [("Churn", "predict-churn"), ("will they leave?", "predict-will-they-leave"), ("价格", "predict-model"),
     ("a" * 60, "predict-" + "a" * 30), ("--x--", "predict-x")],
)  # fmt: skip
def test_a_column_s_name_becomes_one_that_containers_allow(target: str, name: str) -> None:
    assert image_name(target) == name

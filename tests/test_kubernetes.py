"""The manifest of docs/kubernetes is what Kubernetes and KubeRay take, and says the same as the code and the locks."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "kubernetes"


@pytest.fixture(scope="module")
def manifest() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / "cluster.yaml").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def cluster(manifest: list[dict[str, Any]]) -> dict[str, Any]:
    return next(part for part in manifest if part["kind"] == "RayCluster")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    read = json.loads((FOLDER / "raycluster.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(read)
    return read


def templates(cluster: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pods of a cluster, as Kubernetes would be given them."""
    groups = {"head": cluster["spec"]["headGroupSpec"]} | {
        group["groupName"]: group for group in cluster["spec"]["workerGroupSpecs"]
    }
    return {
        name: {
            "apiVersion": "v1",
            "kind": "Pod",
            **group["template"],
            "metadata": {"name": name, **group["template"]["metadata"]},
        }
        for name, group in groups.items()
    }


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_what_is_kubernetes_own_is_valid(manifest: list[dict[str, Any]], cluster: dict[str, Any], version: str) -> None:
    parts = [part for part in manifest if part["kind"] != "RayCluster"]
    assert [part["kind"] for part in parts] == ["PersistentVolumeClaim", "Deployment", "Service", "NetworkPolicy"]
    for part in [*parts, *templates(cluster).values()]:
        kubernetes_validate.validate(copy.deepcopy(part), version, strict=True)


def test_a_fault_in_a_pod_is_found(cluster: dict[str, Any]) -> None:
    pod = copy.deepcopy(templates(cluster)["fits"])
    pod["spec"]["containers"][0]["resorces"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(pod, "1.37", strict=True)


def test_what_is_kuberays_own_is_valid(cluster: dict[str, Any], schema: dict[str, Any]) -> None:
    jsonschema.validate(cluster, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("spec",), "workerGroups", []),
        (("spec", "headGroupSpec"), "replicas", 1),
        (("spec", "headGroupSpec", "rayStartParams"), "num-cpus", 0),
        (("spec", "workerGroupSpecs", 0), "replicas", "4"),
        (("spec",), "rayVersion", "latest"),
    ],
)
def test_a_fault_in_kuberays_part_is_found(
    cluster: dict[str, Any], schema: dict[str, Any], where: tuple[Any, ...], key: str, value: Any
) -> None:
    broken = copy.deepcopy(cluster)
    part: Any = broken
    for step in where:
        part = part[step]
    part[key] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema, cls=jsonschema.Draft202012Validator)


def test_it_says_the_same_as_the_locks_and_the_settings(manifest: list[dict[str, Any]], cluster: dict[str, Any]) -> None:
    lock = (ROOT / "requirements-cluster.txt").read_text(encoding="utf-8")
    assert re.search(r"^ray(\[tune\])?==(.+)$", lock, re.MULTILINE)[2] == cluster["spec"]["rayVersion"]
    app = next(part for part in manifest if part["kind"] == "Deployment")["spec"]["template"]
    (container,) = app["spec"]["containers"]
    head = f"{cluster['metadata']['name']}-head-svc:6379"  # the service that KubeRay makes for the head
    # Nobody signs in there, and the pod's own address is not this machine's.
    settings = {"AUTOML_RAY_ADDRESS": head, "AUTOML_OPEN": "yes"}
    assert {entry["name"]: entry["value"] for entry in container["env"]} == settings
    images = {pod["spec"]["containers"][0]["image"] for pod in (app, *templates(cluster).values())}
    assert len(images) == 1
    assert "--num-cpus=0" in container["command"][-1]
    member = {"tablewright.example/ray": "member"}
    assert all(member.items() <= pod["metadata"]["labels"].items() for pod in (app, *templates(cluster).values()))

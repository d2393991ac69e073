"""The files beside a model that put it into use: its service's requirements, container, compose file, manifests and CI."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "templates" / "deploy"
SERVICE = ("fastapi", "uvicorn", "httptools", "uvloop", "prometheus-client", "pyarrow")
PLACES = {
    "Dockerfile": "Dockerfile",
    "compose.yaml": "compose.yaml",
    "nginx.conf": "deploy/nginx.conf",
    "prometheus.yml": "deploy/prometheus.yml",
    "grafana-sources.yaml": "deploy/grafana-sources.yaml",
    "grafana-boards.yaml": "deploy/grafana-boards.yaml",
    "grafana-board.json": "deploy/grafana-board.json",
    "kubernetes.yaml": "deploy/kubernetes.yaml",
    "github-workflow.yml": "deploy/github-workflow.yml",
    "gitlab-ci.yml": "deploy/gitlab-ci.yml",
}
"""Where each template goes in a bundle."""
FILLED = ("Dockerfile", "compose.yaml", "kubernetes.yaml", "github-workflow.yml")
"""Templates with names in them; the others go as they are."""
BASE_MB = 400
"""Memory of a process with the libraries."""
TIMES = 8
"""Times a packed model's size that it takes when it is loaded."""


def deployment_files(manifest: dict[str, Any], model_bytes: int) -> dict[str, bytes]:
    """Return the files by their place in the bundle.

    Parameters
    ----------
    manifest : dict
        Of the bundle.
    model_bytes : int
        Size of the fitted parts, for the limit on memory.
    """
    import jinja2

    names = {
        "name": _line(manifest["name"]),
        "target": _line(manifest["target"]),
        "image": image_name(manifest["target"]),
        "version": re.sub(r"[^a-z0-9.]+", "-", manifest["lineage"]["run"].lower()).strip("-")[:60] or "1",
        "memory_mb": -(-(BASE_MB + TIMES * model_bytes // 2**20) // 64) * 64,
    }
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)
    files = {}
    for template, place in PLACES.items():
        text = (FOLDER / template).read_text(encoding="utf-8")
        files[place] = (environment.from_string(text).render(names) if template in FILLED else text).encode()
    pins = "\n".join(f"{name}=={version(name)}" for name in SERVICE)
    files["requirements-service.txt"] = f"# What the service needs on top of requirements.txt.\n{pins}\n".encode()
    files[".dockerignore"] = b"*.zip\n.venv\n**/__pycache__\nlogs\n"
    return files


def image_name(target: str) -> str:
    """Return a name that containers and manifests allow: lower case letters, digits and hyphens, at most 40."""
    plain = re.sub(r"[^a-z0-9]+", "-", target.lower().encode("ascii", "ignore").decode()).strip("-")[:30].strip("-")
    return f"predict-{plain}" if plain else "predict-model"


def _line(text: str) -> str:
    """Return a text that stays within its comment, whatever a person called the column."""
    return re.sub(r"\s+", " ", "".join(letter if letter.isprintable() else " " for letter in text))[:80]

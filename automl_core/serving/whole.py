"""The service where the whole product is installed: registered models by their alias, and explanations of rows."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from automl_core.serving.explained import Explained
from automl_core.serving.run import SETTINGS, Service, build, resolver
from automl_core.serving.source import Resolve, Target
from automl_core.workspace import Workspace


def resolve_for(model: str) -> Resolve:
    """Return what says which file is to be served now: that of a path, or the version that ``churn@champion`` points at."""
    if "@" not in model or Path(model).exists():
        return resolver(model)

    def now() -> Target:
        from automl_core.registry.store import resolve

        registered, number = resolve(Workspace.default(), model)
        return Target(registered.model(number), str(number))

    return now


def make(service: Service) -> Any:
    """Return the ASGI application of a service."""
    return build(service, resolve_for(service.model), Explained())


def from_environment() -> Any:
    """Make the service that `SETTINGS` describes; uvicorn calls this in each of its processes."""
    return make(Service(**json.loads(os.environ[SETTINGS])))

"""Serving what an alias of a registered model points at; only where there is a workspace, so that bundles do without."""

from __future__ import annotations

import json
import os
from typing import Any

from automl_core.serving.run import SETTINGS, Service, build
from automl_core.serving.source import Resolve, Target
from automl_core.workspace import Workspace


def at_alias(address: str) -> Resolve:
    """Return what says which version an address such as ``churn@champion`` points at now."""

    def now() -> Target:
        from automl_core.registry.store import resolve

        registered, number = resolve(Workspace.default(), address)
        return Target(registered.model(number), str(number))

    return now


def from_environment() -> Any:
    """Make the service that `SETTINGS` describes; uvicorn calls this in each of its processes."""
    service = Service(**json.loads(os.environ[SETTINGS]))
    return build(service, at_alias(service.model))

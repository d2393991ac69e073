"""The service where the whole product is installed: registered models by their alias, Monitor's log, and explanations."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from automl_core.scoring.logged import PredictionLog
from automl_core.serving.explained import Explained
from automl_core.serving.run import SETTINGS, Service, build, resolver
from automl_core.serving.source import Resolve, Target
from automl_core.workspace import Workspace


def named(model: str) -> bool:
    """Return whether it is the name of a registered version, such as ``churn@champion``, and no path."""
    return "@" in model and not Path(model).exists()


def resolve_for(model: str) -> Resolve:
    """Return what says which file is to be served now: that of a path, or the version that ``churn@champion`` points at."""
    if not named(model):
        return resolver(model)

    def now() -> Target:
        from automl_core.registry.store import resolve

        registered, number = resolve(Workspace.default(), model)
        return Target(registered.model(number), str(number))

    return now


def log_for(model: str) -> PredictionLog | None:
    """Return the log that Monitor reads, written to as long as its settings say so; None for a path."""
    if not named(model):
        return None
    from automl_core.monitoring.log import keeping_of
    from automl_core.monitoring.settings import folder_of
    from automl_core.registry.store import resolve

    registered, _ = resolve(Workspace.default(), model)
    return PredictionLog(folder_of(registered), lambda: keeping_of(registered))


def make(service: Service) -> Any:
    """Return the ASGI application of a service."""
    return build(service, resolve_for(service.model), Explained(), log_for(service.model))


def from_environment() -> Any:
    """Make the service that `SETTINGS` describes; uvicorn calls this in each of its processes."""
    return make(Service(**json.loads(os.environ[SETTINGS])))

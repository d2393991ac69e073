"""The job that looks at a registered model in use."""

from __future__ import annotations

from typing import Any

from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.registry.store import Registered


def monitor_job(context: JobContext) -> dict[str, Any]:
    """Look at one registered model: its log, its labels, drift, the machine; tell crossed limits."""
    from automl_core.monitoring.check import check

    params = context.request["params"]
    context.emit(Progress(-1.0, "Looking at its predictions"))
    registered = Registered(context.project.registered(params["model"]))
    status, told = check(registered, days=float(params.get("days", 30)), chunking=params.get("chunking", "day"))
    for alert in told:
        context.emit(Message(alert.sentence, "warning"))
    return {"rows": status.total.rows, "alerts": len(told)}

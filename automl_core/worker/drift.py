"""Comparing an uploaded file, or a table of the project, with a model's reference or another table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import write_json

FILE = "drift.json"


def drift_job(context: JobContext) -> dict[str, Any]:
    """Compare new rows, from ``source`` or ``dataset``, with the model of ``run`` and ``candidate`` or with the old ``table``."""
    from automl_core.data.dataset import load_dataset
    from automl_core.data.origin import Choice
    from automl_core.data.sources.rows import read_rows
    from automl_core.drift.check import DriftSettings, check_model, compare_tables
    from automl_core.predicting import broken_rules
    from automl_core.scoring.bundle import load_model

    params = context.request["params"]
    settings = DriftSettings(**params.get("settings", {}))
    name = str(params.get("name", "rows"))
    source = Path(params["source"]) if params.get("source") else None
    context.emit(Progress(-1.0, "Reading the new rows"))
    told: tuple[str, ...] = ()
    try:
        if source is not None:
            new, told = read_rows(source, Choice.from_dict(params.get("choice", {})), name=name)
        else:
            new = load_dataset(context.project.dataset(params["dataset"])).frame()
        if params.get("table"):
            old = load_dataset(context.project.dataset(params["table"]))
            context.emit(Progress(-1.0, "Comparing the tables"))
            report = compare_tables(old.frame(), new, old.schema, settings, name=name)
        else:
            context.emit(Progress(-1.0, "Loading the model"))
            model = load_model(bundle(run_of(context), params["candidate"]))
            context.emit(Progress(-1.0, "Comparing with what the model learned from"))
            report = check_model(model, new, settings, name=name)
            told = (*told, *broken_rules(model, new))
    except AutoMLError as error:
        if source is None:
            raise
        # The person knows the file by the name it was uploaded under.
        said = [part.replace(source.name, name) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error
    finally:
        if source is not None and source.parent == context.project.path / "uploads":
            source.unlink(missing_ok=True)
    report = replace(report, notes=(*told, *report.notes))
    write_json(context.folder / FILE, report.to_dict())
    for note in report.notes:
        context.emit(Message(note))
    return {"file": FILE, "verdict": report.verdict}

"""Comparing an uploaded file, or a table of the project, with a model's reference or another table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import write_json

if TYPE_CHECKING:
    import pandas as pd

    from automl_core.drift.check import DriftSettings
    from automl_core.drift.report import DriftReport

FILE = "drift.json"


def drift_job(context: JobContext) -> dict[str, Any]:
    """Compare new rows, from ``source`` or ``dataset``, with the model of ``run`` and ``candidate`` or with the old ``table``."""
    from automl_core.drift.check import DriftSettings

    params = context.request["params"]
    settings = DriftSettings(**params.get("settings", {}))
    name = str(params.get("name", "rows"))
    source = Path(params["source"]) if params.get("source") else None
    context.emit(Progress(-1.0, "Reading the new rows"))
    try:
        compared = _with_table if params.get("table") else _with_model
        report = compared(context, source, settings, name)
    except AutoMLError as error:
        if source is None:
            raise
        # The person knows the file by the name it was uploaded under.
        said = [part.replace(source.name, name) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error
    finally:
        if source is not None and source.parent == context.project.path / "uploads":
            source.unlink(missing_ok=True)
    write_json(context.folder / FILE, report.to_dict())
    for note in report.notes:
        context.emit(Message(note))
    return {"file": FILE, "verdict": report.verdict}


def _with_table(context: JobContext, source: Path | None, settings: DriftSettings, name: str) -> DriftReport:
    """Compare with a table of the project; what lies in Parquet is read by columns, so that it need not pass the memory."""
    from automl_core.data.dataset import load_dataset
    from automl_core.data.sources.recognise import recognise
    from automl_core.drift.check import compare_tables
    from automl_core.drift.stored import compare_parquet

    params = context.request["params"]
    old = load_dataset(context.project.dataset(params["table"]))
    if source is None or recognise(source) == "parquet":
        after = source or load_dataset(context.project.dataset(params["dataset"])).folder / "data.parquet"
        told = partial(_tell, context)
        return compare_parquet(old.folder / "data.parquet", after, settings, schema=old.schema, name=name, tell=told)
    rows, told_of_file = _new_rows(context, source, name)
    context.emit(Progress(-1.0, "Comparing the tables"))
    report = compare_tables(old.frame(), rows, old.schema, settings, name=name)
    return replace(report, notes=(*told_of_file, *report.notes))


def _tell(context: JobContext, done: float, doing: str) -> None:
    context.emit(Progress(done, doing))


def _with_model(context: JobContext, source: Path | None, settings: DriftSettings, name: str) -> DriftReport:
    from automl_core.drift.check import check_model
    from automl_core.predicting import broken_rules
    from automl_core.scoring.bundle import load_model

    rows, told = _new_rows(context, source, name)
    context.emit(Progress(-1.0, "Loading the model"))
    model = load_model(bundle(run_of(context), context.request["params"]["candidate"]))
    context.emit(Progress(-1.0, "Comparing with what the model learned from"))
    report = check_model(model, rows, settings, name=name)
    return replace(report, notes=(*told, *broken_rules(model, rows), *report.notes))


def _new_rows(context: JobContext, source: Path | None, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the new rows, and what is to be known of how a file was read."""
    from automl_core.data.dataset import load_dataset
    from automl_core.data.origin import Choice
    from automl_core.data.sources.rows import read_rows

    params = context.request["params"]
    if source is not None:
        return read_rows(source, Choice.from_dict(params.get("choice", {})), name=name)
    return load_dataset(context.project.dataset(params["dataset"])).frame(), ()

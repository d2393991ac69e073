"""Predicting a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import write_json

if TYPE_CHECKING:
    pass


def predict_job(context: JobContext) -> dict[str, Any]:
    """Predict an uploaded file."""
    from automl_core.monitoring.check import predict_and_log
    from automl_core.monitoring.log import version_of
    from automl_core.predicting import predict_file
    from automl_core.scoring.bundle import load_model

    params = context.request["params"]
    context.emit(Progress(-1.0, "Loading the model"))
    model = load_model(bundle(run_of(context), params["candidate"]))
    context.emit(Progress(-1.0, "Predicting"))
    source = Path(params["source"])
    try:
        version = version_of(context.project, params["run"], params["candidate"])
        if version is None:
            report = predict_file(model, source, context.folder / "predictions.csv")
        else:
            report, hindered = predict_and_log(model, source, context.folder / "predictions.csv", *version)
            if hindered:
                context.emit(Message(f"{hindered} The predictions are there all the same.", level="warning"))
    except AutoMLError as error:
        # The person knows the file by the name it was uploaded under.
        said = [
            part.replace(source.name, params.get("name", source.name)) for part in (error.received, error.needed, error.action)
        ]
        raise type(error)(*said) from error
    if source.parent == context.project.path / "uploads":
        source.unlink(missing_ok=True)  # the predictions hold its rows
    write_json(context.folder / "report.json", report.to_dict())
    for difference in report.differences:
        context.emit(Message(difference.sentence, level="warning" if difference.blocking else "info"))
    for sentence in report.rules:
        context.emit(Message(sentence, level="warning"))
    return {"rows": report.rows, "file": "predictions.csv"}

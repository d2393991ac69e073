"""Predicting a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from automl_core.errors import AutoMLError
from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import write_json

FORMATS = ("csv", "xlsx", "parquet")


def predict_job(context: JobContext) -> dict[str, Any]:
    """Predict an uploaded file, as the request says."""
    from automl_core.batch.predict import Options, predict_file
    from automl_core.data.origin import Choice
    from automl_core.monitoring.check import predict_and_log
    from automl_core.monitoring.log import version_of
    from automl_core.scoring.bundle import load_model

    params = context.request["params"]
    context.emit(Progress(-1.0, "Loading the model"))
    model = load_model(bundle(run_of(context), params["candidate"]))
    context.emit(Progress(-1.0, "Predicting"))
    source = Path(params["source"])
    kind = params.get("format", "csv")
    out = context.folder / f"predictions.{kind if kind in FORMATS else 'csv'}"
    begun = time.monotonic()

    def tell(done: float, doing: str) -> None:
        left = (time.monotonic() - begun) * (1 - done) / done if done else -1.0
        context.emit(Progress(done, doing, left))

    options = Options(contributions=bool(params.get("contributions")))
    choice = Choice.from_dict(params.get("choice", {}))
    try:
        version = version_of(context.project, params["run"], params["candidate"])
        if version is None:
            report = predict_file(model, source, out, options, choice=choice, tell=tell)
        else:
            report, hindered = predict_and_log(model, source, out, *version, options=options, choice=choice, tell=tell)
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
    for sentence in report.notes:
        context.emit(Message(sentence))
    return {"rows": report.rows, "file": out.name}

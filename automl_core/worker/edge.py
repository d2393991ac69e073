"""A model as an ONNX file for small devices, written and compared."""

from __future__ import annotations

from typing import Any

from automl_core.events import Message, Progress
from automl_core.jobs.context import JobContext
from automl_core.worker.candidates import bundle, run_of
from automl_core.workspace import write_json


def edge_job(context: JobContext) -> dict[str, Any]:
    """Write one candidate as ONNX beside the record of the comparison; nothing is left of one that cannot be written."""
    from automl_core.edge.export import export_onnx

    context.emit(Progress(-1.0, "Writing every part as ONNX, and comparing what it predicts"))
    run, candidate_id = run_of(context), context.request["params"]["candidate"]
    packed = bundle(run, candidate_id)
    record = run.edge(candidate_id)
    made = export_onnx(packed, record.with_suffix(".onnx"))
    write_json(record, made.to_dict())
    context.emit(Message(made.sentence))
    return {"file": record.name, "difference": made.difference}

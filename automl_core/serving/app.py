"""The service's paths."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from automl_core.scoring.fast import TypedRow
from automl_core.scoring.fast.predictor import FEW
from automl_core.serving.answers import InvalidRowsError, Noticing, answers, typed_rows
from automl_core.serving.batch import predict_batch
from automl_core.serving.contract import openapi_of, row_schema
from automl_core.serving.figures import Figures
from automl_core.serving.guard import Guard, Limits, RefusedError
from automl_core.serving.keys import KeyRing
from automl_core.serving.logs import Nothing, Recorder
from automl_core.serving.source import Served, Source

Explain = Callable[[Served, list[TypedRow]], list[dict[str, Any]]]
MOST_EXPLAINED = 100
"""Most rows of one request that are explained."""
RECORDED = 100
"""Most rows of one request that are logged one by one."""


@dataclass
class Parts:
    """What the service is made of.

    Parameters
    ----------
    source : Source
    keys : KeyRing
    limits : Limits
    predictions, feedback : Recorder
        Where predictions are logged, and labels that come later.
    figures : Figures
    explain : callable, optional
        Returns what each column adds to the prediction of each row; where there is none, the path says so.
    """

    source: Source
    keys: KeyRing = field(default_factory=KeyRing)
    limits: Limits = field(default_factory=Limits)
    predictions: Recorder = field(default_factory=Nothing)
    feedback: Recorder = field(default_factory=Nothing)
    figures: Figures = field(default_factory=Figures)
    explain: Explain | None = None


def create_app(parts: Parts) -> FastAPI:
    """Return the service, ready to be run."""
    source, noticed = parts.source, _Noticed()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        source.close()
        parts.predictions.close()
        parts.feedback.close()

    app = FastAPI(title="Tablewright", version="1", lifespan=life, docs_url="/docs", redoc_url=None)
    app.add_middleware(Guard, keys=parts.keys, limits=parts.limits, figures=parts.figures)

    def facts_of(request: Request) -> dict[str, Any]:
        facts: dict[str, Any] = request.scope["state"]["facts"]
        return facts

    @app.exception_handler(InvalidRowsError)
    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, InvalidRowsError)
        return _json({**error.to_dict(), "request_id": facts_of(request)["request_id"]}, 422)

    @app.get("/health", summary="Whether the process answers")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="Whether a model is loaded, and which")
    async def ready() -> dict[str, str]:
        return {"status": "ready", "version": source.current.version, **({"fault": source.fault} if source.fault else {})}

    @app.get("/schema", summary="The columns of a row")
    async def schema() -> Response:
        return _json(row_schema(source.current.model))

    @app.get("/metadata", summary="What is served: name, version, score, where it comes from")
    async def metadata() -> Response:
        return _json(describe(source.current))

    @app.get("/metrics", summary="Figures for Prometheus")
    async def metrics() -> Response:
        served = source.current
        parts.figures.loaded.labels(served.model.name, served.version).set(served.loaded_at)
        content, kind = parts.figures.text()
        return Response(content, media_type=kind)

    @app.post("/predict", summary="Predict rows")
    async def predict(request: Request) -> Response:
        served, facts = source.current, facts_of(request)
        rows = typed_rows(await _body(request), served.model, parts.limits.rows)
        facts |= {"version": served.version, "rows": len(rows)}
        work = served.predictor.predict_values
        values = work(rows) if len(rows) <= FEW else await run_in_threadpool(work, rows)
        found = answers(served, rows, values, noticed.by(served))
        _count(parts, served, found)
        _record(parts, served, facts["request_id"], rows, found)
        return _json(
            {"model": served.model.name, "version": served.version, "request_id": facts["request_id"], "predictions": found}
        )

    @app.post("/explain", summary="What each column adds to the prediction of a row")
    async def explain(request: Request) -> Response:
        served, facts = source.current, facts_of(request)
        if parts.explain is None:
            raise RefusedError(501, "This service carries the model only. Explanations need the whole of Tablewright.")
        rows = typed_rows(await _body(request), served.model, MOST_EXPLAINED)
        facts |= {"version": served.version, "rows": len(rows)}
        found = await run_in_threadpool(parts.explain, served, rows)
        return _json(
            {"model": served.model.name, "version": served.version, "request_id": facts["request_id"], "explanations": found}
        )

    @app.post(
        "/predict_batch",
        summary="Predict a file (CSV or Parquet)",
        openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {}, "application/vnd.apache.parquet": {}}}},
    )
    async def batch(request: Request) -> Response:
        served, facts = source.current, facts_of(request)
        facts |= {"version": served.version}
        return await predict_batch(request, served, facts, parts)

    @app.post(
        "/feedback",
        status_code=202,
        summary="Labels that became known later",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"type": "object"},
                        "example": {"labels": [{"request_id": "9f86d081884c7d65", "row": 0, "label": "yes"}]},
                    }
                },
            }
        },
    )
    async def feedback(request: Request) -> Response:
        labels = _labels(await _body(request), source.current)
        for label in labels:
            parts.feedback.put({"time": time.time(), **label})
        return _json({"labels": len(labels), "request_id": facts_of(request)["request_id"]}, 202)

    documents: dict[str, dict[str, Any]] = {}

    def document() -> dict[str, Any]:
        served = source.current
        if served.version not in documents:
            documents.clear()
            made = get_openapi(title=f"{served.model.name}, predicting {served.model.target}", version="1", routes=app.routes)
            documents[served.version] = openapi_of(made, served.model)
        return documents[served.version]

    app.openapi = document  # type: ignore[method-assign]
    return app


class _Noticed:
    """Keeps what `Noticing` needs of the version that is served."""

    def __init__(self) -> None:
        self._kept: tuple[Served, Noticing] | None = None

    def by(self, served: Served) -> Noticing:
        kept = self._kept
        if kept is None or kept[0] is not served:
            kept = self._kept = (served, Noticing(served.model))
        return kept[1]


def describe(served: Served) -> dict[str, Any]:
    """Return what is served: name, version, task, score, threshold, where it comes from, and how single rows go."""
    model, manifest = served.model, served.model.manifest
    return {
        "model": model.name,
        "version": served.version,
        "task": model.task,
        "target": model.target,
        "classes": list(model.classes),
        "threshold": model.threshold if len(model.classes) == 2 else None,
        "metric": model.metric,
        "score": manifest.get("score"),
        "spread": manifest.get("spread"),
        "columns": list(model.used),
        "lineage": {name: model.lineage.get(name) for name in ("dataset", "fingerprint", "rows", "run", "seed", "created")},
        "fast": served.predictor.fast,
        "loaded_at": served.loaded_at,
    }


async def _body(request: Request) -> Any:
    data = await request.body()
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"The body is no JSON: {str(error)[:200]}.") from error


def _labels(data: Any, served: Served) -> list[dict[str, Any]]:
    given = data.get("labels") if isinstance(data, dict) else None
    if not isinstance(given, list) or not given:
        raise RefusedError(422, 'The body must be {"labels": [{"request_id": ..., "row": 0, "label": ...}, ...]}.')
    found = []
    for place, entry in enumerate(given):
        if not isinstance(entry, dict) or not isinstance(entry.get("request_id"), str) or "label" not in entry:
            raise RefusedError(422, f"Label {place} needs request_id, row and label.")
        row, label = entry.get("row", 0), entry["label"]
        if not isinstance(row, int) or isinstance(row, bool) or row < 0:
            raise RefusedError(422, f"The row of label {place} must be a whole number from 0.")
        if served.model.classes and label not in served.model.classes:
            known = ", ".join(served.model.classes[:20])
            raise RefusedError(422, f"Label {place} is {str(label)[:60]!r}; it must be one of {known}.")
        if not served.model.classes and (isinstance(label, bool) or not isinstance(label, int | float) or label != label):
            raise RefusedError(422, f"Label {place} must be a number.")
        found.append({"request_id": entry["request_id"][:64], "row": row, "label": label})
    return found


def _count(parts: Parts, served: Served, found: list[dict[str, Any]]) -> None:
    parts.figures.rows.labels(served.version).inc(len(found))
    if warned := sum("warnings" in entry for entry in found):
        parts.figures.warnings.labels(served.version).inc(warned)
    for label in served.model.classes:
        if number := sum(entry["prediction"] == label for entry in found):
            parts.figures.labels.labels(served.version, label).inc(number)


def _record(parts: Parts, served: Served, request_id: str, rows: list[Any], found: list[dict[str, Any]]) -> None:
    if isinstance(parts.predictions, Nothing):
        return
    now = time.time()
    for place, (row, entry) in enumerate(zip(rows[:RECORDED], found, strict=False)):
        inputs = {name: cell if isinstance(cell, float | str) or cell is None else str(cell) for name, cell in row.items()}
        parts.predictions.put(
            {"time": now, "request_id": request_id, "row": place, "version": served.version, "inputs": inputs, **entry}
        )


class _Json(JSONResponse):
    def render(self, content: Any) -> bytes:
        # JSON may hold halves of letters that UTF-8 cannot; a caller who sends one in a name gets its faults all the same.
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _json(body: Any, status: int = 200) -> Response:
    return _Json(body, status)

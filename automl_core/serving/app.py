"""The service's paths."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from automl_core.errors import AutoMLError
from automl_core.scoring.fast.predictor import FEW
from automl_core.scoring.logged import LINES, own_key
from automl_core.serving.answers import InvalidRowsError, Noticing, answers, logged_inputs, typed_rows
from automl_core.serving.batch import predict_batch
from automl_core.serving.contract import openapi_of, row_schema
from automl_core.serving.guard import Guard, RefusedError
from automl_core.serving.logs import Kept
from automl_core.serving.parts import Parts
from automl_core.serving.source import Served

MOST_EXPLAINED = 100
"""Most rows of one request that are explained."""


def create_app(parts: Parts) -> FastAPI:
    """Return the service, ready to be run."""
    source, noticed = parts.source, _Noticed()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        source.close()
        parts.log.close()

    app = FastAPI(title="Tablewright", version="1", lifespan=life, docs_url="/docs", redoc_url=None)
    app.add_middleware(Guard, keys=parts.keys, limits=parts.limits, figures=parts.figures, local=parts.local, keyed=parts.keyed)

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
        kept = Kept(parts.log, served, request)
        with kept.failing():
            data = await _body(request)
            rows = typed_rows(data, served.model, parts.limits.rows, kept.key)
            facts |= {"version": served.version, "rows": len(rows)}
            work = served.predictor.predict_values
            values = work(rows) if len(rows) <= FEW else await run_in_threadpool(work, rows)
            found = answers(served, rows, values, noticed.by(served))
        _count(parts, served, found)
        if kept.on:
            inputs = logged_inputs(data["rows"], rows, kept.key)
            if len(rows) <= LINES:
                kept.answered(inputs, found)
            else:
                await run_in_threadpool(kept.answered, inputs, found)
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
        kept = Kept(parts.log, served, request)
        with kept.failing():
            return await predict_batch(request, served, facts, parts, kept)

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
                        "description": "A row is named by its request and its place in it, or by the key that the service logs.",
                    }
                },
            }
        },
    )
    async def feedback(request: Request) -> Response:
        labels = _labels(await _body(request), source.current)
        if parts.log.keeping is None:
            raise RefusedError(409, "This service logs no predictions, so that a label would belong to none.")
        try:
            parts.log.labelled(labels)
        except AutoMLError as error:
            raise RefusedError(507, f"{error} Send the labels again later.") from error
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


def _labels(data: Any, served: Served) -> dict[str, str]:
    """Return true outcomes by the key of their row; raises RefusedError with the first that fits nothing."""
    given = data.get("labels") if isinstance(data, dict) else None
    if not isinstance(given, list) or not given:
        raise RefusedError(422, 'The body must be {"labels": [{"request_id": ..., "row": 0, "label": ...}, ...]}.')
    found = {}
    for place, entry in enumerate(given):
        named = isinstance(entry, dict) and any(isinstance(entry.get(name), str) for name in ("request_id", "key"))
        if not named or "label" not in entry:
            raise RefusedError(422, f"Label {place} needs request_id, row and label, or key and label.")
        row, label = entry.get("row", 0), entry["label"]
        if not isinstance(row, int) or isinstance(row, bool) or row < 0:
            raise RefusedError(422, f"The row of label {place} must be a whole number from 0.")
        if served.model.classes and label not in served.model.classes:
            known = ", ".join(served.model.classes[:20])
            raise RefusedError(422, f"Label {place} is {str(label)[:60]!r}; it must be one of {known}.")
        if not served.model.classes and (isinstance(label, bool) or not isinstance(label, int | float) or label != label):
            raise RefusedError(422, f"Label {place} must be a number.")
        key = entry["key"] if isinstance(entry.get("key"), str) else own_key(entry["request_id"][:64], row)
        found[key] = str(label)
    return found


def _count(parts: Parts, served: Served, found: list[dict[str, Any]]) -> None:
    parts.figures.rows.labels(served.version).inc(len(found))
    if warned := sum("warnings" in entry for entry in found):
        parts.figures.warnings.labels(served.version).inc(warned)
    for label in served.model.classes:
        if number := sum(entry["prediction"] == label for entry in found):
            parts.figures.labels.labels(served.version, label).inc(number)


class _Json(JSONResponse):
    def render(self, content: Any) -> bytes:
        # JSON may hold halves of letters that UTF-8 cannot; a caller who sends one in a name gets its faults all the same.
        return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _json(body: Any, status: int = 200) -> Response:
    return _Json(body, status)

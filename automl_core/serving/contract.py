"""What the service's OpenAPI page says about the model that is served: real fields, with their ranges and examples."""

from __future__ import annotations

from typing import Any

from automl_core.schema import Column
from automl_core.scoring.bundle import Model

CHOICES = 50
"""Most words of a column that are listed."""


def row_schema(model: Model) -> dict[str, Any]:
    """Return the JSON schema of one row."""
    columns = [column for column in model.inputs if column.name in model.used]
    return {
        "type": "object",
        "title": "Row",
        "properties": {column.name: _field(column, model.reference["columns"].get(column.name, {})) for column in columns},
        "required": [column.name for column in columns],
        "description": "Columns of the training table that the model does not use may be given and are not looked at.",
    }


def _field(column: Column, facts: dict[str, Any]) -> dict[str, Any]:
    quantiles = facts.get("quantiles")
    if column.kind == "number":
        said = f"Training rows: {quantiles[0]:g} to {quantiles[-1]:g}, median {quantiles[50]:g}." if quantiles else "A number."
        return {"type": ["number", "string", "null"], "description": said}
    if column.kind == "date":
        return {"type": ["string", "null"], "description": f"A date written as {column.parsing.date_format or 'ISO 8601'}."}
    words = list(facts.get("values", {}))[:CHOICES]
    said = f"Training rows: {', '.join(words)}." if words else "Text."
    return {"type": ["string", "number", "boolean", "null"], "description": said}


def example_row(model: Model) -> dict[str, Any]:
    """Return a row of medians and most frequent words."""
    row: dict[str, Any] = {}
    for column in model.inputs:
        if column.name not in model.used:
            continue
        facts = model.reference["columns"].get(column.name, {})
        quantiles = facts.get("quantiles")
        if column.kind == "number":
            row[column.name] = quantiles[50] if quantiles else None
        elif column.kind == "date":
            row[column.name] = None
        else:
            row[column.name] = next(iter(facts.get("values", {})), None)
    return row


def openapi_of(document: dict[str, Any], model: Model) -> dict[str, Any]:
    """Return FastAPI's document with the served model's fields in it."""
    rows = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}},
        "example": {"rows": [example_row(model)]},
    }
    document.setdefault("components", {}).setdefault("schemas", {}).update({"Row": row_schema(model), "Rows": rows})
    body = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Rows"}}}}
    for path in ("/predict", "/explain"):
        if path in document["paths"]:
            document["paths"][path]["post"]["requestBody"] = body
    return document

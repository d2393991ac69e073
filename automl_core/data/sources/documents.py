"""JSON documents and JSON lines: objects are rows, nested objects are flattened by one level, lists are text."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from automl_core.data.encoding import find_encoding
from automl_core.data.headers import column_names
from automl_core.data.origin import Form, Origin
from automl_core.data.report import ReadReport, Refused, TextTable
from automl_core.data.sources.values import column_of
from automl_core.data.wording import megabytes
from automl_core.errors import InputError

MAX_JSON = 256 << 20
"""Largest JSON file, in bytes: a document is in memory as a whole, in many times its size."""
MAX_KEYS = 20_000
MAX_REFUSED = 10_000
NEEDED = "A list of objects, one object a line, or an object of lists of equal length is read as a table."


def read_json_table(path: Path, form: Form, *, name: str = "") -> TextTable:
    """Read a JSON document or JSON lines.

    Raises
    ------
    InputError
        When it is too large, damaged, or holds no table.
    """
    name = name or path.name
    if path.stat().st_size > MAX_JSON:
        raise InputError(
            f"{name} has {megabytes(path.stat().st_size)}.",
            f"JSON up to {megabytes(MAX_JSON)} is read.",
            "Save the table as CSV or Parquet.",
        )
    refused: list[Refused] = []
    notes: list[str] = []
    encoding = _encoding(path)
    if form == "json lines":
        records = list(_lines(path, encoding, refused))
    else:
        records = _records(_document(path, encoding, name), name, notes)
    if not records:
        raise InputError(f"{name} has no rows that can be read.", NEEDED, "Choose another file.")
    columns, nested, lists = _columns(records, name)
    if not columns:
        raise InputError(f"{name} has objects, but none of them has a name with a value.", NEEDED, "Choose another file.")
    given, changed = column_names(list(columns), len(columns))
    frame = pd.concat([column_of(values) for values in columns.values()], axis=1, ignore_index=True)
    frame.columns = pd.Index(given)
    if nested:
        notes.append(f"Nested objects became columns of their own, such as {nested!r}.")
    if lists:
        notes.append(f"Lists and deeper objects stand as text in {', '.join(repr(entry) for entry in lists[:5])}.")
    report = ReadReport(None, len(frame), len(given), {}, tuple(refused), tuple(notes + changed), Origin(form))
    return TextTable(frame, report)


def _encoding(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return find_encoding(head, path)
    guess = json.detect_encoding(head)
    return find_encoding(head, path) if guess.startswith("utf-8") else guess


def _document(path: Path, encoding: str, name: str) -> Any:
    try:
        return json.loads(path.read_bytes().decode(encoding, "replace"))
    except RecursionError as error:
        raise InputError(f"{name} is nested too deeply.", NEEDED, "Save its table as CSV.") from error
    except ValueError as error:
        where = f" in line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f"{name} is no JSON that can be read{where}.", NEEDED, "Export the file again.") from error


def _lines(path: Path, encoding: str, refused: list[Refused]) -> Iterator[dict[str, Any]]:
    with open(path, encoding=encoding, errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                reason = "no JSON that can be read"
            else:
                if isinstance(value, dict):
                    yield value
                    continue
                reason = "no JSON object"
            if len(refused) < MAX_REFUSED:
                refused.append(Refused(number, line.strip()[:2000], reason))


def _records(document: Any, name: str, notes: list[str]) -> list[dict[str, Any]]:
    """Return the rows of a document."""
    if isinstance(document, dict):
        tables = {key: value for key, value in document.items() if _is_rows(value)}
        if len(tables) == 1:
            key, document = next(iter(tables.items()))
            notes.append(f"The rows are those under {key!r}.")
        elif document and all(isinstance(value, list) for value in document.values()):
            if len({len(value) for value in document.values()}) == 1:
                return [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)]
        elif document and all(isinstance(value, dict) for value in document.values()) and len(document) > 1:
            notes.append("Each row is called by a key of its own, which is the column 'key'.")
            return [{"key": key, **value} for key, value in document.items()]
    if isinstance(document, list) and document and all(isinstance(row, dict) for row in document):
        return document
    if isinstance(document, list) and len(document) > 1 and all(isinstance(row, list) for row in document):
        header = [str(cell) for cell in document[0]]
        if len({len(row) for row in document}) == 1 and len(set(header)) == len(header):
            notes.append("The first list names the columns.")
            return [dict(zip(header, row, strict=True)) for row in document[1:]]
    raise InputError(f"{name} is JSON, but no table.", NEEDED, "Save its table that way, or as CSV.")


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _columns(records: list[dict[str, Any]], name: str) -> tuple[dict[str, list[Any]], str, list[str]]:
    """Return the values by column in the order in which keys come, a column that was nested, and those that hold lists."""
    columns: dict[str, list[Any]] = {}
    nested = ""
    lists: dict[str, None] = {}
    for place, record in enumerate(records):
        for key, value in record.items():
            parts = {f"{key}.{inner}": deeper for inner, deeper in value.items()} if isinstance(value, dict) else {key: value}
            for column, cell in parts.items():
                if column != key:
                    nested = nested or column
                if isinstance(cell, list | dict):
                    lists[column] = None
                if column not in columns:
                    if len(columns) == MAX_KEYS:
                        raise InputError(
                            f"{name} has more than {MAX_KEYS:,} different keys.", "They become columns.", "Save its table as CSV."
                        )
                    columns[column] = []
                values = columns[column]
                values += [None] * (place - len(values))
                values[place:] = [cell]
    for values in columns.values():
        values += [None] * (len(records) - len(values))
    return columns, nested, list(lists)

"""How a column's dates and numbers are written, where both ways can be read: a person may say which one is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from automl_core.errors import InputError
from automl_core.schema import Column, Schema

Written = Literal["day first", "month first", "decimal comma", "decimal point"]
WAYS: tuple[Written, ...] = get_args(Written)
_MARKS: dict[str, tuple[str, str]] = {"decimal comma": (",", "."), "decimal point": (".", ",")}
"""The sign before the decimals, and the one that may then stand between thousands."""


def written_of(column: Column) -> Written | None:
    """Return how a column is read; None where there is only one way."""
    if column.kind == "number":
        return "decimal comma" if column.parsing.decimal == "," else "decimal point"
    form = column.parsing.date_format
    if column.kind != "date" or "%m" not in form or "%d" not in form or form.startswith("%Y"):
        return None
    return "day first" if form.index("%d") < form.index("%m") else "month first"


def check_written(column: Column, way: str, *, typed: bool = False) -> None:
    """Check that a column can be read a way; there is none for one whose values its file typed. Raises InputError."""
    fitting = (
        []
        if typed
        else [known for known in WAYS if written_of(column) is not None and (known in _MARKS) == (column.kind == "number")]
    )
    if way in fitting:
        return
    choices = "Only dates and numbers that can be read two ways have a choice."
    if typed:
        choices = "Its file holds values, not text, so there is only one way to read them."
    elif fitting:
        choices = f"It can be read {' or '.join(fitting)}."
    raise InputError(
        f"{column.name!r} is of kind {column.kind} and cannot be read {way}.", choices, "Choose one that fits, or leave it."
    )


def rewrite(schema: Schema, chosen: Iterable[tuple[str, str]]) -> Schema:
    """Return a schema in which columns are read the way that a person chose; what does not fit a column's kind is passed over."""
    for name, way in chosen:
        if name in schema and way in WAYS and written_of(schema[name]) is not None:
            schema = schema.with_column(_rewritten(schema[name], way))
    return schema


def _rewritten(column: Column, way: str) -> Column:
    now, parsing = written_of(column), column.parsing
    if (way in _MARKS) != (column.kind == "number"):
        return column
    if way in _MARKS:
        decimal, between = _MARKS[way]
        thousands = parsing.thousands if parsing.thousands in (" ", "'") else between
        parsing = replace(parsing, decimal=decimal, thousands=thousands)
    elif way != now:
        form = parsing.date_format.replace("%m", "%_").replace("%d", "%m").replace("%_", "%d")
        parsing = replace(parsing, date_format=form)
    said = f"with the {way}" if way in _MARKS else way
    return replace(column, parsing=parsing, evidence=f"Read {said}, as you chose.")

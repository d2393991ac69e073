"""Columns left out, renamed, reordered, read as another kind, split, joined, extracted, calculated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd

from automl_core.cleaning.patterns import Pattern, read_pattern
from automl_core.cleaning.recipe import Step
from automl_core.cleaning.stateless.calculated import calculate
from automl_core.cleaning.stateless.change import Change, Changing, Note, in_place_of, with_columns
from automl_core.cleaning.steps.catalogue import columns_of, value
from automl_core.data.parsing import as_text, date_text, read_dates, read_numbers
from automl_core.schema import Column, Kind, Parsing, Schema


def _there(frame: pd.DataFrame, schema: Schema, step: Step) -> list[str]:
    return [name for name in columns_of(step, schema) if name in frame.columns]


def words_of(values: pd.Series) -> pd.Series:
    """Return a typed column as a person would write it; missing as NaN."""
    if values.dtype == object:
        return values
    return date_text(values) if values.dtype.kind == "M" else as_text(values)


def map_distinct(values: pd.Series, change: Callable[[str], Any]) -> pd.Series:
    """Return words changed one distinct word at a time; missing stays missing, and None becomes it."""
    codes, words = pd.factorize(values, use_na_sentinel=True)
    made = [change(word) if isinstance(word, str) else word for word in words]
    found = np.array([*(np.nan if word is None else word for word in made), np.nan], dtype=object)[codes]
    return pd.Series(found, index=values.index, name=values.name, dtype=object)


def _drop(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    named = step.params.get("columns", [])
    return Change(frame.drop(columns=[name for name in named if name in frame.columns]), schema.without(named))


def _rename(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    names = {old: str(new).strip() for old, new in value(step, "names").items() if old in schema}
    renamed = Schema(tuple(replace(column, name=names.get(column.name, column.name)) for column in schema))
    return Change(frame.rename(columns=names), renamed)


def _order(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    first = [name for name in value(step, "columns") if name in schema]
    names = [*first, *(name for name in schema.names if name not in first)]
    return Change(frame[[name for name in names if name in frame.columns]], Schema(tuple(schema[name] for name in names)))


def _unread(before: pd.Series, after: pd.Series) -> int:
    return int((before.notna() & after.isna()).sum())


def _note(unread: int) -> tuple[Note, ...]:
    return (Note(unread, "cell could not be read and is missing", "cells could not be read and are missing"),) if unread else ()


def _as_kind(values: pd.Series, kind: Kind) -> pd.Series:
    """Return cells as another kind; what cannot be read is missing."""
    if kind == "number":
        if values.dtype.kind == "M":
            return (values - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        return numbers.where(np.isfinite(numbers))
    if kind == "date":
        return read_dates(words_of(values), "ISO8601") if values.dtype.kind != "M" else values
    return words_of(values)


def _change_kind(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    kind = cast(Kind, value(step, "kind"))
    new, unread = {}, 0
    for name in [name for name in value(step, "columns") if name in schema]:
        schema = schema.with_column(replace(schema[name], kind=kind, evidence="Changed by a step."))
        if name in frame.columns:
            new[name] = _as_kind(frame[name], kind)
            unread += _unread(frame[name], new[name])
    return Change(with_columns(frame, new), schema, tuple(new), _note(unread))


def _parse_numbers(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    parsing = Parsing(
        decimal=value(step, "decimal"),
        thousands=value(step, "thousands"),
        strip=tuple(str(sign) for sign in value(step, "strip")),
        scale=0.01 if value(step, "percent") else 1.0,
        negative_parentheses=value(step, "parentheses"),
    )
    return _parsed(
        frame, schema, step, "number", lambda values: read_numbers(values, Column(str(values.name), "number", parsing))
    )


def _parse_dates(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    return _parsed(frame, schema, step, "date", lambda values: read_dates(values, value(step, "format")))


def _parsed(frame: pd.DataFrame, schema: Schema, step: Step, kind: Kind, read: Callable[[pd.Series], pd.Series]) -> Change:
    new, unread = {}, 0
    for name in columns_of(step, schema):
        schema = schema.with_column(replace(schema[name], kind=kind, evidence="Read by a step."))
        if name in frame.columns:
            given = words_of(frame[name]).map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
            new[name] = read(given.astype(object))
            unread += _unread(frame[name], new[name])
    return Change(with_columns(frame, new), schema, tuple(new), _note(unread))


def _placed(
    frame: pd.DataFrame, schema: Schema, step: Step, old: list[str], parts: dict[str, pd.Series], notes: Iterable[Note] = ()
) -> Change:
    """Put new columns after, or in the place of, the old ones."""
    kind = cast(Kind, value(step, "kind")) if step.op != "join_columns" else "category"
    unread = 0
    if kind == "number":
        read = {name: _as_kind(part, "number") for name, part in parts.items()}
        unread = sum(_unread(parts[name], read[name]) for name in parts)
        parts = read
    columns = [Column(name, kind, evidence="Made by a step.") for name in parts]
    touched = tuple(name for name in parts if name in frame.columns)
    made = with_columns(frame, parts)
    notes = (*notes, *_note(unread))
    if value(step, "keep"):
        for column in columns:
            schema = schema.with_column(column)
        return Change(made, schema, touched, notes)
    placed, schema = in_place_of(made, schema, [name for name in old if name not in parts], columns)
    return Change(placed, schema, touched, notes)


def _split(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    name, separator, parts = value(step, "column"), value(step, "separator"), int(value(step, "parts"))
    if name not in frame.columns:
        return Change(frame, schema)

    def cut(cell: str) -> list[str | None]:
        found: list[str | None] = [part.strip() or None for part in cell.split(separator or None, parts - 1)]
        return found + [None] * (parts - len(found))

    values = words_of(frame[name])
    codes, words = pd.factorize(values, use_na_sentinel=True)
    cuts = [cut(str(word)) for word in words]
    columns = {}
    for part in range(parts):
        cells = np.array([*(np.nan if row[part] is None else row[part] for row in cuts), np.nan], dtype=object)
        columns[f"{name} {part + 1}"] = pd.Series(cells[codes], index=frame.index, dtype=object)
    return _placed(frame, schema, step, [name], columns)


def _join(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    names, separator = _there(frame, schema, step), value(step, "separator")
    if not names:
        return Change(frame, schema)
    cells = [words_of(frame[name]).to_numpy(dtype=object) for name in names]
    joined = [separator.join(part for part in row if isinstance(part, str)) or np.nan for row in zip(*cells, strict=True)]
    return _placed(frame, schema, step, names, {value(step, "name"): pd.Series(joined, index=frame.index, dtype=object)})


def _extract(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    name, pattern = value(step, "column"), read_pattern(value(step, "pattern"))
    if name not in frame.columns:
        return Change(frame, schema)
    values = words_of(frame[name])
    groups = max(pattern.compiled.groups, 1)
    codes, words = pd.factorize(values, use_na_sentinel=True)
    taken = [_taken(pattern, str(word), groups) for word in words]
    title = value(step, "name")
    columns = {}
    for group in range(groups):
        cells = np.array([*(np.nan if row[group] is None else row[group] for row in taken), np.nan], dtype=object)
        columns[title if groups == 1 else f"{title} {group + 1}"] = pd.Series(cells[codes], index=frame.index, dtype=object)
    return _placed(frame, schema, step, [name], columns, too_long(values, pattern))


def _taken(pattern: Pattern, cell: str, groups: int) -> list[str | None]:
    found = pattern.compiled.search(cell) if len(cell) <= pattern.longest else None
    if found is None:
        return [None] * groups
    return [found.group(0)] if pattern.compiled.groups == 0 else list(found.groups())


def too_long(values: pd.Series, pattern: Pattern) -> tuple[Note, ...]:
    """Return what is to be said of cells that are too long for a pattern."""
    long = int((values.dropna().astype(str).str.len() > pattern.longest).sum())
    than = f"longer than {pattern.longest:,} characters not looked at"
    return (Note(long, f"cell {than}", f"cells {than}"),) if long else ()


def _formula(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    name = value(step, "name")
    made = calculate(frame, value(step, "formula"), step.params.get("_tree"))
    column = Column(name, "number", evidence="Calculated by a step.")
    touched = (name,) if name in frame.columns else ()
    return Change(with_columns(frame, {name: made}), schema.with_column(column), touched)


COLUMN_CHANGES: dict[str, Changing] = {
    "drop_columns": _drop,
    "rename_columns": _rename,
    "order_columns": _order,
    "change_kind": _change_kind,
    "parse_numbers": _parse_numbers,
    "parse_dates": _parse_dates,
    "split_column": _split,
    "join_columns": _join,
    "extract_pattern": _extract,
    "formula": _formula,
}

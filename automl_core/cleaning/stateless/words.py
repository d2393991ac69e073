"""Words tidied, replaced, merged and read as missing; dates split into parts."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from automl_core.cleaning.keys import KEYERS
from automl_core.cleaning.patterns import read_pattern
from automl_core.cleaning.recipe import Step
from automl_core.cleaning.stateless.change import Change, Changing, Note, with_columns
from automl_core.cleaning.stateless.columns import map_distinct, too_long
from automl_core.cleaning.steps.catalogue import columns_of, value
from automl_core.schema import Column, Schema


def _each(frame: pd.DataFrame, schema: Schema, step: Step, change: Callable[[pd.Series], pd.Series]) -> Change:
    new = {name: change(frame[name]) for name in columns_of(step, schema) if name in frame.columns}
    return Change(with_columns(frame, new), schema, tuple(new))


def _null_words(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    words = [str(word) for word in value(step, "words")]
    return _each(frame, schema, step, lambda values: _without(values, words))


@functools.lru_cache(maxsize=16)
def _read(words: tuple[str, ...], kind: str) -> Any:
    """Return words as a column's kind has them; what cannot be read is left out."""
    given = pd.Series(list(words), dtype=object)
    if kind == "number":
        return pd.to_numeric(given, errors="coerce").dropna().to_numpy()
    return pd.to_datetime(given, errors="coerce", format="ISO8601").dropna()


def _same(values: pd.Series, words: Iterable[str]) -> pd.Series:
    """Return where cells hold one of these words, read as the column's kind is."""
    if values.dtype.kind in "iuf":
        return values.isin(_read(tuple(words), "number"))
    if values.dtype.kind == "M":
        return values.isin(_read(tuple(words), "date"))
    return values.isin(list(words))


def _without(values: pd.Series, words: list[str]) -> pd.Series:
    hit = _same(values, words)
    if values.dtype.kind in "iu":
        return values.astype("float64").where(~hit) if bool(hit.any()) else values
    return values.where(~hit) if values.dtype != object else values.where(~hit, np.nan)


def _trim(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    change = {"lower": str.lower, "upper": str.upper, "title": str.title}.get(value(step, "case"), str)

    def tidy(values: pd.Series) -> pd.Series:
        return map_distinct(values, lambda cell: change(" ".join(cell.split()))) if values.dtype == object else values

    return _each(frame, schema, step, tidy)


def _replace(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    how, find, new = value(step, "how"), value(step, "find"), value(step, "replacement")
    if not find:
        return Change(frame, schema)
    if how == "cell":
        return _each(frame, schema, step, lambda values: _whole(values, find, new, value(step, "case")))
    text = find if how == "pattern" else re.escape(find)
    pattern = read_pattern(text, not value(step, "case"))
    names = [name for name in columns_of(step, schema) if name in frame.columns and frame[name].dtype == object]

    def put(found: re.Match[str]) -> str:
        return found.expand(new) if how == "pattern" else new

    def change(cell: str) -> str | None:
        return (pattern.compiled.sub(put, cell) or None) if len(cell) <= pattern.longest else cell

    made = {name: map_distinct(frame[name], change) for name in names}
    notes = [note for name in names for note in too_long(frame[name], pattern)]
    return Change(with_columns(frame, made), schema, tuple(made), tuple(notes))


def _whole(values: pd.Series, find: str, new: str, case: bool) -> pd.Series:
    if values.dtype != object:
        hit = _same(values, [find])
        if not bool(hit.any()):
            return values
        if values.dtype.kind == "M":
            day: Any = pd.to_datetime(new, errors="coerce") if new else pd.NaT
            return values.mask(hit, day)
        number = pd.to_numeric(pd.Series([new], dtype=object), errors="coerce").iloc[0]
        whole = values.dtype.kind in "iu" and float(number).is_integer()
        return values.mask(hit, int(number)) if whole else values.astype("float64").mask(hit, number)
    wanted = find if case else find.casefold()
    return map_distinct(values, lambda cell: (new or None) if (cell if case else cell.casefold()) == wanted else cell)


def _merge(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    name = value(step, "column")
    if name not in frame.columns:
        return Change(frame, schema)
    mapping = {str(old): str(new) for old, new in value(step, "mapping").items()}
    method = value(step, "method") if step.op == "merge_variants" else "none"
    if method == "none" or not mapping:
        merged = map_distinct(frame[name], lambda cell: mapping.get(cell, cell))
        return Change(with_columns(frame, {name: merged}), schema, (name,))
    keyer = KEYERS[method].compute
    # The value itself has its key, too: what is spelt like it is a variant. The first of equal keys decides.
    by_key: dict[str, str] = {}
    for old, new in mapping.items():
        by_key.setdefault(keyer(old), new)
    for new in mapping.values():
        by_key.setdefault(keyer(new), new)
    by_key.pop("", None)
    targets = set(mapping.values())
    unlisted = 0

    def variant(cell: str) -> str:
        nonlocal unlisted
        if cell in mapping or cell in targets:
            return mapping.get(cell, cell)
        found = by_key.get(keyer(cell), cell)
        unlisted += found != cell
        return found

    merged = map_distinct(frame[name], variant)
    notes = (Note(unlisted, "new variant known by its key", "new variants known by their keys"),) if unlisted else ()
    return Change(with_columns(frame, {name: merged}), schema, (name,), notes)


def _parts(frame: pd.DataFrame, schema: Schema, step: Step) -> Change:
    new: dict[str, pd.Series] = {}
    columns = [name for name in columns_of(step, schema) if name in frame.columns and frame[name].dtype.kind == "M"]
    for name in columns:
        for part in value(step, "parts"):
            new[f"{name} {part}"] = _part(frame[name], part)
            schema = schema.with_column(Column(f"{name} {part}", "number", evidence=f"The {part} of {name}."))
    made = with_columns(frame, new)
    if value(step, "keep"):
        return Change(made, schema)
    return Change(made.drop(columns=columns), schema.without(columns))


def _part(dates: pd.Series, part: str) -> pd.Series:
    if part == "days":
        return (dates - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    if part == "week":
        return dates.dt.isocalendar().week.astype("float64")
    if part == "weekend":
        return (dates.dt.weekday >= 5).astype("float64").where(dates.notna())
    found: pd.Series = getattr(dates.dt, part)
    return found.astype("float64")


WORD_CHANGES: dict[str, Changing] = {
    "null_words": _null_words,
    "trim_text": _trim,
    "replace": _replace,
    "merge_values": _merge,
    "merge_variants": _merge,
    "date_parts": _parts,
}

"""A change of one parameter's space, as text: from the command line, and from the page's table."""

from __future__ import annotations

import json
from typing import Any

from automl_core.engines.optuna import Choice, Range
from automl_core.errors import InputError
from automl_core.tuning.spaces import Parameter, Space


def parse_edit(text: str, space: Space) -> tuple[str, Range | Choice]:
    """Read ``NAME=LOW..HIGH``, ``NAME=A,B,C`` or ``NAME=VALUE``; raises InputError."""
    name, sign, values = text.partition("=")
    name = name.strip()
    if not sign or not values.strip():
        raise InputError(f"{text!r} names no values.", "It must be NAME=LOW..HIGH, NAME=A,B,C or NAME=VALUE.", "Write it so.")
    known = next((one for one in space if one.name == name), None)
    if known is None:
        return name, Choice((values,))  # refused by `Space.changed`, with the names there are
    if ".." in values:
        low, _, high = values.partition("..")
        if isinstance(known.entry, Choice):
            raise InputError(f"{name} has no range.", f"It has the values {words(known)}.", "List some of them.")
        return name, Range(number(name, low), number(name, high), known.entry.log, known.entry.whole)
    return name, entry_of(known, values)


def entry_of(known: Parameter, values: str) -> Range | Choice:
    """Read listed values of a parameter; one number fixes a range. Raises InputError for a value it does not have."""
    texts = [part.strip() for part in values.split(",") if part.strip()]
    if isinstance(known.entry, Range):
        found = [number(known.name, text) for text in texts]
        if len(found) == 1:
            return Range(found[0], found[0], known.entry.log, known.entry.whole)
        return Choice(tuple(int(value) if known.entry.whole else value for value in found))
    by_text = {said(value): value for value in known.entry.values}
    unknown = [text for text in texts if text not in by_text]
    if unknown:
        raise InputError(f"{known.name} has no value {unknown[0]!r}.", f"There are {words(known)}.", "Choose some of them.")
    return Choice(tuple(by_text[text] for text in texts))


def number(name: str, text: str) -> float:
    """Read a number; raises InputError."""
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{name} is {text.strip()!r}.", "A number is needed.", "Write one, such as 0.1.") from error


def said(value: Any) -> str:
    """Return a value as it is written and read: layers of a network as ``128-64``."""
    if isinstance(value, list | tuple):
        return "-".join(str(part) for part in value)
    return value if isinstance(value, str) else json.dumps(value)


def words(one: Parameter) -> str:
    """Return what is tried of a parameter."""
    if isinstance(one.entry, Choice):
        return ", ".join(said(value) for value in one.entry.values)
    return f"{one.entry.low:g} to {one.entry.high:g}"


def as_rows(space: Space) -> list[dict[str, Any]]:
    """Return a space as rows of a table that a person edits; see `from_rows`."""
    rows: list[dict[str, Any]] = []
    for one in space:
        ranged = isinstance(one.entry, Range)
        rows.append(
            {
                "Parameter": one.name,
                "From": one.entry.low if isinstance(one.entry, Range) else None,
                "To": one.entry.high if isinstance(one.entry, Range) else None,
                "Values": "" if ranged else words(one),
                "Now": "default" if ranged and one.start is None else said(one.start),
                "Scale": ("logarithmic" if one.entry.log else "even") if isinstance(one.entry, Range) else "",
                "What it does": one.meaning,
            }
        )
    return rows


def from_rows(space: Space, rows: list[dict[str, Any]]) -> Space:
    """Return the space with what was edited of `as_rows`; raises InputError for what makes no sense."""
    for row, one in zip(rows, space.parameters, strict=True):
        if isinstance(one.entry, Range):
            low, high = row["From"], row["To"]
            if low is None or high is None:
                raise InputError(f"{one.name} lacks an end.", "A range goes from one number to another.", "Fill both in.")
            if (low, high) == (one.entry.low, one.entry.high):
                continue  # what was not touched stays letter by letter
            entry: Range | Choice = Range(low, high, one.entry.log, one.entry.whole)
        else:
            entry = entry_of(one, row["Values"] or "")
        space = space.changed(one.name, entry)
    return space

"""Whether a step's settings can be used, alone and with the columns it meets; and a step in one plain line."""

from __future__ import annotations

from typing import Any

from automl_core.cleaning.patterns import check_pattern
from automl_core.cleaning.recipe import Step
from automl_core.cleaning.steps.catalogue import operation, value
from automl_core.cleaning.steps.model import Operation, Param, ParamKind
from automl_core.errors import InputError
from automl_core.schema import Schema
from automl_core.shapes import Shape, check_shape

_WORD = (str, float, bool)
_TYPES: dict[ParamKind, tuple[Shape, str]] = {
    "columns": ([str], "a list of columns"),
    "column": (str, "a column"),
    "choice": (str, "one of the choices"),
    "number": (float, "a number"),
    "limit": ((float, None), "a number, or nothing"),
    "flag": (bool, "yes or no"),
    "text": (str, "a text"),
    "formula": (str, "a formula"),
    "pattern": (str, "a pattern"),
    "words": ([_WORD], "a list of values"),
    "mapping": ({"*": _WORD}, "old values with new ones"),
    "names": ({"*": str}, "old names with new ones"),
    "parts": ([str], "a list of parts"),
}


def check_params(step: Step) -> None:
    """Check what a step's settings are, whatever table it will meet; raises InputError."""
    known = operation(step)
    for name in step.params:
        if name not in {param.name for param in known.params} and not name.startswith("_"):
            raise InputError(f"The step {known.title!r} has no setting {name!r}.", action="Add the step again.")
    for param in known.params:
        given = value(step, param.name)
        shape, words = _TYPES[param.kind]
        try:
            check_shape(given, shape)
        except TypeError as error:
            said = f"{param.label!r} of the step {known.title!r} is {str(given)[:200]!r}."
            raise InputError(said, f"It must be {words}.", "Add the step again.") from error


def check_step(step: Step, schema: Schema) -> None:
    """Check a step against the columns it will meet.

    Raises
    ------
    InputError
        For an unknown operation, parameter, column or choice, a number outside its range, a formula or a pattern that
        cannot be read, or a new column's name that is taken or empty.
    """
    check_params(step)
    known = operation(step)
    for param in known.params:
        _check_param(known, param, value(step, param.name), schema)
    if any(param.name == "name" for param in known.params):
        if not value(step, "name").strip():
            raise InputError("The new column has no name.", "It needs one.", "Write a name.")
        _check_letters(value(step, "name"))
    if step.op == "parse_dates":
        check_date_format(value(step, "format"))
    if step.op == "clip_outliers" and value(step, "method") == "limits":
        check_limits(value(step, "low"), value(step, "high"))


def _check_param(known: Operation, param: Param, given: Any, schema: Schema) -> None:
    if param.kind in ("columns", "column", "names"):
        for column in [given] if param.kind == "column" else given:
            if column not in schema:
                raise InputError(
                    f"The step {known.title!r} names the column {column!r}, which the table does not have here.",
                    action="Choose another column, or remove the step.",
                )
            if param.kinds and schema[column].kind not in param.kinds:
                raise InputError(
                    f"The step {known.title!r} cannot use {column!r}, a column of kind {schema[column].kind}.",
                    f"It works on {' and '.join(param.kinds)}.",
                    "Choose another column, or change its kind on the Upload page.",
                )
    if param.kind == "names":
        _check_names(given, schema)
    elif (param.kind == "choice" and given not in {choice for choice, _ in param.choices}) or (
        param.kind == "parts" and not set(given) <= {choice for choice, _ in param.choices}
    ):
        raise InputError(
            f"{given!r} is no choice for {param.label!r}.", f"The choices are {', '.join(c for c, _ in param.choices)}."
        )
    elif param.kind == "number" and not param.low <= given <= param.high:
        raise InputError(f"{param.label!r} is {given!r}.", f"A number from {param.low:g} to {param.high:g} is needed.")
    elif param.kind == "formula":
        from automl_core.cleaning.stateless.calculated import check_formula

        check_formula(given, schema)
    elif param.kind == "pattern":
        check_pattern(given)


def _check_names(given: dict[str, str], schema: Schema) -> None:
    fresh = [str(name).strip() for name in given.values()]
    if "" in fresh:
        raise InputError("A new name is empty.", "Every column needs a name.", "Write one.")
    for name in fresh:
        _check_letters(name)
    result = [given.get(name, name) for name in schema.names]
    twice = sorted({name for name in result if result.count(name) > 1})
    if twice:
        raise InputError(
            f"Two columns would be called {twice[0]!r}.", "Every column needs a name of its own.", "Choose another name."
        )


def _check_letters(name: str) -> None:
    if "\x00" in name:  # NumPy takes it for the end of a text, and would no longer find the column
        raise InputError(f"The name {name!r} holds a NUL sign.", "A name is made of letters.", "Write it without.")


def check_limits(low: float | None, high: float | None) -> None:
    """Check limits that a person typed; raises InputError where there are none or they are the wrong way round."""
    if low is None and high is None:
        raise InputError("No limit is given.", "A lowest or a highest value is needed.", "Type one of them, or both.")
    if low is not None and high is not None and low > high:
        raise InputError(f"The lowest value {low:g} is above the highest, {high:g}.", action="Exchange them.")


def check_date_format(text: str) -> None:
    """Check a date format; raises InputError for one that says nothing."""
    if text != "ISO8601" and "%" not in text:
        raise InputError(
            f"{text!r} is no date format.", "It is ISO8601, or has signs such as %d.%m.%Y.", "Write how your dates are written."
        )


def describe(step: Step) -> str:
    """Return a step in one plain line with its settings."""
    known = operation(step)
    given = {param.name: value(step, param.name) for param in known.params}
    parts = [said for param in known.params if param.says(given) and (said := _say(param, given[param.name]))]
    return f"{known.title}: {'; '.join(parts)}" if parts else known.title


def _say(param: Param, given: Any) -> str:
    if param.kind == "columns":
        return ", ".join(given[:4]) + (f" and {len(given) - 4} more" if len(given) > 4 else "")
    if param.kind == "column":
        return str(given)
    if param.kind == "choice":
        return dict(param.choices).get(given, str(given))
    if param.kind in ("mapping", "names"):
        more = f" and {len(given) - 4} more" if len(given) > 4 else ""
        return "; ".join(f"{old} → {new}" for old, new in list(given.items())[:4]) + more
    if param.kind == "parts":
        words = dict(param.choices)
        return ", ".join(words.get(part, part) for part in given)
    if param.kind == "words":
        return ", ".join(str(word) for word in given[:6])
    if param.kind == "flag":
        return param.label.lower() if given else ""
    if param.kind == "text":
        return f"{param.label.lower()}: {given!r}" if given else ""
    if param.kind in ("formula", "pattern"):
        return str(given)
    return f"{param.label.lower()}: {given:g}" if given is not None else ""

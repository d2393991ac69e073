"""What each step of a recipe is: its parameters, its words, and whether it is learned inside the folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from automl_core.cleaning.recipe import Step
from automl_core.errors import InputError
from automl_core.schema import Kind, Schema

ParamKind = Literal["columns", "column", "choice", "number", "flag", "words", "mapping", "parts"]
Intent = Literal["missing", "duplicates", "outliers", "categories", "scaling", "columns", "dates and text"]


@dataclass(frozen=True)
class Param:
    """One parameter of an operation, with what a form needs to ask for it."""

    name: str
    label: str
    kind: ParamKind
    default: Any
    help: str
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 1.0
    kinds: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One kind of step.

    Parameters
    ----------
    op : str
    title : str
    description : str
    intent : Intent
        Under what a person looks for it.
    learned : bool
        Whether it is fitted inside the training folds; a stateless step changes the table once.
    drops_rows : bool
        Whether it leaves rows out; it then acts on learning only, never on rows to be predicted.
    params : tuple of Param
    """

    op: str
    title: str
    description: str
    intent: Intent
    learned: bool
    params: tuple[Param, ...]
    drops_rows: bool = False


def _columns(help_text: str, *kinds: Kind) -> Param:
    return Param("columns", "Columns", "columns", [], help_text, kinds=kinds)


_ALL = "Leave empty for all that fit."

OPERATIONS: dict[str, Operation] = {
    entry.op: entry
    for entry in (
        Operation(
            "drop_columns",
            "Leave columns out",
            "The model never sees these columns.",
            "columns",
            False,
            (_columns("Columns that do not help, such as keys and constants."),),
        ),
        Operation(
            "drop_duplicates",
            "Leave duplicate rows out",
            "Of rows that are alike in every column, or in the chosen ones, the first is kept.",
            "duplicates",
            False,
            (_columns("Columns that make two rows alike; leave empty for all."),),
            drops_rows=True,
        ),
        Operation(
            "drop_missing_rows",
            "Leave rows with missing values out",
            "Rows in which more than this share of the chosen cells is missing are not learned from.",
            "missing",
            False,
            (
                _columns("Columns that are looked at; leave empty for all."),
                Param("max_share", "Largest missing share", "number", 0.0, "0 leaves out every row with a missing cell."),
            ),
            drops_rows=True,
        ),
        Operation(
            "null_words",
            "Read words as missing",
            "Cells that hold one of these values become missing.",
            "missing",
            False,
            (
                _columns("Columns in which the words are looked for."),
                Param("words", "Values", "words", [], "For example -1, 999, unknown."),
            ),
        ),
        Operation(
            "trim_text",
            "Tidy words",
            "Spaces around and inside words are evened out, and case where you choose so.",
            "categories",
            False,
            (
                _columns("Columns of words. " + _ALL, "category", "boolean", "text"),
                Param(
                    "case",
                    "Case",
                    "choice",
                    "keep",
                    "Words that differ only by case become one.",
                    (("keep", "Keep"), ("lower", "lower case"), ("upper", "UPPER CASE"), ("title", "Title Case")),
                ),
            ),
        ),
        Operation(
            "merge_values",
            "Merge spellings",
            "Each value on the left becomes the one on the right.",
            "categories",
            False,
            (
                Param("column", "Column", "column", "", "Column of words.", kinds=("category", "boolean", "text")),
                Param("mapping", "Old and new values", "mapping", {}, "For example: Londn becomes London."),
            ),
        ),
        Operation(
            "date_parts",
            "Split dates into parts",
            "Year, month, weekday and the like become columns of their own, and the date becomes a number of days.",
            "dates and text",
            False,
            (
                _columns("Columns of dates. " + _ALL, "date"),
                Param(
                    "parts",
                    "Parts",
                    "parts",
                    ["year", "month", "day", "weekday", "days"],
                    "A part that never changes is left out by the model.",
                    tuple((part, part) for part in ("year", "month", "day", "weekday", "hour", "minute", "days")),
                ),
            ),
        ),
        Operation(
            "clip_outliers",
            "Clip outliers",
            "Numbers beyond the limits learned from the training rows are set to the limit.",
            "outliers",
            True,
            (
                _columns("Columns of numbers. " + _ALL, "number"),
                Param(
                    "method",
                    "Limits by",
                    "choice",
                    "iqr",
                    "How the limits are learned.",
                    (
                        ("iqr", "quartiles and their distance"),
                        ("zscore", "mean and standard deviation"),
                        ("percentile", "lowest and highest share"),
                    ),
                ),
                Param(
                    "factor",
                    "How far",
                    "number",
                    3.0,
                    "Distances between quartiles, standard deviations, or per cent at each end.",
                    low=0.1,
                    high=10.0,
                ),
            ),
        ),
        Operation(
            "impute",
            "Fill missing values",
            "Missing cells get a value learned from the training rows.",
            "missing",
            True,
            (
                _columns("Columns with missing values. " + _ALL),
                Param(
                    "strategy",
                    "With",
                    "choice",
                    "auto",
                    "Words can only be filled with the most frequent value or with a word of their own.",
                    (
                        ("auto", "median for numbers, a word of their own for words"),
                        ("mean", "mean"),
                        ("median", "median"),
                        ("most_frequent", "most frequent value"),
                        ("constant", "a value of your own"),
                        ("knn", "the most similar rows"),
                        ("iterative", "a model of the other columns"),
                    ),
                ),
                Param("fill", "Your value", "words", [], "Used with 'a value of your own'."),
                Param(
                    "indicator", "Mark what was missing", "flag", False, "Adds a column that is 1 where the value was missing."
                ),
            ),
        ),
        Operation(
            "group_rare",
            "Group rare values",
            "Values rarer than this share of the training rows become one.",
            "categories",
            True,
            (
                _columns("Columns of words. " + _ALL, "category", "boolean"),
                Param("min_share", "Rarer than", "number", 0.01, "A share of the rows, 0.01 for one in a hundred.", high=0.5),
            ),
        ),
        Operation(
            "text_features",
            "Turn text into numbers",
            "Each text is described by the words and letters it shares with others, in a few numbers (TF-IDF and SVD).",
            "dates and text",
            True,
            (
                _columns("Columns of text. " + _ALL, "text"),
                Param(
                    "dimensions", "Numbers a column", "number", 10, "More keep more of the text and cost time.", low=2, high=50
                ),
            ),
        ),
        Operation(
            "encode",
            "Turn words into numbers",
            "Models count; words have to become numbers first.",
            "categories",
            True,
            (
                _columns("Columns of words. " + _ALL, "category", "boolean"),
                Param(
                    "method",
                    "How",
                    "choice",
                    "auto",
                    "One column a value is exact; the mean of the target suits many values.",
                    (
                        ("auto", "one column a value; mean of the target above the limit"),
                        ("onehot", "one column a value"),
                        ("ordinal", "a number a value"),
                        ("target", "mean of the target"),
                        ("frequency", "how frequent the value is"),
                    ),
                ),
                Param("max_levels", "Limit", "number", 15, "Most values that get a column each.", low=2, high=200),
            ),
        ),
        Operation(
            "transform_power",
            "Even out skewed numbers",
            "Numbers with a long tail are transformed so that they spread evenly.",
            "scaling",
            True,
            (
                _columns("Columns of numbers. " + _ALL, "number"),
                Param(
                    "method",
                    "How",
                    "choice",
                    "yeojohnson",
                    "Power is smooth; ranks ignore the size of outliers.",
                    (("yeojohnson", "power (Yeo-Johnson)"), ("quantile", "ranks (quantiles)")),
                ),
            ),
        ),
        Operation(
            "scale",
            "Bring numbers to one scale",
            "So that a column in thousands does not outweigh one in tenths. Trees do not need it, other models do.",
            "scaling",
            True,
            (
                Param(
                    "method",
                    "How",
                    "choice",
                    "standard",
                    "Standard suits most models.",
                    (
                        ("standard", "mean 0, standard deviation 1"),
                        ("minmax", "between 0 and 1"),
                        ("robust", "median 0, by quartiles"),
                        ("maxabs", "largest size 1"),
                    ),
                ),
            ),
        ),
    )
}


def operation(step: Step) -> Operation:
    """Return a step's operation; raises InputError for an unknown one."""
    if step.op not in OPERATIONS:
        raise InputError(
            f"There is no step {step.op!r}.",
            f"The steps are {', '.join(OPERATIONS)}.",
            "Remove it from the recipe, or use the version that wrote it.",
        )
    return OPERATIONS[step.op]


def value(step: Step, name: str) -> Any:
    """Return a parameter of a step, or its default."""
    default = next(param.default for param in operation(step).params if param.name == name)
    return step.params.get(name, default)


_TYPES: dict[ParamKind, tuple[type, str]] = {
    "columns": (list, "a list of columns"),
    "column": (str, "a column"),
    "choice": (str, "one of the choices"),
    "number": (int | float, "a number"),  # type: ignore[dict-item]  # isinstance takes a union
    "flag": (bool, "yes or no"),
    "words": (list, "a list of values"),
    "mapping": (dict, "old values with new ones"),
    "parts": (list, "a list of parts"),
}


def check_params(step: Step) -> None:
    """Check what a step's settings are, whatever table it will meet; raises InputError."""
    known = operation(step)
    for name in step.params:
        if name not in {param.name for param in known.params}:
            raise InputError(f"The step {known.title!r} has no setting {name!r}.", action="Add the step again.")
    for param in known.params:
        given = value(step, param.name)
        kind, words = _TYPES[param.kind]
        whole = all(isinstance(part, str | int | float) for part in given) if isinstance(given, list) else True
        if not isinstance(given, kind) or not whole or (param.kind == "number" and isinstance(given, bool)):
            raise InputError(
                f"{param.label!r} of the step {known.title!r} is {given!r}.", f"It must be {words}.", "Add the step again."
            )


def check_step(step: Step, schema: Schema) -> None:
    """Check a step against the columns it will meet.

    Raises
    ------
    InputError
        For an unknown operation, parameter, column or choice, or a number outside its range.
    """
    check_params(step)
    known = operation(step)
    for param in known.params:
        given = value(step, param.name)
        if param.kind in ("columns", "column"):
            for column in given if param.kind == "columns" else [given]:
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
        elif param.kind == "choice" and given not in {choice for choice, _ in param.choices}:
            raise InputError(
                f"{given!r} is no choice for {param.label!r}.", f"The choices are {', '.join(c for c, _ in param.choices)}."
            )
        elif param.kind == "number" and not (isinstance(given, int | float) and param.low <= given <= param.high):
            raise InputError(f"{param.label!r} is {given!r}.", f"A number from {param.low:g} to {param.high:g} is needed.")


def columns_of(step: Step, schema: Schema) -> list[str]:
    """Return the columns a step works on: the named ones that are there, or all that fit when none is named."""
    param = next((param for param in operation(step).params if param.kind == "columns"), None)
    named: list[str] = list(step.params.get("columns", []))
    if named or param is None:
        return [name for name in named if name in schema]
    return schema.of_kind(*param.kinds) if param.kinds else schema.names


def describe(step: Step) -> str:
    """Return a step in one plain line with its settings."""
    known = operation(step)
    parts = []
    for param in known.params:
        given = value(step, param.name)
        if param.kind == "columns":
            if given:
                parts.append(", ".join(given[:4]) + (f" and {len(given) - 4} more" if len(given) > 4 else ""))
        elif param.kind == "column":
            parts.append(str(given))
        elif param.kind == "choice":
            parts.append(dict(param.choices).get(given, str(given)))
        elif param.kind == "mapping":
            parts.append("; ".join(f"{old} → {new}" for old, new in list(given.items())[:4]))
        elif param.kind in ("words", "parts"):
            if given:
                parts.append(", ".join(str(word) for word in given[:6]))
        elif param.kind == "flag":
            if given:
                parts.append(param.label.lower())
        else:
            parts.append(f"{param.label.lower()}: {given:g}")
    return f"{known.title}: {'; '.join(parts)}" if parts else known.title

"""From which uploaded columns each column of a cleaned table comes; found from the recipe alone, without any rows."""

from __future__ import annotations

from collections.abc import Mapping

from automl_core.cleaning.patterns import read_pattern
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps.catalogue import columns_of, operation, value
from automl_core.errors import InputError
from automl_core.kpi.formula import parse_formula
from automl_core.schema import Column, Schema

Origins = dict[str, frozenset[str]]


def origins(recipe: Recipe, schema: Schema) -> Origins:
    """Return for each column after the stateless steps the uploaded columns that it is made of.

    Parameters
    ----------
    recipe : Recipe
    schema : Schema
        Of the uploaded table.
    """
    found: Origins = {name: frozenset([name]) for name in schema.names}
    for step in recipe.enabled():
        if not operation(step).learned:
            found, schema = _after(step, found, schema)
    return found


def deciding(recipe: Recipe, schema: Schema, target: str) -> frozenset[str]:
    """Return the uploaded columns that decide which rows are learned from, and what the target is made of.

    Parameters
    ----------
    recipe : Recipe
    schema : Schema
        Of the uploaded table.
    target : str
    """
    found: Origins = {name: frozenset([name]) for name in schema.names}
    looked: frozenset[str] = frozenset()
    for step in recipe.enabled():
        what = operation(step)
        if what.drops_rows:
            named = parse_formula(value(step, "condition")).columns if step.op == "filter_rows" else columns_of(step, schema)
            looked = looked.union(*(found.get(name, ()) for name in named))
        if not what.learned:
            found, schema = _after(step, found, schema)
    return looked | found.get(target, frozenset([target]))


def check_target(recipe: Recipe, schema: Schema, target: str) -> None:
    """Raise InputError when a step of the recipe takes the target's column away or gives it another name.

    Parameters
    ----------
    recipe : Recipe
    schema : Schema
        Of the uploaded table. A target that is none of its columns is made by a step, and not looked at.
    target : str
    """
    if target not in schema or target in origins(recipe, schema):
        return
    steps = list(recipe)
    number = next(n for n in range(1, len(steps) + 1) if target not in origins(Recipe(tuple(steps[:n])), schema))
    step = steps[number - 1]
    new = value(step, "names").get(target) if step.op == "rename_columns" else None
    raise InputError(
        f"Step {number} of the recipe, {operation(step).title!r}, "
        + (f"gives the target {target!r} the name {new!r}." if new else f"takes the target {target!r} away."),
        "What is to be predicted must keep its column and its name, so that new rows can be judged by it.",
        "Take it out of that step or switch the step off on the Clean page, or choose another target.",
    )


def _after(step: Step, found: Origins, schema: Schema) -> tuple[Origins, Schema]:
    columns = [name for name in columns_of(step, schema) if name in found]
    if step.op == "drop_columns":
        named = set(step.params.get("columns", []))
        return {name: origin for name, origin in found.items() if name not in named}, schema.without(named)
    if step.op == "rename_columns":
        names = {old: str(new).strip() for old, new in value(step, "names").items() if old in schema}
        renamed = Schema(tuple(Column(names.get(one.name, one.name), one.kind) for one in schema))
        return {names.get(name, name): origin for name, origin in found.items()}, renamed
    made = _made(step, found, columns)
    if not made:
        kinds = {"parse_numbers": "number", "parse_dates": "date", "change_kind": str(step.params.get("kind", "category"))}
        if step.op in kinds:
            for name in columns:
                schema = schema.with_column(Column(name, kinds[step.op]))  # type: ignore[arg-type]
        return found, schema
    kept = bool(value(step, "keep")) if step.op != "formula" else True
    gone = set() if kept else set(columns) - set(made)
    result = {name: origin for name, origin in {**found, **made}.items() if name not in gone}
    kind = "number" if step.op in ("formula", "date_parts") else str(step.params.get("kind", "category"))
    schema = schema.without(gone)
    for name in made:
        schema = schema.with_column(Column(name, kind))  # type: ignore[arg-type]
    return result, schema


def _made(step: Step, found: Mapping[str, frozenset[str]], columns: list[str]) -> Origins:
    """Return the columns that a step makes."""
    union = frozenset().union(*(found[name] for name in columns))
    if step.op == "split_column" and columns:
        return {f"{columns[0]} {part}": union for part in range(1, int(value(step, "parts")) + 1)}
    if step.op == "join_columns" and columns:
        return {value(step, "name"): union}
    if step.op == "extract_pattern" and columns:
        groups = read_pattern(value(step, "pattern")).compiled.groups
        title = value(step, "name")
        return {title if groups <= 1 else f"{title} {group}": union for group in range(1, max(groups, 1) + 1)}
    if step.op == "date_parts":
        return {f"{name} {part}": found[name] for name in columns for part in value(step, "parts")}
    if step.op == "formula":
        named = [name for name in parse_formula(value(step, "formula")).columns if name in found]
        return {value(step, "name"): frozenset().union(*(found[name] for name in named))}
    return {}

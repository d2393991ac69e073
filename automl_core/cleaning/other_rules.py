"""Rules held against another table than their own: its columns are read as the kinds that the rules were made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from automl_core.cleaning.rules import Rule
from automl_core.data.parsing import Faults, Parsed, parse_frame
from automl_core.kpi.formula import parse_formula
from automl_core.schema import Schema


def other_kinds(owner: Schema, schema: Schema) -> Schema:
    """Return the columns of the rules' own table that are numbers or dates in one of the two tables only."""
    kinds = {column.name: column.kind for column in schema}
    pairs = [(column, kinds[column.name]) for column in owner if column.name in kinds]
    return Schema(tuple(column for column, kind in pairs if kind != column.kind and {kind, column.kind} & {"number", "date"}))


def fitting_rules(rules: Sequence[Rule], owner: Schema, schema: Schema) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Return the rules of one table that another can take over, and of each of the others why it cannot.

    Parameters
    ----------
    rules : sequence of Rule
    owner : Schema
        Of the table that the rules were made for.
    schema : Schema
        Of the other one. A rule about numbers or dates says nothing of a column that holds none there.
    """
    fitting: list[Rule] = []
    left: list[str] = []
    apart = other_kinds(owner, schema)
    for rule in rules:
        names = parse_formula(rule.text).columns if rule.kind == "relation" else (rule.column,)
        lacking = next((name for name in names if name not in schema), None)
        clash = next((name for name in names if name in apart and rule.kind in ("type", "range", "relation")), None)
        if lacking is not None:
            left.append(f"{rule.sentence!r}: there is no column {lacking!r}.")
        elif clash is not None:
            left.append(
                f"{rule.sentence!r}: it was made for the kind {apart[clash].kind}, and {clash!r} is {schema[clash].kind}."
            )
        else:
            fitting.append(rule)
    return tuple(fitting), tuple(left)


def read_as(typed: pd.DataFrame, faults: Mapping[str, Faults], known: Schema) -> Parsed:
    """Return a typed table whose columns named by `known` are read as it says, and what cannot be read then."""
    if not len(known):
        return Parsed(typed, dict(faults))
    again = parse_frame(typed, known)
    frame = pd.concat([typed.drop(columns=list(again.frame.columns)), again.frame], axis=1)
    return Parsed(frame, {**{name: fault for name, fault in faults.items() if name not in known}, **again.faults})


def asking_kinds(rules: Sequence[Rule], known: Schema) -> tuple[Rule, ...]:
    """Return rules that also ask whether the columns named by `known` can be read: a rule about values passes over other cells.

    An added rule has the id and the action of the one that it stands beside.
    """
    asked = {rule.column for rule in rules if rule.kind == "type"}
    added: dict[tuple[str, str], Rule] = {}
    for rule in rules:
        for name in parse_formula(rule.text).columns if rule.kind == "relation" else (rule.column,):
            if name in known and name not in asked and rule.kind != "filled":
                added.setdefault((name, rule.action), replace(rule, kind="type", column=name))
    return (*rules, *added.values())

"""Rules proposed from a table: what is true of every row today."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pandas as pd

from automl_core.cleaning.propose import personal
from automl_core.cleaning.rules import Rule
from automl_core.schema import Schema

FEW_VALUES = 20
"""Most values of a column that are listed as the allowed ones."""
ENOUGH = 30
"""Rows from which on a relation between columns is proposed."""
MOST_RELATED = 12
"""Columns of a kind among which relations are looked for."""


def propose_rules(frame: pd.DataFrame, schema: Schema) -> tuple[Rule, ...]:
    """Propose rules that every row of a table keeps; each only warns until a person chooses more.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed, as uploaded.
    schema : Schema
    """
    rules: list[Rule] = []
    for column in schema:
        values = frame[column.name]
        known = values.dropna()
        if not len(known):
            continue
        if column.kind in ("number", "date"):
            rules.append(Rule("type", column.name, reason="Cells that cannot be read are missing, and nobody would see it."))
        if len(known) == len(values):
            rules.append(Rule("filled", column.name, reason="No cell is missing today."))
        if column.kind == "number":
            low, high = float(known.min()), float(known.max())
            rules.append(Rule("range", column.name, low=low, high=high, reason="The smallest and largest number today."))
        elif column.kind == "id" and known.is_unique:
            rules.append(Rule("unique", column.name, reason="Every key is there once today."))
        words = column.kind in ("category", "boolean", "id") and known.dtype == object
        if words and column.kind != "id" and known.nunique() <= FEW_VALUES and not personal(known):
            allowed = tuple(sorted(str(value) for value in known.unique()))
            rules.append(Rule("allowed", column.name, values=allowed, reason="The values there are today."))
        elif words and (shape := common_shape(known)):
            rules.append(Rule("pattern", column.name, text=shape, reason="Every value is written like this today."))
    return (*rules, *_relations(frame, schema))


def common_shape(values: pd.Series) -> str:
    r"""Return the pattern that all words fit, such as ``K\d{4}``; empty where they are written in many ways or hold no digit."""
    shapes = {_shape(str(value)) for value in values.unique()[:20_000]}
    if len(shapes) != 1:
        return ""
    shape = shapes.pop()
    return shape if r"\d" in shape and len(shape) <= 100 else ""


def _shape(word: str) -> str:
    parts = []
    for run in re.finditer(r"([0-9]+)|([A-Z]+)|([a-z]+)|(.)", word, re.DOTALL):
        text = run.group(0)
        many = f"{{{len(text)}}}" if len(text) > 1 else ""
        if run.group(1):
            parts.append(rf"\d{many}")
        elif run.group(2):
            parts.append(f"[A-Z]{many}")
        elif run.group(3):
            parts.append(f"[a-z]{many}")
        else:
            parts.append(re.escape(text))
    return "".join(parts)


def _relations(frame: pd.DataFrame, schema: Schema) -> list[Rule]:
    """Return orders between columns of dates, and between numbers of the same size, that hold in every row."""
    found = []
    if len(frame) < ENOUGH:
        return []
    for names in (schema.of_kind("date")[:MOST_RELATED], schema.of_kind("number")[:MOST_RELATED]):
        for one, other in permutations(names, 2):
            low, high = frame[one].to_numpy(), frame[other].to_numpy()
            known = ~(pd.isna(low) | pd.isna(high))
            if known.sum() < ENOUGH or not bool((low[known] <= high[known]).all()) or bool((low[known] == high[known]).all()):
                continue
            # Ranges that hardly meet are in order by themselves: that says nothing.
            if np.quantile(low[known].astype("int64" if low.dtype.kind == "M" else "float64"), 0.9) > np.quantile(
                high[known].astype("int64" if high.dtype.kind == "M" else "float64"), 0.1
            ):
                found.append(Rule("relation", text=f"[{one}] <= [{other}]", reason="So in every row today."))
    return [rule for rule in found if "[" not in rule.text[1:].split("] <= [")[0]][:20]

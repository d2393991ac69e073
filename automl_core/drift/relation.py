"""Whether two columns still say as much of each other as they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from automl_core.drift.chance import ALPHA
from automl_core.drift.report import ColumnDrift, Verdict
from automl_core.profiling.associations import COLUMNS, associate
from automl_core.profiling.wording import number, quoted
from automl_core.schema import Schema

CLEAR = 0.2
"""Change of an association, on its scale of 0 to 1, from which on it is told."""
LOOSE = 1.5
"""By how much the spread of Cramér's V and the correlation ratio may exceed that of a correlation."""
SHOWN = 20
ROWS_A_WORD = 20
"""Rows that each word of a column must have on average, or its associations hang on which of them happen to occur."""
SHORT = {"spearman": "the rank correlation", "cramers_v": "Cramér's V", "correlation_ratio": "the correlation ratio"}
LOOKED = 20_000
"""Rows that associations are measured on, at most."""


def compare_relations(
    kept: list[dict[str, Any]], reference_rows: int, new: pd.DataFrame, schema: Schema, *, seed: int = 0
) -> list[ColumnDrift]:
    """Return the pairs of columns whose association changed, most first.

    Parameters
    ----------
    kept : list of dict
        Associations of the reference.
    reference_rows : int
    new : DataFrame
        Typed.
    schema : Schema
        Of `new`.
    seed : int

    Returns
    -------
    list of ColumnDrift
        Never more than to be watched: what it does to the model shows in its performance.
    """
    from scipy.stats import norm

    if not kept or len(schema) > COLUMNS:
        return []
    fresh, _ = associate(new, schema, seed=seed)
    now = {frozenset((pair.first, pair.second)): pair for pair in fresh}
    found = []
    sizes = min(reference_rows, LOOKED), min(len(new), LOOKED)
    spread = float(np.sqrt(sum(1 / max(size - 3, 1) for size in sizes)))
    many = {name for name in schema.names if new[name].dtype == object and new[name].nunique() * ROWS_A_WORD > min(sizes)}
    for pair in kept:
        if pair["first"] in many or pair["second"] in many:
            continue
        other = now.get(frozenset((pair["first"], pair["second"])))
        if other is None or other.method != pair["method"]:
            continue
        before = pair["strength"] * (pair["sign"] or 1)
        after = other.strength * (other.sign or 1)
        loose = 1.0 if other.method == "spearman" else LOOSE
        reach = float(norm.isf(ALPHA / len(kept) / 2)) * spread * loose
        change = abs(_stretched(after) - _stretched(before))
        if change <= reach or abs(after - before) < CLEAR:
            continue
        name = f"{pair['first']} and {pair['second']}"
        told = (
            f"{quoted(pair['first'])} and {quoted(pair['second'])}: {SHORT[other.method]} is {number(after, 2)}, "
            f"before {number(before, 2)}."
        )
        verdict: Verdict = "watch"
        effect = min(abs(after - before), 1.0)
        found.append(
            ColumnDrift(name, "pair", effect=effect, expected=min(reach, 1.0), shift=effect, verdict=verdict, sentence=told)
        )
    return sorted(found, key=lambda entry: -entry.effect)[:SHOWN]


def _stretched(strength: float) -> float:
    """Return Fisher's transformation, whose spread is the same for weak and strong correlations."""
    return float(np.arctanh(np.clip(strength, -0.999, 0.999)))

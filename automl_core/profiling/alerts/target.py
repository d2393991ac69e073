"""What is wrong with the column to predict."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts
from automl_core.profiling.wording import counted, has, listed, percent, quoted

FEW_ROWS = 5
OTHER = "other"
"""What labels with hardly any row are merged into."""


def target_missing(facts: Facts) -> Iterator[Alert]:
    """Rows without an outcome."""
    for c in facts.columns:
        if c.name == facts.target and c.missing:
            rows = counted(c.missing, "row has", "rows have")
            sentence = f"{rows} no value of the target {quoted(c.name)}; they are not learned from."
            step = Step("drop_missing_rows", {"columns": [c.name]}, sentence)
            yield Alert("target_missing", "warning", (c.name,), sentence, {"rows": c.missing}, step)


def target_constant(facts: Facts) -> Iterator[Alert]:
    """Outcomes that never differ."""
    for c in facts.columns:
        if c.name == facts.target and c.distinct <= 1:
            what = "one value only" if c.distinct else "no value at all"
            sentence = f"The target {quoted(c.name)} has {what}, so there is nothing to predict. Choose another target."
            yield Alert("target_constant", "problem", (c.name,), sentence, {"distinct": c.distinct})


def unbalanced_target(facts: Facts) -> Iterator[Alert]:
    """Labels that are rare, and labels with hardly any row."""
    scan = next((scan for scan in facts.scans if scan.profile.name == facts.target), None)
    if scan is None:
        return
    target = scan.profile
    if not scan.words and target.distinct != 2:
        return
    counts = pd.Series(dict(scan.words), dtype=int) if scan.words else facts.frame[target.name].value_counts()
    labels = target.kind in ("category", "boolean") or len(counts) == 2
    if not labels or len(counts) < 2 or len(counts) > 100:
        return
    few = [str(label) for label, count in counts.items() if count < FEW_ROWS]
    if few:
        sentence = f"The target's {'label' if len(few) == 1 else 'labels'} {listed(few)} {has(few)} fewer than {FEW_ROWS} rows."
        merge = "Merge them with others, or leave their rows out."
        words = facts.frame[target.name].dtype == object
        step = Step("merge_values", {"column": target.name, "mapping": dict.fromkeys(few, OTHER)}, f"{sentence} {merge}")
        helps = words and len(few) > 1 and OTHER not in counts.index and int(counts[counts < FEW_ROWS].sum()) >= FEW_ROWS
        yield Alert("rare_class", "problem", (target.name,), f"{sentence} {merge}", {"labels": few}, step if helps else None)
    share = float(counts.iloc[-1] / counts.sum())
    if share < 0.1 and not few:
        sentence = f"Only {percent(share)} of the rows are {quoted(str(counts.index[-1]))} in the target: accuracy would mislead."
        yield Alert("unbalanced_target", "info", (target.name,), sentence, {"share": share})

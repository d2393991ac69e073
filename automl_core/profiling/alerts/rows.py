"""Rows that say the same as others."""

from __future__ import annotations

from collections.abc import Iterator

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts, Severity
from automl_core.profiling.wording import counted

SOME = 0.01
"""Share of the rows above which contradictions are more than a nuisance."""


def duplicate_rows(facts: Facts) -> Iterator[Alert]:
    """Rows that are exact copies."""
    copies = facts.copies
    if copies.exact > 0:
        rows = counted(copies.exact, "row is an exact copy", "rows are exact copies")
        sentence = f"{rows} of an earlier one. The same case in learning and judging makes scores look too good."
        sentence += _held_out(copies.across, "a copy")
        evidence = {"rows": copies.exact, "across": round(copies.across, 2)}
        yield Alert("duplicate_rows", "warning", (), sentence, evidence, Step("drop_duplicates", {}, sentence))


def near_duplicate_rows(facts: Facts) -> Iterator[Alert]:
    """Rows that are copies but for keys, case and spaces."""
    if facts.copies.near > 0:
        keys = facts.schema.of_kind("id")
        compared = [name for name in facts.schema.names if name not in keys]
        but = "keys, case and spaces" if keys else "case and spaces"
        rows = counted(facts.copies.near, "row differs", "rows differ")
        sentence = f"{rows} from an earlier one by {but} only. The same case in learning and judging makes scores look too good."
        sentence += _held_out(facts.copies.near_across, "such a copy")
        step = Step("drop_duplicates", {"columns": compared if keys else []}, sentence)
        evidence = {"rows": facts.copies.near, "across": round(facts.copies.near_across, 2)}
        yield Alert("near_duplicate_rows", "info", (), sentence, evidence, step)


def _held_out(expected: float, copy: str) -> str:
    """Say how many held-out rows would have a copy among those learned from; nothing for less than one."""
    if expected < 1:
        return ""
    held = counted(round(expected), "row", "rows")
    return f" With a fifth held out at random, about {held} of it would have {copy} among those learned from."


def contradicting_rows(facts: Facts) -> Iterator[Alert]:
    """Rows that are alike in everything but the outcome."""
    count = facts.copies.contradicting
    if count > 0:
        rows = counted(count, "row is", "rows are")
        sentence = (
            f"{rows} alike in every column but the target: no model can tell their outcomes apart. "
            "Was a column left out that would, or was one case entered twice?"
        )
        severity: Severity = "warning" if count > SOME * len(facts.frame) else "info"
        yield Alert("contradicting_rows", severity, (facts.target,), sentence, {"rows": count})

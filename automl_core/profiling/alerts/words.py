"""What words are written like, and how many there are."""

from __future__ import annotations

from collections.abc import Iterator

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts, Severity
from automl_core.profiling.wording import has, listed, percent, quoted

MANY_VALUES = 50
RARE = 0.01
"""Share of the rows below which a value is rare, the limit that the step for it proposes."""


def untidy_labels(facts: Facts) -> Iterator[Alert]:
    """Words that differ only by case or by spaces."""
    for scan in facts.scans:
        c = scan.profile
        if c.kind not in ("category", "boolean"):
            continue
        groups: dict[str, list[str]] = {}
        for word, _ in scan.words:
            groups.setdefault(" ".join(word.split()).casefold(), []).append(word)
        alike = next((group for group in groups.values() if len(group) > 1), None)
        if alike is not None:
            sentence = f"{quoted(c.name)} has values that differ only by case or spaces, such as {listed(sorted(alike))}."
            by_case = any(len({" ".join(word.split()) for word in group}) > 1 for group in groups.values())
            step = Step("trim_text", {"columns": [c.name], "case": "lower" if by_case else "keep"}, sentence)
            severity: Severity = "problem" if c.name == facts.target else "warning"
            yield Alert("untidy_labels", severity, (c.name,), sentence, {"values": sorted(alike)}, step)


def many_values(facts: Facts) -> Iterator[Alert]:
    """Words of very many kinds."""
    many = {
        c.name: c.distinct
        for c in facts.columns
        if c.kind == "category" and c.name != facts.target and MANY_VALUES < c.distinct <= 0.9 * (c.rows - c.missing)
    }
    if many:
        names = tuple(many)
        sentence = f"{listed(names)} {has(names)} many different values, up to {max(many.values()):,}, most with few rows."
        yield Alert("many_values", "info", names, sentence, many, Step("group_rare", {"columns": list(names)}, sentence))


def rare_values(facts: Facts) -> Iterator[Alert]:
    """Words of few kinds, some of which hardly occur."""
    found: dict[str, int] = {}
    for scan in facts.features:
        c = scan.profile
        if c.kind == "category" and 2 < c.distinct <= MANY_VALUES:
            rare = sum(cells < RARE * (c.rows - c.missing) for _, cells in scan.words)
            if rare > 1:  # one rare value alone gains nothing from being put in a group of its own
                found[c.name] = rare
    if found:
        names = tuple(found)
        most = max(names, key=lambda name: found[name])
        others = f" So it is in {listed([name for name in names if name != most])}." if len(names) > 1 else ""
        sentence = f"In {quoted(most)} {found[most]:,} values have fewer than {percent(RARE)} of the rows each.{others}"
        step = Step("group_rare", {"columns": list(names), "min_share": RARE}, sentence)
        yield Alert("rare_values", "info", names, sentence, found, step)

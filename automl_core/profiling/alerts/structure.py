"""Columns that say nothing, the same as others, or how the rows belong together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from automl_core.profiling.alerts.base import Alert, Facts, apart, drop
from automl_core.profiling.associations import PAIRED, Association
from automl_core.profiling.wording import listed, quoted
from automl_core.proposals import suggest_splits

REDUNDANT = 0.98
"""Association above which two columns say nearly the same."""


def constant(facts: Facts) -> Iterator[Alert]:
    """Columns with one value or none."""
    names = tuple(c.name for c in facts.columns if c.distinct <= 1 and c.name != facts.target)
    if names:
        one = len(names) == 1
        have, them = ("has", "it") if one else ("each have", "them")
        sentence = f"{listed(names)} {have} one value or none, so there is nothing to learn from {them}."
        yield Alert("constant", "warning", names, sentence, {"columns": len(names)}, drop(names, sentence))


def looks_like_id(facts: Facts) -> Iterator[Alert]:
    """Keys, and words that hardly repeat."""
    found = {
        c.name: c.distinct
        for c in facts.columns
        if c.name != facts.target
        and (known := c.rows - c.missing) >= 20
        and (c.kind == "id" or (c.kind == "category" and c.distinct > 0.9 * known))
    }
    for names in apart(found):
        are, say = ("is", "a key; it says") if len(names) == 1 else ("are", "keys; they say")
        sentence = f"{listed(names)} {are} different in nearly every row, like {say} nothing about new rows."
        yield Alert("looks_like_id", "warning", names, sentence, {name: found[name] for name in names}, drop(names, sentence))


def redundant(facts: Facts) -> Iterator[Alert]:
    """Columns that say the same as another one."""
    distinct = {c.name: c.distinct for c in facts.columns}
    same: dict[str, list[Association]] = {}
    gone: set[str] = set()
    for pair in [*_copied(facts), *facts.pairs]:  # the strongest first; a column that is left out is no longer compared with
        both = {pair.first, pair.second}
        if facts.target in both or gone & both or pair.strength <= REDUNDANT:
            continue
        kept, coarser = sorted((pair.first, pair.second), key=lambda name: -distinct[name])
        gone.add(coarser)
        # What was left out for the sake of a column that now goes itself is still said by the one that stays.
        same.setdefault(kept, []).extend([pair, *same.pop(coarser, [])])
    for kept, pairs in same.items():
        names = tuple(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second) if name != kept))
        weakest = min(pair.strength for pair in pairs)
        if len(names) == 1:
            sentence = f"{quoted(kept)} and {quoted(names[0])} say nearly the same (association {weakest:.2f} of 1)."
        else:
            sentence = f"{listed(names)} say nearly the same as {quoted(kept)}."
        yield Alert("redundant", "info", (kept, *names), sentence, {"strength": weakest}, drop(names, sentence))


def _copied(facts: Facts) -> Iterator[Association]:
    """Yield columns that are alike in every row, or name the same things by other words; however many columns there are."""
    seen: dict[tuple[bool, int], str] = {}
    for scan in facts.features:
        c = scan.profile
        if c.distinct > 1 and c.kind != "id" and c.rows - c.missing >= PAIRED:
            key = (c.kind in ("number", "date"), scan.digest)
            if key in seen:
                yield Association(seen[key], c.name, "copy", 1.0)
            else:
                seen[key] = c.name


def splits(facts: Facts) -> Iterator[Alert]:
    """Rows that belong together, and rows that follow each other: what speaks against judging on rows drawn at random."""
    for other in suggest_splits(facts.frame, facts.schema, facts.target):
        kind, column = other.value.kind, other.value.column
        evidence: dict[str, Any] = {"column": column}
        scan = next(scan for scan in facts.scans if scan.profile.name == column)
        if kind == "time":
            evidence["sorted"] = scan.rises
        else:
            evidence |= {"distinct": scan.profile.distinct, "rows": scan.profile.rows - scan.profile.missing}
        sentence = f"{other.reason} The Compare page asks for it."
        yield Alert("groups" if kind == "group" else "time_order", "info", (column,), sentence, evidence)

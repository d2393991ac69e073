"""Cells that are missing, and cells that are not meant by what they say."""

from __future__ import annotations

from collections.abc import Iterator

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts, apart, drop
from automl_core.profiling.scan import Scan
from automl_core.profiling.wording import counted, listed, number, percent, quoted

MISSING, MOSTLY = 0.05, 0.5
MANY_ZEROS = 0.5
"""Share of the rows above which zeros are many."""


def mostly_missing(facts: Facts) -> Iterator[Alert]:
    """Columns of which more than half is missing."""
    mostly = [c for c in facts.columns if c.distinct > 1 and c.missing_share > MOSTLY and c.name != facts.target]
    shares = {c.name: c.missing_share for c in mostly}
    for names in apart(shares):
        if len(names) == 1:
            sentence = f"{quoted(names[0])} is missing in {percent(shares[names[0]])} of the rows."
        else:
            sentence = f"{listed(names)} are missing in more than {percent(MOSTLY)} of the rows."
        yield Alert("mostly_missing", "warning", names, sentence, {name: shares[name] for name in names}, drop(names, sentence))


def missing(facts: Facts) -> Iterator[Alert]:
    """Columns with a part missing."""
    some = [c for c in facts.columns if c.distinct > 1 and MISSING < c.missing_share <= MOSTLY and c.name != facts.target]
    if some:
        names = tuple(c.name for c in some)
        worst = max(some, key=lambda c: c.missing_share)
        most = f"up to {percent(worst.missing_share)} of the rows in {quoted(worst.name)}"
        if len(names) == 1:
            sentence = f"{quoted(worst.name)} is missing in {percent(worst.missing_share)} of the rows."
        else:
            sentence = f"{listed(names)} have missing cells, {most}."
        shares = {c.name: c.missing_share for c in some}
        yield Alert("missing", "info", names, sentence, shares, Step("impute", {"columns": list(names)}, sentence))


def zeros_as_missing(facts: Facts) -> Iterator[Alert]:
    """Zeros that stand apart from numbers which are otherwise far from zero."""
    for scan in facts.features:
        c, spots = scan.profile, scan.spots
        if c.kind != "number" or spots is None or not _zeros_stand_apart(scan):
            continue
        share, lowest = c.numbers["zeros"] / (c.rows - c.missing), spots.lowest_positive
        sentence = (
            f"{quoted(c.name)} is 0 in {percent(share)} of the rows and at least {number(lowest)} in all others. "
            "Does 0 mean that it is not known?"
        )
        step = Step("null_words", {"columns": [c.name], "words": ["0"]}, sentence)
        yield Alert("zeros_as_missing", "info", (c.name,), sentence, {"share": share, "lowest": lowest}, step)


def excess_zeros(facts: Facts) -> Iterator[Alert]:
    """Numbers of which more than half are zero."""
    many: dict[str, float] = {}
    for scan in facts.features:
        c = scan.profile
        if c.kind == "number" and c.distinct > 10 and not _zeros_stand_apart(scan):
            share = c.numbers.get("zeros", 0.0) / max(c.rows - c.missing, 1)
            if share > MANY_ZEROS:
                many[c.name] = share
    for names in apart(many):
        if len(names) == 1:
            sentence = f"{quoted(names[0])} is 0 in {percent(many[names[0]])} of the rows."
        else:
            sentence = f"{listed(names)} are 0 in more than {percent(MANY_ZEROS)} of the rows."
        sentence += " Where 0 means that it is not known, it is better read as missing."
        step = Step("null_words", {"columns": list(names), "words": ["0"]}, sentence)
        yield Alert("excess_zeros", "info", names, sentence, {name: many[name] for name in names}, step)


def _zeros_stand_apart(scan: Scan) -> bool:
    """Return whether zeros are far from all other numbers, none of which is negative."""
    column, spots = scan.profile, scan.spots
    if spots is None or column.distinct <= 10 or column.numbers["negative"]:
        return False
    share = column.numbers["zeros"] / (column.rows - column.missing)
    # Counts and amounts reach down to zero; where they stop well before it, a zero is often a measurement that was not made.
    return MISSING < share < 1 and spots.lowest_positive >= 0.1 * spots.positive_median


def infinite(facts: Facts) -> Iterator[Alert]:
    """Cells that are infinite."""
    for c in facts.columns:
        if c.infinite:
            cells = counted(c.infinite, "cell", "cells")
            sentence = f"{quoted(c.name)} has {cells} that {'is' if c.infinite == 1 else 'are'} infinite, which no model can use."
            step = Step("null_words", {"columns": [c.name], "words": ["inf", "-inf"]}, sentence)
            yield Alert("infinite", "problem", (c.name,), sentence, {"cells": c.infinite}, step)

"""What is wrong with a table, in plain words, each with the step that would help."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from automl_core.cleaning.propose import personal
from automl_core.cleaning.recipe import Step
from automl_core.profiling.associations import Association
from automl_core.profiling.summaries import ColumnProfile
from automl_core.profiling.wording import counted, has, listed, number, percent, quoted
from automl_core.schema import Schema

Severity = Literal["problem", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "info")
MISSING, MOSTLY = 0.05, 0.5
REDUNDANT, LEAK = 0.95, 0.98
MANY_VALUES = 50
RARE = 0.01
"""Share of the rows below which a value is rare, the limit that the step for it proposes."""
FEW_ROWS = 5
APART = 10
"""Columns with the same trouble that get a sentence each; more share one."""


@dataclass(frozen=True)
class Alert:
    """One thing worth knowing before a model learns from a table.

    Parameters
    ----------
    code : str
        Stable name of the check.
    severity : Severity
        ``problem``: scores would be wrong or learning would fail. ``warning``: likely to hurt. ``info``: worth a look.
    columns : tuple of str
    sentence : str
        For people.
    evidence : dict
        The figures behind the sentence, plain JSON types.
    step : Step or None
        What would help; None where nothing is to be done to the table.
    """

    code: str
    severity: Severity
    columns: tuple[str, ...]
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)
    step: Step | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        step = self.step.to_dict() if self.step else None
        return {**vars(self), "columns": list(self.columns), "step": step}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Alert:
        """Rebuild an alert from `to_dict`'s output."""
        step = Step(**data["step"]) if data["step"] else None
        return cls(**{**data, "columns": tuple(data["columns"]), "step": step})


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    frame: pd.DataFrame
    schema: Schema
    columns: Sequence[ColumnProfile]
    duplicates: int
    pairs: Sequence[Association]
    target: str


def find_alerts(
    frame: pd.DataFrame,
    schema: Schema,
    columns: Sequence[ColumnProfile],
    duplicates: int,
    pairs: Sequence[Association],
    target: str,
) -> list[Alert]:
    """Run every check of `CHECKS` and return what they found, problems first."""
    facts = Facts(frame, schema, columns, duplicates, pairs, target)
    if not len(frame):
        return [Alert("no_rows", "problem", (), "The table has no rows, so there is nothing to learn from.")]
    found = [alert for check in CHECKS for alert in check(facts)]
    found.sort(key=lambda alert: SEVERITIES.index(alert.severity))
    return found


def _drop(columns: Sequence[str], reason: str) -> Step:
    return Step("drop_columns", {"columns": list(columns)}, reason)


def _apart(found: Collection[str]) -> list[tuple[str, ...]]:
    """Return the columns one by one while they are few, all at once when they are many."""
    names = tuple(found)
    return [(name,) for name in names] if len(names) <= APART else [names]


def constant(facts: Facts) -> Iterator[Alert]:
    """Columns with one value or none."""
    names = tuple(c.name for c in facts.columns if c.distinct <= 1 and c.name != facts.target)
    if names:
        one = len(names) == 1
        have, them = ("has", "it") if one else ("each have", "them")
        sentence = f"{listed(names)} {have} one value or none, so there is nothing to learn from {them}."
        yield Alert("constant", "warning", names, sentence, {"columns": len(names)}, _drop(names, sentence))


def mostly_missing(facts: Facts) -> Iterator[Alert]:
    """Columns of which more than half is missing."""
    mostly = [c for c in facts.columns if c.distinct > 1 and c.missing_share > MOSTLY and c.name != facts.target]
    shares = {c.name: c.missing_share for c in mostly}
    for names in _apart(shares):
        if len(names) == 1:
            sentence = f"{quoted(names[0])} is missing in {percent(shares[names[0]])} of the rows."
        else:
            sentence = f"{listed(names)} are missing in more than {percent(MOSTLY)} of the rows."
        yield Alert("mostly_missing", "warning", names, sentence, {name: shares[name] for name in names}, _drop(names, sentence))


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


def duplicate_rows(facts: Facts) -> Iterator[Alert]:
    """Rows that are exact copies."""
    if facts.duplicates > 0:
        rows = counted(facts.duplicates, "row is an exact copy", "rows are exact copies")
        sentence = f"{rows} of an earlier one. The same case in learning and judging makes scores look too good."
        yield Alert("duplicate_rows", "warning", (), sentence, {"rows": facts.duplicates}, Step("drop_duplicates", {}, sentence))


def target_missing(facts: Facts) -> Iterator[Alert]:
    """Rows without an outcome."""
    for c in facts.columns:
        if c.name == facts.target and c.missing:
            rows = counted(c.missing, "row has", "rows have")
            sentence = f"{rows} no value of the target {quoted(c.name)}; they are not learned from."
            yield Alert("target_missing", "warning", (c.name,), sentence, {"rows": c.missing})


def target_constant(facts: Facts) -> Iterator[Alert]:
    """Outcomes that never differ."""
    for c in facts.columns:
        if c.name == facts.target and c.distinct <= 1:
            what = "one value only" if c.distinct else "no value at all"
            sentence = f"The target {quoted(c.name)} has {what}, so there is nothing to predict. Choose another target."
            yield Alert("target_constant", "problem", (c.name,), sentence, {"distinct": c.distinct})


def unbalanced_target(facts: Facts) -> Iterator[Alert]:
    """Labels that are rare, and labels with hardly any row."""
    target = next((c for c in facts.columns if c.name == facts.target), None)
    if target is None:
        return
    counts = facts.frame[target.name].value_counts()
    labels = target.kind in ("category", "boolean") or len(counts) == 2
    if not labels or len(counts) < 2 or len(counts) > 100:
        return
    few = [str(label) for label, count in counts.items() if count < FEW_ROWS]
    if few:
        sentence = f"The target's {'label' if len(few) == 1 else 'labels'} {listed(few)} {has(few)} fewer than {FEW_ROWS} rows."
        merge = "Merge them with others, or leave their rows out."
        yield Alert("rare_class", "problem", (target.name,), f"{sentence} {merge}", {"labels": few})
    share = float(counts.iloc[-1] / counts.sum())
    if share < 0.1 and not few:
        sentence = f"Only {percent(share)} of the rows are {quoted(str(counts.index[-1]))} in the target: accuracy would mislead."
        yield Alert("unbalanced_target", "info", (target.name,), sentence, {"share": share})


def leak(facts: Facts) -> Iterator[Alert]:
    """Columns that give the outcome away."""
    for pair in facts.pairs:
        if pair.first == facts.target and pair.strength > LEAK:
            sentence = (
                f"{quoted(pair.second)} tells the target almost perfectly. If it is only known after the outcome, "
                "the model would be useless for new rows."
            )
            step = _drop([pair.second], sentence)
            yield Alert("leak", "problem", (pair.second,), sentence, {"strength": pair.strength}, step)


def redundant(facts: Facts) -> Iterator[Alert]:
    """Columns that say the same as another one."""
    distinct = {c.name: c.distinct for c in facts.columns}
    same: dict[str, list[Association]] = {}
    gone: set[str] = set()
    for pair in facts.pairs:  # the strongest first; a column that is left out is no longer compared with
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
        yield Alert("redundant", "info", (kept, *names), sentence, {"strength": weakest}, _drop(names, sentence))


def looks_like_id(facts: Facts) -> Iterator[Alert]:
    """Keys, and words that hardly repeat."""
    found = {
        c.name: c.distinct
        for c in facts.columns
        if c.name != facts.target
        and (known := c.rows - c.missing) >= 20
        and (c.kind == "id" or (c.kind == "category" and c.distinct > 0.9 * known))
    }
    for names in _apart(found):
        are, say = ("is", "a key; it says") if len(names) == 1 else ("are", "keys; they say")
        sentence = f"{listed(names)} {are} different in nearly every row, like {say} nothing about new rows."
        yield Alert("looks_like_id", "warning", names, sentence, {name: found[name] for name in names}, _drop(names, sentence))


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
    for c in facts.columns:
        if c.kind == "category" and c.name != facts.target and 2 < c.distinct <= MANY_VALUES:
            shares = facts.frame[c.name].value_counts(normalize=True)
            rare = int(shares.lt(RARE).sum())
            if rare > 1:  # one rare value alone gains nothing from being put in a group of its own
                found[c.name] = rare
    if found:
        names = tuple(found)
        most = max(names, key=lambda name: found[name])
        others = f" So it is in {listed([name for name in names if name != most])}." if len(names) > 1 else ""
        sentence = f"In {quoted(most)} {found[most]:,} values have fewer than {percent(RARE)} of the rows each.{others}"
        step = Step("group_rare", {"columns": list(names), "min_share": RARE}, sentence)
        yield Alert("rare_values", "info", names, sentence, found, step)


def zeros_as_missing(facts: Facts) -> Iterator[Alert]:
    """Zeros that stand apart from numbers which are otherwise far from zero."""
    for c in facts.columns:
        if c.kind != "number" or c.name == facts.target or c.distinct <= 10 or c.numbers["negative"]:
            continue
        share = c.numbers["zeros"] / (c.rows - c.missing)
        if not MISSING < share < 1:
            continue
        values = facts.frame[c.name]
        positive = values[(values > 0) & (values < float("inf"))]
        # Counts and amounts reach down to zero; where they stop well before it, a zero is often a measurement that was not made.
        lowest = float(positive.min())
        if lowest >= 0.1 * float(positive.median()):
            sentence = (
                f"{quoted(c.name)} is 0 in {percent(share)} of the rows and at least {number(lowest)} in all others. "
                "Does 0 mean that it is not known?"
            )
            step = Step("null_words", {"columns": [c.name], "words": ["0"]}, sentence)
            yield Alert("zeros_as_missing", "info", (c.name,), sentence, {"share": share, "lowest": lowest}, step)


def untidy_labels(facts: Facts) -> Iterator[Alert]:
    """Words that differ only by case or by spaces."""
    for c in facts.columns:
        if c.kind not in ("category", "boolean"):
            continue
        words = [str(word) for word in facts.frame[c.name].dropna().unique()]
        groups: dict[str, list[str]] = {}
        for word in words:
            groups.setdefault(" ".join(word.split()).casefold(), []).append(word)
        alike = next((group for group in groups.values() if len(group) > 1), None)
        if alike is not None:
            sentence = f"{quoted(c.name)} has values that differ only by case or spaces, such as {listed(sorted(alike))}."
            by_case = any(len({" ".join(word.split()) for word in group}) > 1 for group in groups.values())
            step = Step("trim_text", {"columns": [c.name], "case": "lower" if by_case else "keep"}, sentence)
            severity: Severity = "problem" if c.name == facts.target else "warning"
            yield Alert("untidy_labels", severity, (c.name,), sentence, {"values": sorted(alike)}, step)


def outliers(facts: Facts) -> Iterator[Alert]:
    """Numbers far outside the rest (Tukey's outer fences)."""
    found: dict[str, dict[str, float]] = {}
    for c in facts.columns:
        if c.kind != "number" or c.name == facts.target or c.distinct < 10:
            continue
        width = 3 * (c.numbers["q75"] - c.numbers["q25"])
        low, high = c.numbers["q25"] - width, c.numbers["q75"] + width
        values = facts.frame[c.name]
        count = int(((values < low) | (values > high)).sum()) - c.infinite if width > 0 else 0
        if 0 < count <= 0.05 * c.rows:
            far = c.numbers["max"] if c.numbers["max"] > high else c.numbers["min"]
            found[c.name] = {"rows": count, "low": low, "high": high, "far": far}
    if found:
        names = tuple(found)
        most = max(names, key=lambda name: found[name]["rows"])
        count = int(found[most]["rows"])
        rows = counted(count, "row lies", "rows lie")
        others = f" So it is in {listed([name for name in names if name != most])}." if len(names) > 1 else ""
        sentence = f"In {quoted(most)} {rows} far outside the rest, such as {number(found[most]['far'], 6)}.{others}"
        yield Alert("outliers", "info", names, sentence, found, Step("clip_outliers", {"columns": list(names)}, sentence))


def skewed(facts: Facts) -> Iterator[Alert]:
    """Numbers with a long tail."""
    long = {
        c.name: c.numbers["skew"]
        for c in facts.columns
        if c.kind == "number" and c.name != facts.target and c.distinct > 10 and abs(c.numbers["skew"]) > 3
    }
    if long:
        names = tuple(long)
        models = "linear models and neighbours do better with it evened out"
        sentence = f"{listed(names)} {has(names)} a long tail of values; {models}."
        yield Alert("skewed", "info", names, sentence, long, Step("transform_power", {"columns": list(names)}, sentence))


def infinite(facts: Facts) -> Iterator[Alert]:
    """Cells that are infinite."""
    for c in facts.columns:
        if c.infinite:
            cells = counted(c.infinite, "cell", "cells")
            sentence = f"{quoted(c.name)} has {cells} that {'is' if c.infinite == 1 else 'are'} infinite, which no model can use."
            step = Step("null_words", {"columns": [c.name], "words": ["inf", "-inf"]}, sentence)
            yield Alert("infinite", "problem", (c.name,), sentence, {"cells": c.infinite}, step)


def personal_data(facts: Facts) -> Iterator[Alert]:
    """Addresses and telephone numbers of people."""
    for c in facts.columns:
        if c.name != facts.target and personal(facts.frame[c.name]):
            what = f"The cells of {quoted(c.name)} look like e-mail addresses or telephone numbers."
            sentence = f"{what} A model should not know people by them."
            yield Alert("personal_data", "warning", (c.name,), sentence, {}, _drop([c.name], sentence))


def future_dates(facts: Facts) -> Iterator[Alert]:
    """Dates that are yet to come."""
    now = pd.Timestamp.now()
    for c in facts.columns:
        if c.kind == "date":
            count = int((facts.frame[c.name] > now).sum())
            if count:
                rows = counted(count, "date", "dates")
                sentence = f"{quoted(c.name)} has {rows} in the future, up to {c.last[:10]}. Is that meant?"
                yield Alert("future_dates", "info", (c.name,), sentence, {"rows": count})


CHECKS: tuple[Callable[[Facts], Iterator[Alert]], ...] = (
    leak,
    infinite,
    target_constant,
    unbalanced_target,
    target_missing,
    untidy_labels,
    duplicate_rows,
    personal_data,
    constant,
    looks_like_id,
    mostly_missing,
    missing,
    redundant,
    many_values,
    rare_values,
    zeros_as_missing,
    outliers,
    skewed,
    future_dates,
)

"""What is wrong with a table, in plain words, each with the step that would help."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from automl_core.cleaning.propose import personal
from automl_core.cleaning.recipe import Step
from automl_core.profiling.associations import Association
from automl_core.profiling.summaries import ColumnProfile
from automl_core.schema import Schema

Severity = Literal["problem", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "info")
MISSING, MOSTLY = 0.05, 0.5
REDUNDANT, LEAK = 0.95, 0.98
MANY_VALUES = 50
FEW_ROWS = 5


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


def constant(facts: Facts) -> Iterator[Alert]:
    """Columns with one value or none."""
    names = tuple(c.name for c in facts.columns if c.distinct <= 1 and c.name != facts.target)
    if names:
        sentence = f"{listed(names)} {_has(names)} one value or none, so there is nothing to learn from {_it(names)}."
        yield Alert("constant", "warning", names, sentence, {"columns": len(names)}, _drop(names, sentence))


def mostly_missing(facts: Facts) -> Iterator[Alert]:
    """Columns of which more than half is missing."""
    for c in facts.columns:
        if c.distinct > 1 and c.missing_share > MOSTLY and c.name != facts.target:
            sentence = f"{quoted(c.name)} is missing in {percent(c.missing_share)} of the rows."
            yield Alert("mostly_missing", "warning", (c.name,), sentence, {"share": c.missing_share}, _drop([c.name], sentence))


def missing(facts: Facts) -> Iterator[Alert]:
    """Columns with a part missing."""
    some = [c for c in facts.columns if c.distinct > 1 and MISSING < c.missing_share <= MOSTLY and c.name != facts.target]
    if some:
        names = tuple(c.name for c in some)
        worst = max(some, key=lambda c: c.missing_share)
        sentence = f"{listed(names)} {_have(names)} missing cells, up to {percent(worst.missing_share)} in {quoted(worst.name)}."
        yield Alert(
            "missing", "info", names, sentence, {c.name: c.missing_share for c in some}, Step("impute", {"columns": list(names)}, sentence)
        )


def duplicate_rows(facts: Facts) -> Iterator[Alert]:
    """Rows that are exact copies."""
    if facts.duplicates > 0:
        rows = f"{facts.duplicates:,} {'row is an exact copy' if facts.duplicates == 1 else 'rows are exact copies'}"
        sentence = f"{rows} of an earlier one. The same case in learning and judging makes scores look too good."
        yield Alert("duplicate_rows", "warning", (), sentence, {"rows": facts.duplicates}, Step("drop_duplicates", {}, sentence))


def target_missing(facts: Facts) -> Iterator[Alert]:
    """Rows without an outcome."""
    for c in facts.columns:
        if c.name == facts.target and c.missing:
            rows = f"{c.missing:,} {'row has' if c.missing == 1 else 'rows have'}"
            sentence = f"{rows} no value of the target {quoted(c.name)}; they are not learned from."
            yield Alert("target_missing", "warning", (c.name,), sentence, {"rows": c.missing})


def unbalanced_target(facts: Facts) -> Iterator[Alert]:
    """A label that is rare, and labels with hardly any row."""
    target = next((c for c in facts.columns if c.name == facts.target), None)
    if target is None:
        return
    counts = facts.frame[target.name].value_counts()
    labels = target.kind in ("category", "boolean") or len(counts) == 2
    if not labels or len(counts) < 2 or len(counts) > 100:
        return
    few = [str(label) for label, count in counts.items() if count < FEW_ROWS]
    if few:
        sentence = f"The target's {'label' if len(few) == 1 else 'labels'} {listed(few)} {_have(few)} fewer than {FEW_ROWS} rows."
        merge = "Merge them with others, or leave their rows out."
        yield Alert("rare_class", "problem", (target.name,), f"{sentence} {merge}", {"labels": few})
    share = float(counts.iloc[-1] / counts.sum())
    if share < 0.1 and not few:
        sentence = f"Only {percent(share)} of the rows are {quoted(str(counts.index[-1]))} in the target: accuracy would mislead."
        yield Alert("unbalanced_target", "info", (target.name,), sentence, {"share": share})


def leak(facts: Facts) -> Iterator[Alert]:
    """A column that gives the outcome away."""
    for pair in facts.pairs:
        if pair.first == facts.target and pair.strength > LEAK:
            sentence = (
                f"{quoted(pair.second)} tells the target almost perfectly. If it is only known after the outcome, "
                "the model would be useless for new rows."
            )
            step = _drop([pair.second], sentence)
            yield Alert("leak", "problem", (pair.second,), sentence, {"strength": pair.strength}, step)


def redundant(facts: Facts) -> Iterator[Alert]:
    """Two columns that say the same."""
    distinct = {c.name: c.distinct for c in facts.columns}
    for pair in facts.pairs:
        if facts.target not in (pair.first, pair.second) and pair.strength > REDUNDANT:
            sentence = f"{quoted(pair.first)} and {quoted(pair.second)} say nearly the same (association {pair.strength:.2f} of 1)."
            coarser = min((pair.second, pair.first), key=lambda name: distinct[name])
            step = _drop([coarser], sentence)
            yield Alert("redundant", "info", (pair.first, pair.second), sentence, {"strength": pair.strength}, step)


def looks_like_id(facts: Facts) -> Iterator[Alert]:
    """Keys, and words that hardly repeat."""
    for c in facts.columns:
        known = c.rows - c.missing
        if c.name == facts.target or known < 20:
            continue
        if c.kind == "id" or (c.kind == "category" and c.distinct > 0.9 * known):
            sentence = f"{quoted(c.name)} is different in nearly every row, like a key; it says nothing about new rows."
            yield Alert("looks_like_id", "warning", (c.name,), sentence, {"distinct": c.distinct}, _drop([c.name], sentence))


def many_values(facts: Facts) -> Iterator[Alert]:
    """Words of very many kinds."""
    many = {
        c.name: c.distinct
        for c in facts.columns
        if c.kind == "category" and c.name != facts.target and MANY_VALUES < c.distinct <= 0.9 * (c.rows - c.missing)
    }
    if many:
        names = tuple(many)
        sentence = f"{listed(names)} {_have(names)} many different values, up to {max(many.values()):,}, most with few rows."
        yield Alert("many_values", "info", names, sentence, many, Step("group_rare", {"columns": list(names)}, sentence))


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
            step = Step("trim_text", {"columns": [c.name], "case": "lower"}, sentence)
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
        count = int(((values < low) | (values > high)).sum()) if width > 0 else 0
        if 0 < count <= 0.05 * c.rows:
            far = c.numbers["max"] if c.numbers["max"] > high else c.numbers["min"]
            found[c.name] = {"rows": count, "low": low, "high": high, "far": far}
    if found:
        names = tuple(found)
        most = max(names, key=lambda name: found[name]["rows"])
        count = int(found[most]["rows"])
        rows = f"{count:,} {'row lies' if count == 1 else 'rows lie'}"
        others = f" So it is in {listed([name for name in names if name != most])}." if len(names) > 1 else ""
        sentence = f"In {quoted(most)} {rows} far outside the rest, such as {found[most]['far']:,.6g}.{others}"
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
        sentence = f"{listed(names)} {_have(names)} a long tail of values; linear models and neighbours do better with it evened out."
        yield Alert("skewed", "info", names, sentence, long, Step("transform_power", {"columns": list(names)}, sentence))


def infinite(facts: Facts) -> Iterator[Alert]:
    """Cells that are infinite."""
    for c in facts.columns:
        if c.infinite:
            cells = f"{c.infinite:,} {'cell' if c.infinite == 1 else 'cells'}"
            sentence = f"{quoted(c.name)} has {cells} that are infinite, which no model can use."
            step = Step("null_words", {"columns": [c.name], "words": ["inf", "-inf"]}, sentence)
            yield Alert("infinite", "problem", (c.name,), sentence, {"cells": c.infinite}, step)


def personal_data(facts: Facts) -> Iterator[Alert]:
    """Addresses and telephone numbers of people."""
    for c in facts.columns:
        if c.name != facts.target and personal(facts.frame[c.name]):
            sentence = f"{quoted(c.name)} holds e-mail addresses or telephone numbers. A model should not know people by them."
            yield Alert("personal_data", "warning", (c.name,), sentence, {}, _drop([c.name], sentence))


def future_dates(facts: Facts) -> Iterator[Alert]:
    """Dates that are yet to come."""
    now = pd.Timestamp.now()
    for c in facts.columns:
        if c.kind == "date":
            count = int((facts.frame[c.name] > now).sum())
            if count:
                rows = f"{count:,} {'date' if count == 1 else 'dates'}"
                sentence = f"{quoted(c.name)} has {rows} in the future, up to {c.last[:10]}. Is that meant?"
                yield Alert("future_dates", "info", (c.name,), sentence, {"rows": count})


CHECKS: tuple[Callable[[Facts], Iterator[Alert]], ...] = (
    leak,
    infinite,
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
    outliers,
    skewed,
    future_dates,
)


def quoted(name: str) -> str:
    """Return a name in quotes, cut where it is very long."""
    return f"'{name if len(name) <= 60 else name[:59] + '…'}'"


def listed(names: Sequence[str]) -> str:
    """Return up to four names as a list for a sentence."""
    shown = [quoted(name) for name in names[:4]]
    if len(names) > 4:
        return f"{', '.join(shown)} and {len(names) - 4:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def percent(share: float) -> str:
    """Return a share as people read it."""
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"


def _has(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "each have"


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"

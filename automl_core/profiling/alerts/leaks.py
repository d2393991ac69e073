"""Columns that may only be known once the outcome is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from automl_core.profiling.alerts.base import Alert, Facts, apart, drop
from automl_core.profiling.relation import Relation
from automl_core.profiling.wording import counted, has, listed, percent, quoted

LEAK = 0.95
"""AUC or R squared of a column alone from which on it gives the outcome away."""
SAME_ORDER = 0.98
"""Association with the target above which it does so too."""
MEASURES = {"auc": "area under the ROC curve", "r2": "R²"}
LATER = 0.99
"""Share of the rows in which a date comes later that makes it one that follows."""
DATED = 20
"""Rows with both dates that are needed to say so."""
ROWS = 20_000


def leak(facts: Facts) -> Iterator[Alert]:
    """Columns that give the outcome away: measured by themselves, on rows that they did not learn from."""
    strengths = {pair.second: pair.strength for pair in facts.pairs if pair.first == facts.target}
    found: dict[str, tuple[Relation | None, float]] = {}
    for relation in facts.relations:
        if relation.score >= LEAK and relation.gaps < LEAK:
            found[relation.name] = (relation, strengths.get(relation.name, 0.0))
    for name, strength in strengths.items():
        if strength > SAME_ORDER and not any(relation.gaps >= LEAK for relation in facts.relations if relation.name == name):
            found.setdefault(name, (None, strength))
    why = "If it is only known after the outcome, the model would be useless for new rows."
    for names in apart(found):
        if len(names) > 1:
            sentence = f"{listed(names)} each tell the target almost perfectly. {why.replace('it is', 'they are')}"
            scores = {name: alone.score if alone else strength for name, (alone, strength) in found.items()}
            yield Alert("leak", "problem", names, sentence, scores, drop(names, sentence))
            continue
        alone, strength = found[names[0]]
        measured, evidence = f"association {strength:.2f} of 1", {"strength": strength}
        if alone:
            measured, evidence = f"{MEASURES[alone.measure]} {alone.score:.2f} by itself", {str(alone.measure): alone.score}
        sentence = f"{quoted(names[0])} tells the target almost perfectly ({measured}). {why}"
        yield Alert("leak", "problem", names, sentence, evidence, drop(names, sentence))


def missing_with_target(facts: Facts) -> Iterator[Alert]:
    """Columns that are missing where the outcome is, or by whose gaps alone it is known."""
    for relation in facts.relations:
        if relation.gaps >= LEAK:
            sentence = (
                f"Whether {quoted(relation.name)} is missing tells the target almost perfectly "
                f"({MEASURES[relation.measure]} {relation.gaps:.2f}). It is probably filled in once the outcome is known."
            )
            evidence = {str(relation.measure): relation.gaps}
            yield Alert("missing_with_target", "problem", (relation.name,), sentence, evidence, drop([relation.name], sentence))
    target = next((scan for scan in facts.scans if scan.profile.name == facts.target), None)
    if target is None or not 2 < target.profile.missing < target.profile.rows:
        return
    names = tuple(scan.profile.name for scan in facts.features if scan.profile.missing and scan.gaps == target.gaps)
    if names:
        rows = counted(target.profile.missing, "row", "rows")
        are = "is" if len(names) == 1 else "are"
        sentence = (
            f"{listed(names)} {are} missing in exactly the {rows} without an outcome, so {'it' if len(names) == 1 else 'they'} "
            f"{has(names)} probably been written down together with it."
        )
        yield Alert("missing_with_target", "warning", names, sentence, {"rows": target.profile.missing}, drop(names, sentence))


def after_event(facts: Facts) -> Iterator[Alert]:
    """Dates that follow another date in nearly every row, once there is an outcome to predict."""
    if not facts.target:
        return
    dates = facts.schema.of_kind("date")
    frame = facts.frame[dates]
    if len(frame) > ROWS:
        frame = frame.iloc[:: len(frame) // ROWS]
    if facts.target in dates:
        for name in dates:
            share = _later(frame[facts.target], frame[name]) if name != facts.target else 0.0
            if share >= LATER:
                sentence = (
                    f"{quoted(name)} comes after the target {quoted(facts.target)} in {percent(share)} of the rows, "
                    "so it is not known when the prediction is made."
                )
                yield Alert("after_event", "problem", (name,), sentence, {"share": share}, drop([name], sentence))
        return
    follow: dict[str, tuple[str, float]] = {}
    for one, other in combinations(dates, 2):
        for first, second in ((one, other), (other, one)):
            share = _later(frame[first], frame[second])
            if share >= LATER and share > follow.get(second, ("", 0.0))[1]:
                follow[second] = (first, share)
    for names in apart(follow):
        if len(names) == 1:
            first, share = follow[names[0]]
            comes = f"{quoted(names[0])} comes after {quoted(first)} in {percent(share)} of the rows."
        else:
            comes = f"{listed(names)} come after another date in nearly every row."
        sentence = f"{comes} If the prediction is made at the earlier date, the later one is not known yet."
        evidence = {name: follow[name][1] for name in names}
        yield Alert("after_event", "info", names, sentence, evidence, drop(names, sentence))


def _later(first: pd.Series, second: pd.Series) -> float:
    """Return the share of the rows with both dates in which the second comes later; 0 with few such rows or equal dates."""
    both = (first.notna() & second.notna()).to_numpy()
    if int(both.sum()) < DATED:
        return 0.0
    lag = (second.to_numpy() - first.to_numpy())[both]
    if float((lag > np.timedelta64(0)).mean()) < 0.5:
        return 0.0
    return float((lag >= np.timedelta64(0)).mean())

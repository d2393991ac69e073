"""How numbers and dates spread."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.profiling.alerts.base import Alert, Facts
from automl_core.profiling.wording import counted, has, listed, number, quoted


def outliers(facts: Facts) -> Iterator[Alert]:
    """Numbers far outside the rest (Tukey's outer fences)."""
    found: dict[str, dict[str, float]] = {}
    for scan in facts.features:
        c = scan.profile
        if c.kind != "number" or c.distinct < 10 or scan.spots is None:
            continue
        width = 3 * (c.numbers["q75"] - c.numbers["q25"])
        low, high = c.numbers["q25"] - width, c.numbers["q75"] + width
        if 0 < scan.spots.far <= 0.05 * c.rows:
            far = c.numbers["max"] if c.numbers["max"] > high else c.numbers["min"]
            found[c.name] = {"rows": scan.spots.far, "low": low, "high": high, "far": far}
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
        if c.kind == "number" and c.name != facts.target and c.distinct > 10 and abs(c.numbers.get("skew", 0.0)) > 3
    }
    if long:
        names = tuple(long)
        models = "linear models and neighbours do better with it evened out"
        sentence = f"{listed(names)} {has(names)} a long tail of values; {models}."
        yield Alert("skewed", "info", names, sentence, long, Step("transform_power", {"columns": list(names)}, sentence))


def future_dates(facts: Facts) -> Iterator[Alert]:
    """Dates that are yet to come."""
    now = pd.Timestamp.now()
    for c in facts.columns:
        if c.kind == "date" and c.last and pd.Timestamp(c.last) > now:
            count = int((facts.frame[c.name] > now).sum())
            rows = counted(count, "date", "dates")
            sentence = f"{quoted(c.name)} has {rows} in the future, up to {c.last[:10]}. Is that meant?"
            yield Alert("future_dates", "info", (c.name,), sentence, {"rows": count})

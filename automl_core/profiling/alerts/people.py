"""Columns by which people are known."""

from __future__ import annotations

from collections.abc import Iterator

from automl_core.data.personal import LOOKED_AT, SOME
from automl_core.profiling.alerts.base import Alert, Facts, drop
from automl_core.profiling.wording import counted, quoted


def personal_data(facts: Facts) -> Iterator[Alert]:
    """Addresses, telephone, card and account numbers of people."""
    for scan in facts.features:
        c = scan.profile
        if c.personal:
            sentence = f"The cells of {quoted(c.name)} look like {c.personal}. A model should not know people by them."
            yield Alert("personal_data", "warning", (c.name,), sentence, {"kind": c.personal}, drop([c.name], sentence))
        elif c.kind == "text" and scan.mentions > SOME * min(c.distinct, LOOKED_AT):
            texts = counted(scan.mentions, "text", "texts")
            looked = f"{min(c.distinct, LOOKED_AT):,} that were looked at"
            sentence = f"{quoted(c.name)} names addresses or numbers of people in {texts} of {looked}."
            evidence = {"texts": scan.mentions, "looked_at": min(c.distinct, LOOKED_AT)}
            yield Alert("personal_data", "warning", (c.name,), sentence, evidence, drop([c.name], sentence))

"""One column of the new rows against the reference: what moved, whether it matters, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from automl_core.distributions import Distribution, Filled, Numbers, Words
from automl_core.drift.chance import Effect, effect_of, fresh_effect, missing_effect
from automl_core.drift.methods import METHODS, Compared, compare, default_method
from automl_core.drift.pictures import picture_of
from automl_core.drift.report import ColumnDrift, Verdict
from automl_core.experiment import Decision
from automl_core.profiling.wording import counted, listed, number, percent, quoted

WATCH = 0.05
"""Share of the rows that must have moved, beyond chance, for a column to be watched."""
ACT = 0.10
"""The same, times the root of the column's importance, for something to be done."""
RANGE = 0.01
"""Share of rows beyond the range seen before, or with new words, from which on it is told."""
NAMED = 10
"""Words that are named."""


@dataclass(frozen=True)
class Rules:
    """How columns are compared and judged: see `check.DriftSettings`; `columns` is how many are compared at once."""

    columns: int
    rule: str = "effect"
    method: str = ""
    thresholds: dict[str, float] | None = None
    seed: int = 0


def compare_column(
    name: str, kind: str, reference: Distribution, new: Distribution, rules: Rules, *, importance: float = 1.0
) -> ColumnDrift:
    """Compare one column.

    Parameters
    ----------
    name, kind : str
    reference, new : Numbers, Words or Filled
        Where one is `Filled`, only the share of missing cells is compared.
    rules : Rules
    importance : float
        0 to 1.
    """
    gaps = missing_effect(reference, new, columns=rules.columns)
    facts = ColumnDrift(
        name, kind, importance=importance, missing_before=reference.missing, missing_after=new.missing,
    )  # fmt: skip
    comparable = isinstance(reference, Numbers | Words) and type(reference) is type(new) and reference.filled and new.filled
    if not comparable:
        return _judged(facts, gaps, None, rules, _gap_sentence(facts, gaps))
    assert isinstance(reference, Numbers | Words) and isinstance(new, Numbers | Words)
    moved = effect_of(reference, new, columns=rules.columns, seed=rules.seed, chance=rules.rule == "effect")
    if isinstance(reference, Words) and isinstance(new, Words) and not reference.rest:
        fresh = fresh_effect(reference, new, columns=rules.columns)
        moved = max((moved, fresh), key=lambda effect: effect.shift)
    found = compare(reference, new, _fitting(rules.method, reference), rules.thresholds)
    facts = _with_news(replace(facts, picture=picture_of(kind, reference, new)), reference, new)
    largest = max((moved, gaps), key=lambda effect: (effect.shift, effect.size))
    told = _sentence(facts, moved, gaps, reference, new)
    return _judged(facts, largest, found, rules, told)


def _fitting(method: str, reference: Numbers | Words) -> str:
    """Return the chosen method where it can compare the column, and otherwise the one that fits."""
    if not method or method not in METHODS:
        return method  # an unknown one is refused where it is used
    chosen = METHODS[method]
    return method if (chosen.ordered if isinstance(reference, Numbers) else chosen.counted) else ""


def _with_news(facts: ColumnDrift, reference: Numbers | Words, new: Numbers | Words) -> ColumnDrift:
    """Add what occurs only on one side."""
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        inside = (
            new.share_up_to(np.array([reference.high]))[0] - new.share_up_to(np.array([np.nextafter(reference.low, -np.inf)]))[0]
        )
        return replace(facts, outside=float(max(1 - inside, 0.0)))
    assert isinstance(reference, Words) and isinstance(new, Words)
    if reference.rest:
        return facts  # words that are not counted one by one cannot be told from new ones
    fresh = {word: count for word, count in new.counts.items() if word not in reference.counts}
    gone = [word for word, count in reference.counts.items() if word not in new.counts and _expected(reference, new, count) > 7]
    return replace(
        facts,
        new_values=tuple(list(fresh)[:NAMED]),
        new_distinct=len(fresh),
        new_share=sum(fresh.values()) / new.filled,
        vanished=tuple(gone[:NAMED]),
    )


def _expected(reference: Words, new: Words, count: int) -> float:
    """Return how often a word should occur among the new rows; from seven times on it hardly ever misses by chance."""
    return count / reference.filled * new.filled


def judge(effect: Effect, importance: float, kind: str) -> Decision[Verdict]:
    """Return whether a change matters.

    Parameters
    ----------
    effect : Effect
    importance : float
        0 to 1.
    kind : str
        Dates move on by themselves: they are never more than watched.
    """
    if not effect.real:
        return Decision("nothing", "")  # the sentence says so
    if effect.shift < WATCH:
        return Decision("nothing", "it is more than chance explains, but little")
    if kind == "date":
        return Decision("watch", "dates move on by themselves")
    if effect.shift * importance**0.5 >= ACT:
        return Decision("act", f"chance alone explains up to {percent(effect.expected)}")
    if importance < 0.01:
        return Decision("watch", "the model hardly looks at this column")
    return Decision("watch", "the model depends little on it" if importance < 0.5 else "it is not much")


def _judged(facts: ColumnDrift, effect: Effect, found: Compared | None, rules: Rules, told: str) -> ColumnDrift:
    decision = judge(effect, facts.importance, facts.kind)
    verdict, reason = decision.value, decision.reason
    if rules.rule == "evidently":
        verdict = "watch" if found is not None and found.drifted else "nothing"
        reason = _by_method(found)
    sentence = f"{told} {reason[:1].upper()}{reason[1:]}." if reason else told
    if found is not None:
        facts = replace(facts, method=found.method, statistic=found.statistic, threshold=found.threshold, drifted=found.drifted)
    return replace(facts, effect=effect.size, expected=effect.expected, shift=effect.shift, verdict=verdict, sentence=sentence)


def _by_method(found: Compared | None) -> str:
    if found is None:
        return "no method can compare it"
    method = METHODS[found.method]
    what = "p-value" if method.test else "distance"
    relation = ("below" if found.drifted else "above") if method.test else ("above" if found.drifted else "below")
    return f"{method.label}: {what} {number(found.statistic, 3)}, {relation} the threshold {number(found.threshold, 3)}"


def _gap_sentence(facts: ColumnDrift, gaps: Effect) -> str:
    if facts.missing_after == 1 and facts.missing_before < 1:
        return f"{quoted(facts.name)} has no value at all; before, {percent(facts.missing_before)} of the cells were empty."
    if facts.missing_before == 1 and facts.missing_after < 1:
        return f"{quoted(facts.name)} was empty before and has values now."
    return _gaps_told(facts, gaps) or f"{quoted(facts.name)}: as many cells are empty as before."


def _gaps_told(facts: ColumnDrift, gaps: Effect) -> str:
    if not gaps.real or gaps.size < RANGE:
        return ""
    return f"{quoted(facts.name)} has {percent(facts.missing_after)} empty cells, before {percent(facts.missing_before)}."


def _sentence(facts: ColumnDrift, moved: Effect, gaps: Effect, reference: Numbers | Words, new: Numbers | Words) -> str:
    """Return what changed, most telling first."""
    name, told = quoted(facts.name), []
    if gap := _gaps_told(facts, gaps):
        told.append(gap)
    if facts.new_share > RANGE and moved.real:
        rows = percent(facts.new_share)
        words = f"{counted(facts.new_distinct, 'word', 'words')} never seen before"
        told.append(f"{name}: {rows} of the rows have {words}, such as {listed(facts.new_values[:3])}.")
    if facts.vanished and moved.real:
        told.append(f"{name}: {listed(facts.vanished)} no longer {'occurs' if len(facts.vanished) == 1 else 'occur'}.")
    if facts.outside > max(RANGE, 10 / reference.filled) and isinstance(reference, Numbers):
        told.append(f"{name}: {percent(facts.outside)} of the rows lie beyond the range seen before, {_range(facts, reference)}.")
    if moved.real and moved.size >= RANGE:
        told.append(f"{name}: {percent(moved.size)} of the rows moved{_how(facts, reference, new)}.")
    if told:
        return " ".join(told[:3])
    within = f", and chance explains up to {percent(moved.expected)}" if not moved.real else ""
    return f"{name} looks as before: {percent(moved.size)} of the rows differ{within}."


def _range(facts: ColumnDrift, reference: Numbers) -> str:
    return f"{_value(facts.kind, reference.low)} to {_value(facts.kind, reference.high)}"


def _value(kind: str, value: float) -> str:
    return pd.Timestamp(value, unit="s").isoformat()[:10] if kind == "date" else number(value)


def _how(facts: ColumnDrift, reference: Numbers | Words, new: Numbers | Words) -> str:
    if isinstance(reference, Numbers) and isinstance(new, Numbers):
        if abs(new.mean - reference.mean) > 0.1 * max(reference.std, 1e-12):
            return f"; the mean is {_value(facts.kind, new.mean)}, before {_value(facts.kind, reference.mean)}"
        return f"; the spread is {number(new.std, 3)}, before {number(reference.std, 3)}" if facts.kind != "date" else ""
    assert isinstance(reference, Words) and isinstance(new, Words)
    shares = {
        word: (reference.counts.get(word, 0) / reference.filled, new.counts.get(word, 0) / new.filled)
        for word in dict.fromkeys([*list(reference.counts)[:1000], *list(new.counts)[:1000]])
    }
    word, (before, after) = max(shares.items(), key=lambda item: abs(item[1][1] - item[1][0]))
    return f"; most of all {quoted(word)}, {percent(after)} of them, before {percent(before)}"


def fitting_method(reference: Distribution) -> str:
    """Return the method that is used for a column by default, empty for keys."""
    if isinstance(reference, Filled) or not reference.filled:
        return ""
    values = reference.distinct(6) if isinstance(reference, Numbers) else list(reference.counts)[:6]
    return default_method(reference, len(values))

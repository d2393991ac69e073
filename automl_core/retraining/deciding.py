"""The two decisions of a policy: whether it is time, and what becomes of a new version. Both are plain and have a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from automl_core.experiment import Decision
from automl_core.registry.paired import Paired
from automl_core.retraining.policy import Policy, Then

DAY = 86_400.0
LIMITS = ("errors", "latency", "performance")
REST = 1.0
"""Days that a policy rests at least after what it saw in use: what it did must show before it does it again."""
Fate = Literal["promote", "challenger", "keep"]


@dataclass(frozen=True)
class Facts:
    """What is known when a policy is looked at.

    Parameters
    ----------
    now : float
    last : float
        When it last fired, or was made.
    fired : float
        When it last fired, 0 for never.
    arrived : int
        New files, or 1 for a watched file that was written anew.
    writing : int
        Files that are still being written.
    rows : int
        New rows of a watched table.
    drift : str
        The verdict of the last look, empty where there was none.
    drop : float or None
        By which share performance fell, None where unknown.
    crossed : tuple of str
        Codes of the alerts of this look.
    champion : int
        0 for none.
    has_earlier : bool
        Whether there was a champion before.
    """

    now: float
    last: float
    fired: float = 0.0
    arrived: int = 0
    writing: int = 0
    drift: str = ""
    drop: float | None = None
    crossed: tuple[str, ...] = ()
    champion: int = 1
    has_earlier: bool = True
    rows: int = 0


def due(policy: Policy, facts: Facts) -> Decision[bool]:
    """Say whether a policy shall fire now, and why."""
    if not policy.enabled:
        return Decision(False, "It is switched off.")
    if not facts.champion:
        return Decision(False, "There is no champion to set a new version against.")
    if policy.then == "rollback" and not facts.has_earlier:
        return Decision(False, "There is no earlier champion to go back to.")
    if policy.then == "fallback" and policy.fallback == facts.champion:
        return Decision(False, f"Version {policy.fallback} answers already.")
    since = (facts.now - facts.last) / DAY
    pause = max(policy.pause_days, REST if policy.when in ("drift", "performance", "limits") else 0.0)
    rested = (facts.now - facts.fired) / DAY
    if facts.fired and rested < pause:
        return Decision(False, f"It fired {rested:.1f} days ago and pauses for {pause:g}.")
    if policy.when == "time":
        if since >= policy.days:
            return Decision(True, f"{since:.1f} days have passed; it runs every {policy.days:g}.")
        return Decision(False, f"{since:.1f} of {policy.days:g} days have passed.")
    if policy.when == "data" and policy.database:
        if facts.arrived:
            return Decision(True, f"{facts.rows:,} new rows arrived.")
        return Decision(False, f"{facts.rows:,} of {policy.least:,} new rows arrived." if facts.rows else "No new row arrived.")
    if policy.when == "data":
        if facts.arrived:
            return Decision(True, f"{facts.arrived:,} new {'file' if facts.arrived == 1 else 'files'} arrived.")
        if facts.writing:
            are = "1 file is" if facts.writing == 1 else f"{facts.writing:,} files are"
            return Decision(False, f"{are} still being written.")
        return Decision(False, "No new file arrived.")
    if policy.when == "drift":
        if facts.drift == "act":
            return Decision(True, "The drift verdict is to act.")
        return Decision(False, f"The drift verdict is {facts.drift}." if facts.drift else "Drift was not looked at yet.")
    if policy.when == "performance":
        if facts.drop is None:
            return Decision(False, "The performance is not known yet.")
        if facts.drop >= policy.drop:
            return Decision(True, f"Performance fell by {facts.drop:.1%}; the policy's limit is {policy.drop:.0%}.")
        return Decision(False, f"Performance fell by {max(facts.drop, 0.0):.1%}; the policy's limit is {policy.drop:.0%}.")
    found = [code for code in facts.crossed if code in LIMITS]
    if found:
        return Decision(True, f"A limit was crossed: {', '.join(found)}.")
    return Decision(False, "No limit was crossed.")


def fate(then: Then, compared: Paired) -> Decision[Fate]:
    """Say what becomes of a new version that was set against the champion on rows that neither learned.

    Nothing is promoted that does not win by more than chance; what loses is kept, and no alias points at it.
    """
    if compared.outcome == "worse":
        return Decision("keep", f"It loses: {compared.sentence}")
    if compared.outcome == "too few rows":
        return Decision("keep", f"It cannot be judged: {compared.sentence}")
    if compared.outcome == "better":
        if then == "promote":
            return Decision("promote", f"It wins: {compared.sentence}")
        return Decision("challenger", f"It wins, and a person decides: {compared.sentence}")
    return Decision("challenger", f"It does not win, and a person may decide: {compared.sentence}")

"""What a policy does when it fires: collect rows, learn, register, set against the champion, decide, and write down why."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_core.errors import AutoMLError, InputError, NotFoundError
from automl_core.events import Message
from automl_core.jobs.context import JobContext
from automl_core.registry.store import Registered
from automl_core.retraining.deciding import Facts, due
from automl_core.retraining.policy import Firing, Policy, list_firings, list_policies, readable_policies, save_firing
from automl_core.retraining.tables import new_rows, settle
from automl_core.retraining.watching import MOST, Arrivals, arrivals, stamp
from automl_core.worker.candidates import Emit, ShouldStop
from automl_core.worker.renewing import learn
from automl_core.worker.versions import mirror
from automl_core.workspace import at_work, new_id, read_json, write_json

if TYPE_CHECKING:
    from automl_core.monitoring.alerts import Alert
    from automl_core.monitoring.summary import DriftCheck, Status


@dataclass(frozen=True)
class Looked:
    """What a look at one registered model gave: its status, the alerts told, and the firings with their policies' reasons."""

    model: str
    status: Status | None
    alerts: tuple[str, ...]
    act: bool
    firings: tuple[Firing, ...]
    waiting: tuple[str, ...]
    fault: str = ""


def look_at(
    registered: Registered,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    drift: DriftCheck | None = None,
    now: float | None = None,
) -> Looked:
    """Look at one registered model and let its policies fire that are due.

    Parameters
    ----------
    registered : Registered
    emit : callable
        Takes each event.
    should_stop : callable
    drift : callable, optional
        See `monitoring.summary`.
    now : float, optional

    Returns
    -------
    Looked
        A policy that fails is a firing with the outcome ``failed`` and the reason; the others fire all the same.
    """
    from automl_core.monitoring.check import check
    from automl_core.monitoring.settings import settings_of

    moment = time.time() if now is None else now
    try:
        name = registered.name
    except AutoMLError as error:  # one damaged model does not end the watch over the others
        return Looked(registered.id, None, (), False, (), (), str(error))
    status: Status | None = None
    told: tuple[Alert, ...] = ()
    fault = ""
    policies, damaged = readable_policies(registered)
    needs = any(policy.enabled and policy.when in ("drift", "performance", "limits") for policy in policies)
    if settings_of(registered).watched or needs:
        try:
            status, told = check(registered, drift=drift, now=now)
        except AutoMLError as error:  # told to whoever watches; policies by time and by data can go on
            fault = str(error)
    firings, waiting = [], [str(error) for error in damaged.values()]
    for policy in policies:
        if should_stop():
            break
        try:
            with at_work(registered.folder / "policies" / policy.id, f"The policy {policy.name!r}"):
                arrived = _arrived(registered, policy)
                decision = due(policy, _facts(registered, policy, status, [alert.code for alert in told], arrived, moment))
                if not decision.value:
                    waiting.append(f"{policy.name}: {decision.reason}")
                    continue
                firings.append(fire(registered, policy, decision.reason, arrived.ready, emit=emit, should_stop=should_stop))
        except AutoMLError as error:
            waiting.append(f"{policy.name}: {error}")
    act = any(alert.severity == "act" for alert in told)
    return Looked(name, status, tuple(alert.sentence for alert in told), act, tuple(firings), tuple(waiting), fault)


def _facts(
    registered: Registered, policy: Policy, status: Status | None, codes: list[str], arrived: Arrivals, now: float
) -> Facts:
    standing = registered.standing()
    fired = max((one.time for one in list_firings(registered) if one.policy == policy.id), default=0.0)
    return Facts(
        now,
        max(policy.created, fired),
        fired,
        len(arrived.ready),
        len(arrived.writing),
        status.drift.verdict if status and status.drift else "",
        status.drop if status else None,
        tuple(codes),
        standing.aliases.get("champion", 0),
        len(standing.champions) > 1,
        arrived.rows,
    )


def _seen_file(registered: Registered, policy: Policy) -> Path:
    return registered.folder / "policies" / policy.id / "seen.json"


def _arrived(registered: Registered, policy: Policy, *, again: bool = False) -> Arrivals:
    """Return what came; files whose firing failed come again behind new ones, or at once where that is asked for."""
    if not policy.source or not policy.learns:
        return Arrivals((), ())
    if policy.database:
        return new_rows(registered, policy)
    seen = _seen(registered, policy)
    watched, tried = Path(policy.watched).expanduser(), seen["tried"]
    found = arrivals(watched, seen["files"] if again else {**seen["files"], **tried})
    if again or not found.ready:
        return found
    older = [path for path in map(Path, tried) if path.exists() and stamp(path) == tried[str(path)]]
    return replace(found, ready=(*found.ready, *older)[:MOST])


def _seen(registered: Registered, policy: Policy) -> dict[str, Any]:
    """Return the stamps of the files that were learned, and of those whose firing failed."""
    path = _seen_file(registered, policy)
    return {"tried": {}, **(read_json(path) if path.exists() else {"format": 1, "files": {}})}


def fire(
    registered: Registered,
    policy: Policy,
    why: str,
    files: tuple[Path, ...] = (),
    *,
    emit: Emit,
    should_stop: ShouldStop,
) -> Firing:
    """Let a policy do what it says, and keep the record; a failure is a record, too."""
    started = time.time()
    firing = Firing(new_id("fi"), policy.id, policy.name, started, why, files=tuple(path.name for path in files))
    who = f"policy {policy.name}"
    emit(Message(f"{policy.name}: {why}"))
    stamps = {str(path): stamp(path) for path in files if path.exists()}
    try:
        if policy.then == "rollback":
            entry = registered.roll_back(why, who=who)
            firing = replace(firing, version=entry.version, outcome="rolled back", reason=f"{entry.sentence}.")
        elif policy.then == "fallback":
            entry = registered.promote(policy.fallback, "champion", f"Fallback: {why}", who=who)
            firing = replace(firing, version=entry.version, outcome="fallback", reason=f"{entry.sentence}.")
        else:
            firing = learn(registered, policy, firing, files, who, emit, should_stop)
    except AutoMLError as error:
        firing = replace(firing, outcome="failed", reason=str(error))
    if policy.database and files:
        settle(registered, policy, learned=firing.outcome != "failed")
    firing = replace(firing, seconds=time.time() - started)
    save_firing(registered, firing)
    if stamps and not (firing.outcome == "failed" and should_stop()):
        # What cannot be learned is not tried again alone: it may lack only the rows that come with the next file.
        seen = _seen(registered, policy)
        kept = "tried" if firing.outcome == "failed" else "files"
        write_json(_seen_file(registered, policy), {**seen, kept: {**seen[kept], **stamps}})
    emit(Message(f"{policy.name}: {firing.reason}", "warning" if firing.outcome == "failed" else "info"))
    if firing.outcome != "failed":
        mirror(registered, emit)
    return firing


def policy_job(context: JobContext) -> dict[str, Any]:
    """Let one policy fire now, because a person wants it."""
    params = context.request["params"]
    registered = Registered(context.project.registered(params["model"]))
    policy = next((one for one in list_policies(registered) if one.id == params["policy"]), None)
    if policy is None:
        raise NotFoundError("This policy is no longer there.", action="Choose another one.")
    with at_work(registered.folder / "policies" / policy.id, f"The policy {policy.name!r}"):
        firing = fire(
            registered, policy, "A person started it.", _arrived(registered, policy, again=True).ready,
            emit=context.emit, should_stop=context.should_stop,
        )  # fmt: skip
    if firing.outcome == "failed":
        raise InputError(firing.reason)
    return {"firing": firing.id, "outcome": firing.outcome}

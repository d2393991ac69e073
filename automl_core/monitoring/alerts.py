"""Limits that were crossed, told once a day each: on the page, by a line in a log, and by a webhook."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Literal

from automl_core.errors import AutoMLError
from automl_core.monitoring.health import Health
from automl_core.monitoring.settings import Limits, Settings, folder_of
from automl_core.monitoring.summary import Status
from automl_core.monitoring.webhook import check_address, check_inside, send
from automl_core.people.access import require
from automl_core.people.person import acting
from automl_core.people.settings import settings_of as installation
from automl_core.profiling.wording import number
from automl_core.registry.store import Registered
from automl_core.scoring.logged import DAY

Code = Literal["latency", "errors", "performance", "estimate", "drift", "cpu", "memory", "disk", "queue", "host"]
FEW = 20
"""Requests below which a share of errors says nothing."""


@dataclass(frozen=True)
class Alert:
    """One limit that was crossed.

    Parameters
    ----------
    code : Code
    severity : str
        ``watch`` or ``act``.
    sentence : str
    action : str
        What a person can do.
    time : float
    told : str
        What became of sending it; empty where there is no webhook.
    """

    code: Code
    severity: str
    sentence: str
    action: str
    time: float = 0.0
    told: str = ""


def crossed(status: Status, health: Health, limits: Limits) -> tuple[Alert, ...]:
    """Return the alerts that a status and a machine give rise to, the most serious first."""
    total = status.total
    found: list[Alert] = []

    def add(code: Code, severity: str, sentence: str, action: str) -> None:
        found.append(Alert(code, severity, sentence, action))

    if limits.p95_ms is not None and total.p95_ms is not None and total.p95_ms > limits.p95_ms:
        add("latency", "watch",
            f"95 % of the requests took up to {number(total.p95_ms, 3)} ms a row; the limit is {number(limits.p95_ms, 3)} ms.",
            "Use a faster version, or raise the limit.")  # fmt: skip
    share = total.failed / total.requests if total.requests else 0.0
    if limits.errors is not None and total.requests >= FEW and share > limits.errors:
        add("errors", "act",
            f"{total.failed:,} of {total.requests:,} requests failed ({share:.1%}); the limit is {limits.errors:.1%}.",
            "Look at what they were sent, or roll back.")  # fmt: skip
    drop, expected = status.drop, status.expected
    true = total.performance is not None
    now = total.performance if true else status.estimated
    if limits.drop is not None and drop is not None and now is not None and expected is not None and drop > limits.drop:
        what = f"is {number(now)}" if true else f"is estimated to be {number(now)}"
        add("performance" if true else "estimate", "act",
            f"{status.label} {what}, {drop:.1%} worse than the {number(expected)} expected; "
            f"the limit is {limits.drop:.1%}.",
            "Retrain with newer rows, or roll back.")  # fmt: skip
    if limits.drift and status.drift is not None and status.drift.verdict == "act":
        add("drift", "act", status.drift.sentence, "Look at the columns that changed; retrain if the change is meant.")
    for code, name, value, limit in (
        ("cpu", "The processor", health.cpu, limits.cpu),
        ("memory", "The memory", health.memory, limits.memory),
        ("disk", "The disk of the workspace", health.disk, limits.disk),
    ):
        if limit is not None and value > limit:
            add(code, "act" if code == "disk" else "watch", f"{name} is in use to {value:.0%}; the limit is {limit:.0%}.",  # type: ignore[arg-type]
                "Free some of it, or raise the limit.")  # fmt: skip
    if limits.queue is not None and health.queue > limits.queue:
        add(
            "queue",
            "watch",
            f"{health.queue:,} jobs wait; the limit is {limits.queue:,}.",
            "Stop some, or set AUTOML_WORKERS higher.",
        )
    return tuple(sorted(found, key=lambda alert: alert.severity != "act"))


def tell(registered: Registered, settings: Settings, alerts: tuple[Alert, ...], *, now: float | None = None) -> tuple[Alert, ...]:
    """Log new alerts, and send them to the webhook; one of the same code is not told again within a day.

    Returns
    -------
    tuple of Alert
        Those that were told now.
    """
    moment = time.time() if now is None else now
    recent = {alert.code for alert in read_alerts(registered) if moment - alert.time < DAY}
    inside, fault = _inside(registered) if settings.webhook else ((), "")
    told = []
    for alert in alerts:
        if alert.code in recent:
            continue
        outcome = ""
        if settings.webhook:
            data = {"model": registered.name, **asdict(alert), "time": moment}
            outcome = f"{send(settings.webhook, data, inside=inside)}{fault}"
        told.append(Alert(alert.code, alert.severity, alert.sentence, alert.action, moment, outcome))
    if told:
        path = folder_of(registered) / "alerts.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(asdict(alert), ensure_ascii=False) + "\n" for alert in told))
    return tuple(told)


def _inside(registered: Registered) -> tuple[tuple[str, ...], str]:
    """Return the networks inside that alerts may go to, none where the settings cannot be read, and what is then said."""
    try:
        return installation(registered.workspace).webhooks, ""
    except (AutoMLError, OSError) as error:  # the alert itself must not be lost
        return (), f" Nothing is sent to networks inside meanwhile: {error}"


def try_webhook(registered: Registered, address: str) -> str:
    """Send a test to a webhook and return what became of it, so that a person need not wait for the first alert.

    Raises
    ------
    AccessError
    InputError
        For an address that is none, or that alerts may not reach.
    """
    require(registered.project, "change")
    inside = installation(registered.workspace).webhooks
    check_inside(check_address(address), inside)
    data = {"model": registered.name, "code": "test", "severity": "watch", "sentence": "This is a test of the webhook.",
            "action": "Nothing needs to be done.", "time": time.time()}  # fmt: skip
    return send(address, data, inside=inside, telling=acting().everywhere)


def read_alerts(registered: Registered) -> list[Alert]:
    """Return the alerts that were told, oldest first."""
    path = folder_of(registered) / "alerts.jsonl"
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(Alert(**json.loads(line)))
        except (ValueError, TypeError):
            continue  # a line cut by a crash
    return found

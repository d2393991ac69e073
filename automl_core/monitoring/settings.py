"""What is logged of a registered model's predictions, and the limits that lead to alerts; off until a person turns it on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from automl_core.errors import FormatError, InputError
from automl_core.monitoring.webhook import check_address, check_inside
from automl_core.people.access import changing
from automl_core.people.settings import settings_of as installation
from automl_core.registry.store import Registered
from automl_core.workspace import read_json, write_json

FILE = "monitor.json"


@dataclass(frozen=True)
class Limits:
    """Beyond what an alert is given; None for no limit.

    Parameters
    ----------
    p95_ms : float or None
        Milliseconds a row that 95 % of the predictions may take.
    errors : float or None
        Share of requests that may fail.
    drop : float or None
        By how much the true or estimated performance may fall below the version's own score, as a share of it.
    drift : bool
        Whether the drift verdict "act" is told.
    cpu, memory, disk : float or None
        Share of the machine that may be in use.
    queue : int or None
        Jobs that may wait.
    """

    p95_ms: float | None = 500.0
    errors: float | None = 0.05
    drop: float | None = 0.1
    drift: bool = True
    cpu: float | None = None
    memory: float | None = 0.95
    disk: float | None = 0.95
    queue: int | None = 20


@dataclass(frozen=True)
class Settings:
    """How a registered model is watched.

    Parameters
    ----------
    on : bool
        Whether predictions are logged.
    days : int
        How long they are kept.
    left_out : tuple of str
        Columns whose values are never logged.
    key : str
        The column by which labels are added later; empty for the log's own ids.
    limits : Limits
    webhook : str
        An http(s) address that alerts are sent to; empty for none.
    services : tuple of str
        Folders that services of exported models log into; they are read where they lie.
    """

    on: bool = False
    days: int = 90
    left_out: tuple[str, ...] = ()
    key: str = ""
    limits: Limits = field(default_factory=Limits)
    webhook: str = ""
    services: tuple[str, ...] = ()

    @property
    def watched(self) -> bool:
        """Whether there is anything to look at."""
        return self.on or bool(self.services)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "left_out": list(self.left_out), "services": list(self.services)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Settings:
        """Rebuild settings; raises FormatError."""
        fields = {name: value for name, value in data.items() if name != "format"}
        try:
            fields["limits"] = Limits(**fields["limits"])
            fields["left_out"], fields["services"] = tuple(fields["left_out"]), tuple(fields.get("services", ()))
            return cls(**fields)
        except (KeyError, TypeError) as error:
            raise FormatError(f"The monitoring settings of this model are damaged: {error}.") from error


def settings_of(registered: Registered) -> Settings:
    """Return how a model is watched; the defaults, with everything off, while nobody chose."""
    path = registered.folder / FILE
    return Settings.from_dict(read_json(path)) if path.exists() else Settings()


def save_settings(registered: Registered, settings: Settings) -> None:
    """Keep how a model is watched.

    Raises
    ------
    InputError
        For a retention, limit or address that makes no sense, or an address that alerts may not reach.
    """
    if not 1 <= settings.days <= 3650:
        raise InputError(
            f"Predictions would be kept for {settings.days} days.",
            "Between 1 and 3,650 days can be kept.",
            "Choose another number.",
        )
    for name in ("errors", "cpu", "memory", "disk", "drop"):
        share = getattr(settings.limits, name)
        if share is not None and not 0 <= share <= 1:
            raise InputError(f"The limit for {name} is {share:g}.", "It is a share, between 0 and 1.", "Choose another one.")
    if settings.webhook:
        check_inside(check_address(settings.webhook), installation(registered.workspace).webhooks)
    with changing(registered.folder, "monitoring", registered.id, "On" if settings.on else "Off"):
        write_json(registered.folder / FILE, settings.to_dict())


def folder_of(registered: Registered) -> Path:
    """Folder of a model's logged predictions, labels and alerts."""
    return registered.folder / "monitoring"

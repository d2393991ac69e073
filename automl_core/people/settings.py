"""The settings of an installation: who may come in, and how much of the machine may be taken. One file in the workspace."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from automl_core.errors import AccessError, AutoMLError, FormatError, InputError
from automl_core.people import audit
from automl_core.people.person import acting, address_of
from automl_core.workspace import Workspace, read_json, write_json

FORMAT = 1
EVERYONE = "*"
LISTS = ("administrators", "allowed", "webhooks")
"""Settings that are lists."""


def _limit(default: int, words: str, unit: str, least: int, most: int, help: str) -> Any:
    return field(default=default, metadata={"words": words, "unit": unit, "least": least, "most": most, "help": help})


@dataclass(frozen=True)
class Limits:
    """How much may be taken. Each field says its words, unit and range (`described`)."""

    upload_mb: int = _limit(2048, "Largest upload", "MB", 1, 2048, "A larger file can be read from a folder of the server.")
    rows: int = _limit(50_000_000, "Most rows of a table", "rows", 100, 10**10, "Counted when the table has been read.")
    columns: int = _limit(20_000, "Most columns of a table", "columns", 2, 20_000, "Counted when the table has been read.")
    job_memory_mb: int = _limit(
        0, "Memory of a job", "MB", 0, 10**8,
        "What each process of a job may take beyond what it starts with; 0 for what is free. Linux only.",
    )  # fmt: skip
    job_hours: int = _limit(24, "Time of a job", "h", 1, 10_000, "A job that takes longer is stopped; what it finished is kept.")
    jobs: int = _limit(20, "Jobs of one person", "jobs", 1, 10_000, "That wait or work at the same time.")
    person_gb: int = _limit(100, "Space of one person", "GB", 1, 10**6, "All projects that belong to one person.")
    free_gb: int = _limit(1, "Space that stays free", "GB", 0, 10**6, "Nothing new is begun when the disk has less than this.")
    keep_days: int = _limit(
        90, "Age of old work", "days", 1, 36_500, "Runs and jobs that ended longer ago can be cleaned up."
    )  # fmt: skip
    keep_runs: int = _limit(5, "Runs that stay", "runs", 0, 10_000, "The newest runs of each project, however old they are.")


@dataclass(frozen=True)
class Described:
    """What is to be known of one limit."""

    name: str
    words: str
    unit: str
    least: int
    most: int
    default: int
    help: str


LIMITS: dict[str, Described] = {
    one.name: Described(one.name, default=getattr(Limits(), one.name), **one.metadata) for one in fields(Limits)
}


@dataclass(frozen=True)
class Settings:
    """The settings of an installation.

    Parameters
    ----------
    limits : Limits
    administrators : tuple of str
        Addresses of those who see every project and change these settings.
    allowed : tuple of str
        Who may sign in: addresses, endings such as ``@example.org``, or ``*`` for everyone whom the provider knows.
        Administrators always may.
    webhooks : tuple of str
        Networks inside that alerts may go to, such as ``10.0.0.0/8``; the web they may always reach.
    """

    limits: Limits = field(default_factory=Limits)
    administrators: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()

    def admits(self, address: str) -> bool:
        """Return whether somebody may come in."""
        return address in self.administrators or any(
            entry == EVERYONE or address == entry or (entry.startswith("@") and address.endswith(entry)) for entry in self.allowed
        )

    def changed(self, name: str, value: str | int) -> Settings:
        """Return the settings with one of them changed.

        Parameters
        ----------
        name : str
            A field of `Limits`, ``administrators``, ``allowed`` or ``webhooks``.
        value : str or int
            A whole number, or addresses or networks with commas between them.

        Raises
        ------
        InputError
            When there is no such setting, or the value does not fit it.
        """
        if name in LIMITS:
            return replace(self, limits=_limits({**asdict(self.limits), name: value}))
        if name not in LISTS:
            raise InputError(
                f"There is no setting {name[:80]!r}.", f"There are {', '.join([*LIMITS, *LISTS])}.", "Choose one of them."
            )
        parts = [part.strip().lower() for part in str(value).split(",") if part.strip()]
        if name == "administrators":
            return replace(self, administrators=tuple(map(address_of, parts)))
        if name == "allowed":
            return replace(self, allowed=tuple(map(_entry, parts)))
        return replace(self, webhooks=tuple(map(_network, parts)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": FORMAT,
            "limits": asdict(self.limits),
            **{name: list(getattr(self, name)) for name in LISTS},
        }

    @classmethod
    def from_dict(cls, data: Any) -> Settings:
        """Rebuild settings; a limit that is not named has its default. Raises FormatError."""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise FormatError(
                "settings.json is of another format.", f"This version reads format {FORMAT}.", "Correct it or move it away."
            )
        try:
            known = cls(_limits(data.get("limits", {})))
            for name in LISTS:
                known = known.changed(name, ",".join(data.get(name, ())))
        except (InputError, TypeError) as error:
            raise FormatError(f"settings.json is damaged: {error}", action="Correct it or move it away.") from error
        return known


def settings_of(workspace: Workspace) -> Settings:
    """Read the settings, the defaults where nobody chose; raises FormatError."""
    return Settings.from_dict(read_json(workspace.settings)) if workspace.settings.exists() else Settings()


def limits_of(workspace: Workspace) -> Limits:
    """Read the limits; raises FormatError."""
    return settings_of(workspace).limits


def limits_or_defaults(workspace: Workspace) -> Limits:
    """Read the limits for a process that goes on whatever the file says: the defaults while it is damaged."""
    try:
        return limits_of(workspace)
    except (AutoMLError, OSError):
        return Limits()


def save_settings(workspace: Workspace, settings: Settings) -> None:
    """Keep the settings; what changed stands in the audit log.

    Raises
    ------
    AccessError
        When the acting person is no administrator.
    """
    if not acting().everywhere:
        raise AccessError("Settings are changed by administrators.", action="Ask one of them.")
    person = acting()
    if person.signed_in and person.id not in settings.administrators:
        raise InputError(
            f"{person.id} would be no administrator any more.", "You cannot take this from yourself.", "Have another one do it."
        )
    before, after = settings_of(workspace).to_dict(), settings.to_dict()
    old, new = ({**one["limits"], **{key: ", ".join(one[key]) for key in LISTS}} for one in (before, after))
    said = "; ".join(f"{name}: {old[name] or 'none'} to {new[name] or 'none'}" for name in new if new[name] != old[name])
    if said:
        with audit.recorded(workspace, "settings", detail=said):
            write_json(workspace.settings, after)


def _limits(values: Mapping[str, Any]) -> Limits:
    unknown = set(values) - set(LIMITS)
    if unknown:
        raise InputError(f"There is no limit {sorted(unknown)[0]!r}.", f"There are {', '.join(LIMITS)}.", "Choose one of them.")
    checked = {}
    for name, given in values.items():
        known = LIMITS[name]
        text = str(given).strip().replace(",", "")
        if not text.isdecimal() or not known.least <= int(text) <= known.most:
            raise InputError(
                f"{known.words}: {str(given)[:40]} {known.unit}.",
                f"It is a whole number from {known.least:,} to {known.most:,}.",
                "Choose another number.",
            )
        checked[name] = int(text)
    return Limits(**checked)


def _entry(part: str) -> str:
    return part if part == EVERYONE else f"@{address_of(f'x{part}').partition('@')[2]}" if part[0] == "@" else address_of(part)


def _network(part: str) -> str:
    try:
        return str(ipaddress.ip_network(part, strict=False))
    except ValueError as error:
        raise InputError(
            f"{part[:80]!r} is no network.", "It is an address such as 10.1.2.3 or a network such as 10.0.0.0/8.",
            "Type it again.",
        ) from error  # fmt: skip

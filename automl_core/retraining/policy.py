"""What a policy says, and where policies and the records of their firings are kept."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from automl_core.errors import AutoMLError, FormatError, InputError
from automl_core.people.access import changing
from automl_core.registry.store import Registered
from automl_core.workspace import check_id, new_id, read_json, write_json

When = Literal["time", "data", "drift", "performance", "limits"]
On = Literal["all", "last_rows", "last_days", "since"]
How = Literal["refit", "search", "anew"]
Then = Literal["challenger", "promote", "rollback", "fallback"]
WHENS: tuple[When, ...] = get_args(When)
ONS: tuple[On, ...] = get_args(On)
HOWS: tuple[How, ...] = get_args(How)
THENS: tuple[Then, ...] = get_args(Then)
Outcome = Literal["promoted", "challenger", "kept", "rolled back", "fallback", "failed"]


@dataclass(frozen=True)
class Policy:
    """One rule of a registered model.

    Parameters
    ----------
    name : str
    when : When
        ``time`` every so many days; ``data`` when new rows arrive in `watched`; ``drift`` when the verdict is to act;
        ``performance`` when it fell by `drop`; ``limits`` when errors, latency or performance cross the monitor's limits.
    on : On
        Which rows are learned: ``all``, the ``last_rows`` or ``last_days``, or those that came ``since`` the last version.
    how : How
        ``refit`` the same models with the same parameters and recipe, ``search`` anew with the same recipe, or everything
        ``anew``.
    then : Then
        ``challenger`` for a person to promote; ``promote`` when it wins on the newest labelled rows by more than chance;
        ``rollback`` to the champion before; ``fallback`` to a chosen version. The last two learn nothing.
    id : str
    enabled : bool
    days : float
        For ``time``.
    watched : str
        For ``data``: a folder into which files come, or one file that is written anew, of every kind that can be read. Also
        learned from where it is set.
    part : str
        For `watched`: a sheet of its workbooks, a table of its databases or a file of its archives; found when left out.
    database, query : str
        In place of `watched`: the address of a database (``postgresql://user@host/database`` or ``sqlite:///path``, without
        a password) and one SELECT whose rows are new where their key is.
    key, after : str
        The column of the statement that grows with every row, and the value above which rows are new at the start; empty
        for all of them.
    least : int
        New rows of a table that it waits for.
    drop : float
        For ``performance``: by which share of what was expected.
    rows, span_days : int, float
        For ``last_rows`` and ``last_days``.
    time_column : str
        Orders the rows; needed for ``last_days``.
    budget : float
        Seconds of a search.
    fallback : int
        The version for ``fallback``.
    pause_days : float
        Least time between two firings.
    created : float
    origin : str
        Whether a person made it or took a suggestion.
    """

    name: str
    when: When
    on: On = "all"
    how: How = "refit"
    then: Then = "challenger"
    id: str = ""
    enabled: bool = True
    days: float = 7.0
    watched: str = ""
    part: str = ""
    database: str = ""
    query: str = ""
    key: str = ""
    after: str = ""
    least: int = 100
    drop: float = 0.1
    rows: int = 10_000
    span_days: float = 365.0
    time_column: str = ""
    budget: float = 60.0
    fallback: int = 0
    pause_days: float = 0.0
    created: float = 0.0
    origin: str = "Made by hand."

    @property
    def learns(self) -> bool:
        """Whether it makes a new version."""
        return self.then in ("challenger", "promote")

    @property
    def source(self) -> str:
        """Where new rows come from."""
        if self.database:
            return f"the table of {self.database}"
        return f"{self.watched} ({self.part})" if self.watched and self.part else self.watched

    @property
    def sentence(self) -> str:
        """The whole rule in words."""
        when = {
            "time": f"Every {self.days:g} days",
            "data": f"When {f'{self.least:,} new rows' if self.database else 'new rows'} arrive in {self.source or 'a folder'}",
            "drift": "When drift says act",
            "performance": f"When performance falls by {self.drop:.0%}",
            "limits": "When errors, latency or performance cross their limits",
        }[self.when]
        if self.then == "rollback":
            return f"{when}, go back to the champion before."
        if self.then == "fallback":
            return f"{when}, answer with version {self.fallback}."
        on = {
            "all": "all rows",
            "last_rows": f"the last {self.rows:,} rows",
            "last_days": f"the last {self.span_days:g} days",
            "since": "the rows since the last version",
        }[self.on]
        how = {
            "refit": "refit the same model on",
            "search": f"search anew for {self.budget:g} s with the same recipe on",
            "anew": f"make everything anew in {self.budget:g} s from",
        }[self.how]
        then = "propose it as challenger" if self.then == "challenger" else "promote it if it wins by more than chance"
        return f"{when}, {how} {on}, then {then}."

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Policy:
        """Rebuild a policy; raises FormatError."""
        known = [entry.name for entry in fields(cls)]
        unknown = [name for name in data if name not in (*known, "format")]
        lacking = [name for name in ("name", "when") if name not in data]
        if unknown or lacking:
            told = f"it has {', '.join(unknown)}, which no policy has" if unknown else f"it lacks {' and '.join(lacking)}"
            raise FormatError(f"This policy cannot be read: {told}.", f"A policy has {', '.join(known)}.", "Make it again.")
        return cls(**{name: value for name, value in data.items() if name != "format"})


@dataclass(frozen=True)
class Firing:
    """One time that a policy did something.

    Parameters
    ----------
    id : str
    policy, name : str
        Id and name of the policy.
    time : float
    why : str
        What led to it.
    data : str
        What was learned from and what judged.
    run : str
    version : int
        The version that was made, or that is champion now; 0 for none.
    compared : dict
        `registry.paired.Paired` as JSON; empty where nothing was compared.
    outcome : Outcome
    reason : str
    seconds : float
    collected : str
        Dataset that holds every row so far, the judging ones too.
    files : tuple of str
        What was taken in.
    """

    id: str
    policy: str
    name: str
    time: float
    why: str
    data: str = ""
    run: str = ""
    version: int = 0
    compared: dict[str, Any] = field(default_factory=dict)
    outcome: Outcome = "kept"
    reason: str = ""
    seconds: float = 0.0
    collected: str = ""
    files: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "files": list(self.files)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Firing:
        """Rebuild a record; raises FormatError."""
        try:
            fields = {name: value for name, value in data.items() if name != "format"}
            return cls(**{**fields, "files": tuple(fields["files"])})
        except (KeyError, TypeError) as error:
            raise FormatError(f"The record of a firing is damaged: {error}.") from error


def check_policy(policy: Policy, registered: Registered) -> Policy:
    """Return a policy that makes sense.

    Raises
    ------
    InputError
        With what is missing.
    """
    for value, known, what in (
        (policy.when, WHENS, "when"), (policy.on, ONS, "on"), (policy.how, HOWS, "how"), (policy.then, THENS, "then"),
    ):  # fmt: skip
        if value not in known:
            raise InputError(f"{what} is {value!r}.", f"It must be one of {', '.join(known)}.", "Choose one of them.")
    if not policy.name.strip():
        raise InputError("The policy has no name.", action="Type a name.")
    if policy.when == "time" and policy.days <= 0:
        raise InputError(f"It would run every {policy.days:g} days.", "A time above 0 is needed.", "Choose another number.")
    if policy.when == "data" and not policy.source:
        raise InputError("Nothing is watched.", "New rows need a folder, a file or a table in which they arrive.", "Name it.")
    if policy.database:
        from automl_core.retraining.tables import check_table

        if policy.watched:
            raise InputError("Both a folder and a table are watched.", "New rows come from one of them.", "Leave one out.")
        check_table(policy)
    if policy.watched:
        path = Path(policy.watched).expanduser()
        if not path.is_absolute():
            raise InputError(f"{policy.watched!r} is no whole path.", "It must begin with a slash.", "Type it from the root on.")
        if not path.exists():
            raise InputError(f"There is no {policy.watched} on this machine.", action="Make the folder first, or check the path.")
    if policy.learns and policy.on == "last_days" and not policy.time_column:
        raise InputError("The last days of rows need a date column.", action="Name the column that says when a row is from.")
    if policy.then == "fallback" and policy.fallback not in registered.numbers:
        raise InputError(
            f"{registered.name} has no version {policy.fallback} to fall back to.", action="Choose one of its versions."
        )
    if policy.when == "data" and not policy.learns:
        raise InputError("New rows are no reason to go back.", "They are something to learn from.", "Choose another action.")
    return policy


def save_policy(registered: Registered, policy: Policy) -> Policy:
    """Keep a policy, a new one with an id of its own; raises InputError for one that makes no sense."""
    from dataclasses import replace

    checked = check_policy(policy, registered)
    made = replace(checked, id=checked.id or new_id("po"), created=checked.created or time.time())
    with changing(registered.folder, "policy", made.id, made.name):
        write_json(registered.folder / "policies" / f"{check_id(made.id)}.json", made.to_dict())
    return made


def list_policies(registered: Registered) -> list[Policy]:
    """Return the policies of a model, oldest first; a damaged one is left out."""
    return readable_policies(registered)[0]


def readable_policies(registered: Registered) -> tuple[list[Policy], dict[str, AutoMLError]]:
    """Return the policies of a model that can be read, oldest first, and by id why others cannot."""
    found, faults = [], {}
    for path in sorted((registered.folder / "policies").glob("po*.json")):
        try:
            found.append(Policy.from_dict(read_json(path)))
        except AutoMLError as error:
            faults[path.stem] = error
    return sorted(found, key=lambda policy: policy.created), faults


def delete_policy(registered: Registered, policy_id: str) -> None:
    """Forget a policy; the records of its firings stay."""
    with changing(registered.folder, "policy", policy_id, "Deleted"):
        (registered.folder / "policies" / f"{check_id(policy_id)}.json").unlink(missing_ok=True)


def save_firing(registered: Registered, firing: Firing) -> None:
    """Keep the record of a firing."""
    write_json(registered.folder / "firings" / f"{check_id(firing.id)}.json", firing.to_dict())


def list_firings(registered: Registered) -> list[Firing]:
    """Return the firings of a model's policies, newest first."""
    found = []
    for path in (registered.folder / "firings").glob("fi*.json"):
        with contextlib.suppress(AutoMLError):
            found.append(Firing.from_dict(read_json(path)))
    return sorted(found, key=lambda firing: firing.time, reverse=True)

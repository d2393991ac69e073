"""What is known of a version, and the log of what was done with versions; the log alone says where aliases point."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from automl_core.errors import FormatError, InputError, NotFoundError
from automl_core.honesty import HeldOut

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = get_args(Alias)
Action = Literal["registered", "promoted", "rolled back", "cleared", "noted"]
LONGEST_NAME = 80
LONGEST_REASON = 2000
_NAME = re.compile(r"[^\W_](?:[\w .-]*[\w.-])?")


@dataclass(frozen=True)
class Version:
    """One version of a registered model; never changed once it is written.

    Parameters
    ----------
    name : str
        Of the registered model.
    number : int
        From 1.
    created : float
        Seconds since the epoch.
    candidate : str
        Name for people of what it is made of, such as ``Ensemble``.
    task, target, metric, metric_label : str
    greater_is_better : bool
    score, spread : float or None
        Over the folds of its run.
    held_out : HeldOut or None
        How it did on rows that its search never saw.
    metrics : dict of str to float
        Of its evaluation, else over the folds.
    params : dict
        Parameters and weights, plain JSON types.
    recipe, config : dict
        `cleaning.recipe.Recipe` and `experiment.ExperimentConfig` as JSON.
    lineage : dict
        ``dataset`` (name), ``dataset_id``, ``fingerprint``, ``rows``, ``run``, ``candidate`` (id), ``made``.
    inputs : tuple of tuple
        Name and kind of each column that the model cannot do without.
    classes : tuple of str
    real_rows : int
        Training rows that travel with the model.
    sha256 : str
        Of ``model.zip``.
    size : int
        Bytes of ``model.zip``.
    origin : str
        How it came to be, a sentence: registered by hand, or by which policy.
    files : dict of str to str
        SHA-256 of the other files beside it, such as ``report.html``.
    """

    name: str
    number: int
    created: float
    candidate: str
    task: str
    target: str
    metric: str
    metric_label: str
    greater_is_better: bool
    score: float | None
    spread: float | None
    held_out: HeldOut | None
    metrics: dict[str, float]
    params: dict[str, Any]
    recipe: dict[str, Any]
    config: dict[str, Any]
    lineage: dict[str, Any]
    inputs: tuple[tuple[str, str], ...]
    classes: tuple[str, ...]
    real_rows: int
    sha256: str
    size: int
    origin: str = ""
    files: dict[str, str] = field(default_factory=dict)

    @property
    def judged(self) -> float | None:
        """Its score on held-out rows, else over the folds."""
        return self.held_out.value if self.held_out else self.score

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "inputs": [list(pair) for pair in self.inputs], "classes": list(self.classes)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Version:
        """Rebuild a version; raises FormatError for another format or a damaged record."""
        if not isinstance(data, dict) or data.get("format") != 1:
            raise FormatError(
                "The record of a model's version has another format.", "This version of Tablewright reads format 1.",
                "Use the version that wrote it.",
            )  # fmt: skip
        fields = {name: value for name, value in data.items() if name != "format"}
        try:
            fields["held_out"] = HeldOut(**fields["held_out"]) if fields["held_out"] else None
            fields["inputs"] = tuple((name, kind) for name, kind in fields["inputs"])
            fields["classes"] = tuple(fields["classes"])
            return cls(**fields)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"The record of a model's version is damaged: {error}.") from error


@dataclass(frozen=True)
class Entry:
    """One line of a registered model's log.

    Parameters
    ----------
    time : float
        Seconds since the epoch.
    who : str
        A person, or ``policy NAME``.
    action : Action
    version : int
        The version it is about.
    alias : str
        The pointer that was moved; empty for notes and registrations.
    before : int
        Where the pointer was, 0 for nowhere.
    text : str
        The reason, or the note.
    """

    time: float
    who: str
    action: Action
    version: int
    alias: str = ""
    before: int = 0
    text: str = ""

    @property
    def sentence(self) -> str:
        """What was done, without who and when."""
        if self.action == "noted":
            return f"Note on version {self.version}"
        if self.action == "registered":
            return f"Version {self.version} registered"
        if self.action == "cleared":
            return f"Version {self.before} is no longer {self.alias}"
        came = f", before it was version {self.before}" if self.before else ""
        verb = "is" if self.action == "promoted" else "is again"
        return f"Version {self.version} {verb} {self.alias}{came}"


@dataclass(frozen=True)
class Standing:
    """Where everything stands after a log.

    Parameters
    ----------
    aliases : dict of str to int
        Version of each alias that points anywhere.
    champions : tuple of int
        The champions that roll-back goes back through, oldest first, the present one last.
    notes : dict of int to str
        Latest note of each version.
    """

    aliases: dict[str, int]
    champions: tuple[int, ...]
    notes: dict[int, str]

    def aliases_of(self, number: int) -> tuple[str, ...]:
        """Return the aliases of a version."""
        return tuple(alias for alias in ALIASES if self.aliases.get(alias) == number)


def standing(entries: Iterable[Entry]) -> Standing:
    """Return where aliases point and what is noted, from the log alone."""
    aliases: dict[str, int] = {}
    champions: list[int] = []
    notes: dict[int, str] = {}
    for entry in entries:
        if entry.action == "noted":
            notes[entry.version] = entry.text
        elif entry.action == "cleared":
            aliases.pop(entry.alias, None)
        elif entry.action in ("promoted", "rolled back"):
            aliases[entry.alias] = entry.version
            if entry.alias != "champion":
                continue
            if entry.action == "rolled back" and entry.version in champions:
                # What was left by a roll-back is not gone back to; the version it went to is the last again.
                while champions[-1] != entry.version:
                    champions.pop()
            elif not champions or champions[-1] != entry.version:
                champions.append(entry.version)
    return Standing(aliases, tuple(champions), notes)


def check_name(name: str) -> str:
    """Return a registered model's name, tidy; raises InputError for one that an address or MLflow could not carry."""
    tidy = " ".join(name.split())
    if not tidy:
        raise InputError("The model has no name.", action="Type a name, for example churn.")
    if len(tidy) > LONGEST_NAME:
        raise InputError(f"The name has {len(tidy)} characters.", f"At most {LONGEST_NAME} fit.", "Shorten it.")
    if not _NAME.fullmatch(tidy):
        raise InputError(
            f"{tidy!r} cannot be a model's name.",
            "It may hold letters, digits, spaces, dots, hyphens and underscores, and begins with a letter or a digit.",
            "Choose another name.",
        )
    return tidy


def check_alias(alias: str) -> Alias:
    """Return an alias of ours; raises NotFoundError for another."""
    if alias not in ALIASES:
        raise NotFoundError(f"{alias[:80]!r} is no alias.", f"The aliases are {' and '.join(ALIASES)}.", "Choose one of them.")
    return alias


def check_reason(reason: str) -> str:
    """Return a reason, tidy; raises InputError for an empty or an endless one."""
    tidy = reason.strip()
    if not tidy:
        raise InputError("No reason was given.", "Whoever looks at it later needs one.", "Say why in a sentence.")
    if len(tidy) > LONGEST_REASON:
        raise InputError(f"The reason has {len(tidy):,} characters.", f"At most {LONGEST_REASON:,} fit.", "Shorten it.")
    return tidy

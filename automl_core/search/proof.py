"""The proof that a run judged no row it had learned from, as it is stored and shown; `proving` makes it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from automl_core.errors import FormatError
from automl_core.profiling.wording import number
from automl_core.workspace import read_json, write_json

CheckState = Literal["ok", "noted", "failed", "not_applicable"]
CHECK_STATES: tuple[CheckState, ...] = get_args(CheckState)
FORMAT = 1
FILE = "proof.json"
ASIDE = "Kept aside"


@dataclass(frozen=True)
class Check:
    """One thing that was counted.

    Parameters
    ----------
    code : str
        Stable: ``rows_apart``, ``groups_apart``, ``time_forward``, ``copies_apart``, ``labels_learned``.
    title : str
    state : CheckState
        ``ok``: it holds. ``noted``: it does not, for the reason in the sentence. ``failed``: it does not, and should.
        ``not_applicable``: there was nothing to check.
    sentence : str
        For people, with the numbers.
    counts : dict of str to int
        The numbers behind the sentence.
    """

    code: str
    title: str
    state: CheckState
    sentence: str
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """The sizes of one fold, or of the rows kept aside; with a split by time the times of its rows.

    Parameters
    ----------
    name : str
    learned, judged : int
        Rows.
    passed : int
        Rows in the gap, which are earlier than the judged ones and yet not learned from.
    learned_from, learned_until, judged_from, judged_until : str, float or None
        The first and last time of each: a date as text (ISO 8601), or a number.
    """

    name: str
    learned: int
    judged: int
    passed: int = 0
    learned_from: str | float | None = None
    learned_until: str | float | None = None
    judged_from: str | float | None = None
    judged_until: str | float | None = None


@dataclass(frozen=True)
class Proof:
    """What was checked about a run's division, and the sizes of its folds."""

    checks: tuple[Check, ...]
    sides: tuple[Side, ...]

    def __getitem__(self, code: str) -> Check:
        """Return the check with this code; raises KeyError."""
        return {check.code: check for check in self.checks}[code]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that should hold and do not."""
        return tuple(check for check in self.checks if check.state == "failed")

    @property
    def by_time(self) -> bool:
        """Whether the sides have times."""
        return any(side.judged_from is not None for side in self.sides)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": FORMAT,
            "checks": [asdict(check) for check in self.checks],
            "sides": [asdict(side) for side in self.sides],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Proof:
        """Rebuild a proof; raises FormatError for another format version."""
        if data.get("format") != FORMAT:
            raise FormatError(f"This proof has format {data.get('format')!r}.", f"This version reads format {FORMAT}.")
        return cls(tuple(Check(**check) for check in data["checks"]), tuple(Side(**side) for side in data["sides"]))

    def save(self, folder: Path) -> None:
        """Write ``proof.json`` into a run's folder."""
        write_json(folder / FILE, self.to_dict())

    @classmethod
    def load(cls, folder: Path) -> Proof:
        """Read a run's proof; raises NotFoundError before there is one, FormatError when it is damaged."""
        return cls.from_dict(read_json(folder / FILE))


def moment(value: str | float | None) -> str:
    """Return a time of a `Side` as people read it: a date, with its clock unless that is midnight, or a number."""
    if value is None:
        return ""
    return value.removesuffix("T00:00:00").replace("T", " ") if isinstance(value, str) else number(value, 9)

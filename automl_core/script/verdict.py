"""What came of comparing a script with its model: equal, or what differs and by how much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

EXACT = 1e-9
"""Largest difference of two predictions that are said to be equal; of values beyond 1, the share of the value."""


@dataclass(frozen=True)
class Differing:
    """One number that the script predicts differently: the row of the table, its column, both numbers."""

    row: int
    column: str
    model: float | str
    script: float | str
    size: float


@dataclass(frozen=True)
class CodeProof:
    """What came of comparing a script with its model.

    Parameters
    ----------
    rows : int
        Rows that were compared.
    source : str
        ``held-out`` or ``learned``.
    differing : int
        Rows of which a number or the label differs.
    labels : int
        Rows that get another label.
    largest : float
        Largest difference.
    examples : tuple of Differing
        Those that differ most.
    seconds : float
        That the script took to learn and to predict.
    notes : tuple of str
    """

    rows: int
    source: str
    differing: int
    labels: int
    largest: float
    examples: tuple[Differing, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differing

    @property
    def sentence(self) -> str:
        """The verdict in plain words."""
        whose = "held-out rows" if self.source == "held-out" else "rows (none were held out, so these were learned from)"
        if self.equal:
            return f"Equal to 1e-9 on all {self.rows:,} {whose}. It took {self.seconds:,.0f} s to learn and to predict."
        labels = f"; {self.labels:,} get another label" if self.labels else ""
        return (
            f"{self.differing:,} of {self.rows:,} {whose} are predicted differently, by up to {self.largest:.3g}{labels}. "
            f"It took {self.seconds:,.0f} s to learn and to predict."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self), "examples": [asdict(one) for one in self.examples], "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CodeProof:
        """Rebuild from `to_dict`'s output."""
        fields = {name: value for name, value in data.items() if name != "format"}
        fields["examples"] = tuple(Differing(**one) for one in data["examples"])
        return cls(**{**fields, "notes": tuple(data["notes"])})

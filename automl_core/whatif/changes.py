"""Changed rows that a model answers with what is wanted: what a search for counterfactuals found, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One cell that is changed.

    Parameters
    ----------
    column : str
    before : str
        For people.
    after : str
        As the same value can be read from.
    written : str
        The same for people; empty in searches that were stored before it was.
    """

    column: str
    before: str
    after: str
    written: str = ""

    @property
    def shown(self) -> str:
        """What the cell becomes, for people."""
        return self.written or self.after


@dataclass(frozen=True)
class Counterfactual:
    """A changed row that reaches the goal.

    Parameters
    ----------
    changes : tuple of Change
    prediction : str or float
        The model's own, for the changed row.
    probabilities : dict of str to float
    cost : float
        Size of the change, see `rules.Options.cost`.
    """

    changes: tuple[Change, ...]
    prediction: str | float
    probabilities: dict[str, float]
    cost: float


@dataclass(frozen=True)
class Counterfactuals:
    """What a search found.

    Parameters
    ----------
    goal : str
        For people.
    found : tuple of Counterfactual
        Smallest first, at most three.
    tried : int
        Changed rows that were predicted.
    complete : bool
        Whether every allowed combination of the values that are tried was predicted.
    nearest : Counterfactual or None
        Where none was found, the one that came nearest.
    sentence : str
    """

    goal: str
    found: tuple[Counterfactual, ...]
    tried: int
    complete: bool
    nearest: Counterfactual | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Counterfactuals:
        """Rebuild from `to_dict`'s output."""

        def one(entry: dict[str, Any]) -> Counterfactual:
            return Counterfactual(**{**entry, "changes": tuple(Change(**change) for change in entry["changes"])})

        plain = {name: value for name, value in data.items() if name != "format"}
        plain["found"] = tuple(one(entry) for entry in data["found"])
        plain["nearest"] = one(data["nearest"]) if data["nearest"] else None
        return cls(**plain)

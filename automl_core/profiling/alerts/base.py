"""What an alert is, and what the checks look at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.profiling.associations import Association
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.copies import Copies
from automl_core.profiling.relation import Relation
from automl_core.profiling.scan import Scan
from automl_core.schema import Schema

Severity = Literal["problem", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("problem", "warning", "info")
APART = 10
"""Columns with the same trouble that get a sentence each; more share one."""


@dataclass(frozen=True)
class Alert:
    """One thing worth knowing before a model learns from a table.

    Parameters
    ----------
    code : str
        Stable name of the check.
    severity : Severity
        ``problem``: scores would be wrong or learning would fail. ``warning``: likely to hurt. ``info``: worth a look.
    columns : tuple of str
    sentence : str
        For people.
    evidence : dict
        The figures behind the sentence, plain JSON types.
    step : Step or None
        What would help; None where nothing is to be done to the table.
    """

    code: str
    severity: Severity
    columns: tuple[str, ...]
    sentence: str
    evidence: dict[str, Any] = field(default_factory=dict)
    step: Step | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        step = self.step.to_dict() if self.step else None
        return {**vars(self), "columns": list(self.columns), "step": step}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Alert:
        """Rebuild an alert from `to_dict`'s output."""
        step = Step(**data["step"]) if data["step"] else None
        return cls(**{**data, "columns": tuple(data["columns"]), "step": step})


@dataclass(frozen=True)
class Facts:
    """What the checks look at."""

    frame: pd.DataFrame
    schema: Schema
    scans: Sequence[Scan]
    copies: Copies
    pairs: Sequence[Association]
    target: str
    relations: Sequence[Relation] = ()

    @property
    def columns(self) -> list[ColumnProfile]:
        """What the profile says of each column."""
        return [scan.profile for scan in self.scans]

    @property
    def features(self) -> list[Scan]:
        """The columns besides the target."""
        return [scan for scan in self.scans if scan.profile.name != self.target]


def drop(columns: Sequence[str], reason: str) -> Step:
    """Return the step that leaves columns out."""
    return Step("drop_columns", {"columns": list(columns)}, reason)


def apart(found: Collection[str]) -> list[tuple[str, ...]]:
    """Return the columns one by one while they are few, all at once when they are many."""
    names = tuple(found)
    return [(name,) for name in names] if len(names) <= APART else [names]

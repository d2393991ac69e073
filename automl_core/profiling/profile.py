"""A profile: what is in a table, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from automl_core.errors import FormatError
from automl_core.profiling.alerts import Alert, find_alerts
from automl_core.profiling.associations import Association, associate
from automl_core.profiling.summaries import ColumnProfile, summarise
from automl_core.schema import Schema

DUPLICATE_CELLS = 50_000_000
"""Cells above which duplicate rows are not counted."""


@dataclass(frozen=True)
class Profile:
    """What is in a table.

    Parameters
    ----------
    rows : int
    target : str
        The column to predict, empty where it is not known yet.
    columns : tuple of ColumnProfile
    duplicates : int
        Rows that are exact copies of an earlier one, -1 where they were not counted.
    associations : tuple of Association
    alerts : tuple of Alert
        Problems first.
    notes : tuple of str
        What was sampled or left out.
    """

    rows: int
    target: str
    columns: tuple[ColumnProfile, ...]
    duplicates: int
    associations: tuple[Association, ...]
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """Missing cells in the whole table."""
        return sum(column.missing for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 1,
            "rows": self.rows,
            "target": self.target,
            "columns": [column.to_dict() for column in self.columns],
            "duplicates": self.duplicates,
            "associations": [pair.to_dict() for pair in self.associations],
            "alerts": [alert.to_dict() for alert in self.alerts],
            "notes": list(self.notes),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Profile:
        """Rebuild a profile; raises FormatError for another format version."""
        if data.get("format") != 1:
            raise FormatError(f"This profile has format {data.get('format')!r}.", "This version reads format 1.")
        return cls(
            data["rows"],
            data["target"],
            tuple(ColumnProfile.from_dict(entry) for entry in data["columns"]),
            data["duplicates"],
            tuple(Association(**entry) for entry in data["associations"]),
            tuple(Alert.from_dict(entry) for entry in data["alerts"]),
            tuple(data["notes"]),
        )


def profile(frame: pd.DataFrame, schema: Schema, target: str = "") -> Profile:
    """Describe a table.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed; never changed.
    schema : Schema
    target : str
        The column to predict, where it is known: its faults and what gives it away are then looked for.

    Returns
    -------
    Profile

    Raises
    ------
    NotFoundError
        When the target is no column.
    """
    if target:
        schema[target]  # says which columns there are
    columns = tuple(summarise(frame[column.name], column.kind) for column in schema)
    countable = 0 < frame.size <= DUPLICATE_CELLS
    duplicates = int(frame.duplicated().sum()) if countable else (0 if not frame.size else -1)
    pairs, notes = associate(frame, schema, target)
    if duplicates < 0:
        notes.append("The table is too large to count duplicate rows here.")
    alerts = find_alerts(frame, schema, columns, duplicates, pairs, target)
    return Profile(len(frame), target, columns, duplicates, tuple(pairs), tuple(alerts), tuple(notes))

"""A profile: what is in a table, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from automl_core.errors import FormatError
from automl_core.profiling.alerts import Alert, Facts, find_alerts
from automl_core.profiling.associations import Association, associate
from automl_core.profiling.column import ColumnProfile
from automl_core.profiling.copies import Copies, find_copies
from automl_core.profiling.missingness import Missingness, find_missingness
from automl_core.profiling.relation import ROWS, Relation, relate
from automl_core.profiling.scan import scan_table
from automl_core.schema import Schema

FORMATS = (1, 2)


@dataclass(frozen=True)
class Profile:
    """What is in a table.

    Parameters
    ----------
    rows : int
    target : str
        The column to predict, empty where it is not known yet.
    columns : tuple of ColumnProfile
    copies : Copies
    associations : tuple of Association
    alerts : tuple of Alert
        Problems first.
    notes : tuple of str
        What was sampled or left out.
    missingness : Missingness
    relations : tuple of Relation
        Each column and the target, in the order of the columns; empty without a target.
    """

    rows: int
    target: str
    columns: tuple[ColumnProfile, ...]
    copies: Copies
    associations: tuple[Association, ...]
    alerts: tuple[Alert, ...]
    notes: tuple[str, ...] = ()
    missingness: Missingness = field(default_factory=Missingness)
    relations: tuple[Relation, ...] = ()

    @property
    def missing(self) -> int:
        """Missing cells in the whole table."""
        return sum(column.missing for column in self.columns)

    @property
    def duplicates(self) -> int:
        """Rows that are exact copies of an earlier one."""
        return self.copies.exact

    def relation(self, name: str) -> Relation | None:
        """Return how a column goes with the target; None where that was not measured."""
        return next((relation for relation in self.relations if relation.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "format": 2,
            "rows": self.rows,
            "target": self.target,
            "columns": [column.to_dict() for column in self.columns],
            "copies": self.copies.to_dict(),
            "associations": [pair.to_dict() for pair in self.associations],
            "alerts": [alert.to_dict() for alert in self.alerts],
            "notes": list(self.notes),
            "missingness": self.missingness.to_dict(),
            "relations": [relation.to_dict() for relation in self.relations],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Profile:
        """Rebuild a profile; raises FormatError for another format version."""
        if data.get("format") not in FORMATS:
            raise FormatError(f"This profile has format {data.get('format')!r}.", "This version reads formats 1 and 2.")
        copies = Copies(**data["copies"]) if "copies" in data else Copies(max(data["duplicates"], 0))
        return cls(
            data["rows"],
            data["target"],
            tuple(ColumnProfile.from_dict(entry) for entry in data["columns"]),
            copies,
            tuple(Association(**entry) for entry in data["associations"]),
            tuple(Alert.from_dict(entry) for entry in data["alerts"]),
            tuple(data["notes"]),
            Missingness.from_dict(data["missingness"]) if "missingness" in data else Missingness(),
            tuple(Relation.from_dict(entry) for entry in data.get("relations", [])),
        )


def profile(
    frame: pd.DataFrame, schema: Schema, target: str = "", *, tell: Callable[[float, str], None] | None = None
) -> Profile:
    """Describe a table.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed; never changed.
    schema : Schema
    target : str
        The column to predict, where it is known: its faults and what gives it away are then looked for.
    tell : callable, optional
        Takes the share that is done and what is being done.

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
    tell = tell or (lambda done, doing: None)
    scans, rows = scan_table(frame, schema, target, tell=lambda done: tell(0.7 * done, "Looking at every column"))
    tell(0.7, "Comparing rows and columns")
    with ThreadPoolExecutor(1) as beside:
        compared = len(schema) - len(schema.of_kind("id"))
        waiting = beside.submit(lambda: (find_copies(rows, compared, target=bool(target)), find_missingness(frame, scans, rows)))
        pairs, notes = associate(frame, schema, target)
        relations: list[Relation] = []
        if target:
            tell(0.9, "Setting the columns against the target")
            varied = [scan.profile.name for scan in scans if scan.profile.distinct > 1 or scan.profile.missing]
            hidden = {c.name for c in (scan.profile for scan in scans) if c.personal or c.kind in ("id", "text")}
            relations = [_without_cells(found, hidden) for found in relate(frame, schema, target, varied)]
            if relations and len(frame) > ROWS:
                notes.append(f"What goes with the target was measured on {ROWS:,} of {len(frame):,} rows, drawn at random.")
        copies, missingness = waiting.result()
    alerts = find_alerts(Facts(frame, schema, scans, copies, pairs, target, relations))
    columns = tuple(scan.profile for scan in scans)
    return Profile(len(frame), target, columns, copies, tuple(pairs), tuple(alerts), tuple(notes), missingness, tuple(relations))


def _without_cells(relation: Relation, hidden: Collection[str]) -> Relation:
    """Return a relation without its groups where these would show cells of keys, of texts or of people."""
    return replace(relation, groups=(), rows=(), outcomes=()) if relation.name in hidden else relation

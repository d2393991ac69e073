"""How a table that is to be predicted differs from the one that was learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import pandas as pd

from automl_core.data.parsing import Parsed
from automl_core.schema import Schema

DifferenceKind = Literal["missing", "extra", "retyped", "reordered", "unreadable_cells", "unseen_categories"]
RETYPED = 0.5
"""Share of unreadable cells from which a column is of another type rather than damaged."""
NOUNS = {"number": "numbers", "date": "dates"}
"""Of the kinds that a cell can fail to be; every cell can be a word."""


@dataclass(frozen=True)
class Difference:
    """One difference.

    Parameters
    ----------
    column : str
        Empty where it is about all of them.
    kind : DifferenceKind
    sentence : str
        What differs and what follows from it.
    blocking : bool
        Whether predicting is refused.
    """

    column: str
    kind: DifferenceKind
    sentence: str
    blocking: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


@dataclass
class _Cells:
    """What was met in one column so far."""

    filled: int = 0
    faults: int = 0
    unread: dict[str, None] = field(default_factory=dict)
    strange: int = 0
    unseen: dict[str, None] = field(default_factory=dict)


class Comparison:
    """Compares a table, which may come in pieces, with the columns a model learned from.

    Parameters
    ----------
    schema : Schema
        The training columns without the target.
    used : tuple of str
        The columns that the model cannot do without.
    reference : dict
        Statistics of the training rows by column.
    target : str
    """

    def __init__(self, schema: Schema, used: tuple[str, ...], reference: dict[str, Any], target: str) -> None:
        self.schema, self.used, self.target = schema, used, target
        self.facts = reference.get("columns", {})
        self.names: list[str] = []
        self.cells: dict[str, _Cells] = {}

    def add(self, frame: pd.DataFrame, parsed: Parsed) -> None:
        """Look at some rows as they were given, and as they were read by the training schema."""
        self.names = [str(name) for name in frame.columns]
        for name in self.used:
            if name not in parsed.frame.columns:
                continue
            met = self.cells.setdefault(name, _Cells())
            values, fault = parsed.frame[name], parsed.faults.get(name)
            met.filled += int(values.count())
            if fault:
                met.filled += fault.count
                met.faults += fault.count
                met.unread |= dict.fromkeys(fault.examples[:3])
            known = self.facts.get(name, {})
            if self.schema[name].kind in ("category", "boolean") and known.get("values") and known.get("complete"):
                unseen = values[values.notna() & ~values.isin(list(known["values"]))]
                met.strange += len(unseen)
                if len(met.unseen) < 3:
                    met.unseen |= dict.fromkeys(str(cell)[:60] for cell in pd.unique(unseen)[:3])

    def differences(self) -> tuple[Difference, ...]:
        """Return how all rows that were looked at differ."""
        names, there = self.names, set(self.names)
        found: list[Difference] = []
        spare = {name.strip().casefold(): name for name in names if name not in self.schema}
        for name in self.used:
            if name not in there:
                near = spare.get(name.strip().casefold())
                hint = f" There is a column {near!r}; rename it if it is the same." if near else ""
                found.append(Difference(name, "missing", f"The column {name!r} is missing, and the model needs it.{hint}", True))
        for name in names:
            if name == self.target:
                sentence = f"{name!r} is what the model predicts; the column is not looked at."
                found.append(Difference(name, "extra", sentence, False))
            elif name not in self.schema:
                found.append(Difference(name, "extra", f"The column {name!r} is new and is not looked at.", False))
        for name in self.used:
            if name in self.cells:
                found += _told(name, self.cells[name], self.schema)
        common = [name for name in names if name in self.schema]
        if common != [name for name in self.schema.names if name in there]:
            found.append(Difference("", "reordered", "The columns stand in another order; they are found by name.", False))
        return tuple(found)


def compare(frame: pd.DataFrame, parsed: Parsed, schema: Schema, used: tuple[str, ...], reference: dict[str, Any],
            target: str) -> tuple[Difference, ...]:  # fmt: skip
    """Compare a whole table with the columns a model learned from, see `Comparison`."""
    comparison = Comparison(schema, used, reference, target)
    comparison.add(frame, parsed)
    return comparison.differences()


def _told(name: str, met: _Cells, schema: Schema) -> list[Difference]:
    column = schema[name]
    if met.faults:
        shown = ", ".join(repr(cell) for cell in list(met.unread)[:3])
        noun = NOUNS[column.kind]
        if met.faults > RETYPED * met.filled:
            sentence = (
                f"The column {name!r} holds {noun} in the table that was learned from, but {met.faults:,} of {met.filled:,} "
                f"cells are not: {shown}. Check that it is the right column."
            )
            return [Difference(name, "retyped", sentence, True)]
        if met.faults == 1:
            sentence = f"In {name!r} 1 cell is no {column.kind} ({shown}); it is read as missing."
        else:
            sentence = f"In {name!r} {met.faults:,} cells are no {noun} ({shown}); they are read as missing."
        return [Difference(name, "unreadable_cells", sentence, False)]
    if met.strange:
        shown = ", ".join(repr(cell) for cell in list(met.unseen)[:3])
        rows = "1 row has" if met.strange == 1 else f"{met.strange:,} rows have"
        sentence = f"In {name!r} {rows} a value that was never learned from: {shown}. The model treats it as unknown."
        return [Difference(name, "unseen_categories", sentence, False)]
    return []

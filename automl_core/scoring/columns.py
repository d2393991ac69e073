"""How a table that is to be predicted differs from the one that was learned from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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


def compare(frame: pd.DataFrame, parsed: Parsed, schema: Schema, used: tuple[str, ...], reference: dict[str, Any],
            target: str) -> tuple[Difference, ...]:  # fmt: skip
    """Compare a table with the columns a model learned from.

    Parameters
    ----------
    frame : DataFrame
        As it was given.
    parsed : Parsed
        The same by the training schema.
    schema : Schema
        The training columns without the target.
    used : tuple of str
        The columns that the model cannot do without.
    reference : dict
        Statistics of the training rows by column.
    target : str
    """
    names = [str(name) for name in frame.columns]
    found: list[Difference] = []
    spare = {name.strip().casefold(): name for name in names if name not in schema}
    for name in used:
        if name not in names:
            near = spare.get(name.strip().casefold())
            hint = f" There is a column {near!r}; rename it if it is the same." if near else ""
            found.append(Difference(name, "missing", f"The column {name!r} is missing, and the model needs it.{hint}", True))
    for name in names:
        if name == target:
            found.append(Difference(name, "extra", f"{name!r} is what the model predicts; the column is not looked at.", False))
        elif name not in schema:
            found.append(Difference(name, "extra", f"The column {name!r} is new and is not looked at.", False))
    for name in used:
        if name in parsed.frame.columns:
            found += _cells(name, parsed, schema, reference.get("columns", {}).get(name, {}))
    common = [name for name in names if name in schema]
    if common != [name for name in schema.names if name in names]:
        found.append(Difference("", "reordered", "The columns stand in another order; they are found by name.", False))
    return tuple(found)


def _cells(name: str, parsed: Parsed, schema: Schema, facts: dict[str, Any]) -> list[Difference]:
    fault = parsed.faults.get(name)
    column = schema[name]
    values = parsed.frame[name]
    if fault:
        filled = int(values.notna().sum()) + fault.count
        shown = ", ".join(repr(cell) for cell in fault.examples[:3])
        noun = NOUNS[column.kind]
        if fault.count > RETYPED * filled:
            sentence = (
                f"The column {name!r} holds {noun} in the table that was learned from, but {fault.count:,} of {filled:,} "
                f"cells are not: {shown}. Check that it is the right column."
            )
            return [Difference(name, "retyped", sentence, True)]
        if fault.count == 1:
            sentence = f"In {name!r} 1 cell is no {column.kind} ({shown}); it is read as missing."
        else:
            sentence = f"In {name!r} {fault.count:,} cells are no {noun} ({shown}); they are read as missing."
        return [Difference(name, "unreadable_cells", sentence, False)]
    known = facts.get("values")
    if column.kind in ("category", "boolean") and known and facts.get("complete"):
        unseen = values[values.notna() & ~values.isin(list(known))]
        if len(unseen):
            shown = ", ".join(repr(str(cell)[:60]) for cell in pd.unique(unseen)[:3])
            rows = "1 row has" if len(unseen) == 1 else f"{len(unseen):,} rows have"
            sentence = f"In {name!r} {rows} a value that was never learned from: {shown}. The model treats it as unknown."
            return [Difference(name, "unseen_categories", sentence, False)]
    return []

"""Rows of another table appended under the rules of this one: what a rule sets aside is kept beside the new table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from automl_core.cleaning.other_rules import fitting_rules
from automl_core.cleaning.rules import Checked, load_rules, write_rules
from automl_core.cleaning.stateless.columns import words_of
from automl_core.data.combine import append, appended_schema
from automl_core.data.dataset import Dataset
from automl_core.data.rereading import written_cells
from automl_core.data.tables import read_table, write_table

ASIDE = "aside.parquet"
"""The rows that were set aside, in the folder of the table that was made without them."""


def append_by_rules(folder: Path, first: Dataset, second: Dataset, name: str, checked: Checked | None) -> Dataset:
    """Make a table of the rows of `first` and those of `second` that its rules let through, with the rules that fit it.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    first, second : Dataset
    name : str
        Name for people.
    checked : Checked or None
        What the rules of `first` found in `second`; None where there are no rules.

    Raises
    ------
    InputError
        When the tables share no column.
    StorageError
        When the disk is full.
    """
    notes: list[str] = []
    kept: pd.DataFrame | None = None
    if checked is not None and (number := int(checked.aside.sum())):
        kept = _with_reasons(second, checked)
        notes.append(f"{number:,} {'row was' if number == 1 else 'rows were'} set aside by the rules of the first table.")
    rules, left = fitting_rules(load_rules(first.folder), first.schema, appended_schema(first, second))
    notes += [f"A rule was left out: {reason}" for reason in left]

    def beside(fresh: Path) -> None:
        if kept is not None:
            write_table(kept, fresh / ASIDE)
        if rules:
            write_rules(fresh, rules)

    aside = None if checked is None else checked.aside
    return append(folder, first, second, name, aside=aside, notes=tuple(notes), beside=beside)


def rows_aside(folder: Path) -> pd.DataFrame | None:
    """Return the rows that were set aside when a folder's table was made, each behind its number and the reason, or None."""
    return read_table(folder / ASIDE) if (folder / ASIDE).exists() else None


def _with_reasons(second: Dataset, checked: Checked) -> pd.DataFrame:
    """Return the rows that are set aside as they were written, behind their numbers in the table and the rules they break."""
    kept = pd.concat([piece[checked.aside[piece.index]] for piece in second.pieces()]).apply(words_of)
    # A cell that could not be read is missing in the typed table: it is kept as it stands in the file.
    if second.faults and (written := written_cells(second)) is not None:
        for name in second.faults:
            if name in written:
                kept[name] = written.loc[kept.index, name]
    told = {"row": [str(place + 1) for place in np.flatnonzero(checked.aside)], "reason": checked.reasons()}
    front = pd.DataFrame({_free(name, kept): cells for name, cells in told.items()})
    return pd.concat([front, kept.fillna("").reset_index(drop=True)], axis=1)


def _free(name: str, taken: pd.DataFrame) -> str:
    """Return a name that no column of a table has."""
    while name in taken:
        name += " (set aside)"
    return name

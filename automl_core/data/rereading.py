"""A table's file, read again with what a person chose; nothing is retyped in place."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.data.dataset import Dataset, create_dataset, load_dataset, write_description
from automl_core.data.origin import Choice
from automl_core.data.written import check_written
from automl_core.errors import InputError, StorageError
from automl_core.people.access import changing
from automl_core.schema import Kind

if TYPE_CHECKING:
    import pandas as pd

NO_LIMIT = 1 << 50
"""For a file that was accepted before."""


def change_kind(dataset: Dataset, column: str, kind: Kind) -> Dataset:
    """Read the dataset's file again with one column's kind chosen by a person; earlier choices stay.

    Raises
    ------
    InputError
        When the table was made from others and has no file to read again.
    NotFoundError
        When there is no such column.
    """
    dataset.schema[column]
    if dataset.source is None:
        raise InputError(
            f"{dataset.name!r} was made from other tables, so there is no file to read again.",
            action="Change the kind in the table it was made from, then make it again.",
        )
    kinds: dict[str, Kind] = {old.name: old.kind for old in dataset.schema if old.overruled}
    kinds[column] = kind
    return read_again(dataset, dataset.report.choice, kinds=kinds)


def change_written(dataset: Dataset, column: str, way: str) -> Dataset:
    """Read the dataset's file again with one column's dates or numbers written as a person says; earlier choices stay.

    Raises
    ------
    InputError
        When the column cannot be read that way, or the table was made from others.
    NotFoundError
        When there is no such column.
    """
    check_written(dataset.schema[column], way, typed=column in dataset.report.typed)
    choice = dataset.report.choice
    others = tuple(pair for pair in choice.written if pair[0] != column)
    return read_again(dataset, replace(choice, written=(*others, (column, way))))


def read_again(dataset: Dataset, choice: Choice, *, kinds: dict[str, Kind] | None = None) -> Dataset:
    """Read a dataset's file again by another choice; kinds that a person chose stay unless others are given.

    Raises
    ------
    InputError
        When the table was made from others and has no file to read again, or the file is no table that way.
    """
    if dataset.source is None:
        raise InputError(
            f"{dataset.name!r} was made from other tables, so there is no file to read again.",
            action="Read the table again that it was made from, then make it again.",
        )
    if kinds is None:
        kinds = {column.name: column.kind for column in dataset.schema if column.overruled}
    made = create_dataset(dataset.folder, dataset.source, dataset.name, choice=choice, kinds=kinds, limit=NO_LIMIT)
    if dataset.report.origin.form != "query":
        return made
    # Its file holds the rows of a query: that stays said.
    kept = replace(made, report=replace(made.report, origin=dataset.report.origin))
    write_description(made.folder, kept)
    return kept


def written_cells(dataset: Dataset) -> pd.DataFrame | None:
    """Return a table as it was written, row by row beside its typed one; None where there is no file to read it from."""
    from automl_core.data.sources.opening import read_any

    if dataset.source is None:
        return None
    cells = read_any(dataset.source, dataset.report.choice, limit=NO_LIMIT).frame
    return cells.reset_index(drop=True) if len(cells) == dataset.rows else None


def copy_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """Return a copy of a dataset in a new folder, with its file and its recipe, to be read another way.

    Runs keep the table that they learned from: one that a run refers to is copied before it is changed.
    """
    try:
        with changing(folder, "table", folder.name, f"Copied from {dataset.id}"):
            shutil.copytree(dataset.folder, folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StorageError(
            f"The table could not be copied: {error.strerror or error}.", action="Free some disk space, then try again."
        ) from error
    return load_dataset(folder)

"""Rows that somebody brings to a model: read like every other file, with what is to be known of the reading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from automl_core.data.origin import Choice
from automl_core.data.sources.opening import read_any
from automl_core.errors import AutoMLError

if TYPE_CHECKING:
    import pandas as pd


def read_rows(path: Path, choice: Choice | None = None, *, name: str = "") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a file of any kind as rows to be predicted, judged or compared.

    Parameters
    ----------
    path : Path
    choice : Choice, optional
        Which part of the file; found from it when left out.
    name : str
        What messages call the file, its own name when left out: an upload is kept under another one.

    Returns
    -------
    DataFrame
        Text cells, or columns that the file types.
    tuple of str
        What was left out and what was chosen.

    Raises
    ------
    InputError
        As `read_any`.
    """
    try:
        table = read_any(path, choice)
    except AutoMLError as error:
        if not name:
            raise
        said = [part.replace(path.name, name) for part in (error.received, error.needed, error.action)]
        raise type(error)(*said) from error
    notes = tuple(table.report.notes)
    if refused := len(table.report.refused):
        lines = (
            "1 line could not be read as a row and is" if refused == 1 else f"{refused:,} lines could not be read as rows and are"
        )
        notes = (f"{lines} left out.", *notes)
    return table.frame.reset_index(drop=True), notes

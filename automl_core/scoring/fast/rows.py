"""One row of a request as typed cells, with every fault that it has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.parsing import EXACT, read_dates, read_numbers
from automl_core.schema import Column, Schema

Cell = float | str | pd.Timestamp | None
TypedRow = dict[str, Cell]


@dataclass(frozen=True)
class Fault:
    """A cell that its column cannot hold, or a column that is missing or not known."""

    column: str
    sentence: str


def typed_row(row: Mapping[str, Any], schema: Schema, used: tuple[str, ...]) -> tuple[TypedRow, list[Fault]]:
    """Type the cells of one row.

    Parameters
    ----------
    row : mapping
        JSON values by column: numbers and truth values as such; text is read as in the training table; null is missing.
    schema : Schema
        Of the model's inputs.
    used : tuple of str
        Columns that the model cannot do without.

    Returns
    -------
    dict
        A float, a text, a moment or None by column.
    list of Fault
        Everything that is wrong, not only the first of it.
    """
    typed: TypedRow = {}
    faults = [Fault(name, "The model has no such column.") for name in row if name not in schema]
    for column in schema:
        if column.name not in row:
            if column.name in used:
                faults.append(Fault(column.name, "The column is missing; null says that a value is not known."))
            continue
        cell, fault = _typed(row[column.name], column)
        typed[column.name] = cell
        if fault:
            faults.append(Fault(column.name, fault))
    return typed, faults


def _typed(value: Any, column: Column) -> tuple[Cell, str]:
    if value is None:
        return None, ""
    if isinstance(value, list | tuple | dict):
        return None, f"A single value is needed, not a {'table' if isinstance(value, dict) else 'list'}."
    if isinstance(value, str):
        text = value.strip()
        if not text or text in column.parsing.null_words:
            return None, ""
        return _read(value, column)
    if column.kind == "number":
        if isinstance(value, bool):
            return float(value), ""
        try:
            number = float(value)
        except OverflowError:  # whole numbers in JSON have no limit
            return None, "The number is too large."
        return (number, "") if math.isfinite(number) else (None, f"{value!r} is no finite number.")
    if column.kind == "date":
        return None, f"{value!r} is no date; dates are written as text, like those of the training table."
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value)), ""
    return str(value), ""


def _read(text: str, column: Column) -> tuple[Cell, str]:
    """Read a text that is not blank as the column reads it."""
    if column.kind == "number":
        number = float(read_numbers(pd.Series([text], dtype=object), column).iloc[0])
        return (number, "") if math.isfinite(number) else (None, f"{text[:60]!r} is no number.")
    if column.kind == "date":
        moment = read_dates(pd.Series([text], dtype=object), column.parsing.date_format).iloc[0]
        return (None, f"{text[:60]!r} is no date.") if pd.isna(moment) else (moment, "")
    return text, ""


def frame_of(rows: list[TypedRow], schema: Schema) -> pd.DataFrame:
    """Return typed rows as the table that a model's steps work on, shape (n, n_columns); absent columns are left out."""
    columns: dict[str, pd.Series[Any]] = {}
    for column in schema:
        if not any(column.name in row for row in rows):
            continue
        cells = [row.get(column.name) for row in rows]
        if column.kind == "number":
            columns[column.name] = pd.Series([np.nan if cell is None else cell for cell in cells], dtype="float64")
        elif column.kind == "date":
            columns[column.name] = pd.Series(pd.to_datetime(pd.Series(cells, dtype=object))).astype("datetime64[ns]")
        else:
            columns[column.name] = pd.Series([np.nan if cell is None else cell for cell in cells], dtype=object)
    return pd.DataFrame(columns, index=range(len(rows)))


def rows_of(frame: pd.DataFrame) -> list[TypedRow]:
    """Return the rows of a typed frame as dictionaries; missing cells are None."""
    missing = frame.isna()
    columns = {
        name: [None if gone else cell for cell, gone in zip(frame[name].tolist(), missing[name], strict=True)]
        for name in frame.columns
    }
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]

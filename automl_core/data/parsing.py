"""From text to typed values, by a schema: the same function reads the uploaded table and every later one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.schema import Column, Parsing, Schema

EXACT = 2**53
"""Integers beyond this size are not all exact as float64."""
_PLAIN = Parsing()
OBJECT = np.dtype(object)


@dataclass(frozen=True)
class Faults:
    """Cells of one column that its kind cannot hold; they are read as missing."""

    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Parsed:
    """A typed table, and what did not fit by column."""

    frame: pd.DataFrame
    faults: dict[str, Faults] = field(default_factory=dict)


def parse_frame(frame: pd.DataFrame, schema: Schema) -> Parsed:
    """Type the columns of `frame` that `schema` names; others are left out.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Text cells, or columns that are typed already: those are converted, not read as text.
    schema : Schema

    Returns
    -------
    Parsed
        A new frame with the schema's columns that `frame` has, in the schema's order, index kept.
    """
    typed: dict[str, pd.Series[Any]] = {}
    faults: dict[str, Faults] = {}
    for column in schema:
        if column.name not in frame.columns:
            continue
        values = frame[column.name]
        if isinstance(values, pd.DataFrame):
            raise InputError(
                f"There are {values.shape[1]} columns called {column.name!r}.",
                "Every column needs a name of its own.",
                "Rename one of them.",
            )
        typed[column.name], bad = parse_column(values, column)
        if len(bad):
            examples = tuple(str(value)[:60] for value in pd.unique(bad)[:5])
            faults[column.name] = Faults(len(bad), examples)
    return Parsed(pd.DataFrame(typed, index=frame.index), faults)


def parse_column(values: pd.Series[Any], column: Column) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Type one column.

    Returns
    -------
    Series
        Values of the column's kind, missing where the cell was empty, a null word or a fault.
    Series
        The faulty cells as they were given.
    """
    values = _plain(values)
    text = values.dtype == object
    if text and column.kind == "number" and column.parsing == _PLAIN:
        return _plain_numbers(values)
    if column.kind == "number" and values.dtype.kind in "iuf":
        return _typed_numbers(values)
    blank = _blank(values, column.parsing.null_words) if text else values.isna()
    if column.kind == "number":
        typed = read_numbers(values.where(~blank), column) if text else _numbers(values)
        typed = typed.where(np.isfinite(typed))
        return pd.Series(_shrunk(typed.to_numpy()), index=values.index, name=typed.name), values[typed.isna() & ~blank]
    if column.kind == "date":
        typed = read_dates(values.where(~blank), column.parsing.date_format)
        return typed, values[typed.isna() & ~blank]
    if not text:
        typed = as_text(values)
    elif pd.api.types.infer_dtype(values, skipna=True) == "string":
        typed = values
    else:
        typed = values.map(lambda cell: cell if isinstance(cell, str) else _cell_text(cell), na_action="ignore")
        typed = typed.astype(object)
    return typed.where(~blank, np.nan) if blank.any() else typed.copy(), values[:0]


def _plain_numbers(values: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Read text as numbers without marks and units, the way of most columns; only cells that are none are looked at closely."""
    numbers = np.asarray(pd.to_numeric(values.to_numpy(), errors="coerce"), dtype=np.float64)
    finite = np.isfinite(numbers)
    bad = values.iloc[:0]
    if not finite.all():
        numbers[~finite] = np.nan
        bad = values[~finite]
        bad = bad[~_blank(bad, _PLAIN.null_words)]
    return pd.Series(_shrunk(numbers), index=values.index, name=values.name), bad


def _typed_numbers(values: pd.Series[Any]) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return typed numbers as new ones, and those that are infinite as the faults."""
    numbers = values.to_numpy(dtype=np.float64, copy=True)
    finite = np.isfinite(numbers)
    bad = values.iloc[:0]
    if not finite.all():
        bad = values[np.isinf(numbers)]
        numbers[~finite] = np.nan
    return pd.Series(_shrunk(numbers), index=values.index, name=values.name), bad


def _numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return typed values as float64; dates are no numbers."""
    return pd.Series(np.nan, index=values.index) if values.dtype.kind in "mM" else values.astype("float64")


def read_numbers(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Read text as float64 by the column's marks, units and scale; NaN where it is no number."""
    parsing = column.parsing
    numeric = pd.to_numeric(values, errors="coerce") if parsing.decimal == "." else None
    if numeric is not None and not (parsing.strip or parsing.thousands or parsing.negative_parentheses):
        return numeric.astype("float64") * parsing.scale
    text = values.astype(object).map(lambda cell: str(cell).strip(), na_action="ignore").astype("string")
    negative = None
    if parsing.negative_parentheses:
        negative = text.str.match(r"^\(.*\)$").fillna(False).astype(bool)
        text = text.str.replace(r"^\((.*)\)$", r"\1", regex=True)
    for unit in sorted(parsing.strip, key=len, reverse=True):
        text = text.str.replace(unit, "", regex=False)
    text = text.str.strip()
    if parsing.thousands:
        mark = r"[\s\u00a0\u202f]" if parsing.thousands == " " else "\\" + parsing.thousands
        text = text.str.replace(mark, "", regex=True)
    if parsing.decimal != ".":
        text = text.str.replace(".", "?", regex=False).str.replace(parsing.decimal, ".", regex=False)
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    if negative is not None:
        numbers = numbers.where(~negative, -numbers)
    return numbers * parsing.scale


def read_dates(values: pd.Series[Any], date_format: str) -> pd.Series[Any]:
    """Read text as datetime64[ns] by one format; NaT where it does not fit; zones are turned to UTC and left out.

    Raises InputError for a format that says nothing or says something twice.
    """
    if values.dtype.kind == "M":
        return values.astype("datetime64[ns]")
    if values.dtype != object:
        values = as_text(values)  # pandas would take numbers for nanoseconds since 1970
    fixed = date_format or "ISO8601"
    zoned = fixed == "ISO8601" or "%z" in fixed
    # pandas reads these words as the current moment, whatever the format; a table must read the same every day.
    moving = values.astype(str).str.strip().str.lower().isin(("now", "today"))
    values = values.where(~moving)
    try:
        dates = pd.to_datetime(values, format=fixed, errors="coerce", utc=zoned)
    except (ValueError, re.error) as error:
        raise InputError(
            f"{fixed[:100]!r} is no date format: {error}.", "It has signs such as %d.%m.%Y, each of them once.", "Correct it."
        ) from error
    return (dates.dt.tz_localize(None) if zoned else dates).astype("datetime64[ns]")


def as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return typed values as a person would write them: whole numbers without a point, missing as NaN."""
    if values.dtype.kind == "f":
        whole = values.dropna()
        if len(whole) and bool((whole == whole.round()).all()) and bool((whole.abs() < EXACT).all()):
            return values.map(lambda cell: str(int(cell)), na_action="ignore").astype(object)
    return values.map(str, na_action="ignore").astype(object).where(values.notna(), np.nan)


def date_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return dates as year-month-day, with the time where any of them has one; missing as NaN."""
    known = values.dropna()
    midnight = bool((known == known.dt.normalize()).all())
    return values.dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S").astype(object)


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    return str(cell)


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return NumPy-backed values: extension, categorical, zoned and boolean columns become plain ones."""
    dtype = values.dtype
    if dtype is OBJECT:
        return values
    if isinstance(dtype, pd.CategoricalDtype) or str(dtype) in ("string", "boolean", "bool"):
        return values.astype(object).where(values.notna(), np.nan)
    if isinstance(dtype, pd.DatetimeTZDtype):
        return values.dt.tz_convert("UTC").dt.tz_localize(None)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        if pd.api.types.is_numeric_dtype(dtype):
            return pd.Series(values.to_numpy(dtype="float64", na_value=np.nan), index=values.index, name=values.name)
        return values.astype(object)
    return values


def _blank(values: pd.Series[Any], null_words: tuple[str, ...]) -> pd.Series[Any]:
    """Return where the cell is missing, empty or one of the null words after trimming."""
    words = set(null_words) | {""}
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    null = [isinstance(cell, str) and cell.strip() in words for cell in uniques]
    blank: npt.NDArray[np.bool_] = np.array([*null, True])[codes]  # code -1 is that of a missing cell
    return pd.Series(blank, index=values.index)


def _shrunk(numbers: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """Return int64 where nothing is missing and every value is whole and exact, so that 3 is shown as 3."""
    if len(numbers) and np.isfinite(numbers).all() and (numbers == np.round(numbers)).all() and (np.abs(numbers) < EXACT).all():
        return numbers.astype(np.int64)
    return numbers

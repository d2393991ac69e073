"""Values that were typed in their file, as columns: numbers, dates and text, none of them guessed from signs."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.parsing import EXACT, as_text, date_text

_FIRST, _LAST = datetime(1678, 1, 1), datetime(2262, 1, 1)
"""What datetime64[ns] holds; dates beyond stay text."""


def column_of(values: Sequence[Any]) -> pd.Series[Any]:
    """Return values of one column as numbers, dates or text, whichever all of them are.

    Parameters
    ----------
    values : sequence
        Python values; None, ``""`` and NaN are missing. Of mixed kinds each is written as text, as is a whole number that
        floating point does not hold exactly.

    Returns
    -------
    Series
        int64, float64, datetime64[ns], or object (str, ``""`` for missing).
    """
    known = [value for value in values if not is_missing(value)]
    if known and all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known):
        if all(abs(value) < EXACT for value in known if isinstance(value, int)):
            numbers = np.array([np.nan if is_missing(value) else float(value) for value in values], dtype="float64")
            whole = len(known) == len(values) and bool(np.isfinite(numbers).all()) and bool((numbers == np.round(numbers)).all())
            return pd.Series(numbers.astype("int64") if whole and bool((np.abs(numbers) < EXACT).all()) else numbers)
    elif known and all(isinstance(value, date) for value in known):
        moments = [None if is_missing(value) else moment_of(value) for value in values]
        if all(moment is None or _FIRST < moment < _LAST for moment in moments):
            return pd.Series(pd.to_datetime(pd.Series(moments, dtype=object))).astype("datetime64[ns]")
    return pd.Series([text_of(value) for value in values], dtype=object)


def is_missing(value: object) -> bool:
    """Return whether a value stands for none."""
    return value is None or (isinstance(value, str) and not value) or (isinstance(value, float) and math.isnan(value))


def moment_of(value: date) -> datetime:
    """Return a date or a moment as a moment without zone, turned to UTC where it had one."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def text_of(value: object) -> str:
    """Return a value as a person would write it; lists and objects as JSON."""
    if is_missing(value):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if isinstance(value, datetime):
        moment = moment_of(value)
        return moment.strftime("%Y-%m-%d") if moment.time() == time() else moment.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"0x{bytes(value).hex()}"  # or digits alone would be a number
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    if isinstance(value, np.ndarray):
        return json.dumps(value.tolist(), ensure_ascii=False, default=text_of)
    return str(value)


def cells_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as text cells, ``""`` for missing: typed columns as a person would write them."""
    return frame.apply(_cells).fillna("")


def _cells(values: pd.Series[Any]) -> pd.Series[Any]:
    if values.dtype == object:
        return values
    return date_text(values) if values.dtype.kind == "M" else as_text(values)

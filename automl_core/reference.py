"""What a model remembers of its training rows: statistics for later comparison, and a few sample rows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.parsing import as_text
from automl_core.data.personal import CARD, EMAIL, has_check_digit
from automl_core.schema import Schema

QUANTILES = 101
GRID = np.linspace(0, 1, QUANTILES)
MAX_VALUES = 1000
"""Most different words of a column that are counted one by one."""
MAX_SAMPLES = 20
PERSONAL = {
    "e-mail addresses": EMAIL,
    "card numbers": CARD,
    "phone numbers": re.compile(r"(?:\+|00|\(|0)[\d ()./-]{6,}\d"),
    "account numbers": re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}.*"),
}
"""Patterns of personal data, met by the whole cell; wider than what a person is told of, since here a doubt leaves cells out."""
PERSONAL_SHARE = 0.05
LEAST_CARD = 10**12
"""A payment card's number has 13 digits or more."""


def personal_columns(frame: pd.DataFrame, schema: Schema) -> dict[str, str]:
    """Return the columns whose cells may tell who somebody is, with the reason.

    Parameters
    ----------
    frame : DataFrame
        Typed. Up to 5,000 rows are looked at.
    schema : Schema
    """
    found: dict[str, str] = {}
    part = frame.iloc[:: max(len(frame) // 5000, 1)]
    for column in schema:
        if column.name not in frame.columns or column.kind == "date":
            continue
        if column.kind in ("id", "text"):
            found[column.name] = "a key" if column.kind == "id" else "free text"
            continue
        values = part[column.name]
        if column.kind == "number" and values.dtype.kind in "iuf" and not (values.to_numpy() >= LEAST_CARD).any():
            continue
        values = values.dropna()
        cells = as_text(values) if values.dtype != object else values.map(str)
        # A measurement such as 0.1234567 looks like a telephone number; only card numbers are still known as numbers.
        patterns = {"card numbers": PERSONAL["card numbers"]} if column.kind == "number" else PERSONAL
        for what, pattern in patterns.items():
            hits = [cell for cell in cells if pattern.fullmatch(cell.strip())]
            if what == "card numbers" and sum(map(has_check_digit, hits)) < len(hits) / 2:
                continue  # other long numbers, such as moments in milliseconds
            if len(hits) > PERSONAL_SHARE * len(cells):
                found[column.name] = what
                break
    return found


def column_statistics(frame: pd.DataFrame, schema: Schema, personal: dict[str, str]) -> dict[str, Any]:
    """Summarise each column of the training rows.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Typed raw columns.
    schema : Schema
    personal : dict
        Columns of which no value is kept.

    Returns
    -------
    dict
        By column: ``kind``, ``missing`` (share), and for numbers and dates ``quantiles`` (101 from lowest to highest;
        dates in seconds since 1970), ``mean``, ``std``, ``whole``; for words ``values`` (counts), ``distinct``,
        ``complete`` (whether every value is counted).
    """
    facts: dict[str, Any] = {}
    for column in schema:
        values = frame[column.name]
        missing = float(values.isna().mean()) if has_gaps(values) else 0.0
        entry: dict[str, Any] = {"kind": column.kind, "missing": missing}
        present = values.dropna() if missing else values
        if column.kind in ("number", "date"):
            if len(present) and column.name not in personal:
                entry |= _numbers(present)
        elif column.name in personal or column.kind in ("text", "id"):
            entry |= {"distinct": int(present.nunique()), "length": float(present.map(len).mean()) if len(present) else 0.0}
        else:
            counts = present.value_counts()
            entry |= {
                "distinct": len(counts),
                "complete": len(counts) <= MAX_VALUES,
                "values": {str(name): int(count) for name, count in counts.iloc[:MAX_VALUES].items()},
            }
        facts[column.name] = entry
    return facts


def has_gaps(values: pd.Series) -> bool:
    """Return whether any cell of a typed column is missing."""
    if values.dtype.kind in "iu":
        return False
    return bool(np.isnan(values.to_numpy()).any()) if values.dtype.kind == "f" else bool(values.hasnans)


def _numbers(present: pd.Series) -> dict[str, Any]:
    if present.dtype.kind == "M":
        numbers = (present - pd.Timestamp("1970-01-01")).dt.total_seconds().to_numpy(dtype=np.float64)
    else:
        numbers = present.to_numpy(dtype=np.float64)
    return {
        "quantiles": np.quantile(numbers, GRID).tolist(),
        "mean": float(numbers.mean()),
        "std": float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0,
        "whole": bool((numbers == np.round(numbers)).all()),
    }


def prediction_statistics(values: npt.NDArray[np.float64], classes: tuple[str, ...]) -> dict[str, Any]:
    """Summarise predictions for training rows: 101 quantiles of each class's probability, or of the values."""
    grid = np.linspace(0, 1, QUANTILES)
    if not classes:
        return {"quantiles": [float(value) for value in np.quantile(values, grid)], "rows": len(values)}
    return {
        "rows": len(values),
        "classes": {
            name: {
                "mean": float(values[:, position].mean()),
                "quantiles": [float(value) for value in np.quantile(values[:, position], grid)],
            }
            for position, name in enumerate(classes)
        },
    }


def sample_rows(frame: pd.DataFrame, schema: Schema, personal: dict[str, str], *, seed: int) -> pd.DataFrame:
    """Return up to 20 training rows, columns with personal data emptied.

    Parameters
    ----------
    frame : DataFrame
        Typed raw features.
    """
    chosen = np.sort(np.random.default_rng(seed).permutation(len(frame))[:MAX_SAMPLES])
    rows = frame.iloc[chosen][schema.names].reset_index(drop=True)
    for name in schema.names:
        if name in personal:
            rows[name] = _empty(rows[name])
    return rows


def made_up_rows(facts: dict[str, Any], schema: Schema, rows: int = 5) -> pd.DataFrame:
    """Return rows that nobody entered: quantiles of the numbers and the most frequent words, mixed."""
    columns: dict[str, pd.Series] = {}
    for column in schema:
        entry = facts[column.name]
        if entry.get("quantiles"):
            numbers = [entry["quantiles"][10 + 20 * (row % 5)] for row in range(rows)]
            if column.kind == "date":
                columns[column.name] = pd.to_datetime(pd.Series(numbers), unit="s").dt.floor("s").astype("datetime64[ns]")
            else:
                columns[column.name] = pd.Series([round(v) if entry["whole"] else v for v in numbers], dtype="float64")
        elif entry.get("values"):
            words = list(entry["values"])[:rows]
            columns[column.name] = pd.Series([words[row % len(words)] for row in range(rows)], dtype=object)
        else:
            kind = {"number": "float64", "date": "datetime64[ns]"}.get(column.kind, "object")
            columns[column.name] = pd.Series([np.nan if kind != "datetime64[ns]" else pd.NaT] * rows, dtype=kind)
    return pd.DataFrame(columns, index=range(rows))


def _empty(values: pd.Series) -> pd.Series:
    if values.dtype.kind == "M":
        return pd.Series(pd.NaT, index=values.index, dtype="datetime64[ns]")
    return pd.Series(np.nan, index=values.index, dtype=object if values.dtype == object else "float64")


def cells(frame: pd.DataFrame) -> list[list[Any]]:
    """Return a typed table as rows of plain JSON types: dates as ISO text, missing as None."""
    columns = []
    for name in frame.columns:
        values = frame[name]
        plain: list[Any]
        if values.dtype.kind == "M":
            plain = [value.isoformat() for value in values]
        else:
            plain = list(map(str, values)) if values.dtype == object else values.to_numpy(dtype=np.float64).tolist()
        if has_gaps(values):
            plain = [None if gone else value for gone, value in zip(values.isna(), plain, strict=True)]
        columns.append(plain)
    return [list(row) for row in zip(*columns, strict=True)]

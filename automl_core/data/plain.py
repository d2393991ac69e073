"""A typed table as plain text cells: numbers in full, dates as year-month-day, gaps as nothing."""

from __future__ import annotations

import pandas as pd

from automl_core.data.parsing import as_text, date_text


def plain_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of a typed table as text; what is text already stays as it is."""
    columns = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype.kind == "M":
            texts = date_text(values)
        elif values.dtype.kind == "f":
            texts = values.map(lambda cell: repr(float(cell)), na_action="ignore").astype(object)
        elif values.dtype == object:
            texts = values
        else:
            texts = as_text(values)
        columns[name] = texts.where(values.notna(), "")
    return pd.DataFrame(columns, index=frame.index)

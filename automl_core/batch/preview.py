"""The first rows of a file of predictions, whichever kind it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def first_rows(path: Path, rows: int) -> pd.DataFrame:
    """Return the first rows as text cells, as they stand in the file."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        from automl_core.data.plain import plain_text

        with pq.ParquetFile(path) as file:
            batch = next(file.iter_batches(rows, use_threads=False), None)
        return plain_text(batch.to_pandas()) if batch is not None else pd.DataFrame()
    if path.suffix == ".xlsx":
        import python_calamine

        sheet = python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        lines = []
        for line in sheet.iter_rows():
            lines.append([_text(cell) for cell in line])
            if len(lines) > rows:
                break
        return pd.DataFrame(lines[1:], columns=lines[0]) if lines else pd.DataFrame()
    found: pd.DataFrame = pd.read_csv(path, nrows=rows, dtype=str, keep_default_na=False)
    return found


def _text(cell: object) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)

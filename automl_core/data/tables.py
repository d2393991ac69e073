"""Typed tables as Parquet files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from automl_core.data.scanning import PIECE, side_by_side
from automl_core.errors import FormatError
from automl_core.schema import Column, Schema

PIECE_ROWS = 250_000
"""Rows of a table that are held at once where it is gone through piece by piece."""


def read_table(path: Path, columns: list[str] | None = None, *, rows: int | None = None) -> pd.DataFrame:
    """Read a Parquet file of ours, or its first `rows`; text missing as NaN, dates as datetime64[ns]."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if rows is None:
            frame: pd.DataFrame = pq.read_table(path, columns=columns, use_threads=False).to_pandas()
        else:
            with pq.ParquetFile(path) as file:
                first = next(file.iter_batches(max(rows, 1), columns=columns, use_threads=False), None)
                empty = file.schema_arrow.empty_table()
            frame = (empty if first is None else first.slice(0, rows)).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise FormatError(
            f"The stored table in {path.parent.name} cannot be read: {str(error)[:200]}.",
            action="Upload the file again.",
        ) from error
    for name, dtype in frame.dtypes.items():
        if dtype.kind == "M" or (dtype.kind == "O" and frame[name].hasnans):
            frame[name] = _typed(frame[name], path)
    return frame


def read_pieces(path: Path, rows: int = PIECE_ROWS, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yield a Parquet file of ours in pieces, typed as `read_table` types it, with its row numbers as the index."""
    import pyarrow.parquet as pq

    start = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(rows, columns=columns, use_threads=False):
            frame: pd.DataFrame = batch.to_pandas()
            frame = pd.DataFrame({name: _typed(values, path) for name, values in frame.items()}, copy=False)
            frame.index = pd.RangeIndex(start, start + len(frame))
            start += len(frame)
            yield frame


def beyond(table: str, column: object) -> FormatError:
    """Return what is said of stored dates that datetime64[ns] does not hold."""
    return FormatError(
        f"The column {column!r} of {table!r} holds dates that are not between 1677 and 2262.",
        "Dates are counted in nanoseconds, which reach no further.",
        "Upload its file again: such dates are then counted as faults and are missing.",
    )


def _typed(values: pd.Series[Any], path: Path) -> pd.Series[Any]:
    """Return a column with missing text as NaN, and dates as datetime64[ns]."""
    if values.dtype == object:
        return values.where(values.notna(), float("nan"))
    try:
        return values.astype("datetime64[ns]") if values.dtype.kind == "M" else values
    except pd.errors.OutOfBoundsDatetime as error:
        raise beyond(path.parent.name, values.name) from error


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a typed table as Parquet, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from automl_core.workspace import atomic_file

    with atomic_file(path) as file:
        pq.write_table(pa.Table.from_pandas(frame, nthreads=1), file, compression="zstd")


def fingerprint(frame: pd.DataFrame, schema: Schema) -> str:
    """Return a SHA-256 over the values, names and kinds of a typed table."""
    return fingerprint_columns((column, frame[column.name]) for column in schema)


def fingerprint_columns(columns: Iterable[tuple[Column, pd.Series[Any]]]) -> str:
    """Return the fingerprint of a typed table that is given column by column."""
    digest = hashlib.sha256()
    for column, values in columns:
        digest.update(_named(column))
        digest.update(_hashed(values))
    return digest.hexdigest()


def fingerprint_table(path: Path, schema: Schema) -> str:
    """Return the fingerprint of a typed table in a Parquet file, of which a piece of a column is in memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        stored = file.schema_arrow
    for column in schema:
        digest.update(_named(column))
        # Whole numbers with missing ones among them are read as others, though a piece of them may have none missing.
        holed = pa.types.is_integer(stored.field(column.name).type) and any(
            bool(piece[column.name].isna().any()) for piece in read_pieces(path, columns=[column.name])
        )
        for piece in read_pieces(path, columns=[column.name]):
            values = piece[column.name].astype("float64") if holed else piece[column.name]
            digest.update(_hashed(values))
    return digest.hexdigest()


def fingerprint_stored(path: Path, schema: Schema) -> str:
    """Return a SHA-256 over a schema and the SHA-256s of the parts of the Parquet file that holds a large table.

    It differs from `fingerprint` of the same table, for which every cell would have to be read again. DuckDB writes the same
    bytes for the same rows in the same order, on any number of cores; another version may write others.
    """
    digest = hashlib.sha256()
    for column in schema:
        digest.update(_named(column))
    for part in side_by_side(path, lambda start, stop: _digest(path, start, stop)):
        digest.update(part)
    return digest.hexdigest()


def _hashed(values: pd.Series[Any]) -> bytes:
    """Return 8 bytes a cell; of numbers without the detour that takes pandas longer than a few hundred cells do."""
    if values.dtype.kind in "iuf" and isinstance(values.dtype, np.dtype):
        return pd.util.hash_array(values.to_numpy()).tobytes()
    return pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes()


def _named(column: Column) -> bytes:
    return f"{column.name}\0{column.kind}\0".encode(errors="surrogatepass")


def _digest(path: Path, start: int, stop: int) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        file.seek(start)
        while start < stop and (piece := file.read(min(PIECE, stop - start))):
            digest.update(piece)
            start += len(piece)
    return digest.digest()

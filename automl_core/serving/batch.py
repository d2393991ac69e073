"""A file of rows in, the same rows with their predictions out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from fastapi import Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from automl_core.errors import AutoMLError
from automl_core.scoring.logged import entries_of, records_of
from automl_core.serving.guard import RefusedError

if TYPE_CHECKING:
    from automl_core.serving.logs import Kept
    from automl_core.serving.parts import Parts
    from automl_core.serving.source import Served

CSV, PARQUET = "text/csv", "application/vnd.apache.parquet"
AT_ONCE = 20_000
"""Rows that are predicted at a time."""


async def predict_batch(request: Request, served: Served, facts: dict[str, Any], parts: Parts, kept: Kept) -> Response:
    """Answer with the caller's rows and their predictions, in the format they came in."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, PARQUET):
        raise RefusedError(415, f"The file must be sent as {CSV} or {PARQUET}, not as {kind or 'nothing'!r}.")
    folder = tempfile.TemporaryDirectory(prefix="tablewright-batch-")
    given, made = Path(folder.name) / "in", Path(folder.name) / "out"
    try:
        with open(given, "wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        rows = await run_in_threadpool(write_predictions, served, given, made, kind, kept)
    except AutoMLError as error:
        folder.cleanup()
        raise RefusedError(422, str(error)) from error
    except BaseException:
        folder.cleanup()
        raise
    facts["rows"] = rows
    parts.figures.rows.labels(served.version).inc(rows)
    version = {"x-model-version": served.version}
    return FileResponse(made, media_type=kind, headers=version, background=BackgroundTask(folder.cleanup))


def write_predictions(served: Served, given: Path, made: Path, kind: str, kept: Kept) -> int:
    """Predict a file in blocks of rows, which are logged as they come; return how many there were.

    Raises
    ------
    RefusedError
        When it is no file of its kind, or has no rows.
    InputError
        When columns are missing or of another type.
    """
    rows = 0
    writer: Any = None
    try:
        for frame in _csv_blocks(given) if kind == CSV else _parquet_blocks(given):
            started = time.perf_counter()
            predicted = served.model.predict(frame)
            if kept.on:
                took = time.perf_counter() - started
                kept.answered(records_of(frame), entries_of(predicted, served.model.classes), rows, took)
            clash = {name: f"{name}_in_file" for name in frame.columns.intersection(predicted.columns)}
            whole = pd.concat([frame.rename(columns=clash), predicted], axis=1)
            rows += len(whole)
            if kind == CSV:
                whole.to_csv(made, mode="a", header=rows == len(whole), index=False, lineterminator="\r\n")  # quotes both
            else:
                import pyarrow as pa
                import pyarrow.parquet as pq

                table = pa.Table.from_pandas(whole, preserve_index=False)
                writer = writer or pq.ParquetWriter(made, table.schema)
                writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()
    if not rows:
        raise RefusedError(422, "The file has no rows.")
    return rows


def _csv_blocks(path: Path) -> Iterator[pd.DataFrame]:
    try:
        with pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=AT_ONCE, encoding="utf-8-sig") as reader:
            start = 0
            for frame in reader:
                frame.index = pd.RangeIndex(start, start + len(frame))
                start += len(frame)
                yield frame
    except (ValueError, UnicodeDecodeError) as error:  # pandas' errors of parsing are ValueErrors
        raise RefusedError(422, f"The file is no CSV in UTF-8 with commas and a header: {str(error)[:200]}") from error


def _parquet_blocks(path: Path) -> Iterator[pd.DataFrame]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(AT_ONCE):
                frame = batch.to_pandas()
                yield frame.set_axis(np.arange(len(frame)), axis=0)
    except (pa.ArrowException, OSError) as error:
        raise RefusedError(422, f"The file is no Parquet file: {str(error)[:200]}") from error

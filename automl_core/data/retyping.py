"""Columns of a stored table that were left as text, typed in pieces by the same function as every smaller table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from automl_core.data.parsing import Faults, parse_column
from automl_core.schema import Column

if TYPE_CHECKING:
    import pyarrow as pa

PIECE = 250_000
"""Rows that are typed at a time."""
EXAMPLES = 5


def retype(
    raw: Path, out: Path, columns: Sequence[Column], later: set[int], tell: Callable[[float], None] | None = None
) -> dict[str, Faults]:
    """Write a Parquet file again with its columns' names and with some columns typed.

    Parameters
    ----------
    raw, out : Path
        Two Parquet files; their columns are in the same order.
    columns : sequence of Column
    later : set of int
        Positions of the columns that are text, or numbers with infinite ones among them; the others stay as they are.
    tell : callable, optional
        Takes the share that is done.

    Returns
    -------
    dict of str to Faults
        Cells of the typed columns that did not fit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts: Counter[str] = Counter()
    examples: dict[str, list[str]] = {}
    with pq.ParquetFile(raw, memory_map=True) as file:
        fields = [
            pa.field(column.name, _type(column) if place in later else file.schema_arrow.field(place).type)
            for place, column in enumerate(columns)
        ]
        done = 0
        with pq.ParquetWriter(out, pa.schema(fields), compression="zstd", compression_level=1) as writer:
            for batch in file.iter_batches(PIECE, use_threads=False):
                arrays = []
                for place, column in enumerate(columns):
                    array = batch.column(place)
                    if place in later:
                        array, bad = _piece(array, column, fields[place].type)
                        counts[column.name] += sum(bad.values())
                        known = examples.setdefault(column.name, [])
                        known += [cell for cell in bad if cell not in known][: EXAMPLES - len(known)]
                    arrays.append(array)
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields)))
                done += batch.num_rows
                if tell:
                    tell(done / max(file.metadata.num_rows, 1))
    return {name: Faults(count, tuple(examples[name])) for name, count in counts.items() if count}


def _type(column: Column) -> Any:
    import pyarrow as pa

    return {"number": pa.float64(), "date": pa.timestamp("ns")}.get(column.kind, pa.string())


def _piece(array: pa.Array[Any], column: Column, wanted: pa.DataType) -> tuple[Any, Counter[str]]:
    """Type one piece of a column cell by different cell; returns it and the cells that did not fit, with their counts."""
    import pyarrow as pa

    encoded = array.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    known = np.nan_to_num(codes, nan=-1).astype("int64")
    cells = encoded.dictionary.to_pandas()
    if not len(cells):
        return pa.nulls(len(array), wanted), Counter()
    values: pd.Series[Any] = pd.Series(cells.to_numpy())
    typed, misfits = parse_column(values, column)
    bad: Counter[str] = Counter()
    if len(misfits):
        times = np.bincount(known[known >= 0], minlength=len(values))
        bad = Counter({str(cell)[:60]: int(times[place]) for place, cell in zip(misfits.index.to_numpy(), misfits, strict=True)})
    looked = pa.array(typed, type=wanted, from_pandas=True, safe=False)
    return looked.take(pa.array(known, mask=known < 0)), bad

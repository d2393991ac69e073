"""A dataset: one folder with the file as it came, the typed table, and how the one became the other."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.data.dialect import Dialect
from automl_core.data.kinds import infer_schema
from automl_core.data.nulls import count_nulls
from automl_core.data.origin import Choice
from automl_core.data.parsing import Faults, parse_frame
from automl_core.data.reading import FAST_BYTES
from automl_core.data.report import ReadReport, TextTable
from automl_core.data.storing import keep_source, put_whole
from automl_core.data.tables import PIECE_ROWS, fingerprint, fingerprint_table, read_pieces, read_table, write_table
from automl_core.data.written import rewrite
from automl_core.errors import FormatError, NotFoundError, StorageError
from automl_core.people.limits import check_table
from automl_core.schema import Kind, Schema
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    import pyarrow as pa

    from automl_core.data.sources.opening import Opened

Tell = Callable[[float, str], None]

BATCH_ROWS = 1 << 16
"""Rows that are in memory at once where one table is made of others."""
SERVER_BYTES = 1 << 36
"""Largest file on the server that is read: it need not pass a browser, and a text file need not pass the memory."""


@dataclass(frozen=True)
class Dataset:
    """A table that was read, typed and stored.

    Parameters
    ----------
    folder : Path
        Holds ``source.*`` (the file as it came, where there was one), ``data.parquet``, ``dataset.json``, ``refused.csv``
        where rows were refused, and ``aside.parquet`` where rules set rows aside when it was made from two tables.
    name : str
    schema : Schema
    report : ReadReport
    faults : dict of str to Faults
        Cells that did not fit their column's kind.
    fingerprint : str
        SHA-256 over the typed content and the schema.
    rows : int
    created : float
        Seconds since the epoch.
    notes : tuple of str
        What was done besides reading, such as appending.
    """

    folder: Path
    name: str
    schema: Schema
    report: ReadReport
    faults: dict[str, Faults]
    fingerprint: str
    rows: int
    created: float
    notes: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def source(self) -> Path | None:
        """The file as it came; None for a table that was made from others."""
        return next(iter(sorted(self.folder.glob("source.*"))), None)

    def frame(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Read the typed table with a RangeIndex; raises FormatError when the file is missing or damaged."""
        return read_table(self.folder / "data.parquet", columns)

    def pieces(self, rows: int = PIECE_ROWS, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the typed table so many rows at a time, with their numbers as the index."""
        return read_pieces(self.folder / "data.parquet", rows, columns)

    def head(self, rows: int) -> pd.DataFrame:
        """Read the first rows only; raises FormatError when the file is missing or damaged."""
        return read_table(self.folder / "data.parquet", rows=rows)


def create_dataset(
    folder: Path,
    source: Path,
    name: str,
    *,
    dialect: Dialect | None = None,
    kinds: dict[str, Kind] | None = None,
    choice: Choice | None = None,
    limit: int | None = None,
    tell: Tell | None = None,
) -> Dataset:
    """Read a file of any kind and store it as a dataset.

    Parameters
    ----------
    folder : Path
        The dataset's folder; made here, and only when everything went well.
    source : Path
        The file as it came; a copy is kept.
    name : str
        Name for people.
    dialect : Dialect, optional
        How to read the file; found from the file when left out.
    kinds : dict of str to Kind, optional
        Kinds that a person chose.
    choice : Choice, optional
        Which part of the file and how, in place of `dialect`.
    limit : int, optional
        Largest size in bytes, `MAX_BYTES` when left out.
    tell : callable, optional
        Takes the share that is done, 0 to 1, and what is being done; of large text files only.

    Returns
    -------
    Dataset

    Raises
    ------
    InputError
        When the file is no table.
    LimitError
        When it has more rows or columns than the limits allow, or the space is full.
    StorageError
        When the disk is full.
    """
    from automl_core.data.sources.opening import opened, read_opened

    choice = choice or Choice(dialect=dialect)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with opened(source, choice, within=folder.parent, limit=limit) as ready:
        if ready.form == "text" and ready.path.stat().st_size > FAST_BYTES and not is_wide(ready.path):
            return _create_large(folder, source, ready, name, choice, kinds, tell)
        text = read_opened(ready, choice, limit=limit)
    check_table(folder, *text.frame.shape)
    return _typed_and_stored(folder, text, name, choice, kinds, source)


WIDE, WHOLE, CELLS = 4000, 1 << 30, 100_000_000
"""Columns beyond which a large text file is held in memory, since streaming needs memory for each; its most bytes and cells."""


def is_wide(path: Path) -> bool:
    """Return whether a text file has more than `WIDE` columns, and no more cells than fit into memory, by its first lines."""
    with open(path, "rb") as file:
        names, row, *_ = *re.split(rb"[\r\n]+", file.read(8 * 1024**2), maxsplit=2), b""
    size, width = path.stat().st_size, max(names.count(sign) for sign in (b",", b";", b"\t", b"|"))
    return width > WIDE and size <= WHOLE and width * size <= CELLS * max(len(row), width)


def _typed_and_stored(
    folder: Path, text: TextTable, name: str, choice: Choice, kinds: dict[str, Kind] | None, source: Path
) -> Dataset:
    typed = tuple(str(name) for name, dtype in text.frame.dtypes.items() if dtype.kind in "iufM")
    written = tuple(pair for pair in choice.written if pair[0] not in typed)
    schema = rewrite(infer_schema(text.frame, kinds=kinds, null_words=choice.null_words), written)
    parsed = parse_frame(text.frame, schema)
    report = replace(text.report, nulls=count_nulls(text.frame, schema), written=written, typed=typed)
    return _store(folder, parsed.frame, schema, report, parsed.faults, name, source=source)


def dataset_from_query(folder: Path, address: str, sql: str, name: str, *, password: str = "", trusted: bool = False) -> Dataset:
    """Store the rows of a statement as a dataset; they are kept as they came, and the password is not.

    `trusted` is as for `data.sources.database.read_query`.

    Raises
    ------
    InputError
        When the address, the statement or the database says no.
    StorageError
        When the disk is full.
    """
    from automl_core.data.sources.database import read_query

    table = read_query(address, sql, password=password, trusted=trusted)
    check_table(folder, *table.frame.shape)
    with tempfile.TemporaryDirectory(prefix="tablewright-") as helper:
        rows = Path(helper) / "rows.parquet"
        write_table(table.frame, rows)
        return _typed_and_stored(folder, table, name, Choice(), None, rows)


def _create_large(
    folder: Path, source: Path, ready: Opened, name: str, choice: Choice, kinds: dict[str, Kind] | None, tell: Tell | None
) -> Dataset:
    """Stream a large text file into a dataset."""
    from automl_core.data.streaming import stream_file

    with put_whole(folder) as fresh:
        cut, made = stream_file(ready.path, ready.folder, fresh / "data.parquet", choice, ready.name, kinds=kinds, tell=tell)
        check_table(folder, made.rows, len(made.schema))
        report = cut.told(replace(made.report, origin=ready.origin, written=choice.written))
        dataset = Dataset(folder, name, made.schema, report, made.faults, made.fingerprint, made.rows, time.time())
        keep_source(source, fresh)
        write_description(fresh, dataset)
    return dataset


def dataset_from_frame(
    folder: Path,
    frame: pd.DataFrame,
    schema: Schema,
    name: str,
    *,
    notes: tuple[str, ...] = (),
    beside: Callable[[Path], None] = lambda fresh: None,
) -> Dataset:
    """Store a typed table that was made from others; `beside` writes what belongs to it into its folder, before that is there.

    Raises
    ------
    LimitError
        When it is too large.
    StorageError
        When the disk is full.
    """
    check_table(folder, *frame.shape)
    report = ReadReport(dialect=None, rows=len(frame), columns=frame.shape[1])
    return _store(folder, frame.reset_index(drop=True), schema, report, {}, name, notes=notes, beside=beside)


def dataset_from_parquet(
    folder: Path,
    table: Path,
    schema: Schema,
    name: str,
    *,
    notes: tuple[str, ...] = (),
    beside: Callable[[Path], None] = lambda fresh: None,
) -> Dataset:
    """Store a typed table that lies in a Parquet file already; the file is moved, and a piece of a column is in memory.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    table : Path
        Written as `write_table` does.
    schema : Schema
    name : str
    notes : tuple of str
    beside : callable
        As for `dataset_from_frame`.

    Raises
    ------
    StorageError
        When the disk is full.
    """
    import pyarrow.parquet as pq

    rows = pq.ParquetFile(table).metadata.num_rows
    check_table(folder, rows, len(schema))
    report = ReadReport(dialect=None, rows=rows, columns=len(schema))
    dataset = Dataset(folder, name, schema, report, {}, fingerprint_table(table, schema), rows, time.time(), notes)
    with put_whole(folder) as fresh:
        table.replace(fresh / "data.parquet")
        write_description(fresh, dataset)
        beside(fresh)
    return dataset


def dataset_from_batches(
    folder: Path,
    batches: Iterable[pa.RecordBatch],
    stored: pa.Schema,
    schema: Schema,
    name: str,
    *,
    notes: tuple[str, ...] = (),
    beside: Callable[[Path], None] = lambda fresh: None,
) -> Dataset:
    """Store a typed table that comes a batch at a time; raises LimitError and StorageError.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    batches : iterable of RecordBatch
    stored : pyarrow Schema
        That of each batch.
    schema, name, notes, beside
        As for `dataset_from_parquet`.
    """
    import pyarrow.parquet as pq

    path = folder.with_name(f".{folder.name}.{os.getpid()}.parquet")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, stored, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)
        return dataset_from_parquet(folder, path, schema, name, notes=notes, beside=beside)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"The table could not be saved: {error.strerror or error}.", action="Free some disk space, then try again."
        ) from error
    finally:
        path.unlink(missing_ok=True)


def load_dataset(folder: Path) -> Dataset:
    """Read a dataset's description; raises NotFoundError or FormatError."""
    if not (folder / "dataset.json").exists():
        raise NotFoundError(f"There is no table {folder.name!r}.", action="Choose one from the project, or upload it again.")
    data = read_json(folder / "dataset.json")
    if data.get("format") != 1:
        raise FormatError(f"The table {folder.name} has format {data.get('format')!r}.", "This version reads format 1.")
    return Dataset(
        folder=folder,
        name=data["name"],
        schema=Schema.from_dict(data["schema"]),
        report=ReadReport.from_dict(data["report"]),
        faults={name: Faults(entry["count"], tuple(entry["examples"])) for name, entry in data["faults"].items()},
        fingerprint=data["fingerprint"],
        rows=data["rows"],
        created=data["created"],
        notes=tuple(data["notes"]),
    )


def _store(
    folder: Path,
    frame: pd.DataFrame,
    schema: Schema,
    report: ReadReport,
    faults: dict[str, Faults],
    name: str,
    *,
    source: Path | None = None,
    notes: tuple[str, ...] = (),
    beside: Callable[[Path], None] = lambda fresh: None,
) -> Dataset:
    """Write a dataset into a folder beside `folder` and put it in its place when it is whole."""
    dataset = Dataset(folder, name, schema, report, faults, fingerprint(frame, schema), len(frame), time.time(), notes)
    with put_whole(folder) as fresh:
        if source is not None:
            keep_source(source, fresh)
        write_table(frame, fresh / "data.parquet")
        write_description(fresh, dataset)
        beside(fresh)
    return dataset


def write_description(folder: Path, dataset: Dataset) -> None:
    """Write what is known of a table into its folder, and the rows that were refused."""
    if dataset.report.refused:
        rows = [(row.line, row.reason, row.text) for row in dataset.report.refused]
        pd.DataFrame(rows, columns=["line", "reason", "text"]).to_csv(folder / "refused.csv", index=False)
    write_json(folder / "dataset.json", _to_dict(dataset), compact=len(dataset.schema) > WIDE)


def _to_dict(dataset: Dataset) -> dict[str, Any]:
    return {
        "format": 1,
        "name": dataset.name,
        "schema": dataset.schema.to_dict(),
        "report": dataset.report.to_dict(),
        "faults": {name: {"count": fault.count, "examples": list(fault.examples)} for name, fault in dataset.faults.items()},
        "fingerprint": dataset.fingerprint,
        "rows": dataset.rows,
        "created": dataset.created,
        "notes": list(dataset.notes),
    }

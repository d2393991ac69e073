"""A dataset: one folder with the file as it came, the typed table, and how the one became the other."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from automl_core.data.dialect import Dialect
from automl_core.data.kinds import infer_schema
from automl_core.data.nulls import count_nulls
from automl_core.data.origin import Choice
from automl_core.data.parsing import Faults, parse_frame
from automl_core.data.reading import FAST_BYTES, ReadReport, TextTable
from automl_core.errors import FormatError, InputError, NotFoundError, StorageError
from automl_core.people.access import changing
from automl_core.schema import Kind, Schema
from automl_core.workspace import read_json, write_json

if TYPE_CHECKING:
    from automl_core.data.sources.opening import Opened

Tell = Callable[[float, str], None]

MAX_COLUMNS = 20_000
NO_LIMIT = 1 << 50
"""For a file that was accepted before."""
SERVER_BYTES = 1 << 36
"""Largest file on the server that is read: it need not pass a browser, and a text file need not pass the memory."""


@dataclass(frozen=True)
class Dataset:
    """A table that was read, typed and stored.

    Parameters
    ----------
    folder : Path
        Holds ``source.*`` (the file as it came, where there was one), ``data.parquet``, ``dataset.json`` and, where
        rows were refused, ``refused.csv``.
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

    def head(self, rows: int) -> pd.DataFrame:
        """Read the first rows only; raises FormatError when the file is missing or damaged."""
        return read_table(self.folder / "data.parquet", rows=rows)


def read_table(path: Path, columns: list[str] | None = None, *, rows: int | None = None) -> pd.DataFrame:
    """Read a Parquet file of ours, or its first `rows`; text missing as NaN, dates as datetime64[ns]."""
    import numpy as np
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
    for position, dtype in enumerate(frame.dtypes):
        name = frame.columns[position]
        if dtype.kind == "O":
            values = frame[name]
            frame[name] = values.where(values.notna(), np.nan)
        elif dtype.kind == "M":
            frame[name] = frame[name].astype("datetime64[ns]")
    return frame


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a typed table as Parquet, atomically."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from automl_core.workspace import atomic_file

    with atomic_file(path) as file:
        pq.write_table(pa.Table.from_pandas(frame, nthreads=1), file, compression="zstd")


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
    StorageError
        When the disk is full.
    """
    from automl_core.data.sources.opening import opened, read_opened

    choice = choice or Choice(dialect=dialect)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with opened(source, choice, within=folder.parent, limit=limit) as ready:
        if ready.form == "text" and ready.path.stat().st_size > FAST_BYTES and not choice.table:
            return _create_large(folder, source, ready, name, choice, kinds, tell)
        text = read_opened(ready, choice, limit=limit)
    _check_width(text.frame.shape[1])
    return _typed_and_stored(folder, text, name, choice, kinds, source)


def _typed_and_stored(
    folder: Path, text: TextTable, name: str, choice: Choice, kinds: dict[str, Kind] | None, source: Path
) -> Dataset:
    schema = infer_schema(text.frame, kinds=kinds, null_words=choice.null_words)
    parsed = parse_frame(text.frame, schema)
    report = replace(text.report, nulls=count_nulls(text.frame, schema))
    return _store(folder, parsed.frame, schema, report, parsed.faults, name, source=source)


def dataset_from_query(folder: Path, address: str, sql: str, name: str, *, password: str = "") -> Dataset:
    """Store the rows of a statement as a dataset; they are kept as they came, and the password is not.

    Raises
    ------
    InputError
        When the address, the statement or the database says no.
    StorageError
        When the disk is full.
    """
    from automl_core.data.sources.database import read_query

    table = read_query(address, sql, password=password)
    _check_width(table.frame.shape[1])
    with tempfile.TemporaryDirectory(prefix="tablewright-") as helper:
        rows = Path(helper) / "rows.parquet"
        write_table(table.frame, rows)
        return _typed_and_stored(folder, table, name, Choice(), None, rows)


def _create_large(
    folder: Path, source: Path, ready: Opened, name: str, choice: Choice, kinds: dict[str, Kind] | None, tell: Tell | None
) -> Dataset:
    """Stream a large text file into a dataset."""
    from automl_core.data.streaming import stream_table

    with _put_whole(folder) as fresh:
        made = stream_table(
            ready.path,
            fresh / "data.parquet",
            dialect=choice.dialect,
            kinds=kinds,
            null_words=choice.null_words,
            tell=tell,
        )
        _check_width(len(made.schema))
        report = replace(made.report, origin=ready.origin)
        dataset = Dataset(folder, name, made.schema, report, made.faults, made.fingerprint, made.rows, time.time())
        _keep_source(source, fresh)
        _write_description(fresh, dataset)
    return dataset


def dataset_from_frame(folder: Path, frame: pd.DataFrame, schema: Schema, name: str, *, notes: tuple[str, ...] = ()) -> Dataset:
    """Store a typed table that was made from others."""
    report = ReadReport(dialect=None, rows=len(frame), columns=frame.shape[1])
    return _store(folder, frame.reset_index(drop=True), schema, report, {}, name, notes=notes)


def change_kind(dataset: Dataset, column: str, kind: Kind) -> Dataset:
    """Read the dataset's file again with one column's kind chosen by a person; earlier choices stay.

    Raises
    ------
    InputError
        When the table was made from others and has no file to read again.
    NotFoundError
        When there is no such column.
    """
    dataset.schema[column]
    if dataset.source is None:
        raise InputError(
            f"{dataset.name!r} was made from other tables, so there is no file to read again.",
            action="Change the kind in the table it was made from, then make it again.",
        )
    kinds: dict[str, Kind] = {old.name: old.kind for old in dataset.schema if old.overruled}
    kinds[column] = kind
    return read_again(dataset, dataset.report.choice, kinds=kinds)


def read_again(dataset: Dataset, choice: Choice, *, kinds: dict[str, Kind] | None = None) -> Dataset:
    """Read a dataset's file again by another choice; kinds that a person chose stay unless others are given.

    Raises
    ------
    InputError
        When the table was made from others and has no file to read again, or the file is no table that way.
    """
    if dataset.source is None:
        raise InputError(
            f"{dataset.name!r} was made from other tables, so there is no file to read again.",
            action="Read the table again that it was made from, then make it again.",
        )
    if kinds is None:
        kinds = {column.name: column.kind for column in dataset.schema if column.overruled}
    made = create_dataset(dataset.folder, dataset.source, dataset.name, choice=choice, kinds=kinds, limit=NO_LIMIT)
    if dataset.report.origin.form != "query":
        return made
    # Its file holds the rows of a query: that stays said.
    kept = replace(made, report=replace(made.report, origin=dataset.report.origin))
    write_json(made.folder / "dataset.json", _to_dict(kept))
    return kept


def copy_dataset(dataset: Dataset, folder: Path) -> Dataset:
    """Return a copy of a dataset in a new folder, with its file and its recipe, to be read another way.

    Runs keep the table that they learned from: one that a run refers to is copied before it is changed.
    """
    try:
        with changing(folder, "table", folder.name, f"Copied from {dataset.id}"):
            shutil.copytree(dataset.folder, folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise StorageError(
            f"The table could not be copied: {error.strerror or error}.", action="Free some disk space, then try again."
        ) from error
    return load_dataset(folder)


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


def fingerprint(frame: pd.DataFrame, schema: Schema) -> str:
    """Return a SHA-256 over the values, names and kinds of a typed table."""
    digest = hashlib.sha256()
    for column in schema:
        digest.update(f"{column.name}\0{column.kind}\0".encode(errors="surrogatepass"))
        digest.update(pd.util.hash_pandas_object(frame[column.name], index=False).to_numpy().tobytes())
    return digest.hexdigest()


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
) -> Dataset:
    """Write a dataset into a folder beside `folder` and put it in its place when it is whole."""
    dataset = Dataset(folder, name, schema, report, faults, fingerprint(frame, schema), len(frame), time.time(), notes)
    with _put_whole(folder) as fresh:
        if source is not None:
            _keep_source(source, fresh)
        write_table(frame, fresh / "data.parquet")
        _write_description(fresh, dataset)
    return dataset


@contextmanager
def _put_whole(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to fill, and put it in its place when nothing went wrong; raises StorageError."""
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        with changing(folder, "table", folder.name):
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            yield fresh
            _replace(folder, fresh)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise _not_saved(error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _keep_source(source: Path, fresh: Path) -> None:
    """Copy the file as it came; a link would change with what its owner does to it later."""
    shutil.copyfile(source, fresh / f"source{source.suffix.lower()[:12] or '.csv'}")


def _check_width(columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise InputError(
            f"The table has {columns:,} columns.",
            f"Up to {MAX_COLUMNS:,} are read.",
            "Leave out columns you do not need and upload it again.",
        )


def _not_saved(error: OSError) -> StorageError:
    return StorageError(
        f"The table could not be saved: {error.strerror or error}.", action="Free some disk space, then upload it again."
    )


def _write_description(fresh: Path, dataset: Dataset) -> None:
    """Write what is known of a table, and the rows that were refused."""
    if dataset.report.refused:
        rows = [(row.line, row.reason, row.text) for row in dataset.report.refused]
        pd.DataFrame(rows, columns=["line", "reason", "text"]).to_csv(fresh / "refused.csv", index=False)
    write_json(fresh / "dataset.json", _to_dict(dataset))


def _replace(folder: Path, fresh: Path) -> None:
    """Put `fresh` in the place of `folder`; what a person made beside the table, such as the recipe, is kept."""
    if folder.exists():
        for kept in folder.iterdir():
            if not (fresh / kept.name).exists() and kept.name not in ("refused.csv", "profile.json"):
                kept.replace(fresh / kept.name)
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        fresh.rename(folder)


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


def dataset_from_parquet(folder: Path, table: Path, schema: Schema, name: str, *, notes: tuple[str, ...] = ()) -> Dataset:
    """Store a typed table that lies in a Parquet file already; the file is moved, and at most one column is in memory.

    Parameters
    ----------
    folder : Path
        The new dataset's folder.
    table : Path
        Written as `write_table` does.
    schema : Schema
    name : str
    notes : tuple of str

    Raises
    ------
    StorageError
        When the disk is full.
    """
    import pyarrow.parquet as pq

    rows = pq.ParquetFile(table).metadata.num_rows
    digest = hashlib.sha256()
    for column in schema:
        digest.update(f"{column.name}\0{column.kind}\0".encode(errors="surrogatepass"))
        values = read_table(table, [column.name])[column.name]
        digest.update(pd.util.hash_pandas_object(values, index=False).to_numpy().tobytes())
    report = ReadReport(dialect=None, rows=rows, columns=len(schema))
    dataset = Dataset(folder, name, schema, report, {}, digest.hexdigest(), rows, time.time(), notes)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        with changing(folder, "table", folder.name):
            fresh.mkdir(parents=True)
            table.replace(fresh / "data.parquet")
            write_json(fresh / "dataset.json", _to_dict(dataset))
            _replace(folder, fresh)
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(
            f"The table could not be saved: {error.strerror or error}.", action="Free some disk space, then try again."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return dataset

"""A recipe's stateless steps over a stored table of any size: in memory are one piece of it, and a number a row."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.cleaning.apply import StepOutcome, apply_stateless
from automl_core.cleaning.recipe import Recipe, Step
from automl_core.cleaning.steps import OPERATIONS, check_step, columns_of, describe, operation, value
from automl_core.data.dataset import Dataset, dataset_from_parquet
from automl_core.data.tables import PIECE_ROWS
from automl_core.errors import InputError, StorageError
from automl_core.schema import Schema

PIECE = PIECE_ROWS
MOST_CELLS = 100_000_000
"""Cells that are held at once to be looked at: 10,000,000 rows of 10 columns, a few gigabytes."""
Tell = Callable[[float, str], None]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CleanedTable:
    """A table that was cleaned and stored.

    Parameters
    ----------
    dataset : Dataset
    outcomes : tuple of (str, str)
        Each step in a line, and what it did.
    left : tuple of str
        Steps that learn from the data, which belong into a model and were not applied.
    """

    dataset: Dataset
    outcomes: tuple[tuple[str, str], ...]
    left: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        outcomes = [{"step": step, "sentence": sentence} for step, sentence in self.outcomes]
        return {"format": 1, "rows": self.dataset.rows, "outcomes": outcomes, "left": list(self.left)}


def clean_dataset(
    dataset: Dataset, recipe: Recipe, folder: Path, name: str, *, tell: Tell = lambda done, doing: None
) -> CleanedTable:
    """Apply the stateless steps of a recipe to a whole stored table and store the result as a new one.

    Duplicates are found by a 64-bit hash of each row: among 10,000,000 rows two different ones share a hash with a probability of
    three in a million.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
    folder : Path
        The new dataset's folder.
    name : str
    tell : callable
        Takes how much is done, 0 to 1, and what is being done.

    Raises
    ------
    InputError
        When a step does not fit the table, or nothing would be left.
    StorageError
        When the disk is full.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    steps = [step for step in recipe.enabled() if not operation(step).learned]
    schema = dataset.schema
    for step in steps:
        check_step(step, schema)
        schema = apply_stateless(empty_frame(schema), schema, Recipe((step,)), training=False).schema
    whole = _whole_numbers(dataset, steps)
    passes = 1 + sum(step.op == "drop_duplicates" for step in steps)
    masks: dict[str, Mask] = {}
    for turn, place in enumerate([place for place, step in enumerate(steps) if step.op == "drop_duplicates"]):

        def tell_pass(done: float, turn: int = turn) -> None:
            tell((turn + done) / passes, "Finding duplicates")

        masks[steps[place].id] = _duplicates(dataset, steps[: place + 1], masks, tell_pass)
    path = folder.with_name(f".{folder.name}.{os.getpid()}.parquet")
    path.parent.mkdir(parents=True, exist_ok=True)
    outcomes: dict[str, StepOutcome] = {}
    target = pa.schema([(column.name, _arrow(column.name, column.kind, whole)) for column in schema])
    rows = 0
    try:
        with pq.ParquetWriter(path, target, compression="zstd") as writer:
            for frame, cleaned in _cleaned(dataset, steps, masks, outcomes):
                rows += len(cleaned)
                writer.write_table(pa.Table.from_pandas(cleaned[schema.names], schema=target, preserve_index=False, nthreads=1))
                done = (int(frame.index[-1]) + 1) / max(dataset.rows, 1)
                tell(min((passes - 1 + done) / passes, 0.98), f"{rows:,} rows cleaned")
        if not rows:
            raise InputError("No row would be left.", "At least one is needed.", "Switch off the step that leaves all out.")
        tell(0.98, "Storing the table")
        notes = tuple(f"{describe(step)}: {outcomes[step.id].sentence}" for step in steps if step.id in outcomes)
        made = dataset_from_parquet(folder, path, schema, name, notes=(f"Cleaned from {dataset.name!r}.", *notes))
    except OSError as error:
        if isinstance(error, StorageError):
            raise
        raise StorageError(f"The table could not be saved: {error.strerror or error}.", action="Free some disk space.") from error
    finally:
        path.unlink(missing_ok=True)
    left = tuple(OPERATIONS[step.op].title for step in recipe.enabled() if operation(step).learned)
    return CleanedTable(made, tuple((describe(step), outcomes[step.id].sentence) for step in steps if step.id in outcomes), left)


def empty_frame(schema: Schema) -> pd.DataFrame:
    """Return a typed table without rows."""
    dtypes = {"number": "float64", "date": "datetime64[ns]"}
    return pd.DataFrame({column.name: pd.Series([], dtype=dtypes.get(column.kind, "object")) for column in schema})


def _arrow(name: str, kind: str, whole: set[str]) -> Any:
    import pyarrow as pa

    if kind == "number":
        return pa.int64() if name in whole else pa.float64()
    return pa.timestamp("ns") if kind == "date" else pa.string()


def _whole_numbers(dataset: Dataset, steps: list[Step]) -> set[str]:
    """Return the columns of whole numbers that no step writes into: they stay whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    stored = pq.read_schema(dataset.folder / "data.parquet")
    whole = {field.name for field in stored if pa.types.is_integer(field.type)}
    for step in steps:
        if step.op == "rename_columns":
            names = value(step, "names")
            whole = {str(names.get(name, name)).strip() for name in whole}
        elif step.op == "formula":
            whole.discard(value(step, "name"))
        elif not OPERATIONS[step.op].drops_rows and step.op not in ("order_columns", "drop_columns"):
            whole -= set(columns_of(step, dataset.schema)) | set(step.params.get("columns", []))
    return whole


def _cleaned(
    dataset: Dataset, steps: list[Step], masks: dict[str, Mask], outcomes: dict[str, StepOutcome]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Yield each piece and what the steps make of it; duplicates are those of the whole table."""
    places = dict.fromkeys(masks, 0)
    for frame in dataset.pieces(PIECE):
        made, schema = frame, dataset.schema
        for step in steps:
            if step.id in masks:
                start = places[step.id]
                places[step.id] += len(made)
                kept = made[masks[step.id][start : start + len(made)]]
                found = StepOutcome(step.id, len(made), len(kept), 0, step.op)
                made = kept
            else:
                cleaned = apply_stateless(made, schema, Recipe((step,)), training=True)
                made, schema, found = cleaned.frame, cleaned.schema, cleaned.outcomes[0]
            outcomes[step.id] = outcomes[step.id].plus(found) if step.id in outcomes else found
        yield frame, made


def _duplicates(dataset: Dataset, steps: list[Step], masks: dict[str, Mask], tell: Callable[[float], None]) -> Mask:
    """Return which of the rows that reach the last of these steps it keeps."""
    last, hashes = steps[-1], []
    schema = dataset.schema
    for step in steps[:-1]:
        schema = apply_stateless(empty_frame(schema), schema, Recipe((step,)), training=False).schema
    names = columns_of(last, schema)
    for frame, made in _cleaned(dataset, steps[:-1], masks, {}):
        cells = made[names]
        numbers = {name: cells[name].astype("float64") for name in names if cells[name].dtype.kind in "iu"}
        hashes.append(pd.util.hash_pandas_object(cells.assign(**numbers) if numbers else cells, index=False).to_numpy())
        tell((int(frame.index[-1]) + 1) / max(dataset.rows, 1))
    found = pd.Series(np.concatenate(hashes) if hashes else np.array([], dtype=np.uint64))
    kept: Mask = ~found.duplicated(keep=value(last, "keep")).to_numpy()
    return kept


def sample_rows(dataset: Dataset, rows: int = 100_000, seed: int = 0) -> pd.DataFrame:
    """Return rows of a stored table drawn at random, in their order, without holding the whole table in memory."""
    chosen = np.sort(np.random.default_rng(seed).choice(dataset.rows, min(rows, dataset.rows), replace=False))
    parts = []
    for frame in dataset.pieces(PIECE):
        start, end = int(frame.index[0]), int(frame.index[-1]) + 1
        here = chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, end)]
        parts.append(frame.iloc[here - start])
    return pd.concat(parts) if parts else empty_frame(dataset.schema)


def within_memory(dataset: Dataset, cells: int = MOST_CELLS) -> tuple[pd.DataFrame, str]:
    """Return a table as it can be held: all of it, or rows drawn at random, and a sentence that says so.

    Parameters
    ----------
    dataset : Dataset
    cells : int
        Most cells that are held.

    Returns
    -------
    DataFrame
        With a RangeIndex.
    str
        Empty for the whole table.
    """
    rows = max(cells // max(len(dataset.schema), 1), 1)
    if dataset.rows <= rows:
        return dataset.frame(), ""
    said = f"{rows:,} of {dataset.rows:,} rows were looked at, drawn at random; the counts here are of these."
    return sample_rows(dataset, rows).reset_index(drop=True), said

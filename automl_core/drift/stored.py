"""Two tables in Parquet files, compared a few columns at a time: however wide they are, they need not pass the memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.data.kinds import infer_schema
from automl_core.data.parsing import parse_frame
from automl_core.data.sources.columnar import ParquetColumns
from automl_core.distributions import distributions
from automl_core.drift.check import (
    DriftSettings,
    changed_relations,
    check_rows,
    column_drift,
    columns_in_common,
    lost_column,
    made_report,
)  # fmt: skip
from automl_core.drift.joint import ROWS, WIDE, compare_jointly
from automl_core.drift.report import ColumnDrift, DriftReport
from automl_core.errors import InputError
from automl_core.profiling.associations import COLUMNS, associate
from automl_core.profiling.associations import ROWS as RELATED
from automl_core.profiling.wording import listed
from automl_core.schema import Column, Schema

Ints = npt.NDArray[np.int64]
AT_ONCE = 4
"""Columns of each table that are in memory at a time."""
Tell = Callable[[float, str], None]


@dataclass
class _Drawn:
    """Rows of one table that are drawn before any column is read, and their cells, gathered as the columns come."""

    related: Ints
    joint: Ints
    columns: dict[str, pd.Series[Any]] = field(default_factory=dict)
    few: dict[str, pd.Series[Any]] = field(default_factory=dict)

    def take(self, frame: pd.DataFrame, typed: tuple[Column, ...], wide: bool) -> None:
        for column in typed:
            values = frame[column.name]
            if not wide:
                self.columns[column.name] = values.iloc[self.related].reset_index(drop=True)
            if len(self.few) < WIDE and column.kind in ("number", "category", "boolean"):
                self.few[column.name] = values.iloc[self.joint].reset_index(drop=True)


def compare_parquet(
    reference: Path,
    new: Path,
    settings: DriftSettings | None = None,
    *,
    schema: Schema | None = None,
    name: str = "",
    tell: Tell | None = None,
) -> DriftReport:
    """Compare two tables that lie in Parquet files, as `check.compare_tables` does, with a few columns in memory at a time.

    Parameters
    ----------
    reference, new : Path
    settings : DriftSettings, optional
        Without a time line.
    schema : Schema, optional
        Of the reference; found from its columns when left out.
    name : str
        Of the new table, for people.
    tell : callable, optional
        Takes the share that is done, 0 to 1, and what is being done.

    Returns
    -------
    DriftReport

    Raises
    ------
    InputError
        When a file is damaged or has doubled names, either table has too few rows, they have no column in common, or a time
        line is asked for.
    """
    settings, say = settings or DriftSettings(), tell or (lambda done, doing: None)
    if settings.chunk:
        raise InputError(
            "A time line of two Parquet files was asked for.", "It needs whole rows, and these tables are read by columns.",
            "Leave the time line out, or compare the new file with a model.",
        )  # fmt: skip
    with ParquetColumns(reference) as old, ParquetColumns(new, name) as fresh:
        check_rows(old.rows, "old")
        check_rows(fresh.rows)
        known = old.names if schema is None else [one for one in schema.names if one in old.names]
        common = columns_in_common(known, fresh.names)
        gone = [one for one in known if one not in set(common)]
        draws = [_drawn(old.rows, settings.seed, 0), _drawn(fresh.rows, settings.seed, 1)]
        columns: list[ColumnDrift] = []
        kinds: list[Column] = []
        for start in range(0, len(common), AT_ONCE):
            say(start / len(common), f"Comparing column {start + 1:,} of {len(common):,}")
            part = common[start : start + AT_ONCE]
            found, typed = _compare(old.frame(part), fresh.frame(part), schema, settings, len(common), draws)
            columns += found
            kinds += typed
        for one in gone:
            columns.append(lost_column(one, _kinds(old.frame([one]), schema)[0].kind, {}))
    extra = [one for one in fresh.names if one not in set(known)]
    notes = [f"Only in the new table: {listed(extra)}."] if extra else []
    nested = list(dict.fromkeys([*old.nested, *fresh.nested]))
    if nested:
        notes.append(f"Nested columns are not compared: {listed(nested)}.")
    relation, joint = [], None
    if settings.joint:
        say(1.0, "Looking at all columns together")
        shared = Schema(tuple(kinds))
        if draws[0].columns:
            before, after = (pd.DataFrame(one.columns) for one in draws)
            pairs, _ = associate(before, shared, seed=settings.seed)
            kept = {"associations": [pair.to_dict() for pair in pairs], "rows": old.rows}
            relation = changed_relations(kept, after, shared, settings)
        joint = compare_jointly(pd.DataFrame(draws[0].few), pd.DataFrame(draws[1].few), shared, seed=settings.seed)
    return made_report(settings, "exact", fresh.rows, old.rows, columns, [], [], relation, joint, (), notes, name or new.name)


def _compare(
    old: pd.DataFrame, new: pd.DataFrame, schema: Schema | None, settings: DriftSettings, columns: int, draws: list[_Drawn]
) -> tuple[list[ColumnDrift], tuple[Column, ...]]:
    """Compare a few columns, and keep their drawn cells."""
    typed = _kinds(old, schema)
    part = Schema(typed)
    before, after = parse_frame(old, part), parse_frame(new, part)
    if settings.joint:
        for frame, drawn in zip((before.frame, after.frame), draws, strict=True):
            drawn.take(frame, typed, columns > COLUMNS)
    kinds = {column.name: column.kind for column in typed}
    sides = zip(distributions(before.frame, kinds), distributions(after.frame, kinds), strict=True)
    found = [
        column_drift(name, kinds[name], first, second, after.faults.get(name), settings, columns, {})
        for (name, first), (_, second) in sides
    ]
    return found, typed


def _kinds(frame: pd.DataFrame, schema: Schema | None) -> tuple[Column, ...]:
    return tuple(infer_schema(frame)) if schema is None else tuple(schema[str(name)] for name in frame.columns)


def _drawn(rows: int, seed: int, side: int) -> _Drawn:
    """Draw as `associate` and `compare_jointly` do of whole tables."""
    every = np.arange(rows)
    related = every if rows <= RELATED else np.sort(np.random.default_rng(seed).choice(rows, RELATED, replace=False))
    joint = every if rows <= ROWS else np.sort(np.random.default_rng(seed + side).permutation(rows)[:ROWS])
    return _Drawn(related, joint)

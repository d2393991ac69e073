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
from automl_core.distributions import Numbers, Words, distributions
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
from automl_core.drift.timeline import FEWEST, PERIODS, Judged, cut, date_of, piece_drift, with_judged
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
        line is asked for that the new table has no dates for.
    """
    settings, say = settings or DriftSettings(), tell or (lambda done, doing: None)
    with ParquetColumns(reference) as old, ParquetColumns(new, name) as fresh:
        check_rows(old.rows, "old")
        check_rows(fresh.rows)
        known = old.names if schema is None else [one for one in schema.names if one in old.names]
        common = columns_in_common(known, fresh.names)
        gone = [one for one in known if one not in set(common)]
        draws = [_drawn(old.rows, settings.seed, 0), _drawn(fresh.rows, settings.seed, 1)]
        line, left_out = _cut(old, fresh, common, schema, settings)
        columns: list[ColumnDrift] = []
        kinds: list[Column] = []
        for start in range(0, len(common), AT_ONCE):
            say(start / len(common), f"Comparing column {start + 1:,} of {len(common):,}")
            part = common[start : start + AT_ONCE]
            found, typed = _compare(old.frame(part), fresh.frame(part), schema, settings, len(common), draws, line)
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
    report = made_report(
        settings, "exact", fresh.rows, old.rows, columns, [], [], relation, joint, (), [*notes, *left_out], name or new.name
    )
    return with_judged(report, [piece for piece, _ in line]) if line else report


def _cut(
    old: ParquetColumns, fresh: ParquetColumns, common: list[str], schema: Schema | None, settings: DriftSettings
) -> tuple[list[tuple[Judged, Ints]], list[str]]:
    """Divide the new rows into the pieces of the time line by one column of dates, or as they stand."""
    if not settings.chunk:
        return [], []
    date_of([settings.date or "a date"], settings.chunk, settings.date)  # a chunk that is none is told before anything is read
    names = [one for one in common if one == settings.date] if settings.date else common
    dates: pd.Series[Any] | None = None
    for name in names if settings.date or settings.chunk in PERIODS else []:
        kind = schema[name] if schema is not None else _kinds(old.frame([name]), None)[0]
        if kind.kind == "date":
            dates = parse_frame(fresh.frame([name]), Schema((kind,))).frame[name]
            break
    date_of([] if dates is None else [str(dates.name)], settings.chunk, settings.date)
    found, told = cut(fresh.rows, settings.chunk, dates)
    return [(Judged(label, len(places)), places) for label, places in found], told


def _compare(
    old: pd.DataFrame, new: pd.DataFrame, schema: Schema | None, settings: DriftSettings, columns: int, draws: list[_Drawn],
    line: list[tuple[Judged, Ints]],
) -> tuple[list[ColumnDrift], tuple[Column, ...]]:  # fmt: skip
    """Compare a few columns, also by the pieces of the time line, and keep their drawn cells."""
    typed = _kinds(old, schema)
    part = Schema(typed)
    before, after = parse_frame(old, part), parse_frame(new, part)
    if settings.joint:
        for frame, drawn in zip((before.frame, after.frame), draws, strict=True):
            drawn.take(frame, typed, columns > COLUMNS)
    kinds = {column.name: column.kind for column in typed}
    sides = zip(distributions(before.frame, kinds), distributions(after.frame, kinds), strict=True)
    found = []
    for (name, first), (_, second) in sides:
        found.append(column_drift(name, kinds[name], first, second, after.faults.get(name), settings, columns, {}))
        if not isinstance(first, Numbers | Words):
            continue
        rules = settings.rules(name, columns * len(line))
        for piece, places in line:
            if piece.rows >= FEWEST:
                piece.columns.append(piece_drift(name, kinds[name], first, after.frame[name].iloc[places], rules, {}))
    return found, typed


def _kinds(frame: pd.DataFrame, schema: Schema | None) -> tuple[Column, ...]:
    return tuple(infer_schema(frame)) if schema is None else tuple(schema[str(name)] for name in frame.columns)


def _drawn(rows: int, seed: int, side: int) -> _Drawn:
    """Draw as `associate` and `compare_jointly` do of whole tables."""
    every = np.arange(rows)
    related = every if rows <= RELATED else np.sort(np.random.default_rng(seed).choice(rows, RELATED, replace=False))
    joint = every if rows <= ROWS else np.sort(np.random.default_rng(seed + side).permutation(rows)[:ROWS])
    return _Drawn(related, joint)

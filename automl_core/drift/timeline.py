"""New rows in pieces, one after another: by count, or by the days, weeks or months of a date column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.distributions import Distribution, Numbers, Words, distribution_of
from automl_core.drift.columns import Rules, compare_column
from automl_core.drift.report import Chunk, ColumnDrift, DriftReport, Estimate, Picture, worst
from automl_core.drift.wording import headline
from automl_core.errors import InputError
from automl_core.profiling.wording import counted, listed

FEWEST = 20
"""Rows below which nothing can be told from chance."""
PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
MOST = 120
"""Pieces of a time line; of more, the last."""
TOLD = 3
"""Pieces that are told one by one when they are left out."""
Ints = npt.NDArray[np.int64]
Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Judged:
    """A piece of the time line whose columns were compared; one of too few rows has none.

    Parameters
    ----------
    label : str
    rows : int
    columns : list of ColumnDrift
    performance : tuple of Estimate
    """

    label: str
    rows: int
    columns: list[ColumnDrift] = field(default_factory=list)
    performance: tuple[Estimate, ...] = ()


def date_of(dates: Sequence[str], chunk: str, date: str = "") -> str:
    """Return the column that a time line goes by.

    Parameters
    ----------
    dates : sequence of str
        The columns of dates.
    chunk : str
        A number of rows, or a name of `PERIODS`.
    date : str
        The column that is wanted; for a period the first of dates when left out.

    Returns
    -------
    str
        Empty for the order of the rows.

    Raises
    ------
    InputError
        When there is no such date, or `chunk` is neither a number nor a period.
    """
    if chunk in PERIODS:
        column = date or next(iter(dates), "")
        if column not in dates:
            missing = f"There is no column of dates {date!r}." if date else "The table has no column of dates."
            raise InputError(missing, f"A time line by {PERIODS[chunk]} needs one.", "Choose a number of rows instead.")
        return column
    if not (chunk.isdigit() and int(chunk) > 0):
        raise InputError(
            f"The time line is to go by {chunk!r}.",
            f"That must be a number of rows or one of {', '.join(PERIODS)}.",
            "Choose one of them.",
        )
    return date if date in dates else ""


def cut(rows: int, chunk: str, dates: pd.Series[Any] | None = None) -> tuple[list[tuple[str, Ints]], list[str]]:
    """Divide rows by their places.

    Parameters
    ----------
    rows : int
    chunk : str
        A number of rows, or a name of `PERIODS`, which needs `dates`.
    dates : Series of datetime, shape (rows,), optional
        The order of the rows in time; that in which they stand when left out.

    Returns
    -------
    list of (str, array of int)
        Places of the rows of each piece, in order of time.
    list of str
        What was left out.
    """
    if dates is None:
        order = np.arange(rows)
    else:
        order = dates.reset_index(drop=True).sort_values(kind="stable").index.to_numpy()
    told = []
    if dates is not None and chunk in PERIODS:
        known = rows - int(dates.isna().sum())
        order = order[:known]
        if known < rows:
            told = [f"{counted(rows - known, 'row has', 'rows have')} no {str(dates.name)!r}: left out of the time line."]
        periods = pd.Series(dates.dt.to_period(chunk).array[order])
        parts = [(str(period), order[found.index]) for period, found in periods.groupby(periods)]
    else:
        size = int(chunk)
        parts = [
            (f"Rows {start + 1:,} to {min(start + size, rows):,}", order[start : start + size]) for start in range(0, rows, size)
        ]
    return _last(parts, told)


def pieces(frame: pd.DataFrame, chunk: str, date: str = "") -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    """Divide the rows of a typed table; see `date_of` and `cut`."""
    column = date_of([name for name in frame.columns if frame[name].dtype.kind == "M"], chunk, date)
    found, told = cut(len(frame), chunk, frame[column] if column else None)
    return [(label, frame.iloc[places]) for label, places in found], told


def named_pieces(frame: pd.DataFrame, names: Sequence[str]) -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    """Divide rows by the name of each row's piece, in the order in which the names come; see `pieces`."""
    given = pd.Series(list(names), index=frame.index)
    return _last([(name, rows) for name, rows in frame.groupby(given, sort=False)], [])


def _last(parts: list[tuple[str, Rows]], told: list[str]) -> tuple[list[tuple[str, Rows]], list[str]]:
    if len(parts) > MOST:
        told.append(f"The time line shows the last {MOST} of {len(parts):,} pieces.")
    return parts[-MOST:], told


def with_chunks(
    report: DriftReport, found: list[tuple[str, pd.DataFrame]], rules: Callable[[str, int], Rules],
    before: Mapping[str, Distribution], kinds: Mapping[str, Any], weights: Mapping[str, float],
    performing: Callable[[pd.DataFrame], tuple[Estimate, ...]],
) -> DriftReport:  # fmt: skip
    """Return a report with its time line; pieces of too few rows are left out, and told."""
    judged = []
    for label, rows in found:
        if len(rows) < FEWEST:
            judged.append(Judged(label, len(rows)))
            continue
        columns = [
            piece_drift(column, kinds[column], old, rows[column], rules(column, len(before) * len(found)), weights)
            for column, old in before.items()
            if column in rows.columns and isinstance(old, Numbers | Words)
        ]
        judged.append(Judged(label, len(rows), columns, performing(rows)))
    return with_judged(report, judged)


def piece_drift(
    column: str, kind: Any, before: Numbers | Words, values: pd.Series[Any], rules: Rules, weights: Mapping[str, float]
) -> ColumnDrift:
    """Compare one column of one piece with what it was before; its picture is not kept, there may be a hundred thousand."""
    importance = weights.get(column, 0.0 if weights else 1.0)
    found = compare_column(column, kind, before, distribution_of(values, kind), rules, importance=importance)
    return replace(found, picture=Picture())


def with_judged(report: DriftReport, judged: Sequence[Judged]) -> DriftReport:
    """Return a report with the time line of pieces whose columns were compared; those of too few rows are left out, and told."""
    few = [piece for piece in judged if piece.rows < FEWEST]
    notes = [
        f"{piece.label} has {counted(piece.rows, 'row', 'rows')} and is left out of the time line: too few to judge."
        for piece in few[:TOLD]
    ]
    if len(few) > TOLD:
        notes.append(f"{len(few) - TOLD:,} more pieces have fewer than {FEWEST} rows and are left out of the time line, too.")
    chunks = tuple(_told(piece, report.rule) for piece in judged if piece.rows >= FEWEST)
    return replace(report, chunks=chunks, notes=(*report.notes, *notes))


def _told(piece: Judged, rule: str) -> Chunk:
    """Return one piece of the time line, with an alert where it calls for one."""
    verdict, _ = headline(piece.columns, [], [], None, piece.performance, rule)
    shifted = [column for column in piece.columns if column.verdict != "nothing"]
    severest = worst([entry.verdict for entry in piece.performance])
    worse = [entry for entry in piece.performance if entry.verdict == severest != "nothing"]
    told = ""
    if verdict != "nothing":
        causes = [column.name for column in shifted if column.verdict == verdict]
        told = f"{piece.label}: " + (f"{listed(causes)} moved." if causes else " ".join(entry.sentence for entry in worse))
    return Chunk(
        piece.label, piece.rows, verdict, len(shifted), {column.name: round(column.shift, 5) for column in piece.columns},
        {entry.metric: entry.value for entry in piece.performance},
        {entry.metric: entry.true for entry in piece.performance if entry.true is not None}, told,
    )  # fmt: skip

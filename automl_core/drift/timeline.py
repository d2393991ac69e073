"""New rows in pieces, one after another: by count, or by the days, weeks or months of a date column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from automl_core.distributions import Distribution, Numbers, Words, distribution_of
from automl_core.drift.columns import Rules, compare_column
from automl_core.drift.report import Chunk, ColumnDrift, DriftReport, Estimate, worst
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


def pieces(frame: pd.DataFrame, chunk: str, date: str = "") -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    """Divide rows.

    Parameters
    ----------
    frame : DataFrame
        Typed.
    chunk : str
        A number of rows, or a name of `PERIODS`.
    date : str
        The column to go by; the first of dates when left out.

    Returns
    -------
    list of (str, DataFrame)
        In order of time.
    list of str
        What was left out.

    Raises
    ------
    InputError
        When there is no such date, or `chunk` is neither a number nor a period.
    """
    dates = [name for name in frame.columns if frame[name].dtype.kind == "M"]
    if chunk in PERIODS:
        column = date or next(iter(dates), "")
        if column not in dates:
            missing = f"There is no column of dates {date!r}." if date else "The table has no column of dates."
            raise InputError(missing, f"A time line by {PERIODS[chunk]} needs one.", "Choose a number of rows instead.")
        known = frame[frame[column].notna()].sort_values(column, kind="stable")
        parts = [(str(period), rows) for period, rows in known.groupby(known[column].dt.to_period(chunk))]
        lost = len(frame) - len(known)
        told = [f"{counted(lost, 'row', 'rows')} without {column!r} are left out of the time line."] if lost else []
    elif chunk.isdigit() and int(chunk) > 0:
        size = int(chunk)
        known = frame.sort_values(date, kind="stable") if date in dates else frame
        parts = [
            (f"Rows {start + 1:,} to {min(start + size, len(known)):,}", known.iloc[start : start + size])
            for start in range(0, len(known), size)
        ]
        told = []
    else:
        raise InputError(
            f"The time line is to go by {chunk!r}.",
            f"That must be a number of rows or one of {', '.join(PERIODS)}.",
            "Choose one of them.",
        )
    return _last(parts, told)


def named_pieces(frame: pd.DataFrame, names: Sequence[str]) -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    """Divide rows by the name of each row's piece, in the order in which the names come; see `pieces`."""
    given = pd.Series(list(names), index=frame.index)
    return _last([(name, rows) for name, rows in frame.groupby(given, sort=False)], [])


def _last(parts: list[tuple[str, pd.DataFrame]], told: list[str]) -> tuple[list[tuple[str, pd.DataFrame]], list[str]]:
    if len(parts) > MOST:
        told.append(f"The time line shows the last {MOST} of {len(parts):,} pieces.")
    return parts[-MOST:], told


def with_chunks(
    report: DriftReport, found: list[tuple[str, pd.DataFrame]], rules: Callable[[str, int], Rules],
    before: Mapping[str, Distribution], kinds: Mapping[str, Any], weights: Mapping[str, float],
    performing: Callable[[pd.DataFrame], tuple[Estimate, ...]],
) -> DriftReport:  # fmt: skip
    """Return a report with its time line; pieces of too few rows are left out, and told."""
    few = [(label, rows) for label, rows in found if len(rows) < FEWEST]
    notes = [
        f"{label} has {counted(len(rows), 'row', 'rows')} and is left out of the time line: too few to judge."
        for label, rows in few[:TOLD]
    ]
    if len(few) > TOLD:
        notes.append(f"{len(few) - TOLD:,} more pieces have fewer than {FEWEST} rows and are left out of the time line, too.")
    chunks = []
    for label, rows in found:
        if len(rows) < FEWEST:
            continue
        columns = [
            compare_column(
                column, kinds[column], old, distribution_of(rows[column], kinds[column]),
                rules(column, len(before) * max(len(found), 1)), importance=weights.get(column, 0.0 if weights else 1.0),
            )
            for column, old in before.items()
            if column in rows.columns and isinstance(old, Numbers | Words)
        ]  # fmt: skip
        chunks.append(told_chunk(label, rows, columns, performing(rows), report.rule))
    return replace(report, chunks=tuple(chunks), notes=(*report.notes, *notes))


def told_chunk(label: str, rows: pd.DataFrame, columns: list[ColumnDrift], performance: tuple[Estimate, ...], rule: str) -> Chunk:
    """Return one piece of the time line, with an alert where it calls for one."""
    verdict, _ = headline(columns, [], [], None, performance, rule)
    shifted = [column for column in columns if column.verdict != "nothing"]
    worse = [entry for entry in performance if entry.verdict == worst([entry.verdict for entry in performance]) != "nothing"]
    told = ""
    if verdict != "nothing":
        causes = [column.name for column in shifted if column.verdict == verdict]
        told = f"{label}: " + (f"{listed(causes)} moved." if causes else " ".join(entry.sentence for entry in worse))
    return Chunk(
        label, len(rows), verdict, len(shifted), {column.name: round(column.shift, 5) for column in columns},
        {entry.metric: entry.value for entry in performance},
        {entry.metric: entry.true for entry in performance if entry.true is not None}, told,
    )  # fmt: skip

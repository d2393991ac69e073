"""New rows in pieces, one after another: by count, or by the days, weeks or months of a date column."""

from __future__ import annotations

import pandas as pd

from automl_core.drift.report import Chunk, ColumnDrift, Estimate, worst
from automl_core.drift.wording import headline
from automl_core.errors import InputError
from automl_core.profiling.wording import counted, listed

PERIODS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
MOST = 120
"""Pieces of a time line; of more, the last."""


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
    if len(parts) > MOST:
        told.append(f"The time line shows the last {MOST} of {len(parts):,} pieces.")
    return parts[-MOST:], told


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

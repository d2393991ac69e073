"""Forward folds: what comes later is judged by what was learned earlier, with a gap between them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from automl_core.errors import InputError
from automl_core.experiment import Decision, ExperimentConfig
from automl_core.profiling.wording import counted, number, quoted
from automl_core.search.division import Division, Ints
from automl_core.search.fold_count import propose_parts

Times = npt.NDArray[Any]
DAY = 86_400 * 10**9
"""Nanoseconds."""


def ticks(keys: pd.Series, gap: float) -> tuple[Times, float | int]:
    """Return the times of a column without missing values as numbers that can be compared, and the gap in their unit.

    Dates become nanoseconds, whole so that none is rounded; numbers stay what they are.
    """
    if keys.dtype.kind == "M":
        return keys.to_numpy().astype("datetime64[ns]").astype(np.int64), round(gap * DAY)
    return keys.to_numpy(dtype=np.float64), gap


def gap_text(keys: pd.Series, gap: float) -> str:
    """Return a gap as people say it: in days for dates, in the column's own unit for numbers."""
    if keys.dtype.kind == "M":
        return f"{number(gap)} {'day' if gap == 1 else 'days'}"
    return f"{number(gap)} in {quoted(str(keys.name))}"


def divide_by_time(
    config: ExperimentConfig, keys: pd.Series, rows: Ints, labels: Ints | None, *, work: float = 1.0
) -> tuple[Division, list[str]]:
    """Hold the latest rows out; folds are blocks of time, each learned from all rows earlier than it by more than the gap.

    Rows of the same time stay on the same side.

    Parameters
    ----------
    config : ExperimentConfig
    keys : Series, shape (n,)
        The time column: dates or numbers.
    rows : ndarray, shape (n,)
    labels : ndarray of int, shape (n,), or None
        Class codes; None for regression.
    work : float
        See `fold_count.work_of`.

    Returns
    -------
    Division
    list of str
        What was done and adjusted.

    Raises
    ------
    InputError
        When too few rows or times are left, or they could not be read.
    """
    name, gap = quoted(config.split.column), config.split.gap
    known = keys.notna().to_numpy()
    if not known.any():
        raise InputError(
            f"No cell of the time column {name} could be read as a time.",
            "Rows are put in order by it.",
            "Correct on the Upload page how it is read, or split at random.",
        )
    order = np.flatnonzero(known)
    times, distance = ticks(keys.iloc[order], gap)
    sorting = np.argsort(times, kind="stable")
    order, times = order[sorting], times[sorting]
    cut = _holdout_cut(config, times)
    end = int(np.searchsorted(times, times[cut] - distance)) if gap and cut < len(times) else cut
    passed, left, times = cut - end, order[:end], times[:end]
    said = gap_text(keys, gap) if gap else ""
    asked = _parts(config, end, said, work)
    parts, notes = _fitting(config, times, asked.value)
    starts = times[_cuts(times, parts)]
    ready = np.searchsorted(starts - distance, times, side="right")
    fold = np.searchsorted(starts, times, side="right") - 1
    first = _first_fold(fold, ready, parts, None if labels is None else labels[left], least=0.5 if gap else 0.0)
    _check_enough(parts - first, said, labels is not None)
    if first:
        which = "The first part is" if first == 1 else f"The first {first} of {parts} parts are"
        why = "less the gap, the rows before are too few or of one label" if gap else "all rows before have the same label"
        notes.append(f"{which} not judged: {why}.")
        fold, ready = np.maximum(fold - first, -1), np.maximum(ready - first, 0)
    folds = parts - first
    why = f" {asked.reason}" if asked.reason and folds == asked.value else ""
    notes.insert(0, f"{folds} folds by time: each learns from all earlier rows and is judged on the next ones.{why}")
    if gap:
        notes.append(_gap_note(fold, ready, folds, passed if cut < len(order) else None, said))
    notes.append("The exported model is that of the last fold, which learned from the longest past; the newest rows judge it.")
    if (~known).any():
        notes.append(f"{(~known).sum():,} rows without a time are left out.")
    place = np.argsort(left)
    return Division(
        rows,
        np.sort(order[cut:]).astype(np.int64),
        left[place].astype(np.int64),
        fold[place].astype(np.int64),
        True,
        ready[place].astype(np.int64),
    ), notes


def _boundaries(times: Times) -> Ints:
    """Return where in sorted times another one begins."""
    return np.flatnonzero(times[1:] != times[:-1]) + 1


def _holdout_cut(config: ExperimentConfig, times: Times) -> int:
    """Return where the rows kept aside begin: near their share, and where a new time begins."""
    if not config.holdout:
        return len(times)
    places = _boundaries(times)
    if not len(places):
        raise InputError(
            f"All rows have the same time in {quoted(config.split.column)}.",
            "Later rows are judged by what earlier ones taught.",
            "Choose another column, or split at random.",
        )
    return int(places[np.abs(places - round(len(times) * (1 - config.holdout))).argmin()])


def _parts(config: ExperimentConfig, rows: int, gap: str, work: float) -> Decision[int]:
    """Return how many folds there shall be, with the reason; raises InputError when the rows are too few for them."""
    decision = propose_parts(config, rows, work=work)
    folds = decision.value
    if rows < 2 * (folds + 1):
        aside = f"neither kept aside nor in the gap of {gap} before those" if gap else "not kept aside"
        raise InputError(
            f"Only {rows} rows have a time and are {aside}.",
            f"{folds} folds by time need at least {2 * (folds + 1)}.",
            "Choose a smaller gap, fewer folds, or split at random."
            if gap
            else "Choose fewer folds, keep fewer rows aside, or split at random.",
        )
    return decision


def _fitting(config: ExperimentConfig, times: Times, asked: int) -> tuple[int, list[str]]:
    """Return as many folds as there are times for, and what was adjusted."""
    name, steps = quoted(config.split.column), len(_boundaries(times)) + 1
    where = " before the rows kept aside" if config.holdout else ""
    if steps < 3:
        raise InputError(
            f"{name} has only {counted(steps, 'time', 'different times')}{where}.",
            "Two folds by time need at least 3.",
            f"{'Keep no rows aside, choose' if where else 'Choose'} another column, or split at random.",
        )
    if steps - 1 >= asked:
        return asked, []
    return steps - 1, [f"{name} has only {steps} different times{where}, so there are {steps - 1} folds instead of {asked}."]


def _cuts(times: Times, folds: int) -> Ints:
    """Return where each fold begins: blocks of about the same size, none of which parts rows of the same time."""
    places = _boundaries(times)
    wanted = np.cumsum([len(block) for block in np.array_split(times, folds + 1)])[:-1]
    after = np.searchsorted(places, wanted).clip(0, len(places) - 1)
    before = (after - 1).clip(0)
    chosen = np.where(np.abs(places[before] - wanted) < np.abs(places[after] - wanted), before, after)
    for fold in range(1, folds):
        chosen[fold] = max(chosen[fold], chosen[fold - 1] + 1)
    for fold in range(folds):
        chosen[-1 - fold] = min(chosen[-1 - fold], len(places) - 1 - fold)
    cuts: Ints = places[chosen]
    return cuts


def _first_fold(fold: Ints, ready: Ints, folds: int, labels: Ints | None, *, least: float) -> int:
    """Return the first fold that has enough to learn from: two rows, two labels, and a share of what it judges."""
    for first in range(folds):
        learned = ready <= first
        enough = learned.sum() >= max(2, least * (fold == first).sum())
        if enough and (labels is None or len(np.unique(labels[learned])) > 1):
            return first
    return folds


def _check_enough(folds: int, gap: str, labels: bool) -> None:
    if folds < 2:
        raise InputError(
            f"A gap of {gap} leaves too little to learn from."
            if gap
            else "Rows of a second label come too late to be learned from.",
            f"At least two folds need earlier rows{' of two labels' if labels else ''}.",
            f"{'Choose a smaller gap' if gap else 'Choose another column'}, or split at random.",
        )


def _gap_note(fold: Ints, ready: Ints, folds: int, passed: int | None, gap: str) -> str:
    """Count the rows that lie in gaps; `passed` are those before the rows kept aside, None where none are."""
    counts = [int(((fold < one) & (ready > one)).sum()) for one in range(folds)]
    low, high = min(counts), max(counts)
    each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    told = f"A gap of {gap} is kept: each fold does not learn from the {each} rows just before those it judges"
    if passed is None:
        return f"{told}."
    return (
        f"{told}, and {counted(passed, 'row', 'rows')} just before the rows kept aside {'is' if passed == 1 else 'are'} left out."
    )

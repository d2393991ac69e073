"""Which rows a new version learns from, and which newest labelled ones it is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from automl_core.data.parsing import parse_frame
from automl_core.data.sources.opening import choice_of_parts
from automl_core.data.sources.rows import read_rows
from automl_core.errors import InputError, NotFoundError
from automl_core.profiling.wording import counted, listed
from automl_core.registry.paired import LEAST_ROWS
from automl_core.retraining.policy import Policy

if TYPE_CHECKING:
    from automl_core.schema import Schema

SHARE = 0.3
"""Share of the new rows that judge."""
MOST_JUDGING = 5000
TOLD = 10
"""Sentences that are told of the files of one firing."""


@dataclass(frozen=True)
class Rows:
    """The rows of one firing.

    Parameters
    ----------
    learned, judging : DataFrame
        Typed, as uploaded; none is in both.
    collected : DataFrame
        Everything so far, for the next time.
    sentence : str
    """

    learned: pd.DataFrame
    judging: pd.DataFrame
    collected: pd.DataFrame
    sentence: str


def read_new(files: Sequence[Path], schema: Schema, target: str, part: str = "") -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read arrived files of any kind as the table before was read; one that does not fit does not hold up the others.

    Parameters
    ----------
    files : sequence of Path
    schema : Schema
        Of the table that the model learned from.
    target : str
    part : str
        A sheet of workbooks, a table of databases or a file of archives; found from each file when left out.

    Returns
    -------
    DataFrame
        Typed; the rows without an outcome are left out.
    tuple of str
        What was left out, and why.

    Raises
    ------
    InputError
        When no file fits, or no row has an outcome.
    """
    frames, told, refused = [], [], []
    for path in files:
        try:
            frame, notes = _read(path, schema, part)
        except (InputError, NotFoundError) as error:
            refused.append(error)
            continue
        frames.append(frame)
        told += [f"{path.name}: {note}" for note in notes]
    if refused and not frames:
        raise refused[0]
    if not frames:
        return pd.DataFrame(columns=schema.names), ()
    told += [f"A file was left out: {error}" for error in refused]
    found = pd.concat(frames, ignore_index=True)
    labelled = found[found[target].notna()].reset_index(drop=True)
    if not len(labelled):
        raise InputError(
            f"None of the {len(found):,} new rows has a value of {target!r}.",
            "Only rows with a known outcome can be learned.",
            "Add the outcomes, or watch a folder in which they arrive.",
        )
    if without := len(found) - len(labelled):
        told.append(f"{counted(without, 'new row has', 'new rows have')} no value of {target!r}: left out.")
    more = [f"And {counted(len(told) - TOLD, 'more remark', 'more remarks')} of this kind."] if len(told) > TOLD else []
    return labelled, (*told[:TOLD], *more)


def _read(path: Path, schema: Schema, part: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read one file, and refuse one whose columns are others, or of another kind."""
    text, notes = read_rows(path, choice_of_parts(path, [part]))
    correct = "Correct the file; it is looked at again when it has changed."
    missing = [name for name in schema.names if name not in text.columns]
    if missing:
        raise InputError(
            f"{path.name} lacks the columns {listed(missing)}.",
            "New rows need the columns of the table that the model learned from.",
            correct,
        )
    parsed = parse_frame(text[schema.names], schema)
    told = [
        f"{name!r} has no value at all." for name in schema.names if parsed.frame[name].isna().all() and name not in parsed.faults
    ]
    for name, fault in parsed.faults.items():
        cells = fault.count + int(parsed.frame[name].notna().sum())
        shown = f"{fault.count:,} of {cells:,} cells of {name!r} are no {schema[name].kind}: {listed(fault.examples[:3])}."
        if 2 * fault.count > cells:
            raise InputError(f"{path.name} holds something else: {shown}", "The model learned it as one.", correct)
        told.append(f"{shown} They count as missing.")
    return parsed.frame, (*notes, *told)


def choose_rows(policy: Policy, base: pd.DataFrame, new: pd.DataFrame, held_out: pd.DataFrame | None) -> Rows:
    """Divide what there is into rows to learn and newest rows to judge.

    Of new rows the newest `SHARE` judges, at least 30 and at most half. Without new rows those judge that the champion's
    run kept aside.

    Parameters
    ----------
    policy : Policy
    base : DataFrame
        What was there before, oldest first.
    new : DataFrame
        What arrived, may be empty.
    held_out : DataFrame or None
        Rows of `base` that the champion did not learn, by their index; None where there are none.

    Raises
    ------
    InputError
        When there is nothing new to learn, or nothing to judge by.
    """
    time_column = policy.time_column if policy.time_column in base.columns else ""
    if time_column:
        base = base.sort_values(time_column, kind="stable")
        new = new.sort_values(time_column, kind="stable")
    if len(new):
        count = min(max(int(len(new) * SHARE), LEAST_ROWS), MOST_JUDGING, len(new) // 2)
        judging, fresh = new.iloc[len(new) - count :], new.iloc[: len(new) - count]
        before = base
        what = f"{len(fresh):,} new rows and {len(base):,} from before"
        judged = f"the newest {len(judging):,} rows, which arrived and were learned by neither"
    else:
        if policy.how == "refit":
            raise InputError(
                "No new rows arrived since the last version.", "The same model on the same rows is the same model.",
                "Wait for new rows, or choose a new search.",
            )  # fmt: skip
        if held_out is None or not len(held_out):
            raise InputError(
                "There are no new rows, and the champion's run kept none aside.",
                "A new version must be judged on rows it did not learn.",
                "Bring new labelled rows.",
            )  # fmt: skip
        judging, fresh, before = held_out, new, base.drop(index=held_out.index, errors="ignore")
        what = f"{len(before):,} rows from before"
        judged = f"the {len(judging):,} rows that were kept aside"
    collected = pd.concat([base, new], ignore_index=True) if len(new) else base.reset_index(drop=True)
    learned = pd.concat([before, fresh], ignore_index=True) if len(fresh) else before
    if policy.on == "since" and len(new):
        learned = fresh
    elif policy.on == "last_rows":
        learned = learned.tail(policy.rows)
    elif policy.on == "last_days":
        learned = _last_days(learned, time_column, policy)
    if len(learned) < LEAST_ROWS:
        raise InputError(
            f"{len(learned):,} rows would be learned.",
            f"At least {LEAST_ROWS} are needed.",
            "Wait for more, or choose more rows.",
        )
    sentence = f"It learns {len(learned):,} rows ({what} were there) and is judged on {judged}."
    return Rows(learned.reset_index(drop=True), judging.reset_index(drop=True), collected, sentence)


def _last_days(frame: pd.DataFrame, column: str, policy: Policy) -> pd.DataFrame:
    if not column or not pd.api.types.is_datetime64_any_dtype(frame[column]):
        raise InputError(
            f"The column {policy.time_column!r} holds no dates.", "The last days need dates.", "Choose a date column."
        )
    newest = frame[column].max()
    kept: pd.DataFrame = frame[frame[column] > newest - pd.Timedelta(days=policy.span_days)]
    return kept

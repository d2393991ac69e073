"""What a stateless step gives: the new table, its columns, and what is to be said of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from automl_core.cleaning.recipe import Step
from automl_core.schema import Column, Schema


@dataclass(frozen=True)
class Note:
    """What else happened to some cells: how many, and in words for one and for several."""

    number: int
    one: str
    several: str

    @property
    def text(self) -> str:
        """The clause."""
        return f"{self.number:,} {self.one if self.number == 1 else self.several}"


@dataclass(frozen=True)
class Change:
    """A table after a step.

    Parameters
    ----------
    frame : DataFrame
        The same rows; columns that no step touched are shared with the table before.
    schema : Schema
    touched : tuple of str
        Columns that were there before and may hold other cells now.
    notes : tuple of Note
        What else happened, a clause each: ``3 cells could not be read and are missing``.
    """

    frame: pd.DataFrame
    schema: Schema
    touched: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


Changing = Callable[[pd.DataFrame, Schema, Step], Change]


FEW = 20
"""Up to so many columns are put into a table one by one; more would leave it in splinters."""


def with_columns(frame: pd.DataFrame, new: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return a frame with columns replaced or added; where they are few, all others are shared and not copied."""
    if len(new) > FEW:
        return pd.DataFrame({**{name: frame[name] for name in frame.columns}, **new}, index=frame.index)
    made = frame.copy(deep=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        for name, values in new.items():
            made[name] = values
    return made


def in_place_of(
    frame: pd.DataFrame, schema: Schema, old: Iterable[str], columns: Iterable[Column]
) -> tuple[pd.DataFrame, Schema]:
    """Return table and schema in which new columns, in the frame already, stand where the first of the old ones stood."""
    gone, fresh = set(old), {column.name: column for column in columns}
    order: list[Column] = []
    placed = False
    for column in schema:
        if column.name in gone and not placed:
            order += fresh.values()
            placed = True
        if column.name not in gone and column.name not in fresh:
            order.append(column)
    if not placed:
        order += fresh.values()
    made = Schema(tuple(order))
    names = [name for name in made.names if name in frame.columns]
    return frame[[*names, *(name for name in frame.columns if name not in made and name not in gone)]], made

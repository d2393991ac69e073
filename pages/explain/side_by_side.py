"""One model, or two beside each other: what is drawn of each stands under its name, in a column of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.leaderboard import Candidate

T = TypeVar("T")


@dataclass(frozen=True)
class Side:
    """One of the models that are looked at; `key` is what the keys of its widgets end with."""

    candidate: Candidate
    key: str = ""

    def named(self, label: str) -> str:
        """Return a button's label, which names the second model."""
        return f"{label}: {errors.plain(self.candidate.name)}" if self.key else label


def sides(candidate: Candidate, other: Candidate | None) -> tuple[Side, ...]:
    """Return the model that is inspected and the one beside it, where there is one."""
    return (Side(candidate),) if other is None else (Side(candidate), Side(other, "_beside"))


def found_of(of: Iterable[Side], find: Callable[[Side], T | None]) -> list[tuple[Side, T]]:
    """Return what there is of each model; `find` offers what is not there yet and returns None."""
    pairs = [(side, find(side)) for side in of]
    return [(side, found) for side, found in pairs if found is not None]


def each(pairs: Iterable[tuple[Side, T]]) -> Iterator[tuple[Side, T]]:
    """Go through what there is of one model, or through that of two inside columns, each under its name."""
    drawn = list(pairs)
    if len(drawn) < 2:
        for pair in drawn:
            if pair[0].key:  # only the second model has it
                st.caption(f"**{errors.plain(pair[0].candidate.name)}**")
            yield pair
        return
    for place, pair in zip(st.columns(len(drawn)), drawn, strict=True):
        with place:
            st.caption(f"**{errors.plain(pair[0].candidate.name)}**")
            yield pair

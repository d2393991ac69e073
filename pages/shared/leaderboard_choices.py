"""The choices of a leaderboard beside the recommended model, and which one is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from automl_core.leaderboard import in_words as number
from pages.shared import errors, state

if TYPE_CHECKING:
    from automl_core.honesty import Honesty
    from automl_core.leaderboard import Leaderboard


def draw(board: Leaderboard, honesty: Honesty, key: str) -> None:
    """Name the marked rows that are not in use and let the person use one of them."""
    from automl_core.data.wording import cut
    from automl_core.honesty import MARK_HELP, MARKS

    in_use = used(board)
    others = [(name, marks) for name, marks in honesty.marks.items() if name != in_use]
    others.sort(key=lambda entry: "recommended" not in entry[1])  # the way back comes first
    if not others:
        return
    with st.container(border=True, gap="xxsmall", key=f"{key}_choices"):
        for name, marks in others:
            row = board[name]
            said = ", ".join([MARKS[marks[0]], *(MARKS[mark][0].lower() + MARKS[mark][1:] for mark in marks[1:])])
            what, action = st.columns([4, 1], gap="small", vertical_alignment="center")
            what.caption(
                f"{said}: **{errors.plain(cut(row.name, 48))}**, {number(row.score or 0.0, row.spread)}, "
                f"{_milliseconds(row.predict_ms)}",
                help=" ".join(MARK_HELP[mark] for mark in marks) + " The time is that of predicting 1,000 rows.",
            )
            if action.button(
                "Use this instead",
                key=f"{key}_use_{name}",
                type="tertiary",
                icon=":material/swap_horiz:",
                help="Inspect and Predict then open with this model.",
            ):
                state.choose(model=name)
                st.rerun()


def used(board: Leaderboard) -> str:
    """Return the id of the model that Inspect and Predict open with."""
    chosen = state.get("model")
    return chosen if any(row.id == chosen and row.state == "scored" for row in board) else board.recommended


def _milliseconds(value: float) -> str:
    """Return a time to predict: whole milliseconds from ten on."""
    return f"{value:,.0f} ms" if value >= 10 else f"{value:,.1f} ms"

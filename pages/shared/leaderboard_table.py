"""The table of a leaderboard: every model with its score, or with the reason why it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from automl_core.leaderboard import in_words as number
from pages.shared import errors

if TYPE_CHECKING:
    from automl_core.honesty import Honesty
    from automl_core.leaderboard import Candidate, Leaderboard

STATES = {
    "waiting": "Waiting",
    "running": "Running",
    "scored": "Scored",
    "failed": "Failed",
    "skipped": "Skipped",
    "stopped": "Stopped",
}
FOLDED = 5
"""Most rows without a score that stand in the table of a run that goes on; more are folded away below it."""
MONEY = "Money a row"
OWN = "Own figure"
"""The column of the formula's figure; it is drawn with the figure's own name."""
GROUP_HELP = (
    "Models of one group cannot be told apart: over the folds, their differences are within chance (a paired test that is "
    "corrected for folds which learn from the same rows, and for the number of tests). A holds the best one."
)


def draw(board: Leaderboard, honesty: Honesty, *, active: bool, out_of_fold: bool, key: str, own: str = "") -> None:
    """Draw the table; what has no score is folded away below it, except the first few of a run that goes on.

    `own` is the name of the run's own figure, empty where it has none.
    """
    ranked = board.ranked()
    scored = [row for row in ranked if row.state == "scored" and row.score is not None]
    left_over = [row for row in ranked[len(scored) :] if not active or row.state in ("failed", "skipped", "stopped")]
    fold = bool(scored) and len(left_over) > (FOLDED if active else 0)
    shown = [row for row in ranked if not fold or row not in left_over]
    title = "Score, out-of-fold" if out_of_fold else "Score"
    hidden = {"Group", "Marks"} if active else set()
    if board.metric == "cost" or not any("cost" in row.metrics for row in shown):
        hidden.add(MONEY)
    if board.metric == "kpi" or not own:
        hidden.add(OWN)
    if len(shown) == len(scored):
        hidden.add("State")
    table = [_row(place, row, honesty, title) for place, row in enumerate(shown, start=1)]
    _draw_table(table, title, hidden, own=own, key=f"{key}_table")
    _draw_reasons([row for row in shown if row.reason or row.suggestion])
    if not fold:
        st.caption(f"{len(scored)} scored of {len(board)}.")
    else:
        many = f"{len(left_over)} models" if len(left_over) > 1 else "1 model"
        with st.expander(f"{many} without a score, and why", icon=":material/rule:"):
            _draw_reasons(left_over)


def _draw_reasons(rows: list[Candidate]) -> None:
    """Say for each reason which models it is that of; a sentence wraps in any width, a cell does not."""
    told: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        told.setdefault((row.state, " ".join(part for part in (row.reason, row.suggestion) if part)), []).append(row.name)
    for (state, reason), names in told.items():
        known = f"{STATES[state]}: " if state != "scored" else ""
        st.caption(f"**{errors.plain(known + '; '.join(names))}**  \n{errors.plain(reason)}")


def _draw_table(table: list[dict[str, Any]], score: str, hidden: set[str], *, own: str, key: str) -> None:
    """Draw the table without the columns that have nothing to say."""
    out_of_fold = "" if score == "Score" else " No rows were kept aside, and the search has seen these scores."
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        alt="Leaderboard",
        placeholder="",
        column_order=[name for name in table[0] if name not in hidden] if table else [],
        column_config={
            "Model": st.column_config.TextColumn(width=195),
            "Rank": st.column_config.NumberColumn(width=45, help="1 is the best."),
            score: st.column_config.TextColumn(
                width=115,
                alignment="right",
                help="Mean over the folds ± standard deviation over the folds, each judged on rows it did not learn from. "
                "Boosters also choose there when to stop, so theirs are a little too good; the held-out score is not."
                + out_of_fold,
            ),
            MONEY: st.column_config.TextColumn(
                width=95, alignment="right", help="By the cost table, what a row's decision earns on average over the folds."
            ),
            OWN: st.column_config.TextColumn(
                own or None,
                width=110,
                alignment="right",
                help="By your formula, on average over the folds; empty where it is not defined.",
            ),
            "Group": st.column_config.TextColumn(width=55, help=GROUP_HELP),
            "Marks": st.column_config.TextColumn(width=265, help="What it is the best choice for; see above the chart."),
            "Fit, s": st.column_config.NumberColumn(width=60, format="%.2f", help="Time to learn, summed over the folds."),
            "Predict, ms": st.column_config.NumberColumn(
                width=90, format="%.1f", help="Time to predict 1,000 rows with one fold's model, preparation included."
            ),
        },
    )


def _row(place: int, row: Candidate, honesty: Honesty, score: str) -> dict[str, Any]:
    from automl_core.honesty import SHORT_MARKS

    scored = row.state == "scored" and row.score is not None
    return {
        "Rank": place if scored else None,
        "Model": row.name,
        score: number(row.score, row.spread) if scored and row.score is not None else "",
        MONEY: number(row.metrics["cost"]) if scored and "cost" in row.metrics else "",
        OWN: number(row.metrics["kpi"]) if scored and "kpi" in row.metrics else "",
        "Group": honesty.letter(row.id),
        "Marks": ", ".join([*(SHORT_MARKS[mark] for mark in honesty.marks.get(row.id, ())), *_baseline(row)]),
        "Fit, s": round(row.fit_seconds, 2) if row.fit_seconds else None,
        "Predict, ms": round(row.predict_ms, 1) if row.predict_ms else None,
        "State": STATES[row.state],
    }


def _baseline(row: Candidate) -> list[str]:
    return ["Baseline"] if row.role == "baseline" else []
